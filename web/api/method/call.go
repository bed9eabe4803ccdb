package method

import (
	"context"
	"net/netip"

	"jeton/auth/access"
	"jeton/auth/audit"
	"jeton/auth/gate"
	"jeton/auth/token"
)

// Gate answers what a call may see besides the one thing that it is about; *gate.Gate does.
type Gate interface {
	Sees(id gate.Identity, repoID string, l access.Level) bool
	SeesGroup(id gate.Identity, groupID string, l access.Level) bool
	SeesUserGroup(id gate.Identity, groupID string, l access.Level) bool
	Has(id gate.Identity, r token.Right) bool
}

// Call is one call of a method: who calls, and what the gate has found. It belongs to one request.
type Call struct {
	Identity gate.Identity
	// Actor is who does it, for the audit record: it goes with every change.
	Actor audit.Actor
	// Remote is the client's address, after trusted proxies; the zero value where it is not known.
	Remote netip.Addr
	// URL is the server's address, without a slash at its end.
	URL string

	// What the gate has found for Method.On; the zero value where On is of another kind.
	Repo      access.Repository
	Group     access.Group
	UserGroup access.UserGroup
	Person    access.User

	// Gate is asked by Sees and its like, Recheck by Again.
	Gate    Gate
	Recheck func(ctx context.Context) error
}

// Admin tells whether the caller is an administrator whose token has the right admin.
func (c *Call) Admin() bool { return c.Has(token.RightAdmin) }

// Has tells whether the caller's token has a right; admin only where its owner is an administrator.
func (c *Call) Has(r token.Right) bool { return c.Gate.Has(c.Identity, r) }

// Sees tells, for lists, whether a repository lies within the token's scope and its owner has a level on it.
func (c *Call) Sees(repoID string, l access.Level) bool { return c.Gate.Sees(c.Identity, repoID, l) }

// SeesGroup tells the same of a group of repositories.
func (c *Call) SeesGroup(groupID string, l access.Level) bool {
	return c.Gate.SeesGroup(c.Identity, groupID, l)
}

// SeesUserGroup tells the same of a user group; a token that is bound to repositories sees none.
func (c *Call) SeesUserGroup(groupID string, l access.Level) bool {
	return c.Gate.SeesUserGroup(c.Identity, groupID, l)
}

// Again asks the gate's question once more, right before something changes that took long. Its error goes to the client
// as it is.
func (c *Call) Again(ctx context.Context) error { return c.Recheck(ctx) }
