package integration

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// oddly makes a repository of all that archives find hard, pushes it, and returns its working copy.
func oddly(t *testing.T, s *server, repo string) string {
	t.Helper()
	dir := t.TempDir()
	git(t, dir, "init", "-q", "-b", "main")
	put := func(name, content string) {
		path := filepath.Join(dir, name)
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(content), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	for name, content := range map[string]string{"plain": "x\n", "empty": "", "with space/a b": "1", "üñï/çödé": "2", "日本語": "3", "line\nbreak": "4", "Case": "5", "case": "6", "quote'\"": "7", "-dash": "8",
		"deep/" + strings.Repeat("folder-name/", 25) + "x": "9", "gone/x": "10", "gone.txt": "11", "kept/gone.txt": "12", "version": "v $Format:%H %an %ai$\n", "run": "#!/bin/sh\n", "large": strings.Repeat("0123456789abcdef", 1<<16),
		".gitattributes": "gone export-ignore\n*.txt export-ignore\nversion export-subst\n", "kept/.gitattributes": "gone.txt -export-ignore\n"} {
		put(name, content)
	}
	for i := range 10_000 {
		put(fmt.Sprintf("many/%05d", i), "")
	}
	if err := os.Chmod(filepath.Join(dir, "run"), 0o755); err != nil {
		t.Fatal(err)
	}
	for name, target := range map[string]string{"link": "plain", "out": "../../../etc/passwd", "loop": "loop"} {
		if err := os.Symlink(target, filepath.Join(dir, name)); err != nil {
			t.Fatal(err)
		}
	}
	git(t, dir, "add", "-A")
	git(t, dir, "update-index", "--add", "--cacheinfo", "160000,"+strings.Repeat("1", 40)+",module")
	git(t, dir, "commit", "-q", "-m", "all that is hard")
	git(t, dir, "commit", "-q", "--allow-empty", "-m", "again")
	git(t, dir, "branch", "feature/x")
	empty := git(t, dir, "commit-tree", "-m", "nothing", strings.TrimSpace(git(t, dir, "mktree", "--missing")))
	git(t, dir, "update-ref", "refs/heads/empty", strings.TrimSpace(empty))
	git(t, dir, "push", "-q", "--force", s.mine(repo), "--all")
	return dir
}

// program runs a program that must do well, in a folder.
func program(t *testing.T, dir, name string, args ...string) string {
	t.Helper()
	cmd := exec.Command(name, args...)
	cmd.Dir = dir
	cmd.Env = append(os.Environ(), "LC_ALL=C.UTF-8", "TZ=UTC")
	out, err := cmd.CombinedOutput()
	if err != nil {
		t.Fatalf("%s %q: %v\n%.2000s", name, args, err, out)
	}
	return string(out)
}

// unpack has a program unpack a file, and lists what came of it: kinds, modes, targets, paths and contents.
func unpack(t *testing.T, file string, command ...string) string {
	t.Helper()
	dir := t.TempDir()
	program(t, dir, command[0], append(command[1:], file)...)
	list := strings.Split(program(t, dir, "find", ".", "-mindepth", "1", "-type", "l", "-printf", `l %l %P\0`, "-o", "-mindepth", "1", "-printf", `%y %m %P\0`), "\x00")
	list = append(list, strings.Split(program(t, dir, "find", ".", "-type", "f", "-size", "+0", "-exec", "sha1sum", "-z", "{}", "+"), "\x00")...)
	slices.Sort(list)
	return strings.Join(list, "\n")
}

// fetch has curl or wget download an archive with a web token.
func (s *server) fetch(t *testing.T, with, rest string) string {
	t.Helper()
	file := filepath.Join(t.TempDir(), "archive")
	at, header := s.URL+"/"+s.Repo+"/archive/"+rest, "X-Auth-Token: "+s.Tokens["web"]
	if with == "wget" {
		program(t, "", "wget", "-q", "--header="+header, "-O", file, at)
		return file
	}
	program(t, "", "curl", "-sSf", "-H", header, "-o", file, at)
	return file
}

// TestDownloadsAreThoseOfGitArchive has real programs fetch and unpack archives beside those that git makes.
func TestDownloadsAreThoseOfGitArchive(t *testing.T) {
	s := start(t, "JETON_WEB_TOKEN_VIEWS=archive")
	dir := oddly(t, s, s.Repo)
	name := s.Repo[strings.LastIndexByte(s.Repo, '/')+1:]
	sums := map[string]string{}
	for _, c := range []struct {
		with, suffix string
		unpackers    [][]string
	}{
		{"curl", ".zip", [][]string{{"unzip", "-q"}}}, // git gives folders of a zip no modes, of which bsdtar makes others
		{"wget", ".tar", [][]string{{"tar", "-xpf"}, {"busybox", "tar", "-xpf"}}},
		{"curl", ".tar.gz", [][]string{{"tar", "-xpf"}, {"bsdtar", "-xpf"}}},
		{"wget", ".tar.zst", [][]string{{"tar", "--zstd", "-xpf"}}},
	} {
		got := s.fetch(t, c.with, "feature/x"+c.suffix)
		sums["feature/x"+c.suffix] = program(t, "", "sha256sum", got)[:64]
		format := strings.TrimSuffix(c.suffix[1:], ".zst")
		want := filepath.Join(t.TempDir(), "git."+format)
		git(t, dir, "archive", "--format="+format, "--prefix="+name+"-feature-x/", "-o", want, "feature/x")
		for _, u := range c.unpackers {
			theirs := slices.Clone(u)
			theirs = slices.DeleteFunc(theirs, func(a string) bool { return a == "--zstd" })
			if a, b := unpack(t, got, u...), unpack(t, want, theirs...); a != b {
				t.Errorf("%s by %s: this is not what git's holds:\n%s", c.suffix, u[0], apart(a, b))
			}
		}
	}
	for _, suffix := range []string{".zip", ".tar"} {
		program(t, "", "7z", "t", "-bd", s.fetch(t, "curl", "feature/x"+suffix))
	}
	if list := program(t, "", "tar", "-tf", s.fetch(t, "curl", "empty.tar")); strings.TrimSpace(list) != name+"-empty/" {
		t.Errorf("an empty tree holds %q", list)
	}
	s.same(t, "kept", sums)
	s.stop(t)
	s.env = append(s.env, "JETON_ARCHIVE_CACHE=0")
	s.run(t)
	s.same(t, "after a restart, with the cache off", sums)
	s.jeton(t, "repo", "set", s.Repo, "downloads=off")
	out, err := exec.Command("curl", "-s", "-w", "%{http_code}", "-H", "X-Auth-Token: "+s.Tokens["web"], s.URL+"/"+s.Repo+"/archive/main.zip").Output()
	if err != nil || !strings.Contains(string(out), "switched off") || !strings.HasSuffix(string(out), "403") {
		t.Errorf("switched off: %v, %q", err, out)
	}
	if log := s.log.String(); strings.Contains(log, s.Tokens["web"]) {
		t.Error("the web token stands in the log")
	}
}

// TestADownloadOfThisProjectIsThatOfGitArchive compares archives of a real repository: this one, as much of it as is here.
func TestADownloadOfThisProjectIsThatOfGitArchive(t *testing.T) {
	s := start(t, "JETON_WEB_TOKEN_VIEWS=archive")
	top := strings.TrimSpace(git(t, ".", "rev-parse", "--show-toplevel"))
	dir := filepath.Join(t.TempDir(), "own.git")
	git(t, "", "clone", "-q", "--bare", "--depth", "1", "file://"+top, dir) // a shallow clone of one is one too
	// What is pushed must not be shallow: the same tree, as a commit without parents.
	tip := strings.TrimSpace(git(t, dir, "commit-tree", "-m", "as it is", "HEAD^{tree}"))
	git(t, dir, "push", "-q", "--force", s.mine(s.Repo), tip+":refs/heads/own")
	if n := strings.Count(git(t, dir, "ls-tree", "-r", "--name-only", tip), "\n"); n < 100 {
		t.Fatalf("%s has %d files: not this project", top, n)
	}
	name := s.Repo[strings.LastIndexByte(s.Repo, '/')+1:]
	for format, unpacker := range map[string][]string{"zip": {"unzip", "-q"}, "tar.gz": {"tar", "-xpf"}} {
		want := filepath.Join(t.TempDir(), "git."+format)
		git(t, dir, "archive", "--format="+format, "--prefix="+name+"-own/", "-o", want, tip)
		if a, b := unpack(t, s.fetch(t, "curl", "own."+format), unpacker...), unpack(t, want, unpacker...); a != b {
			t.Errorf("%s: this is not what git's holds:\n%s", format, apart(a, b))
		}
	}
}

func (s *server) same(t *testing.T, when string, sums map[string]string) {
	t.Helper()
	for rest, want := range sums {
		if got := program(t, "", "sha256sum", s.fetch(t, "curl", rest))[:64]; got != want {
			t.Errorf("%s, %s: other bytes", when, rest)
		}
	}
}

// apart shows the first lines in which two lists differ.
func apart(a, b string) string {
	x, y := strings.Split(a, "\n"), strings.Split(b, "\n")
	for i := range min(len(x), len(y)) {
		if x[i] != y[i] {
			return fmt.Sprintf("%.200q\n%.200q", x[i], y[i])
		}
	}
	return fmt.Sprintf("%d and %d lines", len(x), len(y))
}
