package wire

import (
	"errors"
	"log/slog"
	"reflect"
	"strings"
	"testing"

	"jeton/auth/audit"
	"jeton/db"
	"jeton/vcs/host"
	"jeton/vcs/rules"
)

// whole is rules with something in every field.
var whole = rules.Rules{
	Hidden: []string{"refs/pull", "!refs/pull/1"}, AdvertisedOnly: true, DenyDeletes: true, DenyForce: true,
	Bundles:  []rules.Bundle{{ID: "base", URI: "https://cdn.example.com/base.bundle"}},
	Branches: []rules.Branch{{Pattern: "refs/heads/main", Force: true, Delete: true, NoCreate: true, Who: []string{"u1"}}},
	Exempt:   []string{"zeroPaddedFilemode"}, Secrets: rules.SecretsOff, NoSkip: true, NoArchives: true,
}

func lay(r rules.Rules) func(*rules.Rules) error {
	return func(own *rules.Rules) error {
		*own = r
		return nil
	}
}

func TestRulesAreInForceWhenTheirChangeReturnsAndAfterARestart(t *testing.T) {
	s, r := owned(t)
	if got, err := s.Host.Rules(t.Context(), r.ID); err != nil || !reflect.DeepEqual(got, rules.Rules{}) {
		t.Errorf("nothing was laid down and %+v holds, %v", got, err)
	}
	if err := s.Rules.Change(t.Context(), audit.Command("test"), r, "repository.set", "all of them", lay(whole)); err != nil {
		t.Fatal(err)
	}
	if got, err := s.Host.Rules(t.Context(), r.ID); err != nil || !reflect.DeepEqual(got, whole) {
		t.Errorf("laid down was %+v, in force is %+v, %v", whole, got, err)
	}
	entries, err := s.db.Audit().Since(t.Context(), "", 100)
	if err != nil {
		t.Fatal(err)
	}
	if last := entries[len(entries)-1]; last.Action != "repository.set" || last.Resource != "ada/app" || last.Detail != "all of them" || last.UserName != "test" {
		t.Errorf("the audit record says %+v", last)
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	s = open(t, s.Dir, "JETON_FETCH_HIDE_REFS=refs/internal,refs/x")
	want := whole
	want.Hidden = []string{"refs/internal", "refs/x", "refs/pull", "!refs/pull/1"}
	if got, err := s.Host.Rules(t.Context(), r.ID); err != nil || !reflect.DeepEqual(got, want) {
		t.Errorf("after a restart %+v is in force, want %+v, %v", got, want, err)
	}
	if own, err := s.Rules.Own(r.ID); err != nil || !reflect.DeepEqual(own, whole) {
		t.Errorf("its own are %+v, %v", own, err)
	}
	if got, err := s.Host.Rules(t.Context(), ""); err != nil || !reflect.DeepEqual(got.Hidden, []string{"refs/internal", "refs/x"}) {
		t.Errorf("where no repository is yet %+v holds, %v", got, err)
	}
	if err := s.Host.Delete(t.Context(), r.ID); err != nil {
		t.Fatal(err)
	}
	if own, err := s.Rules.Own(r.ID); err != nil || !reflect.DeepEqual(own, whole) {
		t.Errorf("a deleted repository, which can come back, has %+v left, %v", own, err)
	}
	if err := s.Rules.Change(t.Context(), audit.Command("test"), r, "repository.set", "", lay(whole)); !errors.Is(err, host.ErrNotFound) {
		t.Errorf("a deleted repository was given rules: %v", err)
	}
}

func TestALockIsARuleFromTheNextQuestionOn(t *testing.T) {
	s, r := owned(t)
	inForce := func() rules.Lock {
		t.Helper()
		got, err := s.Host.Rules(t.Context(), r.ID)
		if err != nil {
			t.Fatal(err)
		}
		return got.Lock
	}
	if got := inForce(); got.Bars("anybody") {
		t.Fatalf("nobody has locked it, and it is %+v", got)
	}
	if err := s.Access.Lock(t.Context(), audit.Command("test"), r.ID, r.OwnerID, "lock_api"); err != nil {
		t.Fatal(err)
	}
	if got := inForce(); got.Name != "ada" || got.Bars(r.OwnerID) || !got.Bars("anybody") {
		t.Errorf("locked it is %+v", got)
	}
	if got, err := s.Host.Rules(t.Context(), ""); err != nil || got.Lock != (rules.Lock{}) {
		t.Errorf("where no repository is yet: %+v, %v", got, err)
	}
	if err := s.Access.Unlock(t.Context(), audit.Command("test"), r.ID); err != nil {
		t.Fatal(err)
	}
	if got := inForce(); got != (rules.Lock{}) {
		t.Errorf("unlocked it is %+v", got)
	}
}

func TestRulesThatAreRefusedChangeNothing(t *testing.T) {
	s, r := owned(t)
	no := errors.New("no")
	for name, change := range map[string]func(*rules.Rules) error{
		"the change fails": func(own *rules.Rules) error {
			own.DenyForce = true
			return no
		},
		"a bad pattern": lay(rules.Rules{DenyForce: true, Hidden: []string{"nonsense"}}),
		"a bad id":      lay(rules.Rules{DenyForce: true, Exempt: []string{"not an id"}}),
	} {
		before, err := s.db.Audit().Since(t.Context(), "", 1000)
		if err != nil {
			t.Fatal(err)
		}
		err = s.Rules.Change(t.Context(), audit.Command("test"), r, "repository.set", "", change)
		if !errors.Is(err, no) && !errors.Is(err, rules.ErrBad) {
			t.Errorf("%s: %v", name, err)
		}
		if got, err := s.Rules.Rules(t.Context(), r.ID); err != nil || got.DenyForce {
			t.Errorf("%s: %+v is in force, %v", name, got, err)
		}
		if after, err := s.db.Audit().Since(t.Context(), "", 1000); err != nil || len(after) != len(before) {
			t.Errorf("%s: the audit record has grown from %d to %d, %v", name, len(before), len(after), err)
		}
	}
}

func TestRulesThatCannotBeReadLetNobodyPast(t *testing.T) {
	s, r := owned(t)
	for _, text := range []string{"", "nonsense", `{"no_longer_known":true}`, `[]`} {
		if err := s.db.Rules().Save(t.Context(), db.RepositoryRules{RepositoryID: r.ID, Rules: text}); err != nil {
			t.Fatal(err)
		}
		if _, err := s.Host.Rules(t.Context(), r.ID); err == nil || !strings.Contains(err.Error(), r.ID) {
			t.Errorf("%q: %v", text, err)
		}
		if err := s.Rules.Change(t.Context(), audit.Command("test"), r, "repository.set", "", lay(whole)); err == nil {
			t.Errorf("%q was changed without being read", text)
		}
	}
}

func TestServerRulesOfSettings(t *testing.T) {
	for _, c := range []struct {
		environ, words string
		want           rules.Rules
	}{
		{"JETON_FETCH_HIDE_REFS=refs/a, !refs/a/b", "", rules.Rules{Hidden: []string{"refs/a", "!refs/a/b"}}},
		{"JETON_FETCH_WANTS=advertised", "", rules.Rules{AdvertisedOnly: true}},
		{"JETON_RECEIVE_DENY_DELETES=true", "", rules.Rules{DenyDeletes: true}},
		{"JETON_RECEIVE_DENY_FORCE=true", "", rules.Rules{DenyForce: true}},
		{"JETON_RECEIVE_EXEMPT=missingEmail", "", rules.Rules{Exempt: []string{"missingEmail"}}},
		{"JETON_RECEIVE_SECRETS=refuse", "", rules.Rules{Secrets: rules.SecretsRefuse}},
		{"JETON_RECEIVE_SECRETS=warn", "", rules.Rules{}},
		{"JETON_RECEIVE_SECRETS_NO_SKIP=true", "", rules.Rules{NoSkip: true}},
		{"JETON_FETCH_HIDE_REFS=pull", "fetch.hide_refs", rules.Rules{}},
		{"JETON_RECEIVE_EXEMPT=no id", "receive.exempt", rules.Rules{}},
	} {
		s, err := Open(t.Context(), t.TempDir(), settings(t, c.environ), "test", slog.New(slog.DiscardHandler))
		if c.words != "" {
			if err == nil || !strings.Contains(err.Error(), c.words) {
				t.Errorf("%s: %v, want the words %q", c.environ, err, c.words)
			}
			continue
		}
		if err != nil {
			t.Fatal(err)
		}
		if got, err := s.Host.Rules(t.Context(), "none"); err != nil || !reflect.DeepEqual(got, c.want) {
			t.Errorf("%s: %+v, want %+v, %v", c.environ, got, c.want, err)
		}
		_ = s.Close()
	}
}
