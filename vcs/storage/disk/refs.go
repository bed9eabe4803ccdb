package disk

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"jeton/vcs/name"
	"jeton/vcs/oid"
	"jeton/vcs/storage"
)

// maxRefFile is the largest file that can be a ref: "ref: " and a name.
const maxRefFile = 4096

// state is the refs of one moment: those that are seen, and symbolic refs whose target is not there, which are not
// listed (as git does not) until it is.
type state struct {
	snap     *storage.Snapshot
	dangling []storage.Ref
}

// readRefs reads HEAD, packed-refs and the loose refs, which count more. Files that are no refs are passed over, as git
// does with a warning: one odd file must not make a repository unreadable. Nothing is peeled.
func (r *Repository) readRefs() (state, error) {
	packed, err := r.readPacked()
	if err != nil {
		return state{}, fmt.Errorf("read packed-refs: %w", err)
	}
	all := make(map[string]storage.Ref, len(packed))
	for _, ref := range packed {
		all[ref.Name] = ref
	}
	if err := r.readLoose(all); err != nil {
		return state{}, fmt.Errorf("read refs: %w", err)
	}
	head, ok, err := r.readRef("HEAD")
	if err != nil {
		return state{}, fmt.Errorf("read HEAD: %w", err)
	}
	if !ok {
		return state{}, errors.New("read HEAD: it holds neither a ref nor an id")
	}
	refs := make([]storage.Ref, 0, len(all))
	for _, ref := range all {
		refs = append(refs, ref)
	}
	slices.SortFunc(refs, byName)
	return arrange(head, refs), nil
}

func byName(a, b storage.Ref) int { return strings.Compare(a.Name, b.Name) }

// arrange makes a state of sorted refs, with what symbolic refs lead to.
func arrange(head storage.Ref, refs []storage.Ref) state {
	s := state{snap: &storage.Snapshot{Head: head, Refs: refs}}
	resolved := make(map[string]storage.Ref)
	for _, ref := range refs {
		if ref.Target != "" {
			resolved[ref.Name] = follow(s.snap, ref.Target)
		}
	}
	for i, ref := range refs {
		if ref.Target != "" {
			refs[i].ID, refs[i].Peeled = resolved[ref.Name].ID, resolved[ref.Name].Peeled
			if refs[i].ID.IsZero() {
				s.dangling = append(s.dangling, refs[i])
			}
		}
	}
	if len(s.dangling) > 0 {
		s.snap.Refs = slices.DeleteFunc(refs, func(ref storage.Ref) bool { return ref.Target != "" && ref.ID.IsZero() })
	}
	if head.Target != "" {
		s.snap.Head.ID = follow(s.snap, head.Target).ID
	}
	return s
}

// follow goes along symbolic refs, at most five, as git does; the zero Ref where they lead nowhere.
func follow(snap *storage.Snapshot, target string) storage.Ref {
	for range 5 {
		ref, ok := snap.Lookup(target)
		if !ok {
			return storage.Ref{}
		}
		if ref.Target == "" {
			return ref
		}
		target = ref.Target
	}
	return storage.Ref{}
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

// readRef reads one ref's file; false where what it holds is no ref. Links are not followed.
func (r *Repository) readRef(refName string) (storage.Ref, bool, error) {
	path := filepath.Join(r.dir, filepath.FromSlash(refName))
	st, err := os.Lstat(path)
	if err != nil {
		return storage.Ref{}, false, err
	}
	if !st.Mode().IsRegular() || st.Size() > maxRefFile {
		return storage.Ref{}, false, nil
	}
	b, err := os.ReadFile(path)
	if err != nil {
		return storage.Ref{}, false, err
	}
	ref, ok := parseRef(refName, string(b))
	return ref, ok, nil
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
	return parsePacked(f)
}

// parsePacked reads the lines of packed-refs: an id and a name, or "^" and what the ref of the line before peels to.
func parsePacked(in io.Reader) ([]storage.Ref, error) {
	lines := bufio.NewScanner(in)
	lines.Buffer(nil, 1<<20)
	var refs []storage.Ref
	listed := false // whether the line before gave a ref
	for lines.Scan() {
		line := lines.Text()
		if line == "" || line[0] == '#' {
			continue
		}
		if line[0] == '^' {
			id, ok := oid.Parse(line[1:])
			if !ok {
				return nil, fmt.Errorf("a peeled line is broken: %.60q", line)
			}
			if listed {
				refs[len(refs)-1].Peeled = id
			}
			continue
		}
		hex, refName, _ := strings.Cut(line, " ")
		id, ok := oid.Parse(hex)
		if !ok {
			return nil, fmt.Errorf("a line is broken: %.60q", line)
		}
		if listed = inRefs(refName) && !id.IsZero(); listed {
			refs = append(refs, storage.Ref{Name: refName, ID: id})
		}
	}
	return refs, lines.Err()
}

// inRefs reports whether a name is one of a ref below refs/: those outside (HEAD, ORIG_HEAD) are not for others.
func inRefs(refName string) bool { return strings.HasPrefix(refName, "refs/") && name.Ref(refName) }

// readLoose reads the files below refs/. A file that holds no ref hides what packed-refs says, as it does for git: the
// older value must not come back.
func (r *Repository) readLoose(all map[string]storage.Ref) error {
	root := filepath.Join(r.dir, "refs")
	return filepath.WalkDir(root, func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		rel, err := filepath.Rel(r.dir, path)
		if err != nil {
			return err
		}
		refName := filepath.ToSlash(rel)
		if !name.Ref(refName) {
			return nil
		}
		ref, ok, err := r.readRef(refName)
		if err != nil {
			return err
		}
		if !ok {
			r.o.log().Warn("file is no ref and is passed over", "repository", r.id, "ref", refName)
			delete(all, refName)
			return nil
		}
		all[refName] = ref
		return nil
	})
}
