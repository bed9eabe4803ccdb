package token

import (
	"errors"
	"fmt"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"
)

func ids(list []Token) []string {
	var all []string
	for _, t := range list {
		all = append(all, t.Label)
	}
	slices.Sort(all)
	return all
}

func TestManyTokensEndAtOnce(t *testing.T) {
	for name, c := range map[string]struct {
		which Which
		want  string
	}{
		"of a person":             {Which{UserID: "ada"}, "[app child grandchild old]"},
		"of a repository":         {Which{RepositoryID: "app"}, "[app deploy]"},
		"older than":              {Which{Before: noon}, "[old]"},
		"made by a token":         {Which{MadeBy: "maker"}, "[child grandchild]"},
		"of a person, older than": {Which{UserID: "bob", Before: noon}, "[]"},
	} {
		w := placed(t)
		w.set(noon.Add(-time.Hour))
		w.mint(t, Request{Label: "old"})
		w.set(noon)
		w.mint(t, Request{Label: "app", Repositories: []string{"app", "lib"}})
		w.mint(t, Request{Label: "bob", UserID: "bob"})
		_, _, err := w.store.Mint(t.Context(), admin, Request{Kind: VCS, Label: "deploy", Deploy: Deploy{RepositoryID: "app"}})
		ok(t, err)
		w.mint(t, Request{Label: "decoy", Decoy: true})
		maker, _ := w.mint(t, minter(Request{}))
		child, _ := w.mint(t, Request{Label: "child", Kind: API, Access: Write, Rights: []Right{RightTokens}, By: &maker})
		w.mint(t, Request{Label: "grandchild", By: &child})
		if c.which.MadeBy != "" {
			c.which.MadeBy = maker.ID
		}
		got, err := w.store.RevokeAll(t.Context(), admin, c.which)
		if err != nil || fmt.Sprint(ids(got)) != c.want {
			t.Errorf("%s: got %v, %v, want %s", name, ids(got), err, c.want)
		}
		for _, tok := range got {
			if tok.State(noon) != Revoked || tok.RevokedBy != "root" {
				t.Errorf("%s: %s is %s by %q", name, tok.Label, tok.State(noon), tok.RevokedBy)
			}
		}
	}
}

func TestNothingSaidRevokesNothing(t *testing.T) {
	w := newWorld(t)
	w.mint(t, Request{})
	if got, err := w.store.RevokeAll(t.Context(), admin, Which{}); !errors.Is(err, ErrWhich) || len(got) != 0 {
		t.Errorf("got %v, %v", got, err)
	}
}

func TestRevokingTakesWhatATokenMadeAndItsSuccessors(t *testing.T) {
	w := placed(t)
	maker, _ := w.mint(t, minter(Request{}))
	child, _ := w.mint(t, Request{Label: "child", By: &maker})
	_, _, err := w.store.Rotate(t.Context(), admin, child.ID, Rotation{})
	ok(t, err)
	w.mint(t, Request{Label: "other"})
	if made := w.store.Made(maker.ID); len(made) != 2 {
		t.Errorf("made %v", ids(made))
	}
	got, err := w.store.RevokeWithMade(t.Context(), admin, maker.ID)
	if err != nil || fmt.Sprint(ids(got)) != "[child child minter]" {
		t.Errorf("got %v, %v", ids(got), err)
	}
	entries, err := w.db.Audit().Since(t.Context(), "", 100)
	ok(t, err)
	n := 0
	for _, e := range entries {
		if e.Action == "token.revoke" {
			n++
		}
	}
	if n != 3 {
		t.Errorf("got %d entries of the record, want one for each", n)
	}
}

func TestFindersRevokeEndsWhatTheTextHolds(t *testing.T) {
	w := newWorld(t)
	var told []Event
	w.store.tell = func(e Event) { told = append(told, e) }
	one, oneSecret := w.mint(t, Request{})
	two, twoSecret := w.mint(t, Request{Kind: Web})
	_, bait := w.mint(t, Request{Decoy: true})
	far, farSecret := w.mint(t, Request{})
	text := "curl 'https://x/?auth_token%3D" + twoSecret.Reveal() + "' " + vectorVCS + " jet_vcs_short jet_ " + bait.Reveal() +
		"\n" + oneSecret.Reveal() + oneSecret.Reveal() + strings.Repeat(" ", MaxText) + farSecret.Reveal()
	got, err := w.store.RevokeIn(t.Context(), admin, text)
	if err != nil || len(got) != 2 || len(told) != 2 || told[0].Why != Found || told[0].Token.State(noon) != Revoked {
		t.Fatalf("got %+v, told %+v, %v", got, told, err)
	}
	for id, want := range map[string]State{one.ID: Revoked, two.ID: Revoked, far.ID: Live} {
		if tok, _ := w.store.ByID(id); tok.State(noon) != want {
			t.Errorf("%s is %s, want %s", tok.Hint, tok.State(noon), want)
		}
	}
	if again, err := w.store.RevokeIn(t.Context(), admin, text); err != nil || len(again) != 0 {
		t.Errorf("again: got %v, %v", again, err)
	}
}

func TestAFetchedSuccessorEndsWithTheTokenThatWasFound(t *testing.T) {
	w := newWorld(t)
	for name, fetch := range map[string]bool{"fetched": true, "not fetched": false} {
		old, secret := w.mint(t, Request{})
		next, _, err := w.store.Rotate(t.Context(), admin, old.ID, Rotation{})
		ok(t, err)
		if fetch {
			_, _, err := w.store.Successor(t.Context(), admin, secret)
			ok(t, err)
		}
		_, err = w.store.RevokeIn(t.Context(), admin, secret.Reveal())
		ok(t, err)
		if got, _ := w.store.ByID(next.ID); (got.State(noon) == Revoked) != fetch {
			t.Errorf("%s: the successor is %s", name, got.State(noon))
		}
	}
}

func TestInFindsWhatThePatternFinds(t *testing.T) {
	pattern := regexp.MustCompile(Pattern)
	for _, text := range []string{vectorVCS, "x" + vectorVCS, vectorVCS + "x", "(" + vectorVCS + ")", vectorVCS + vectorVCS,
		"jet_" + vectorVCS, "jet_vcs_" + vectorVCS, url.QueryEscape("a=" + vectorVCS), vectorVCS[:45], "jet_", "jet_feed", "jet_vcs_"} {
		inIsPattern(t, pattern, text)
	}
}

// inIsPattern wants everything that the pattern finds, where its checksum holds, to be found by In.
func inIsPattern(t *testing.T, pattern *regexp.Regexp, text string) {
	t.Helper()
	var got []string
	for s := range In(text) {
		got = append(got, s.Reveal())
	}
	for _, found := range pattern.FindAllString(text, -1) {
		if _, err := Parse(found); err == nil && !slices.Contains(got, found) {
			t.Errorf("%q: the pattern finds %q, In finds %q", text, found, got)
		}
	}
	for _, s := range got {
		if !strings.Contains(text, s) {
			t.Errorf("%q: In makes up %q", text, s)
		}
	}
}

func FuzzIn(f *testing.F) {
	for _, seed := range []string{vectorVCS, "a " + vectorVCS + " b", "jet_jet_api_", "jet_vcs_\x00", vectorVCS + "_"} {
		f.Add(seed)
	}
	pattern := regexp.MustCompile(Pattern)
	f.Fuzz(func(t *testing.T, text string) {
		inIsPattern(t, pattern, text)
		inIsPattern(t, pattern, text+" "+vectorVCS)
	})
}

func TestTokensOfAListEnd(t *testing.T) {
	w := placed(t)
	a, _ := w.mint(t, Request{Label: "a"})
	b, _ := w.mint(t, Request{Label: "b"})
	w.mint(t, Request{Label: "c"})
	ok(t, w.store.Revoke(t.Context(), admin, b.ID))
	done, err := w.store.RevokeEach(t.Context(), admin, []Token{a, b, {ID: "gone"}})
	if err != nil || fmt.Sprint(ids(done)) != "[a]" {
		t.Errorf("got %v, %v, want a alone: b had ended before", ids(done), err)
	}
	if left, _ := w.store.ByID(a.ID); left.State(noon) != Revoked {
		t.Errorf("a is %s", left.State(noon))
	}
}
