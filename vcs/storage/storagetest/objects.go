package storagetest

import (
	"bytes"
	"context"
	"fmt"
	"testing"

	"github.com/go-git/go-git/v5/plumbing"

	"jeton/vcs/oid"
	"jeton/vcs/pack"
	"jeton/vcs/pack/ingest"
	"jeton/vcs/pack/packtest"
	"jeton/vcs/storage"
)

// Object is one object of a pack that a test makes.
type Object struct {
	Kind    plumbing.ObjectType
	Content string
}

// ID is the object's id.
func (o Object) ID(t testing.TB) oid.ID {
	t.Helper()
	id, err := oid.Of(o.Kind, []byte(o.Content))
	if err != nil {
		t.Fatal(err)
	}
	return id
}

// Commit makes the objects of a commit with one file that holds text; the commit comes last.
func Commit(t testing.TB, text string, parents ...oid.ID) []Object {
	t.Helper()
	const who = "A <a@example.com> 1700000000 +0000"
	blob := Object{plumbing.BlobObject, text}
	id := blob.ID(t)
	tree := Object{plumbing.TreeObject, "100644 file\x00" + string(id[:])}
	head := fmt.Sprintf("tree %s\n", tree.ID(t))
	for _, p := range parents {
		head += fmt.Sprintf("parent %s\n", p)
	}
	return []Object{blob, tree, {plumbing.CommitObject, head + "author " + who + "\ncommitter " + who + "\n\n" + text + "\n"}}
}

// Tag makes an annotated tag.
func Tag(name string, kind plumbing.ObjectType, target oid.ID) Object {
	return Object{plumbing.TagObject, fmt.Sprintf("object %s\ntype %s\ntag %s\ntagger A <a@example.com> 1700000000 +0000\n\n%s\n", target, kind, name, name)}
}

// Pack writes a pack of whole objects, as a client could send it.
func Pack(t testing.TB, objects ...Object) []byte {
	t.Helper()
	b := bytes.NewBuffer(pack.AppendFileHeader(nil, uint32(len(objects))))
	for _, o := range objects {
		b.Write(pack.AppendHeader(nil, pack.Header{Type: o.Kind, Size: int64(len(o.Content))}))
		b.Write(packtest.Deflated([]byte(o.Content)))
	}
	sum := oid.NewSum()
	sum.Write(b.Bytes())
	id := oid.SumID(sum)
	return append(b.Bytes(), id[:]...)
}

// Stage receives a pack of objects into a quarantine, as a push does. The quarantine is closed with the test at latest.
func Stage(t testing.TB, repo storage.Repository, objects ...Object) (storage.Quarantine, storage.Staged) {
	t.Helper()
	ctx := context.Background()
	q, err := repo.Quarantine(ctx)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = q.Close() })
	res, err := ingest.Receive(ctx, bytes.NewReader(Pack(t, objects...)), ingest.Options{Dir: q.Dir()})
	if err != nil {
		t.Fatal(err)
	}
	s, err := q.Stage(ctx, res.Name, &pack.Roots{IDs: []oid.ID{objects[len(objects)-1].ID(t)}})
	if err != nil {
		t.Fatal(err)
	}
	return q, s
}

// Push puts objects into a repository and moves refs to the last of them, whatever they were.
func Push(t testing.TB, repo storage.Repository, objects []Object, refs ...string) oid.ID {
	t.Helper()
	q, s := Stage(t, repo, objects...)
	id := objects[len(objects)-1].ID(t)
	b := storage.Batch{Actor: storage.Actor{Name: "Ada", Email: "ada@example.com", Credential: "token:1"}, Reason: "push", Staged: []storage.Staged{s}}
	for _, ref := range refs {
		b.Updates = append(b.Updates, storage.RefUpdate{Name: ref, Old: Value(t, repo, ref), New: id})
	}
	for _, res := range Update(t, repo, b) {
		if res.Err != nil {
			t.Fatal(res.Err)
		}
	}
	if err := q.Close(); err != nil {
		t.Fatal(err)
	}
	return id
}

// Update runs a batch at the basis of this moment.
func Update(t testing.TB, repo storage.Repository, b storage.Batch) []storage.RefResult {
	t.Helper()
	v := View(t, repo)
	defer v.Close()
	results, err := repo.Update(context.Background(), v.Refs.Basis, b)
	if err != nil {
		t.Fatal(err)
	}
	return results
}

// View opens a view, which is closed with the test at latest.
func View(t testing.TB, repo storage.Repository) *storage.View {
	t.Helper()
	v, err := repo.View(context.Background())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(v.Close)
	return v
}

// Value is what a ref says at this moment; zero where it is not there.
func Value(t testing.TB, repo storage.Repository, ref string) oid.ID {
	t.Helper()
	v := View(t, repo)
	defer v.Close()
	got, _ := v.Refs.Lookup(ref)
	return got.ID
}
