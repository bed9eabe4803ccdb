package fsck

import (
	"strings"
	"testing"

	"jeton/vcs/oid"
)

var (
	hex    = strings.Repeat("1a", oid.Size) // a tree
	other  = strings.Repeat("2b", oid.Size) // a commit
	third  = strings.Repeat("3c", oid.Size) // a tag
	nobody = "A U Thor <a@example.com> 1700000000 +0100"
)

// commitWith is a commit whose author's line is what follows "author ".
func commitWith(author string) string {
	return "tree " + hex + "\nparent " + other + "\nauthor " + author + "\ncommitter " + nobody + "\n\nmessage\n"
}

// commits are raw commits and what is found in them.
var commits = []struct {
	name, content string
	want          Set
}{
	{"good", commitWith(nobody), 0},
	{"root without a message", "tree " + hex + "\nauthor " + nobody + "\ncommitter " + nobody + "\n", 0},
	{"further headers", "tree " + hex + "\nauthor " + nobody + "\ncommitter " + nobody + "\nencoding x\ngpgsig a\n b\n\nmessage", 0},
	{"upper case digits", "tree " + strings.ToUpper(hex) + "\nauthor " + nobody + "\ncommitter " + nobody + "\n\n", 0},
	{"empty", "", UnterminatedHeader.Set()},
	{"end of line missing", "tree " + hex + "\nauthor " + nobody + "\ncommitter " + nobody, UnterminatedHeader.Set()},
	{"NUL in the header", "tree " + hex + "\nauthor \x00" + nobody + "\ncommitter " + nobody + "\n\n", NulInHeader.Set()},
	{"NUL in a header without a message", "tree " + hex + "\nauthor " + nobody + "\ncommitter " + nobody + "\x00\n", NulInHeader.Set()},
	{"NUL in the message", commitWith(nobody) + "\x00", NulInCommit.Set()},
	{"no tree", "author " + nobody + "\ncommitter " + nobody + "\n\n", MissingTree.Set()},
	{"empty header", "\n\n", MissingTree.Set()},
	{"tree too short", "tree " + hex[1:] + "\n\n", BadTreeSha1.Set()},
	{"tree too long", "tree " + hex + "0\n\n", BadTreeSha1.Set()},
	{"tree without digits", "tree " + strings.Repeat("g", oid.HexSize) + "\n\n", BadTreeSha1.Set()},
	{"bad parent", "tree " + hex + "\nparent " + hex[2:] + "\n\n", BadParentSha1.Set()},
	{"no author", "tree " + hex + "\ncommitter " + nobody + "\n\n", MissingAuthor.Set()},
	{"no committer", "tree " + hex + "\nauthor " + nobody + "\n\n", MissingCommitter.Set()},
	{"nobody", "tree " + hex + "\n", MissingAuthor.Set() | MissingCommitter.Set()},
	{"two authors", "tree " + hex + "\nauthor " + nobody + "\nauthor " + nobody + "\ncommitter " + nobody + "\n\n", MultipleAuthors.Set()},
	{"both people", "tree " + hex + "\nauthor \ncommitter A>\n\n", MissingEmail.Set() | BadName.Set()},
	{"no name", commitWith("<a@example.com> 1 +0000"), MissingNameBeforeEmail.Set()},
	{"bad name", commitWith("A> <a@example.com> 1 +0000"), BadName.Set()},
	{"no mail", commitWith("A 1 +0000"), MissingEmail.Set()},
	{"no space before the mail", commitWith("A<a@example.com> 1 +0000"), MissingSpaceBeforeEmail.Set()},
	{"open mail", commitWith("A <a@example.com 1 +0000"), BadEmail.Set()},
	{"mail in mail", commitWith("A <a<b@example.com> 1 +0000"), BadEmail.Set()},
	{"mail twice", commitWith("A <a> <b> 1 +0000"), BadDate.Set()},
	{"no space before the date", commitWith("A <a>1 +0000"), MissingSpaceBeforeDate.Set()},
	{"nothing behind the mail", commitWith("A <a>"), MissingSpaceBeforeDate.Set()},
	{"padded", commitWith("A <a> 01 +0000"), ZeroPaddedDate.Set()},
	{"epoch", commitWith("A <a> 0 +0000"), 0},
	{"zero and no zone", commitWith("A <a> 0"), ZeroPaddedDate.Set()},
	{"before the epoch", commitWith("A <a> -1 +0000"), BadDateOverflow.Set()},
	{"largest", commitWith("A <a> 9223372036854775807 +0000"), 0},
	{"too large", commitWith("A <a> 9223372036854775808 +0000"), BadDateOverflow.Set()},
	{"much too large", commitWith("A <a> 18446744073709551617 +0000"), BadDateOverflow.Set()},
	{"many digits", commitWith("A <a> " + strings.Repeat("9", 100) + " +0000"), BadDateOverflow.Set()},
	{"no number", commitWith("A <a> x +0000"), BadDate.Set()},
	{"no date", commitWith("A <a> +0000"), BadDate.Set()},
	{"no zone", commitWith("A <a> 1"), BadDate.Set()},
	{"letters behind the number", commitWith("A <a> 1x +0000"), BadDate.Set()},
	{"short zone", commitWith("A <a> 1 +000"), BadTimezone.Set()},
	{"long zone", commitWith("A <a> 1 +00000"), BadTimezone.Set()},
	{"zone without a sign", commitWith("A <a> 1 00000"), BadTimezone.Set()},
	{"zone of letters", commitWith("A <a> 1 +00x0"), BadTimezone.Set()},
	{"spaces behind the zone", commitWith("A <a> 1 +0000 "), BadTimezone.Set()},
}

func TestCommits(t *testing.T) {
	for _, c := range commits {
		if got := Commit([]byte(c.content)); got != c.want {
			t.Errorf("%s: got %v, want %v", c.name, names(got), names(c.want))
		}
	}
}

// tags are raw tags and what is found in them.
var tags = []struct {
	name, content string
	want          Set
}{
	{"good", "object " + other + "\ntype commit\ntag v1\ntagger " + nobody + "\n\nmessage\n", 0},
	{"of a tag, without a message", "object " + third + "\ntype tag\ntag v1\ntagger " + nobody + "\n", 0},
	{"without a tagger, as git made them once", "object " + other + "\ntype commit\ntag v1\n\nmessage\n", MissingTaggerEntry.Set()},
	{"without anything", "object " + other + "\ntype commit\ntag v1\n", MissingTaggerEntry.Set()},
	{"bad tagger", "object " + other + "\ntype commit\ntag v1\ntagger A <a> 01 +0000\n\n", ZeroPaddedDate.Set()},
	{"more headers", "object " + other + "\ntype commit\ntag v1\ntagger " + nobody + "\nmore x\n\n", ExtraHeaderEntry.Set()},
	{"more headers and no tagger", "object " + other + "\ntype commit\ntag v1\nmore x\n\n", ExtraHeaderEntry.Set() | MissingTaggerEntry.Set()},
	{"a name that is no ref's", "object " + other + "\ntype commit\ntag a b\ntagger " + nobody + "\n\n", BadTagName.Set()},
	{"no name", "object " + other + "\ntype commit\ntag \ntagger " + nobody + "\n\n", BadTagName.Set()},
	{"no object", "type commit\ntag v1\n\n", MissingObject.Set()},
	{"short object", "object 12\ntype commit\ntag v1\n\n", BadObjectSha1.Set()},
	{"no type", "object " + other + "\ntag v1\n\n", MissingTypeEntry.Set()},
	{"unknown type", "object " + other + "\ntype thing\ntag v1\n\n", BadType.Set()},
	{"empty type", "object " + other + "\ntype \ntag v1\n\n", BadType.Set()},
	{"no tag line", "object " + other + "\ntype commit\ntagger " + nobody + "\n\n", MissingTagEntry.Set()},
	{"NUL", "object " + other + "\ntype commit\ntag v1\x00\n\n", NulInHeader.Set()},
	{"NUL in the message", "object " + other + "\ntype commit\ntag v1\ntagger " + nobody + "\n\n\x00", 0},
	{"unterminated", "object " + other + "\ntype commit", UnterminatedHeader.Set()},
	{"empty", "", UnterminatedHeader.Set()},
}

func TestTags(t *testing.T) {
	for _, c := range tags {
		if got := Tag([]byte(c.content)); got != c.want {
			t.Errorf("%s: got %v, want %v", c.name, names(got), names(c.want))
		}
	}
}

func FuzzCommit(f *testing.F) {
	for _, c := range commits {
		f.Add([]byte(c.content))
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		if found := Commit(b); found&^(1<<messages-1) != 0 {
			t.Errorf("%b", found)
		}
	})
}

func FuzzTag(f *testing.F) {
	for _, c := range tags {
		f.Add([]byte(c.content))
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		if found := Tag(b); found&^(1<<messages-1) != 0 {
			t.Errorf("%b", found)
		}
	})
}

func BenchmarkCommit(b *testing.B) {
	content := []byte(commitWith(nobody) + strings.Repeat("a line of the message\n", 20))
	b.SetBytes(int64(len(content)))
	b.ReportAllocs()
	for b.Loop() {
		if found := Commit(content); found != 0 {
			b.Fatal(names(found))
		}
	}
}
