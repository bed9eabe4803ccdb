package wire

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"jeton/db"
	"jeton/vcs/host"
	"jeton/vcs/name"
	"jeton/vcs/oid"
	"jeton/vcs/receive"
	"jeton/vcs/storage"
)

// rows is host.Rows over the database.
type rows struct{ d *db.DB }

func (r rows) ByPath(ctx context.Context, path string) (host.Repo, error) {
	row, err := r.d.Repositories().ByFoldedPath(ctx, name.Fold(path))
	return fromRow(row), hostError(err)
}

func (r rows) ByID(ctx context.Context, id string) (host.Repo, error) {
	row, err := r.d.Repositories().ByID(ctx, id)
	return fromRow(row), hostError(err)
}

func (r rows) List(ctx context.Context) ([]host.Repo, error) {
	all, err := r.d.Repositories().List(ctx)
	list := make([]host.Repo, len(all))
	for i, row := range all {
		list[i] = fromRow(row)
	}
	return list, hostError(err)
}

func (r rows) Insert(ctx context.Context, n host.Repo) error {
	return hostError(r.d.Repositories().Insert(ctx, db.Repository{ID: n.ID, Path: n.Path, FoldedPath: name.Fold(n.Path),
		OwnerID: n.OwnerID, Private: n.Private, Archived: n.Archived, Description: n.Description, CreatedAt: n.CreatedAt}))
}

func (r rows) Rename(ctx context.Context, id, path string) error {
	return hostError(r.d.Repositories().Rename(ctx, id, path, name.Fold(path)))
}

func (r rows) Delete(ctx context.Context, id string) error {
	return hostError(r.d.Repositories().Delete(ctx, id))
}

func fromRow(row db.Repository) host.Repo {
	return host.Repo{ID: row.ID, Path: row.Path, OwnerID: row.OwnerID, Description: row.Description, Private: row.Private,
		Archived: row.Archived, CreatedAt: row.CreatedAt}
}

// hostError says the database's errors in the catalogue's words.
func hostError(err error) error {
	switch {
	case errors.Is(err, db.ErrNotFound):
		return host.ErrNotFound
	case errors.Is(err, db.ErrTaken):
		return host.ErrTaken
	}
	return err
}

// journal is receive.Journal over the database.
type journal struct{ d *db.DB }

// update is a ref's move as the journal's JSON keeps it; ids in hexadecimal digits.
type update struct {
	Ref    string `json:"ref"`
	Old    string `json:"old"`
	New    string `json:"new"`
	Symref string `json:"symref,omitempty"`
}

// result is how an update ended; Error is empty where it is done.
type result struct {
	Ref   string `json:"ref"`
	Error string `json:"error,omitempty"`
}

func (j journal) Begin(ctx context.Context, e receive.Entry) (string, error) {
	updates := make([]update, len(e.Updates))
	for i, u := range e.Updates {
		updates[i] = update{Ref: u.Name, Old: u.Old.String(), New: u.New.String(), Symref: u.Symref}
	}
	text, err := json.Marshal(updates)
	if err != nil {
		return "", fmt.Errorf("journal a push: %w", err)
	}
	return j.d.Journal().Begin(ctx, db.JournalEntry{RepositoryID: e.RepoID, ActorID: e.Actor.ID, ActorName: e.Actor.Name,
		ActorEmail: e.Actor.Email, Credential: e.Actor.Credential, BegunAt: e.At, Updates: string(text)})
}

func (j journal) End(ctx context.Context, id string, results []storage.RefResult) error {
	list := make([]result, len(results))
	for i, r := range results {
		list[i].Ref = r.Name
		if r.Err != nil {
			list[i].Error = r.Err.Error()
		}
	}
	text, err := json.Marshal(list)
	if err != nil {
		return fmt.Errorf("journal a push: %w", err)
	}
	return j.d.Journal().End(ctx, id, string(text), time.Now())
}

func (j journal) Open(ctx context.Context) ([]receive.Entry, error) {
	open, err := j.d.Journal().Open(ctx)
	if err != nil {
		return nil, err
	}
	entries := make([]receive.Entry, len(open))
	for i, row := range open {
		if entries[i], err = fromJournal(row); err != nil {
			return nil, fmt.Errorf("journal entry %s: %w", row.ID, err)
		}
	}
	return entries, nil
}

func fromJournal(row db.JournalEntry) (receive.Entry, error) {
	e := receive.Entry{ID: row.ID, RepoID: row.RepositoryID, At: row.BegunAt,
		Actor: storage.Actor{ID: row.ActorID, Name: row.ActorName, Email: row.ActorEmail, Credential: row.Credential}}
	var updates []update
	if err := json.Unmarshal([]byte(row.Updates), &updates); err != nil {
		return e, err
	}
	for _, u := range updates {
		before, okBefore := oid.Parse(u.Old)
		after, okAfter := oid.Parse(u.New)
		if !okBefore || !okAfter {
			return e, fmt.Errorf("the ids of %s cannot be read", u.Ref)
		}
		e.Updates = append(e.Updates, storage.RefUpdate{Name: u.Ref, Old: before, New: after, Symref: u.Symref})
	}
	return e, nil
}
