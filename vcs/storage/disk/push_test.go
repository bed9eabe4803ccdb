package disk

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"jeton/vcs/oid"
	"jeton/vcs/pack/packtest"
	"jeton/vcs/storage"
	"jeton/vcs/storage/storagetest"
)

// packFiles lists what lies in objects/pack and beside it in jeton, but for quarantines.
func packFiles(r *Repository) string {
	packs, _ := filepath.Glob(filepath.Join(r.Dir(), "objects/pack/*"))
	ours, _ := filepath.Glob(filepath.Join(r.Dir(), "jeton/[!i]*"))
	return strings.Join(append(packs, ours...), "\n")
}

// TestAPushThatDiesBetweenPacksAndRefsLeavesNothing puts the disk into the state of a crash behind the packs' renames.
func TestAPushThatDiesBetweenPacksAndRefsLeavesNothing(t *testing.T) {
	for what, c := range map[string]struct {
		// moved says that the ref has come to its new value before the crash.
		moved bool
		cut   bool
		stays bool
	}{
		"before the refs":           {stays: false},
		"behind the refs":           {moved: true, stays: true},
		"with half an announcement": {cut: true, stays: true},
	} {
		r := create(t)
		one := push(t, r, oid.Zero, "one", "refs/heads/main")
		before := packFiles(r)
		commit, _, s := stage(t, r, one, "two")
		updates := []storage.RefUpdate{{Name: "refs/heads/main", Old: one, New: commit}, {Name: "HEAD", Symref: "refs/heads/main"}}
		next, moved, err := r.take(r.packs, storage.Batch{Staged: []storage.Staged{s}, Updates: updates})
		if err != nil || len(moved) != 1 {
			t.Fatal(moved, err)
		}
		next.release()
		if c.moved {
			write(t, r, "refs/heads/main", commit.String()+"\n")
		}
		if c.cut {
			if err := os.Truncate(r.pendingPath(), 20); err != nil {
				t.Fatal(err)
			}
		}
		_ = r.Close()
		again := open(t, r.Dir())
		if got := packFiles(again) != before; got != c.stays {
			t.Errorf("%s: the pack stays: %v, want %v\n%s", what, got, c.stays, packFiles(again))
		}
		if _, err := os.Lstat(again.pendingPath()); err == nil {
			t.Errorf("%s: the announcement is left", what)
		}
		agree(t, again)
	}
}

func TestAnUpdateThatCannotBeWrittenIsTakenBack(t *testing.T) {
	for _, atomic := range []bool{false, true} {
		r := create(t)
		one := push(t, r, oid.Zero, "one", "refs/heads/main")
		before, files := snapshot(t, r), packFiles(r)
		commit, _, s := stage(t, r, one, "two")
		b := storage.Batch{Staged: []storage.Staged{s}, Atomic: atomic, Updates: []storage.RefUpdate{{Name: "refs/heads/main", Old: one, New: commit}}}
		if atomic {
			b.Updates = append(b.Updates, storage.RefUpdate{Name: "refs/heads/new", New: commit})
		}
		locks := []string{"packed-refs.lock", "refs/heads/main.lock"}
		for _, l := range locks {
			write(t, r, l, "")
		}
		v := storagetest.View(t, r)
		res, err := r.Update(ctx, v.Refs.Basis, b)
		if err == nil || len(res) > 0 || !strings.Contains(err.Error(), "another program") {
			t.Errorf("atomic %v: got %v, %v", atomic, res, err)
		}
		if snapshot(t, r) != before || packFiles(r) != files {
			t.Errorf("atomic %v: something has changed:\n%s\n%s", atomic, snapshot(t, r), packFiles(r))
		}
		for _, l := range locks {
			if err := os.Remove(filepath.Join(r.Dir(), l)); err != nil {
				t.Fatal(err)
			}
		}
		agree(t, r)
	}
}

func TestPackedBatchWithOneLockedRefDoesTheOthers(t *testing.T) {
	r := create(t)
	one := push(t, r, oid.Zero, "one", "refs/heads/a", "refs/heads/b")
	write(t, r, "refs/heads/a.lock", "")
	res := update(t, r, storage.Batch{Updates: []storage.RefUpdate{{Name: "refs/heads/a", Old: one}, {Name: "refs/heads/b", Old: one}}})
	if res[0].Err == nil || res[1].Err != nil || value(t, r, "refs/heads/a") != one || !value(t, r, "refs/heads/b").IsZero() {
		t.Errorf("got %v and %v", res[0].Err, res[1].Err)
	}
}

func TestBrokenLooseObjectKeepsNoOtherOut(t *testing.T) {
	r := create(t)
	push(t, r, oid.Zero, "one", "refs/heads/main")
	good := strings.TrimSpace(git(t, r.Dir(), "by git", "hash-object", "-w", "--stdin"))
	bad := strings.Repeat("ab", oid.HexSize/2)
	misnamed := strings.Repeat("cd", oid.HexSize/2)
	var said bytes.Buffer
	r.o.Log = slog.New(slog.NewTextHandler(&said, nil))
	write(t, r, filepath.Join("objects", bad[:2], bad[2:]), "no zlib")
	write(t, r, filepath.Join("objects", misnamed[:2], misnamed[2:]), string(packtest.Deflated([]byte("blob 3\x00abc"))))
	rescan(t, r)
	id, _ := oid.Parse(good)
	if !storagetest.Has(t, r, id) {
		t.Error("the good object is not there")
	}
	if _, err := os.Lstat(filepath.Join(r.Dir(), "objects", good[:2], good[2:])); err == nil {
		t.Error("the good object's file is left")
	}
	if _, err := os.Lstat(filepath.Join(r.Dir(), "objects", bad[:2], bad[2:])); err != nil || !strings.Contains(said.String(), bad) {
		t.Errorf("the broken one: %v; said %s", err, said.String())
	}
	packs := len(storagetest.View(t, r).Objects.Packs())
	rescan(t, r)
	if got := len(storagetest.View(t, r).Objects.Packs()); got != packs {
		t.Errorf("a second rescan made %d packs of %d", got, packs)
	}
}

func TestLooseObjectsThatAPackHoldsGo(t *testing.T) {
	r := create(t)
	push(t, r, oid.Zero, "one", "refs/heads/main")
	id := strings.TrimSpace(git(t, r.Dir(), "", "rev-parse", "main:file"))
	file := filepath.Join("objects", id[:2], id[2:])
	write(t, r, file, string(packtest.Deflated([]byte("blob 3\x00one"))))
	before := packFiles(r)
	rescan(t, r)
	if _, err := os.Lstat(filepath.Join(r.Dir(), file)); err == nil || packFiles(r) != before {
		t.Errorf("the file: %v; packs are\n%s\nwere\n%s", err, packFiles(r), before)
	}
	agree(t, r)
}

func TestAnnouncementsAreReadAsWritten(t *testing.T) {
	r := create(t)
	updates := []storage.RefUpdate{{Name: "refs/heads/a", New: oid.ID{1}}, {Name: "refs/heads/b"}, {Name: "HEAD", Symref: "refs/heads/a"}}
	if err := r.announce([]string{"pack-1", "pack-2"}, updates); err != nil {
		t.Fatal(err)
	}
	b, err := os.ReadFile(r.pendingPath())
	if err != nil {
		t.Fatal(err)
	}
	packs, got, ok := parsePending(b)
	if !ok || fmt.Sprint(packs) != "[pack-1 pack-2]" || len(got) != 2 || got[0] != updates[0] || got[1] != updates[1] {
		t.Errorf("%q reads as %v, %v, %v", b, packs, got, ok)
	}
	for n := range b {
		if _, _, ok := parsePending(b[:n]); ok {
			t.Errorf("%q was believed", b[:n])
		}
	}
}

func FuzzParsePending(f *testing.F) {
	f.Add([]byte("pack pack-1\nref " + strings.Repeat("1", oid.HexSize) + " refs/heads/a\ncrc32 00000000\n"))
	f.Fuzz(func(t *testing.T, b []byte) {
		packs, _, ok := parsePending(b)
		for _, p := range packs {
			if ok && filepath.Base(p) != p {
				t.Errorf("the pack %q leads out of the folder", p)
			}
		}
	})
}

func TestWhatIsKeptWarmStaysWithinTheBudget(t *testing.T) {
	warm := NewWarm(1<<30, 3)
	var all []*Repository
	for range 6 {
		r := create(t)
		r.o.Warm = warm
		push(t, r, oid.Zero, "one", "refs/heads/main")
		all = append(all, r)
	}
	keeps := func() (n int) {
		for _, r := range all {
			r.mu.Lock()
			if r.packs != nil {
				n++
			}
			r.mu.Unlock()
		}
		return n
	}
	if got := keeps(); got != 3 {
		t.Errorf("%d repositories are warm, want 3", got)
	}
	storagetest.View(t, all[0])
	if all[0].packs == nil || keeps() != 3 {
		t.Errorf("%d repositories are warm after the first was asked for again", keeps())
	}
	small := NewWarm(1, 100)
	for _, r := range all {
		warm.forget(r)
		r.o.Warm = small
		storagetest.View(t, r).Close()
	}
	if got := keeps(); got != 1 {
		t.Errorf("%d repositories are warm within one byte, want the last alone", got)
	}
	for _, r := range all {
		_ = r.Close()
	}
	if small.total != 0 || small.order.Len() != 0 || warm.total != 0 {
		t.Errorf("closed repositories still cost %d and %d bytes", small.total, warm.total)
	}
}

func TestNothingWorksAfterClose(t *testing.T) {
	r := create(t)
	one := push(t, r, oid.Zero, "one", "refs/heads/main")
	v := storagetest.View(t, r)
	if err := errors.Join(r.Close(), r.Close()); err != nil {
		t.Error(err)
	}
	_, viewErr := r.View(ctx)
	_, updateErr := r.Update(ctx, v.Refs.Basis, storage.Batch{Updates: []storage.RefUpdate{{Name: "refs/heads/main", Old: one}}})
	for what, err := range map[string]error{"View": viewErr, "Update": updateErr, "Replace": r.Replace(ctx, v.Refs.Basis, nil, nil, true), "Rescan": r.Rescan(ctx), "PackRefs": r.PackRefs(ctx)} {
		if !errors.Is(err, ErrClosed) {
			t.Errorf("%s: got %v, want ErrClosed", what, err)
		}
	}
	if _, _, err := v.Objects.Read(one, 0); err != nil {
		t.Errorf("a view that was open: %v", err)
	}
	v.Close()
}

func TestKindsOfConfig(t *testing.T) {
	for config, ok := range map[string]bool{
		bareConfig: true,
		"[core]\n\trepositoryformatversion = 1\n[extensions]\n\tobjectFormat = sha1\n":   true,
		"[core]\n\trepositoryformatversion = 1\n[extensions]\n\tobjectFormat = sha256\n": false,
		"[core]\n\trepositoryformatversion = 1\n[extensions]\n\tnew = thing\n":           false,
		"[core]\n\trepositoryformatversion = 0\n[extensions]\n\tnew = thing\n":           true,
		"[core]\n\trepositoryformatversion = 2\n":                                        false,
		"[extensions]\n\tpartialClone = origin\n":                                        false,
		"[remote \"objectformat\"]\n\turl = https://sha256.example/refstorage\n":         true,
		"[core\n": false,
	} {
		r := create(t)
		write(t, r, "config", config)
		if _, err := Open(context.Background(), r.Dir(), "id", Options{}); (err == nil) != ok {
			t.Errorf("%q: %v", config, err)
		}
	}
}
