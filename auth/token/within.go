package token

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"jeton/db"
)

// ErrBeyond: a token asked for one that would give more than it does itself; the text says in what.
var ErrBeyond = errors.New("a token makes none that gives more than it does itself")

// Places tells where repositories lie and who manages them, at this moment. auth/access knows.
type Places interface {
	// GroupsOf are the ids of the groups that a repository lies in; ok tells whether it is there.
	GroupsOf(repoID string) (ids []string, ok bool)
	// GroupsAbove are the ids of the groups that a group lies in, not its own; ok tells whether it is there.
	GroupsAbove(groupID string) (ids []string, ok bool)
	// Manages tells whether somebody administers what a deploy token belongs to.
	Manages(userID string, d Deploy) bool
}

// nowhere is where there are no groups and nobody manages anything.
type nowhere struct{}

func (nowhere) GroupsOf(string) ([]string, bool)    { return nil, true }
func (nowhere) GroupsAbove(string) ([]string, bool) { return nil, true }
func (nowhere) Manages(string, Deploy) bool         { return false }

func beyond(format string, args ...any) error {
	return fmt.Errorf("%w: %s", ErrBeyond, fmt.Sprintf(format, args...))
}

// maker reads the token that asks as it stands inside the transaction, and refuses one that may not make tokens for
// the owner of what is asked for.
func (s *Store) maker(ctx context.Context, tx *db.Tx, id string, q *Request) (Token, error) {
	row, err := tx.Tokens().ByID(ctx, id)
	if err != nil {
		return Token{}, unlessMissing(err, beyond("the token that asks is not there any more"))
	}
	by := fromRow(row)
	switch {
	case by.State(s.now()) != Live:
		return by, beyond("the token that asks is %s", by.State(s.now()))
	case by.Access != Write || !by.HasRight(RightTokens):
		return by, beyond("only an api token with write access and the right %s makes tokens", RightTokens)
	}
	owner, err := tx.Users().ByID(ctx, by.UserID)
	switch {
	case err != nil:
		return by, unlessMissing(err, beyond("the owner of the token that asks is not there any more"))
	case !owner.Active:
		return by, beyond("the owner of the token that asks is not active")
	case q.Deploy != Deploy{} && !s.places.Manages(by.UserID, q.Deploy):
		return by, beyond("a deploy token is for those who administer what it belongs to")
	case q.Deploy == Deploy{} && q.UserID != by.UserID && (!owner.Admin || !by.HasRight(RightAdmin)):
		return by, beyond("a token for somebody else needs an administrator's token with the right %s", RightAdmin)
	}
	return by, nil
}

func unlessMissing(err, instead error) error {
	if errors.Is(err, db.ErrNotFound) {
		return instead
	}
	return err
}

// inherit fills in what a request leaves open from the token that asks: its bounds and its networks.
func inherit(by Token, q *Request) {
	if by.Bound && len(q.Repositories)+len(q.Groups) == 0 && q.Deploy == (Deploy{}) {
		q.Repositories, q.Groups = by.Repositories, by.Groups
	}
	if len(q.Networks) == 0 {
		q.Networks = by.Networks
	}
}

// covers refuses a request for what the token that asks does not have itself. Refs are not compared: only api tokens
// make tokens, and those have none.
func (s *Store) covers(by Token, q Request) error {
	for _, r := range q.Rights {
		if !by.HasRight(r) {
			return beyond("it has not the right %s", r)
		}
	}
	for _, n := range q.Networks {
		if len(by.Networks) > 0 && !liesIn(n, by.Networks) {
			return beyond("it is not taken from %s", n)
		}
	}
	if len(q.Networks) == 0 && len(by.Networks) > 0 {
		return beyond("it is taken from its networks alone")
	}
	if err := within(by, q.ExpiresAt); err != nil {
		return err
	}
	return s.coversPlaces(by, q)
}

// CoversKeyOf refuses an SSH key that would give more than the token that asks to add it: a key is taken from everywhere
// and writes, and a person's opens all that the person may. That a key has no end is what the right to add one means.
// Whether the key's owner may be changed by this token is the caller's to ask. ErrBeyond.
func (t Token) CoversKeyOf(owner KeyOwner) error {
	switch {
	case t.Kind != API || t.Access != Write:
		return beyond("only an api token with write access adds SSH keys")
	case len(t.Networks) > 0:
		return beyond("it is taken from its networks alone, and an SSH key from everywhere")
	case t.Bound && owner == KeyOfPerson:
		return beyond("it is bound to repositories or groups, and a person's SSH key opens all that they may; add a deploy key")
	}
	return nil
}

// KeyOwner is what an SSH key belongs to.
type KeyOwner string

// The owners of SSH keys.
const (
	KeyOfPerson     KeyOwner = "person"
	KeyOfRepository KeyOwner = "repository"
)

// within refuses an end (zero is never) that is later than that of the token that asks.
func within(by Token, end time.Time) error {
	if !by.ExpiresAt.IsZero() && (end.IsZero() || end.After(by.ExpiresAt)) {
		return beyond("it ends on %s; choose an end that is not later", by.ExpiresAt.UTC().Format(time.RFC3339))
	}
	return nil
}

// coversPlaces refuses repositories and groups that lie outside of those of the token that asks.
func (s *Store) coversPlaces(by Token, q Request) error {
	if !by.Bound {
		return nil
	}
	repos, groups := q.Repositories, q.Groups
	switch {
	case q.Deploy.RepositoryID != "":
		repos = []string{q.Deploy.RepositoryID}
	case q.Deploy.GroupID != "":
		groups = []string{q.Deploy.GroupID}
	}
	if len(repos)+len(groups) == 0 {
		return beyond("it is bound to repositories or groups")
	}
	for _, id := range repos {
		if above, ok := s.places.GroupsOf(id); !ok || !by.Touches(id, above) {
			return beyond("a repository lies outside of those that it is bound to")
		}
	}
	for _, id := range groups {
		above, ok := s.places.GroupsAbove(id)
		inside := slices.Contains(by.Groups, id) || slices.ContainsFunc(above, func(g string) bool { return slices.Contains(by.Groups, g) })
		if !ok || !inside {
			return beyond("a group lies outside of those that it is bound to")
		}
	}
	return nil
}
