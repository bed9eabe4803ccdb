package wire

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"sync"
	"time"

	"jeton/auth/access"
	"jeton/auth/audit"
	"jeton/auth/token"
	"jeton/db"
	"jeton/vcs/host"
	"jeton/vcs/remote"
	"jeton/vcs/storage"
	"jeton/web/api/pull"
	"jeton/web/api/repos"
	"jeton/web/outgoing"
	"jeton/web/work"
)

// maxRedirects is how many redirects of a remote are followed.
const maxRedirects = 5

// openRemotes makes what fetches from other servers. Repositories, the journal and jobs are open.
func (s *Store) openRemotes(ctx context.Context, d *db.DB, agent string) error {
	rows, err := newRemoteRows(ctx, d)
	if err != nil {
		return err
	}
	s.closers = append(s.closers, rows.Close)
	silence := s.settings.Duration("pull.silence")
	fetcher := remote.New(remote.Options{Dial: s.Outgoing.DialContext, HTTP: s.Outgoing.Client(outgoing.ClientOptions{Redirects: maxRedirects, AnswerIn: silence}),
		Receive: s.Receive, KnownHosts: s.settings.Text("pull.known_hosts"), Agent: agent, Log: s.Log,
		Limits: remote.Limits{Time: s.settings.Duration("pull.timeout"), Silence: silence, Advertisement: s.settings.Bytes("pull.max_advertisement"),
			Answer: s.settings.Bytes("receive.max_pack") + beside}})
	s.Remotes = pull.New(pull.Options{Rows: rows, Box: s.Seal, Repositories: s.Host, Fetcher: fetcher, Jobs: doer{s.Jobs}, Actor: s.puller})
	return nil
}

// beside is how much another server may say beside the largest pack, in bytes.
const beside = 256 << 20

// puller is who moves refs by a pull, as long as they may: the person administers the repository, which is not archived, and
// the token that asked for it still lives.
func (s *Store) puller(ctx context.Context, by audit.Actor, userID, repoID string) (storage.Actor, error) {
	if err := s.fresh.ask(ctx); err != nil {
		return storage.Actor{}, err
	}
	u, known := s.Users.ByID(userID)
	r, there := s.Access.ByID(repoID)
	no := func(status int, sentence string) error { return &host.Refusal{Status: status, Sentence: sentence} }
	switch {
	case !there:
		return storage.Actor{}, no(http.StatusNotFound, "The repository was deleted meanwhile.")
	case !known || !u.Active || s.Access.Level(u, r) < access.Admin || s.ended(by):
		return storage.Actor{}, no(http.StatusForbidden, "Whoever asked for it may not change this repository any more.")
	case r.Archived:
		return storage.Actor{}, no(http.StatusForbidden, "This repository is archived: it can be read, but what it holds cannot be changed.")
	}
	return storage.Actor{ID: u.ID, Name: u.Name, Email: u.Email, Credential: by.Credential}, nil
}

// ended tells whether what somebody used was a token that opens nothing any more.
func (s *Store) ended(by audit.Actor) bool {
	id, isToken := strings.CutPrefix(by.Credential, "token:")
	if !isToken {
		return false
	}
	t, ok := s.Tokens.ByID(id)
	return !ok || t.State(time.Now()) != token.Live
}

// hasEnded is ended, once it is known what other nodes have ended.
func (s *Store) hasEnded(ctx context.Context, by audit.Actor) (bool, error) {
	if err := s.fresh.ask(ctx); err != nil {
		return false, err
	}
	return s.ended(by), nil
}

// Start implements pull.Jobs.
func (d doer) Start(ctx context.Context, j repos.Job) (string, error) {
	added, err := d.queue.Add(ctx, work.New{Kind: j.Kind, RepoID: j.RepoID, OwnerID: j.UserID, Args: j.Args, Actor: j.By})
	return added.ID, queueError(err)
}

// remoteRows is pull.Rows over the database. What people see of an address is answered from memory.
type remoteRows struct {
	d      *db.DB
	cancel func()

	// mu guards shown, by repository id.
	mu    sync.RWMutex
	shown map[string]string
}

func newRemoteRows(ctx context.Context, d *db.DB) (*remoteRows, error) {
	r := &remoteRows{d: d, shown: map[string]string{}}
	ctx = context.WithoutCancel(ctx) // everything may be read anew later
	var err error
	r.cancel, err = d.Load(func() error {
		all, err := d.Remotes().List(ctx)
		if err != nil {
			return err
		}
		r.mu.Lock()
		defer r.mu.Unlock()
		clear(r.shown)
		for _, row := range all {
			r.shown[row.RepositoryID] = row.Shown
		}
		return nil
	}, r.follow)
	if err != nil {
		return nil, fmt.Errorf("read the remotes of repositories: %w", err)
	}
	return r, nil
}

// Close ends the following of the database.
func (r *remoteRows) Close() error {
	r.cancel()
	return nil
}

func (r *remoteRows) follow(c db.Change) {
	r.mu.Lock()
	defer r.mu.Unlock()
	switch row := c.Row.(type) {
	case db.Remote:
		if r.shown[row.RepositoryID] = row.Shown; c.Deleted {
			delete(r.shown, row.RepositoryID)
		}
	case db.Repository:
		if c.Deleted {
			delete(r.shown, row.ID)
		}
	}
}

// Shown implements pull.Rows.
func (r *remoteRows) Shown(repoID string) string {
	r.mu.RLock()
	defer r.mu.RUnlock()
	return r.shown[repoID]
}

// Sealed implements pull.Rows.
func (r *remoteRows) Sealed(ctx context.Context, repoID string) (string, error) {
	row, err := r.d.Remotes().Of(ctx, repoID)
	if errors.Is(err, db.ErrNotFound) {
		return "", nil
	}
	return row.Address, err
}

// Save implements pull.Rows.
func (r *remoteRows) Save(ctx context.Context, by audit.Actor, repoID, sealed, shown string) error {
	return r.d.Write(ctx, func(tx *db.Tx) error {
		repo, err := tx.Repositories().ByID(ctx, repoID)
		if err != nil {
			return hostError(err)
		}
		if sealed == "" {
			err = tx.Remotes().Delete(ctx, repoID)
		} else {
			err = tx.Remotes().Save(ctx, db.Remote{RepositoryID: repoID, Address: sealed, Shown: shown, ChangedAt: time.Now()})
		}
		if err != nil {
			return fmt.Errorf("write where a repository is fetched from: %w", err)
		}
		return audit.Done(ctx, tx, by, "repository.remote", repo.Path, shown)
	})
}

// Keys implements pull.Rows.
func (r *remoteRows) Keys(repoID string) remote.HostKeys { return remoteKeys{r.d, repoID} }

// remoteKeys is remote.HostKeys of one repository.
type remoteKeys struct {
	d      *db.DB
	repoID string
}

// Known implements remote.HostKeys.
func (k remoteKeys) Known(ctx context.Context, at string) ([]string, error) {
	return k.d.Remotes().Keys(ctx, k.repoID, at)
}

// Keep implements remote.HostKeys.
func (k remoteKeys) Keep(ctx context.Context, at, key string) error {
	return k.d.Remotes().AddKey(ctx, db.RemoteKey{RepositoryID: k.repoID, Host: at, Key: key, SeenAt: time.Now()})
}
