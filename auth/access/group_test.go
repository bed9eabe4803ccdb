package access

import (
	"slices"
	"testing"
)

func TestMakeGroupCopiesWhatWasGivenAbove(t *testing.T) {
	w := newWorld(t)
	ada, bob := w.user(t, "ada"), w.user(t, "bob")
	team, err := w.repos.MakeGroup(t.Context(), root, NewGroup{Path: "team", OwnerID: ada.ID, Description: "all of us"})
	ok(t, err)
	ok(t, w.repos.Grant(t.Context(), root, Object{GroupID: team.ID}, Subject{UserID: bob.ID}, Write))
	ok(t, w.repos.Grant(t.Context(), root, Object{GroupID: team.ID}, Subject{Everyone: true}, Read))
	plain, err := w.repos.MakeGroup(t.Context(), root, NewGroup{Path: "team/plain"})
	ok(t, err)
	like, err := w.repos.MakeGroup(t.Context(), root, NewGroup{Path: "team/like", Copy: true})
	ok(t, err)
	if got := w.repos.Given(plain.ID); len(got) != 0 {
		t.Errorf("on a group without a copy: got %v, want nothing", got)
	}
	if got := w.repos.Given(like.ID); len(got) != 2 {
		t.Errorf("on a group with a copy: got %v, want bob's word and everyone's", got)
	}
	// What is taken away above stays on the copy alone.
	ok(t, w.repos.Revoke(t.Context(), root, Object{GroupID: team.ID}, Subject{UserID: bob.ID}))
	if got := w.repos.LevelOfGroup(bob, like); got != Write {
		t.Errorf("bob has %s on the copy, want write", got)
	}
	if got := w.repos.LevelOfGroup(bob, plain); got != Read {
		t.Errorf("bob has %s on the other, want read", got)
	}
	if got := w.repos.AboutGroup(team.ID).Description; got != "all of us" {
		t.Errorf("got description %q", got)
	}
}

func TestChangeGroupChangesAllOrNothing(t *testing.T) {
	w := newWorld(t)
	ada, bob := w.user(t, "ada"), w.user(t, "bob")
	team, err := w.repos.CreateGroup(t.Context(), root, "team", ada.ID)
	ok(t, err)
	_, err = w.repos.CreateGroup(t.Context(), root, "other", "")
	ok(t, err)
	text := func(s string) *string { return &s }
	for name, c := range map[string]struct {
		change GroupChange
		want   error
	}{
		"taken":         {GroupChange{Path: text("other"), OwnerID: &bob.ID, Description: text("x")}, ErrTaken},
		"in itself":     {GroupChange{Path: text("team/team"), Description: text("x")}, ErrInside},
		"no name":       {GroupChange{Path: text("team.git"), Description: text("x")}, ErrBadName},
		"nothing above": {GroupChange{Path: text("nowhere/team"), OwnerID: &bob.ID}, ErrNoGroup},
		"nobody":        {GroupChange{Path: text("crew"), OwnerID: text("nobody")}, ErrNoUser},
	} {
		_, err := w.repos.ChangeGroup(t.Context(), root, team.ID, c.change)
		wants(t, err, c.want)
		if now, _ := w.repos.GroupByID(team.ID); now.Path != "team" || now.OwnerID != ada.ID || w.repos.AboutGroup(team.ID).Description != "" {
			t.Errorf("%s: the group is %+v, %+v afterwards", name, now, w.repos.AboutGroup(team.ID))
		}
	}
	now, err := w.repos.ChangeGroup(t.Context(), root, team.ID, GroupChange{Path: text("other/crew"), OwnerID: text(""), Description: text("crew")})
	ok(t, err)
	if now.Path != "other/crew" || now.OwnerID != "" || w.repos.AboutGroup(team.ID).Description != "crew" {
		t.Errorf("got %+v, %+v", now, w.repos.AboutGroup(team.ID))
	}
	_, err = w.repos.ChangeGroup(t.Context(), root, "gone", GroupChange{})
	wants(t, err, ErrNoGroup)
}

func TestGrantOnSeveralObjectsIsAllOrNothing(t *testing.T) {
	w := newWorld(t)
	bob := w.user(t, "bob")
	a, err := w.repos.CreateGroup(t.Context(), root, "a", "")
	ok(t, err)
	b, err := w.repos.CreateGroup(t.Context(), root, "b", "")
	ok(t, err)
	on, to := []Object{{GroupID: a.ID}, {GroupID: b.ID}}, Subject{UserID: bob.ID}
	wants(t, w.repos.GrantOn(t.Context(), root, append(slices.Clone(on), Object{GroupID: "gone"}), to, Write), ErrNoGroup)
	levels := func() []Level { return []Level{w.repos.LevelOfGroup(bob, a), w.repos.LevelOfGroup(bob, b)} }
	if got := levels(); !slices.Equal(got, []Level{None, None}) {
		t.Errorf("after a grant that failed: got %v", got)
	}
	ok(t, w.repos.GrantOn(t.Context(), root, on, to, Write))
	if got := levels(); !slices.Equal(got, []Level{Write, Write}) {
		t.Errorf("after the grant: got %v", got)
	}
	ok(t, w.repos.RevokeOn(t.Context(), root, on, to))
	if got := levels(); !slices.Equal(got, []Level{None, None}) {
		t.Errorf("after the revocation: got %v", got)
	}
}
