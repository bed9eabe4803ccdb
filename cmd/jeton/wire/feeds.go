package wire

import (
	"context"
	"fmt"
	"net/url"

	"jeton/auth/access"
	"jeton/auth/audit"
	"jeton/auth/gate"
	"jeton/db"
	"jeton/vcs/host"
	"jeton/vcs/name"
	"jeton/vcs/receive/follow"
	"jeton/web"
	"jeton/web/feed"
)

// feeds assembles what answers for feeds; at is the address that clients use.
func (v *Server) feeds(at *url.URL) web.FeedHandlers {
	s := v.store
	f := feed.New(feed.Options{Repositories: s.Host, Pushes: journals{s}, Readers: readers{s}, URL: at, Log: s.Log,
		Entries: s.bounded("feed.entries"), TTL: s.settings.Duration("feed.ttl"), Memory: s.settings.Bytes("feed.memory"),
		Walk: s.bounded("feed.max_walk"), Diff: s.settings.Bytes("feed.max_diff"), Patience: s.settings.Duration("feed.timeout")})
	return web.FeedHandlers{Repository: f.Repository, Journal: f.Journal, PublicJournal: f.PublicJournal}
}

// readers is feed.Readers over the gate and the database.
type readers struct{ s *Store }

// Readable implements feed.Readers.
func (r readers) Readable(id gate.Identity, repoID string) (string, bool) {
	repo, ok := r.s.Gate.Reads(id, repoID)
	return repo.Path, ok
}

// Watched implements feed.Readers.
func (r readers) Watched(ctx context.Context, userID string) ([]string, error) {
	ids, err := r.s.db.Watches().Of(ctx, userID)
	if err != nil {
		return nil, fmt.Errorf("read what is watched: %w", err)
	}
	return ids, nil
}

// Named implements feed.Readers.
func (r readers) Named(userID, recorded string) string {
	if u, ok := r.s.Users.ByID(userID); ok {
		return u.Name
	}
	return recorded
}

// journals is feed.Pushes over the journal of pushes.
type journals struct{ s *Store }

// within is how many of the server's last pushes are looked through for those to public repositories.
const within = 20_000

// Of implements feed.Pushes.
func (j journals) Of(ctx context.Context, repoIDs []string, limit int) ([]follow.Push, error) {
	rows, err := j.s.db.Journal().LatestOf(ctx, repoIDs, limit)
	return j.s.journal.pushes(ctx, rows), err
}

// Public implements feed.Pushes.
func (j journals) Public(ctx context.Context, limit int) ([]follow.Push, error) {
	rows, err := j.s.db.Journal().LatestPublic(ctx, limit, within)
	return j.s.journal.pushes(ctx, rows), err
}

// Mark implements feed.Pushes: a count of all that this process has heard of, which the gate has asked for already, and,
// where others push too, the last push.
func (j journals) Mark(ctx context.Context) (string, error) {
	count := j.s.changes.Load()
	if j.s.node == "" {
		return fmt.Sprint(count), nil
	}
	last, err := j.s.db.Journal().Last(ctx)
	if err != nil {
		return "", fmt.Errorf("ask for the last push: %w", err)
	}
	return fmt.Sprint(count, " ", last), nil
}

// countChanges counts everything that can change a journal. It is called when all others listen already: a change counts
// after it is in force, so that no journal of before it is kept under the count of after it.
func (s *Store) countChanges(d *db.DB) error {
	count := func() { s.changes.Add(1) }
	cancel, err := d.Load(func() error { count(); return nil }, func(db.Change) { count() })
	if err != nil {
		return err
	}
	s.closers = append(s.closers, func() error { cancel(); return nil })
	return nil
}

// deletedAt implements gate.Options.Deleted.
func (s *Store) deletedAt(ctx context.Context, path string) ([]access.Repository, error) {
	if len(path) > maxTyped {
		return nil, nil
	}
	rows, err := s.db.Repositories().DeletedAt(ctx, name.Fold(path))
	if err != nil {
		return nil, fmt.Errorf("look for a deleted repository: %w", err)
	}
	list := make([]access.Repository, len(rows))
	for i, r := range rows {
		list[i] = access.Repository{ID: r.ID, Path: r.Path, OwnerID: r.OwnerID, Private: r.Private, Archived: r.Archived}
		if g, ok := s.Access.GroupByID(r.GroupID); ok { // else nobody may by a group that is gone
			list[i].Groups = append([]string{g.ID}, g.Groups...)
		}
	}
	return list, nil
}

// maxTyped is the longest path that is looked for, in bytes; none is longer.
const maxTyped = 320

// Watch says whether somebody watches a repository, and writes it into the audit record.
func (s *Store) Watch(ctx context.Context, by audit.Actor, u access.User, r host.Repo, watching bool) error {
	action := "repository.watch"
	if !watching {
		action = "repository.unwatch"
	}
	return s.db.Write(ctx, func(tx *db.Tx) error {
		if err := tx.Watches().Set(ctx, db.Watch{UserID: u.ID, RepositoryID: r.ID, Watching: watching}); err != nil {
			return hostError(err)
		}
		return audit.Done(ctx, tx, by, action, r.Path, "user "+u.Name)
	})
}

// Watched is the ids of the living repositories that somebody watches and may read.
func (s *Store) Watched(ctx context.Context, u access.User) ([]string, error) {
	ids, err := s.db.Watches().Of(ctx, u.ID)
	if err != nil {
		return nil, fmt.Errorf("read what is watched: %w", err)
	}
	var readable []string
	for _, id := range ids {
		if r, ok := s.Access.ByID(id); ok && s.Access.Level(u, r) >= access.Read {
			readable = append(readable, id)
		}
	}
	return readable, nil
}
