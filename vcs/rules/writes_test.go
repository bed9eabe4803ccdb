package rules

import "testing"

func TestACredentialMayWriteWhatItsPatternsMatch(t *testing.T) {
	for _, row := range []struct {
		patterns []string
		ref      string
		want     bool
	}{
		{nil, "refs/heads/main", true},
		{[]string{"refs/heads/renovate/*"}, "refs/heads/renovate/go", true},
		{[]string{"refs/heads/renovate/*"}, "refs/heads/renovate/a/b", false},
		{[]string{"refs/heads/renovate/*"}, "refs/heads/main", false},
		{[]string{"refs/heads/renovate/*", "refs/tags/**"}, "refs/tags/a/b", true},
	} {
		if got := (&Writes{Patterns: row.patterns}).Allows(row.ref); got != row.want {
			t.Errorf("%q allow %s: %v, want %v", row.patterns, row.ref, got, row.want)
		}
	}
}
