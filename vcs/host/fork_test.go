package host

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"github.com/go-git/go-git/v5/plumbing"

	"jeton/vcs/maintain"
	"jeton/vcs/oid"
	"jeton/vcs/reach"
	"jeton/vcs/rules"
	"jeton/vcs/sight"
	"jeton/vcs/storage"
	"jeton/vcs/storage/storagetest"
)

// parent is a repository with what a fork is to have and what it is not: a hidden ref, one of the server's own, and a commit
// that a force push has left behind.
func parent(t *testing.T) (w *world, r Repo, seen map[string]oid.ID, unseen []oid.ID) {
	w = newWorld(t, func(o *Options) { o.Rules = book{"refs/hidden/"} })
	r = w.create("app")
	repo := must(w.Open(ctx, r.ID))
	main := storagetest.Push(t, repo, storagetest.Commit(t, "one"), "refs/heads/main", "refs/heads/team/next")
	tag := storagetest.Push(t, repo, []storagetest.Object{storagetest.Tag("v1", plumbing.CommitObject, main)}, "refs/tags/v1")
	for _, ref := range []string{"refs/hidden/" + r.ID, "refs/jeton/own", "refs/heads/gone"} {
		unseen = append(unseen, storagetest.Push(t, repo, storagetest.Commit(t, "not seen: "+ref, main), ref))
	}
	storagetest.Update(t, repo, storage.Batch{Updates: []storage.RefUpdate{{Name: "refs/heads/gone", Old: unseen[2]}}})
	return w, r, map[string]oid.ID{"refs/heads/main": main, "refs/heads/team/next": main, "refs/tags/v1": tag}, unseen
}

func TestAForkHasWhatClientsSeeAndNothingElseIsReached(t *testing.T) {
	w, r, seen, unseen := parent(t)
	fork := must(w.Fork(ctx, r.ID, Repo{Path: "forks/app", OwnerID: "bob"}))
	if fork.ForkOf != r.ID || fork.ID == r.ID || fork.OwnerID != "bob" {
		t.Fatalf("forked %+v", fork)
	}
	w.start() // another process finds the same
	view := storagetest.View(t, must(w.Open(ctx, fork.ID)))
	for name, id := range seen {
		if ref, _ := view.Refs.Lookup(name); ref.ID != id {
			t.Errorf("%s is %s, want %s", name, ref.ID, id)
		}
	}
	if len(view.Refs.Refs) != len(seen) || view.Refs.Head.Target != "refs/heads/main" {
		t.Errorf("refs are %+v, HEAD %+v", view.Refs.Refs, view.Refs.Head)
	}
	if tag, _ := view.Refs.Lookup("refs/tags/v1"); tag.Peeled != seen["refs/heads/main"] {
		t.Errorf("the tag peels to %s", tag.Peeled)
	}
	visible := reach.NewVisible(view.Objects, sight.New(&rules.Rules{}, view.Refs).Tips(), reach.Options{})
	if hidden := must(visible.Objects(ctx, unseen)); len(hidden) != len(unseen) {
		t.Errorf("of %v only %v are not reached", unseen, hidden)
	}
	for _, id := range unseen { // nor can a push lead a ref there, though the object lies in a pack
		if !storagetest.Has(t, must(w.Open(ctx, fork.ID)), id) {
			t.Errorf("%s is not even in the packs, so that this proves nothing", id)
		}
		if _, err := reach.Connected(ctx, view.Objects, nil, []oid.ID{id}, visible); !errors.Is(err, reach.ErrMissing) {
			t.Errorf("a ref to %s: %v, want %v", id, err, reach.ErrMissing)
		}
	}
	if out, err := exec.Command("git", "-C", w.Dir(fork.ID), "fsck", "--strict").CombinedOutput(); err != nil {
		t.Errorf("git fsck: %v %s", err, out)
	}
	w.whole()
}

// packs are the pack files of a repository, with how many names each has.
func packs(t *testing.T, dir string) map[string]uint64 {
	t.Helper()
	all := map[string]uint64{}
	for _, path := range must(filepath.Glob(filepath.Join(dir, "objects/pack/*.pack"))) {
		st, ok := must(os.Stat(path)).Sys().(*syscall.Stat_t)
		if !ok {
			t.Fatal("this system tells no number of names")
		}
		all[filepath.Base(path)] = uint64(st.Nlink)
	}
	return all
}

func TestAForkSharesPacksAndOutlivesWhatItWasForkedFrom(t *testing.T) {
	w, r, seen, _ := parent(t)
	fork := must(w.Fork(ctx, r.ID, Repo{Path: "fork"}))
	mine, theirs := packs(t, w.Dir(fork.ID)), packs(t, w.Dir(r.ID))
	if len(mine) == 0 || len(mine) != len(theirs) {
		t.Fatalf("packs of the fork %v, of the other %v", mine, theirs)
	}
	for name, n := range mine {
		if n != 2 || theirs[name] != 2 {
			t.Errorf("%s has %d names", name, n)
		}
	}
	// Each goes its own way.
	storagetest.Push(t, must(w.Open(ctx, r.ID)), storagetest.Commit(t, "two", seen["refs/heads/main"]), "refs/heads/more")
	next := storagetest.Push(t, must(w.Open(ctx, fork.ID)), storagetest.Commit(t, "three", seen["refs/heads/main"]), "refs/heads/mine")
	if storagetest.Value(t, must(w.Open(ctx, r.ID)), "refs/heads/mine") != oid.Zero {
		t.Error("a push to the fork is seen in the other")
	}
	if _, err := maintain.RepackWith(ctx, must(w.Open(ctx, r.ID)), maintain.Options{Grace: -1}); err != nil {
		t.Fatal(err)
	}
	if err := w.Delete(ctx, r.ID); err != nil {
		t.Fatal(err)
	}
	w.start()
	if got := storagetest.Value(t, must(w.Open(ctx, fork.ID)), "refs/heads/mine"); got != next {
		t.Errorf("the fork's branch is %s, want %s", got, next)
	}
	for name, n := range packs(t, w.Dir(fork.ID)) {
		if n != 1 {
			t.Errorf("%s has %d names after its other was deleted", name, n)
		}
	}
	if out, err := exec.Command("git", "-C", w.Dir(fork.ID), "fsck", "--strict", "--full").CombinedOutput(); err != nil {
		t.Errorf("git fsck: %v %s", err, out)
	}
}

// TestMaintenanceLeavesASharedPackAlone has a fork grow beside the pack that it shares, until it is the smaller part.
func TestMaintenanceLeavesASharedPackAlone(t *testing.T) {
	w := newWorld(t, nil)
	r := w.create("app")
	repo := must(w.Open(ctx, r.ID))
	last := oid.Zero
	grow := func(repo storage.Repository, what string, n int) {
		for i := range n {
			var parents []oid.ID
			if last != oid.Zero {
				parents = []oid.ID{last}
			}
			last = storagetest.Push(t, repo, storagetest.Commit(t, fmt.Sprint(what, i), parents...), "refs/heads/main")
		}
	}
	repack := func(id string) maintain.Report {
		return must(maintain.RepackWith(ctx, must(w.Open(ctx, id)), maintain.Options{Grace: -1}))
	}
	grow(repo, "app", 6)
	repack(r.ID)
	fork := must(w.Fork(ctx, r.ID, Repo{Path: "fork"}))
	var shared string
	for name := range packs(t, w.Dir(fork.ID)) {
		shared = name
	}
	if got := repack(fork.ID); got.Bytes != 0 || packs(t, w.Dir(fork.ID))[shared] != 2 {
		t.Fatalf("a fork without changes: %+v, packs %v", got, packs(t, w.Dir(fork.ID)))
	}
	grow(must(w.Open(ctx, fork.ID)), "fork", 3)
	for try := range 2 { // the second finds all as it should be
		got := repack(fork.ID)
		all := packs(t, w.Dir(fork.ID))
		if len(all) != 2 || all[shared] != 2 || got.PacksAfter != 2 || (try == 1) != (got.Bytes == 0) {
			t.Fatalf("try %d: %+v, packs %v; %s is to stay", try, got, all, shared)
		}
	}
	grow(must(w.Open(ctx, fork.ID)), "more", 8)
	if got := repack(fork.ID); got.PacksAfter != 1 || packs(t, w.Dir(fork.ID))[shared] != 0 || packs(t, w.Dir(r.ID))[shared] != 1 {
		t.Fatalf("once the shared one is the smaller part: %+v, packs %v", got, packs(t, w.Dir(fork.ID)))
	}
	for _, id := range []string{r.ID, fork.ID} {
		if out, err := exec.Command("git", "-C", w.Dir(id), "fsck", "--strict", "--full").CombinedOutput(); err != nil {
			t.Errorf("git fsck: %v %s", err, out)
		}
	}
	out, err := exec.Command("git", "-C", w.Dir(fork.ID), "rev-list", "--count", "main").Output()
	if err != nil || strings.TrimSpace(string(out)) != "17" {
		t.Errorf("the fork has %s commits, want 17: %v", out, err)
	}
}

func TestTheDefaultBranchIsOneThatClientsSee(t *testing.T) {
	w, r, _, _ := parent(t)
	w.Host.o.Rules = fixed{rules.Rules{Hidden: []string{"refs/heads/team"}}}
	for branch, want := range map[string]error{"none": ErrNoBranch, "team/next": ErrNoBranch, "../x": ErrNoBranch, "": ErrNoBranch, "main": nil} {
		if err := w.SetHead(ctx, r.ID, branch, storage.Actor{}); !errors.Is(err, want) {
			t.Errorf("%q: %v, want %v", branch, err, want)
		}
	}
	w.Host.o.Rules = nil
	if err := w.SetHead(ctx, r.ID, "team/next", storage.Actor{}); err != nil {
		t.Fatal(err)
	}
	out, err := os.ReadFile(filepath.Join(w.Dir(r.ID), "HEAD"))
	if err != nil || string(out) != "ref: refs/heads/team/next\n" {
		t.Errorf("HEAD is %q, %v", out, err)
	}
	fork := must(w.Fork(ctx, r.ID, Repo{Path: "fork"}))
	if head := storagetest.View(t, must(w.Open(ctx, fork.ID))).Refs.Head; head.Target != "refs/heads/team/next" {
		t.Errorf("HEAD of the fork is %+v", head)
	}
	empty := w.create("empty") // where a branch may be still to come
	if err := w.SetHead(ctx, empty.ID, "trunk", storage.Actor{}); err != nil {
		t.Fatal(err)
	}
	if head := storagetest.View(t, must(w.Open(ctx, empty.ID))).Refs.Head; head.Target != "refs/heads/trunk" {
		t.Errorf("HEAD is %+v", head)
	}
	if got := w.Default(empty.ID); got != "trunk" || w.Default(NewID()) != "" || w.Default("..") != "" {
		t.Errorf("the folder says that the default branch is %q", got)
	}
	if err := w.SetHead(ctx, NewID(), "main", storage.Actor{}); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("of what is not there: %v", err)
	}
}
