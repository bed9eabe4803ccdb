package disk

import (
	"bytes"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"jeton/vcs/oid"
	"jeton/vcs/storage"
	"jeton/vcs/storage/storagetest"
)

// write puts a file into a repository, as another tool would.
func write(t testing.TB, r *Repository, path, content string) {
	t.Helper()
	full := filepath.Join(r.Dir(), path)
	if err := os.MkdirAll(filepath.Dir(full), 0o750); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(full, []byte(content), 0o600); err != nil {
		t.Fatal(err)
	}
}

func rescan(t testing.TB, r *Repository) {
	t.Helper()
	if err := r.Rescan(ctx); err != nil {
		t.Fatal(err)
	}
}

func TestOddFilesAreNoRefs(t *testing.T) {
	r := create(t)
	id := push(t, r, oid.Zero, "one", "refs/heads/main")
	write(t, r, "packed-refs", fmt.Sprintf("%s refs/heads/emptied\n%s refs/heads/bad..name\n^%s\n%s outside\n", id, id, oid.ID{7}, id))
	for path, content := range map[string]string{
		"refs/heads/emptied": "", "refs/heads/short": id.String()[:39], "refs/heads/long": id.String() + "0", "refs/heads/words": "hello",
		"refs/heads/zero": oid.Zero.String(), "refs/heads/huge": strings.Repeat(" ", maxRefFile) + id.String(), "refs/heads/nowhere": "ref: not-a-ref", "refs/heads/x.txt~": id.String(),
	} {
		write(t, r, path, content)
	}
	if err := os.Symlink(filepath.Join(r.Dir(), "refs/heads/main"), filepath.Join(r.Dir(), "refs/heads/link")); err != nil {
		t.Fatal(err)
	}
	rescan(t, r)
	want := fmt.Sprintf("%s refs/heads/main \n", id)
	if got := snapshot(t, r); got != want {
		t.Errorf("refs are\n%swant\n%s", got, want)
	}
	// A push puts such a file right.
	push(t, r, id, "two", "refs/heads/emptied", "refs/heads/short")
	if value(t, r, "refs/heads/emptied").IsZero() {
		t.Error("the ref of the empty file cannot be pushed")
	}
}

func TestBrokenHeadsAreSaid(t *testing.T) {
	for what, break_ := range map[string]func(head string) error{
		"words": func(head string) error { return os.WriteFile(head, []byte("hello\n"), 0o600) },
		"empty": func(head string) error { return os.Truncate(head, 0) },
		"gone":  os.Remove,
		"link":  func(head string) error { return joinErrors(os.Remove(head), os.Symlink("refs/heads/main", head)) },
	} {
		r := create(t)
		if err := break_(filepath.Join(r.Dir(), "HEAD")); err != nil {
			t.Fatal(err)
		}
		if _, err := Open(ctx, r.Dir(), "id", Options{}); err == nil || !strings.Contains(err.Error(), "HEAD") {
			t.Errorf("%s: got %v, want an error about HEAD", what, err)
		}
	}
}

func joinErrors(a, b error) error {
	if a != nil {
		return a
	}
	return b
}

func TestHeadAndSymbolicRefsOfGit(t *testing.T) {
	r := create(t)
	id := push(t, r, oid.Zero, "one", "refs/heads/main")
	git(t, r.Dir(), "", "symbolic-ref", "refs/heads/alias", "refs/heads/main")
	git(t, r.Dir(), "", "update-ref", "--no-deref", "HEAD", id.String())
	rescan(t, r)
	agree(t, r)
	git(t, r.Dir(), "", "symbolic-ref", "refs/remotes/origin/HEAD", "refs/remotes/origin/main")
	rescan(t, r)
	v := storagetest.View(t, r)
	if v.Refs.Head.ID != id || v.Refs.Head.Target != "" {
		t.Errorf("the detached HEAD is %+v", v.Refs.Head)
	}
	if ref, _ := v.Refs.Lookup("refs/heads/alias"); ref.Target != "refs/heads/main" || ref.ID != id {
		t.Errorf("the symbolic ref is %+v", ref)
	}
	two := push(t, r, id, "two", "refs/heads/main")
	if got := value(t, r, "refs/heads/alias"); got != two {
		t.Errorf("the symbolic ref stays at %s when its target moves to %s", got, two)
	}
	if _, ok := storagetest.View(t, r).Refs.Lookup("refs/remotes/origin/HEAD"); ok {
		t.Error("a symbolic ref to nothing is listed")
	}
	push(t, r, two, "three", "refs/remotes/origin/main")
	if value(t, r, "refs/remotes/origin/HEAD").IsZero() {
		t.Error("a symbolic ref is not listed when its target has come")
	}
	agree(t, r)
	res := update(t, r, storage.Batch{Updates: []storage.RefUpdate{{Name: "refs/heads/alias", Old: two, New: id}}})
	if res[0].Err == nil {
		t.Error("a symbolic ref was moved by its own name")
	}
	res = update(t, r, storage.Batch{Updates: []storage.RefUpdate{{Name: "refs/heads/alias", Old: two}}})
	if res[0].Err != nil || value(t, r, "refs/heads/main") != two {
		t.Errorf("deleting a symbolic ref: %v; main is %s", res[0].Err, value(t, r, "refs/heads/main"))
	}
	agree(t, r)
}

func TestAnotherProgramsWriteIsNotOverruled(t *testing.T) {
	r := create(t)
	one := push(t, r, oid.Zero, "one", "refs/heads/a", "refs/heads/b", "refs/heads/c")
	two := push(t, r, one, "two", "refs/heads/c")
	git(t, r.Dir(), "", "update-ref", "refs/heads/a", two.String()) // without a rescan
	write(t, r, "refs/heads/b.lock", "")
	for what, b := range map[string]storage.Batch{
		"move":   {Updates: []storage.RefUpdate{{Name: "refs/heads/a", Old: one, New: two}}},
		"delete": {Updates: []storage.RefUpdate{{Name: "refs/heads/a", Old: one}}},
		"atomic": {Updates: []storage.RefUpdate{{Name: "refs/heads/a", Old: one, New: two}, {Name: "refs/heads/c", Old: two, New: one}}, Atomic: true},
	} {
		v := storagetest.View(t, r)
		res, err := r.Update(ctx, v.Refs.Basis, b)
		if err != nil || res[0].Err == nil {
			t.Errorf("%s: got %v, %v, want a conflict", what, res, err)
		}
		if left, _ := filepath.Glob(filepath.Join(r.Dir(), "refs/heads/[ac].lock")); len(left) > 0 {
			t.Errorf("%s: left %v", what, left)
		}
	}
	// A lock that another program holds stops that ref alone.
	res := update(t, r, storage.Batch{Updates: []storage.RefUpdate{{Name: "refs/heads/b", Old: one}, {Name: "refs/heads/c", Old: two}}})
	if res[0].Err == nil || !strings.Contains(res[0].Err.Error(), "another program") || res[1].Err != nil {
		t.Errorf("got %v and %v", res[0].Err, res[1].Err)
	}
	if err := os.Remove(filepath.Join(r.Dir(), "refs/heads/b.lock")); err != nil {
		t.Fatal(err)
	}
	rescan(t, r)
	agree(t, r)
}

func TestDeletedRefsLeaveNoEmptyFoldersAndNoLogs(t *testing.T) {
	r := create(t)
	id := push(t, r, oid.Zero, "one", "refs/heads/a/b/c", "refs/heads/main")
	update(t, r, storage.Batch{Updates: []storage.RefUpdate{{Name: "refs/heads/a/b/c", Old: id}}})
	for _, path := range []string{"refs/heads/a", "logs/refs/heads/a"} {
		if _, err := os.Lstat(filepath.Join(r.Dir(), path)); err == nil {
			t.Errorf("%s is left", path)
		}
	}
	if _, err := os.Lstat(filepath.Join(r.Dir(), "refs/heads/main")); err != nil {
		t.Error(err)
	}
	update(t, r, storage.Batch{Updates: []storage.RefUpdate{{Name: "refs/heads/main", Old: id}}})
	if _, err := os.Lstat(filepath.Join(r.Dir(), "refs/heads")); err != nil {
		t.Errorf("git wants refs/heads: %v", err)
	}
	agree(t, r)
}

func TestNamesThatDifferInCaseClashWhereTheDiskFoldsIt(t *testing.T) {
	r := create(t)
	if r.folds {
		t.Skip("this file system folds case itself")
	}
	r.folds = true
	id := push(t, r, oid.Zero, "one", "refs/heads/Team/main")
	for name, clash := range map[string]bool{"refs/heads/team/main": true, "refs/heads/TEAM/other": true, "refs/heads/Team/MAIN": true, "refs/heads/Team/other": false, "refs/tags/Main": false} {
		res := update(t, r, storage.Batch{Updates: []storage.RefUpdate{{Name: name, New: id}}})
		if (res[0].Err != nil) != clash {
			t.Errorf("%s: %v", name, res[0].Err)
		}
	}
}

func TestNamesTooLongForAFile(t *testing.T) {
	r := create(t)
	id := push(t, r, oid.Zero, "one", "refs/heads/main", "refs/heads/"+strings.Repeat("x", maxComponent))
	res := update(t, r, storage.Batch{Updates: []storage.RefUpdate{{Name: "refs/heads/" + strings.Repeat("x", maxComponent+1), New: id}, {Name: "refs/heads/good", New: id}}})
	if res[0].Err == nil || res[1].Err != nil {
		t.Errorf("got %v and %v", res[0].Err, res[1].Err)
	}
	agree(t, r)
}

func TestReflogLinesCannotBeBroken(t *testing.T) {
	r := create(t)
	commit, _, s := stage(t, r, oid.Zero, "one")
	b := storage.Batch{Staged: []storage.Staged{s}, Reason: "push\nforged \x1b[31m \u202e", Actor: storage.Actor{Name: "A <b>\n", Email: "a@x>\t", Credential: "token:\r1"},
		Updates: []storage.RefUpdate{{Name: "refs/heads/main", New: commit}}}
	if res := update(t, r, b); res[0].Err != nil {
		t.Fatal(res[0].Err)
	}
	log, err := os.ReadFile(filepath.Join(r.Dir(), "logs/HEAD"))
	if err != nil {
		t.Fatal(err)
	}
	want := fmt.Sprintf(`%s %s A b\x0a <a@x\x09> `, oid.Zero, commit)
	reason := `push\x0aforged \x1b[31m \u202e (token:\x0d1)` + "\n"
	if !strings.HasPrefix(string(log), want) || !strings.HasSuffix(string(log), "\t"+reason) || strings.Count(string(log), "\n") != 1 {
		t.Errorf("the line is %q", log)
	}
	agree(t, r)
}

func TestALogThatCannotBeWrittenDoesNotStopAPush(t *testing.T) {
	r := create(t)
	var said bytes.Buffer
	r.o.Log = slog.New(slog.NewTextHandler(&said, nil))
	write(t, r, "logs/refs", "a file where a folder belongs")
	push(t, r, oid.Zero, "one", "refs/heads/main")
	if !strings.Contains(said.String(), "reflog") {
		t.Errorf("nobody was told: %s", said.String())
	}
}

func TestRefsOfGitAndOursStayTheSame(t *testing.T) {
	r := create(t)
	id := push(t, r, oid.Zero, "one", "refs/heads/main", "refs/heads/a", "refs/heads/b/c")
	git(t, r.Dir(), "", "tag", "-a", "-m", "x", "v1", id.String())
	git(t, r.Dir(), "", "pack-refs", "--all")
	rescan(t, r)
	agree(t, r)
	push(t, r, id, "two", "refs/heads/a")
	git(t, r.Dir(), "", "update-ref", "-d", "refs/heads/b/c")
	git(t, r.Dir(), "", "update-ref", "refs/notes/n", id.String())
	rescan(t, r)
	agree(t, r)
	if err := r.PackRefs(ctx); err != nil {
		t.Fatal(err)
	}
	agree(t, r)
	if loose := strings.Fields(git(t, r.Dir(), "", "rev-list", "-n1", "--all")); len(loose) == 0 {
		t.Error("git sees nothing")
	}
	if files, _ := filepath.Glob(filepath.Join(r.Dir(), "refs/*/*")); len(files) > 0 {
		t.Errorf("not packed: %v", files)
	}
	packed, _ := os.ReadFile(filepath.Join(r.Dir(), "packed-refs"))
	if !bytes.Contains(packed, []byte("^"+id.String())) {
		t.Errorf("the tag lost what it peels to:\n%s", packed)
	}
}

func TestFiftyThousandRefs(t *testing.T) {
	if testing.Short() {
		t.Skip("it writes 50,000 refs")
	}
	r := create(t)
	id := push(t, r, oid.Zero, "one", "refs/heads/main")
	b := storage.Batch{}
	for i := range 50_000 {
		b.Updates = append(b.Updates, storage.RefUpdate{Name: fmt.Sprintf("refs/tags/t%05d", i), New: id})
	}
	began := time.Now()
	for _, res := range update(t, r, b) {
		if res.Err != nil {
			t.Fatal(res.Err)
		}
	}
	t.Logf("50,000 refs made in %v", time.Since(began))
	commit, _, s := stage(t, r, id, "two")
	began = time.Now()
	update(t, r, storage.Batch{Staged: []storage.Staged{s}, Updates: []storage.RefUpdate{{Name: "refs/heads/main", Old: id, New: commit}}})
	t.Logf("one of them moved in %v", time.Since(began))
	r.Cool()
	began = time.Now()
	if got := len(storagetest.View(t, r).Refs.Refs); got != 50_001 {
		t.Errorf("%d refs", got)
	}
	t.Logf("read again in %v", time.Since(began))
}

func FuzzParsePacked(f *testing.F) {
	id := strings.Repeat("1", oid.HexSize)
	f.Add("# pack-refs with: peeled fully-peeled sorted \n" + id + " refs/tags/v1\n^" + id + "\n")
	f.Add("^" + id + "\n")
	f.Add(id + " refs/heads/a..b\n^" + id + "\n")
	f.Fuzz(func(t *testing.T, s string) {
		refs, err := parsePacked(strings.NewReader(s))
		if err != nil {
			return
		}
		all := map[string]storage.Ref{}
		for _, ref := range refs {
			if !inRefs(ref.Name) || ref.ID.IsZero() {
				t.Errorf("%q is a ref at %s", ref.Name, ref.ID)
			}
			all[ref.Name] = ref
		}
		again, err := parsePacked(bytes.NewReader(encodePacked(all)))
		if err != nil || len(again) != len(all) {
			t.Fatalf("what we write of it reads as %v, %v", again, err)
		}
		for _, ref := range again {
			if all[ref.Name] != ref {
				t.Errorf("%+v comes back as %+v", all[ref.Name], ref)
			}
		}
	})
}

func FuzzEscape(f *testing.F) {
	f.Add("push\n\x1b[0m\u202e\xff")
	f.Fuzz(func(t *testing.T, s string) {
		if got := escape(s); strings.ContainsAny(got, "\n\r\t\x00\x1b\x7f\u202e\u2028") {
			t.Errorf("%q is escaped as %q", s, got)
		}
	})
}
