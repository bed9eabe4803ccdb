// Package sight is which refs of a repository one client sees. Everything that is said of refs goes through it, and
// everything that is said of objects follows from the refs that it shows. It imports rules, storage and oid.
package sight

import (
	"jeton/vcs/oid"
	"jeton/vcs/rules"
	"jeton/vcs/storage"
)

// Sight is what one client sees of one snapshot of refs. It may be copied and shared.
type Sight struct {
	Rules *rules.Rules
	Refs  *storage.Snapshot
}

// New is what the rules show of a snapshot; neither may change while it is used.
func New(r *rules.Rules, snap *storage.Snapshot) Sight { return Sight{r, snap} }

// maxSymrefs is how many symbolic refs are followed from one to the next, as git does (SYMREF_MAXDEPTH).
const maxSymrefs = 5

// Shows reports whether a client may know of a ref: it leads somewhere, the rules do not hide it, nor any of the refs
// for which it stands. C git shows a HEAD that stands for a hidden branch, and so tells of the branch.
func (s Sight) Shows(ref *storage.Ref) bool {
	return !ref.ID.IsZero() && !s.Rules.Hides(ref.Name) && s.open(ref)
}

// open reports whether a symbolic ref leads through no hidden one.
func (s Sight) open(ref *storage.Ref) bool {
	target := ref.Target
	for range maxSymrefs {
		if target == "" {
			return true
		}
		if s.Rules.Hides(target) {
			return false
		}
		next, _ := s.Refs.Lookup(target)
		target = next.Target
	}
	return target == ""
}

// Unborn is the branch for which a HEAD without a commit stands, "" where there is none that the client may know of.
func (s Sight) Unborn() string {
	head := &s.Refs.Head
	if !head.ID.IsZero() || s.Rules.Hides(head.Name) || !s.open(head) {
		return ""
	}
	return head.Target
}

// Find is the ref of a full name, or HEAD, where the client sees it.
func (s Sight) Find(name string) (storage.Ref, bool) {
	ref, ok := s.Refs.Lookup(name)
	return ref, ok && s.Shows(&ref)
}

// Tips are the ids of all refs that the client sees.
func (s Sight) Tips() []oid.ID {
	ids := make([]oid.ID, 0, len(s.Refs.Refs)+1)
	if s.Shows(&s.Refs.Head) {
		ids = append(ids, s.Refs.Head.ID)
	}
	for i := range s.Refs.Refs {
		if s.Shows(&s.Refs.Refs[i]) {
			ids = append(ids, s.Refs.Refs[i].ID)
		}
	}
	return ids
}

// Tip reports whether an id is what a ref points to that the client sees, or what the tag of such a ref points to.
func (s Sight) Tip(id oid.ID) bool {
	if id.IsZero() { // which is what a ref peels to that is no tag
		return false
	}
	is := func(ref *storage.Ref) bool { return (ref.ID == id || ref.Peeled == id) && s.Shows(ref) }
	if is(&s.Refs.Head) {
		return true
	}
	for i := range s.Refs.Refs {
		if is(&s.Refs.Refs[i]) {
			return true
		}
	}
	return false
}

// Count is how many refs of some lists the client sees, up to most: where the lists are not longer than that, none of
// them is looked at.
func (s Sight) Count(lists [][]storage.Ref, most int) int {
	n := 0
	for _, refs := range lists {
		n += len(refs)
	}
	if n < most {
		return n
	}
	n = 0
	for _, refs := range lists {
		for i := range refs {
			if n == most {
				return n
			}
			if s.Shows(&refs[i]) {
				n++
			}
		}
	}
	return n
}
