package db

import (
	"context"
	"fmt"
	"slices"
	"time"

	"gorm.io/gorm"
)

// Token is a row of tokens, with its rows of token_repositories. The token itself is nowhere, only its hash.
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

// TokenUse is what is remembered of a token's latest uses.
type TokenUse struct {
	ID         string
	At         time.Time
	From, Door string
	// Times is how often it was used since the last record.
	Times int64
}

// Tokens is the store of tokens.
type Tokens struct{ on conn }

// List is all tokens, oldest first.
func (s Tokens) List(ctx context.Context) ([]Token, error) {
	var rows []storedToken
	if err := s.on.reader(ctx).Order("created_at, id").Find(&rows).Error; err != nil {
		return nil, translate(err)
	}
	return s.bound(ctx, rows)
}

// ByID finds one; ErrNotFound.
func (s Tokens) ByID(ctx context.Context, id string) (Token, error) {
	row, err := take[storedToken](ctx, s.on, "id = ?", id)
	if err != nil {
		return Token{}, err
	}
	all, err := s.bound(ctx, []storedToken{row}, id)
	if err != nil {
		return Token{}, err
	}
	return all[0], nil
}

// bound gives rows their repositories; ids are those of the rows, or none for all there are.
func (s Tokens) bound(ctx context.Context, rows []storedToken, ids ...string) ([]Token, error) {
	bound, err := bindings(ctx, s.on, ids...)
	if err != nil {
		return nil, err
	}
	all := make([]Token, len(rows))
	for i := range rows {
		all[i] = rows[i].token()
		all[i].Repositories = bound[rows[i].ID]
	}
	return all, nil
}

// Insert adds one with its bindings; ErrTaken, or ErrInUse where owner or repository are not there. An empty Line
// becomes its own id.
func (s Tokens) Insert(ctx context.Context, t Token) error {
	t.CreatedAt, t.ExpiresAt, t.RevokedAt = stamp(t.CreatedAt), stampPtr(t.ExpiresAt), stampPtr(t.RevokedAt)
	if t.Line == "" {
		t.Line = t.ID
	}
	return s.on.inTx(ctx, func(tx *Tx) error {
		row := rowOf(t)
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
	err = s.on.inTx(ctx, func(tx *Tx) error {
		for some := range slices.Chunk(ids, inList) {
			rows, err := tx.Tokens().revoke(ctx, tx, by, at, some)
			if err != nil {
				return err
			}
			for _, row := range rows {
				ended = append(ended, row.ID)
				tx.wrote(row)
			}
		}
		return nil
	})
	return ended, err
}

// inList is how many values one IN takes.
const inList = 200

func (s Tokens) revoke(ctx context.Context, tx *Tx, by string, at time.Time, ids []string) ([]Token, error) {
	var rows []storedToken
	if err := tx.reader(ctx).Where("id IN ? AND revoked_at IS NULL", ids).Order("id").Find(&rows).Error; err != nil {
		return nil, translate(err)
	}
	if len(rows) == 0 {
		return nil, nil
	}
	when := stamp(at)
	open := make([]string, len(rows))
	for i := range rows {
		open[i], rows[i].RevokedAt, rows[i].RevokedBy, rows[i].Sealed = rows[i].ID, &when, by, ""
	}
	err := tx.reader(ctx).Model(&storedToken{}).Where("id IN ?", open).
		Updates(map[string]any{"revoked_at": when, "revoked_by": by, "sealed": ""}).Error
	if err != nil {
		return nil, translate(err)
	}
	return s.bound(ctx, rows, open...)
}

// Rotate notes a token's successor; ErrNotFound, ErrTaken where it has one already.
func (s Tokens) Rotate(ctx context.Context, id string, r TokenRotation) error {
	return s.on.inTx(ctx, func(tx *Tx) error {
		old, err := tx.Tokens().ByID(ctx, id)
		if err != nil {
			return err
		}
		if old.Successor != "" {
			return ErrTaken
		}
		return tx.Tokens().set(ctx, "id = ?", id, map[string]any{"successor": r.Successor,
			"overlap_ends_at": stampPtr(r.OverlapEndsAt), "sealed": r.Sealed, "rotation_key": r.RotationKey})
	})
}

// Fetched notes when the successor's text was handed to a holder of the old token; ErrNotFound.
func (s Tokens) Fetched(ctx context.Context, id string, at time.Time) error {
	return s.set(ctx, "id = ? AND fetched_at IS NULL", id, map[string]any{"fetched_at": stamp(at)})
}

// Unseal forgets the successor's text, whose overlap is over; ErrNotFound.
func (s Tokens) Unseal(ctx context.Context, id string) error {
	return s.set(ctx, "id = ?", id, map[string]any{"sealed": ""})
}

// Expire sets when it ends; ErrNotFound.
func (s Tokens) Expire(ctx context.Context, id string, at time.Time) error {
	return s.set(ctx, "id = ?", id, map[string]any{"expires_at": stamp(at)})
}

// set changes columns of one token where a condition holds of it, and tells it as it stands then. ErrNotFound.
func (s Tokens) set(ctx context.Context, where, id string, columns map[string]any) error {
	return s.on.inTx(ctx, func(tx *Tx) error {
		if err := tx.reader(ctx).Model(&storedToken{}).Where(where, id).Updates(columns).Error; err != nil {
			return translate(err)
		}
		row, err := tx.Tokens().ByID(ctx, id)
		if err != nil {
			return err
		}
		tx.wrote(row)
		return nil
	})
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

// RecordUses writes when, where and how often tokens were used. Tokens that are gone are passed over.
func (s Tokens) RecordUses(ctx context.Context, uses []TokenUse) error {
	return s.on.inTx(ctx, func(tx *Tx) error {
		for _, u := range uses {
			err := tx.reader(ctx).Model(&storedToken{}).Where("id = ?", u.ID).Updates(map[string]any{
				"last_used_at": stamp(u.At), "last_used_from": u.From, "last_used_door": u.Door,
				"uses": gorm.Expr("uses + ?", u.Times),
			}).Error
			if err != nil {
				return translate(err)
			}
		}
		return nil
	})
}
