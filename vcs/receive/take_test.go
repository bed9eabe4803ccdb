package receive

import (
	"bytes"
	"context"
	"errors"
	"io"
	"strings"
	"testing"

	"jeton/vcs/host"
	"jeton/vcs/oid"
	"jeton/vcs/rules"
	"jeton/vcs/storage"
)

// take takes what was fetched into the stand's repository.
func (s *stand) take(ses Session, t Taking) error {
	ses.Repo, ses.Actor = s.repo, storage.Actor{ID: "u1", Name: "ada"}
	ses.Recheck = func(context.Context) error { return s.recheck }
	return s.server.Take(ctx, ses, t)
}

func TestWhatWasFetchedIsTakenAsAPush(t *testing.T) {
	s := newStand(t, Limits{})
	one := change(oid.Zero, "one")
	two := change(one[0].id(), "two")
	stages := map[string]bool{}
	err := s.take(Session{}, Taking{Head: "refs/heads/trunk", Pack: bytes.NewReader(packOf(append(one, two...)...)),
		Progress: func(stage string, _, _ uint32) { stages[stage] = true },
		Updates:  []storage.RefUpdate{{Name: "refs/heads/main", New: one[0].id()}, {Name: "refs/heads/trunk", New: two[0].id()}}})
	if err != nil {
		t.Fatal(err)
	}
	if refs := s.refs(); !strings.HasPrefix(refs, "HEAD refs/heads/trunk\n") || !strings.Contains(refs, two[0].id().String()+" refs/heads/trunk") {
		t.Errorf("the refs are\n%s", refs)
	}
	if !stages["Receiving objects"] {
		t.Errorf("progress told of %v", stages)
	}
	if len(s.journal.begun) != 1 || s.journal.begun[0].Actor.ID != "u1" || len(s.journal.ended) != 1 {
		t.Errorf("the journal has %+v, ended %+v", s.journal.begun, s.journal.ended)
	}
	// HEAD that has a branch stays.
	three := change(two[0].id(), "three")
	if err := s.take(Session{}, Taking{Head: "refs/heads/main", Pack: bytes.NewReader(packOf(three...)),
		Updates: []storage.RefUpdate{{Name: "refs/heads/main", Old: one[0].id(), New: three[0].id()}}}); err != nil {
		t.Fatal(err)
	}
	if refs := s.refs(); !strings.HasPrefix(refs, "HEAD refs/heads/trunk\n") || !strings.Contains(refs, three[0].id().String()+" refs/heads/main") {
		t.Errorf("the refs are\n%s", refs)
	}
	s.clean()
}

func TestAllOfWhatWasFetchedIsTakenOrNothing(t *testing.T) {
	gone := &host.Refusal{Status: 403, Sentence: "This repository is archived."}
	c := change(oid.Zero, "one")
	good := packOf(c...)
	main := storage.RefUpdate{Name: "refs/heads/main", New: c[0].id()}
	nobody := change(oid.Zero, "x")
	nobody[0].content = strings.Replace(nobody[0].content, "author "+person+"\n", "", 1)
	for _, row := range []struct {
		name    string
		updates []storage.RefUpdate
		pack    []byte
		ses     Session
		limits  Limits
		recheck error
		words   string
	}{
		{"a name that is none", []storage.RefUpdate{main, {Name: "refs/heads/../../x", New: c[0].id()}}, good, Session{}, Limits{}, nil, "refs/heads/../../x: funny refname"},
		{"a name of the server's", []storage.RefUpdate{main, {Name: "refs/jeton/x", New: c[0].id()}}, good, Session{}, Limits{}, nil, "the server's own"},
		{"a name with control characters", []storage.RefUpdate{main, {Name: "refs/heads/\x1b[2J", New: c[0].id()}}, good, Session{}, Limits{}, nil, `\x1b[2J: funny`},
		{"a ref that is not there", []storage.RefUpdate{main, {Name: "refs/heads/y", Old: c[0].id(), New: c[0].id()}}, good, Session{}, Limits{}, nil, "refs/heads/y: stale"},
		{"a protected branch", []storage.RefUpdate{main, {Name: "refs/heads/y", New: c[0].id()}}, good, Session{Rules: rules.Rules{Branches: []rules.Branch{{Pattern: "refs/heads/y", NoCreate: true}}}}, Limits{}, nil, "refs/heads/y: protected branch"},
		{"an object that is missing", []storage.RefUpdate{main, {Name: "refs/heads/y", New: oid.ID{7}}}, good, Session{}, Limits{}, nil, "refs/heads/y: missing necessary objects"},
		{"a branch that is no commit", []storage.RefUpdate{main, {Name: "refs/heads/y", New: c[1].id()}}, good, Session{}, Limits{}, nil, "can only point to a commit"},
		{"garbage", []storage.RefUpdate{main}, []byte("PACKgarbage garbage garbage garbage"), Session{}, Limits{}, nil, "version"},
		{"a fault", []storage.RefUpdate{{Name: "refs/heads/main", New: nobody[0].id()}}, packOf(nobody...), Session{}, Limits{}, nil, "missingAuthor"},
		{"too many refs", []storage.RefUpdate{main, {Name: "refs/heads/y", New: c[0].id()}}, good, Session{}, Limits{Commands: 1}, nil, "more than 1 refs"},
		{"no permission any more", []storage.RefUpdate{main}, good, Session{}, Limits{}, gone, "archived"},
	} {
		s := newStand(t, row.limits)
		s.recheck = row.recheck
		before := s.refs()
		err := s.take(row.ses, Taking{Updates: row.updates, Pack: bytes.NewReader(row.pack)})
		text, told := Told(err)
		if !told || !strings.Contains(text, row.words) || strings.ContainsRune(text, '\x1b') || !errors.Is(err, ErrBadRequest) {
			t.Errorf("%s: told %q (%v), want %q", row.name, text, err, row.words)
		}
		if after := s.refs(); after != before {
			t.Errorf("%s: the refs are\n%s", row.name, after)
		}
		s.clean()
	}
}

func TestAReaderThatFailsIsNoFaultOfWhatWasAsked(t *testing.T) {
	s := newStand(t, Limits{})
	c := change(oid.Zero, "one")
	broken := errors.New("the cable")
	pack := packOf(c...)
	err := s.take(Session{}, Taking{Updates: []storage.RefUpdate{{Name: "refs/heads/main", New: c[0].id()}},
		Pack: io.MultiReader(bytes.NewReader(pack[:len(pack)-30]), failing{broken})})
	if _, told := Told(err); told || !errors.Is(err, broken) {
		t.Errorf("%v", err)
	}
	if err := s.take(Session{}, Taking{}); err != nil {
		t.Errorf("nothing at all: %v", err)
	}
	s.clean()
}

func TestManyRefusalsAreCounted(t *testing.T) {
	s := newStand(t, Limits{})
	c := change(oid.Zero, "one")
	var updates []storage.RefUpdate
	for _, ref := range []string{"refs/jeton/a", "refs/jeton/b", "refs/jeton/c", "refs/jeton/d", "refs/jeton/e", "refs/heads/f"} {
		updates = append(updates, storage.RefUpdate{Name: ref, New: c[0].id()})
	}
	text, _ := Told(s.take(Session{}, Taking{Updates: updates, Pack: bytes.NewReader(packOf(c...))}))
	if !strings.HasSuffix(text, "; and 2 more") || strings.Count(text, "server's own") != 3 {
		t.Errorf("it is told %q", text)
	}
}

type failing struct{ err error }

func (f failing) Read([]byte) (int, error) { return 0, f.err }
