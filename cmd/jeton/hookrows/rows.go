// Package hookrows keeps web hooks, and what they are sent, in the database: hook.Rows over db. Secrets are sealed before they
// are written, and what people change is written together with its audit entry. It decides nothing, and knows no request.
package hookrows

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"time"

	"jeton/auth/audit"
	"jeton/auth/seal"
	"jeton/db"
	"jeton/web/hook"
)

// Rows is hook.Rows.
type Rows struct {
	db  *db.DB
	box *seal.Box
	log *slog.Logger
}

// New makes rows over a database, whose secrets a box seals. log is told of hooks whose secrets cannot be read.
func New(d *db.DB, box *seal.Box, log *slog.Logger) *Rows { return &Rows{db: d, box: box, log: log} }

// Told implements hook.Rows.
func (r *Rows) Told(ctx context.Context, repoID string, groups []string) ([]hook.Hook, error) {
	rows, err := r.db.Hooks().Told(ctx, repoID, groups)
	if err != nil {
		return nil, fmt.Errorf("read who is told: %w", err)
	}
	list := make([]hook.Hook, 0, len(rows))
	for _, row := range rows {
		h, err := r.fromRow(row)
		if errors.Is(err, seal.ErrSealed) { // nothing can be signed for it; the others are told
			r.log.ErrorContext(ctx, "a web hook is not told, since its secret was sealed by another key than secrets.key: give it a new one", "hook", row.ID)
			continue
		}
		if err != nil {
			return nil, err
		}
		list = append(list, h)
	}
	return list, nil
}

// ByID implements hook.Rows.
func (r *Rows) ByID(ctx context.Context, id string) (hook.Hook, error) {
	row, err := r.db.Hooks().ByID(ctx, id)
	if err != nil {
		return hook.Hook{}, missing(err)
	}
	return r.fromRow(row)
}

// Of implements hook.Rows.
func (r *Rows) Of(ctx context.Context, p hook.Place) ([]hook.Hook, error) {
	rows, err := r.db.Hooks().Of(ctx, p.RepoID, p.GroupID)
	if err != nil {
		return nil, fmt.Errorf("read hooks: %w", err)
	}
	return r.hooks(rows)
}

// Insert implements hook.Rows.
func (r *Rows) Insert(ctx context.Context, by audit.Actor, h hook.Hook, most int) error {
	err := r.db.Write(ctx, func(tx *db.Tx) error {
		n, err := tx.Hooks().Count(ctx, h.RepoID, h.GroupID)
		if err != nil {
			return err
		}
		if n >= int64(most) {
			return hook.ErrTooMany
		}
		if err := tx.Hooks().Insert(ctx, r.row(h)); err != nil {
			return err
		}
		return audit.Done(ctx, tx, by, "hook.create", h.ID, about(h))
	})
	if errors.Is(err, db.ErrInUse) {
		return hook.ErrNotFound
	}
	return err
}

// Change implements hook.Rows.
func (r *Rows) Change(ctx context.Context, by audit.Actor, id, action string, change func(h *hook.Hook) error) (h hook.Hook, err error) {
	err = r.db.Write(ctx, func(tx *db.Tx) error {
		row, err := tx.Hooks().ByID(ctx, id)
		if err != nil {
			return err
		}
		if h, err = r.fromRow(row); err != nil {
			return err
		}
		if err := change(&h); err != nil {
			return err
		}
		if err := tx.Hooks().Save(ctx, r.row(h)); err != nil {
			return err
		}
		if !h.Active {
			if err := tx.Deliveries().GiveUp(ctx, id, switchedOff); err != nil {
				return err
			}
		}
		return audit.Done(ctx, tx, by, action, id, about(h))
	})
	return h, missing(err)
}

// switchedOff is why what waited was not sent.
const switchedOff = "the hook was switched off"

// Remove implements hook.Rows.
func (r *Rows) Remove(ctx context.Context, by audit.Actor, id string) error {
	return missing(r.db.Write(ctx, func(tx *db.Tx) error {
		row, err := tx.Hooks().ByID(ctx, id)
		if err != nil {
			return err
		}
		if err := tx.Hooks().Delete(ctx, id); err != nil {
			return err
		}
		return audit.Done(ctx, tx, by, "hook.delete", id, aboutRow(row))
	}))
}

// Note implements hook.Rows.
func (r *Rows) Note(ctx context.Context, by audit.Actor, action, id, detail string) error {
	return r.db.Write(ctx, func(tx *db.Tx) error { return audit.Done(ctx, tx, by, action, id, detail) })
}

// about says in a line for the audit record what a hook is. Addresses may hold what should not be there: it names the host.
func about(h hook.Hook) string {
	return aboutRow(db.Hook{RepositoryID: pointer(h.RepoID), GroupID: pointer(h.GroupID), Form: string(h.Form), URL: h.URL,
		Events: join(h.Events), GivesToken: h.GivesToken, Active: h.Active})
}

func aboutRow(h db.Hook) string {
	of := "the server"
	switch {
	case h.RepositoryID != nil:
		of = "the repository " + *h.RepositoryID
	case h.GroupID != nil:
		of = "the group " + *h.GroupID
	}
	text := fmt.Sprintf("%s hook of %s to %s, of %s", h.Form, of, hook.HostOf(h.URL), h.Events)
	if h.GivesToken {
		text += ", gives a token"
	}
	if !h.Active {
		text += ", off"
	}
	return text
}

func missing(err error) error {
	if errors.Is(err, db.ErrNotFound) {
		return hook.ErrNotFound
	}
	return err
}

func (r *Rows) hooks(rows []db.Hook) ([]hook.Hook, error) {
	list := make([]hook.Hook, len(rows))
	for i, row := range rows {
		var err error
		if list[i], err = r.fromRow(row); err != nil {
			return nil, err
		}
	}
	return list, nil
}

func (r *Rows) fromRow(row db.Hook) (hook.Hook, error) {
	h := hook.Hook{ID: row.ID, Label: row.Label, URL: row.URL, Form: hook.Form(row.Form), ContentType: row.ContentType,
		Active: row.Active, GivesToken: row.GivesToken, OldEnds: instant(row.OldEndsAt), MakerID: row.MakerID, MakerName: row.MakerName,
		CreatedAt: row.CreatedAt.UTC(), OffAt: instant(row.OffAt), OffWhy: row.OffWhy, Failures: row.Failures, FailingSince: instant(row.FailingSince),
		LastAt: instant(row.LastAt), LastStatus: row.LastStatus}
	if row.RepositoryID != nil {
		h.RepoID = *row.RepositoryID
	}
	if row.GroupID != nil {
		h.GroupID = *row.GroupID
	}
	for _, k := range cut(row.Events) {
		h.Events = append(h.Events, hook.Kind(k))
	}
	h.Branches = cut(row.Branches)
	var err error
	if h.Secret, err = r.open(row.ID, "secret", row.Secret); err == nil {
		h.Old, err = r.open(row.ID, "old_secret", row.OldSecret)
	}
	return h, err
}

func (r *Rows) row(h hook.Hook) db.Hook {
	return db.Hook{ID: h.ID, RepositoryID: pointer(h.RepoID), GroupID: pointer(h.GroupID), Label: h.Label, URL: h.URL, Form: string(h.Form),
		ContentType: h.ContentType, Events: join(h.Events), Branches: strings.Join(h.Branches, ","), Active: h.Active, GivesToken: h.GivesToken,
		Secret: r.seal(h.ID, "secret", h.Secret), OldSecret: r.seal(h.ID, "old_secret", h.Old), OldEndsAt: optional(h.OldEnds), MakerID: h.MakerID,
		MakerName: h.MakerName, CreatedAt: h.CreatedAt, OffAt: optional(h.OffAt), OffWhy: h.OffWhy, Failures: h.Failures,
		FailingSince: optional(h.FailingSince), LastAt: optional(h.LastAt), LastStatus: h.LastStatus}
}

// seal seals a secret to its row and column.
func (r *Rows) seal(id, column string, s hook.Secret) string {
	if s.Empty() {
		return ""
	}
	return r.box.Seal([]byte(s.Reveal()), "hooks."+column+" "+id)
}

func (r *Rows) open(id, column, sealed string) (hook.Secret, error) {
	if sealed == "" {
		return hook.Secret{}, nil
	}
	text, err := r.box.Open(sealed, "hooks."+column+" "+id)
	if err != nil {
		return hook.Secret{}, fmt.Errorf("open the secret of hook %s: %w", id, err)
	}
	return hook.NewSecret(string(text)), nil
}

func pointer(id string) *string {
	if id == "" {
		return nil
	}
	return &id
}

func optional(t time.Time) *time.Time {
	if t.IsZero() {
		return nil
	}
	return &t
}

func instant(t *time.Time) time.Time {
	if t == nil {
		return time.Time{}
	}
	return t.UTC()
}

func cut(s string) []string {
	if s == "" {
		return nil
	}
	return strings.Split(s, ",")
}

func join(kinds []hook.Kind) string {
	words := make([]string, len(kinds))
	for i, k := range kinds {
		words[i] = string(k)
	}
	return strings.Join(words, ",")
}

// write is a value as JSON; what is written here can always be.
func write(v any) string {
	text, _ := json.Marshal(v)
	return string(text)
}
