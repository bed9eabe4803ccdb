package upload

import (
	"jeton/vcs/oid"
	"jeton/vcs/rules"
	"jeton/vcs/storage"
)

// sight is which refs one client sees: everything that upload says of refs goes through it, and everything that it says
// of objects follows from the refs that it shows.
type sight struct {
	rules *rules.Rules
	snap  *storage.Snapshot
}

// maxSymrefs is how many symbolic refs are followed from one to the next, as git does (SYMREF_MAXDEPTH).
const maxSymrefs = 5

// shows reports whether a client may know of a ref: it leads somewhere, the rules do not hide it, nor any of the refs
// for which it stands. C git shows a HEAD that stands for a hidden branch, and so tells of the branch.
func (s sight) shows(ref *storage.Ref) bool {
	return !ref.ID.IsZero() && !s.rules.Hides(ref.Name) && s.open(ref)
}

// open reports whether a symbolic ref leads through no hidden one.
func (s sight) open(ref *storage.Ref) bool {
	target := ref.Target
	for range maxSymrefs {
		if target == "" {
			return true
		}
		if s.rules.Hides(target) {
			return false
		}
		next, _ := s.snap.Lookup(target)
		target = next.Target
	}
	return target == ""
}

// unborn is the branch for which a HEAD without a commit stands, "" where there is none that the client may know of.
func (s sight) unborn() string {
	head := &s.snap.Head
	if !head.ID.IsZero() || s.rules.Hides(head.Name) || !s.open(head) {
		return ""
	}
	return head.Target
}

// find is the ref of a full name, or HEAD, where the client sees it.
func (s sight) find(name string) (storage.Ref, bool) {
	ref, ok := s.snap.Lookup(name)
	return ref, ok && s.shows(&ref)
}

// tips are the ids of all refs that the client sees.
func (s sight) tips() []oid.ID {
	ids := make([]oid.ID, 0, len(s.snap.Refs)+1)
	if s.shows(&s.snap.Head) {
		ids = append(ids, s.snap.Head.ID)
	}
	for i := range s.snap.Refs {
		if s.shows(&s.snap.Refs[i]) {
			ids = append(ids, s.snap.Refs[i].ID)
		}
	}
	return ids
}

// count is how many refs of some lists the client sees, up to most: where the lists are not longer than that, none of
// them is looked at.
func (s sight) count(lists [][]storage.Ref, most int) int {
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
			if s.shows(&refs[i]) {
				n++
			}
		}
	}
	return n
}
