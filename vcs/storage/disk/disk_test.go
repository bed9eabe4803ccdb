package disk

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"github.com/go-git/go-git/v5/plumbing"

	"jeton/vcs/oid"
	"jeton/vcs/pack"
	"jeton/vcs/pack/ingest"
	"jeton/vcs/pack/packtest"
	"jeton/vcs/storage"
)

var ctx = context.Background()

func git(t testing.TB, dir, in string, args ...string) string {
	t.Helper()
	cmd := exec.Command("git", args...)
	cmd.Dir = dir
	cmd.Env = append(os.Environ(), "GIT_CONFIG_NOSYSTEM=1", "GIT_CONFIG_GLOBAL=/dev/null", "GIT_AUTHOR_NAME=A", "GIT_AUTHOR_EMAIL=a@example.com",
		"GIT_COMMITTER_NAME=A", "GIT_COMMITTER_EMAIL=a@example.com")
	cmd.Stdin = strings.NewReader(in)
	var errs bytes.Buffer
	cmd.Stderr = &errs
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("git %s: %v\n%s", strings.Join(args, " "), err, errs.String())
	}
	return string(out)
}

// create makes and opens an empty repository.
func create(t testing.TB) *Repository {
	t.Helper()
	dir := filepath.Join(t.TempDir(), "r.git")
	if err := Create(ctx, dir); err != nil {
		t.Fatal(err)
	}
	return open(t, dir)
}

func open(t testing.TB, dir string) *Repository {
	t.Helper()
	r, err := Open(ctx, dir, "id", Options{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = r.Close() })
	return r
}

// push puts one commit with one file into a repository as a push would, and returns its id and what is staged.
func stage(t testing.TB, r *Repository, parent oid.ID, text string) (oid.ID, storage.Quarantine, storage.Staged) {
	t.Helper()
	var body bytes.Buffer
	body.Write(pack.AppendFileHeader(nil, 3))
	add := func(kind plumbing.ObjectType, content string) oid.ID {
		body.Write(pack.AppendHeader(nil, pack.Header{Type: kind, Size: int64(len(content))}))
		body.Write(packtest.Deflated([]byte(content)))
		id, err := oid.Of(kind, []byte(content))
		if err != nil {
			t.Fatal(err)
		}
		return id
	}
	blob := add(plumbing.BlobObject, text)
	tree := add(plumbing.TreeObject, "100644 file\x00"+string(blob[:]))
	head := fmt.Sprintf("tree %s\n", tree)
	if !parent.IsZero() {
		head += fmt.Sprintf("parent %s\n", parent)
	}
	commit := add(plumbing.CommitObject, head+"author A <a@example.com> 1700000000 +0000\ncommitter A <a@example.com> 1700000000 +0000\n\n"+text+"\n")
	sum := oid.NewSum()
	sum.Write(body.Bytes())
	trailer := oid.SumID(sum)
	body.Write(trailer[:])
	q, err := r.Quarantine(ctx)
	if err != nil {
		t.Fatal(err)
	}
	res, err := ingest.Receive(ctx, &body, ingest.Options{Dir: q.Dir()})
	if err != nil {
		t.Fatal(err)
	}
	s, err := q.Stage(ctx, res.Name, &pack.Roots{IDs: []oid.ID{commit}})
	if err != nil {
		t.Fatal(err)
	}
	return commit, q, s
}

func push(t testing.TB, r *Repository, parent oid.ID, text string, refs ...string) oid.ID {
	t.Helper()
	commit, q, s := stage(t, r, parent, text)
	defer q.Close()
	b := storage.Batch{Actor: storage.Actor{Name: "Ada", Email: "ada@example.com", Credential: "token:1"}, Reason: "push", Staged: []storage.Staged{s}}
	for _, ref := range refs {
		b.Updates = append(b.Updates, storage.RefUpdate{Name: ref, Old: value(t, r, ref), New: commit})
	}
	for _, res := range update(t, r, b) {
		if res.Err != nil {
			t.Fatal(res.Err)
		}
	}
	return commit
}

func value(t testing.TB, r *Repository, ref string) oid.ID {
	t.Helper()
	v, err := r.View(ctx)
	if err != nil {
		t.Fatal(err)
	}
	defer v.Close()
	got, _ := v.Refs.Lookup(ref)
	return got.ID
}

func update(t testing.TB, r *Repository, b storage.Batch) []storage.RefResult {
	t.Helper()
	v, err := r.View(ctx)
	if err != nil {
		t.Fatal(err)
	}
	defer v.Close()
	results, err := r.Update(ctx, v.Refs.Basis, b)
	if err != nil {
		t.Fatal(err)
	}
	return results
}

// snapshot writes refs as git's for-each-ref does, to be compared with it.
func snapshot(t testing.TB, r *Repository) string {
	t.Helper()
	v, err := r.View(ctx)
	if err != nil {
		t.Fatal(err)
	}
	defer v.Close()
	var b strings.Builder
	for _, ref := range v.Refs.Refs {
		peeled := ""
		if !ref.Peeled.IsZero() {
			peeled = ref.Peeled.String()
		}
		fmt.Fprintf(&b, "%s %s %s\n", ref.ID, ref.Name, peeled)
	}
	return b.String()
}

// agree fails the test when git sees other refs than we do, or finds something wrong with the repository.
func agree(t testing.TB, r *Repository) {
	t.Helper()
	if got, want := snapshot(t, r), git(t, r.Dir(), "", "for-each-ref", "--format=%(objectname) %(refname) %(*objectname)"); got != want {
		t.Errorf("we see\n%sgit sees\n%s", got, want)
	}
	if out := git(t, r.Dir(), "", "fsck", "--strict", "--no-dangling"); strings.Contains(out, "error") {
		t.Errorf("git fsck: %s", out)
	}
}

func TestEmptyRepositoryIsGits(t *testing.T) {
	r := create(t)
	agree(t, r)
	if got := strings.TrimSpace(git(t, r.Dir(), "", "symbolic-ref", "HEAD")); got != "refs/heads/main" {
		t.Errorf("HEAD is %s", got)
	}
	if got := strings.TrimSpace(git(t, r.Dir(), "", "rev-parse", "--is-bare-repository")); got != "true" {
		t.Errorf("bare is %s", got)
	}
	if err := Create(ctx, r.Dir()); !errors.Is(err, os.ErrExist) {
		t.Errorf("made twice: %v", err)
	}
}

func TestUpdatesAreSeenByGit(t *testing.T) {
	r := create(t)
	one := push(t, r, oid.Zero, "one", "refs/heads/main")
	agree(t, r)
	two := push(t, r, one, "two", "refs/heads/main", "refs/heads/a/b", "refs/tags/v1")
	agree(t, r)
	update(t, r, storage.Batch{Updates: []storage.RefUpdate{{Name: "refs/heads/a/b", Old: two}, {Name: "refs/tags/v1", Old: two}}})
	agree(t, r)
	if got := snapshot(t, r); strings.Contains(got, "a/b") || strings.Contains(got, "v1") {
		t.Errorf("deleted refs are there:\n%s", got)
	}
	push(t, r, two, "three", "refs/heads/a") // where the folder a/ stood
	agree(t, r)
	log := git(t, r.Dir(), "", "reflog", "show", "refs/heads/main")
	if strings.Count(log, "push (token:1)") != 2 {
		t.Errorf("reflog of main:\n%s", log)
	}
	if log := git(t, r.Dir(), "", "reflog", "show", "HEAD"); strings.Count(log, "push") != 2 {
		t.Errorf("reflog of HEAD:\n%s", log)
	}
}

func TestManyUpdatesGoIntoPackedRefs(t *testing.T) {
	r := create(t)
	var refs []string
	for i := range 250 {
		refs = append(refs, fmt.Sprintf("refs/tags/t%03d", i))
	}
	id := push(t, r, oid.Zero, "one", append(refs, "refs/heads/main")...)
	agree(t, r)
	if files, _ := filepath.Glob(filepath.Join(r.Dir(), "refs/tags/*")); len(files) != 0 {
		t.Errorf("%d refs have files of their own", len(files))
	}
	push(t, r, id, "two", "refs/tags/t007") // loose, over what is packed
	agree(t, r)
	b := storage.Batch{}
	for _, ref := range refs {
		b.Updates = append(b.Updates, storage.RefUpdate{Name: ref, Old: value(t, r, ref)})
	}
	update(t, r, b)
	agree(t, r)
	if got := strings.Count(snapshot(t, r), "\n"); got != 1 {
		t.Errorf("%d refs are left", got)
	}
}

func TestUpdateRefusals(t *testing.T) {
	r := create(t)
	one := push(t, r, oid.Zero, "one", "refs/heads/main", "refs/heads/dir/leaf")
	none := oid.ID{1}
	for _, c := range []struct {
		name   string
		update storage.RefUpdate
		want   error
	}{
		{"old value is another", storage.RefUpdate{Name: "refs/heads/main", Old: none, New: one}, storage.ErrConflict},
		{"should not exist", storage.RefUpdate{Name: "refs/heads/main", New: one}, storage.ErrConflict},
		{"should exist", storage.RefUpdate{Name: "refs/heads/new", Old: one, New: one}, storage.ErrConflict},
		{"below a ref", storage.RefUpdate{Name: "refs/heads/main/x", New: one}, storage.ErrNameClash},
		{"above a ref", storage.RefUpdate{Name: "refs/heads/dir", New: one}, storage.ErrNameClash},
		{"bad name", storage.RefUpdate{Name: "refs/heads/a..b", New: one}, storage.ErrBadName},
		{"outside of refs", storage.RefUpdate{Name: "heads/x", New: one}, storage.ErrBadName},
		{"out of the folder", storage.RefUpdate{Name: "refs/../../x", New: one}, storage.ErrBadName},
		{"symbolic ref that is not HEAD", storage.RefUpdate{Name: "refs/heads/s", Symref: "refs/heads/main"}, storage.ErrBadName},
	} {
		before := snapshot(t, r)
		good := storage.RefUpdate{Name: "refs/heads/good", New: one}
		for _, atomic := range []bool{true, false} {
			res := update(t, r, storage.Batch{Updates: []storage.RefUpdate{good, c.update}, Atomic: atomic})
			if !errors.Is(res[1].Err, c.want) {
				t.Errorf("%s, atomic %v: got %v, want %v", c.name, atomic, res[1].Err, c.want)
			}
			if atomic && (!errors.Is(res[0].Err, storage.ErrNotApplied) || snapshot(t, r) != before) {
				t.Errorf("%s: an atomic batch was done in part: %v", c.name, res[0].Err)
			}
			if !atomic && res[0].Err != nil {
				t.Errorf("%s: the good update: %v", c.name, res[0].Err)
			}
		}
		update(t, r, storage.Batch{Updates: []storage.RefUpdate{{Name: "refs/heads/good", Old: one}}})
		agree(t, r)
	}
}

func TestAtomicBatchReplacesAFolderByARef(t *testing.T) {
	r := create(t)
	one := push(t, r, oid.Zero, "one", "refs/heads/dir/leaf", "refs/heads/main")
	res := update(t, r, storage.Batch{Atomic: true, Updates: []storage.RefUpdate{{Name: "refs/heads/dir/leaf", Old: one}, {Name: "refs/heads/dir", New: one}}})
	for _, u := range res {
		if u.Err != nil {
			t.Error(u.Err)
		}
	}
	agree(t, r)
}

func TestOneOfManyRacersWins(t *testing.T) {
	r := create(t)
	base := push(t, r, oid.Zero, "base", "refs/heads/main")
	var wg sync.WaitGroup
	var mu sync.Mutex
	won := 0
	for i := range 8 {
		commit, q, s := stage(t, r, base, fmt.Sprint("racer ", i))
		wg.Go(func() {
			defer q.Close()
			res := update(t, r, storage.Batch{Staged: []storage.Staged{s}, Updates: []storage.RefUpdate{{Name: "refs/heads/main", Old: base, New: commit}}})
			mu.Lock()
			defer mu.Unlock()
			if res[0].Err == nil {
				won++
			} else if !errors.Is(res[0].Err, storage.ErrConflict) {
				t.Error(res[0].Err)
			}
		})
	}
	wg.Wait()
	if won != 1 {
		t.Errorf("%d racers won", won)
	}
	agree(t, r)
}

func TestViewSeesOneMoment(t *testing.T) {
	r := create(t)
	one := push(t, r, oid.Zero, "one", "refs/heads/main")
	v, err := r.View(ctx)
	if err != nil {
		t.Fatal(err)
	}
	defer v.Close()
	two := push(t, r, one, "two", "refs/heads/main")
	if ref, _ := v.Refs.Lookup("refs/heads/main"); ref.ID != one {
		t.Error("the refs of an open view have moved")
	}
	if _, ok, _ := v.Objects.Find(two); ok {
		t.Error("an open view sees what was pushed later")
	}
}

func TestWhatGitWritesIsSeenAfterRescan(t *testing.T) {
	r := create(t)
	one := push(t, r, oid.Zero, "one", "refs/heads/main")
	work := t.TempDir()
	git(t, "", "", "clone", "-q", r.Dir(), work)
	if err := os.WriteFile(filepath.Join(work, "new"), []byte("by git"), 0o644); err != nil {
		t.Fatal(err)
	}
	git(t, work, "", "add", "-A")
	git(t, work, "", "commit", "-q", "-m", "by git")
	git(t, work, "", "tag", "-a", "-m", "annotated", "v1")
	git(t, work, "", "push", "-q", "origin", "main", "v1") // writes loose objects and refs
	git(t, r.Dir(), "", "pack-refs", "--all")
	git(t, r.Dir(), "", "symbolic-ref", "refs/heads/alias", "refs/heads/main")
	if got := value(t, r, "refs/heads/main"); got != one {
		t.Error("another program's write was seen without a rescan")
	}
	if err := r.Rescan(ctx); err != nil {
		t.Fatal(err)
	}
	agree(t, r)
	if loose, _ := filepath.Glob(filepath.Join(r.Dir(), "objects/??/*")); len(loose) != 0 {
		t.Errorf("%d loose objects are left", len(loose))
	}
	v, err := r.View(ctx)
	if err != nil {
		t.Fatal(err)
	}
	defer v.Close()
	ref, _ := v.Refs.Lookup("refs/tags/v1")
	if ref.Peeled != value(t, r, "refs/heads/main") {
		t.Errorf("v1 peels to %s", ref.Peeled)
	}
	if kind, _, err := v.Objects.Header(ref.ID); err != nil || kind != plumbing.TagObject {
		t.Errorf("the tag reads as %s, %v", kind, err)
	}
}

func TestPackedRefsOutOfOrderAreRead(t *testing.T) {
	r := create(t)
	id := push(t, r, oid.Zero, "one", "refs/heads/main")
	lines := fmt.Sprintf("%s refs/tags/z\n%s refs/tags/a\n# a remark\n%s refs/tags/m\n", id, id, id)
	if err := os.WriteFile(filepath.Join(r.Dir(), "packed-refs"), []byte(lines), 0o644); err != nil {
		t.Fatal(err)
	}
	if err := r.Rescan(ctx); err != nil {
		t.Fatal(err)
	}
	for _, ref := range []string{"refs/tags/a", "refs/tags/m", "refs/tags/z"} {
		if value(t, r, ref) != id {
			t.Errorf("%s is not seen", ref)
		}
	}
}

func TestRefusedKindsOfRepository(t *testing.T) {
	for name, break_ := range map[string]func(dir string){
		"SHA-256": func(dir string) {
			_ = os.WriteFile(filepath.Join(dir, "config"), []byte("[extensions]\n\tobjectFormat = sha256\n"), 0o644)
		},
		"alternates": func(dir string) {
			_ = os.WriteFile(filepath.Join(dir, "objects/info/alternates"), []byte("/elsewhere\n"), 0o644)
		},
		"reftable": func(dir string) {
			_ = os.WriteFile(filepath.Join(dir, "config"), []byte("[extensions]\n\trefStorage = reftable\n"), 0o644)
		},
	} {
		r := create(t)
		break_(r.Dir())
		if _, err := Open(ctx, r.Dir(), "id", Options{}); !errors.Is(err, ErrUnsupported) {
			t.Errorf("%s: got %v, want ErrUnsupported", name, err)
		}
	}
}
