package host

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"jeton/vcs/name"
	"jeton/vcs/oid"
	"jeton/vcs/rules"
	"jeton/vcs/storage"
	"jeton/vcs/storage/storagetest"
)

func TestCreateResolveRenameDelete(t *testing.T) {
	w := newWorld(t, nil)
	r := w.create("team/App")
	if !validID(r.ID) || r.CreatedAt.IsZero() || r.Path != "team/App" {
		t.Errorf("made %+v", r)
	}
	if want := filepath.Join(w.o.Root, r.ID[:2], r.ID+".git"); w.Dir(r.ID) != want {
		t.Errorf("its folder is %s, want %s", w.Dir(r.ID), want)
	}
	if got, err := w.Resolve(ctx, "TEAM/app"); err != nil || got.ID != r.ID {
		t.Errorf("in another case it is %+v, %v", got, err)
	}
	if out, err := exec.Command("git", "-C", w.Dir(r.ID), "fsck", "--strict").CombinedOutput(); err != nil {
		t.Errorf("git fsck: %v %s", err, out)
	}
	moved, err := w.Rename(ctx, r.ID, "other")
	if err != nil || moved.ID != r.ID || moved.Path != "other" || w.Dir(moved.ID) != w.Dir(r.ID) {
		t.Errorf("renamed to %+v, %v", moved, err)
	}
	if _, err := w.Resolve(ctx, "team/App"); !errors.Is(err, ErrNotFound) {
		t.Errorf("the old path: %v", err)
	}
	w.whole()
	if err := w.Delete(ctx, r.ID); err != nil {
		t.Fatal(err)
	}
	w.notThere(r.ID)
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	if live, trash := w.folders(); len(live)+len(trash) > 0 {
		t.Errorf("left behind: %v %v", live, trash)
	}
}

func TestRefusals(t *testing.T) {
	w := newWorld(t, nil)
	r := w.create("app")
	w.create("other")
	for what, c := range map[string]struct {
		do   func() error
		want error
	}{
		"create where one is":       {func() error { _, err := w.Create(ctx, Repo{Path: "APP"}); return err }, ErrTaken},
		"create with a bad path":    {func() error { _, err := w.Create(ctx, Repo{Path: "a/info"}); return err }, ErrBadPath},
		"create beyond ASCII":       {func() error { _, err := w.Create(ctx, Repo{Path: "проект"}); return err }, ErrBadPath},
		"create with a bad id":      {func() error { _, err := w.Create(ctx, Repo{Path: "new", ID: "../../etc/passwd"}); return some(err) }, errSome},
		"fork to another's path":    {func() error { _, err := w.Fork(ctx, r.ID, Repo{Path: "Other"}); return err }, ErrTaken},
		"fork to a bad path":        {func() error { _, err := w.Fork(ctx, r.ID, Repo{Path: "../x"}); return err }, ErrBadPath},
		"fork what is no id":        {func() error { _, err := w.Fork(ctx, "..", Repo{Path: "x"}); return err }, ErrNotFound},
		"rename to another's path":  {func() error { _, err := w.Rename(ctx, r.ID, "Other"); return err }, ErrTaken},
		"rename to a bad path":      {func() error { _, err := w.Rename(ctx, r.ID, "../x"); return err }, ErrBadPath},
		"rename what is not there":  {func() error { _, err := w.Rename(ctx, NewID(), "x"); return err }, ErrNotFound},
		"delete what is not there":  {func() error { return w.Delete(ctx, NewID()) }, ErrNotFound},
		"delete what is no id":      {func() error { return w.Delete(ctx, "..") }, ErrNotFound},
		"open without an id":        {func() error { _, err := w.Open(ctx, ""); return err }, ErrNotFound},
		"open a path":               {func() error { _, err := w.Open(ctx, "../../../../../etc/passwd"); return err }, ErrNotFound},
		"open what has no folder":   {func() error { _, err := w.Open(ctx, NewID()); return err }, os.ErrNotExist},
		"rescan what has no folder": {func() error { return w.Rescan(ctx, NewID()) }, os.ErrNotExist},
		"resolve what is not there": {func() error { _, err := w.Resolve(ctx, "none"); return err }, ErrNotFound},
	} {
		if err := c.do(); !errors.Is(err, c.want) {
			t.Errorf("%s: got %v, want %v", what, err, c.want)
		}
	}
	if w.Dir("a") != "" || w.Dir("") != "" {
		t.Error("what is no id has a folder")
	}
	w.whole()
}

// errSome stands for any error.
var errSome = errors.New("some error")

func some(err error) error {
	if err == nil {
		return nil
	}
	return errSome
}

func TestOtherScriptsWhereTheSettingAllowsThem(t *testing.T) {
	w := newWorld(t, func(o *Options) { o.Names = name.Rules{Scripts: true} })
	w.create("проект/приложение")
	if _, err := w.Create(ctx, Repo{Path: "ПРОЕКТ/приложение"}); !errors.Is(err, ErrTaken) {
		t.Errorf("in another case: %v", err)
	}
}

// TestCrashes has the process die around each change of a row, and starts it again.
func TestCrashes(t *testing.T) {
	boom := func(string) error { panic("the process dies here") }
	for what, c := range map[string]struct {
		crash func(*memory)
		do    func(*world, Repo)
		// left is how many repositories there are afterwards, of one before.
		left int
	}{
		"create, before the row": {func(m *memory) { m.before = boom }, func(w *world, _ Repo) { _, _ = w.Create(ctx, Repo{Path: "new"}) }, 1},
		"create, behind the row": {func(m *memory) { m.after = boom }, func(w *world, _ Repo) { _, _ = w.Create(ctx, Repo{Path: "new"}) }, 2},
		"fork, before the row":   {func(m *memory) { m.before = boom }, func(w *world, r Repo) { _, _ = w.Fork(ctx, r.ID, Repo{Path: "new"}) }, 1},
		"fork, behind the row":   {func(m *memory) { m.after = boom }, func(w *world, r Repo) { _, _ = w.Fork(ctx, r.ID, Repo{Path: "new"}) }, 2},
		"rename, before the row": {func(m *memory) { m.before = boom }, func(w *world, r Repo) { _, _ = w.Rename(ctx, r.ID, "new") }, 1},
		"rename, behind the row": {func(m *memory) { m.after = boom }, func(w *world, r Repo) { _, _ = w.Rename(ctx, r.ID, "new") }, 1},
		"delete, before the row": {func(m *memory) { m.before = boom }, func(w *world, r Repo) { _ = w.Delete(ctx, r.ID) }, 1},
		"delete, behind the row": {func(m *memory) { m.after = boom }, func(w *world, r Repo) { _ = w.Delete(ctx, r.ID) }, 0},
	} {
		t.Run(what, func(t *testing.T) {
			w := newWorld(t, nil)
			r := w.create("old")
			c.crash(w.rows)
			dies(t, func() { c.do(w, r) })
			w.start()
			w.whole()
			if rows, _ := w.List(ctx); len(rows) != c.left {
				t.Errorf("%d repositories are left, want %d", len(rows), c.left)
			}
			if _, err := w.Resolve(ctx, "new"); errors.Is(err, ErrNotFound) {
				w.create("new") // what failed does not stand in the way
			}
		})
	}
}

func TestFailuresOfRows(t *testing.T) {
	broken := errors.New("the database is broken")
	fails := func(string) error { return broken }
	w := newWorld(t, nil)
	r := w.create("old")
	w.rows.before = fails
	if _, err := w.Create(ctx, Repo{Path: "new"}); !errors.Is(err, broken) {
		t.Errorf("create: %v", err)
	}
	if err := w.Delete(ctx, r.ID); !errors.Is(err, broken) {
		t.Errorf("delete: %v", err)
	}
	w.rows.before, w.rows.after = nil, nil
	w.whole() // what failed left nothing, and what was there is there
	// A row that is written though its insertion ended in an error keeps its folder.
	w.rows.after = fails
	made, err := w.Create(ctx, Repo{Path: "new"})
	if err != nil || made.Path != "new" {
		t.Errorf("a row that is there: %+v, %v", made, err)
	}
	w.rows.after = nil
	w.whole()
	w.start()
	w.whole()
}

func TestOrphansStayInTheTrashAndComeBackWithTheirRow(t *testing.T) {
	w := newWorld(t, nil)
	r := w.create("app")
	id := storagetest.Push(t, must(w.Open(ctx, r.ID)), storagetest.Commit(t, "one"), "refs/heads/main")
	row := w.rows.rows[r.ID]
	delete(w.rows.rows, r.ID) // a database restored from yesterday
	w.start()
	if live, trash := w.folders(); len(live) != 0 || len(trash) != 1 || !strings.Contains(trash[0], "-orphan-"+r.ID) {
		t.Fatalf("folders %v, trash %v", live, trash)
	}
	w.rows.rows[r.ID] = row // today's copy was found
	w.start()
	w.whole()
	if got := storagetest.Value(t, must(w.Open(ctx, r.ID)), "refs/heads/main"); got != id {
		t.Errorf("main is %s, want %s", got, id)
	}
}

func must[T any](v T, err error) T {
	if err != nil {
		panic(err)
	}
	return v
}

func TestTrashIsKeptForAsLongAsIsSet(t *testing.T) {
	w := newWorld(t, func(o *Options) { o.TrashKeep = time.Hour })
	r := w.create("app")
	if err := w.Delete(ctx, r.ID); err != nil {
		t.Fatal(err)
	}
	w.start()
	if _, trash := w.folders(); len(trash) != 1 {
		t.Fatalf("trash is %v", trash)
	}
	_, trash := w.folders()
	aged := filepath.Join(w.trash(), fmt.Sprintf("%d-deleted-%s.git", time.Now().Add(-2*time.Hour).Unix(), r.ID))
	if err := os.Rename(trash[0], aged); err != nil {
		t.Fatal(err)
	}
	w.start()
	if _, trash := w.folders(); len(trash) != 1 {
		t.Fatalf("the trash is %v while the row can come back", trash)
	}
	w.rows.age(r.ID)
	w.start()
	if _, trash := w.folders(); len(trash) != 0 {
		t.Errorf("after its time the trash holds %v", trash)
	}
}

func TestSweepEmptiesTheTrashOfWhatIsOldAndBringsNothingBack(t *testing.T) {
	w := newWorld(t, func(o *Options) { o.TrashKeep = time.Hour })
	old, young, back := w.create("old"), w.create("young"), w.create("back")
	for _, r := range []Repo{old, young, back} {
		if err := w.Delete(ctx, r.ID); err != nil {
			t.Fatal(err)
		}
	}
	if err := w.rows.Insert(ctx, back); err != nil { // as if its deletion had not come to its end
		t.Fatal(err)
	}
	aged := filepath.Join(w.trash(), fmt.Sprintf("%d-deleted-%s.git", time.Now().Add(-2*time.Hour).Unix(), old.ID))
	matches, err := filepath.Glob(filepath.Join(w.trash(), "*"+old.ID+"*"))
	if err != nil || len(matches) != 1 {
		t.Fatalf("the trash holds %v, %v", matches, err)
	}
	if err := os.Rename(matches[0], aged); err != nil {
		t.Fatal(err)
	}
	w.rows.age(old.ID)
	for range 3 {
		if err := w.Sweep(ctx); err != nil {
			t.Fatal(err)
		}
	}
	w.background.Wait()
	if live, trash := w.folders(); len(live) != 0 || len(trash) != 2 {
		t.Errorf("live are %v, in the trash %v", live, trash)
	}
}

// book is a RuleBook with one rule, for every id that it is asked about.
type book struct{ hidden string }

func (b book) Rules(_ context.Context, id string) (rules.Rules, error) {
	return rules.Rules{Hidden: []string{b.hidden + id}}, nil
}

// fixed is a RuleBook with the same rules for all.
type fixed struct{ all rules.Rules }

func (f fixed) Rules(context.Context, string) (rules.Rules, error) { return f.all, nil }

func TestRulesAreThoseOfTheBook(t *testing.T) {
	if got, err := newWorld(t, nil).Rules(ctx, "x"); err != nil || len(got.Hidden) != 0 {
		t.Errorf("without a book: %+v, %v", got, err)
	}
	w := newWorld(t, func(o *Options) { o.Rules = book{"refs/"} })
	if got, err := w.Rules(ctx, "x"); err != nil || got.Hidden[0] != "refs/x" {
		t.Errorf("with a book: %+v, %v", got, err)
	}
}

func TestRecoverLeavesAloneWhatItDoesNotKnow(t *testing.T) {
	w := newWorld(t, nil)
	r := w.create("app")
	strange := []string{filepath.Join(w.o.Root, "lo", "lost+found"), filepath.Join(w.o.Root, r.ID[:2], "notes.txt"), filepath.Join(w.trash(), "mine"), filepath.Join(w.o.Root, "zz", r.ID+".git")}
	unfinished := filepath.Join(w.o.Root, r.ID[:2], "new-123")
	for _, dir := range append(strange, unfinished) {
		if err := os.MkdirAll(dir, 0o750); err != nil {
			t.Fatal(err)
		}
	}
	w.start()
	for _, dir := range append(strange, w.Dir(r.ID)) {
		if _, err := os.Lstat(dir); err != nil {
			t.Errorf("%s: %v", dir, err)
		}
	}
	if _, err := os.Lstat(unfinished); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("what Create was building: %v", err)
	}
}

func TestDeleteWhileItIsRead(t *testing.T) {
	w := newWorld(t, nil)
	r := w.create("app")
	repo := must(w.Open(ctx, r.ID))
	id := storagetest.Push(t, repo, storagetest.Commit(t, "one"), "refs/heads/main")
	v := storagetest.View(t, repo)
	if err := w.Delete(ctx, r.ID); err != nil {
		t.Fatal(err)
	}
	if _, _, err := v.Objects.Read(id, 0); err != nil {
		t.Errorf("a fetch that had begun: %v", err)
	}
	if _, err := repo.Update(ctx, v.Refs.Basis, storage.Batch{Updates: []storage.RefUpdate{{Name: "refs/heads/x", New: id}}}); err == nil {
		t.Error("a push that had begun was taken")
	}
	w.notThere(r.ID)
}

func TestManyAtOnceShareOneOpening(t *testing.T) {
	w := newWorld(t, func(o *Options) { o.Open = 2 })
	var ids []string
	for i := range 6 {
		ids = append(ids, w.create(fmt.Sprint("r", i)).ID)
	}
	var wg sync.WaitGroup
	for g := range 12 {
		wg.Go(func() {
			for i := range 30 {
				repo, err := w.Open(ctx, ids[(g+i)%len(ids)])
				if err != nil {
					t.Error(err)
					return
				}
				v, err := repo.View(ctx)
				if err != nil {
					t.Error(err)
					return
				}
				v.Close()
			}
		})
	}
	wg.Wait()
	if a, b := must(w.Open(ctx, ids[0])), must(w.Open(ctx, ids[0])); a != b {
		t.Error("one repository is open twice")
	}
	gone, cancel := context.WithCancel(ctx)
	cancel()
	if _, err := w.Open(gone, ids[0]); err != nil && !errors.Is(err, context.Canceled) {
		t.Errorf("with an ended context: %v", err)
	}
}

func TestRescanSeesAnotherWriter(t *testing.T) {
	w := newWorld(t, nil)
	r := w.create("app")
	repo := must(w.Open(ctx, r.ID))
	id := storagetest.Push(t, repo, storagetest.Commit(t, "one"), "refs/heads/main")
	if out, err := exec.Command("git", "-C", w.Dir(r.ID), "update-ref", "refs/heads/by-git", id.String()).CombinedOutput(); err != nil {
		t.Fatalf("%v %s", err, out)
	}
	if got := storagetest.Value(t, repo, "refs/heads/by-git"); got != oid.Zero {
		t.Error("it was seen without a rescan")
	}
	if err := w.Rescan(ctx, r.ID); err != nil {
		t.Fatal(err)
	}
	if got := storagetest.Value(t, repo, "refs/heads/by-git"); got != id {
		t.Errorf("after the rescan it is %s", got)
	}
}

func FuzzTrashed(f *testing.F) {
	f.Add("1700000000-deleted-abcdefghijklmnop.git")
	f.Add("-orphan-")
	f.Add("1-x-abcdefghijklmnop.git")
	f.Fuzz(func(t *testing.T, s string) {
		if id, w, _, ok := trashed(s); ok && (!validID(id) || w == "") {
			t.Errorf("%q is taken for %q, %q", s, id, w)
		}
	})
}
