package access

import (
	"context"
	"errors"
	"fmt"
	"sort"
	"strings"
	"sync"
	"time"

	"jeton/auth/audit"
	"jeton/db"
	"jeton/vcs/name"
)

// ErrNoRepository: there is no such repository.
var ErrNoRepository = errors.New("there is no such repository")

// Repository is what decisions need to know of a repository.
type Repository struct {
	ID, Path, OwnerID string
	Private, Archived bool
}

// Permission is what one person was given on one repository.
type Permission struct {
	UserID string
	Level  Level
}

// Repositories is every repository and who was given what on it. It answers from memory, which follows the database at
// once, whoever writes there, and is safe for concurrent use.
type Repositories struct {
	db     *db.DB
	cancel func()

	// mu guards the maps. Keys of byPath are folded; given is by repository id, then user id.
	mu     sync.RWMutex
	byID   map[string]entry
	byPath map[string]string
	given  map[string]map[string]Level
}

type entry struct {
	Repository
	folded string
}

// NewRepositories reads all repositories and permissions. Close ends its following of the database.
func NewRepositories(ctx context.Context, d *db.DB) (*Repositories, error) {
	s := &Repositories{db: d, byID: map[string]entry{}, byPath: map[string]string{}, given: map[string]map[string]Level{}}
	var err error
	s.cancel, err = d.Load(func() error { return s.load(ctx) }, s.follow)
	if err != nil {
		return nil, fmt.Errorf("read repositories: %w", err)
	}
	return s, nil
}

// Close ends the following of the database.
func (s *Repositories) Close() { s.cancel() }

func (s *Repositories) load(ctx context.Context) error {
	rows, err := s.db.Repositories().List(ctx)
	if err != nil {
		return err
	}
	for _, r := range rows {
		s.put(r)
	}
	given, err := s.db.Permissions().List(ctx)
	for _, p := range given {
		s.give(p)
	}
	return err
}

func (s *Repositories) follow(c db.Change) {
	s.mu.Lock()
	defer s.mu.Unlock()
	switch row := c.Row.(type) {
	case db.Repository:
		delete(s.byPath, s.byID[row.ID].folded)
		if c.Deleted {
			delete(s.byID, row.ID)
			delete(s.given, row.ID)
			return
		}
		s.put(row)
	case db.Permission:
		if c.Deleted {
			delete(s.given[row.RepositoryID], row.UserID)
			return
		}
		s.give(row)
	case db.User:
		if c.Deleted {
			for _, levels := range s.given {
				delete(levels, row.ID)
			}
		}
	}
}

func (s *Repositories) put(r db.Repository) {
	s.byID[r.ID] = entry{folded: r.FoldedPath, Repository: Repository{ID: r.ID, Path: r.Path, OwnerID: r.OwnerID,
		Private: r.Private, Archived: r.Archived}}
	s.byPath[r.FoldedPath] = r.ID
}

// give notes a permission; a level that this program does not know gives nothing.
func (s *Repositories) give(p db.Permission) {
	level, err := ParseLevel(p.Level)
	if err != nil {
		level = None
	}
	if s.given[p.RepositoryID] == nil {
		s.given[p.RepositoryID] = map[string]Level{}
	}
	s.given[p.RepositoryID][p.UserID] = level
}

// ByID finds one.
func (s *Repositories) ByID(id string) (Repository, bool) {
	s.mu.RLock()
	defer s.mu.RUnlock()
	e, ok := s.byID[id]
	return e.Repository, ok
}

// ByPath finds one by its path, compared as names are.
func (s *Repositories) ByPath(path string) (Repository, bool) {
	if len(path) > maxName {
		return Repository{}, false
	}
	folded := name.Fold(path)
	s.mu.RLock()
	defer s.mu.RUnlock()
	e, ok := s.byID[s.byPath[folded]]
	return e.Repository, ok
}

// Level is what somebody may do with a repository: administrators and its owner everything, others what they were
// given, and everybody at least read where it is public. The zero User is a guest.
func (s *Repositories) Level(u User, r Repository) Level {
	if u.ID != "" && (u.Admin || u.ID == r.OwnerID) {
		return Admin
	}
	s.mu.RLock()
	given := s.given[r.ID][u.ID]
	s.mu.RUnlock()
	if given < Read && !r.Private {
		return Read
	}
	return given
}

// Readable is what somebody may read, by path.
func (s *Repositories) Readable(u User) []Repository {
	s.mu.RLock()
	all := make([]Repository, 0, len(s.byID))
	for _, e := range s.byID {
		all = append(all, e.Repository)
	}
	s.mu.RUnlock()
	list := all[:0]
	for _, r := range all {
		if s.Level(u, r) >= Read {
			list = append(list, r)
		}
	}
	sort.Slice(list, func(i, j int) bool { return list[i].Path < list[j].Path })
	return list
}

// MayCreate tells whether somebody may make a repository at a path: a valid one, by the rule. Guests never may.
func (c CreateRule) MayCreate(u User, path string) bool {
	if u.ID == "" {
		return false
	}
	if _, err := name.Repository(path); err != nil {
		return false
	}
	first, _, below := strings.Cut(path, "/")
	switch {
	case u.Admin || c == CreateAnyone:
		return true
	case c == CreateOwn || c == "":
		return below && name.Fold(first) == name.Fold(u.Name)
	}
	return false
}

// Given lists what people were given on a repository, in no order.
func (s *Repositories) Given(repoID string) []Permission {
	s.mu.RLock()
	defer s.mu.RUnlock()
	list := make([]Permission, 0, len(s.given[repoID]))
	for id, level := range s.given[repoID] {
		list = append(list, Permission{UserID: id, Level: level})
	}
	return list
}

// Give sets what somebody may do with a repository, from the next request on. ErrNoRepository, ErrNoUser.
func (s *Repositories) Give(ctx context.Context, by audit.Actor, repoID, userID string, l Level) error {
	return s.change(ctx, by, repoID, "permission.grant", userID+" "+l.String(), func(tx *db.Tx) error {
		if _, err := tx.Users().ByID(ctx, userID); err != nil {
			return noUser(err)
		}
		return tx.Permissions().Set(ctx, db.Permission{RepositoryID: repoID, UserID: userID, Level: l.String(),
			CreatedAt: time.Now()})
	})
}

// Take takes away what somebody was given, from the next request on; where nothing was, nothing changes.
// ErrNoRepository.
func (s *Repositories) Take(ctx context.Context, by audit.Actor, repoID, userID string) error {
	return s.change(ctx, by, repoID, "permission.revoke", userID, func(tx *db.Tx) error {
		err := tx.Permissions().Delete(ctx, repoID, userID)
		if errors.Is(err, db.ErrNotFound) {
			return nil
		}
		return err
	})
}
