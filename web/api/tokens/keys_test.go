package tokens

import (
	"crypto/ed25519"
	"fmt"
	"net/netip"
	"slices"
	"strings"
	"testing"

	"golang.org/x/crypto/ssh"

	"jeton/auth/access"
	"jeton/auth/audit"
	"jeton/auth/sshkey"
	"jeton/auth/token"
	"jeton/web/api/apitest"
)

// publicKey is a key of its own for each number, as in a .pub file.
func publicKey(t *testing.T, n byte) string {
	t.Helper()
	private := ed25519.NewKeyFromSeed(slices.Repeat([]byte{n}, ed25519.SeedSize))
	public, err := ssh.NewPublicKey(private.Public())
	ok(t, err)
	return strings.TrimSpace(string(ssh.MarshalAuthorizedKey(public))) + fmt.Sprintf(" key%d", n)
}

// keyWorld is world, with ada's tokens for keys: account, one from a network, one bound to team/app.
func keyWorld(t *testing.T) *apitest.World {
	t.Helper()
	w := world(t)
	account := func(change func(*token.Request)) func(*token.Request) {
		return func(q *token.Request) { q.Rights = []token.Right{token.RightAccount}; change(q) }
	}
	w.API("account", "ada", account(func(*token.Request) {}))
	w.API("office", "ada", account(func(q *token.Request) { q.Networks = []netip.Prefix{netip.MustParsePrefix("192.0.2.0/24")} }))
	w.API("bound", "ada", account(func(q *token.Request) { q.Repositories = []string{repoID(w, "team/app")} }))
	w.API("reading", "ada", account(func(q *token.Request) { q.Access = token.Read }))
	w.API("admin alone", "chief", func(q *token.Request) { q.Rights = []token.Right{token.RightAdmin} })
	return w
}

func TestKeysAreAddedListedAndRemoved(t *testing.T) {
	w := keyWorld(t)
	var told []string
	w.Serve(Methods(Options{Tokens: w.Tokens, Keys: w.Keys, People: w.Users, Places: w.Repositories, Gate: w.Gate,
		KeyAdded: func(k sshkey.Entry, by audit.Actor) { told = append(told, k.Label+" by "+by.Name) }}))
	var own, bobs, deploy key
	w.Into(&own, "account", "add_ssh_key", `{"key":"`+publicKey(t, 1)+`"}`)
	w.Into(&bobs, "admin alone", "add_ssh_key", `{"key":"`+publicKey(t, 2)+`","userid":"bob","label":"laptop"}`)
	w.Into(&deploy, "bound", "add_ssh_key", `{"key":"`+publicKey(t, 3)+`","repoid":"team/app","access":"write"}`)
	if *own.User != "ada" || own.Label != "key1" || own.Access != nil || own.Repository != nil || !strings.HasPrefix(own.Fingerprint, "SHA256:") {
		t.Errorf("one's own: %+v", own)
	}
	if *bobs.User != "bob" || bobs.Label != "laptop" {
		t.Errorf("somebody else's: %+v", bobs)
	}
	if deploy.User != nil || *deploy.Repository != "team/app" || *deploy.Access != "write" {
		t.Errorf("a deploy key: %+v", deploy)
	}
	if got := fmt.Sprint(told); got != "[key1 by ada laptop by chief]" {
		t.Errorf("owners were told %s", got)
	}
	for _, row := range []struct{ as, args, want string }{
		{"ada", `{}`, "[key1]"}, {"chief", `{"userid":"bob"}`, "[laptop]"}, {"ada", `{"repoid":"team/app"}`, "[key3]"}, {"bound", `{"repoid":"team/app"}`, "[key3]"}, {"eve", `{}`, "[]"},
	} {
		var list []key
		w.Into(&list, row.as, "get_ssh_keys", row.args)
		var labels []string
		for _, k := range list {
			labels = append(labels, k.Label)
		}
		if got := fmt.Sprint(labels); got != row.want {
			t.Errorf("%s %s: got %s, want %s", row.as, row.args, got, row.want)
		}
	}
	var gone removed
	for as, k := range map[string]key{"account": own, "bound": deploy, "chief": bobs} {
		if w.Into(&gone, as, "remove_ssh_key", `{"key_id":"`+k.ID+`"}`); gone.ID != k.ID || gone.Msg != "Removed ssh key `"+k.Label+"`" {
			t.Errorf("got %+v", gone)
		}
	}
	if left := w.Keys.List(""); len(left) > 0 {
		t.Errorf("left: %+v", left)
	}
}

func TestATokenAddsNoKeyThatGivesMoreThanItDoes(t *testing.T) {
	w := keyWorld(t)
	const beyond = "a token makes none that gives more than it does itself: "
	readOnly := "Access was denied to this resource. "
	for _, row := range []struct{ name, as, rest, want string }{
		{"without the right", "ada", ``, noRight},
		{"with the right for tokens alone", "narrow", `,"repoid":"team/app"`, noRight},
		{"one that reads", "reading", ``, readOnly},
		{"from one network", "office", ``, beyond + "it is taken from its networks alone, and an SSH key from everywhere"},
		{"a deploy key from one network", "office", `,"repoid":"lib"`, beyond + "it is taken from its networks alone, and an SSH key from everywhere"},
		{"bound, to the account", "bound", ``, bound},
		{"bound, to another repository", "bound", `,"repoid":"lib"`, "repository `lib` does not exist"},
		{"to somebody else", "account", `,"userid":"bob"`, others},
		{"to nobody", "account", `,"userid":"nobody"`, others},
		{"to another's repository", "account", `,"repoid":"secret"`, "repository `secret` does not exist"},
		{"to a repository that is not there", "account", `,"repoid":"nowhere"`, "repository `nowhere` does not exist"},
		{"to both", "account", `,"repoid":"lib","userid":"ada"`, either},
		{"a person's, with an access", "account", `,"access":"read"`, "`access` belongs to deploy keys: a person's key may what the person may"},
	} {
		_, fault := w.Call(row.as, "add_ssh_key", `{"key":"`+publicKey(t, 9)+`"`+row.rest+`}`)
		if fault != row.want && !(row.want == readOnly && strings.HasPrefix(fault, readOnly)) {
			t.Errorf("%s: got %q, want %q", row.name, fault, row.want)
		}
	}
	if keys := w.Keys.List(""); len(keys) > 0 {
		t.Errorf("there are keys: %+v", keys)
	}
}

func TestWhoMayWriteToARepositoryAddsNoDeployKey(t *testing.T) {
	w := keyWorld(t)
	w.API("bobs", "bob", func(q *token.Request) { q.Rights = []token.Right{token.RightAccount} })
	ok(t, w.Repositories.Give(t.Context(), apitest.Root, repoID(w, "lib"), w.User("bob").ID, access.Write))
	w.Refuses("bobs", "add_ssh_key", `{"key":"`+publicKey(t, 1)+`","repoid":"lib"}`, "repository `lib` does not exist")
	w.Refuses("bobs", "get_ssh_keys", `{"repoid":"lib"}`, "repository `lib` does not exist")
}

func TestBadKeysAndTakenOnesAreRefusedWithWords(t *testing.T) {
	w := keyWorld(t)
	var k key
	w.Into(&k, "account", "add_ssh_key", `{"key":"`+publicKey(t, 1)+`"}`)
	w.Refuses("account", "add_ssh_key", `{"key":"`+publicKey(t, 1)+`"}`, "this key is in use already; a key belongs to one person, or to one repository as its deploy key")
	w.Refuses("account", "add_ssh_key", `{"key":"no key"}`, "this key cannot be used: it is not a line such as «ssh-ed25519 AAAA… comment»")
	w.Refuses("account", "add_ssh_key", `{}`, "Missing non optional `key` arg in JSON DATA")
	for _, as := range []string{"bob", "bound"} { // another's, and one's own by a token that reaches no account
		w.Refuses(as, "remove_ssh_key", `{"key_id":"`+k.ID+`"}`, "ssh key `"+k.ID+"` does not exist")
	}
	w.Refuses("account", "remove_ssh_key", `{"key_id":"gone"}`, "ssh key `gone` does not exist")
	w.Refuses("ada", "remove_ssh_key", `{"key_id":"`+k.ID+`"}`, noRight)
	w.Refuses("bound", "get_ssh_keys", `{}`, bound)
	w.Refuses("ada", "get_ssh_keys", `{"userid":"bob"}`, others)
	w.Refuses("chief", "get_ssh_keys", `{"userid":"nobody"}`, "user `nobody` does not exist")
}
