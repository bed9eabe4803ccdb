package token

import (
	"cmp"
	"context"
	"fmt"
	"log/slog"
	"maps"
	"slices"
	"strings"
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
	// Policy says how long tokens live.
	Policy Policy
	// Places knows where repositories lie; nil: there are no groups, and nobody manages anything.
	Places Places
	// SealKey encrypts the texts of successors while an overlap lasts, SealKeySize bytes; nil: one that is forgotten with
	// the Store. Nodes that share a database share it.
	SealKey []byte
	// Tell hears what happened to a token without its owner. It must be quick, and may not change tokens; nil: nobody
	// hears.
	Tell func(Event)
}

// Store is every token that is live, expired or revoked. It is safe for concurrent use and ended by Close.
type Store struct {
	db     *db.DB
	now    func() time.Time
	cancel func()
	uses   *recorder
	policy Policy
	places Places
	seal   sealer
	tell   func(Event)
	log    *slog.Logger

	// mu guards the index.
	mu sync.RWMutex
	index
}

// NewStore reads all tokens and starts the writer of last uses, which first reads those that were written before: a check
// needs none of them, so that nobody waits for it but who asks for a list.
func NewStore(ctx context.Context, d *db.DB, o Options) (*Store, error) {
	if o.Now == nil {
		o.Now = time.Now
	}
	if o.Log == nil {
		o.Log = slog.Default()
	}
	if o.Places == nil {
		o.Places = nowhere{}
	}
	seal, err := newSealer(o.SealKey)
	if err != nil {
		return nil, err
	}
	s := &Store{db: d, now: o.Now, policy: o.Policy, places: o.Places, seal: seal, tell: o.Tell, log: o.Log}
	ctx = context.WithoutCancel(ctx) // everything may be read anew later
	s.cancel, err = d.Load(func() error { return s.load(ctx) }, s.follow)
	if err != nil {
		return nil, fmt.Errorf("read tokens: %w", err)
	}
	s.uses = startRecorder(d, o.Log, s.learn)
	return s, nil
}

// Close writes the last uses that wait, and waits for that.
func (s *Store) Close() error {
	s.cancel()
	return s.uses.close()
}

// load reads everything, and puts it in the place of what was there. Tokens that were there keep their counts of uses.
func (s *Store) load(ctx context.Context) error {
	s.mu.RLock()
	old := s.index
	s.mu.RUnlock()
	unknown := map[string]*usage{}
	var all []*entry
	err := s.db.Tokens().EachPacked(ctx, func(p db.PackedToken) {
		if e := old.byID[p.ID]; e != nil {
			all = append(all, packed(p, e.used))
			return
		}
		e := packed(p, newUsage(Token{}))
		if old.byID != nil {
			unknown[p.ID] = e.used
		}
		all = append(all, e)
	})
	if err == nil && old.byID != nil {
		err = s.db.Tokens().EachUse(ctx, func(u db.TokenUse) {
			if used := unknown[u.ID]; used != nil {
				used.learn(u)
			}
		})
	}
	if err != nil {
		return err
	}
	next := newIndex(len(all))
	for _, e := range all {
		next.put(e)
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.index = next
	return nil
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
		used := newUsage(fromRow(row))
		if old := s.byID[row.ID]; old != nil {
			used = old.used
		}
		s.put(told(row, used))
	case db.User:
		if c.Deleted {
			s.dropOf(owner{userID: row.ID})
		}
	case db.Repository:
		if c.Deleted {
			s.dropOf(owner{deploy: Deploy{RepositoryID: row.ID}})
			s.unbind(row.ID)
		}
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
	return s.open(e).Token, true
}

// ByID looks a token up by its id, without what changes with each use; Show has that.
func (s *Store) ByID(id string) (Token, bool) {
	e := s.entry(id)
	if e == nil {
		return Token{}, false
	}
	return s.open(e).Token, true
}

// Show is a token with its latest use.
func (s *Store) Show(id string) (Token, bool) {
	<-s.uses.known
	e := s.entry(id)
	if e == nil {
		return Token{}, false
	}
	return e.used.on(s.open(e).Token), true
}

func (s *Store) entry(id string) *entry {
	s.mu.RLock()
	defer s.mu.RUnlock()
	return s.byID[id]
}

// open is what the database says of a token.
func (s *Store) open(e *entry) *contents {
	c, err := e.open()
	return s.orUnreadable(e, c, err)
}

// orUnreadable is a token that opens nothing in the place of one whose row holds what this program does not know: a limit
// must not fall away.
func (s *Store) orUnreadable(e *entry, c *contents, err error) *contents {
	if err == nil {
		return c
	}
	s.log.Error("a token's row cannot be read; it opens nothing", "token", e.id, "error", err)
	return &contents{Token: Token{ID: e.id, UserID: e.owner.userID, Deploy: e.owner.deploy, Line: e.id, Bound: true, RevokedAt: s.now(),
		RevokedBy: "its row, which cannot be read"}}
}

// sealedOf is the sealed text of a token's successor; "" where there is none any more.
func (s *Store) sealedOf(id string) string {
	if e := s.entry(id); e != nil {
		return s.open(e).sealed
	}
	return ""
}

// wasFetched tells whether the successor's text was handed to a holder of a token.
func (s *Store) wasFetched(id string) bool {
	e := s.entry(id)
	return e != nil && s.open(e).fetched
}

// List is somebody's tokens, or everybody's and all deploy tokens where userID is "", newest first, with their latest
// uses. Somebody's cost as much as they have, not as much as there are.
func (s *Store) List(userID string) []Token {
	<-s.uses.known
	if userID != "" {
		return s.listOf(owner{userID: userID})
	}
	s.mu.RLock()
	all := slices.Collect(maps.Values(s.byID))
	s.mu.RUnlock()
	return s.newestFirst(all)
}

// ListDeploy is the deploy tokens of a repository or group, newest first, with their latest uses.
func (s *Store) ListDeploy(d Deploy) []Token {
	<-s.uses.known
	return s.listOf(owner{deploy: d})
}

func (s *Store) listOf(o owner) []Token {
	s.mu.RLock()
	all := s.of(o)
	s.mu.RUnlock()
	return s.newestFirst(all)
}

// newestFirst is a list of entries as tokens with their latest uses.
func (s *Store) newestFirst(all []*entry) []Token {
	list := make([]Token, 0, len(all))
	for _, e := range all {
		c, err := e.look()
		list = append(list, e.used.on(s.orUnreadable(e, c, err).Token))
	}
	slices.SortFunc(list, func(a, b Token) int {
		return cmp.Or(b.CreatedAt.Compare(a.CreatedAt), strings.Compare(a.ID, b.ID))
	})
	return list
}
