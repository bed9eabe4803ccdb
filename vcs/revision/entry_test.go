package revision

import (
	"errors"
	"strings"
	"testing"

	"github.com/go-git/go-git/v5/plumbing"
	"github.com/go-git/go-git/v5/plumbing/filemode"

	"jeton/vcs/oid"
)

func TestEntriesAreFoundByTheirPath(t *testing.T) {
	dir := bare(t)
	blob := gitInput(t, dir, "content", "hash-object", "-w", "--stdin")
	link := gitInput(t, dir, "../../etc", "hash-object", "-w", "--stdin")
	sub := gitInput(t, dir, "100755 blob "+blob+"\trun\x00100644 blob "+blob+"\tline\nbreak\x00100644 blob "+blob+"\t\xff\xfe\x00", "mktree", "-z")
	other := strings.Repeat("cd", 20)
	top := gitInput(t, dir, "040000 tree "+sub+"\tsub\n100644 blob "+blob+"\ta b\n120000 blob "+link+"\tlink\n160000 commit "+other+"\tmodule\n", "mktree", "--missing")
	f := finder(t, dir)
	tree, _ := oid.Parse(top)
	for _, c := range []struct {
		path string
		mode filemode.FileMode
		id   string
		kind plumbing.ObjectType
	}{
		{"", filemode.Dir, top, plumbing.TreeObject}, {"sub", filemode.Dir, sub, plumbing.TreeObject}, {"sub/", filemode.Dir, sub, plumbing.TreeObject},
		{"a b", filemode.Regular, blob, plumbing.BlobObject}, {"sub/run", filemode.Executable, blob, plumbing.BlobObject},
		{"sub/line\nbreak", filemode.Regular, blob, plumbing.BlobObject}, {"sub/\xff\xfe", filemode.Regular, blob, plumbing.BlobObject},
		{"link", filemode.Symlink, link, plumbing.BlobObject}, {"module", filemode.Submodule, other, plumbing.CommitObject}, {"module/", filemode.Submodule, other, plumbing.CommitObject},
	} {
		e, err := f.Entry(t.Context(), tree, c.path)
		if err != nil || e.Mode != c.mode || e.ID.String() != c.id || e.Kind != c.kind {
			t.Errorf("%q is %v, %v; want %v %s %s", c.path, e, err, c.mode, c.kind, c.id)
		}
	}
	for _, path := range []string{"none", "sub/none", "a b/", "a b/x", "link/x", "sub//run", "/sub", "//", "..", "sub/..", ".", "a", "A B"} {
		if e, err := f.Entry(t.Context(), tree, path); !errors.Is(err, ErrNotFound) || !strings.Contains(err.Error(), "no file or folder") {
			t.Errorf("%q is found: %v, %v", path, e, err)
		}
	}
	if _, err := f.Entry(t.Context(), tree, "module/x/y"); !errors.Is(err, ErrNotFound) || !strings.Contains(err.Error(), "«module» is a submodule") {
		t.Errorf("inside of a submodule: %v", err)
	}
	if _, err := f.Entry(t.Context(), tree, strings.Repeat("x", 5000)); !errors.Is(err, ErrBad) {
		t.Errorf("a path of 5,000 bytes: %v", err)
	}
}

func TestAnEntryThatIsNotThereIsAFailureOfTheStore(t *testing.T) {
	dir := bare(t)
	top := gitInput(t, dir, "100644 blob "+strings.Repeat("cd", 20)+"\tgone\n", "mktree", "--missing")
	tree, _ := oid.Parse(top)
	if _, err := finder(t, dir).Entry(t.Context(), tree, "gone"); err == nil || errors.Is(err, ErrNotFound) {
		t.Errorf("got %v", err)
	}
}
