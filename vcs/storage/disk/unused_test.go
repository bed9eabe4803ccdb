package disk

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"jeton/vcs/oid"
	"jeton/vcs/storage"
)

func TestFoldingCanBeAskedForWhereTheDiskTellsCaseApart(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "r.git")
	if err := Create(ctx, dir); err != nil {
		t.Fatal(err)
	}
	r, err := Open(ctx, dir, "id", Options{FoldRefs: true})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = r.Close() })
	id := push(t, r, oid.Zero, "one", "refs/heads/Team/main")
	for name, clash := range map[string]bool{"refs/heads/team/main": true, "refs/heads/TEAM/other": true, "refs/heads/Team/other": false} {
		res := update(t, r, storage.Batch{Updates: []storage.RefUpdate{{Name: name, New: id}}})
		if errors.Is(res[0].Err, storage.ErrNameClash) != clash {
			t.Errorf("%s: %v", name, res[0].Err)
		}
	}
	one := update(t, r, storage.Batch{Updates: []storage.RefUpdate{{Name: "refs/heads/Y", New: id}, {Name: "refs/heads/y", New: id}}})
	if one[0].Err != nil || !errors.Is(one[1].Err, storage.ErrNameClash) {
		t.Errorf("two in one batch: %v, %v", one[0].Err, one[1].Err)
	}
}

func TestNamesOfOneBatchAndWhatTheyStandIn(t *testing.T) {
	r := create(t)
	id := push(t, r, oid.Zero, "one", "refs/heads/a", "refs/heads/b/c")
	for _, c := range []struct {
		name    string
		atomic  bool
		updates []storage.RefUpdate
		fails   []bool
	}{
		{"a name and one below it", false, []storage.RefUpdate{{Name: "refs/heads/x", New: id}, {Name: "refs/heads/x/y", New: id}}, []bool{false, true}},
		{"a name and the folder that it stands in", false, []storage.RefUpdate{{Name: "refs/heads/v/w", New: id}, {Name: "refs/heads/v", New: id}}, []bool{false, true}},
		{"below what is there", false, []storage.RefUpdate{{Name: "refs/heads/a/b", New: id}, {Name: "refs/heads/ok", New: id}}, []bool{true, false}},
		{"above what is there", true, []storage.RefUpdate{{Name: "refs/heads/b", New: id}, {Name: "refs/heads/ok2", New: id}}, []bool{true, true}},
		{"in place of what goes", true, []storage.RefUpdate{{Name: "refs/heads/b", New: id}, {Name: "refs/heads/b/c", Old: id}}, []bool{false, false}},
		{"below what goes", false, []storage.RefUpdate{{Name: "refs/heads/a/b", New: id}, {Name: "refs/heads/a", Old: id}}, []bool{false, false}},
	} {
		for i, res := range update(t, r, storage.Batch{Atomic: c.atomic, Updates: c.updates}) {
			if (res.Err != nil) != c.fails[i] {
				t.Errorf("%s: %s: %v", c.name, res.Name, res.Err)
			}
		}
		agree(t, r)
	}
}

func TestOnlyWhatHasNoRefsIsClosedAsUnused(t *testing.T) {
	r := create(t)
	push(t, r, oid.Zero, "one", "refs/heads/main")
	if unused, err := r.CloseUnused(ctx); unused || err != nil {
		t.Errorf("with a ref: %v, %v", unused, err)
	}
	r.Cool()
	if unused, err := r.CloseUnused(ctx); unused || err != nil {
		t.Errorf("with a ref, let go: %v, %v", unused, err)
	}
	if _, err := r.View(ctx); err != nil {
		t.Errorf("it was closed: %v", err)
	}
	_ = r.Close()
	if unused, err := r.CloseUnused(ctx); unused || err != nil {
		t.Errorf("with a ref, closed: %v, %v", unused, err)
	}
	empty := create(t)
	if unused, err := empty.CloseUnused(ctx); !unused || err != nil {
		t.Errorf("without refs: %v, %v", unused, err)
	}
	if _, err := empty.View(ctx); !errors.Is(err, ErrClosed) {
		t.Errorf("afterwards: %v, want ErrClosed", err)
	}
}

func TestReflogsOfMakingAndMovingNameTheCredential(t *testing.T) {
	r := create(t)
	first := push(t, r, oid.Zero, "one", "refs/heads/main", "refs/tags/v1")
	push(t, r, first, "two", "refs/heads/main")
	for _, name := range []string{"refs/heads/main", "HEAD"} {
		text, err := os.ReadFile(filepath.Join(r.Dir(), "logs", name))
		if err != nil || strings.Count(string(text), " Ada <ada@example.com> ") != 2 || strings.Count(string(text), "\tpush (token:1)\n") != 2 {
			t.Errorf("the log of %s: %v\n%s", name, err, text)
		}
	}
	if _, err := os.Lstat(filepath.Join(r.Dir(), "logs/refs/tags/v1")); err == nil {
		t.Error("a tag has a log; git makes none by itself")
	}
}
