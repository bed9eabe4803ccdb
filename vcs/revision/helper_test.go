package revision

import (
	"bytes"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"jeton/vcs/rules"
	"jeton/vcs/storage"
	"jeton/vcs/storage/disk"
)

// git runs the real git, with a clock that stands still, so that ids are the same every time.
func git(t testing.TB, dir string, args ...string) string {
	t.Helper()
	return gitInput(t, dir, "", args...)
}

func gitInput(t testing.TB, dir, input string, args ...string) string {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), "git", args...)
	cmd.Dir = dir
	cmd.Env = append(os.Environ(), "GIT_CONFIG_NOSYSTEM=1", "GIT_CONFIG_GLOBAL=/dev/null", "LC_ALL=C", "TZ=UTC", "GIT_AUTHOR_NAME=A", "GIT_AUTHOR_EMAIL=a@example.com",
		"GIT_COMMITTER_NAME=A", "GIT_COMMITTER_EMAIL=a@example.com", "GIT_AUTHOR_DATE=1700000000 +0100", "GIT_COMMITTER_DATE=1700000001 +0100")
	cmd.Stdin = strings.NewReader(input)
	var out, errs bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &errs
	if err := cmd.Run(); err != nil {
		t.Fatalf("git %s: %v\n%s", strings.Join(args, " "), err, errs.String())
	}
	return strings.TrimSpace(out.String())
}

// bare makes an empty repository.
func bare(t testing.TB) string {
	t.Helper()
	dir := filepath.Join(t.TempDir(), "app.git")
	git(t, "", "init", "-q", "--bare", "-b", "main", dir)
	return dir
}

// commit makes a commit of one file, whose text is its message, and returns its id; parent may be "".
func commit(t testing.TB, dir, parent, message string) string {
	t.Helper()
	blob := gitInput(t, dir, message, "hash-object", "-w", "--stdin")
	tree := gitInput(t, dir, "100644 blob "+blob+"\tfile\n", "mktree")
	return commitTree(t, dir, parent, message, tree)
}

func commitTree(t testing.TB, dir, parent, message, tree string) string {
	t.Helper()
	args := []string{"commit-tree", "-m", message, tree}
	if parent != "" {
		args = append(args, "-p", parent)
	}
	return git(t, dir, args...)
}

// open is a view of a repository.
func open(t testing.TB, dir string) *storage.View {
	t.Helper()
	repo, err := disk.Open(t.Context(), dir, "1", disk.Options{})
	if err != nil {
		t.Fatal(err)
	}
	view, err := repo.View(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { view.Close(); repo.Close() })
	return view
}

// finder is one for a reader who sees everything but refs/hidden.
func finder(t testing.TB, dir string) *Finder {
	t.Helper()
	return New(open(t, dir), &rules.Rules{Hidden: []string{"refs/hidden"}}, Options{})
}
