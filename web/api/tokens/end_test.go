package tokens

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"jeton/auth/token"
)

func TestATokenIsRotatedOnceForOneKey(t *testing.T) {
	w := world(t)
	var made issued
	w.Into(&made, "minter", "create_auth_token", `{"label":"build","kind":"vcs","repositories":["lib"]}`)
	var first, again replaced
	args := `{"auth_token":"` + made.Token + `","overlap":"2d","idempotency_key":"november"}`
	w.Into(&first, "minter", "rotate_auth_token", args)
	w.Into(&again, "minter", "rotate_auth_token", args)
	if first.Token == made.Token || first.Token != again.Token || first.ID != again.ID || first.Replaces != made.ID || first.Line != made.ID {
		t.Errorf("first %+v\nagain %+v", first, again)
	}
	if hours := time.Until(*first.Until).Hours(); hours < 47.9 || hours > 48 || fmt.Sprint(first.Repositories) != "[lib]" {
		t.Errorf("the old one works for %v hours, the new one in %v", hours, first.Repositories)
	}
	w.Refuses("minter", "rotate_auth_token", `{"auth_token_id":"`+made.ID+`","idempotency_key":"december"}`, "the token was rotated already: its successor is "+first.ID)
	w.Refuses("minter", "rotate_auth_token", `{"auth_token_id":"`+made.ID+`"}`, "the token was rotated already: its successor is "+first.ID)
	var last replaced
	w.Into(&last, "minter", "rotate_auth_token", `{"auth_token_id":"`+first.ID+`","overlap":0}`)
	if old, _ := w.Tokens.ByID(first.ID); old.State(time.Now()) != token.Rotated {
		t.Errorf("without an overlap the old one is %s", old.State(time.Now()))
	}
	for _, overlap := range []string{`"long"`, `true`, `-1`} {
		w.Refuses("minter", "rotate_auth_token", `{"auth_token_id":"`+last.ID+`","overlap":`+overlap+`}`, "Invalid `overlap` arg in JSON DATA: it is seconds, or a time such as 1h or 2d")
	}
	w.Refuses("minter", "rotate_auth_token", `{"auth_token_id":"`+last.ID+`","overlap":"31d"}`, "such a token cannot be made: an overlap is 30d at most")
}

func TestATokenRotatesItselfAndNothingBeyondIt(t *testing.T) {
	w := world(t)
	w.Token("wide", token.Request{UserID: w.User("ada").ID, Kind: token.VCS})
	w.Refuses("narrow", "rotate_auth_token", `{"auth_token_id":"`+w.IDs["wide"]+`"}`, "auth token `"+w.IDs["wide"]+"` does not exist")
	var next replaced
	w.Into(&next, "narrow", "rotate_auth_token", `{"auth_token_id":"`+w.IDs["narrow"]+`"}`)
	old, _ := w.Tokens.ByID(w.IDs["narrow"])
	if next.ExpiresOn.After(old.ExpiresAt) || fmt.Sprint(next.Repositories, next.Networks, next.Rights) != "[team/app] [192.0.2.0/24] [tokens]" {
		t.Errorf("got %+v", next)
	}
	w.API("all rights", "chief", func(q *token.Request) { q.Rights = token.AllRights() })
	w.API("some rights", "chief", func(q *token.Request) { q.Rights = []token.Right{token.RightTokens} })
	w.Refuses("some rights", "rotate_auth_token", `{"auth_token_id":"`+w.IDs["all rights"]+`"}`, "a token makes none that gives more than it does itself: it has not the right account")
}

func TestWhatIsNotTheirsDoesNotExistByIDNorByText(t *testing.T) {
	w := world(t)
	w.Token("decoy", token.Request{UserID: w.User("ada").ID, Kind: token.VCS, Decoy: true})
	for _, call := range []string{"rotate_auth_token", "revoke_auth_token", "explain_auth_token"} {
		for _, called := range []string{"bob", "chief", "decoy"} {
			secret, _ := token.Parse(w.Secrets[called])
			w.Refuses("minter", call, `{"auth_token_id":"`+w.IDs[called]+`"}`, "auth token `"+w.IDs[called]+"` does not exist")
			w.Refuses("minter", call, `{"auth_token":"`+w.Secrets[called]+`"}`, "auth token `"+secret.Hint()+"` does not exist")
		}
		w.Refuses("minter", call, `{"auth_token_id":"gone"}`, "auth token `gone` does not exist")
		w.Refuses("minter", call, `{}`, "Name one token: by `auth_token`, or by `auth_token_id`")
		w.Refuses("minter", call, `{"auth_token":"jet_vcs_short"}`, "Invalid `auth_token` arg in JSON DATA: it is no token of this server; a character is missing or wrong")
	}
	if b, _ := w.Tokens.ByID(w.IDs["bob"]); b.State(time.Now()) != token.Live {
		t.Errorf("bob's token is %s", b.State(time.Now()))
	}
}

func TestRevokingOffersWhatTheTokenHasMade(t *testing.T) {
	w := world(t)
	make := func(as, label, expires string) (made issued) {
		w.Into(&made, as, "create_auth_token", `{"label":"`+label+`","kind":"api","rights":["tokens"],"expires":"`+expires+`"}`)
		w.Secrets[label], w.IDs[label] = made.Token, made.ID
		return made
	}
	child := make("narrow", "child", "1d")
	grandchild := make("child", "grandchild", "1h")
	var got revoked
	w.Into(&got, "minter", "revoke_auth_token", `{"auth_token_id":"`+child.ID+`"}`)
	if got.Msg != "Revoked auth token `child`" || !slices.Equal(got.Revoked, []string{child.ID}) || !slices.Equal(got.Made, []string{grandchild.ID}) {
		t.Errorf("got %+v", got)
	}
	w.Into(&got, "narrow", "revoke_auth_token", `{"auth_token_id":"`+child.ID+`","with_made":true}`)
	if got.Msg != "Revoked auth token `child`" || !slices.Equal(got.Revoked, []string{grandchild.ID}) || len(got.Made) != 0 {
		t.Errorf("with what it made: got %+v", got)
	}
	w.Into(&got, "minter", "revoke_auth_token", `{"auth_token":"`+child.Token+`"}`)
	if got.Msg != "Auth token `child` was revoked before" || len(got.Revoked) != 0 {
		t.Errorf("again: got %+v", got)
	}
	if _, fault := w.Call("grandchild", "get_auth_tokens", `{}`); !strings.HasPrefix(fault, "Invalid API KEY") {
		t.Errorf("a revoked token got %q", fault)
	}
	w.Into(&got, "narrow", "revoke_auth_token", `{"auth_token_id":"`+w.IDs["narrow"]+`"}`)
	if _, fault := w.Call("narrow", "get_auth_tokens", `{}`); !strings.HasPrefix(fault, "Invalid API KEY") {
		t.Errorf("one that has ended itself got %q", fault)
	}
}
