package db

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"
)

// Token is a row of tokens, with its rows of token_repositories and token_uses. The token itself is nowhere, only its hash.
type Token struct {
	ID string
	// Exactly one of UserID, DeployRepositoryID and DeployGroupID is set: whose it is.
	UserID, DeployRepositoryID, DeployGroupID string
	// Hash is the SHA-256 of the token in hexadecimal; unique.
	Hash string
	// Kind is api, feed, vcs or web.
	Kind string
	// Hint is the token's first four random characters.
	Hint  string
	Label string
	// Access is read or write.
	Access string
	// Bound tells that Repositories and Groups limit it, even where these lists have become empty.
	Bound bool
	// Repositories are the ids of what a bound token may touch; Groups those of groups, with all that lies in them.
	Repositories, Groups []string
	// Refs are patterns of what it may write; none is all. FastForwardOnly and NoDelete narrow that further.
	Refs                      []string
	FastForwardOnly, NoDelete bool
	// Rights are what an api token may do besides; Networks the only ones that it is taken from (CIDR), none is all.
	Rights, Networks []string
	// Decoy tells that it opens nothing.
	Decoy bool
	// Line is the id of the first token of its line of rotations, its own where it is that.
	Line      string
	CreatedAt time.Time
	// CreatedBy is a name, CreatedFrom an address or "", CreatedByToken a token's id or "".
	CreatedBy, CreatedFrom, CreatedByToken string
	// ExpiresAt is nil for never, RevokedAt for not revoked, LastUsedAt for not used.
	ExpiresAt, RevokedAt, LastUsedAt *time.Time
	// RevokedBy says who ended it, or what.
	RevokedBy string
	TokenRotation
	// FetchedAt is when the successor's text was handed to a holder of this token; nil for not yet.
	FetchedAt                  *time.Time
	LastUsedFrom, LastUsedDoor string
	Uses                       int64
}

// TokenRotation is what a rotation leaves in the old token's row.
type TokenRotation struct {
	// Successor is the new token's id; "" where there was no rotation.
	Successor string
	// OverlapEndsAt is until when the old one works beside it.
	OverlapEndsAt *time.Time
	// Sealed is the successor's text, encrypted; "" once the overlap is over.
	Sealed string
	// RotationKey is the hash of the key with which the rotation was asked for; "" for none.
	RotationKey string
}

// Tokens is the store of tokens, token_repositories and token_uses.
type Tokens struct{ on conn }

// Each calls fn with every token, in no order, without LastUsed… and Uses; see EachUse.
func (s Tokens) Each(ctx context.Context, fn func(Token)) error {
	return s.eachPacked(ctx, func(p PackedToken) error {
		t, err := p.Token()
		fn(t)
		return err
	})
}

// EachPacked calls fn with every token, in no order.
func (s Tokens) EachPacked(ctx context.Context, fn func(PackedToken)) error {
	return s.eachPacked(ctx, func(p PackedToken) error { fn(p); return nil })
}

func (s Tokens) eachPacked(ctx context.Context, fn func(PackedToken) error) error {
	bound, err := bindings(ctx, s.on)
	if err != nil {
		return err
	}
	w := whole{table: "tokens", columns: []string{"id", "user_id", "deploy_repository_id", "deploy_group_id", "hash", "fields"}}
	return w.each(ctx, s.on, func(v []string) error {
		return fn(PackedToken{ID: v[0], UserID: v[1], DeployRepositoryID: v[2], DeployGroupID: v[3], Hash: v[4], Fields: v[5],
			Repositories: bound[v[0]]})
	})
}

// List is all tokens, oldest first.
func (s Tokens) List(ctx context.Context) ([]Token, error) {
	uses := map[string]TokenUse{}
	if err := s.EachUse(ctx, func(u TokenUse) { uses[u.ID] = u }); err != nil {
		return nil, err
	}
	var all []Token
	err := s.Each(ctx, func(t Token) {
		t.use(uses[t.ID])
		all = append(all, t)
	})
	slices.SortFunc(all, func(a, b Token) int {
		return cmp.Or(a.CreatedAt.Compare(b.CreatedAt), strings.Compare(a.ID, b.ID))
	})
	return all, err
}

// ByID finds one; ErrNotFound.
func (s Tokens) ByID(ctx context.Context, id string) (Token, error) {
	row, err := take[storedToken](ctx, s.on, "id = ?", id)
	if err != nil {
		return Token{}, err
	}
	bound, err := bindingsOf(ctx, s.on, id)
	if err != nil {
		return Token{}, err
	}
	t, err := PackedToken{ID: row.ID, UserID: first(row.UserID), DeployRepositoryID: first(row.DeployRepositoryID),
		DeployGroupID: first(row.DeployGroupID), Hash: row.Hash, Fields: row.Fields, Repositories: bound}.Token()
	if err != nil {
		return Token{}, err
	}
	use, err := s.use(ctx, id)
	t.use(use)
	return t, err
}

// Insert adds one with its bindings; ErrTaken, or ErrInUse where owner or repository are not there. An empty Line
// becomes its own id.
func (s Tokens) Insert(ctx context.Context, t Token) error {
	t.CreatedAt, t.ExpiresAt, t.RevokedAt = stamp(t.CreatedAt), stampPtr(t.ExpiresAt), stampPtr(t.RevokedAt)
	if t.Line == "" {
		t.Line = t.ID
	}
	return s.on.inTx(ctx, func(tx *Tx) error {
		row := stored(t)
		if err := tx.reader(ctx).Create(&row).Error; err != nil {
			return translate(err)
		}
		if err := bind(ctx, tx, t.ID, t.Repositories); err != nil {
			return fmt.Errorf("bind to repositories: %w", err)
		}
		tx.wrote(t)
		return nil
	})
}

// Revoke ends those of the named that are there and not revoked yet, by whom or what; the result is their ids. The texts
// of their successors go.
func (s Tokens) Revoke(ctx context.Context, by string, at time.Time, ids ...string) (ended []string, err error) {
	when := stamp(at)
	err = s.on.inTx(ctx, func(tx *Tx) error {
		for _, id := range ids {
			old, err := tx.Tokens().ByID(ctx, id)
			if errors.Is(err, ErrNotFound) || err == nil && old.RevokedAt != nil {
				continue
			}
			if err != nil {
				return err
			}
			old.RevokedAt, old.RevokedBy, old.Sealed = &when, by, ""
			if err := tx.Tokens().save(ctx, tx, old); err != nil {
				return err
			}
			ended = append(ended, id)
		}
		return nil
	})
	return ended, err
}

// Rotate notes a token's successor; ErrNotFound, ErrTaken where it has one already.
func (s Tokens) Rotate(ctx context.Context, id string, r TokenRotation) error {
	r.OverlapEndsAt = stampPtr(r.OverlapEndsAt)
	return s.change(ctx, id, func(t *Token) error {
		if t.Successor != "" {
			return ErrTaken
		}
		t.TokenRotation = r
		return nil
	})
}

// Fetched notes when the successor's text was handed to a holder of the old token; ErrNotFound.
func (s Tokens) Fetched(ctx context.Context, id string, at time.Time) error {
	when := stamp(at)
	return s.change(ctx, id, func(t *Token) error { t.FetchedAt = &when; return nil })
}

// Unseal forgets the successor's text, whose overlap is over; ErrNotFound.
func (s Tokens) Unseal(ctx context.Context, id string) error {
	return s.change(ctx, id, func(t *Token) error { t.Sealed = ""; return nil })
}

// Expire sets when it ends; ErrNotFound.
func (s Tokens) Expire(ctx context.Context, id string, at time.Time) error {
	when := stamp(at)
	return s.change(ctx, id, func(t *Token) error { t.ExpiresAt = &when; return nil })
}

// change changes fields of one token and tells it as it stands then. ErrNotFound.
func (s Tokens) change(ctx context.Context, id string, do func(*Token) error) error {
	return s.on.inTx(ctx, func(tx *Tx) error {
		t, err := tx.Tokens().ByID(ctx, id)
		if err != nil {
			return err
		}
		if err := do(&t); err != nil {
			return err
		}
		return tx.Tokens().save(ctx, tx, t)
	})
}

// save writes the fields of a token that is there.
func (s Tokens) save(ctx context.Context, tx *Tx, t Token) error {
	if err := tx.reader(ctx).Model(&storedToken{}).Where("id = ?", t.ID).Update("fields", fieldsOf(t)).Error; err != nil {
		return translate(err)
	}
	tx.wrote(t)
	return nil
}

// Delete removes one altogether; ErrNotFound.
func (s Tokens) Delete(ctx context.Context, id string) error {
	return s.on.inTx(ctx, func(tx *Tx) error {
		row, err := tx.Tokens().ByID(ctx, id)
		if err != nil {
			return err
		}
		if err := tx.reader(ctx).Where("id = ?", id).Delete(&storedToken{}).Error; err != nil {
			return translate(err)
		}
		tx.deleted(row)
		return nil
	})
}
