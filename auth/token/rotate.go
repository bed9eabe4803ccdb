package token

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"time"

	"jeton/auth/audit"
	"jeton/db"
)

var (
	// ErrRotated: the token has a successor already.
	ErrRotated = errors.New("the token was rotated already")
	// ErrNoSuccessor: there is no successor to hand out: the token was not rotated, or the overlap is over.
	ErrNoSuccessor = errors.New("there is no successor of this token, or the overlap is over")
)

const (
	// DefaultOverlap is how long a rotated token works on where nobody says.
	DefaultOverlap = time.Hour
	// MaxOverlap bounds what may be chosen.
	MaxOverlap = 30 * day
	// NoOverlap ends the old token at once. Its text can then not fetch the successor.
	NoOverlap = time.Duration(-1)
	// maxIdempotencyKey is how long a key may be, in bytes.
	maxIdempotencyKey = 200
)

// Rotation is how a token is rotated; the zero value is good.
type Rotation struct {
	// Overlap is how long the old one works on; zero is DefaultOverlap, NoOverlap not at all.
	Overlap time.Duration
	// IdempotencyKey makes asking again safe: the same key answers the same successor while the overlap lasts.
	IdempotencyKey string
	// By is the token that asks; nil where a person or a command does.
	By *Token
}

// check completes a rotation and refuses what cannot be.
func (r *Rotation) check() error {
	switch {
	case r.Overlap == 0:
		r.Overlap = DefaultOverlap
	case r.Overlap < 0:
		r.Overlap = 0
	case r.Overlap > MaxOverlap:
		return bad("an overlap is %s at most", Span(MaxOverlap))
	}
	if len(r.IdempotencyKey) > maxIdempotencyKey {
		return bad("an idempotency key has %d bytes at most", maxIdempotencyKey)
	}
	return nil
}

// Rotate makes a live token's successor: the same fields and line, and a life as long from now on, so far as the policy
// and the token that asks allow. The old one works on for the overlap. ErrNotFound, ErrBadRequest, ErrBeyond; ErrRotated
// names the successor where there is one, unless the same idempotency key asks again.
func (s *Store) Rotate(ctx context.Context, by audit.Actor, id string, r Rotation) (Token, Secret, error) {
	if err := r.check(); err != nil {
		return Token{}, Secret{}, err
	}
	old, ok := s.ByID(id)
	if !ok {
		return Token{}, Secret{}, ErrNotFound
	}
	secret, err := newSecret(old.Kind, source())
	if err != nil {
		return Token{}, Secret{}, err
	}
	next := ""
	err = s.db.Write(ctx, func(tx *db.Tx) error {
		row, err := tx.Tokens().ByID(ctx, id)
		if err != nil {
			return unlessMissing(err, ErrNotFound)
		}
		var maker *Token
		if r.By != nil {
			if maker, err = s.mayRotate(ctx, tx, fromRow(row), r.By.ID); err != nil {
				return err
			}
		}
		if row.Successor != "" {
			if next, secret, err = s.again(row, r.IdempotencyKey); err != nil || maker == nil {
				return err
			}
			return s.outlives(ctx, tx, next, *maker)
		}
		next, err = s.succeed(ctx, tx, by, row, r, maker, secret)
		return err
	})
	if err != nil {
		return Token{}, Secret{}, minting(err)
	}
	t, _ := s.ByID(next)
	return t, secret, nil
}

// mayRotate asks whether a token may rotate another: as if it made the same one anew, but for the end, which is cut.
func (s *Store) mayRotate(ctx context.Context, tx *db.Tx, old Token, byID string) (*Token, error) {
	q := Request{UserID: old.UserID, Deploy: old.Deploy, Repositories: old.Repositories, Groups: old.Groups,
		Rights: old.Rights, Networks: old.Networks}
	by, err := s.maker(ctx, tx, byID, &q)
	if err != nil {
		return nil, err
	}
	q.ExpiresAt = by.ExpiresAt
	return &by, s.covers(by, q)
}

// again answers a rotation that was made before.
func (s *Store) again(row db.Token, key string) (string, Secret, error) {
	if key == "" || row.RotationKey != keyHash(row.ID, key) {
		return "", Secret{}, fmt.Errorf("%w: its successor is %s", ErrRotated, row.Successor)
	}
	if fromRow(row).State(s.now()) != Live || row.Sealed == "" {
		return "", Secret{}, fmt.Errorf("%w: its successor is %s, and its text is kept no longer than the overlap", ErrRotated, row.Successor)
	}
	secret, err := s.seal.open(row.Sealed, row.ID, row.Successor)
	if err != nil {
		return "", Secret{}, fmt.Errorf("unseal the successor of %s: %w", row.ID, err)
	}
	return row.Successor, secret, nil
}

// outlives refuses to hand a successor that somebody else has made to a token that ends before it: one that it made itself
// would end with it.
func (s *Store) outlives(ctx context.Context, tx *db.Tx, id string, maker Token) error {
	row, err := tx.Tokens().ByID(ctx, id)
	if err != nil {
		return unlessMissing(err, ErrNoSuccessor)
	}
	return within(maker, fromRow(row).ExpiresAt)
}

// succeed stores the successor of a token, and its text with the old one, sealed.
func (s *Store) succeed(ctx context.Context, tx *db.Tx, by audit.Actor, row db.Token, r Rotation, maker *Token, secret Secret) (string, error) {
	old := fromRow(row)
	if state := old.State(s.now()); state != Live {
		return "", bad("it is %s; make a new one", state)
	}
	next := row
	next.ID, next.Hash, next.Hint = db.NewID(), secret.Hash(), secret.first()
	next.CreatedAt, next.CreatedBy, next.CreatedFrom, next.CreatedByToken = s.now(), by.Name, "", ""
	if by.Remote.IsValid() {
		next.CreatedFrom = by.Remote.String()
	}
	if maker != nil {
		next.CreatedByToken = maker.ID
	}
	next.TokenRotation, next.FetchedAt = db.TokenRotation{}, nil
	next.LastUsedAt, next.LastUsedFrom, next.LastUsedDoor, next.Uses = nil, "", "", 0
	next.ExpiresAt = nil
	if end := s.renewed(old, maker); !end.IsZero() {
		next.ExpiresAt = &end
	}
	if err := s.insert(ctx, tx, by, next, "token.mint"); err != nil {
		return "", err
	}
	ends := s.now().Add(r.Overlap)
	rotation := db.TokenRotation{Successor: next.ID, OverlapEndsAt: &ends}
	if r.IdempotencyKey != "" {
		rotation.RotationKey = keyHash(row.ID, r.IdempotencyKey)
	}
	if r.Overlap > 0 {
		rotation.Sealed = s.seal.close(secret, row.ID, next.ID)
	}
	if err := tx.Tokens().Rotate(ctx, row.ID, rotation); err != nil {
		return "", err
	}
	return next.ID, audit.Done(ctx, tx, by, "token.rotate", row.ID,
		"successor "+next.ID+", the old one until "+ends.UTC().Format(time.RFC3339))
}

// renewed is when a successor ends: after as long a life as the old one was made for, within the policy, and not after
// the token that makes it.
func (s *Store) renewed(old Token, maker *Token) time.Time {
	var end time.Time
	if !old.ExpiresAt.IsZero() {
		end = s.now().Add(old.ExpiresAt.Sub(old.CreatedAt))
	}
	end = s.policy.latest(s.now(), end)
	if maker != nil && !maker.ExpiresAt.IsZero() && (end.IsZero() || end.After(maker.ExpiresAt)) {
		return maker.ExpiresAt
	}
	return end
}

// keyHash is what is stored of an idempotency key.
func keyHash(id, key string) string {
	sum := sha256.Sum256([]byte(id + "\x00" + key))
	return hex.EncodeToString(sum[:])
}

// Successor hands the successor's text to a holder of a token that was rotated, while the overlap lasts; where that one
// was rotated meanwhile, the newest. The first time is written into the audit record. ErrNotFound, ErrNoSuccessor.
func (s *Store) Successor(ctx context.Context, by audit.Actor, old Secret) (Token, Secret, error) {
	first, ok := s.Find(old)
	if !ok {
		return Token{}, Secret{}, ErrNotFound
	}
	at, secret, handed := first, Secret{}, []Token(nil)
	for at.State(s.now()) == Live && at.Successor != "" {
		sealed := s.sealedOf(at.ID)
		if sealed == "" {
			break
		}
		next, err := s.seal.open(sealed, at.ID, at.Successor)
		if err != nil {
			return Token{}, Secret{}, fmt.Errorf("unseal the successor of %s: %w", at.ID, err)
		}
		handed = append(handed, at)
		if at, ok = s.ByID(at.Successor); !ok {
			return Token{}, Secret{}, ErrNoSuccessor
		}
		secret = next
	}
	if len(handed) == 0 || at.State(s.now()) != Live {
		return Token{}, Secret{}, ErrNoSuccessor
	}
	if err := s.fetched(ctx, by, handed); err != nil {
		return Token{}, Secret{}, err
	}
	return at, secret, nil
}

// fetched notes once for each token that its successor's text was handed out.
func (s *Store) fetched(ctx context.Context, by audit.Actor, handed []Token) error {
	for _, t := range handed {
		if s.wasFetched(t.ID) {
			continue
		}
		err := s.db.Write(ctx, func(tx *db.Tx) error {
			if err := tx.Tokens().Fetched(ctx, t.ID, s.now()); err != nil {
				return err
			}
			return audit.Done(ctx, tx, by, "token.successor", t.ID, "the text of "+t.Successor+" was handed to a holder of this token")
		})
		if err != nil {
			return fmt.Errorf("note that a successor was fetched: %w", unlessMissing(err, ErrNotFound))
		}
	}
	return nil
}

// Unseal forgets the texts of successors whose overlap is over. It is for a run every minute or so.
func (s *Store) Unseal(ctx context.Context) error {
	var over []string
	s.mu.RLock()
	for id := range s.sealed {
		if c := s.open(s.byID[id]); !s.now().Before(c.OverlapEnds) {
			over = append(over, id)
		}
	}
	s.mu.RUnlock()
	if len(over) == 0 {
		return nil
	}
	err := s.db.Write(ctx, func(tx *db.Tx) error {
		for _, id := range over {
			if _, err := unlessGone("", tx.Tokens().Unseal(ctx, id)); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		return fmt.Errorf("forget the texts of successors: %w", err)
	}
	return nil
}
