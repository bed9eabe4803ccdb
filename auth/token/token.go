// Package token makes, finds and ends tokens, the way in that Jeton is named for.
//
//	jet_vcs_0123456789ABCDEFGHIJabcdefghijKL45YjdM
//	└─┬─┘└┬┘ └──────────────┬──────────────┘└─┬──┘
//	prefix kind   32 random base 62 digits     CRC-32 of all before, base 62
//
// The text is shown once and kept nowhere: stored is its SHA-256. The checksum lets anybody drop a typo without asking.
// A token opens the doors of its kind (auth/gate holds that table), reads or writes, touches all its owner's
// repositories or only those it is bound to, and ends by date or by being revoked. It never gives more than its owner has.
//
// Store answers from memory, which follows every committed change at once; a check costs a hash and a map. When a token
// was last used is written in the background, at most once a minute for each. The package knows no door and no request.
package token

import (
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
)

// Token is what is known of a token, which is everything but its text.
type Token struct {
	ID, UserID string
	Kind       Kind
	// Hint is what may be shown of it: jet_vcs_Ab12….
	Hint   string
	Label  string
	Access Access
	// Bound tells that it touches only Repositories (ids), even where all of those are gone.
	Bound        bool
	Repositories []string
	CreatedAt    time.Time
	// CreatedBy is the name of who made it.
	CreatedBy string
	// ExpiresAt is zero for never, RevokedAt for not revoked, LastUsedAt for not used.
	ExpiresAt, RevokedAt, LastUsedAt time.Time
	LastUsedFrom, LastUsedDoor       string
	Uses                             int64
}

// State tells how it stands: revoked before expired, since somebody meant it.
func (t Token) State(now time.Time) State {
	switch {
	case !t.RevokedAt.IsZero():
		return Revoked
	case !t.ExpiresAt.IsZero() && !now.Before(t.ExpiresAt):
		return Expired
	}
	return Live
}

// end is when it was revoked or expires; zero where neither is so.
func (t Token) end() time.Time {
	if !t.RevokedAt.IsZero() {
		return t.RevokedAt
	}
	return t.ExpiresAt
}

// Touches tells whether a repository lies within what the token is bound to.
func (t Token) Touches(repoID string) bool {
	return !t.Bound || slices.Contains(t.Repositories, repoID)
}

func fromRow(r db.Token) Token {
	return Token{
		ID: r.ID, UserID: r.UserID, Kind: Kind(r.Kind), Hint: shown(Kind(r.Kind), r.Hint), Label: r.Label,
		Access: Access(r.Access), Bound: r.Bound, Repositories: slices.Clone(r.Repositories),
		CreatedAt: r.CreatedAt, CreatedBy: r.CreatedBy,
		ExpiresAt: instantOf(r.ExpiresAt), RevokedAt: instantOf(r.RevokedAt), LastUsedAt: instantOf(r.LastUsedAt),
		LastUsedFrom: r.LastUsedFrom, LastUsedDoor: r.LastUsedDoor, Uses: r.Uses,
	}
}

func instantOf(t *time.Time) time.Time {
	if t == nil {
		return time.Time{}
	}
	return *t
}
