package db

import (
	"fmt"
	"slices"
	"testing"
)

func TestEachMemberOfEachUserGroupIsTold(t *testing.T) {
	d := fresh(t)
	want := []string{}
	for _, group := range []string{"devs", "empty", "ops"} {
		ok(t, d.UserGroups().Insert(t.Context(), UserGroup{ID: group, Name: group, FoldedName: group}))
	}
	for i := range 40 {
		name := fmt.Sprintf("p%02d", i)
		ok(t, d.Users().Insert(t.Context(), user(name)))
		for _, group := range []string{"devs", "ops"}[:1+i%2] {
			ok(t, d.UserGroups().Add(t.Context(), UserGroupMember{UserGroupID: group, UserID: user(name).ID}))
			want = append(want, group+" "+user(name).ID)
		}
	}
	got := []string{}
	ok(t, d.UserGroups().EachMember(t.Context(), func(groupID, userID string) {
		got = append(got, groupID+" "+userID)
	}))
	slices.Sort(got)
	slices.Sort(want)
	if !slices.Equal(got, want) {
		t.Errorf("told are %d members %q, want %d", len(got), got, len(want))
	}
	rows, err := d.UserGroups().Members(t.Context())
	ok(t, err)
	if len(rows) != len(want) {
		t.Errorf("there are %d rows, want %d", len(rows), len(want))
	}
}
