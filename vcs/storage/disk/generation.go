package disk

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync/atomic"

	"jeton/vcs/mapped"
	"jeton/vcs/pack"
)

// openPack is one pack with its files, shared by generations.
type openPack struct {
	*pack.Pack
	files []interface{ Close() error }
	users atomic.Int64
	// retire, when set, removes the files once nobody uses them.
	retire atomic.Pointer[func()]
}

func (p *openPack) release() {
	if p.users.Add(-1) > 0 {
		return
	}
	for _, f := range p.files {
		_ = f.Close()
	}
	if fn := p.retire.Load(); fn != nil {
		(*fn)()
	}
}

// openFiles opens NAME.pack, .idx and .rev of a folder, with roots that the caller knows.
func openFiles(dir, name string, roots *pack.Roots) (_ *openPack, err error) {
	p := &openPack{}
	p.users.Store(1)
	defer func() {
		if err != nil {
			p.release()
		}
	}()
	base := filepath.Join(dir, name)
	f, err := os.Open(base + ".pack")
	if err != nil {
		return nil, err
	}
	p.files = append(p.files, f)
	st, err := f.Stat()
	if err != nil {
		return nil, err
	}
	src := pack.Source{Name: name, Data: f, Size: st.Size(), File: f, Roots: roots}
	if src.Index, err = mapped.Open(base + ".idx"); err != nil {
		return nil, err
	}
	p.files = append(p.files, src.Index)
	if src.Rev, err = mapped.Open(base + ".rev"); errors.Is(err, fs.ErrNotExist) {
		src.Rev = nil
	} else if err != nil {
		return nil, err
	} else {
		p.files = append(p.files, src.Rev)
	}
	p.Pack, err = pack.Open(src)
	return p, err
}

// generation is the packs of one moment; each view holds one.
type generation struct {
	packs []*openPack
	users atomic.Int64
}

func newGeneration(packs []*openPack) *generation {
	g := &generation{packs: packs}
	g.users.Store(1)
	return g
}

func (g *generation) retain() { g.users.Add(1) }

func (g *generation) release() {
	if g.users.Add(-1) > 0 {
		return
	}
	for _, p := range g.packs {
		p.release()
	}
}

func (g *generation) set(cache int64) *pack.Set {
	packs := make([]*pack.Pack, len(g.packs))
	for i, p := range g.packs {
		packs[i] = p.Pack
	}
	return pack.NewSet(packs, cache)
}

func (g *generation) find(name string) *openPack {
	for _, p := range g.packs {
		if p.Name == name {
			return p
		}
	}
	return nil
}

// openPacks opens every pack of the folder; those that before holds already are shared with it. A pack that came
// without an index, or with one that cannot be read, is indexed first.
func (r *Repository) openPacks(ctx context.Context, before *generation) (*generation, error) {
	dir := filepath.Join(r.dir, "objects/pack")
	paths, err := filepath.Glob(filepath.Join(dir, "pack-*.pack"))
	if err != nil {
		return nil, err
	}
	var packs []*openPack
	g := newGeneration(nil)
	for _, path := range paths {
		name := strings.TrimSuffix(filepath.Base(path), ".pack")
		if before != nil {
			if p := before.find(name); p != nil {
				p.users.Add(1)
				packs = append(packs, p)
				continue
			}
		}
		p, err := openFiles(dir, name, r.readRoots(name))
		if errors.Is(err, fs.ErrNotExist) || errors.Is(err, pack.ErrCorrupt) {
			if p, err = r.reindex(ctx, dir, name); err == nil && p == nil {
				continue
			}
		}
		if err != nil {
			g.packs = packs
			g.release()
			return nil, fmt.Errorf("open %s: %w", name, err)
		}
		packs = append(packs, p)
	}
	// Large packs hold most objects, and are asked first.
	slices.SortStableFunc(packs, func(a, b *openPack) int { return int(b.Count()) - int(a.Count()) })
	g.packs = packs
	return g, nil
}
