package archive

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"jeton/vcs/rules"
	"jeton/vcs/storage"
	"jeton/vcs/storage/disk"
)

// serveVariable makes the test binary what ssh starts at the other end: it serves the repository in this folder.
const serveVariable = "JETON_TEST_ARCHIVE"

func TestMain(m *testing.M) {
	if dir := os.Getenv(serveVariable); dir != "" {
		if err := serveStdin(dir); err != nil {
			os.Exit(1)
		}
		os.Exit(0)
	}
	var err error
	if made, err = os.MkdirTemp("", "jeton-archive-"); err != nil {
		panic(err)
	}
	code := m.Run()
	_ = os.RemoveAll(made)
	os.Exit(code)
}

// made is a folder for what all tests begin with, each with a copy of its own.
var made string

func serveStdin(dir string) error {
	ctx := context.Background()
	repo, err := disk.Open(ctx, dir, "1", disk.Options{})
	if err != nil {
		return err
	}
	defer repo.Close()
	return New(Options{}).Serve(ctx, repo, rules.Rules{Hidden: []string{"refs/hidden"}}, os.Stdin, os.Stdout)
}

// try runs the real git and returns what it printed and what it said.
func try(t testing.TB, dir string, env []string, args ...string) (out, said string, err error) {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), "git", args...)
	cmd.Dir = dir
	cmd.Env = append(append(os.Environ(), "GIT_CONFIG_NOSYSTEM=1", "GIT_CONFIG_GLOBAL=/dev/null", "LC_ALL=C", "TZ=UTC", "GIT_AUTHOR_NAME=A",
		"GIT_AUTHOR_EMAIL=a@example.com", "GIT_COMMITTER_NAME=A", "GIT_COMMITTER_EMAIL=a@example.com", "GIT_COMMITTER_DATE=1700000001 +0100"), env...)
	var stdout, stderr bytes.Buffer
	cmd.Stdout, cmd.Stderr = &stdout, &stderr
	err = cmd.Run()
	return stdout.String(), stderr.String(), err
}

func git(t testing.TB, dir string, args ...string) string {
	t.Helper()
	out, said, err := try(t, dir, nil, args...)
	if err != nil {
		t.Fatalf("git %s: %v\n%s", strings.Join(args, " "), err, said)
	}
	return strings.TrimSpace(out)
}

// remote runs `git archive --remote` against the server.
func remote(t testing.TB, dir string, args ...string) (out, said string, err error) {
	t.Helper()
	env := []string{serveVariable + "=" + dir, "GIT_SSH_COMMAND=" + os.Args[0], "GIT_SSH_VARIANT=simple"}
	return try(t, "", env, append([]string{"archive", "--remote=ssh://host/app"}, args...)...)
}

// write puts a file into a working copy.
func write(t testing.TB, dir, name, content string) {
	t.Helper()
	path := filepath.Join(dir, name)
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, []byte(content), 0o644); err != nil {
		t.Fatal(err)
	}
}

// odd returns the bare folder of a repository with everything that an archive finds hard. v1 is a tag of main,
// refs/hidden/x is hidden from clients, and holds "secret".
func odd(t testing.TB) string {
	t.Helper()
	first, own := filepath.Join(made, "app.git"), filepath.Join(t.TempDir(), "app.git")
	if _, err := os.Stat(first); err != nil {
		makeOdd(t, first+".new")
		if err := os.Rename(first+".new", first); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.CopyFS(own, os.DirFS(first)); err != nil {
		t.Fatal(err)
	}
	return own
}

func makeOdd(t testing.TB, bare string) {
	t.Helper()
	src := t.TempDir()
	git(t, src, "init", "-q", "-b", "main")
	long := strings.Repeat("long-name-", 12)
	for name, content := range map[string]string{
		"README": "read me\n", "empty": "", "dir/a.c": "a", "dir/b.h": "b", "dir/sub/c.c": "c", "with space/x y": "1", "quote'\"s": "2", "line\nbreak": "3",
		"üñï/çödé": "4", "日本語/ファイル": "5", "bytes-\xff\xfe": "6", long: "7", "deep/" + strings.Repeat(long+"/", 3) + "x": "8", "star*[x]": "9", "-dash": "10", "run": "#!/bin/sh\n",
		"large": strings.Repeat("0123456789abcdef", 1<<16), // 1 MiB, read in a stream
	} {
		write(t, src, name, content)
	}
	if err := os.Chmod(filepath.Join(src, "run"), 0o755); err != nil {
		t.Fatal(err)
	}
	for name, target := range map[string]string{"link": "README", "dangling": "../nowhere/ü", "far": strings.Repeat("x/", 90) + "y"} {
		if err := os.Symlink(target, filepath.Join(src, name)); err != nil {
			t.Fatal(err)
		}
	}
	git(t, src, "add", "-A")
	git(t, src, "update-index", "--add", "--cacheinfo", "160000,"+strings.Repeat("1", 40)+",module")
	git(t, src, "commit", "-q", "-m", "one")
	git(t, src, "tag", "-a", "-m", "one", "v1")
	git(t, src, "tag", "-a", "-m", "two", "v1-again", "v1")
	write(t, src, "dir/a.c", "another")
	git(t, src, "commit", "-q", "-a", "-m", "two")
	git(t, src, "tag", "blob", "HEAD:README")
	git(t, src, "tag", "tree", "HEAD:dir")
	write(t, src, "secret", "secret")
	git(t, src, "checkout", "-q", "-b", "hidden")
	git(t, src, "add", "secret")
	git(t, src, "commit", "-q", "-m", "hidden")
	git(t, "", "clone", "-q", "--bare", "-b", "main", src, bare)
	git(t, bare, "update-ref", "refs/hidden/x", "hidden")
	git(t, bare, "update-ref", "-d", "refs/heads/hidden")
}

// view opens a repository for one test.
func view(t testing.TB, dir string) *storage.View {
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
	return v
}

// unpacked lists what a real program makes of an archive: kind, mode, time, target, path and content of each. Links have no
// time: unzip gives them none.
func unpacked(t testing.TB, archive string, command ...string) string {
	t.Helper()
	dir := t.TempDir()
	file := filepath.Join(t.TempDir(), "archive")
	if err := os.WriteFile(file, []byte(archive), 0o600); err != nil {
		t.Fatal(err)
	}
	run := func(name string, args ...string) string {
		cmd := exec.CommandContext(t.Context(), name, args...)
		cmd.Dir = dir
		cmd.Env = append(os.Environ(), "LC_ALL=C.UTF-8", "TZ=UTC")
		out, err := cmd.CombinedOutput()
		if err != nil {
			t.Fatalf("%s %q: %v\n%s", name, args, err, out)
		}
		return string(out)
	}
	run(command[0], append(command[1:], file)...)
	list := run("find", ".", "-mindepth", "1", "-type", "l", "-printf", `%y %m %l %p\0`, "-o", "-mindepth", "1", "-printf", `%y %m %Ts %p\0`)
	lines := strings.Split(list, "\x00")
	sums := run("find", ".", "-type", "f", "-exec", "sha1sum", "-z", "{}", "+")
	lines = append(lines, strings.Split(sums, "\x00")...)
	slices.Sort(lines)
	return strings.Join(lines, "\n")
}

// differ shows the first lines in which two lists differ.
func differ(a, b string) string {
	x, y := strings.Split(a, "\n"), strings.Split(b, "\n")
	for i := range min(len(x), len(y)) {
		if x[i] != y[i] {
			return fmt.Sprintf("%.300q\n%.300q", x[i], y[i])
		}
	}
	return fmt.Sprintf("%d and %d lines", len(x), len(y))
}
