package disk

import (
	"bytes"
	"errors"
	"fmt"
	"hash/crc32"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"jeton/vcs/oid"
	"jeton/vcs/storage"
)

// A push moves its packs in before its refs, so that nobody ever sees a ref without its objects. Between the two lies
// jeton/pending, which names both:
//
//	pack <name>
//	ref <new id> <name>
//	crc32 <8 hexadecimal digits>
//
// A process that finds it on opening knows that the one before has died there: when none of the refs has come to its
// new value, nothing can refer to what the packs brought, and they are removed. The file is only a help to tidy up: one
// that is cut short is ignored. That it is gone must last, though, before any later update moves those refs again.

func (r *Repository) pendingPath() string { return filepath.Join(r.dir, "jeton/pending") }

// announce writes what is about to be done; it becomes lasting with the folder, when the packs' roots are moved in.
func (r *Repository) announce(packs []string, updates []storage.RefUpdate) error {
	var b bytes.Buffer
	for _, p := range packs {
		fmt.Fprintf(&b, "pack %s\n", p)
	}
	for _, u := range updates {
		if u.Symref == "" {
			fmt.Fprintf(&b, "ref %s %s\n", u.New, u.Name)
		}
	}
	fmt.Fprintf(&b, "crc32 %08x\n", crc32.ChecksumIEEE(b.Bytes()))
	return os.WriteFile(r.pendingPath(), b.Bytes(), 0o640)
}

// concluded removes the announcement: the refs have moved, or the packs are gone again.
func (r *Repository) concluded() error {
	r.lasting = false
	err := os.Remove(r.pendingPath())
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	return err
}

// settled makes sure that an announcement that was removed stays so.
func (r *Repository) settled() error {
	if r.lasting {
		return nil
	}
	if err := syncDir(filepath.Join(r.dir, "jeton")); err != nil {
		return err
	}
	r.lasting = true
	return nil
}

// settle removes the packs of a push that died before any of its refs had moved.
func (r *Repository) settle(refs *storage.Snapshot) error {
	b, err := os.ReadFile(r.pendingPath())
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return err
	}
	packs, updates, ok := parsePending(b)
	for _, u := range updates {
		ref, _ := refs.Lookup(u.Name)
		ok = ok && ref.ID != u.New
	}
	if ok {
		for _, p := range packs {
			if err := r.unlink(p); err != nil {
				return err
			}
		}
		if err := syncDir(filepath.Join(r.dir, "objects/pack")); err != nil {
			return err
		}
	}
	return errors.Join(r.concluded(), r.settled())
}

// parsePending reads an announcement; false for one that is not whole.
func parsePending(b []byte) (packs []string, updates []storage.RefUpdate, ok bool) {
	at := bytes.LastIndex(b, []byte("crc32 "))
	if at < 0 || string(b[at:]) != fmt.Sprintf("crc32 %08x\n", crc32.ChecksumIEEE(b[:at])) {
		return nil, nil, false
	}
	for line := range strings.Lines(string(b[:at])) {
		f := strings.Fields(line)
		switch {
		case len(f) == 2 && f[0] == "pack" && strings.HasPrefix(f[1], "pack-") && !strings.ContainsRune(f[1], '/'):
			packs = append(packs, f[1])
		case len(f) == 3 && f[0] == "ref":
			id, parsed := oid.Parse(f[1])
			if !parsed {
				return nil, nil, false
			}
			updates = append(updates, storage.RefUpdate{Name: f[2], New: id})
		default:
			return nil, nil, false
		}
	}
	return packs, updates, true
}
