package db

import (
	"context"
	"fmt"
	"time"

	"gorm.io/gorm"
)

// Token is a row of tokens, with its rows of token_repositories. The token itself is nowhere, only its hash.
type Token struct {
	ID     string
	UserID string
	// Hash is the SHA-256 of the token in hexadecimal; unique.
	Hash string
	// Kind is api, feed, vcs or web.
	Kind string
	// Hint is the token's first four random characters.
	Hint  string
	Label string
	// Access is read or write.
	Access string
	// Bound tells that Repositories limits it, even where that list has become empty.
	Bound bool
	// Repositories are the ids of what a bound token may touch.
	Repositories []string `gorm:"-"`
	CreatedAt    time.Time
	CreatedBy    string
	// ExpiresAt is nil for never, RevokedAt for not revoked, LastUsedAt for not used.
	ExpiresAt, RevokedAt, LastUsedAt *time.Time
	LastUsedFrom, LastUsedDoor       string
	Uses                             int64
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
	var rows []Token
	if err := s.on.reader(ctx).Order("created_at, id").Find(&rows).Error; err != nil {
		return nil, translate(err)
	}
	bound, err := bindings(ctx, s.on, "")
	if err != nil {
		return nil, err
	}
	for i := range rows {
		rows[i].Repositories = bound[rows[i].ID]
	}
	return rows, nil
}

// ByID finds one; ErrNotFound.
func (s Tokens) ByID(ctx context.Context, id string) (Token, error) {
	row, err := take[Token](ctx, s.on, "id = ?", id)
	if err != nil {
		return Token{}, err
	}
	bound, err := bindings(ctx, s.on, id)
	row.Repositories = bound[id]
	return row, err
}

// Insert adds one with its bindings; ErrTaken, or ErrInUse where owner or repository are not there.
func (s Tokens) Insert(ctx context.Context, t Token) error {
	t.CreatedAt, t.ExpiresAt, t.RevokedAt = stamp(t.CreatedAt), stampPtr(t.ExpiresAt), stampPtr(t.RevokedAt)
	return s.on.inTx(ctx, func(tx *Tx) error {
		if err := tx.reader(ctx).Create(&t).Error; err != nil {
			return translate(err)
		}
		if err := bind(ctx, tx, t.ID, t.Repositories); err != nil {
			return fmt.Errorf("bind to repositories: %w", err)
		}
		tx.wrote(t)
		return nil
	})
}

// Revoke ends one; a second time changes nothing. ErrNotFound.
func (s Tokens) Revoke(ctx context.Context, id string, at time.Time) error {
	return s.on.inTx(ctx, func(tx *Tx) error {
		err := tx.reader(ctx).Model(&Token{}).Where("id = ? AND revoked_at IS NULL", id).
			Update("revoked_at", stamp(at)).Error
		if err != nil {
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
	return s.on.inTx(ctx, func(tx *Tx) error { return remove[Token](ctx, tx, "id = ?", id) })
}

// RecordUses writes when, where and how often tokens were used. Tokens that are gone are passed over.
func (s Tokens) RecordUses(ctx context.Context, uses []TokenUse) error {
	return s.on.inTx(ctx, func(tx *Tx) error {
		for _, u := range uses {
			err := tx.reader(ctx).Model(&Token{}).Where("id = ?", u.ID).Updates(map[string]any{
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
