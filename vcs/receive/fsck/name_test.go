package fsck

import (
	"strings"
	"testing"

	"github.com/go-git/go-git/v5/plumbing/filemode"

	"jeton/vcs/object"
	"jeton/vcs/oid"
)

// tricks are names, and what is found in an entry with that name.
var tricks = []struct {
	name string
	want Set
	file string // as which file it is read, where it is no link
}{
	{".git", HasDotgit.Set(), ""},
	{".GIT", HasDotgit.Set(), ""},
	{".git ", HasDotgit.Set(), ""},
	{".git.", HasDotgit.Set(), ""},
	{".git. .", HasDotgit.Set(), ""},
	{"git~1", HasDotgit.Set(), ""},
	{"GIT~1", HasDotgit.Set(), ""},
	{"git~1 . .", HasDotgit.Set(), ""},
	{"git~1:stream", HasDotgit.Set(), ""},
	{".g\u200cit", HasDotgit.Set(), ""},
	{"\ufeff.git", HasDotgit.Set(), ""},
	{".git\u206f", HasDotgit.Set(), ""},
	{".gi\u202aT\u202e", HasDotgit.Set(), ""},
	{".git\xff", HasDotgit.Set(), ""},
	{".git\uffff", HasDotgit.Set(), ""},
	{".git::$INDEX_ALLOCATION", HasDotgit.Set(), ""},
	{`a\.git`, HasDotgit.Set(), ""},
	{`.git\config`, HasDotgit.Set(), ""},
	{`a\b\git~1 .\hooks`, HasDotgit.Set(), ""},
	{".git/config", HasDotgit.Set() | FullPathname.Set(), ""},
	{"a/.git", FullPathname.Set(), ""},
	{"/", FullPathname.Set(), ""},
	{".", HasDot.Set(), ""},
	{"..", HasDotdot.Set(), ""},
	{".gitmodules", 0, "modules"},
	{".GitModules", 0, "modules"},
	{".gitmod\u200dules", 0, "modules"},
	{".gitmodules ", 0, "modules"},
	{".gitmodules . :x", 0, "modules"},
	{"gitmod~1", 0, "modules"},
	{"GITMOD~4", 0, "modules"},
	{"gi7eba~1", 0, "modules"},
	{"gi7eb~10", 0, "modules"},
	{"gi7~1234", 0, "modules"},
	{"~1000000", 0, "modules"},
	{`a\.gitmodules`, 0, "modules"},
	{`\gi7eba~9`, 0, "modules"},
	{".gitattributes", 0, "attributes"},
	{".gitattrib\ufeffutes", 0, "attributes"},
	{"gitatt~1", 0, "attributes"},
	{"gi7d29~1. ", 0, "attributes"},
	{"gi7d2~99", 0, "attributes"},
	{"gi250a~1", 0, ""},
	{"maba30~1", 0, ""},
	// harmless
	{"git", 0, ""}, {".gitfoo", 0, ""}, {"git~2", 0, ""}, {"a.git", 0, ""}, {".github", 0, ""}, {"...", 0, ""}, {"x.git.y", 0, ""},
	{".git x", 0, ""}, {" .git", 0, ""}, {".gi\xfft", 0, ""}, {".g\u0131t", 0, ""}, {"gi\u200ct~1", 0, ""}, {".\u202fgit", 0, ""},
	{"gitmod~5", 0, ""}, {"gitmod~0", 0, ""}, {"gitmod~", 0, ""}, {"gi7eba~", 0, ""}, {"gi7eb~01", 0, ""}, {"gi7eba~1x", 0, ""},
	{"gi7ebab~1", 0, ""}, {".gitmodule", 0, ""}, {".gitmodulesx", 0, ""}, {".gitmodules/x", FullPathname.Set(), "modules"}, {`.gitmodules\x`, 0, ""},
	{`a\.gitattributes`, 0, ""}, {"g", 0, ""}, {"m", 0, ""}, {"\\", 0, ""}, {"\xe2\x80", 0, ""}, {"~1", 0, ""},
}

func TestNames(t *testing.T) {
	for _, c := range tricks {
		file := ""
		trees := Trees{MaxName: 100, Named: func(f File, _ oid.ID) { file += [...]string{"modules", "attributes"}[f] }}
		got := trees.entry(&object.Entry{Mode: filemode.Regular, Name: []byte(c.name), ID: oid.ID{1}})
		// A name that is the shortest form of several files is read as all of them.
		if got != c.want || !strings.HasPrefix(file, c.file) || c.file == "" && file != "" {
			t.Errorf("%q: got %b and file %q, want %b and %q", c.name, got, file, c.want, c.file)
		}
		file = ""
		link := trees.entry(&object.Entry{Mode: filemode.Symlink, Name: []byte(c.name), ID: oid.ID{1}})
		if c.file == "modules" && !link.Has(GitmodulesSymlink) || c.file == "attributes" && !link.Has(GitattributesSymlink) || file != "" {
			t.Errorf("%q as a link: got %b", c.name, link)
		}
	}
}

func TestLinksOfFilesThatGitReads(t *testing.T) {
	trees := Trees{MaxName: 100, Named: func(File, oid.ID) { t.Error("a link is to be read") }}
	for _, c := range []struct {
		name string
		mode filemode.FileMode
		want Message
	}{
		{".gitmodules", filemode.Symlink, GitmodulesSymlink}, {".gitattributes", filemode.Symlink, GitattributesSymlink},
		{".gitignore", filemode.Symlink, GitignoreSymlink}, {".mailmap", filemode.Symlink, MailmapSymlink}, {"maba30~1", filemode.Symlink, MailmapSymlink},
		{".gitmodules", filemode.Submodule, GitmodulesMissing}, {".gitattributes", filemode.Submodule, GitattributesMissing},
	} {
		if got := trees.entry(&object.Entry{Mode: c.mode, Name: []byte(c.name), ID: oid.ID{1}}); got != c.want.Set() {
			t.Errorf("%s of mode %o: got %b, want %s", c.name, c.mode, got, c.want)
		}
	}
}
