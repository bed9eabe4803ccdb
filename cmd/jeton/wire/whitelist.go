package wire

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"regexp"
	"sync"
	"time"

	"jeton/auth/audit"
	"jeton/auth/token"
	"jeton/auth/whitelist"
	"jeton/cmd/jeton/config"
	"jeton/db"
)

// tokenViews is the setting, in the files and in the database.
const tokenViews = "web.token_views"

// Whitelist is which views web tokens open: what was laid down in the running server, else what the settings say. It
// answers from memory, which follows the database at once, and is safe for concurrent use.
type Whitelist struct {
	db     *db.DB
	log    *slog.Logger
	find   whitelist.Find
	files  views
	cancel func()

	// mu guards inForce, which is replaced and never changed.
	mu      sync.RWMutex
	inForce views
}

// views are a list, and where it comes from.
type views struct {
	list   whitelist.List
	source string
}

// inDatabase is the source of a list that was laid down in the running server.
const inDatabase = "the database (jeton views)"

// newWhitelist reads the list. What of the settings is left out goes to the log, once.
func newWhitelist(ctx context.Context, d *db.DB, set *config.Settings, tokens *token.Store, log *slog.Logger) (*Whitelist, error) {
	w := &Whitelist{db: d, log: log, find: lines(tokens)}
	list, warnings, err := whitelist.Parse(set.Text(tokenViews), w.find)
	if err != nil {
		return nil, fmt.Errorf("%s, from %s: %w", tokenViews, set.Source(tokenViews), err)
	}
	for _, text := range warnings {
		log.WarnContext(ctx, "a setting is followed in part", "setting", tokenViews, "source", set.Source(tokenViews), "reason", text)
	}
	w.files = views{list, set.Source(tokenViews)}
	ctx = context.WithoutCancel(ctx) // it may be read anew later
	w.cancel, err = d.Load(func() error {
		row, err := d.Settings().Of(ctx, tokenViews)
		if err != nil && !errors.Is(err, db.ErrNotFound) {
			return err
		}
		w.put(row, err != nil)
		return nil
	}, func(c db.Change) {
		if row, ok := c.Row.(db.Setting); ok && row.Name == tokenViews {
			w.put(row, c.Deleted)
		}
	})
	if err != nil {
		return nil, fmt.Errorf("read which views web tokens open: %w", err)
	}
	return w, nil
}

// lines finds tokens for a list. What could be the id of a token of ours is taken also where no such token is left: its
// successors are named by it.
func lines(tokens *token.Store) whitelist.Find {
	id := regexp.MustCompile(`^[a-z2-7]{26}$`)
	return func(text string) (string, bool) {
		t, ok := tokens.ByID(text)
		if secret, err := token.Parse(text); err == nil {
			t, ok = tokens.Find(secret)
		}
		if ok {
			return t.Line, t.Kind == token.Web
		}
		return text, id.MatchString(text)
	}
}

// Close ends the following of the database.
func (w *Whitelist) Close() error {
	w.cancel()
	return nil
}

// put takes over the database's row. One that cannot be read, which another version has written, opens nothing.
func (w *Whitelist) put(row db.Setting, absent bool) {
	v := w.files
	if !absent {
		list, _, err := whitelist.Parse(row.Value, w.find)
		if err != nil {
			w.log.Error("what the database says cannot be read, so that web tokens open no view", "setting", tokenViews, "error", err)
		}
		v = views{list, inDatabase}
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	w.inForce = v
}

// Opens implements gate.Options.ViewOn.
func (w *Whitelist) Opens(view, line string) bool {
	list, _ := w.InForce()
	return list.Opens(view, line)
}

// InForce is the list, and where it comes from.
func (w *Whitelist) InForce() (whitelist.List, string) {
	w.mu.RLock()
	defer w.mu.RUnlock()
	return w.inForce.list, w.inForce.source
}

// Change lays down another list, which change makes of the entries in force. It is written together with an audit entry,
// and in force on every node when Change returns. The answer is what of it was left out. whitelist.ErrBad, and what change
// itself answers.
func (w *Whitelist) Change(ctx context.Context, by audit.Actor, change func(entries []string) (text string, err error)) (warnings []string, err error) {
	err = w.db.Write(ctx, func(tx *db.Tx) error {
		old, _ := w.InForce() // no other change comes between
		text, err := change(old.Entries())
		if err != nil {
			return err
		}
		var list whitelist.List
		if list, warnings, err = whitelist.Parse(text, w.find); err != nil {
			return err
		}
		if err := tx.Settings().Save(ctx, db.Setting{Name: tokenViews, Value: list.String(), ChangedAt: time.Now()}); err != nil {
			return fmt.Errorf("write which views web tokens open: %w", err)
		}
		return audit.Done(ctx, tx, by, "settings.change", tokenViews, fmt.Sprintf("%q, before %q", list, old))
	})
	return warnings, err
}

// Reset gives the setting back to the files.
func (w *Whitelist) Reset(ctx context.Context, by audit.Actor) error {
	return w.db.Write(ctx, func(tx *db.Tx) error {
		old, _ := w.InForce()
		switch err := tx.Settings().Delete(ctx, tokenViews); {
		case errors.Is(err, db.ErrNotFound):
			return nil
		case err != nil:
			return fmt.Errorf("give a setting back to the files: %w", err)
		}
		return audit.Done(ctx, tx, by, "settings.reset", tokenViews, fmt.Sprintf("%q, before %q", w.files.list, old))
	})
}
