package revision

import (
	"errors"
	"fmt"
	"strings"
	"testing"

	"jeton/vcs/rules"
)

func TestNamesMeanBranchThenTagThenId(t *testing.T) {
	dir := bare(t)
	a := commit(t, dir, "", "a")
	b, c, hidden := commit(t, dir, a, "b"), commit(t, dir, a, "c"), commit(t, dir, a, "hidden")
	short := a[:7]
	for ref, id := range map[string]string{
		"heads/main": a, "heads/feature/x": b, "heads/both": b, "tags/both": c, "tags/v1.0+rc@1": b, "heads/übung/größe": b, "tags/feature": c,
		"heads/refs/heads/odd": b, "heads/odd": c, "pull/1/head": c, "hidden/x": hidden, "heads/" + c[:7]: b, "heads/tags/both": a, "heads/" + b: c,
	} {
		git(t, dir, "update-ref", "refs/"+ref, id)
	}
	git(t, dir, "tag", "-a", "-m", "annotated", "note", b)
	git(t, dir, "tag", "-a", "-m", "of a tag", "note2", "note")
	note := git(t, dir, "rev-parse", "note")
	f := finder(t, dir)
	for _, c := range []struct{ text, ref, commit string }{
		{"tip", "refs/heads/main", a}, {"HEAD", "refs/heads/main", a}, {"main", "refs/heads/main", a}, {"feature/x", "refs/heads/feature/x", b},
		{"both", "refs/heads/both", b}, {"refs/tags/both", "refs/tags/both", c}, {"v1.0+rc@1", "refs/tags/v1.0+rc@1", b}, {"übung/größe", "refs/heads/übung/größe", b},
		{"refs/heads/odd", "refs/heads/odd", c}, {"refs/pull/1/head", "refs/pull/1/head", c}, {"tags/both", "refs/heads/tags/both", a},
		{"note", "refs/tags/note", b}, {"note2", "refs/tags/note2", b}, {note, "", b}, {note[:8], "", b},
		{a, "", a}, {strings.ToUpper(a), "", a}, {short, "", a}, {a[:4], "", a}, {a[:39], "", a}, {c[:7], "refs/heads/" + c[:7], b}, {c[:8], "", c}, {b, "", b}, {strings.ToUpper(b), "", b}, {"refs/heads/" + b, "refs/heads/" + b, c}, {note, "", b},
	} {
		r, err := f.Find(t.Context(), c.text)
		if err != nil || r.Ref != c.ref || r.Commit.String() != c.commit || r.Name != c.text {
			t.Errorf("%q is %+v, %v; want %s at %s", c.text, r, err, c.ref, c.commit)
			continue
		}
		if want := git(t, dir, "rev-parse", r.Commit.String()+"^{tree}"); r.Tree.String() != want || r.When.Unix() != 1700000001 {
			t.Errorf("%q has the tree %s of %s, want %s", c.text, r.Tree, r.When, want)
		}
		if fixed := strings.EqualFold(c.text, c.commit); r.Fixed != fixed {
			t.Errorf("%q is fixed: %v", c.text, r.Fixed)
		}
	}
	for _, text := range []string{"feature/", "none", "heads/main", "both/", "refs/heads/none", "refs/tags/main", "refs", hidden, hidden[:7], "refs/hidden/x", "hidden/x", "abc", a[:3], a + "0", "@", "origin/main"} {
		if r, err := f.Find(t.Context(), text); !errors.Is(err, ErrNotFound) && !errors.Is(err, ErrBad) {
			t.Errorf("%q is found: %+v, %v", text, r, err)
		}
	}
}

func TestAnAddressIsCutBehindTheLongestRef(t *testing.T) {
	dir := bare(t)
	a := commit(t, dir, "", "a")
	b, c := commit(t, dir, a, "b"), commit(t, dir, a, "c")
	for ref, id := range map[string]string{"heads/main": a, "heads/v1": b, "tags/v1/x": c, "heads/tip/y": c, "hidden/x": c, "heads/@": b} {
		git(t, dir, "update-ref", "refs/"+ref, id)
	}
	f := finder(t, dir)
	for _, c := range []struct{ text, name, path, commit string }{
		{"main/src/a.go", "main", "src/a.go", a}, {"main", "main", "", a}, {"main/", "main", "", a}, {"main/dir/", "main", "dir/", a},
		{"v1/y", "v1", "y", b}, {"v1/x", "v1/x", "", c}, {"v1/x/y", "v1/x", "y", c}, {"v1/xy", "v1", "xy", b}, {"tip/x", "tip", "x", a}, {"tip/y/x", "tip/y", "x", c},
		{"HEAD/a", "HEAD", "a", a}, {"refs/heads/v1/x", "refs/heads/v1", "x", b}, {"refs/tags/v1/x/a b", "refs/tags/v1/x", "a b", c}, {"@/f", "@", "f", b},
		{b + "/src", b, "src", b}, {b[:7] + "/src/~^:", b[:7], "src/~^:", b}, {"main/..", "main", "..", a}, {"main/a\nb\xff", "main", "a\nb\xff", a},
		{"main/" + strings.Repeat("d/", 2000) + "x", "main", strings.Repeat("d/", 2000) + "x", a},
	} {
		r, path, err := f.Split(t.Context(), c.text)
		if err != nil || r.Name != c.name || path != c.path || r.Commit.String() != c.commit {
			t.Errorf("%.80q is %q and %.80q at %s, %v; want %q, %.80q at %s", c.text, r.Name, path, r.Commit, err, c.name, c.path, c.commit)
		}
	}
	for _, text := range []string{"", "/", "/main", "nowhere/src", "refs/heads/none/x", "refs/hidden/x/file", "abcdef0/file"} {
		if r, path, err := f.Split(t.Context(), text); !errors.Is(err, ErrNotFound) && !errors.Is(err, ErrBad) {
			t.Errorf("%q is found: %+v %q, %v", text, r, path, err)
		}
	}
}

func TestNobodyRedirectsTheFullIdOfACommit(t *testing.T) {
	dir := bare(t)
	a := commit(t, dir, "", "a")
	b, hidden := commit(t, dir, a, "b"), commit(t, dir, a, "hidden")
	git(t, dir, "update-ref", "refs/heads/main", b)
	git(t, dir, "tag", "-a", "-m", "annotated", "note", b)
	tree, note := git(t, dir, "rev-parse", b+"^{tree}"), git(t, dir, "rev-parse", "note")
	for ref, id := range map[string]string{"heads/" + a + "/src": b, "tags/" + b: a, "heads/" + tree: a, "heads/" + note: a, "heads/" + hidden: a, "hidden/x": hidden} {
		git(t, dir, "update-ref", "refs/"+ref, id)
	}
	f := finder(t, dir)
	for _, c := range []struct{ text, path, ref, commit string }{
		{a, "src/x", "", a}, {a, "", "", a}, {b, "file", "", b},
		// Trees, tags and what is hidden are no commit that an address was promised for.
		{tree, "file", "refs/heads/" + tree, a}, {note, "file", "refs/heads/" + note, a}, {hidden, "file", "refs/heads/" + hidden, a},
	} {
		r, path, err := f.Split(t.Context(), c.text+"/"+c.path)
		if err != nil || path != c.path || r.Ref != c.ref || r.Commit.String() != c.commit || r.Fixed != (c.ref == "") {
			t.Errorf("%s/%s is %+v and %q, %v", c.text, c.path, r, path, err)
		}
		if r, err := f.Find(t.Context(), c.text); err != nil || r.Ref != c.ref || r.Commit.String() != c.commit || r.Fixed != (c.ref == "") {
			t.Errorf("%s is %+v, %v", c.text, r, err)
		}
	}
}

func TestExpressionsAreNoNames(t *testing.T) {
	dir := bare(t)
	git(t, dir, "update-ref", "refs/heads/main", commit(t, dir, "", "a"))
	f := finder(t, dir)
	for _, text := range []string{
		"..", "main..main", "...", "@{-1}", "@{u}", "main@{1}", ":/text", ":file", "main:file", "HEAD^", "HEAD^{/x}", "HEAD^{tree}", "main~2", "^main", "main^!", "a\x00b", "a\nb", "a\x7fb",
		"main.lock", ".main", "main.", "a b", "ma*n", "[m]ain", `ma\in`, "?", "", "\x1b[31m",
	} {
		for how, find := range map[string]func() error{
			"found": func() error { _, err := f.Find(t.Context(), text); return err },
			"cut":   func() error { _, _, err := f.Split(t.Context(), text+"/file"); return err },
		} {
			err := find()
			if !errors.Is(err, ErrBad) || strings.ContainsFunc(err.Error(), func(r rune) bool { return r < ' ' || r == 0x7f }) || !strings.Contains(err.Error(), "no name of a branch") {
				t.Errorf("%q, %s: %v", text, how, err)
			}
		}
	}
	long := strings.Repeat("x", 10_000)
	_, err := f.Find(t.Context(), long)
	_, _, cut := f.Split(t.Context(), long)
	for _, err := range []error{err, cut} {
		if !errors.Is(err, ErrBad) || !strings.Contains(err.Error(), "is 10000 bytes long") || len(err.Error()) > 300 {
			t.Errorf("a name of 10 kB: %v", err)
		}
	}
	if _, err := f.Find(t.Context(), strings.Repeat("é", 1000)); !errors.Is(err, ErrNotFound) || len(err.Error()) > 400 {
		t.Errorf("a long name: %v", err)
	}
}

func TestAnEmptyRepositorySaysSo(t *testing.T) {
	dir := bare(t)
	for _, text := range []string{"tip", "HEAD", "main", strings.Repeat("ab", 20), "abcd"} {
		if _, err := finder(t, dir).Find(t.Context(), text); !errors.Is(err, ErrNotFound) || !strings.Contains(err.Error(), "is empty") {
			t.Errorf("%s: %v", text, err)
		}
	}
	git(t, dir, "update-ref", "refs/hidden/x", commit(t, dir, "", "a"))
	if _, err := finder(t, dir).Find(t.Context(), "tip"); !errors.Is(err, ErrNotFound) || !strings.Contains(err.Error(), "is empty") {
		t.Errorf("with nothing but hidden refs: %v", err)
	}
	git(t, dir, "update-ref", "refs/heads/other", commit(t, dir, "", "b"))
	if _, err := finder(t, dir).Find(t.Context(), "tip"); !errors.Is(err, ErrNotFound) || !strings.Contains(err.Error(), "default branch") {
		t.Errorf("with an unborn default branch: %v", err)
	}
}

func TestWhatTagsPointToIsFound(t *testing.T) {
	dir := bare(t)
	blob := gitInput(t, dir, "content", "hash-object", "-w", "--stdin")
	tree := gitInput(t, dir, "100644 blob "+blob+"\tfile\n", "mktree")
	git(t, dir, "tag", "-a", "-m", "t", "tree", tree)
	git(t, dir, "tag", "-a", "-m", "b", "blob", blob)
	f := finder(t, dir)
	for text, want := range map[string]string{"tree": tree, "blob": strings.Repeat("0", 40), tree: tree, blob: strings.Repeat("0", 40)} {
		r, err := f.Find(t.Context(), text)
		if err != nil || r.Tree.String() != want || !r.Commit.IsZero() || r.Fixed || r.When.Unix() != 0 {
			t.Errorf("%s: %+v, %v", text, r, err)
		}
	}
	for _, short := range []string{tree[:10], blob[:10]} {
		if _, err := f.Find(t.Context(), short); !errors.Is(err, ErrNotFound) {
			t.Errorf("%s: a short id names commits and tags: %v", short, err)
		}
	}
}

// alike makes 1,000 commits, of which two begin with the same digits: each as "REF ID".
func alike(t testing.TB, dir, parent string) (one, two string) {
	t.Helper()
	seen := map[string]string{}
	var b strings.Builder
	for i := range 1000 {
		fmt.Fprintf(&b, "commit refs/heads/c%d\nmark :%d\ncommitter A <a@example.com> 1700000001 +0100\ndata 4\n%04d\nfrom %s\n\n", i, i+1, i, parent)
	}
	gitInput(t, dir, b.String(), "fast-import", "--quiet")
	for line := range strings.Lines(git(t, dir, "for-each-ref", "--format=%(objectname) %(refname)", "refs/heads/c*")) {
		id, ref, _ := strings.Cut(strings.TrimSpace(line), " ")
		if other, ok := seen[id[:4]]; ok && one == "" {
			one, two = other, ref+" "+id
		}
		seen[id[:4]] = ref + " " + id
	}
	if one == "" {
		t.Fatal("no two of 1,000 commits begin alike")
	}
	return one, two
}

func TestHiddenObjectsMakeNothingAmbiguous(t *testing.T) {
	dir := bare(t)
	root := commit(t, dir, "", "root")
	git(t, dir, "update-ref", "refs/heads/main", root)
	one, two := alike(t, dir, root)
	ref1, id1, _ := strings.Cut(one, " ")
	ref2, id2, _ := strings.Cut(two, " ")
	short := id1[:4]
	var deletes strings.Builder
	for ref := range strings.Lines(git(t, dir, "for-each-ref", "--format=delete %(refname)", "refs/heads/c*")) {
		if r := strings.TrimSpace(ref); r != "delete "+ref1 && r != "delete "+ref2 {
			deletes.WriteString(r + "\n")
		}
	}
	gitInput(t, dir, deletes.String(), "update-ref", "--stdin")
	ask := func(r *rules.Rules, walk int) (Revision, error) {
		return New(open(t, dir), r, Options{Walk: walk}).Find(t.Context(), short)
	}
	if r, err := ask(&rules.Rules{}, 0); !errors.Is(err, ErrAmbiguous) || !errors.Is(err, ErrNotFound) || !strings.Contains(err.Error(), "«"+short+"»") {
		t.Errorf("both are visible: %+v, %v", r, err)
	}
	for _, only := range []bool{false, true} {
		for hidden, want := range map[string]string{ref1: id2, ref2: id1} {
			r, err := ask(&rules.Rules{Hidden: []string{hidden}, AdvertisedOnly: only}, 0)
			if err != nil || r.Commit.String() != want {
				t.Errorf("%s hidden, advertised only %v: %+v, %v; want %s", hidden, only, r, err, want)
			}
		}
	}
	git(t, dir, "update-ref", "-d", ref1)
	git(t, dir, "update-ref", "-d", ref2)
	if r, err := ask(&rules.Rules{}, 0); !errors.Is(err, ErrNotFound) || errors.Is(err, ErrAmbiguous) {
		t.Errorf("both are unreachable: %+v, %v", r, err)
	}
}

func TestHiddenAndAbsentIdsAreAnsweredInTheSameWords(t *testing.T) {
	dir := bare(t)
	a := commit(t, dir, "", "a")
	b := commit(t, dir, a, "b")
	hidden, loose := commit(t, dir, a, "hidden"), commit(t, dir, a, "unreachable")
	git(t, dir, "update-ref", "refs/heads/main", b)
	git(t, dir, "update-ref", "refs/hidden/x", hidden)
	absent := strings.Repeat("ab", 20)
	for _, walk := range []int{1, 2, 1000} {
		for _, only := range []bool{false, true} {
			f := New(open(t, dir), &rules.Rules{Hidden: []string{"refs/hidden"}, AdvertisedOnly: only}, Options{Walk: walk})
			said := func(text string) string {
				_, err := f.Find(t.Context(), text)
				if !errors.Is(err, ErrNotFound) || errors.Is(err, ErrAmbiguous) {
					t.Errorf("walk %d: %s: %v", walk, text, err)
				}
				return strings.ReplaceAll(fmt.Sprint(err), text, "ID")
			}
			want := said(absent)
			for _, id := range []string{hidden, loose, git(t, dir, "rev-parse", hidden+"^{tree}"), git(t, dir, "rev-parse", hidden+":file"), absent[:9], hidden[:9], loose[:9]} {
				if got := said(id); got != want {
					t.Errorf("walk %d, advertised only %v: %s is answered\n%s, an absent one\n%s", walk, only, id, got, want)
				}
			}
			if far := strings.Contains(want, "walks to find out"); far != (walk < 1000 && !only) {
				t.Errorf("walk %d, advertised only %v: %s", walk, only, want)
			}
			if r, err := f.Find(t.Context(), a); (err == nil) == only {
				t.Errorf("walk %d, advertised only %v: the first commit: %+v, %v", walk, only, r, err)
			}
		}
	}
}

func FuzzSplit(f *testing.F) {
	dir := bare(f)
	a := commit(f, dir, "", "a")
	git(f, dir, "update-ref", "refs/heads/main", a)
	git(f, dir, "update-ref", "refs/heads/feature/x", a)
	git(f, dir, "update-ref", "refs/hidden/x", commit(f, dir, a, "hidden"))
	for _, s := range []string{"main/file", "feature/x/dir/file", "tip", a + "/f", a[:5], "..", "@{-1}", ":/text", "HEAD^{/x}", "\x00", "refs/heads/main/x", "refs/hidden/x", "a//b", strings.Repeat("/", 100)} {
		f.Add(s)
	}
	find := finder(f, dir)
	f.Fuzz(func(t *testing.T, text string) {
		r, path, err := find.Split(t.Context(), text)
		if err != nil {
			if !errors.Is(err, ErrNotFound) && !errors.Is(err, ErrBad) {
				t.Errorf("%q: %v", text, err)
			}
			return
		}
		if rest := strings.TrimPrefix(text, r.Name); r.Commit.String() != a || strings.TrimPrefix(rest, "/") != path || !strings.HasPrefix(text, r.Name) {
			t.Errorf("%q is %+v and %q", text, r, path)
		}
		if _, err := find.Entry(t.Context(), r.Tree, path); err != nil && !errors.Is(err, ErrNotFound) && !errors.Is(err, ErrBad) {
			t.Errorf("%q: %v", path, err)
		}
	})
}
