package receive

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/go-git/go-git/v5/plumbing"

	"jeton/vcs/oid"
	"jeton/vcs/pack/ingest"
	"jeton/vcs/receive/fsck"
	"jeton/vcs/rules"
	"jeton/vcs/storage"
)

// pushUnder pushes into a repository whose administrator has exempted some ids, and returns what the client is told.
func (s *stand) pushUnder(exempt []string, ref string, entries ...entry) string {
	s.t.Helper()
	var out bytes.Buffer
	in := request(packOf(entries...), line(oid.Zero, entries[0].id(), ref, "report-status", "side-band-64k"))
	ses := Session{Stateless: true, Repo: s.repo, Rules: rules.Rules{Exempt: exempt}, Actor: storage.Actor{Name: "ada"}, Recheck: func(context.Context) error { return nil }}
	if err := s.server.Serve(ctx, ses, bytes.NewReader(in), &out); err != nil {
		s.t.Logf("%s: %v", ref, err)
	}
	s.clean()
	return out.String()
}

// tree is a tree of "MODE NAME" and the ids that stand there.
func treeOf(list ...any) entry {
	var b strings.Builder
	for i := 0; i < len(list); i += 2 {
		id := list[i+1].(oid.ID)
		b.WriteString(list[i].(string) + "\x00" + string(id[:]))
	}
	return entry{plumbing.TreeObject, b.String()}
}

func blobOf(text string) entry { return entry{plumbing.BlobObject, text} }

const badModules = "[submodule \"x\"]\n\turl = -u./payload\n"

func TestModulesAreReadWhereverTheyCameFrom(t *testing.T) {
	bad, good := blobOf(badModules), blobOf("[submodule \"x\"]\n\turl = https://example.com/x\n")
	refused := []string{"unpack object " + bad.id().String() + ": gitmodulesUrl: disallowed submodule url: -u./payload\n", "error: object " + bad.id().String() + ": gitmodulesUrl"}
	for _, c := range []struct {
		name    string
		before  []entry // an earlier push: what its tree holds
		mode    string
		pushed  []entry // besides tree and commit: the first is what the tree names
		reverse bool
		want    []string
	}{
		{"good", nil, "100644 .gitmodules", []entry{good}, false, []string{"ok refs/heads/x"}},
		{"bad, behind its tree", nil, "100644 .gitmodules", []entry{bad}, false, refused},
		{"bad, before its tree", nil, "100644 .gitmodules", []entry{bad}, true, refused},
		{"bad, from an earlier push", []entry{treeOf("100644 harmless", bad.id()), bad}, "100644 .gitmodules", nil, false, refused},
		{"by its short name", nil, "100644 GITMOD~1", []entry{bad}, false, refused},
		{"by the name of its hash", nil, "100755 gi7eba~3", []entry{bad}, false, refused},
		{"with what HFS+ does not see", nil, "100644 .gitmod\u200cules", []entry{bad}, false, refused},
		{"behind a backslash", nil, "100644 a\\.gitmodules", []entry{bad}, false, refused},
		{"under another name", nil, "100644 gitmodules", []entry{bad}, false, []string{"ok refs/heads/x"}},
		{"as a link", nil, "120000 .gitmodules", []entry{good}, false, []string{"gitmodulesSymlink: .gitmodules is a symbolic link", "ng refs/heads/x unpacker error"}},
		{"as a folder", nil, "40000 .gitmodules", []entry{treeOf()}, false, []string{"gitmodulesBlob", "ng refs/heads/x unpacker error"}},
		{"of another repository", nil, "160000 .gitmodules", []entry{good}, false, []string{"gitmodulesMissing", "ng refs/heads/x unpacker error"}},
		{"that nobody sent", nil, "100644 .gitmodules", []entry{}, false, []string{"ng refs/heads/x missing necessary objects"}},
		{"attributes", nil, "100644 .gitattributes", []entry{blobOf("*.go text\n")}, false, []string{"ok refs/heads/x"}},
		{"attributes with a long line", nil, "100644 .gitattributes", []entry{blobOf(strings.Repeat("x", 3000))}, false, []string{"gitattributesLineLength", "ng refs/heads/x unpacker error"}},
		{"attributes too large", nil, "100644 .gitattributes", []entry{blobOf(strings.Repeat("x\n", fsck.MaxFile/2+1))}, false, []string{"gitattributesLarge", "ng refs/heads/x unpacker error"}},
		{"modules too large", nil, "100644 .gitmodules", []entry{blobOf(strings.Repeat("#", fsck.MaxFile+1))}, false, []string{"gitmodulesLarge", "ng refs/heads/x unpacker error"}},
		{"modules that cannot be parsed", nil, "100644 .gitmodules", []entry{blobOf("<html>")}, false, []string{"ok refs/heads/x", "warning: object " + blobOf("<html>").id().String() + ": gitmodulesParse"}},
		{"attributes as a link", nil, "120000 .gitattributes", []entry{blobOf("/etc/passwd")}, false, []string{"ok refs/heads/x", ": gitattributesSymlink: .gitattributes is a symlink\n"}},
	} {
		s := newStand(t, Limits{})
		if c.before != nil {
			first := append([]entry{commitOf(c.before[0].id(), oid.Zero, "before")}, c.before...)
			if out := s.pushUnder(nil, "refs/heads/before", first...); !strings.Contains(out, "ok refs/heads/before") {
				t.Fatalf("%s: the earlier push: %q", c.name, out)
			}
		}
		named := bad.id()
		if len(c.pushed) > 0 {
			named = c.pushed[0].id()
		}
		tree := treeOf(c.mode, named)
		entries := append([]entry{tree}, c.pushed...)
		if c.reverse {
			slices.Reverse(entries)
		}
		out := s.pushUnder(nil, "refs/heads/x", append([]entry{commitOf(tree.id(), oid.Zero, "x")}, entries...)...)
		for _, want := range c.want {
			if !strings.Contains(out, want) {
				t.Errorf("%s: want %q in %q", c.name, want, out)
			}
		}
		if ok := strings.HasPrefix(c.want[0], "ok "); ok != strings.Contains(out, "ok refs/heads/x") || ok != strings.Contains(s.refs(), "refs/heads/x") {
			t.Errorf("%s: answered %q\n%s", c.name, out, s.refs())
		}
	}
}

// A tree that nothing reaches names a file that the pusher may not see: whether the file is bad must not show.
func TestHiddenModulesDoNotShowInAnAnswer(t *testing.T) {
	s := newStand(t, Limits{})
	bad := blobOf(badModules)
	for i, hold := range []bool{false, true} {
		if hold { // the blob comes into the repository, and its only ref goes
			tree := treeOf("100644 harmless", bad.id())
			c := commitOf(tree.id(), oid.Zero, "hidden")
			s.pushUnder(nil, "refs/heads/hidden", c, tree, bad)
			s.pushUnder(nil, "refs/heads/main", change(oid.Zero, "main")...)
			if out, err := s.push(request(nil, line(c.id(), oid.Zero, "refs/heads/hidden", "report-status", "delete-refs"))); err != nil || !strings.Contains(out, "ok") {
				t.Fatalf("delete: %q %v", out, err)
			}
		}
		loose := treeOf("100644 .gitmodules", bad.id())
		ref := fmt.Sprintf("refs/heads/x%d", i)
		if out := s.pushUnder(nil, ref, append(change(oid.Zero, ref), loose)...); !strings.Contains(out, "ok "+ref) {
			t.Errorf("with the file in the store: %v: %q", hold, out)
		}
	}
}

func TestWhatIsForgivenIsToldAndKept(t *testing.T) {
	blob := blobOf("x")
	padded := treeOf("0100644 file", blob.id())
	folder := treeOf()
	folded := treeOf("40000 .gitattributes", folder.id())
	undated := entry{plumbing.CommitObject, "tree " + padded.id().String() + "\nauthor A <a>\ncommitter " + person + "\n\nold\n"}
	padding := "zeroPaddedFilemode " + padded.id().String()
	for _, c := range []struct {
		name    string
		exempt  []string
		entries []entry
		ok      bool
		said    []string
		notes   []string
	}{
		{"nothing", nil, change(oid.Zero, "x"), true, nil, nil},
		{"old history", nil, []entry{undated, padded, blob}, true,
			[]string{"warning: object " + padded.id().String() + ": zeroPaddedFilemode: contains zero-padded file modes\n", ": missingSpaceBeforeDate: "},
			[]string{"missingSpaceBeforeDate " + undated.id().String(), padding}},
		{"what is not even noted", []string{"MissingSpaceBeforeDate"}, []entry{undated, padded, blob}, true, []string{"zeroPaddedFilemode"}, []string{padding}},
		{"refused", nil, []entry{commitOf(folded.id(), oid.Zero, "x"), folded, folder}, false,
			[]string{"error: object " + folder.id().String() + ": gitattributesBlob: non-blob found at .gitattributes\n", "an administrator of the repository can exempt gitattributesBlob"}, nil},
		{"exempted", []string{"gitattributesBlob"}, []entry{commitOf(folded.id(), oid.Zero, "x"), folded, folder}, true,
			[]string{"warning: object " + folder.id().String() + ": gitattributesBlob: non-blob found at .gitattributes\n"}, []string{"gitattributesBlob " + folder.id().String()}},
	} {
		s := newStand(t, Limits{})
		out := s.pushUnder(c.exempt, "refs/heads/x", c.entries...)
		if strings.Contains(out, "ok refs/heads/x") != c.ok {
			t.Errorf("%s: answered %q", c.name, out)
		}
		for _, want := range c.said {
			if !strings.Contains(out, want) {
				t.Errorf("%s: want %q in %q", c.name, want, out)
			}
		}
		if c.said == nil && strings.Contains(out, "warning") || !c.ok && len(s.journal.begun) > 0 {
			t.Errorf("%s: answered %q, with %d entries of the journal", c.name, out, len(s.journal.begun))
		}
		if !c.ok {
			continue
		}
		got := slices.Sorted(slices.Values(s.journal.begun[0].Notes))
		if !slices.Equal(got, c.notes) {
			t.Errorf("%s: the journal has %q, want %q", c.name, got, c.notes)
		}
	}
}

func TestNotesAreBounded(t *testing.T) {
	s := newStand(t, Limits{})
	entries := change(oid.Zero, "x")
	for i := range 3 * maxNotes {
		entries = append(entries, treeOf(fmt.Sprintf("0100644 file%d", i), entries[2].id()))
	}
	out := s.pushUnder(nil, "refs/heads/x", entries...)
	if n := strings.Count(out, "zeroPaddedFilemode"); n != maxNotes || !strings.Contains(out, fmt.Sprintf("warning: and %d more faults like these\n", 2*maxNotes)) {
		t.Errorf("%d warnings in %q", n, out)
	}
	notes := s.journal.begun[0].Notes
	if len(notes) != maxNotes+1 || notes[maxNotes] != fmt.Sprintf("and %d more", 2*maxNotes) {
		t.Errorf("%d notes, the last is %q", len(notes), notes[len(notes)-1])
	}
}

func TestTreesAreBounded(t *testing.T) {
	blob := blobOf("x")
	long := treeOf("100644 "+strings.Repeat("n", 101), blob.id())
	wide := treeOf("100644 a", blob.id(), "100644 b", blob.id(), "100644 c", blob.id())
	for _, c := range []struct {
		tree entry
		want string
	}{
		{long, "unpack object " + long.id().String() + ": largePathname: contains excessively large pathname (the limit is 100; an administrator can change receive.max_path)\n"},
		{wide, "unpack tree " + wide.id().String() + " has 3 entries (the limit is 2; an administrator can change receive.max_tree_entries)\n"},
	} {
		s := newStand(t, Limits{Objects: Objects{Path: 100, TreeEntries: 2}})
		if out := s.pushUnder([]string{"largePathname"}, "refs/heads/x", commitOf(c.tree.id(), oid.Zero, "x"), c.tree, blob); !strings.Contains(out, c.want) {
			t.Errorf("want %q in %q", c.want, out)
		}
		s = newStand(t, Limits{Objects: Objects{Path: 101, TreeEntries: 3}})
		if out := s.pushUnder(nil, "refs/heads/x", commitOf(c.tree.id(), oid.Zero, "x"), c.tree, blob); !strings.Contains(out, "ok refs/heads/x") {
			t.Errorf("within the bounds: %q", out)
		}
	}
}

// A tree can name a million files in forms that some file system takes for .gitmodules: their ids must not fill the memory.
func TestNamedFilesAreBounded(t *testing.T) {
	in := newInspection(rules.Rules{}, Objects{})
	var id oid.ID
	for i := range maxFiles + 10 {
		copy(id[:], fmt.Sprintf("%020d", i))
		in.named(fsck.Gitmodules, id)
	}
	var limit *ingest.LimitError
	if err := in.contents(ctx, nil, nil, nil); !errors.As(err, &limit) || len(in.files.named[fsck.Gitmodules]) != maxFiles {
		t.Errorf("got %v with %d ids", err, len(in.files.named[fsck.Gitmodules]))
	}
}

// sees is a pusher who may see all, or nothing.
type sees bool

func (s sees) Object(context.Context, oid.ID) (bool, error) { return bool(s), nil }

// A push of some bytes may not have the server read the files of all earlier pushes.
func TestEarlierFilesAreReadWithinABudget(t *testing.T) {
	s := newStand(t, Limits{})
	earlier := blobOf(strings.Repeat("# a comment\n", 10))
	tree := treeOf("100644 file", earlier.id())
	s.pushUnder(nil, "refs/heads/main", commitOf(tree.id(), oid.Zero, "earlier"), tree, earlier)
	s.pushUnder(nil, "refs/heads/x", change(oid.Zero, "x")...)
	view, err := s.repo.View(ctx)
	if err != nil {
		t.Fatal(err)
	}
	defer view.Close()
	for _, p := range view.Objects.Packs() {
		_, sent, err := p.Find(earlier.id())
		if err != nil {
			t.Fatal(err)
		}
		in := newInspection(rules.Rules{}, Objects{})
		in.files.old = int64(len(earlier.content)) - 1
		in.named(fsck.Gitmodules, earlier.id())
		var limit *ingest.LimitError
		if err := in.contents(ctx, view.Objects, p, sees(true)); errors.As(err, &limit) == sent {
			t.Errorf("with the file in the pack itself: %v: got %v", sent, err)
		}
		if err := in.contents(ctx, view.Objects, p, sees(false)); err != nil {
			t.Errorf("what the pusher may not see counts: %v", err)
		}
	}
}

func TestCollisionIsToldToTheClient(t *testing.T) {
	p := &push{}
	if got := p.words(fmt.Errorf("receive pack: %w", oid.ErrCollision)); !strings.Contains(got, "SHA-1 collision attack") {
		t.Errorf("the client is told %q", got)
	}
}

func TestDetailsAreEscaped(t *testing.T) {
	f := &faultError{oid.ID{}, []fsck.Finding{{Message: fsck.GitmodulesURL, Detail: "-\x1b[2J"}}}
	if strings.Contains(f.Error(), "\x1b") || !strings.Contains(f.Error(), "gitmodulesUrl") {
		t.Errorf("got %q", f.Error())
	}
}
