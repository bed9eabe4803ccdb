package sample

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"jeton/vcs/storage"
	"jeton/vcs/storage/disk"
)

// git is the oracle: it reads what was made.
func git(t *testing.T, dir string, args ...string) string {
	t.Helper()
	cmd := exec.Command("git", args...)
	cmd.Dir = dir
	cmd.Env = []string{"PATH=" + os.Getenv("PATH"), "HOME=" + t.TempDir(), "GIT_CONFIG_NOSYSTEM=1", "LC_ALL=C"}
	out, err := cmd.CombinedOutput()
	if err != nil {
		t.Fatalf("git %s: %v\n%s", strings.Join(args, " "), err, out)
	}
	return string(out)
}

func TestTheSampleIsWhatGitCallsValid(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "hello.git")
	if err := disk.Create(t.Context(), dir); err != nil {
		t.Fatal(err)
	}
	repo, err := disk.Open(t.Context(), dir, "hello", disk.Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = repo.Close() }()
	ada := storage.Actor{ID: "1", Name: "ada", Email: "ada@example.com"}
	if err := Fill(t.Context(), repo, ada, time.Unix(1_700_000_000, 0)); err != nil {
		t.Fatal(err)
	}
	if out := git(t, dir, "fsck", "--strict", "--full"); strings.Contains(out, "error") || strings.Contains(out, "dangling") || strings.Contains(out, "warning") {
		t.Errorf("git fsck: %s", out)
	}
	if got := git(t, dir, "log", "--format=%an %s", "main"); strings.Count(got, "ada ") != 3 {
		t.Errorf("the history is %q", got)
	}
	if got := strings.TrimSpace(git(t, dir, "describe", "main")); got != "v1.0" {
		t.Errorf("the head is described as %q", got)
	}
	if got := git(t, dir, "show", "main:hello.sh"); !strings.HasPrefix(got, "#!/bin/sh") {
		t.Errorf("hello.sh is %q", got)
	}
	if err := Fill(t.Context(), repo, ada, time.Unix(1_700_000_001, 0)); err == nil {
		t.Error("a repository that is not empty was filled again")
	}
}
