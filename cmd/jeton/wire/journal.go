package wire

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"sync/atomic"
	"time"

	"jeton/db"
	"jeton/vcs/host"
	"jeton/vcs/oid"
	"jeton/vcs/receive"
	"jeton/vcs/receive/follow"
	"jeton/vcs/storage"
)

// journal is receive.Journal and follow.Journal over the database.
type journal struct {
	d *db.DB
	// node is the data folder's id where other nodes share the database: each follows its own repositories' pushes.
	node string
	// changes counts each end.
	changes *atomic.Uint64
	log     *slog.Logger
	// followers are woken by each end; the list is not changed once pushes are taken.
	followers []*follow.Follower
}

// Begin implements receive.Journal.
func (j *journal) Begin(ctx context.Context, e receive.Entry) (string, error) {
	row, err := toRow(e)
	if err != nil {
		return "", fmt.Errorf("journal a push: %w", err)
	}
	id, err := j.d.Journal().Begin(ctx, row)
	if errors.Is(err, db.ErrInUse) {
		return "", host.ErrNotFound
	}
	return id, err
}

// End implements receive.Journal.
func (j *journal) End(ctx context.Context, id string, results []storage.RefResult) error {
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
	err = j.d.Journal().End(ctx, id, string(text), time.Now())
	if err != nil && !errors.Is(err, db.ErrNotFound) {
		return err
	}
	j.changes.Add(1)
	for _, f := range j.followers {
		f.Wake()
	}
	return nil
}

// Open implements receive.Journal.
func (j *journal) Open(ctx context.Context) ([]receive.Entry, error) {
	open, err := j.d.Journal().Open(ctx)
	if err != nil {
		return nil, err
	}
	entries := make([]receive.Entry, len(open))
	for i, p := range j.pushes(ctx, open) {
		entries[i] = p.Entry
	}
	return entries, nil
}

// page is how many pushes Moved reads at a time.
const page = 100

// Moved implements receive.Journal: ids of entries and of their ends are made by one clock.
func (j *journal) Moved(ctx context.Context, repoID, since string) (moves []receive.Moved, next string, err error) {
	ended, err := j.Ended(ctx, repoID, since, page)
	if err != nil {
		return nil, "", err
	}
	for _, p := range ended {
		for _, u := range p.Moves() {
			moves = append(moves, receive.Moved{Entry: p.ID, RefUpdate: u})
		}
		next = p.Position
	}
	return moves, next, nil
}

// Ended implements follow.Journal.
func (j *journal) Ended(ctx context.Context, repoID, after string, limit int) ([]follow.Push, error) {
	rows, err := j.d.Journal().Ended(ctx, repoID, after, limit)
	return j.pushes(ctx, rows), err
}

// latest is a repository's pushes, newest first: at most limit, those before the entry with an id where it is not empty.
func (j *journal) latest(ctx context.Context, repoID, before string, limit int) ([]follow.Push, error) {
	rows, err := j.d.Journal().Latest(ctx, repoID, before, limit)
	return j.pushes(ctx, rows), err
}

// pushes reads rows. One that somebody has damaged is told as far as it can be read: it must not hold up all others.
func (j *journal) pushes(ctx context.Context, rows []db.JournalEntry) []follow.Push {
	list := make([]follow.Push, len(rows))
	for i, row := range rows {
		var err error
		if list[i], err = fromJournal(row); err != nil {
			j.log.ErrorContext(ctx, "journal entry cannot be read in full", "entry", row.ID, "repository", row.RepositoryID, "error", err)
		}
	}
	return list
}

// Cursor implements follow.Journal.
func (j *journal) Cursor(ctx context.Context, follower string) (string, error) {
	at, err := j.d.Cursors().Position(ctx, j.own(follower))
	if err == nil && at == "" && j.node != "" {
		// A database that was copied from SQLite, where a node had it for itself.
		at, err = j.d.Cursors().Position(ctx, follower)
	}
	return at, err
}

// Move implements follow.Journal.
func (j *journal) Move(ctx context.Context, follower, position string) error {
	return j.d.Cursors().Move(ctx, j.own(follower), position)
}

// own is the name of a follower's cursor.
func (j *journal) own(follower string) string {
	if j.node == "" {
		return follower
	}
	return follower + "@" + j.node
}

// swept is how many entries one transaction removes at most; pushes wait meanwhile.
const swept = 500

// sweep removes what ended before a moment and what every follower is done with, in steps between which others write.
func (j *journal) sweep(ctx context.Context, before time.Time) (total int, err error) {
	passed := ""
	for i, f := range j.followers {
		at, err := j.Cursor(ctx, f.Name())
		if err != nil {
			return 0, err
		}
		if i == 0 || at < passed {
			passed = at
		}
	}
	for n := swept; n == swept && err == nil; total += n {
		n, err = j.d.Journal().Sweep(ctx, before, passed, swept)
	}
	return total, err
}

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

// certificate is that of a signed push.
type certificate struct {
	Text        string `json:"text"`
	Signer      string `json:"signer"`
	Nonce       string `json:"nonce"`
	NonceStatus string `json:"nonce_status"`
}

func toRow(e receive.Entry) (db.JournalEntry, error) {
	row := db.JournalEntry{RepositoryID: e.RepoID, ActorID: e.Actor.ID, ActorName: e.Actor.Name, ActorEmail: e.Actor.Email,
		Credential: e.Actor.Credential, BegunAt: e.At}
	updates := make([]update, len(e.Updates))
	for i, u := range e.Updates {
		updates[i] = update{Ref: u.Name, Old: u.Old.String(), New: u.New.String(), Symref: u.Symref}
	}
	var signed *certificate
	if e.Certificate != nil {
		c := certificate(*e.Certificate)
		signed = &c
	}
	return row, errors.Join(write(&row.Updates, updates, true), write(&row.Options, e.Options, len(e.Options) > 0),
		write(&row.Certificate, signed, signed != nil), write(&row.Notes, e.Notes, len(e.Notes) > 0))
}

// write puts a value into a column as JSON, where there is something.
func write(column *string, v any, there bool) error {
	if !there {
		return nil
	}
	text, err := json.Marshal(v)
	*column = string(text)
	return err
}

// read takes a value out of a column; "" leaves it as it is.
func read(column string, v any) error {
	if column == "" {
		return nil
	}
	return json.Unmarshal([]byte(column), v)
}

// fromJournal reads a row; where a part of it cannot be read, the push holds the others.
func fromJournal(row db.JournalEntry) (follow.Push, error) {
	p := follow.Push{Position: row.EndedID, Entry: receive.Entry{ID: row.ID, RepoID: row.RepositoryID, At: row.BegunAt,
		Actor: storage.Actor{ID: row.ActorID, Name: row.ActorName, Email: row.ActorEmail, Credential: row.Credential}}}
	if row.EndedAt != nil {
		p.EndedAt = *row.EndedAt
	}
	var updates []update
	var results []result
	var signed *certificate
	err := errors.Join(read(row.Updates, &updates), read(row.Results, &results), read(row.Options, &p.Options),
		read(row.Certificate, &signed), read(row.Notes, &p.Notes))
	for _, u := range updates {
		before, okBefore := oid.Parse(u.Old)
		after, okAfter := oid.Parse(u.New)
		if !okBefore || !okAfter {
			err = errors.Join(err, fmt.Errorf("the ids of %s cannot be read", u.Ref))
			continue
		}
		p.Updates = append(p.Updates, storage.RefUpdate{Name: u.Ref, Old: before, New: after, Symref: u.Symref})
	}
	for _, r := range results {
		p.Results = append(p.Results, storage.RefResult{Name: r.Ref})
		if r.Error != "" {
			p.Results[len(p.Results)-1].Err = errors.New(r.Error)
		}
	}
	if signed != nil {
		c := receive.Certificate(*signed)
		p.Certificate = &c
	}
	return p, err
}
