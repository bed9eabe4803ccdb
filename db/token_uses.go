package db

import (
	"context"
	"errors"
	"strconv"
	"time"

	"gorm.io/gorm/clause"

	"gorm.io/gorm"
)

// TokenUse is what is remembered of a token's uses.
type TokenUse struct {
	ID string
	// At, From and Door are of the latest.
	At         time.Time
	From, Door string
	// Times is how often it was used: since the last record where it is written, in all where it is read.
	Times int64
}

// tokenUse is a row of token_uses.
type tokenUse struct {
	TokenID  string `gorm:"primaryKey"`
	UsedAt   time.Time
	UsedFrom string
	Door     string
	Uses     int64
}

// TableName names the table.
func (tokenUse) TableName() string { return "token_uses" }

func (r tokenUse) use() TokenUse {
	return TokenUse{ID: r.TokenID, At: r.UsedAt, From: r.UsedFrom, Door: r.Door, Times: r.Uses}
}

// use fills in when a token was used.
func (t *Token) use(u TokenUse) {
	if u.Times > 0 {
		t.LastUsedAt, t.LastUsedFrom, t.LastUsedDoor, t.Uses = &u.At, u.From, u.Door, u.Times
	}
}

// use reads when one token was used; the zero value where it never was.
func (s Tokens) use(ctx context.Context, id string) (TokenUse, error) {
	row, err := take[tokenUse](ctx, s.on, "token_id = ?", id)
	if errors.Is(err, ErrNotFound) {
		return TokenUse{}, nil
	}
	return row.use(), err
}

// EachUse calls fn with what is known of every token that was used, in no order.
func (s Tokens) EachUse(ctx context.Context, fn func(TokenUse)) error {
	w := whole{table: "token_uses", columns: []string{"token_id", asText("used_at"), "used_from", "door", asText("uses")}}
	return w.each(ctx, s.on, func(v []string) error {
		at, bad := parseInstant(v[1])
		times, err := strconv.ParseInt(v[4], 10, 64)
		fn(TokenUse{ID: v[0], At: at, From: v[2], Door: v[3], Times: times})
		return errors.Join(bad, err)
	})
}

// RecordUses writes when, where and how often tokens were used. Tokens that are gone are passed over.
func (s Tokens) RecordUses(ctx context.Context, uses []TokenUse) error {
	return s.on.inTx(ctx, func(tx *Tx) error {
		for _, u := range uses {
			if _, err := take[storedToken](ctx, tx, "id = ?", u.ID); errors.Is(err, ErrNotFound) {
				continue
			} else if err != nil {
				return err
			}
			row := tokenUse{TokenID: u.ID, UsedAt: stamp(u.At), UsedFrom: u.From, Door: u.Door, Uses: u.Times}
			err := tx.reader(ctx).Clauses(clause.OnConflict{Columns: []clause.Column{{Name: "token_id"}},
				DoUpdates: clause.Assignments(map[string]any{"used_at": row.UsedAt, "used_from": u.From, "door": u.Door,
					"uses": gorm.Expr("token_uses.uses + ?", u.Times)})}).Create(&row).Error
			if err != nil {
				return translate(err)
			}
		}
		return nil
	})
}
