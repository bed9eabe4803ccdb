package token

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"jeton/auth/audit"
	"jeton/db"
)

// ErrWhich: nothing says which tokens are to be ended.
var ErrWhich = errors.New("say which tokens: of whom, of what, made by what or before when")

// MaxText is how much RevokeIn reads of a text, in bytes.
const MaxText = 1 << 20

// Which names the tokens that RevokeAll ends: live ones for which all that is set holds.
type Which struct {
	// UserID is whose they are.
	UserID string
	// RepositoryID and GroupID are what they are bound to by name, or belong to as deploy tokens. Tokens that reach a
	// repository through a group or as all their owner's are not meant.
	RepositoryID, GroupID string
	// Before is when they were made before.
	Before time.Time
	// MadeBy is the id of a token that made them, or made one that made them, and so on; their successors too.
	MadeBy string
}

// Revoke ends a token from the next request on; again changes nothing. It stays in lists, marked. ErrNotFound.
func (s *Store) Revoke(ctx context.Context, by audit.Actor, id string) error {
	t, ok := s.ByID(id)
	if !ok {
		return ErrNotFound
	}
	_, err := s.revoke(ctx, by, []Token{t}, "")
	return err
}

// RevokeWithMade ends a token and all that it made; the result is what was ended.
func (s *Store) RevokeWithMade(ctx context.Context, by audit.Actor, id string) ([]Token, error) {
	t, ok := s.ByID(id)
	if !ok {
		return nil, ErrNotFound
	}
	return s.revoke(ctx, by, append([]Token{t}, s.Made(id)...), "")
}

// RevokeEach ends the tokens of a list; the result is what was ended.
func (s *Store) RevokeEach(ctx context.Context, by audit.Actor, list []Token) ([]Token, error) {
	return s.revoke(ctx, by, list, "")
}

// RevokeAll ends many tokens at once; the result is what was ended. ErrWhich where nothing says which.
func (s *Store) RevokeAll(ctx context.Context, by audit.Actor, w Which) ([]Token, error) {
	list, err := s.Which(w)
	if err != nil {
		return nil, err
	}
	return s.revoke(ctx, by, list, "")
}

// Which lists the live tokens that RevokeAll would end, newest first. ErrWhich where nothing says which.
func (s *Store) Which(w Which) ([]Token, error) {
	if w == (Which{}) {
		return nil, ErrWhich
	}
	var list []Token
	if w.MadeBy != "" {
		list = s.Made(w.MadeBy)
	} else {
		list = s.List(w.UserID)
	}
	now := s.now()
	return slices.DeleteFunc(list, func(t Token) bool { return t.State(now) != Live || !w.Means(t) }), nil
}

// Means tells whether all that is set but MadeBy holds for a token.
func (w Which) Means(t Token) bool {
	return (w.UserID == "" || t.UserID == w.UserID) &&
		(w.RepositoryID == "" || t.Deploy.RepositoryID == w.RepositoryID || slices.Contains(t.Repositories, w.RepositoryID)) &&
		(w.GroupID == "" || t.Deploy.GroupID == w.GroupID || slices.Contains(t.Groups, w.GroupID)) &&
		(w.Before.IsZero() || t.CreatedAt.Before(w.Before))
}

// Made lists the live tokens that a token made, that those made, and so on, with the successors of all of these, newest
// first.
func (s *Store) Made(id string) []Token {
	all := s.List("")
	children := map[string][]Token{}
	for _, t := range all {
		if t.CreatedByToken != "" {
			children[t.CreatedByToken] = append(children[t.CreatedByToken], t)
		}
	}
	made := map[string]bool{}
	for wait := children[id]; len(wait) > 0; {
		t := wait[0]
		wait = wait[1:]
		if made[t.ID] || t.ID == id {
			continue
		}
		made[t.ID] = true
		wait = append(wait, children[t.ID]...)
		if next, ok := s.ByID(t.Successor); ok {
			wait = append(wait, next)
		}
	}
	now := s.now()
	return slices.DeleteFunc(all, func(t Token) bool { return !made[t.ID] || t.State(now) != Live })
}

// RevokeIn is for finders: it ends every live token whose text stands in the first MaxText bytes of a text, whoever asks,
// and has its owner told (Options.Tell). A successor goes too where its text was handed to a holder of the one that was
// found, for that may have been the finder. The result is what was ended; the finder must not learn it.
func (s *Store) RevokeIn(ctx context.Context, by audit.Actor, text string) ([]Token, error) {
	now := s.now()
	found := map[string]Token{}
	for secret := range In(text[:min(len(text), MaxText)]) {
		t, ok := s.Find(secret)
		for ok && t.State(now) == Live && found[t.ID].ID == "" {
			found[t.ID] = t
			if !s.wasFetched(t.ID) {
				break
			}
			t, ok = s.ByID(t.Successor)
		}
	}
	list := make([]Token, 0, len(found))
	for _, t := range found {
		list = append(list, t)
	}
	done, err := s.revoke(ctx, by, list, "its text was found")
	events := make([]Event, 0, len(done))
	for _, t := range done {
		events = append(events, Event{Token: t, Why: Found})
	}
	s.told(events)
	return done, err
}

// revoke ends the tokens of a list that are not revoked yet, in transactions of a batch each. why is in the record and
// in the token's RevokedBy; "" means that by is why.
func (s *Store) revoke(ctx context.Context, by audit.Actor, list []Token, why string) ([]Token, error) {
	done := []Token{}
	for len(list) > 0 {
		some := list[:min(batch, len(list))]
		list = list[len(some):]
		ids := []string{}
		err := s.db.Write(ctx, func(tx *db.Tx) (err error) {
			ids, err = s.revokeBatch(ctx, tx, by, some, why)
			return err
		})
		if err != nil {
			return done, fmt.Errorf("revoke tokens: %w", err)
		}
		for _, id := range ids {
			if t, ok := s.Show(id); ok {
				done = append(done, t)
			}
		}
	}
	return done, nil
}

// revokeBatch tells the ids of those that it ended.
func (s *Store) revokeBatch(ctx context.Context, tx *db.Tx, by audit.Actor, some []Token, why string) ([]string, error) {
	ids := make([]string, len(some))
	for i, t := range some {
		ids[i] = t.ID
	}
	who := why
	if who == "" {
		who = by.Name
	}
	ended, err := tx.Tokens().Revoke(ctx, who, s.now(), ids...)
	if err != nil {
		return nil, err
	}
	for _, id := range ended {
		if err := audit.Done(ctx, tx, by, "token.revoke", id, why); err != nil {
			return nil, err
		}
	}
	return ended, nil
}
