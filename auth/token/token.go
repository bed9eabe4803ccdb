// Package token makes, finds and ends tokens, the way in that Jeton is named for.
//
//	jet_vcs_0123456789ABCDEFGHIJabcdefghijKL45YjdM
//	└─┬─┘└┬┘ └──────────────┬──────────────┘└─┬──┘
//	prefix kind   32 random base 62 digits     CRC-32 of all before, base 62
//
// The text is shown once and kept nowhere: stored is its SHA-256. The checksum lets anybody drop a typo without asking.
// A token opens the doors of its kind (auth/gate holds that table), reads or writes, and touches all its owner's
// repositories or only those it is bound to. It never gives more than its owner has, and makes none that gives more
// than it does itself.
//
//	minted ──► live ──► expired | revoked | rotated ──(a year later)──► forgotten
//	             └─ Rotate ─► successor, same fields and line; the old one lives on for an overlap
//
// Store answers from memory, which follows every committed change at once; a check costs a hash and a map. When a token
// was last used is written in the background, at most once a minute for each. The package knows no door and no request.
package token

import (
	"net/netip"
	"slices"
	"time"

	"jeton/db"
)

// Access is what a token may do with what it touches.
type Access string

// The accesses. Feed and web tokens only read.
const (
	Read  Access = "read"
	Write Access = "write"
)

// State is how a token stands at a moment.
type State string

// The states.
const (
	Live    State = "live"
	Expired State = "expired"
	Revoked State = "revoked"
	// Rotated is a token that has a successor, once the overlap is over.
	Rotated State = "rotated"
	// Decoy is a token that opens nothing, ever, and raises an alarm where somebody tries it.
	Decoy State = "decoy"
)

// Token is what is known of a token, which is everything but its text.
type Token struct {
	ID string
	// UserID is whose it is; "" for a deploy token.
	UserID string
	// Deploy is what a deploy token belongs to; zero for a person's token.
	Deploy Deploy
	Kind   Kind
	// Hint is what may be shown of it: jet_vcs_Ab12….
	Hint   string
	Label  string
	Access Access
	// Bound tells that it touches only Repositories (ids) and what lies in Groups (ids), even where all of those are
	// gone. A deploy token is bound by what it belongs to.
	Bound                bool
	Repositories, Groups []string
	// Refs narrows what a vcs token writes.
	Refs Refs
	// Rights are what an api token may do besides.
	Rights []Right
	// Networks are the only ones that it is taken from; none is all.
	Networks []netip.Prefix
	// Line is the id of the first token of its line of rotations, its own where it is that: what branch rules name.
	Line string
	// Decoy tells that it opens nothing. It is asked before anything else, so that nobody learns it.
	Decoy     bool
	CreatedAt time.Time
	// CreatedBy is the name of who made it, CreatedFrom their address or "", CreatedByToken the id of the token that
	// made it or "".
	CreatedBy, CreatedFrom, CreatedByToken string
	// ExpiresAt is zero for never, RevokedAt for not revoked, LastUsedAt for not used.
	ExpiresAt, RevokedAt, LastUsedAt time.Time
	// RevokedBy says who ended it, or what.
	RevokedBy string
	// Successor is the id of the token that it was rotated to; "" where it was not. It works until OverlapEnds.
	Successor   string
	OverlapEnds time.Time
	// LastUsedFrom is an address, LastUsedDoor a door of auth/gate.
	LastUsedFrom, LastUsedDoor string
	Uses                       int64
}

// State tells how it stands. A decoy is always one; revoked goes before the other ends, since somebody meant it, and
// rotated before expired, since somebody still has what was replaced.
func (t Token) State(now time.Time) State {
	switch {
	case t.Decoy:
		return Decoy
	case !t.RevokedAt.IsZero():
		return Revoked
	case t.Successor != "" && !now.Before(t.OverlapEnds):
		return Rotated
	case !t.ExpiresAt.IsZero() && !now.Before(t.ExpiresAt):
		return Expired
	}
	return Live
}

// Ends is when a token that is live opens nothing more, so far as is known now; zero for never.
func (t Token) Ends() time.Time {
	if t.Successor != "" && (t.ExpiresAt.IsZero() || t.OverlapEnds.Before(t.ExpiresAt)) {
		return t.OverlapEnds
	}
	return t.ExpiresAt
}

// end is the earliest instant at which it was revoked, was over after a rotation, or expires; zero where none is so.
func (t Token) end() time.Time {
	var first time.Time
	for _, at := range []time.Time{t.RevokedAt, t.OverlapEnds, t.ExpiresAt} {
		if !at.IsZero() && (first.IsZero() || at.Before(first)) {
			first = at
		}
	}
	return first
}

// Touches tells whether a repository lies within what the token is bound to. groups are the ids of all groups that the
// repository lies in (access.Repository.Groups).
func (t Token) Touches(repoID string, groups []string) bool {
	switch {
	case t.Deploy.RepositoryID != "":
		return t.Deploy.RepositoryID == repoID
	case t.Deploy.GroupID != "":
		return slices.Contains(groups, t.Deploy.GroupID)
	case !t.Bound || slices.Contains(t.Repositories, repoID):
		return true
	}
	return slices.ContainsFunc(t.Groups, func(id string) bool { return slices.Contains(groups, id) })
}

// HasRight tells whether it is an api token with a right.
func (t Token) HasRight(r Right) bool { return t.Kind == API && slices.Contains(t.Rights, r) }

// Allows tells whether it is taken from an address. An address that is not known is in no network.
func (t Token) Allows(from netip.Addr) bool {
	from = from.Unmap().WithZone("")
	return len(t.Networks) == 0 || slices.ContainsFunc(t.Networks, func(p netip.Prefix) bool { return p.Contains(from) })
}

func fromRow(r db.Token) Token {
	return Token{
		ID: r.ID, UserID: r.UserID, Deploy: Deploy{RepositoryID: r.DeployRepositoryID, GroupID: r.DeployGroupID},
		Kind: Kind(r.Kind), Hint: shown(Kind(r.Kind), r.Hint), Label: r.Label, Access: Access(r.Access), Bound: r.Bound,
		Repositories: slices.Clone(r.Repositories), Groups: r.Groups,
		Refs:   Refs{Patterns: r.Refs, FastForwardOnly: r.FastForwardOnly, NoDelete: r.NoDelete},
		Rights: rightsOf(r.Rights), Networks: networksOf(r.Networks), Line: r.Line, Decoy: r.Decoy,
		CreatedAt: r.CreatedAt, CreatedBy: r.CreatedBy, CreatedFrom: r.CreatedFrom, CreatedByToken: r.CreatedByToken,
		ExpiresAt: instantOf(r.ExpiresAt), RevokedAt: instantOf(r.RevokedAt), RevokedBy: r.RevokedBy,
		Successor: r.Successor, OverlapEnds: instantOf(r.OverlapEndsAt), LastUsedAt: instantOf(r.LastUsedAt),
		LastUsedFrom: r.LastUsedFrom, LastUsedDoor: r.LastUsedDoor, Uses: r.Uses,
	}
}

func instantOf(t *time.Time) time.Time {
	if t == nil {
		return time.Time{}
	}
	return *t
}
