package disk

import (
	"bufio"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/go-git/go-git/v5/plumbing"

	"jeton/vcs/name"
	"jeton/vcs/object"
	"jeton/vcs/oid"
	"jeton/vcs/pack"
	"jeton/vcs/storage"
)

// readRefs reads HEAD, packed-refs and the loose refs, which count more. Files that are no refs are passed over, as git
// does with a warning: one odd file must not make a repository unreadable.
func (r *Repository) readRefs() (*storage.Snapshot, error) {
	packed, err := r.readPacked()
	if err != nil {
		return nil, fmt.Errorf("read packed-refs: %w", err)
	}
	all := make(map[string]storage.Ref, len(packed))
	for _, ref := range packed {
		all[ref.Name] = ref
	}
	if err := r.readLoose(all); err != nil {
		return nil, fmt.Errorf("read refs: %w", err)
	}
	snap := &storage.Snapshot{Refs: make([]storage.Ref, 0, len(all))}
	for _, ref := range all {
		snap.Refs = append(snap.Refs, ref)
	}
	slices.SortFunc(snap.Refs, func(a, b storage.Ref) int { return strings.Compare(a.Name, b.Name) })
	for i, ref := range snap.Refs {
		if ref.Target != "" {
			snap.Refs[i].ID = resolve(all, ref.Target)
		}
	}
	// A symbolic ref whose target is not there is not listed, as git does not.
	snap.Refs = slices.DeleteFunc(snap.Refs, func(ref storage.Ref) bool { return ref.ID.IsZero() })
	head, err := os.ReadFile(filepath.Join(r.dir, "HEAD"))
	if err != nil {
		return nil, fmt.Errorf("read HEAD: %w", err)
	}
	var ok bool
	if snap.Head, ok = parseRef("HEAD", string(head)); !ok {
		return nil, fmt.Errorf("read HEAD: it holds neither a ref nor an id")
	}
	if snap.Head.Target != "" {
		snap.Head.ID = resolve(all, snap.Head.Target)
	}
	return snap, nil
}

// resolve follows symbolic refs, at most five, as git does.
func resolve(all map[string]storage.Ref, target string) oid.ID {
	for range 5 {
		ref, ok := all[target]
		if !ok {
			return oid.Zero
		}
		if ref.Target == "" {
			return ref.ID
		}
		target = ref.Target
	}
	return oid.Zero
}

// parseRef reads the content of a ref's file: an id, or "ref: " and a name.
func parseRef(refName, content string) (storage.Ref, bool) {
	content = strings.TrimRight(content, " \t\r\n")
	if target, ok := strings.CutPrefix(content, "ref:"); ok {
		target = strings.TrimSpace(target)
		return storage.Ref{Name: refName, Target: target}, name.Ref(target)
	}
	id, ok := oid.Parse(content)
	return storage.Ref{Name: refName, ID: id}, ok && !id.IsZero()
}

// readPacked reads packed-refs whole: other tools leave it out of order, and a peeled line may be missing.
func (r *Repository) readPacked() ([]storage.Ref, error) {
	f, err := os.Open(filepath.Join(r.dir, "packed-refs"))
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	defer f.Close()
	return parsePacked(bufio.NewScanner(f))
}

func parsePacked(lines *bufio.Scanner) ([]storage.Ref, error) {
	lines.Buffer(nil, 1<<20)
	var refs []storage.Ref
	for lines.Scan() {
		line := lines.Text()
		if line == "" || line[0] == '#' {
			continue
		}
		if line[0] == '^' {
			id, ok := oid.Parse(line[1:])
			if !ok || len(refs) == 0 {
				return nil, fmt.Errorf("a peeled line is broken: %.60q", line)
			}
			refs[len(refs)-1].Peeled = id
			continue
		}
		hex, refName, _ := strings.Cut(line, " ")
		id, ok := oid.Parse(hex)
		if !ok {
			return nil, fmt.Errorf("a line is broken: %.60q", line)
		}
		if name.Ref(refName) {
			refs = append(refs, storage.Ref{Name: refName, ID: id})
		}
	}
	return refs, lines.Err()
}

// readLoose reads the files below refs/; links are not followed.
func (r *Repository) readLoose(all map[string]storage.Ref) error {
	root := filepath.Join(r.dir, "refs")
	return filepath.WalkDir(root, func(path string, d fs.DirEntry, err error) error {
		if err != nil || !d.Type().IsRegular() {
			return err
		}
		rel, err := filepath.Rel(r.dir, path)
		if err != nil || !name.Ref(filepath.ToSlash(rel)) {
			return err
		}
		b, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		if ref, ok := parseRef(filepath.ToSlash(rel), string(b)); ok {
			all[ref.Name] = ref
		}
		return nil
	})
}

// peelAll finds what annotated tags finally point to. known, where it is not nil, is an earlier snapshot whose answers
// still hold for refs that have not moved.
func peelAll(set *pack.Set, snap *storage.Snapshot, known *storage.Snapshot) error {
	for i := range snap.Refs {
		ref := &snap.Refs[i]
		if known != nil {
			if before, ok := known.Lookup(ref.Name); ok && before.ID == ref.ID {
				ref.Peeled = before.Peeled
				continue
			}
		}
		if !strings.HasPrefix(ref.Name, "refs/tags/") && strings.HasPrefix(ref.Name, "refs/heads/") {
			continue // branches point to commits
		}
		peeled, err := peel(set, ref.ID)
		if err != nil {
			return fmt.Errorf("peel %s: %w", ref.Name, err)
		}
		ref.Peeled = peeled
	}
	return nil
}

// peel follows tags; zero where id is no tag, or leads to something that is not there.
func peel(set *pack.Set, id oid.ID) (oid.ID, error) {
	for depth := range 1000 {
		kind, _, err := set.Header(id)
		if errors.Is(err, pack.ErrNotFound) {
			return oid.Zero, nil
		}
		if err != nil {
			return oid.Zero, err
		}
		if kind != plumbing.TagObject {
			if depth == 0 {
				return oid.Zero, nil
			}
			return id, nil
		}
		_, content, err := set.Read(id, 64<<20)
		if err != nil {
			return oid.Zero, err
		}
		if id, _, err = object.ParseTag(content); err != nil {
			return oid.Zero, nil
		}
	}
	return oid.Zero, nil
}
