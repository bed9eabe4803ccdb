package wire

import (
	"strings"
	"testing"
	"time"

	"jeton/auth/audit"
	"jeton/auth/token"
	"jeton/db"
)

// laid replaces the whole list.
func laid(text string) func([]string) (string, error) {
	return func([]string) (string, error) { return text, nil }
}

func TestWhatWebTokensOpenIsInForceAtOnceAndAfterARestart(t *testing.T) {
	s, _ := owned(t)
	ada, _ := s.Users.ByName("ada")
	made, secret, err := s.Tokens.Mint(t.Context(), audit.Command("test"), token.Request{UserID: ada.ID, Kind: token.Web, Label: "ci"})
	if err != nil {
		t.Fatal(err)
	}
	feed, _, err := s.Tokens.Mint(t.Context(), audit.Command("test"), token.Request{UserID: ada.ID, Kind: token.Feed, Label: "reader"})
	if err != nil {
		t.Fatal(err)
	}
	state := func() string {
		list, source := s.Whitelist.InForce()
		return list.String() + " from " + source
	}
	if got := state(); got != " from default" || s.Whitelist.Opens("archive", made.Line) {
		t.Errorf("a fresh server opens %q", got)
	}
	warnings, err := s.Whitelist.Change(t.Context(), audit.Command("test"), laid("diff,archive@"+secret.Reveal()+",raw@"+feed.ID+",patch@"+db.NewID()))
	if err != nil || len(warnings) != 1 || !strings.Contains(warnings[0], "raw") {
		t.Errorf("warned of %q, %v", warnings, err)
	}
	if !s.Whitelist.Opens("archive", made.Line) || s.Whitelist.Opens("archive", feed.Line) || !s.Whitelist.Opens("diff", feed.Line) || s.Whitelist.Opens("patch", made.Line) {
		t.Errorf("it opens %q", state())
	}
	entries, err := s.db.Audit().Since(t.Context(), "", 100)
	if err != nil {
		t.Fatal(err)
	}
	if last := entries[len(entries)-1]; last.Action != "settings.change" || last.Resource != tokenViews || !strings.Contains(last.Detail, "archive@"+made.ID) || strings.Contains(last.Detail, secret.Reveal()) {
		t.Errorf("the audit record says %+v", last)
	}
	was := state()
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	s = open(t, s.Dir, "JETON_WEB_TOKEN_VIEWS=raw")
	if got := state(); got != was {
		t.Errorf("after a restart %q is in force, want %q", got, was)
	}
	for range 2 { // the second time there is nothing to give back
		if err := s.Whitelist.Reset(t.Context(), audit.Command("test")); err != nil || state() != "raw from JETON_WEB_TOKEN_VIEWS" {
			t.Errorf("given back, %q is in force, %v", state(), err)
		}
	}
}

func TestAListThatCannotBeReadOpensNothing(t *testing.T) {
	s, _ := owned(t)
	if _, err := s.Whitelist.Change(t.Context(), audit.Command("test"), laid("*")); err != nil {
		t.Fatal(err)
	}
	if _, err := s.Whitelist.Change(t.Context(), audit.Command("test"), laid("nonsense")); err == nil || !s.Whitelist.Opens("raw", "x") {
		t.Errorf("a list that is no list was taken: %v", err)
	}
	if err := s.db.Settings().Save(t.Context(), db.Setting{Name: tokenViews, Value: "a view of a later version", ChangedAt: time.Now()}); err != nil {
		t.Fatal(err)
	}
	if list, source := s.Whitelist.InForce(); len(list.Open()) != 0 || source != inDatabase {
		t.Errorf("%q is open, from %s", list, source)
	}
	if err := s.db.Settings().Save(t.Context(), db.Setting{Name: "another.setting", Value: "raw", ChangedAt: time.Now()}); err != nil || s.Whitelist.Opens("raw", "x") {
		t.Errorf("another setting changed the views: %v", err)
	}
}
