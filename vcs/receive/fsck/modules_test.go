package fsck

import (
	"fmt"
	"strings"
	"testing"

	"github.com/go-git/go-git/v5/plumbing"
)

// urls are addresses of submodules, good and bad in all ways that git distinguishes.
var urls = []string{
	"https://example.com/x.git", "http://example.com", "ftp://example.com/x", "ftps://e/x", "git://example.com/x", "ssh://git@example.com/x", "git@example.com:x.git", "/srv/x", "x", "",
	"../x", "./x", "../../x", "..", ".", "./", "../", `..\x`, `.\x`, "...", ".x/y",
	"-u./x", "--upload-pack=x", "./-x", "../:x", "..//x", "../../:x", "./:x", ".//x", "./../:x", "../.:x", `..\:x`, `..\/x`, `../\x`, "../x:y",
	"git://x/%0a", "git://x/%0A.y", "git://x/a\nb", "../%0a", "./a%0ab", "../%0", "../%00%0a", "../%zz", "..%0a/", "x%0a", "/x%0a", "ssh://x/%0a", "x\ny",
	"https://x/%0a", "https://x/a\nb", "https://x/a%0Ab?c", "https://x?a%0a", "https://u%0a@x/", "https://x/%250a", "https://x/%zz", "https://x/%4", "https://x/%", "https://%41/x",
	"http::x", "https::example.com/x", "https:::x", "https::", "https::http://example.com/x", "https::ssh://x", "http::://x", "https::x://y", "ftp::1://x",
	"https:///x", "http://", "https://:80/", "https://u@/", "https://u:p@h:80/x", "https://@h/", "https://h:/", "https://h:0/", "https://h:00080/", "https://h:65535/", "https://h:65536/", "https://h:8x/", "https://h:99999999999999/",
	"https://[::1]/x", "https://[::1]:8080/x", "https://[::1/x", "https://::1/x", "https://a_b/x", "https://a b/x", "https://é/x", "https://a,b/x", "https://h#f", "https://h?q",
	"https://h/../x", "https://h/a/../x", "https://h/a/../../x", "https://h/%2e%2e/x", "https://h/./x", "https://h/..", "https://h/a/..", "https://h/a/b/../..", "https://h//../x", "https://h/?/../..", "https://h/a//../../..",
	"HTTP://h/%0a", "Https::x", "http:/x", "http:x", "https//x", "file:///x", "file://h:1/x", "https://a@b@c/x", "https://u:p:q@h/x", "https://h/a@b", "https://h:80:90/x", "https://a:b/x",
}

// moduleNames are names of submodules.
var moduleNames = []string{"x", "", "..", ".", "...", "a/..", "../a", "a/../b", `a\..`, `..\a`, "a/...", "a..b", "/..", "a/.. ", "..a", "-x", "a/", `\`, "é", "a.b", "x\\\"y"}

// modules are whole files, in the format's every corner.
var modules = []string{
	"", "\n", "[submodule \"x\"]\n\turl = x\n\tpath = p\n", "[submodule \"x\"]url=-x", "[submodule \"x\"] url = \"-x\" ; c\n", "[SubModule \"x\"]\nURL=-x", "[submodule.x]\nurl=-x", "[submodule.X.y]\nurl=-x",
	"[submodule]\nurl=-x", "[submodule \"..\"]\n", "[submodule \"..\"]\na", "[submodule\t\t\"..\"]\na=b", "[submodule \"..\" ]\na", "[submodule\"..\"]\na", "[other \"..\"]\na=b\n", "url=-x", "[submodule \"x\"\n]\na",
	"[submodule \"a\\\n\"]\n", "[submodule \"a\nb\"]\n", "[submodule \"x\"]\nurl", "[submodule \"x\"]\nurl = \n", "[submodule \"x\"]\nurl = a\\\n-x\n", "[submodule \"x\"]\nurl = \\\n-x\n", "[submodule \"x\"]\nurl = \"a\n", "[submodule \"x\"]\nurl = a\\q\n",
	"[submodule \"x\"]\nurl = ../x\\ny", "[submodule \"x\"]\nurl = ../x\\t\\b\\\\\\\"y", "[submodule \"x\"]\npath = -p", "[submodule \"x\"]\npath = \"-p\"", "[submodule \"x\"]\npath = ' -p'", "[submodule \"x\"]\nupdate = !cmd", "[submodule \"x\"]\nupdate = none", "[submodule \"x\"]\nupdate",
	"[submodule \"x\"]\nupdate = bogus", "[submodule \"x\"]\r\nurl = -x\r\n", "[submodule \"x\"]\rurl = -x\r", "\xef\xbb[submodule \"x\"]\nurl=-x", "x\ufeff", "[submodule \"x\x00..\"]\nurl=-x", "[submodule \"x\"]\nurl=a\x00b\n", "[submodule \"x\"]\nurl=-\x00b\n", "\x00",
	"[submodule \"x\"]\n1a=b", "[submodule \"x\"]\na_b=c", "[submodule \"x\"]\n-a=c", "[submodule \"x\"]\na b=c", "[submodule \"x\"]\na\t =\t c", "[a b]\n", "[a", "[a\n]", "[a_b]", "[]\nx=y", "[.]\nx=y", "[submodule.]\nx=y", "#c\n;c\n", "#c", "[submodule \"x\"]#c\n", "[submodule \"x\"]\nurl=a#-x", "[submodule \"x\"]\nurl=\"#\" -x",
	"[submodule \"x\"]\nurl=-x\nbroken broken\n", "[submodule \"x\"]\nurl.x=-x", "[submodule \"x\"]\n  url\n=-x", "<html>", "[submodule \"x\"] [submodule \"..\"] a=b", "[submodule \"x\"]\nu-1=2\n", "[submodule \"x\"]\nurl = a\n\\\n", "[submodule \"x\"]\nurl=\\",
	"[submodule \"x\"]\nurl=\"\\", "[submodule \"x\"]\nurl=\"a", "[submodule \"x\"]\nurl=x\\\r\ny", "[submodule \"x\\", "[submodule \"x\"]\v\nurl=-x", "[submodule \"x\"]\nurl", "[submodule \"x\"]\nurl ", "[submodule \"x\"]\nurl\t\r\n", "[submodule \"x\"]\npath=\n-p",
}

// module is a file of one submodule; what stands in quotes is written so that it comes out as it is.
func module(name, key, value string) string {
	quoted := strings.NewReplacer(`\`, `\\`, `"`, `\"`, "\n", `\n`).Replace(value)
	return fmt.Sprintf("[submodule \"%s\"]\n\t%s = \"%s\"\n", name, key, quoted)
}

func TestModulesAgreeWithGit(t *testing.T) {
	s := newStore(t)
	list := append([]string(nil), modules...)
	for _, url := range urls {
		list = append(list, module("x", "url", url))
	}
	for _, name := range moduleNames {
		list = append(list, module(strings.ReplaceAll(name, `\`, `\\`), "path", "p"), module(name, "path", "p"))
	}
	for _, content := range list {
		id := s.add(plumbing.BlobObject, content)
		s.add(plumbing.TreeObject, "100644 .gitmodules\x00"+string(id[:]))
	}
	long := strings.Repeat("x", maxLine-1)
	for _, content := range []string{"", long, long + "\n" + long, long + "y", "a\n" + long + "y\nb", long + "\r\n", "\x00" + long + long, long + "\x00y", "\n" + long + "y\n"} {
		id := s.add(plumbing.BlobObject, content)
		s.add(plumbing.TreeObject, "100644 .gitattributes\x00"+string(id[:]))
	}
	s.compare("")
}

// modules is a file made of pieces, of which some fit together.
func (r *rnd) modules() string {
	if r.IntN(3) == 0 {
		return r.damaged(pick(r, modules...))
	}
	if r.IntN(2) == 0 {
		return module(pick(r, "x", pick(r, moduleNames...)), "url", r.damaged(pick(r, urls...)))
	}
	var b strings.Builder
	for range r.IntN(12) {
		b.WriteString(pick(r, "[submodule \"x\"]", "[submodule \"..\"]", "\n", "\n", "url", "path", "update", "=", " = ", " ", "-x", "!x", "\"", "\\", "\\n", "#", ";", "\r\n", "\t", "../", ":", "a", "[", "]", "\x00", "https://h/x", "%0a"))
	}
	return b.String()
}

// Which addresses are refused is known from git's source of 2.45 and later; the git beside the test may be an older one.
func TestAddresses(t *testing.T) {
	for _, bad := range []string{
		"-u./x", "--upload-pack=x", "../:x", "..//x", "../../:x", "./../:x", `..\:x`, "../%0a", "git://x/%0a", "git://x/a\nb",
		"https://x/%0a", "https://x/a\nb", "https://x?a%0a", "https://u%0a@x/", "https://x/%zz", "https://x/%4", "https://x/%", "https://%41/x",
		"http::x", "https::", "https::example.com/x", "https:::x", "ftp::1://x", "http::://x", "https:///x", "http://", "https://:80/", "https://u@/",
		"https://h:0/", "https://h:65536/", "https://h:8x/", "https://h:99999999999999/", "https://::1/x", "https://a b/x", "https://é/x", "https://a,b/x", "https://a@b@c/x", "https://a:b/x",
		"https://h/../x", "https://h/a/../../x", "https://h/%2e%2e/x", "https://h/..", "https://h/a//../../..",
	} {
		if moduleURL(bad) {
			t.Errorf("%q is taken", bad)
		}
	}
	for _, good := range []string{
		"", "x", "/srv/x", "../x", "./x", "../../x", "..", "./-x", "./:x", ".//x", "../x:y", "git@example.com:x.git", "ssh://git@example.com/x", "git://example.com/x", "file:///x", "ssh://x/%0a", "../%zz",
		"https://example.com/x.git", "http://example.com", "ftp://example.com/x", "https://u:p@h:80/x", "https://@h/", "https://h:/", "https://h:00080/", "https://h:65535/", "https://[::1]:8080/x", "https://a_b/x",
		"https://h?q", "https://h#f", "https://h/a/../x", "https://h/a/..", "https://h/a/b/../..", "https://h//../x", "https://h/?/../..", "https://h/./x", "https://x/%250a", "https::http://example.com/x", "https://h/a@b", "HTTP://h/%0a",
	} {
		if !moduleURL(good) {
			t.Errorf("%q is refused", good)
		}
	}
}

// git-fsck reads a blob by signed bytes: 0xff ends it, and what begins with a byte order mark cannot be parsed. A client
// reads the file that it has checked out by other means, and there both go on.
func TestBytesThatGitTakesForNegative(t *testing.T) {
	for _, before := range []string{"\ufeff", "# \xff\n"} {
		content := before + module("x", "url", "-x")
		if got := Modules([]byte(content)); len(got) != 1 || got[0].Message != GitmodulesURL {
			t.Errorf("%q: got %v", content, got)
		}
	}
}

func TestWhatModulesSays(t *testing.T) {
	content := module("x", "url", "-x") + module("..", "path", "-p") + module("y", "url", "-second") + module("z", "update", "!rm") + "broken broken"
	want := []Finding{{GitmodulesURL, "-x"}, {GitmodulesName, ".."}, {GitmodulesPath, "-p"}, {GitmodulesUpdate, "!rm"}, {GitmodulesParse, ""}}
	if got := Modules([]byte(content)); fmt.Sprint(got) != fmt.Sprint(want) {
		t.Errorf("got %v, want %v", got, want)
	}
}

func FuzzModules(f *testing.F) {
	for _, m := range modules {
		f.Add([]byte(m))
	}
	for _, url := range urls {
		f.Add([]byte(module("x", "url", url)))
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		seen := Set(0)
		for _, finding := range Modules(b) {
			if seen.Has(finding.Message) || len(finding.Detail) > len(b) {
				t.Errorf("%s a second time, or of %d bytes out of %d", finding.Message, len(finding.Detail), len(b))
			}
			seen.add(finding.Message)
		}
	})
}

func FuzzAttributes(f *testing.F) {
	f.Add([]byte("*.go text\n"))
	f.Add([]byte(strings.Repeat("x", maxLine)))
	f.Fuzz(func(t *testing.T, b []byte) {
		if found := Attributes(b); len(found) > 0 && len(b) < maxLine {
			t.Errorf("%v in %d bytes", found, len(b))
		}
	})
}
