package browse

import (
	"bytes"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"jeton/vcs/oid"
)

// imported makes a bare repository of what git fast-import reads, with branch main.
func imported(t *testing.T, stream string) string {
	t.Helper()
	dir := t.TempDir() + "/repo.git"
	git(t, "", "init", "-q", "--bare", "-b", "main", dir)
	if _, said, err := try(t, dir, stream, nil, "fast-import", "--quiet"); err != nil {
		t.Fatal(said)
	}
	return dir
}

// commit is one commit for git fast-import, with files by path; "" as content takes a file away.
func commit(message string, files ...string) string {
	var b strings.Builder
	fmt.Fprintf(&b, "commit refs/heads/main\ncommitter C <c@example.com> 1600000000 +0000\ndata %d\n%s\n", len(message), message)
	for i := 0; i < len(files); i += 2 {
		if files[i+1] == "" {
			fmt.Fprintf(&b, "D %s\n", files[i])
			continue
		}
		fmt.Fprintf(&b, "M 644 inline %s\ndata %d\n%s\n", files[i], len(files[i+1]), files[i+1])
	}
	return b.String()
}

func TestWhatIsNotWholeIsToldAndNeverApplied(t *testing.T) {
	t.Parallel()
	dir := imported(t, commit("one", "a", "1\n", "b", strings.Repeat("x\n", 5000), "c", "1\n")+
		commit("two", "a", "2\n", "b", strings.Repeat("y\n", 5000), "c", "2\n"))
	set := objects(t, dir)
	for name, o := range map[string]DiffOptions{
		"bytes": {Limits: Limits{Bytes: 5000}},
		"files": {Limits: Limits{Files: 2}},
		"time":  {Limits: Limits{Time: 1}},
	} {
		t.Run(name, func(t *testing.T) {
			for kind, write := range map[string]func(*bytes.Buffer) (string, error){
				"diff":  func(b *bytes.Buffer) (string, error) { return CommitDiff(t.Context(), set, b, id(t, dir, "main"), o) },
				"patch": func(b *bytes.Buffer) (string, error) { return Patch(t.Context(), set, b, id(t, dir, "main"), o) },
			} {
				var b bytes.Buffer
				notice, err := write(&b)
				if err != nil || !strings.Contains(notice, "not whole") || !strings.Contains(notice, "git ") {
					t.Fatalf("%s: notice %q, %v", kind, notice, err)
				}
				if !strings.Contains(b.String(), "# "+notice+"\n") {
					t.Errorf("%s: the text does not hold the notice:\n%.500s", kind, b.String())
				}
				index := []string{"GIT_INDEX_FILE=" + t.TempDir() + "/index"}
				mustTry(t, dir, "", index, "read-tree", "main~1")
				if _, said, err := try(t, dir, b.String(), index, "apply", "--cached"); err == nil || !strings.Contains(said, "without header") {
					t.Errorf("%s: git apply takes it: %s", kind, said)
				}
				if got := mustTry(t, dir, "", index, "write-tree"); got != git(t, dir, "rev-parse", "main~1^{tree}")+"\n" {
					t.Errorf("%s: git apply has changed something", kind)
				}
			}
		})
	}
}

func TestLargeFilesAreToldToDiffer(t *testing.T) {
	t.Parallel()
	large := strings.Repeat("0123456789\n", 20_000)
	dir := imported(t, commit("one", "large", large, "a", "1\n")+commit("two", "large", large+"x\n", "a", "2\n"))
	var b bytes.Buffer
	notice, err := CommitDiff(t.Context(), objects(t, dir), &b, id(t, dir, "main"), DiffOptions{Limits: Limits{Blob: 100_000}})
	if err != nil || !strings.Contains(notice, "1 files are larger than 100000 bytes") {
		t.Errorf("notice %q, %v", notice, err)
	}
	if !strings.Contains(b.String(), "Binary files a/large and b/large differ\n") || !strings.Contains(b.String(), "-1\n+2\n") {
		t.Errorf("got %s", b.String())
	}
	b.Reset()
	if notice, err := Patch(t.Context(), objects(t, dir), &b, id(t, dir, "main"), DiffOptions{Limits: Limits{Blob: 100_000}}); err != nil || notice == "" {
		t.Errorf("notice %q, %v", notice, err)
	}
	if !strings.Contains(b.String(), " large | Bin 220000 -> 220002 bytes\n") {
		t.Errorf("got %s", b.String())
	}
}

// The first bytes of a file that moved, for the diffstat, are not worth putting together one of GiBs.
func TestALargeFileThatMovedIsNotRead(t *testing.T) {
	t.Parallel()
	large := strings.Repeat("x\n", 5000)
	dir := imported(t, commit("one", "a", large, "c", "1")+commit("two", "a", "", "b", large))
	var b bytes.Buffer
	_, err := Patch(t.Context(), objects(t, dir), &b, id(t, dir, "main"), DiffOptions{Limits: Limits{Blob: 1000}})
	if err != nil || !strings.Contains(b.String(), " a => b | Bin\n") {
		t.Errorf("%v:\n%s", err, b.String())
	}
}

func TestOptions(t *testing.T) {
	t.Parallel()
	lines := strings.Repeat("line\n", 20)
	dir := imported(t, commit("one", "dir/a", lines+"x\n"+lines, "dir/b", "1 2\n", "dirt", "1\n", "bin", "\x00a")+
		commit("two", "dir/a", lines+"y\n"+lines, "dir/b", "1  2\n", "dirt", "2\n", "bin", "\x00b", "new", "1 2\n"))
	set := objects(t, dir)
	for name, c := range map[string]struct {
		o    DiffOptions
		args []string
	}{
		"nothing else":     {DiffOptions{}, []string{"--binary"}},
		"context 1":        {DiffOptions{Context: 1}, []string{"--binary", "-U1"}},
		"no context":       {DiffOptions{Context: -1}, []string{"--binary", "-U0"}},
		"all as context":   {DiffOptions{Context: 1 << 62}, []string{"--binary", "-U100000"}},
		"white space":      {DiffOptions{IgnoreSpace: true}, []string{"--binary", "-w"}},
		"binary told":      {DiffOptions{Binary: BinaryTold}, nil},
		"a folder":         {DiffOptions{Path: "dir"}, []string{"--binary", "--", "dir"}},
		"a file":           {DiffOptions{Path: "dir/a"}, []string{"--binary", "--", "dir/a"}},
		"what is not here": {DiffOptions{Path: "dir/a/b"}, []string{"--binary", "--", "dir/a/b"}},
	} {
		var b bytes.Buffer
		if _, err := CommitDiff(t.Context(), set, &b, id(t, dir, "main"), c.o); err != nil {
			t.Fatal(err)
		}
		want := mustTry(t, dir, "", nil, append([]string{"diff", "-C", "--full-index", "main~1", "main"}, c.args...)...)
		if withoutBinary(b.String()) != withoutBinary(want) {
			t.Errorf("%s: %s", name, differ(b.String(), want))
		}
	}
}

func TestMergesAndRoots(t *testing.T) {
	t.Parallel()
	dir := imported(t, commit("root", "a", "1\n")+commit("two", "b", "1\n"))
	git(t, dir, "branch", "side", "main~1")
	tree := git(t, dir, "rev-parse", "main^{tree}")
	merge := git(t, dir, "commit-tree", "-p", "side", "-p", "main", "-m", "merge", tree)
	git(t, dir, "update-ref", "refs/heads/merge", merge)
	set := objects(t, dir)
	var b bytes.Buffer
	if _, err := Patch(t.Context(), set, &b, id(t, dir, "merge"), DiffOptions{}); !errors.Is(err, ErrMerge) || b.Len() > 0 {
		t.Errorf("patch of a merge: %v, %q", err, b.String())
	}
	if _, err := CommitDiff(t.Context(), set, &b, id(t, dir, "merge"), DiffOptions{}); err != nil || b.String() != git(t, dir, "diff", "--full-index", "side", "merge")+"\n" {
		t.Errorf("diff of a merge: %v, %s", err, b.String())
	}
	b.Reset()
	if _, err := Diff(t.Context(), set, &b, oid.Zero, id(t, dir, "side^{tree}"), DiffOptions{}); err != nil || !strings.Contains(b.String(), "new file mode 100644") {
		t.Errorf("diff against nothing: %v, %s", err, b.String())
	}
	b.Reset()
	if _, err := Diff(t.Context(), set, &b, id(t, dir, "side^{tree}"), oid.Zero, DiffOptions{}); err != nil || !strings.Contains(b.String(), "deleted file mode 100644") {
		t.Errorf("diff to nothing: %v, %s", err, b.String())
	}
}

func TestSeriesEndsAtTheLimit(t *testing.T) {
	t.Parallel()
	dir := imported(t, commit("one", "a", "1\n")+commit("two", "a", strings.Repeat("2\n", 1000))+commit("three", "a", "3\n")+commit("four", "a", "4\n"))
	set := objects(t, dir)
	list := ids(t, git(t, dir, "rev-list", "--reverse", "main"))
	var b bytes.Buffer
	notice, err := Series(t.Context(), set, &b, list, DiffOptions{Limits: Limits{Bytes: 1500}})
	if err != nil || !strings.Contains(notice, "2 patches that follow are left out") {
		t.Errorf("notice %q, %v", notice, err)
	}
	if n := strings.Count(b.String(), "\nSubject: [PATCH "); n != 2 {
		t.Errorf("%d patches:\n%s", n, b.String())
	}
	b.Reset()
	if _, err := Series(t.Context(), set, &b, list, DiffOptions{Limits: Limits{Time: time.Minute}}); err != nil {
		t.Fatal(err)
	}
	want := mustTry(t, dir, "", nil, "format-patch", "--stdout", "--full-index", "-C", "--root", "--signature=Jeton", "main")
	if b.String() != want {
		t.Error(differ(b.String(), want))
	}
}

// Many trees that name each other stand for more files than any disk holds.
func TestHostileTreesEnd(t *testing.T) {
	t.Parallel()
	dir := imported(t, commit("one", "a", "1\n"))
	blob := git(t, dir, "rev-parse", "main:a")
	tree := strings.TrimSpace(mustTry(t, dir, "100644 blob "+blob+"\tf\n", nil, "mktree"))
	for range 40 {
		tree = strings.TrimSpace(mustTry(t, dir, fmt.Sprintf("040000 tree %s\ta\n040000 tree %s\tb\n", tree, tree), nil, "mktree"))
	}
	bomb, _ := oid.Parse(tree)
	var b bytes.Buffer
	notice, err := Diff(t.Context(), objects(t, dir), &b, oid.Zero, bomb, DiffOptions{Limits: Limits{Files: 100}})
	if err != nil || !strings.Contains(notice, "more than 100 files changed") {
		t.Errorf("notice %q, %v", notice, err)
	}
	if n := strings.Count(b.String(), "\nnew file mode"); n != 100 {
		t.Errorf("%d files are told, want 100", n)
	}
}
