package rules

import "testing"

func TestHidesAsTransferHideRefsDoes(t *testing.T) {
	for _, row := range []struct {
		ref    string
		hidden []string
		want   bool
	}{
		{"refs/heads/main", nil, false},
		{"refs/jeton/keep", nil, true},
		{"refs/jeton/keep", []string{"!refs/jeton"}, true},
		{"refs/Jeton/keep", []string{"!refs/Jeton"}, true},
		{"REFS/JETON/keep", nil, true},
		{"ref\u017f/jeton/keep", nil, true},
		{"refs/jetons/keep", nil, false},
		{"refs/jeton", nil, false},
		{"refs/heads/jeton/keep", nil, false},
		{"refs/pull/1/head", []string{"refs/pull"}, true},
		{"refs/pull/1/head", []string{"refs/pull/"}, true},
		{"refs/pull/1/head", []string{"refs/pull//"}, true},
		{"refs/pulled", []string{"refs/pull"}, false},
		{"refs/pull/1/head", []string{"refs/pull", "!refs/pull/1"}, false},
		{"refs/pull/1/head", []string{"!refs/pull/1", "refs/pull"}, true},
		{"refs/pull/1/head", []string{"^refs/pull"}, true},
	} {
		if got := (&Rules{Hidden: row.hidden}).Hides(row.ref); got != row.want {
			t.Errorf("Rules{Hidden: %q}.Hides(%q) = %v, want %v", row.hidden, row.ref, got, row.want)
		}
	}
}

func TestLetsWhoIsNamedByIDOrByTheirTokensLine(t *testing.T) {
	named := Branch{Who: []string{"u1", "token:t1"}}
	for _, row := range []struct {
		branch Branch
		names  []string
		want   bool
	}{
		{Branch{}, []string{"u9", ""}, true},
		{Branch{}, nil, true},
		{named, []string{"u1", ""}, true},
		{named, []string{"u1", "token:t9"}, true},
		{named, []string{"u9", "token:t1"}, true},
		{named, []string{"u9", "token:t9"}, false},
		{named, []string{"u9", ""}, false},
		{named, []string{"", ""}, false},
		{Branch{Who: []string{""}}, []string{"", ""}, false},
	} {
		if got := row.branch.Lets(row.names...); got != row.want {
			t.Errorf("%q let %q: %v, want %v", row.branch.Who, row.names, got, row.want)
		}
	}
}

func TestAbove(t *testing.T) {
	r := Rules{Hidden: []string{"refs/heads/team/secret", "^refs/pull/", "!refs/heads/open/x"}}
	for ref, want := range map[string]bool{"refs/heads/team": true, "refs/heads": true, "refs/pull": true, "refs/heads/team/secret": false,
		"refs/heads/tea": false, "refs/heads/team/s": false, "refs/heads/open": false} {
		if r.Above(ref) != want {
			t.Errorf("%s: %v, want %v", ref, !want, want)
		}
	}
}
