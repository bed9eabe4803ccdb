package token

import (
	"context"
	"fmt"
	"log/slog"
	"slices"
	"sort"
	"sync"
	"time"

	"jeton/db"
)

// Options of a Store; the zero value is good.
type Options struct {
	// Log gets what could not be written of last uses; nil means slog.Default.
	Log *slog.Logger
	// Now is the clock; nil means time.Now.
	Now func() time.Time
}

// Store is every token that is live, expired or revoked. It is safe for concurrent use and ended by Close.
type Store struct {
	db     *db.DB
	now    func() time.Time
	cancel func()
	uses   *recorder

	// mu guards the maps and the slices in them; entries are replaced, never changed, but for their use counters.
	mu     sync.RWMutex
	byHash map[string]*entry
	byID   map[string]*entry
}

// entry is a token in memory.
type entry struct {
	Token
	hash string
	used *usage
}

// NewStore reads all tokens and starts the writer of last uses.
func NewStore(ctx context.Context, d *db.DB, o Options) (*Store, error) {
	if o.Now == nil {
		o.Now = time.Now
	}
	if o.Log == nil {
		o.Log = slog.Default()
	}
	s := &Store{db: d, now: o.Now, byHash: map[string]*entry{}, byID: map[string]*entry{}}
	var err error
	s.cancel, err = d.Load(func() error { return s.load(ctx) }, s.follow)
	if err != nil {
		return nil, fmt.Errorf("read tokens: %w", err)
	}
	s.uses = startRecorder(d, o.Log)
	return s, nil
}

// Close writes the last uses that wait, and waits for that.
func (s *Store) Close() error {
	s.cancel()
	return s.uses.close()
}

func (s *Store) load(ctx context.Context) error {
	rows, err := s.db.Tokens().List(ctx)
	for _, r := range rows {
		s.put(r)
	}
	return err
}

func (s *Store) follow(c db.Change) {
	s.mu.Lock()
	defer s.mu.Unlock()
	switch row := c.Row.(type) {
	case db.Token:
		if c.Deleted {
			s.drop(row.ID)
			return
		}
		s.put(row)
	case db.User:
		if c.Deleted {
			s.dropOf(row.ID)
		}
	case db.Repository:
		if c.Deleted {
			s.unbind(row.ID)
		}
	}
}

func (s *Store) put(r db.Token) {
	e := &entry{Token: fromRow(r), hash: r.Hash}
	if old := s.byID[r.ID]; old != nil {
		e.used = old.used
	} else {
		e.used = newUsage(e.Token)
	}
	s.byID[r.ID], s.byHash[r.Hash] = e, e
}

func (s *Store) drop(id string) {
	if e := s.byID[id]; e != nil {
		delete(s.byID, id)
		delete(s.byHash, e.hash)
	}
}

func (s *Store) dropOf(userID string) {
	for id, e := range s.byID {
		if e.UserID == userID {
			s.drop(id)
		}
	}
}

// unbind forgets a repository that is gone. Its id is never used again, so this only tidies what lists show.
func (s *Store) unbind(repoID string) {
	for id, e := range s.byID {
		if !slices.Contains(e.Repositories, repoID) {
			continue
		}
		next := *e
		next.Repositories = slices.DeleteFunc(slices.Clone(e.Repositories), func(r string) bool { return r == repoID })
		s.byID[id], s.byHash[e.hash] = &next, &next
	}
}

// Find looks a token up by its text, whatever its state: one look-up, the same for every answer.
func (s *Store) Find(secret Secret) (Token, bool) {
	hash := secret.Hash()
	s.mu.RLock()
	e := s.byHash[hash]
	s.mu.RUnlock()
	if e == nil {
		return Token{}, false
	}
	return e.Token, true
}

// ByID looks a token up by its id, without what changes with each use; Show has that.
func (s *Store) ByID(id string) (Token, bool) {
	s.mu.RLock()
	e := s.byID[id]
	s.mu.RUnlock()
	if e == nil {
		return Token{}, false
	}
	return e.Token, true
}

// Show is a token with its latest use.
func (s *Store) Show(id string) (Token, bool) {
	s.mu.RLock()
	e := s.byID[id]
	s.mu.RUnlock()
	if e == nil {
		return Token{}, false
	}
	return e.used.on(e.Token), true
}

// List is somebody's tokens, or everybody's where userID is "", newest first, with their latest uses.
func (s *Store) List(userID string) []Token {
	s.mu.RLock()
	list := []Token{}
	for _, e := range s.byID {
		if userID == "" || e.UserID == userID {
			list = append(list, e.used.on(e.Token))
		}
	}
	s.mu.RUnlock()
	sort.Slice(list, func(i, j int) bool {
		if list[i].CreatedAt.Equal(list[j].CreatedAt) {
			return list[i].ID < list[j].ID
		}
		return list[i].CreatedAt.After(list[j].CreatedAt)
	})
	return list
}
