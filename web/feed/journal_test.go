package feed

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/go-git/go-git/v5/plumbing"

	"jeton/vcs/oid"
	"jeton/vcs/rules"
	"jeton/vcs/storage"
	"jeton/vcs/storage/storagetest"
	"jeton/web/door"
)

// journal asks for ada's journal.
func (w *world) journal(format string, headers ...string) string {
	w.t.Helper()
	text := body(w.t, ask(w.server.Journal, visit("", "", format), "", headers...))
	check(w.t, format, text)
	return text
}

func TestAJournalTellsOfWhatIsWatchedNewestFirst(t *testing.T) {
	w := newWorld(t)
	w.create("r1", "team/app")
	w.create("r2", "team/lib")
	one := w.push("r1", "main", "First <b>of</b> app")
	w.now = w.now.Add(time.Hour)
	w.push("r2", "main", "First of lib")
	w.now = w.now.Add(time.Hour)
	two := w.push("r1", "main", "Second of app", one)
	for _, f := range []string{"rss", "atom", "json"} {
		text := w.journal(f)
		a, b, c := strings.Index(text, "ada pushed to branch main in team/app"), strings.Index(text, "ada made branch main in team/lib"), strings.Index(text, "ada made branch main in team/app")
		if a < 0 || b < a || c < b {
			t.Errorf("%s: the pushes stand at %d, %d, %d in\n%s", f, a, b, c, text)
		}
		for _, want := range []string{"Second of app", "First of lib", "https://code.example.com/git/team/app/compare/" + one.String() + "..." + two.String(), "2026"} {
			if !strings.Contains(text, want) {
				t.Errorf("%s: %q is not in\n%s", f, want, text)
			}
		}
	}
}

func TestWhatMayNotBeReadIsInNoJournal(t *testing.T) {
	w := newWorld(t)
	for i, path := range []string{"team/app", "secret/plan", "open/lib"} {
		id := fmt.Sprint("r", i+1)
		w.create(id, path)
		w.push(id, "main", "Message of "+path)
	}
	w.public["r3"], w.paths["r3"] = true, "open/lib"
	public := func() string {
		rec := ask(w.server.PublicJournal, door.Visit{Rest: "atom", Public: true}, "")
		text := body(t, rec)
		check(t, "atom", text)
		if got := rec.Header().Get("Cache-Control"); got != "public, no-cache" {
			t.Errorf("the public journal is %s", got)
		}
		return text
	}
	if text := public(); !strings.Contains(text, "open/lib") || strings.Contains(text, "secret") || strings.Contains(text, "team") {
		t.Errorf("the public journal is\n%s", text)
	}
	if text := w.journal("atom"); strings.Count(text, "<entry>") != 3 {
		t.Errorf("ada's is\n%s", text)
	}
	delete(w.mine, "r2") // the permission is taken away
	w.mark.Add(1)
	if text := w.journal("atom"); strings.Count(text, "<entry>") != 2 || strings.Contains(text, "secret") {
		t.Errorf("after a permission was taken away ada's is\n%s", text)
	}
	delete(w.paths, "r3") // it was made private, and the list of what is public is a moment old
	w.mark.Add(1)
	if text := public(); strings.Contains(text, "open") {
		t.Errorf("after it was made private the public journal is\n%s", text)
	}
	delete(w.repos, "r1") // deleted
	w.mark.Add(1)
	if text := w.journal("atom"); strings.Contains(text, "team/app") {
		t.Errorf("after one was deleted ada's is\n%s", text)
	}
}

func TestOnePersonsJournalIsNeverAnothers(t *testing.T) {
	w := newWorld(t)
	w.create("r1", "team/app")
	w.push("r1", "main", "One")
	mine := w.journal("json")
	other := visit("", "", "json")
	other.Identity.UserID, other.Identity.UserName, other.Identity.Credential = "u-eve", "eve", "token:2"
	text := body(t, ask(w.server.Journal, other, ""))
	if n := check(t, "json", text); n != 0 || !strings.Contains(mine, "team/app") || strings.Contains(text, "team") {
		t.Errorf("eve's journal has %d entries:\n%s", n, text)
	}
	rec := ask(w.server.Journal, visit("", "", "json"), "")
	if rec := ask(w.server.Journal, other, "", "If-None-Match", rec.Header().Get("ETag")); rec.Code != 200 {
		t.Errorf("eve, with ada's tag, is answered %d", rec.Code)
	}
	if rec := ask(w.server.Journal, visit("", "", "json"), "", "If-None-Match", rec.Header().Get("ETag")); rec.Code != 304 {
		t.Errorf("ada, with her own, is answered %d", rec.Code)
	}
	w.mark.Add(1) // something changed that ada does not see
	if rec := ask(w.server.Journal, visit("", "", "json"), "", "If-None-Match", rec.Header().Get("ETag")); rec.Code != 304 {
		t.Errorf("ada, with her own, after a change elsewhere, is answered %d", rec.Code)
	}
	if rec := ask(w.server.Journal, visit("", "", "xml"), ""); rec.Code != 404 {
		t.Errorf("another format: %d", rec.Code)
	}
}

func TestAJournalTellsOfNoRefThatIsHiddenAndNoCommitThatIsGone(t *testing.T) {
	w := newWorld(t)
	w.create("r1", "team/app")
	one := w.push("r1", "main", "Kept")
	bad := w.push("r1", "main", "Pushed away again", one)
	w.push("r1", "secret", "On a hidden branch")
	storagetest.Update(t, w.repos["r1"], storage.Batch{Updates: []storage.RefUpdate{{Name: "refs/heads/main", Old: bad, New: one}}})
	w.laws["r1"] = rules.Rules{Hidden: []string{"refs/heads/secret"}}
	w.mark.Add(1)
	text := w.journal("rss")
	if strings.Contains(text, "secret") || strings.Contains(text, "hidden") || strings.Contains(text, "away") || !strings.Contains(text, "Kept") || strings.Count(text, "<item>") != 2 {
		t.Errorf("the journal is\n%s", text)
	}
}

func TestPushesOfManyRefsAndOfNone(t *testing.T) {
	w := newWorld(t)
	w.create("r1", "team/app")
	id := w.push("r1", "main", "One")
	var many []storage.RefUpdate
	for i := range 50 {
		many = append(many, storage.RefUpdate{Name: fmt.Sprintf("refs/tags/v%d", i), New: id})
	}
	w.pushed("r1", many...)
	w.pushed("r1", storage.RefUpdate{Name: "refs/heads/main", Old: id})
	w.pushed("r1", storage.RefUpdate{Name: "refs/notes/x", New: id}, storage.RefUpdate{Name: "refs/heads/b", New: id})
	w.pushed("r1", storage.RefUpdate{Name: "HEAD", Symref: "refs/heads/b"})
	w.pushed("r1", storage.RefUpdate{Name: "refs/heads/failed", New: id})
	w.pushes[0].Results[0].Err = storage.ErrConflict
	text := w.journal("json")
	for _, want := range []string{"ada made tag v0 and moved 49 other refs in team/app", "… and 30 more.", "ada deleted branch main in team/app", "ada made refs/notes/x and moved another ref in team/app"} {
		if !strings.Contains(text, want) {
			t.Errorf("%q is not in\n%s", want, text)
		}
	}
	if strings.Contains(text, "failed") || strings.Contains(text, "HEAD") || strings.Count(text, `"id"`) != 4 {
		t.Errorf("the journal is\n%s", text)
	}
}

func TestOfAMergeAJournalTellsWhatItBrought(t *testing.T) {
	h := func(id byte, parents ...byte) heading {
		one := heading{id: oid.ID{id}, subject: string(id)}
		for _, p := range parents {
			one.parents = append(one.parents, oid.ID{p})
		}
		return one
	}
	//  a ─ b ─ d ─ f      b was there; f merges e into d
	//   └─ c ─ e ─┘
	all := headings{h('f', 'd', 'e'), h('e', 'c'), h('d', 'b'), h('c', 'a'), h('b', 'a'), h('a')}
	for _, c := range []struct {
		from, to byte
		want     string
	}{{'b', 'f', "fedc"}, {'d', 'f', "fec"}, {'e', 'f', "fdb"}, {'a', 'b', "b"}, {0, 'b', "ba"}, {'f', 'f', ""}, {'a', 'x', ""}} {
		got := ""
		for _, one := range all.between(oid.ID{c.from}, oid.ID{c.to}) {
			got += one.subject
		}
		if got != c.want {
			t.Errorf("%c..%c is %q, want %q", c.from, c.to, got, c.want)
		}
	}
}

func TestTagsAreAFeedOfTheirOwn(t *testing.T) {
	w := newWorld(t)
	r := w.create("r1", "team/app")
	id := w.push("r1", "main", "Of the commit")
	storagetest.Update(t, r, storage.Batch{Updates: []storage.RefUpdate{{Name: "refs/tags/light", New: id}, {Name: "refs/tags/hidden/x", New: id}}})
	tag := func(ref, tagger, text string, kind plumbing.ObjectType, at oid.ID) {
		storagetest.Push(t, r, []storagetest.Object{{Kind: plumbing.TagObject, Content: fmt.Sprintf("object %s\ntype %s\ntag x\n%s\n%s\n", at, kind, tagger, text)}}, ref)
	}
	tag("refs/tags/v1.0", "tagger Bob <b@c> 1800000000 +0000\n", "Release \x01 <one>", plumbing.CommitObject, id)
	tag("refs/tags/old", "", "No tagger", plumbing.CommitObject, id)
	blob := storagetest.Object{Kind: plumbing.BlobObject, Content: "Of the commit"}
	tag("refs/tags/blob", "tagger Eve <b@c> 1600000000 +0000\n", "A file", plumbing.BlobObject, blob.ID(t))
	w.laws["r1"] = rules.Rules{Hidden: []string{"refs/tags/hidden"}}
	for _, f := range []string{"rss", "atom", "json"} {
		text := body(t, w.get("r1", f, "tags=1"))
		if n := check(t, f, text); n != 4 || strings.Contains(text, "hidden") {
			t.Errorf("%s: %d tags:\n%s", f, n, text)
		}
		for _, want := range []string{"v1.0", "Bob", "Release \ufffd", "No tagger", "Of the commit", "/team/app/archive/v1.0.tar.gz", "A file", "/team/app/changeset/" + id.String()} {
			if !strings.Contains(text, want) {
				t.Errorf("%s: %q is not in\n%s", f, want, text)
			}
		}
		if !strings.Contains(text, "v1.0") || strings.Index(text, "No tagger") < strings.Index(text, "Bob") {
			t.Errorf("%s: the newest is not the first", f)
		}
	}
}

func TestDiffsAreBoundedAndEscaped(t *testing.T) {
	w := newWorld(t, func(o *Options) { o.Diff = 2000 })
	w.create("r1", "team/app")
	one := w.push("r1", "main", "<script>alert(1)</script>")
	storagetest.Push(t, w.repos["r1"], commitOf(t, strings.Repeat("a line\n", 5000), who+"\nLarge\n", one), "refs/heads/main")
	for _, f := range []string{"rss", "atom", "json"} {
		text := body(t, w.get("r1", f, "diff=1"))
		check(t, f, text)
		if !strings.Contains(text, "diff --git") || !strings.Contains(text, "git show") || len(text) > 20_000 {
			t.Errorf("%s: %d bytes:\n%.3000s", f, len(text), text)
		}
	}
}

func TestAPathHasItsOwnFeed(t *testing.T) {
	w := newWorld(t)
	w.create("r1", "team/app")
	one := w.push("r1", "main", "One")
	same := commitOf(t, "One", who+"\nChanges nothing\n", one)
	storagetest.Push(t, w.repos["r1"], same[2:], "refs/heads/main")
	text := body(t, w.get("r1", "rss", "path=file"))
	if n := check(t, "rss", text); n != 1 || strings.Contains(text, "nothing") || !strings.Contains(text, "feed/rss?path=file") {
		t.Errorf("%d entries:\n%s", n, text)
	}
}
