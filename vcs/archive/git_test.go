package archive

import (
	"bytes"
	"os/exec"
	"strings"
	"testing"
)

// TestArchivesAreThoseOfGit lets real git ask the server and itself, and a real tar unpack both.
func TestArchivesAreThoseOfGit(t *testing.T) {
	dir := odd(t)
	first := git(t, dir, "rev-parse", "v1^{commit}")
	for _, args := range [][]string{
		{"HEAD"},
		{"v1"},
		{"v1-again"},
		{"heads/main"},
		{"@"},
		{"refs/tags/v1", "dir"},
		{first},
		{"--prefix=app-1.0/", "main"},
		{"--prefix=a-b/", "main", "dir", "link"},
		{"--prefix", "app-", "main"},
		{"--pre=x/", "v1"},
		{"main", "README", "dir/"},
		{"main", "--", "dir/sub", "with space"},
		{"main", "*.c"},
		{"main", "dir/*.c", "quote*"},
		{"main", "star\\*\\[x\\]"},
		{"main", "star*[x]"},
		{"main", "[rl]*"},
		{"main", "di?/[!b-z].c"},
		{"main", "module"},
		{"main", "module/"},
		{"main", "."},
		{"main", "./dir/../README"},
		{"-v", "main", "dir"},
		{"--worktree-attributes", "main", "dir"},
		{"--format=tar.gz", "main"},
		{"--format=tgz", "-9", "main"},
		{"--format=tar.gz", "-0", "main", "dir"},
	} {
		name := strings.Join(args, " ")
		want, _, wantErr := try(t, dir, nil, append([]string{"archive"}, args...)...)
		got, said, err := remote(t, dir, args...)
		if (err == nil) != (wantErr == nil) {
			t.Errorf("%s: %v, git itself: %v\n%s", name, err, wantErr, said)
			continue
		}
		if err != nil {
			continue
		}
		if a, b := unpacked(t, got, "tar", "-xpf"), unpacked(t, want, "tar", "-xpf"); a != b {
			t.Errorf("%s: this is unpacked, and that is from git's:\n%s", name, differ(a, b))
		}
		again, _, err := remote(t, dir, args...)
		if err != nil || again != got {
			t.Errorf("%s: asked twice, other bytes come: %v", name, err)
		}
	}
}

func TestTarTellsItsCommit(t *testing.T) {
	dir := odd(t)
	got, said, err := remote(t, dir, "v1")
	if err != nil {
		t.Fatalf("%v\n%s", err, said)
	}
	cmd := exec.Command("git", "get-tar-commit-id")
	cmd.Stdin = strings.NewReader(got)
	out, err := cmd.Output()
	if want := git(t, dir, "rev-parse", "v1^{commit}"); err != nil || strings.TrimSpace(string(out)) != want {
		t.Errorf("got %q, %v, want %s", out, err, want)
	}
}

// zipReader is python's, which is independent of Go's, and says more than unzip.
const zipReader = `
import sys, zipfile
z = zipfile.ZipFile(sys.argv[1])
assert z.testzip() is None
print("comment", z.comment.decode())
for i in z.infolist():
    print(i.create_system, bool(i.flag_bits & 0x800), oct(i.external_attr >> 16), i.date_time, ascii(i.filename), hash(z.read(i)) if False else len(z.read(i)))
`

func TestZipHoldsModesLinksAndNames(t *testing.T) {
	dir := odd(t)
	got, said, err := remote(t, dir, "--format=zip", "--prefix=p/", "v1")
	if err != nil {
		t.Fatalf("%v\n%s", err, said)
	}
	file := t.TempDir() + "/a.zip"
	write(t, "/", file, got)
	cmd := exec.Command("python3", "-c", zipReader, file)
	out, err := cmd.CombinedOutput()
	if err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	for _, want := range []string{
		"comment " + git(t, dir, "rev-parse", "v1^{commit}"),
		"3 False 0o40755 (2023, 11, 14, 22, 13, 20) 'p/' 0",
		"3 False 0o100644 (2023, 11, 14, 22, 13, 20) 'p/README' 8",
		"3 False 0o100755 (2023, 11, 14, 22, 13, 20) 'p/run' 10",
		"3 False 0o120777 (2023, 11, 14, 22, 13, 20) 'p/link' 6",
		`3 True 0o100644 (2023, 11, 14, 22, 13, 20) 'p/\xfc\xf1\xef/\xe7\xf6d\xe9' 1`,
		"3 False 0o40755 (2023, 11, 14, 22, 13, 20) 'p/module/' 0",
		"'p/large' 1048576",
	} {
		if !bytes.Contains(out, []byte(want)) {
			t.Errorf("lacks %q:\n%s", want, out)
		}
	}
	again, _, err := remote(t, dir, "--format=zip", "--prefix=p/", "v1")
	if err != nil || again != got {
		t.Errorf("asked twice, other bytes come: %v", err)
	}
}

// TestUnzipMakesTheSameOfBoth leaves out the one name that is no UTF-8, which unzip writes in other ways.
func TestUnzipMakesTheSameOfBoth(t *testing.T) {
	if _, err := exec.LookPath("unzip"); err != nil {
		t.Skip("unzip is not installed; python's reader tests the same archive")
	}
	dir := odd(t)
	for _, args := range [][]string{{"--format=zip", "v1", "dir", "link", "dangling", "run", "empty", "large", "module", "üñï", "日本語", "with space"}, {"--format=zip", "-9", "--prefix=x/", "main", "dir"}} {
		want, _, _ := try(t, dir, nil, append([]string{"archive"}, args...)...)
		got, said, err := remote(t, dir, args...)
		if err != nil {
			t.Fatalf("%v\n%s", err, said)
		}
		if a, b := unpacked(t, got, "unzip", "-q"), unpacked(t, want, "unzip", "-q"); a != b {
			t.Errorf("%s: this is unpacked, and that is from git's:\n%s", args, differ(a, b))
		}
	}
}

func TestRefusalsReachGitsUser(t *testing.T) {
	dir := odd(t)
	hidden := git(t, dir, "rev-parse", "refs/hidden/x")
	secret := git(t, dir, "rev-parse", "refs/hidden/x:secret")
	for _, c := range []struct {
		words string
		args  []string
	}{
		{"no such ref: nowhere", []string{"nowhere"}},
		{"no such ref: refs/hidden/x", []string{"refs/hidden/x"}},
		{"no such ref: hidden/x", []string{"hidden/x"}},
		{"no such ref: " + hidden, []string{hidden}},
		{"no such ref: " + secret, []string{secret}},
		{"no such ref: " + strings.Repeat("1", 40), []string{strings.Repeat("1", 40)}},
		{"no such ref: main~1", []string{"main~1"}},
		{`no such ref: a\x1b]0;x\x07`, []string{"a\x1b]0;x\x07"}},
		{"not a tree object", []string{"blob"}},
		{"not a tree object", []string{"main:README"}},
		{"not a valid object name: main:nowhere", []string{"main:nowhere"}},
		{"not a valid object name: main:README/x", []string{"main:README/x"}},
		{"not a valid object name: main:module", []string{"main:module"}},
		{"pathspec 'nowhere' did not match any files", []string{"main", "dir", "nowhere"}},
		{"pathspec 'README/' did not match any files", []string{"main", "README/"}},
		{"outside repository", []string{"main", "../x"}},
		{"pathspec 'd?r' did not match any files", []string{"main", "d?r"}}, // git answers with an archive of nothing
		{"magic", []string{"main", ":!dir"}},
		{"Unknown archive format 'rar'", []string{"--format=rar", "main"}},
		{"Argument not supported for format 'tar': -5", []string{"-5", "main"}},
		{"-0 to -9", []string{"--format=zip", "-12", "main"}},
		{"--mtime=yesterday is not understood", []string{"--mtime=yesterday", "main"}},
		{"extra command line parameter 'main'", []string{"--list", "main"}},
	} {
		out, said, err := remote(t, dir, c.args...)
		if err == nil || !strings.Contains(said, "remote: fatal: ") || !strings.Contains(said, c.words) {
			t.Errorf("%q: got %v, %d bytes and %q; want the words %q", c.args, err, len(out), said, c.words)
		}
		if strings.Contains(out, "secret") {
			t.Errorf("%q: what is hidden was sent", c.args)
		}
	}
}

func TestTreesAndTimes(t *testing.T) {
	dir := odd(t)
	tree := git(t, dir, "rev-parse", "v1:dir")
	for _, c := range []struct {
		args []string
		when string
	}{
		{[]string{"v1:dir"}, "1700000001"},
		{[]string{"v1:dir/"}, "1700000001"},
		{[]string{"v1:dir/sub"}, "1700000001"},
		{[]string{"v1:", "dir"}, "1700000001"},
		{[]string{"tree"}, "0"},
		{[]string{tree}, "0"},
		{[]string{"--mtime=@1234567890", "main", "dir"}, "1234567890"},
		{[]string{"--mtime", "2001-09-09T01:46:40Z", "main", "dir"}, "1000000000"},
	} {
		got, said, err := remote(t, dir, c.args...)
		if err != nil {
			t.Errorf("%q: %v\n%s", c.args, err, said)
			continue
		}
		for line := range strings.Lines(unpacked(t, got, "tar", "-xpf")) {
			if strings.HasPrefix(line, "f ") && !strings.HasPrefix(line, "f 664 "+c.when+" ") {
				t.Errorf("%q: got %q, want the time %s", c.args, line, c.when)
			}
		}
	}
}

func TestListNamesTheFormats(t *testing.T) {
	dir := odd(t)
	want, _, err := try(t, dir, nil, "archive", "--list", "--remote=.")
	if err != nil {
		t.Fatal(err)
	}
	for _, arg := range []string{"--list", "-l"} {
		if got, said, err := remote(t, dir, arg); err != nil || got != want+"tar.zst\n" {
			t.Errorf("%s: got %q, %v %s; want %q and tar.zst", arg, got, err, said, want)
		}
	}
}
