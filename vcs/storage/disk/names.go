package disk

import (
	"fmt"
	"path"
	"strings"

	"jeton/vcs/name"
	"jeton/vcs/storage"
)

// maxComponent is how many bytes one part of a ref's name may have: file systems allow 255, a lock adds ".lock".
const maxComponent = 250

// names tells whether a new ref can stand beside those that are there: no ref may be a folder of another, and where the
// file system folds case none may differ from another, or from a folder of one, in case alone.
type names struct {
	now           *storage.Snapshot
	added, folder map[string]bool // names added; folders that added names stand in
	removed       map[string]bool
	// spelt maps the folded form of every ref and folder to how it is written; nil where the file system tells case apart.
	spelt map[string]string
}

func newNames(now *storage.Snapshot, folds caseFolding) *names {
	n := &names{now: now, added: map[string]bool{}, folder: map[string]bool{}, removed: map[string]bool{}}
	if folds {
		n.spelt = map[string]string{}
		for _, ref := range now.Refs {
			n.spell(ref.Name)
		}
	}
	return n
}

// caseFolding says that the file system takes names that differ in case alone for one.
type caseFolding bool

// spell notes how a ref and its folders are written.
func (n *names) spell(ref string) {
	for at := ref; at != "refs" && at != "."; at = path.Dir(at) {
		n.spelt[name.Fold(at)] = at
	}
}

func (n *names) remove(ref string) { n.removed[ref] = true }

func (n *names) add(ref string) {
	n.added[ref] = true
	delete(n.removed, ref)
	for dir := path.Dir(ref); dir != "refs" && dir != "."; dir = path.Dir(dir) {
		n.folder[dir] = true
	}
	if n.spelt != nil {
		n.spell(ref)
	}
}

// clash reports whether a ref cannot stand beside the others.
func (n *names) clash(ref string) bool {
	if n.folder[ref] || n.spelling(ref) {
		return true
	}
	for _, below := range n.now.WithPrefix(ref + "/") {
		if !n.removed[below.Name] {
			return true
		}
	}
	for dir := path.Dir(ref); dir != "refs" && dir != "."; dir = path.Dir(dir) {
		if n.added[dir] {
			return true
		}
		if _, ok := n.now.Lookup(dir); ok && !n.removed[dir] {
			return true
		}
	}
	return false
}

// spelling reports whether a ref or a folder of it is there in another case.
func (n *names) spelling(ref string) bool {
	if n.spelt == nil {
		return false
	}
	for at := ref; at != "refs" && at != "."; at = path.Dir(at) {
		if other, ok := n.spelt[name.Fold(at)]; ok && other != at {
			return true
		}
	}
	return false
}

// fits checks a ref's name: git's rules, below refs/, and no part longer than a file's name may be.
func fits(refName string) error {
	if !inRefs(refName) {
		return storage.ErrBadName
	}
	for part := range strings.SplitSeq(refName, "/") {
		if len(part) > maxComponent {
			return fmt.Errorf("%w: a part of it is longer than %d bytes", storage.ErrBadName, maxComponent)
		}
	}
	return nil
}
