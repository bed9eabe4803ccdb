package browse

import (
	"bytes"
	"strings"
	"testing"
)

// A patch tells of a message what git does: what stands before its first NUL. git am would refuse it else.
func TestAMessageEndsAtItsFirstNUL(t *testing.T) {
	t.Parallel()
	dir := imported(t, commit("one", "a", "1\n"))
	raw := "tree " + git(t, dir, "rev-parse", "main^{tree}") + "\nauthor A <a@example.com> 1700000000 +0000\ncommitter A <a@example.com> 1700000000 +0000\n\nsubject\n\nbody\x00hidden\n"
	hex, said, err := try(t, dir, raw, nil, "hash-object", "-w", "-t", "commit", "--literally", "--stdin")
	if err != nil {
		t.Fatal(said)
	}
	git(t, dir, "update-ref", "refs/heads/main", strings.TrimSpace(hex))
	var b bytes.Buffer
	if _, err := Patch(t.Context(), objects(t, dir), &b, id(t, dir, "main"), DiffOptions{}); err != nil {
		t.Fatal(err)
	}
	if want := git(t, dir, "format-patch", "--stdout", "--full-index", "-1", "main"); strings.IndexByte(b.String(), 0) >= 0 || strings.Contains(b.String(), "hidden") || !strings.Contains(want, "\n\nbody\n---\n") || !strings.Contains(b.String(), "\n\nbody\n---\n") {
		t.Errorf("got\n%q\ngit's\n%q", b.String(), want)
	}
}
