package browse

import (
	"bytes"
	"os"
	"os/exec"
	"strings"
	"testing"

	"jeton/vcs/oid"
	"jeton/vcs/pack"
	"jeton/vcs/storage/disk"
)

// try runs the real git with an input and returns what it printed and what it said.
func try(t testing.TB, dir, in string, env []string, args ...string) (out, said string, err error) {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), "git", args...)
	cmd.Dir = dir
	cmd.Env = append(append(os.Environ(), "GIT_CONFIG_NOSYSTEM=1", "GIT_CONFIG_GLOBAL=/dev/null", "LC_ALL=C", "TZ=UTC", "GIT_AUTHOR_NAME=A",
		"GIT_AUTHOR_EMAIL=a@example.com", "GIT_COMMITTER_NAME=A", "GIT_COMMITTER_EMAIL=a@example.com", "GIT_COMMITTER_DATE=1700000001 +0100"), env...)
	cmd.Stdin = strings.NewReader(in)
	var stdout, stderr bytes.Buffer
	cmd.Stdout, cmd.Stderr = &stdout, &stderr
	err = cmd.Run()
	return stdout.String(), stderr.String(), err
}

func git(t testing.TB, dir string, args ...string) string {
	t.Helper()
	out, said, err := try(t, dir, "", nil, args...)
	if err != nil {
		t.Fatalf("git %s: %v\n%s", strings.Join(args, " "), err, said)
	}
	return strings.TrimSpace(out)
}

// objects opens what a bare repository holds.
func objects(t testing.TB, dir string) *pack.Set {
	t.Helper()
	repo, err := disk.Open(t.Context(), dir, "1", disk.Options{})
	if err != nil {
		t.Fatal(err)
	}
	v, err := repo.View(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		v.Close()
		_ = repo.Close()
	})
	return v.Objects
}

// id resolves a revision by git.
func id(t testing.TB, dir, rev string) oid.ID {
	t.Helper()
	hex := git(t, dir, "rev-parse", "--verify", rev)
	id, ok := oid.Parse(hex)
	if !ok {
		t.Fatalf("%s is %q, and no id", rev, hex)
	}
	return id
}

// ids reads one id a line.
func ids(t testing.TB, text string) []oid.ID {
	t.Helper()
	var all []oid.ID
	for _, hex := range strings.Fields(text) {
		id, ok := oid.Parse(hex)
		if !ok {
			t.Fatalf("%q is no id", hex)
		}
		all = append(all, id)
	}
	return all
}
