package sight

import (
	"strings"
	"testing"

	"jeton/vcs/oid"
	"jeton/vcs/rules"
	"jeton/vcs/storage"
)

func id(t *testing.T, digit string) oid.ID {
	t.Helper()
	id, ok := oid.Parse(strings.Repeat(digit, len(oid.Zero.String())))
	if !ok {
		t.Fatalf("no id of %q", digit)
	}
	return id
}

// chain has a HEAD that leads by way of two branches to a hidden ref, a longer chain that turns in a circle, and a tag.
func chain(t *testing.T) Sight {
	one, two, tag := id(t, "1"), id(t, "2"), id(t, "3")
	return New(&rules.Rules{Hidden: []string{"refs/hidden"}}, &storage.Snapshot{
		Head: storage.Ref{Name: "HEAD", Target: "refs/heads/a", ID: two},
		Refs: []storage.Ref{
			{Name: "refs/heads/a", Target: "refs/heads/b", ID: two}, {Name: "refs/heads/b", Target: "refs/hidden/x", ID: two},
			{Name: "refs/heads/main", ID: one}, {Name: "refs/heads/round", Target: "refs/heads/round", ID: one},
			{Name: "refs/heads/same", Target: "refs/heads/main", ID: one},
			{Name: "refs/hidden/x", ID: two}, {Name: "refs/tags/v1", ID: tag, Peeled: one},
		}})
}

func TestAClientSeesWhatLeadsThroughNothingHidden(t *testing.T) {
	s := chain(t)
	for name, want := range map[string]bool{"HEAD": false, "refs/heads/a": false, "refs/heads/b": false, "refs/heads/main": true,
		"refs/heads/round": false, "refs/heads/same": true, "refs/hidden/x": false, "refs/tags/v1": true, "refs/heads/none": false} {
		if _, ok := s.Find(name); ok != want {
			t.Errorf("%s: shown %v, want %v", name, ok, want)
		}
	}
	if tips := s.Tips(); len(tips) != 3 {
		t.Errorf("tips %v, want those of main, same and v1", tips)
	}
	if n := s.Count([][]storage.Ref{s.Refs.Refs}, 7); n != 3 {
		t.Errorf("%d refs are counted, want 3", n)
	}
}

func TestATipIsWhatASeenRefOrItsTagPointsTo(t *testing.T) {
	s := chain(t)
	for digit, want := range map[string]bool{"0": false, "1": true, "2": false, "3": true, "4": false} {
		if got := s.Tip(id(t, digit)); got != want {
			t.Errorf("id of %s: %v, want %v", digit, got, want)
		}
	}
}

func TestAnUnbornBranchIsToldUnlessHidden(t *testing.T) {
	for target, want := range map[string]string{"refs/heads/main": "refs/heads/main", "refs/hidden/x": ""} {
		s := New(&rules.Rules{Hidden: []string{"refs/hidden"}}, &storage.Snapshot{Head: storage.Ref{Name: "HEAD", Target: target}})
		if got := s.Unborn(); got != want {
			t.Errorf("HEAD stands for %s: told %q, want %q", target, got, want)
		}
	}
}
