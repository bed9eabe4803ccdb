package pretty

import (
	"bytes"
	"errors"
	"os"
	"os/exec"
	"strings"
	"testing"
	"time"

	"jeton/vcs/oid"
)

const emptyTree = "4b825dc642cb6eb9a060e54bf8d69288fbee4904"

// commits are raw ones that differ in all that placeholders tell.
var commits = map[string]string{
	"plain":     "tree " + emptyTree + "\nauthor Ada L <ada@example.com> 1700000000 +0130\ncommitter Bob <bob@example.com> 1700003600 -0800\n\nSubject: a b\n\nBody\n\nof it\n",
	"merge":     "tree " + emptyTree + "\nparent " + strings.Repeat("1", 40) + "\nparent " + strings.Repeat("2", 40) + "\nauthor A <a@x> 1 +0000\ncommitter C <c@x> 2 +0000\n\nm",
	"empty":     "tree " + emptyTree + "\nauthor A <a@x> 1 +0000\ncommitter C <c@x> 2 +0000\n\n",
	"folded":    "tree " + emptyTree + "\nauthor A <a@x> 1 +0000\ncommitter C <c@x> 2 +0000\n\n\n\n  one  \ntwo\t\n \nbody  \n\n\n",
	"latin1":    "tree " + emptyTree + "\nauthor J\xf6rg <j@x> 1 +0000\ncommitter J\xf6rg <j@x> 2 +0000\nencoding ISO-8859-1\n\ngr\xfc\xdfe \x80\n\nm\xe4h\n",
	"utf8":      "tree " + emptyTree + "\nauthor Jörg <j@x> 1 +0000\ncommitter 日本 <j@x> 2 +0000\n\ngrüße..und--mehr ...\n",
	"no person": "tree " + emptyTree + "\nauthor nobody\ncommitter C <c> x y\n\nx\n",
	"no name":   "tree " + emptyTree + "\nauthor <a@x@y> 1 +0000\ncommitter  <> 2 +0545\n\n.x.. [y] _z. -\n",
	"signed":    "tree " + emptyTree + "\nauthor A <a@x> 1 +0000\ncommitter C <c@x> 4102444800 +1400\ngpgsig -----BEGIN PGP SIGNATURE-----\n author X <x@x> 5 +0000\n -----END PGP SIGNATURE-----\n\nsigned\n",
}

var formats = []string{
	"%H %h %T %t %P|%p|", "%an|%aN|%ae|%aE|%al|%aL|", "%ad|%aD|%at|%ai|%as|", "%cn|%cN|%ce|%cE|%cl|%cL|", "%cd|%cD|%ct|%ci|%cs|", "%s|%f|%e|", "%b|", "%B|",
	"%n%%%m%x41%x0a%xZZ%x4", "%z %", "%%H %a %az %c", "a%+s b%-b c% b d", "%n%n%-b|%+b|% b|%+z|%-", "%Cred%Cgreen%Cblue%Creset%C(red)|", "%gD%gd%gn%gs|", "%x", "%-%+% %",
}

func git(t testing.TB, dir, input string, args ...string) string {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), "git", args...)
	cmd.Dir, cmd.Stdin = dir, strings.NewReader(input)
	cmd.Env = append(os.Environ(), "GIT_CONFIG_NOSYSTEM=1", "GIT_CONFIG_GLOBAL=/dev/null", "LC_ALL=C.UTF-8")
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("git %s: %v", strings.Join(args, " "), err)
	}
	return string(out)
}

// TestPlaceholdersAreFilledInAsGitDoes asks git for the same formats, with short ids as long as ours.
func TestPlaceholdersAreFilledInAsGitDoes(t *testing.T) {
	dir := t.TempDir()
	git(t, dir, "", "init", "-q", "--bare")
	git(t, dir, "", "hash-object", "-w", "-t", "tree", "--stdin")
	for name, raw := range commits {
		id := strings.TrimSpace(git(t, dir, raw, "hash-object", "-t", "commit", "-w", "--literally", "--stdin"))
		at, _ := oid.Parse(id)
		c, err := Parse(at, []byte(raw))
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		if name == "merge" || name == "no person" { // git log would look for the parents, and leaves some of nobody's placeholders alone
			continue
		}
		want := git(t, dir, "", "-c", "core.abbrev=12", "log", "--no-walk", "-1", "--no-color", "--format=format:"+strings.Join(formats, "\x01"), id)
		for i, want := range strings.Split(want, "\x01") {
			got, err := Fill([]byte(opening+formats[i]+"$"), c, 1<<20)
			if err != nil || string(got) != want {
				t.Errorf("%s, %q: got %q, %v, git has %q", name, formats[i], got, err, want)
			}
		}
	}
}

func parsed(t testing.TB, name string) *Commit {
	t.Helper()
	id, _ := oid.Parse(strings.Repeat("ab", 20))
	c, err := Parse(id, []byte(commits[name]))
	if err != nil {
		t.Fatal(err)
	}
	return c
}

func TestFilesAreFilledIn(t *testing.T) {
	long := strings.Repeat("ab", 20)
	for _, c := range []struct{ name, in, out string }{
		{"none", "plain $Id$ $Format", "plain $Id$ $Format"},
		{"one", "v = '$Format:%H$'\n", "v = '" + long + "'\n"},
		{"two", "$Format:%h$$Format:%an$", long[:12] + "Ada L"},
		{"never closed", "$Format:%H$ $Format:%H", long + " $Format:%H"},
		{"over lines", "$Format:%an\n%cn$!", "Ada L\nBob!"},
		{"empty", "<$Format:$>", "<>"},
		{"NUL", "$Format:%an\x00%cn$", "Ada L"},
		{"of refs", "<$Format:%d%D%N%(describe)%(describe:tags=1)%(decorate:prefix=)$>", "<>"},
		{"of the day and of keys", "<$Format:%ar%ah%cr%ch%G?%GS%GK$>", "<>"},
		{"zone by the letter", "$Format:%aI$", "2023-11-14T23:43:20+01:30"},
		{"left alone", "$Format:%(trailers) %<(9)%an %w(1,2)%S %(describe$", "%(trailers) %<(9)Ada L %w(1,2)%S %(describe"},
	} {
		if got, err := Fill([]byte(c.in), parsed(t, "plain"), 1<<20); err != nil || string(got) != c.out {
			t.Errorf("%s: got %q, %v, want %q", c.name, got, err, c.out)
		}
	}
	if got, err := Fill([]byte("<$Format:%an%aN%ae%al%ad%aI%at%as%cd%ct$>"), parsed(t, "no person"), 100); err != nil || string(got) != "<>" {
		t.Errorf("of nobody, %q is told, %v", got, err)
	}
	if got, _ := Fill([]byte("$Format:%P %p %cI$"), parsed(t, "merge"), 1<<20); string(got) != strings.Repeat("1", 40)+" "+strings.Repeat("2", 40)+" 111111111111 222222222222 1970-01-01T00:00:02Z" {
		t.Errorf("parents are %q", got)
	}
}

func TestWhatBecomesTooLargeIsRefused(t *testing.T) {
	for _, in := range []string{"$Format:" + strings.Repeat("%B", 1000) + "$", strings.Repeat("$Format:%B$", 1000), "$Format:%n$" + strings.Repeat("x", 10_000), "$Format:" + strings.Repeat("x", 10_000) + "$"} {
		if _, err := Fill([]byte(in), parsed(t, "plain"), 5000); !errors.Is(err, ErrTooLarge) {
			t.Errorf("%.30q: %v", in, err)
		}
	}
}

// A message is looked through once, and not for each of the millions of placeholders that a file can hold.
func TestALargeMessageIsNoBomb(t *testing.T) {
	for name, message := range map[string]string{"blank": strings.Repeat("\n", 8<<20), "no letters": strings.Repeat("/", 8<<20)} {
		raw := "tree " + strings.Repeat("ab", 20) + "\nauthor A <a@example.com> 1 +0000\ncommitter A <a@example.com> 1 +0000\n\n" + message
		c, err := Parse(oid.Zero, []byte(raw))
		if err != nil {
			t.Fatal(err)
		}
		start := time.Now()
		if _, err := Fill([]byte("$Format:"+strings.Repeat("%f%-b", 1000)+"$"), c, 16<<20); err != nil {
			t.Errorf("%s: %v", name, err)
		}
		if took := time.Since(start); took > 5*time.Second {
			t.Errorf("%s: 2,000 placeholders take %s", name, took)
		}
	}
}

func TestParseRefusesWhatIsNoCommit(t *testing.T) {
	if _, err := Parse(oid.Zero, []byte("tree x\n")); err == nil {
		t.Error("a tree line without an id is taken")
	}
}

func FuzzFill(f *testing.F) {
	for _, format := range formats {
		f.Add([]byte("x"+opening+format+"$y"), []byte(commits["latin1"]))
	}
	f.Add([]byte(opening+"%-%+% % s$"), []byte("tree "+emptyTree+"\nauthor > < 9 +99999\ncommitter <> 99999999999999 -\nencoding utf-16\n\n\xff"))
	f.Fuzz(func(t *testing.T, content, raw []byte) {
		c, err := Parse(oid.Zero, raw)
		if err != nil {
			return
		}
		got, err := Fill(content, c, 1<<16)
		if err == nil && !bytes.Contains(content, []byte(opening)) && !bytes.Equal(got, content) {
			t.Errorf("%q became %q", content, got)
		}
		if err == nil && len(got) > 1<<16 && bytes.Contains(content, []byte(opening)) {
			t.Errorf("%d bytes came out", len(got))
		}
	})
}
