// Package storagetest is what every implementation of storage.Repository must do, as tests: storage/disk runs it, and
// whatever comes beside it will. It also makes small objects and packs for tests of its neighbours.
//
// It imports storage, pack and pack/ingest, and is imported by tests alone.
package storagetest

import (
	"context"
	"errors"
	"fmt"
	"os"
	"sort"
	"sync"
	"testing"

	"github.com/go-git/go-git/v5/plumbing"

	"jeton/vcs/oid"
	"jeton/vcs/storage"
)

// Run runs the suite; create makes a new, empty repository for each test.
func Run(t *testing.T, create func(t *testing.T) storage.Repository) {
	for _, c := range []struct {
		name string
		test func(*testing.T, storage.Repository)
	}{
		{"a new repository is empty and its HEAD unborn", empty},
		{"packs and refs become visible together", together},
		{"nothing stays of a push that moved no ref", nothingStays},
		{"a closed quarantine is gone", quarantineGone},
		{"each update of a batch stands alone", alone},
		{"an atomic batch is all or nothing", atomic},
		{"a large batch is as a small one", large},
		{"a ref named twice moves once", twice},
		{"HEAD follows in the batch that makes its branch", head},
		{"tags are peeled", peeled},
		{"a view sees one moment", moment},
		{"of many racers one wins", racers},
		{"retired packs stay for views that hold them", retired},
		{"pushes that began before objects were dropped check again", recheck},
		{"objects are not dropped when refs moved since", moved},
		{"an ended context changes nothing", ended},
		{"who is asked before anything moves can refuse all", admit},
	} {
		t.Run(c.name, func(t *testing.T) { c.test(t, create(t)) })
	}
}

func empty(t *testing.T, repo storage.Repository) {
	v := View(t, repo)
	if v.Refs.Head.Target != "refs/heads/main" || !v.Refs.Head.ID.IsZero() || len(v.Refs.Refs) > 0 || len(v.Objects.Packs()) > 0 {
		t.Errorf("refs are %+v, packs %v", v.Refs, v.Objects.Packs())
	}
	if repo.ID() == "" {
		t.Error("it has no id")
	}
}

func together(t *testing.T, repo storage.Repository) {
	objects := Commit(t, "one")
	id := objects[2].ID(t)
	q, s := Stage(t, repo, objects...)
	p, err := q.Open(context.Background(), s.Name)
	if err != nil {
		t.Fatal(err)
	}
	if _, ok, err := p.Find(id); !ok || err != nil {
		t.Errorf("the quarantined pack does not hold %s: %v", id, err)
	}
	if Has(t, repo, id) {
		t.Error("a staged pack is visible")
	}
	res := Update(t, repo, storage.Batch{Staged: []storage.Staged{s}, Updates: []storage.RefUpdate{{Name: "refs/heads/main", New: id}}})
	if res[0].Err != nil || res[0].Name != "refs/heads/main" {
		t.Fatalf("got %+v", res)
	}
	v := View(t, repo)
	if v.Refs.Head.ID != id || Value(t, repo, "refs/heads/main") != id || !Has(t, repo, id) {
		t.Errorf("after the push HEAD is %s, want %s", v.Refs.Head.ID, id)
	}
	if at, ok, err := v.Objects.Find(id); err != nil || !ok || at.Pack.Roots == nil || len(at.Pack.Roots.IDs) != 1 {
		t.Errorf("the pack's roots are not known: %v", err)
	}
}

// Has reports whether an object is there at this moment, reachable or not.
func Has(t testing.TB, repo storage.Repository, id oid.ID) bool {
	t.Helper()
	v := View(t, repo)
	defer v.Close()
	_, ok, err := v.Objects.Find(id)
	if err != nil {
		t.Fatal(err)
	}
	return ok
}

func nothingStays(t *testing.T, repo storage.Repository) {
	objects := Commit(t, "loser")
	id := objects[2].ID(t)
	_, s := Stage(t, repo, objects...)
	stale := []storage.RefUpdate{{Name: "refs/heads/main", Old: oid.ID{1}, New: id}}
	for _, b := range []storage.Batch{{Updates: stale}, {Updates: append(stale, storage.RefUpdate{Name: "refs/heads/b", New: id}), Atomic: true}} {
		b.Staged = []storage.Staged{s}
		if res := Update(t, repo, b); res[0].Err == nil {
			t.Fatal("a stale update was done")
		}
		if Has(t, repo, id) {
			t.Error("objects of a push that failed are there")
		}
	}
	// The same staged pack may be used again: the client is told, and its push is tried anew.
	res := Update(t, repo, storage.Batch{Staged: []storage.Staged{s}, Updates: []storage.RefUpdate{{Name: "refs/heads/main", New: id}}})
	if res[0].Err != nil || !Has(t, repo, id) {
		t.Errorf("the second try: %v", res[0].Err)
	}
}

func quarantineGone(t *testing.T, repo storage.Repository) {
	q, _ := Stage(t, repo, Commit(t, "one")...)
	if err := errors.Join(q.Close(), q.Close()); err != nil {
		t.Error(err)
	}
	if _, err := os.Lstat(q.Dir()); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("its folder: %v", err)
	}
}

// refusals are updates that fail on a repository with refs/heads/main and refs/heads/dir/leaf at id.
func refusals(id oid.ID) map[string]struct {
	update storage.RefUpdate
	want   error
} {
	other := oid.ID{1}
	type row = struct {
		update storage.RefUpdate
		want   error
	}
	return map[string]row{
		"old value is another":  {storage.RefUpdate{Name: "refs/heads/main", Old: other, New: id}, storage.ErrConflict},
		"should not exist":      {storage.RefUpdate{Name: "refs/heads/main", New: id}, storage.ErrConflict},
		"should exist":          {storage.RefUpdate{Name: "refs/heads/new", Old: id, New: id}, storage.ErrConflict},
		"delete of nothing":     {storage.RefUpdate{Name: "refs/heads/new", Old: id}, storage.ErrConflict},
		"below a ref":           {storage.RefUpdate{Name: "refs/heads/main/x", New: id}, storage.ErrNameClash},
		"above a ref":           {storage.RefUpdate{Name: "refs/heads/dir", New: id}, storage.ErrNameClash},
		"below another new ref": {storage.RefUpdate{Name: "refs/heads/good/x", New: id}, storage.ErrNameClash},
		"bad name":              {storage.RefUpdate{Name: "refs/heads/a..b", New: id}, storage.ErrBadName},
		"lock":                  {storage.RefUpdate{Name: "refs/heads/a.lock", New: id}, storage.ErrBadName},
		"outside of refs":       {storage.RefUpdate{Name: "heads/x", New: id}, storage.ErrBadName},
		"HEAD by value":         {storage.RefUpdate{Name: "HEAD", New: id}, storage.ErrBadName},
		"symbolic, not HEAD":    {storage.RefUpdate{Name: "refs/heads/s", Symref: "refs/heads/main"}, storage.ErrBadName},
		"HEAD to nowhere":       {storage.RefUpdate{Name: "HEAD", Symref: "main"}, storage.ErrBadName},
	}
}

func alone(t *testing.T, repo storage.Repository) {
	id := Push(t, repo, Commit(t, "one"), "refs/heads/main", "refs/heads/dir/leaf")
	for name, c := range refusals(id) {
		res := Update(t, repo, storage.Batch{Updates: []storage.RefUpdate{{Name: "refs/heads/good", New: id}, c.update}})
		if res[0].Err != nil || !errors.Is(res[1].Err, c.want) {
			t.Errorf("%s: got %v and %v, want none and %v", name, res[0].Err, res[1].Err, c.want)
		}
		res = Update(t, repo, storage.Batch{Updates: []storage.RefUpdate{{Name: "refs/heads/good", Old: id}}})
		if res[0].Err != nil || !Value(t, repo, "refs/heads/good").IsZero() {
			t.Errorf("%s: delete: %v", name, res[0].Err)
		}
	}
}

func atomic(t *testing.T, repo storage.Repository) {
	id := Push(t, repo, Commit(t, "one"), "refs/heads/main", "refs/heads/dir/leaf")
	before := refs(t, repo)
	for name, c := range refusals(id) {
		good := []storage.RefUpdate{{Name: "refs/heads/good", New: id}, {Name: "refs/heads/dir/leaf", Old: id}}
		if name == "above a ref" {
			good = good[:1]
		}
		res := Update(t, repo, storage.Batch{Atomic: true, Updates: append(good, c.update)})
		if last := res[len(res)-1].Err; !errors.Is(last, c.want) || !errors.Is(res[0].Err, storage.ErrNotApplied) {
			t.Errorf("%s: got %v and %v, want ErrNotApplied and %v", name, res[0].Err, last, c.want)
		}
		if got := refs(t, repo); got != before {
			t.Errorf("%s: done in part:\n%s", name, got)
		}
	}
	two := Push(t, repo, Commit(t, "two", id), "refs/heads/other")
	res := Update(t, repo, storage.Batch{Atomic: true, Updates: []storage.RefUpdate{
		{Name: "refs/heads/main", Old: id, New: two}, {Name: "refs/heads/dir/leaf", Old: id}, {Name: "refs/heads/dir", New: two}}})
	for _, r := range res {
		if r.Err != nil {
			t.Error(r.Err)
		}
	}
	if Value(t, repo, "refs/heads/dir") != two || Value(t, repo, "refs/heads/main") != two {
		t.Errorf("refs are\n%s", refs(t, repo))
	}
}

// refs writes all refs of this moment, and fails the test where they are not sorted.
func refs(t *testing.T, repo storage.Repository) string {
	t.Helper()
	v := View(t, repo)
	defer v.Close()
	if !sort.SliceIsSorted(v.Refs.Refs, func(i, k int) bool { return v.Refs.Refs[i].Name < v.Refs.Refs[k].Name }) {
		t.Error("the refs are not sorted")
	}
	return fmt.Sprintln(v.Refs.Head, v.Refs.Refs)
}

func large(t *testing.T, repo storage.Repository) {
	var names []string
	for i := range 300 {
		names = append(names, fmt.Sprintf("refs/heads/n%03d", i))
	}
	id := Push(t, repo, Commit(t, "one"), names...)
	two := Push(t, repo, Commit(t, "two", id), "refs/heads/n100")
	b := storage.Batch{}
	for i, name := range names {
		old := id
		if i == 100 {
			old = two
		}
		if i == 200 {
			old = two // wrong: it alone fails
		}
		b.Updates = append(b.Updates, storage.RefUpdate{Name: name, Old: old})
	}
	for i, res := range Update(t, repo, b) {
		if (res.Err != nil) != (i == 200) {
			t.Errorf("%s: %v", res.Name, res.Err)
		}
	}
	v := View(t, repo)
	if len(v.Refs.Refs) != 1 || len(v.Refs.WithPrefix("refs/heads/n2")) != 1 {
		t.Errorf("%d refs are left", len(v.Refs.Refs))
	}
}

func twice(t *testing.T, repo storage.Repository) {
	id := Push(t, repo, Commit(t, "one"), "refs/heads/main")
	res := Update(t, repo, storage.Batch{Updates: []storage.RefUpdate{{Name: "refs/heads/x", New: id}, {Name: "refs/heads/x", New: id}}})
	if res[0].Err != nil || !errors.Is(res[1].Err, storage.ErrConflict) {
		t.Errorf("got %v and %v", res[0].Err, res[1].Err)
	}
}

func head(t *testing.T, repo storage.Repository) {
	objects := Commit(t, "one")
	id := objects[2].ID(t)
	_, s := Stage(t, repo, objects...)
	b := storage.Batch{Staged: []storage.Staged{s}, Updates: []storage.RefUpdate{
		{Name: "refs/heads/trunk", Old: oid.ID{1}, New: id}, {Name: "refs/heads/x", New: id}, {Name: "HEAD", Symref: "refs/heads/trunk"}}}
	if res := Update(t, repo, b); res[0].Err == nil || res[1].Err != nil || !errors.Is(res[2].Err, storage.ErrNotApplied) {
		t.Errorf("got %v", res)
	}
	if got := View(t, repo).Refs.Head; got.Target != "refs/heads/main" {
		t.Errorf("HEAD names %s, though that branch was refused", got.Target)
	}
	b = storage.Batch{Updates: []storage.RefUpdate{{Name: "refs/heads/trunk", New: id}, {Name: "HEAD", Symref: "refs/heads/trunk"}}}
	Update(t, repo, b)
	if got := View(t, repo).Refs.Head; got.Target != "refs/heads/trunk" || got.ID != id {
		t.Errorf("HEAD is %+v", got)
	}
}

func peeled(t *testing.T, repo storage.Repository) {
	objects := Commit(t, "one")
	commit := objects[2].ID(t)
	inner := Tag("inner", plumbing.CommitObject, commit)
	outer := Tag("outer", plumbing.TagObject, inner.ID(t))
	Push(t, repo, append(objects, inner, outer), "refs/tags/outer")
	Push(t, repo, Commit(t, "two"), "refs/tags/light")
	v := View(t, repo)
	if ref, _ := v.Refs.Lookup("refs/tags/outer"); ref.Peeled != commit {
		t.Errorf("the tag of a tag peels to %s, want %s", ref.Peeled, commit)
	}
	if ref, _ := v.Refs.Lookup("refs/tags/light"); !ref.Peeled.IsZero() {
		t.Errorf("a light tag peels to %s", ref.Peeled)
	}
}

func moment(t *testing.T, repo storage.Repository) {
	one := Push(t, repo, Commit(t, "one"), "refs/heads/main")
	v := View(t, repo)
	two := Push(t, repo, Commit(t, "two", one), "refs/heads/main")
	if ref, _ := v.Refs.Lookup("refs/heads/main"); ref.ID != one {
		t.Error("the refs of an open view have moved")
	}
	if _, ok, _ := v.Objects.Find(two); ok {
		t.Error("an open view sees what was pushed later")
	}
}

func racers(t *testing.T, repo storage.Repository) {
	base := Push(t, repo, Commit(t, "base"), "refs/heads/main")
	v := View(t, repo)
	var wg sync.WaitGroup
	won := make(chan oid.ID, 8)
	for i := range 8 {
		objects := Commit(t, fmt.Sprint("racer ", i), base)
		_, s := Stage(t, repo, objects...)
		id := objects[2].ID(t)
		wg.Go(func() {
			res, err := repo.Update(context.Background(), v.Refs.Basis, storage.Batch{Staged: []storage.Staged{s}, Updates: []storage.RefUpdate{{Name: "refs/heads/main", Old: base, New: id}}})
			switch {
			case err != nil:
				t.Error(err)
			case res[0].Err == nil:
				won <- id
			case !errors.Is(res[0].Err, storage.ErrConflict):
				t.Error(res[0].Err)
			}
		})
	}
	wg.Wait()
	close(won)
	if id, ok := <-won; !ok || Value(t, repo, "refs/heads/main") != id || len(won) > 0 {
		t.Errorf("main is %s; the winner %s, and %d more", Value(t, repo, "refs/heads/main"), id, len(won))
	}
}

func retired(t *testing.T, repo storage.Repository) {
	one := Push(t, repo, Commit(t, "one"), "refs/heads/main")
	v := View(t, repo)
	objects := Commit(t, "one")
	_, s := Stage(t, repo, append(objects, Object{plumbing.BlobObject, "more"})...)
	if err := repo.Replace(context.Background(), v.Refs.Basis, []storage.Staged{s}, []string{v.Objects.Packs()[0].Name}, false); err != nil {
		t.Fatal(err)
	}
	if _, _, err := v.Objects.Read(one, 0); err != nil {
		t.Errorf("the open view lost its pack: %v", err)
	}
	if packs := View(t, repo).Objects.Packs(); len(packs) != 1 || packs[0].Name != s.Name {
		t.Errorf("%d packs are there", len(packs))
	}
	v.Close()
	if !Has(t, repo, one) {
		t.Error("the object is gone")
	}
	res := Update(t, repo, storage.Batch{Updates: []storage.RefUpdate{{Name: "refs/heads/x", New: one}}})
	if res[0].Err != nil {
		t.Errorf("nothing was dropped, yet: %v", res[0].Err)
	}
}

func recheck(t *testing.T, repo storage.Repository) {
	one := Push(t, repo, Commit(t, "one"), "refs/heads/main")
	v := View(t, repo)
	if err := repo.Replace(context.Background(), v.Refs.Basis, nil, nil, true); err != nil {
		t.Fatal(err)
	}
	b := storage.Batch{Updates: []storage.RefUpdate{{Name: "refs/heads/x", New: one}}}
	if res, err := repo.Update(context.Background(), v.Refs.Basis, b); !errors.Is(err, storage.ErrRecheck) || len(res) > 0 {
		t.Errorf("got %v, %v, want ErrRecheck", res, err)
	}
	if res := Update(t, repo, b); res[0].Err != nil {
		t.Errorf("over a new view: %v", res[0].Err)
	}
}

func moved(t *testing.T, repo storage.Repository) {
	one := Push(t, repo, Commit(t, "one"), "refs/heads/main", "refs/heads/gone")
	Update(t, repo, storage.Batch{Updates: []storage.RefUpdate{{Name: "refs/heads/main", Old: one}, {Name: "refs/heads/gone", Old: one}}})
	v := View(t, repo) // no ref reaches the commit
	Push(t, repo, Commit(t, "one"), "refs/heads/back")
	if err := repo.Replace(context.Background(), v.Refs.Basis, nil, []string{v.Objects.Packs()[0].Name}, true); !errors.Is(err, storage.ErrRecheck) {
		t.Errorf("got %v, want ErrRecheck: the objects are in use again", err)
	}
	if !Has(t, repo, one) {
		t.Error("a ref's object was dropped")
	}
}

func ended(t *testing.T, repo storage.Repository) {
	one := Push(t, repo, Commit(t, "one"), "refs/heads/main")
	before := refs(t, repo)
	v := View(t, repo)
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	res, err := repo.Update(ctx, v.Refs.Basis, storage.Batch{Updates: []storage.RefUpdate{{Name: "refs/heads/main", Old: one}}})
	if err == nil || len(res) > 0 || refs(t, repo) != before {
		t.Errorf("got %v, %v; refs are %s", res, err, refs(t, repo))
	}
}
