package browse

import (
	"bytes"
	"fmt"
	"slices"
	"strings"
	"testing"

	"jeton/vcs/oid"
)

// TestChangesAreTheDiffInParts puts the parts together again, for each commit of the generated history.
func TestChangesAreTheDiffInParts(t *testing.T) {
	r := generated(t)
	set := objects(t, r.dir)
	seen := map[string]int{}
	for _, commit := range r.list[:min(len(r.list), 120)] {
		var whole bytes.Buffer
		if _, err := CommitDiff(t.Context(), set, &whole, commit, DiffOptions{}); err != nil {
			t.Fatal(err)
		}
		list, notice, err := CommitChanges(t.Context(), set, commit, DiffOptions{})
		if err != nil || notice != "" {
			t.Fatalf("%s: %q, %v", commit, notice, err)
		}
		var parts bytes.Buffer
		for _, c := range list {
			parts.Write(c.Text)
			seen[string(c.Op)]++
			if c.Path != c.From {
				seen["moved"]++
			}
			if c.Binary {
				seen["binary"]++
			}
			if c.Op == Added && !c.Before.IsZero() || c.Op == Deleted && !c.After.IsZero() || c.Path == "" || c.From == "" {
				t.Errorf("%s: %+v", commit, c)
			}
			plus, minus := counts(c.Text)
			if !c.Binary && (plus != c.Plus || minus != c.Minus) {
				t.Errorf("%s: %s has %d lines more and %d less, want %d and %d", commit, c.Path, c.Plus, c.Minus, plus, minus)
			}
		}
		if parts.String() != whole.String() {
			t.Fatalf("%s: the parts are\n%s\nthe whole is\n%s", commit, &parts, &whole)
		}
	}
	for _, what := range []string{"A", "M", "D", "moved", "binary"} {
		if seen[what] == 0 {
			t.Errorf("the history has no change of the kind %s: %v", what, seen)
		}
	}
}

// counts counts the lines of a diff's hunks.
func counts(text []byte) (plus, minus int) {
	in := false
	for line := range strings.Lines(string(text)) {
		switch {
		case strings.HasPrefix(line, "@@"):
			in = true
		case in && line[0] == '+':
			plus++
		case in && line[0] == '-':
			minus++
		}
	}
	return plus, minus
}

func TestWhatIsLeftOutOfChangesIsSaid(t *testing.T) {
	r := generated(t)
	set := objects(t, r.dir)
	list, notice, err := CommitChanges(t.Context(), set, r.list[0], DiffOptions{Limits: Limits{Bytes: 1}})
	if err != nil || len(list) != 0 || !strings.Contains(notice, "not whole") {
		t.Errorf("got %d changes, %q, %v", len(list), notice, err)
	}
}

func TestNamesAreAsGitTellsThem(t *testing.T) {
	r := generated(t)
	set := objects(t, r.dir)
	for i, commit := range r.list[:min(len(r.list), 60)] {
		from, args := oid.Zero, []string{"diff-tree", "-r", "-z", "--no-renames", "--name-status", "--root", "--no-commit-id", commit.String()}
		if i > 0 {
			from = id(t, r.dir, r.list[i-1].String()+"^{tree}")
		}
		want := strings.Split(strings.TrimSuffix(git(t, r.dir, args...), "\x00"), "\x00")
		list, whole, err := Names(t.Context(), set, from, id(t, r.dir, commit.String()+"^{tree}"), DiffOptions{})
		var got []string
		for _, n := range list {
			got = append(got, string(n.Op), n.Path)
		}
		for i := range want { // a file that became a link is told as one that changed
			if want[i] == "T" {
				want[i] = "M"
			}
		}
		if err != nil || !whole || fmt.Sprintf("%q", got) != fmt.Sprintf("%q", want) {
			t.Fatalf("%s: got %q, %v; want %q", commit, got, err, want)
		}
	}
	few, whole, err := Names(t.Context(), set, oid.Zero, id(t, r.dir, r.list[30].String()+"^{tree}"), DiffOptions{Limits: Limits{Files: 1}})
	if err != nil || whole || len(few) != 1 || !slices.Contains([]Op{Added}, few[0].Op) {
		t.Errorf("got %v, %v, %v", few, whole, err)
	}
}
