// Package reach answers the three questions of reachability on which serving and receiving stand:
//
//	Enumerate   which objects does this client lack?          wants, haves, depth, filter  ─►  objects, whole packs
//	Visible     does this reader know of this object?         reachable from the refs that he sees, and from nothing else
//	Connected   is this push whole?                           everything its tips reach came along, or is visible here
//
// Commits are walked by date, trees side by side with the trees of the parents, so that the cost of a fetch or a push
// follows the change and not the repository. Packs remember their roots (pack.Roots), which answer most questions about
// trees and blobs without a walk; bitmaps and the commit-graph will answer behind the same functions.
//
// Sending more than a client lacks is allowed by the protocol, sending less never: where clocks are wrong or files moved,
// the answer grows. The package knows no refs and no protocol; it imports object, oid and pack.
package reach

import (
	"errors"

	"jeton/vcs/oid"
)

var (
	// ErrMissing says that an object which must be there is not: the repository, or a push, is not connected.
	ErrMissing = errors.New("missing object")
	// ErrBudget says that a question would cost more than the configured bound.
	ErrBudget = errors.New("the walk over the history would be too long")
)

// ids is a small set of ids.
type ids map[oid.ID]struct{}

func newIDs(list ...[]oid.ID) ids {
	s := ids{}
	for _, l := range list {
		for _, id := range l {
			s[id] = struct{}{}
		}
	}
	return s
}

func (s ids) has(id oid.ID) bool { _, ok := s[id]; return ok }
func (s ids) add(id oid.ID)      { s[id] = struct{}{} }
