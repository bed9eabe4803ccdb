package receive

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"math/rand/v2"
	"slices"

	"github.com/go-git/go-git/v5/plumbing"

	"jeton/vcs/oid"
	"jeton/vcs/pack"
	"jeton/vcs/pack/packtest"
)

// forge makes objects and packs for pushes, and knows which objects refer to which.
type forge struct {
	rnd   *rand.Rand
	made  map[oid.ID]entry
	links map[oid.ID][]oid.ID
	refs  map[string]oid.ID // of both repositories
	n     int               // makes contents differ
}

func newForge(rnd *rand.Rand) *forge {
	return &forge{rnd: rnd, made: map[oid.ID]entry{}, links: map[oid.ID][]oid.ID{}, refs: map[string]oid.ID{}}
}

func (f *forge) make(kind plumbing.ObjectType, content string, links ...oid.ID) oid.ID {
	e := entry{kind, content}
	id := e.id()
	f.made[id], f.links[id] = e, links
	return id
}

func (f *forge) blob() oid.ID {
	f.n++
	return f.make(plumbing.BlobObject, fmt.Sprintf("file %d\n%s", f.n, bytes.Repeat([]byte("line\n"), f.rnd.IntN(50))))
}

// file is an entry of a tree.
type file struct {
	mode, name string
	id         oid.ID
}

// tree makes a tree of entries as they are given. Those of submodules are no links.
func (f *forge) tree(files ...file) oid.ID {
	var b bytes.Buffer
	var links []oid.ID
	for _, e := range files {
		b.WriteString(e.mode + " " + e.name + "\x00")
		b.Write(e.id[:])
		if e.mode != "160000" {
			links = append(links, e.id)
		}
	}
	return f.make(plumbing.TreeObject, b.String(), links...)
}

// folder is a tree with some files, a folder among them.
func (f *forge) folder() oid.ID {
	files := []file{{"100644", "README", f.blob()}, {"40000", "dir", f.tree(file{"100755", "run", f.blob()}, file{"120000", "to", f.blob()})}}
	if f.rnd.IntN(3) == 0 {
		files = append(files, file{"160000", "module", oid.ID{byte(f.rnd.IntN(256)), 1}})
	}
	return f.tree(files...)
}

func (f *forge) commit(tree oid.ID, parents ...oid.ID) oid.ID {
	f.n++
	content := "tree " + tree.String() + "\n"
	for _, p := range parents {
		content += "parent " + p.String() + "\n"
	}
	who := fmt.Sprintf("A <a@example.com> %d +0000", 1_700_000_000+f.n)
	return f.make(plumbing.CommitObject, content+"author "+who+"\ncommitter "+who+fmt.Sprintf("\n\ncommit %d\n", f.n), append(slices.Clone(parents), tree)...)
}

// grow is a commit with new files above parents.
func (f *forge) grow(parents ...oid.ID) oid.ID { return f.commit(f.folder(), parents...) }

func (f *forge) tag(target oid.ID) oid.ID {
	f.n++
	return f.make(plumbing.TagObject, fmt.Sprintf("object %s\ntype %s\ntag v%d\ntagger A <a@example.com> %d +0000\n\ntag\n", target, f.made[target].kind, f.n, 1_700_000_000+f.n), target)
}

// reach is everything that can be reached from ids.
func (f *forge) reach(ids ...oid.ID) map[oid.ID]bool {
	seen, ids := map[oid.ID]bool{}, slices.Clone(ids)
	for len(ids) > 0 {
		id := ids[len(ids)-1]
		ids = ids[:len(ids)-1]
		if _, ok := f.made[id]; ok && !seen[id] {
			seen[id] = true
			ids = append(ids, f.links[id]...)
		}
	}
	return seen
}

// lacking are the objects of tips that cannot be reached from the refs, in an order that does not change.
func (f *forge) lacking(tips ...oid.ID) []oid.ID {
	var have []oid.ID
	for _, id := range f.refs {
		have = append(have, id)
	}
	known := f.reach(have...)
	var list []oid.ID
	for id := range f.reach(tips...) {
		if !known[id] {
			list = append(list, id)
		}
	}
	slices.SortFunc(list, oid.Compare)
	return list
}

// packFor is the pack of a push of tips.
func (f *forge) packFor(tips ...oid.ID) []byte { return f.packWithout(nil, tips...) }

// packWithout leaves some objects out.
func (f *forge) packWithout(out []oid.ID, tips ...oid.ID) []byte {
	var entries []entry
	for _, id := range f.lacking(tips...) {
		if !slices.Contains(out, id) {
			entries = append(entries, f.made[id])
		}
	}
	return packOf(entries...)
}

// thinPack is a pack of tips whose blobs are deltas over a base that is not in it.
func (f *forge) thinPack(base oid.ID, source int, tips ...oid.ID) []byte {
	list := f.lacking(tips...)
	b := bytes.NewBuffer(pack.AppendFileHeader(nil, uint32(len(list))))
	put := func(h pack.Header, data []byte) {
		h.Size = int64(len(data))
		b.Write(pack.AppendHeader(nil, h))
		b.Write(packtest.Deflated(data))
	}
	for _, id := range list {
		e := f.made[id]
		if e.kind == plumbing.BlobObject {
			put(pack.Header{Type: plumbing.REFDeltaObject, BaseID: base}, deltaOf(source, e.content))
		} else {
			put(pack.Header{Type: e.kind}, []byte(e.content))
		}
	}
	return sealed(b.Bytes())
}

// deltaOf is a delta that inserts all of target (gitformat-pack, "Deltified representation").
func deltaOf(source int, target string) []byte {
	d := binary.AppendUvarint(nil, uint64(source))
	d = binary.AppendUvarint(d, uint64(len(target)))
	for part := range slices.Chunk([]byte(target), 127) {
		d = append(append(d, byte(len(part))), part...)
	}
	return d
}

// sealed is a pack with its trailer.
func sealed(b []byte) []byte {
	sum := oid.NewSum()
	sum.Write(b)
	id := oid.SumID(sum)
	return append(b, id[:]...)
}

// move is a command.
func move(from, to oid.ID, ref string) string {
	return from.String() + " " + to.String() + " " + ref
}
