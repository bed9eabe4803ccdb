package maintain

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/go-git/go-git/v5/plumbing"

	"jeton/vcs/oid"
	"jeton/vcs/storage"
	"jeton/vcs/storage/disk"
	"jeton/vcs/storage/storagetest"
)

var ctx = context.Background()

func create(t *testing.T) *disk.Repository {
	t.Helper()
	dir := filepath.Join(t.TempDir(), "r.git")
	if err := disk.Create(ctx, dir); err != nil {
		t.Fatal(err)
	}
	return open(t, dir)
}

func open(t *testing.T, dir string) *disk.Repository {
	t.Helper()
	r, err := disk.Open(ctx, dir, "id", disk.Options{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = r.Close() })
	return r
}

func git(t *testing.T, dir string, args ...string) string {
	t.Helper()
	cmd := exec.Command("git", args...)
	cmd.Dir = dir
	cmd.Env = append(os.Environ(), "GIT_CONFIG_NOSYSTEM=1", "GIT_CONFIG_GLOBAL=/dev/null", "GIT_AUTHOR_NAME=A", "GIT_AUTHOR_EMAIL=a@example.com",
		"GIT_COMMITTER_NAME=A", "GIT_COMMITTER_EMAIL=a@example.com")
	var out, errs bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &errs
	if err := cmd.Run(); err != nil {
		t.Fatalf("git %s: %v\n%s%s", strings.Join(args, " "), err, out.String(), errs.String())
	}
	return out.String()
}

// history pushes so many commits to main, a pack each, and returns the last.
func history(t *testing.T, repo storage.Repository, n int) oid.ID {
	t.Helper()
	last := oid.Zero
	for i := range n {
		var parents []oid.ID
		if i > 0 {
			parents = []oid.ID{last}
		}
		last = storagetest.Push(t, repo, storagetest.Commit(t, strings.Repeat(fmt.Sprint("line ", i, "\n"), 50), parents...), "refs/heads/main")
	}
	return last
}

func repack(t *testing.T, repo storage.Repository, o Options) Report {
	t.Helper()
	report, err := RepackWith(ctx, repo, o)
	if err != nil {
		t.Fatal(err)
	}
	return report
}

// sound has git check the repository, and compares what it counts with the report.
func sound(t *testing.T, r *disk.Repository, report Report) {
	t.Helper()
	git(t, r.Dir(), "fsck", "--strict", "--full")
	if got := strings.Count(git(t, r.Dir(), "rev-list", "--objects", "--all"), "\n"); got != int(report.Reachable) {
		t.Errorf("git counts %d objects, the report %d", got, report.Reachable)
	}
	files, _ := filepath.Glob(filepath.Join(r.Dir(), "objects/pack/*.pack"))
	if len(files) != report.PacksAfter {
		t.Errorf("%d packs are there, the report says %d", len(files), report.PacksAfter)
	}
	var bytes int64
	for _, f := range files {
		if st, err := os.Stat(f); err == nil {
			bytes += st.Size()
		}
	}
	if bytes != report.BytesAfter {
		t.Errorf("packs have %d bytes, the report says %d", bytes, report.BytesAfter)
	}
}

func TestManyPacksBecomeOneThatIsClosed(t *testing.T) {
	r := create(t)
	last := history(t, r, 12)
	storagetest.Push(t, r, []storagetest.Object{storagetest.Tag("v1", plumbing.CommitObject, last)}, "refs/tags/v1")
	var said []string
	report := repack(t, r, Options{Progress: func(s string) { said = append(said, s) }})
	if report.PacksBefore != 13 || report.PacksAfter != 1 || report.Reachable != 37 || report.Dropped != 0 || len(said) < 2 {
		t.Errorf("got %+v, said %q", report, said)
	}
	sound(t, r, report)
	p := storagetest.View(t, r).Objects.Packs()[0]
	if p.Roots == nil || !p.Roots.Closed || len(p.Roots.IDs) != 2 {
		t.Errorf("its roots are %+v", p.Roots)
	}
	if loose, _ := filepath.Glob(filepath.Join(r.Dir(), "refs/*/*")); len(loose) > 0 {
		t.Errorf("refs that are not packed: %v", loose)
	}
	again := repack(t, r, Options{})
	if again.Bytes != 0 || again.PacksAfter != 1 || again.PacksBefore != 1 {
		t.Errorf("once more: %+v; nothing was to be done", again)
	}
	reopened := open(t, r.Dir())
	if p := storagetest.View(t, reopened).Objects.Packs(); len(p) != 1 || p[0].Roots == nil || !p[0].Roots.Closed {
		t.Error("its roots are not known after opening it again")
	}
}

func TestEmptyRepositoryIsLeftAlone(t *testing.T) {
	r := create(t)
	if report := repack(t, r, Options{}); report != (Report{}) {
		t.Errorf("got %+v", report)
	}
}

func TestUnreachableObjectsStayForTheGraceAndGoThen(t *testing.T) {
	r := create(t)
	base := history(t, r, 3)
	lost := storagetest.Push(t, r, storagetest.Commit(t, "to be forced away", base), "refs/heads/side")
	storagetest.Update(t, r, storage.Batch{Updates: []storage.RefUpdate{{Name: "refs/heads/side", Old: lost}}})
	report := repack(t, r, Options{})
	if report.Kept != 3 || report.Dropped != 0 || report.PacksAfter != 2 || !storagetest.Has(t, r, lost) {
		t.Errorf("within the grace: %+v", report)
	}
	sound(t, r, report)
	if again := repack(t, r, Options{}); again.Bytes != 0 || again.PacksAfter != 2 {
		t.Errorf("once more: %+v", again)
	}
	v := storagetest.View(t, r)
	later := func() time.Time { return time.Now().Add(DefaultGrace + time.Hour) }
	report = repack(t, r, Options{Now: later})
	if report.Dropped != 3 || report.Kept != 0 || report.PacksAfter != 1 || storagetest.Has(t, r, lost) {
		t.Errorf("behind the grace: %+v", report)
	}
	if _, err := r.Update(ctx, v.Refs.Basis, storage.Batch{Updates: []storage.RefUpdate{{Name: "refs/heads/back", New: lost}}}); !errors.Is(err, storage.ErrRecheck) {
		t.Errorf("a push that began before: got %v, want ErrRecheck", err)
	}
	v.Close()
	sound(t, r, report)
}

func TestUnreachableObjectsAreTakenOutOfPacksThatAreRewritten(t *testing.T) {
	r := create(t)
	base := history(t, r, 2)
	tip := storagetest.Push(t, r, storagetest.Commit(t, "tip", base), "refs/heads/main")
	repack(t, r, Options{}) // all in one closed pack
	storagetest.Update(t, r, storage.Batch{Updates: []storage.RefUpdate{{Name: "refs/heads/main", Old: tip, New: base}}})
	report := repack(t, r, Options{})
	if report.Reachable != 6 || report.Kept != 3 || report.PacksAfter != 2 || !storagetest.Has(t, r, tip) {
		t.Errorf("got %+v", report)
	}
	sound(t, r, report)
	// Back again within the grace: the objects are in use, and all is one pack.
	storagetest.Update(t, r, storage.Batch{Updates: []storage.RefUpdate{{Name: "refs/heads/main", Old: base, New: tip}}})
	if report := repack(t, r, Options{}); report.PacksAfter != 1 || report.Kept != 0 || report.Reachable != 9 {
		t.Errorf("back again: %+v", report)
	}
}

func TestWithoutGraceAllThatIsNotReachedGoes(t *testing.T) {
	r := create(t)
	tip := history(t, r, 3)
	storagetest.Update(t, r, storage.Batch{Updates: []storage.RefUpdate{{Name: "refs/heads/main", Old: tip}}})
	git(t, r.Dir(), "commit-graph", "write") // other tools derive things from what goes
	report := repack(t, r, Options{Grace: -1})
	if report.Dropped != 9 || report.PacksAfter != 0 || report.Reachable != 0 {
		t.Errorf("got %+v", report)
	}
	sound(t, r, report)
}

func TestReflogsAndDerivedFilesFollowWhatIsDropped(t *testing.T) {
	r := create(t)
	base := history(t, r, 2)
	tip := storagetest.Push(t, r, storagetest.Commit(t, "tip", base), "refs/heads/main")
	git(t, r.Dir(), "commit-graph", "write", "--reachable")
	git(t, r.Dir(), "multi-pack-index", "write")
	git(t, r.Dir(), "update-server-info")
	storagetest.Update(t, r, storage.Batch{Updates: []storage.RefUpdate{{Name: "refs/heads/main", Old: tip, New: base}}})
	report := repack(t, r, Options{Grace: -1})
	sound(t, r, report)
	log := git(t, r.Dir(), "reflog", "show", "refs/heads/main")
	if n := strings.Count(log, "push"); n != 2 {
		t.Errorf("%d lines of the reflog are left, want the two whose objects are there:\n%s", n, log)
	}
	if report.Dropped != 3 {
		t.Errorf("got %+v", report)
	}
}

// meddler moves a ref while a repack surveys the history.
type meddler struct {
	*disk.Repository
	times int
	move  func()
}

func (m *meddler) Quarantine(ctx context.Context) (storage.Quarantine, error) {
	if m.times > 0 {
		m.times--
		m.move()
	}
	return m.Repository.Quarantine(ctx)
}

func TestRefsThatMoveMeanwhileLoseNothing(t *testing.T) {
	for _, times := range []int{1, 100} {
		r := create(t)
		tip := history(t, r, 3)
		old := storagetest.Commit(t, "comes back")
		lost := storagetest.Push(t, r, old, "refs/heads/side")
		storagetest.Update(t, r, storage.Batch{Updates: []storage.RefUpdate{{Name: "refs/heads/side", Old: lost}}})
		n := 0
		m := &meddler{Repository: r, times: times}
		m.move = func() {
			n++
			// The very same pack is pushed again, so that the one that is about to go is in use.
			storagetest.Push(t, r, old, fmt.Sprint("refs/heads/n", n))
			tip = storagetest.Push(t, r, storagetest.Commit(t, fmt.Sprint("more ", n), tip), "refs/heads/main")
			// And there is always something to drop.
			junk := storagetest.Push(t, r, storagetest.Commit(t, fmt.Sprint("junk ", n)), "refs/heads/junk")
			storagetest.Update(t, r, storage.Batch{Updates: []storage.RefUpdate{{Name: "refs/heads/junk", Old: junk}}})
		}
		again := 0
		report, err := RepackWith(ctx, m, Options{Grace: -1, Progress: func(line string) {
			if strings.Contains(line, "once more") {
				again++
			}
		}})
		if err != nil {
			t.Fatal(err)
		}
		if want := min(times, retries); again != want {
			t.Errorf("it surveyed again %d times, want %d", again, want)
		}
		if storagetest.Value(t, r, "refs/heads/n1") != lost || !storagetest.Has(t, r, lost) || !storagetest.Has(t, r, tip) {
			t.Errorf("moved %d times: objects are gone: %+v", n, report)
		}
		git(t, r.Dir(), "fsck", "--strict", "--full", "--connectivity-only")
	}
}

func TestEndedContextAndBrokenHistoryChangeNothing(t *testing.T) {
	r := create(t)
	history(t, r, 3)
	gone, cancel := context.WithCancel(ctx)
	cancel()
	if _, err := Repack(gone, r, nil); err == nil {
		t.Error("an ended context was not noticed")
	}
	if got := len(storagetest.View(t, r).Objects.Packs()); got != 3 {
		t.Errorf("%d packs are left", got)
	}
	storagetest.Push(t, r, storagetest.Commit(t, "child of nothing", oid.ID{9}), "refs/heads/broken")
	if _, err := Repack(ctx, r, nil); err == nil {
		t.Error("a history with a hole was repacked")
	}
	if got := len(storagetest.View(t, r).Objects.Packs()); got != 4 {
		t.Errorf("%d packs are left", got)
	}
	if left, _ := filepath.Glob(filepath.Join(r.Dir(), "jeton/incoming/*")); len(left) > 0 {
		t.Errorf("left behind: %v", left)
	}
}

func TestRealHistoryOfGit(t *testing.T) {
	work, r := t.TempDir(), create(t)
	git(t, work, "init", "-q", "-b", "main")
	for i := range 30 {
		for f := range 5 {
			if err := os.WriteFile(filepath.Join(work, fmt.Sprint("f", f)), []byte(strings.Repeat(fmt.Sprintln(i, f), 300)+fmt.Sprint(i)), 0o600); err != nil {
				t.Fatal(err)
			}
		}
		git(t, work, "add", "-A")
		git(t, work, "commit", "-q", "-m", fmt.Sprint("commit ", i))
	}
	git(t, work, "gc", "-q")
	git(t, work, "push", "-q", r.Dir(), "main")
	if err := r.Rescan(ctx); err != nil {
		t.Fatal(err)
	}
	report := repack(t, r, Options{})
	sound(t, r, report)
	if report.PacksAfter != 1 {
		t.Errorf("got %+v", report)
	}
}
