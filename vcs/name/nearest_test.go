package name

import (
	"slices"
	"strings"
	"testing"
)

func TestNearestNamesComeFirst(t *testing.T) {
	names := []string{"archive", "diff", "patch", "raw"}
	for _, c := range []struct {
		word string
		n    int
		want []string
	}{
		{"archve", 1, []string{"archive"}},
		{"path", 1, []string{"patch"}},
		{"rwa", 2, []string{"raw", "diff"}},
		{"", 1, []string{"raw"}},
		{"raw", 9, []string{"raw", "diff", "patch", "archive"}},
		{strings.Repeat("x", 1<<20), 1, []string{"archive"}},
	} {
		if got := Nearest(c.word, names, c.n); !slices.Equal(got, c.want) {
			t.Errorf("Nearest(%.20q, %d) = %q, want %q", c.word, c.n, got, c.want)
		}
	}
	if names[0] != "archive" || len(Nearest("x", nil, 3)) != 0 {
		t.Error("the names were changed, or some were made up")
	}
}

func TestDistanceIsLevenshteins(t *testing.T) {
	for _, c := range []struct {
		a, b string
		want int
	}{{"", "", 0}, {"a", "", 1}, {"", "abc", 3}, {"kitten", "sitting", 3}, {"abc", "abc", 0}, {"ab", "ba", 2}} {
		if got := distance(c.a, c.b); got != c.want || distance(c.b, c.a) != c.want {
			t.Errorf("distance(%q, %q) = %d, want %d", c.a, c.b, got, c.want)
		}
	}
}
