package sshkey

import (
	"context"
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"fmt"
	"sort"
	"strings"
	"sync"
	"time"
	"unicode"
	"unicode/utf8"

	"jeton/auth/audit"
	"jeton/db"
)

var (
	// ErrNotFound: there is no such key.
	ErrNotFound = errors.New("there is no such key")
	// ErrTaken: the key is there already, somebody's or a repository's.
	ErrTaken = errors.New("this key is in use already; a key belongs to one person, or to one repository as its deploy key")
)

// maxLabel is how many characters a label may have.
const maxLabel = 100

// Access is what a deploy key may do.
type Access string

// The accesses of deploy keys. A person's key has none of its own: it may what the person may.
const (
	Read  Access = "read"
	Write Access = "write"
)

// Entry is a key and whose it is: a person's (UserID), or a repository's deploy key (RepoID, Access).
type Entry struct {
	ID, UserID, RepoID string
	Access             Access
	Label              string
	// Public is "type base64"; Fingerprint is SHA256:….
	Public, Fingerprint string
	// NoTouch: signatures of this security key need not tell that somebody touched it.
	NoTouch   bool
	CreatedAt time.Time
}

// Deploys tells that the key is a repository's and nobody's.
func (e Entry) Deploys() bool { return e.RepoID != "" }

// Store is everybody's keys. It answers from memory, which follows the database at once, and is safe for concurrent use.
type Store struct {
	db     *db.DB
	now    func() time.Time
	cancel func()

	// mu guards the maps.
	mu            sync.RWMutex
	byID          map[string]Entry
	byFingerprint map[string]string
}

// NewStore reads all keys. now is nil for time.Now. Close ends its following of the database.
func NewStore(ctx context.Context, d *db.DB, now func() time.Time) (*Store, error) {
	if now == nil {
		now = time.Now
	}
	ctx = context.WithoutCancel(ctx) // everything may be read anew later
	s := &Store{db: d, now: now, byID: map[string]Entry{}, byFingerprint: map[string]string{}}
	var err error
	s.cancel, err = d.Load(func() error { return s.load(ctx) }, s.follow)
	if err != nil {
		return nil, fmt.Errorf("read SSH keys: %w", err)
	}
	return s, nil
}

// Close ends the following of the database.
func (s *Store) Close() { s.cancel() }

func (s *Store) load(ctx context.Context) error {
	rows, err := s.db.SSHKeys().List(ctx)
	if err != nil {
		return err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	clear(s.byID)
	clear(s.byFingerprint)
	for _, r := range rows {
		s.put(r)
	}
	return nil
}

func (s *Store) follow(c db.Change) {
	s.mu.Lock()
	defer s.mu.Unlock()
	switch row := c.Row.(type) {
	case db.SSHKey:
		s.drop(row.ID)
		if !c.Deleted {
			s.put(row)
		}
	case db.User:
		if c.Deleted {
			s.dropAll(func(e Entry) bool { return e.UserID == row.ID })
		}
	case db.Repository:
		if c.Deleted {
			s.dropAll(func(e Entry) bool { return e.RepoID == row.ID })
		}
	}
}

func (s *Store) put(r db.SSHKey) {
	e := Entry{ID: r.ID, Access: Access(r.Access), Label: r.Label, Public: r.Public, Fingerprint: r.Fingerprint, NoTouch: r.NoTouch,
		CreatedAt: r.CreatedAt}
	if r.UserID != nil {
		e.UserID = *r.UserID
	}
	if r.RepositoryID != nil {
		e.RepoID = *r.RepositoryID
	}
	s.byID[r.ID] = e
	s.byFingerprint[r.Fingerprint] = r.ID
}

func (s *Store) dropAll(of func(Entry) bool) {
	for id, e := range s.byID {
		if of(e) {
			s.drop(id)
		}
	}
}

func (s *Store) drop(id string) {
	delete(s.byFingerprint, s.byID[id].Fingerprint)
	delete(s.byID, id)
}

// Find looks up a key by its wire format (RFC 4253 section 6.6), as an SSH client offers it.
func (s *Store) Find(wire []byte) (Entry, bool) {
	sum := sha256.Sum256(wire)
	fingerprint := "SHA256:" + base64.RawStdEncoding.EncodeToString(sum[:])
	s.mu.RLock()
	defer s.mu.RUnlock()
	e, ok := s.byID[s.byFingerprint[fingerprint]]
	return e, ok
}

// ByID looks up a key by its id.
func (s *Store) ByID(id string) (Entry, bool) {
	s.mu.RLock()
	defer s.mu.RUnlock()
	e, ok := s.byID[id]
	return e, ok
}

// List is somebody's keys, oldest first; every key, deploy keys too, where userID is "".
func (s *Store) List(userID string) []Entry {
	return s.list(func(e Entry) bool { return userID == "" || e.UserID == userID })
}

// OfRepository is the deploy keys of a repository, oldest first.
func (s *Store) OfRepository(repoID string) []Entry {
	return s.list(func(e Entry) bool { return e.Deploys() && e.RepoID == repoID })
}

func (s *Store) list(which func(Entry) bool) []Entry {
	s.mu.RLock()
	list := []Entry{}
	for _, e := range s.byID {
		if which(e) {
			list = append(list, e)
		}
	}
	s.mu.RUnlock()
	sort.Slice(list, func(i, j int) bool {
		if list[i].CreatedAt.Equal(list[j].CreatedAt) {
			return list[i].ID < list[j].ID
		}
		return list[i].CreatedAt.Before(list[j].CreatedAt)
	})
	return list
}

// Add takes a person's key in from its authorized_keys line; an empty label becomes the line's comment. ErrBadKey,
// ErrTaken.
func (s *Store) Add(ctx context.Context, by audit.Actor, userID, label, line string) (Entry, error) {
	return s.insert(ctx, by, db.SSHKey{UserID: &userID, Label: label}, line)
}

// AddDeploy takes in a key that opens one repository and belongs to nobody; otherwise as Add. ErrBadKey, ErrTaken.
func (s *Store) AddDeploy(ctx context.Context, by audit.Actor, repoID string, a Access, label, line string) (Entry, error) {
	if a != Read && a != Write {
		return Entry{}, fmt.Errorf("%w: the access of a deploy key is read or write", ErrBadKey)
	}
	return s.insert(ctx, by, db.SSHKey{RepositoryID: &repoID, Access: string(a), Label: label}, line)
}

// insert completes a row by what its line says and stores it.
func (s *Store) insert(ctx context.Context, by audit.Actor, row db.SSHKey, line string) (Entry, error) {
	key, err := Parse(line)
	if err != nil {
		return Entry{}, err
	}
	row.ID, row.Label, row.CreatedAt = db.NewID(), labelFor(row.Label, key), s.now()
	row.Public, row.Fingerprint, row.NoTouch = key.Public, key.Fingerprint, key.NoTouch
	owner := row.UserID
	if owner == nil {
		owner = row.RepositoryID
	}
	err = s.db.Write(ctx, func(tx *db.Tx) error {
		if err := tx.SSHKeys().Insert(ctx, row); err != nil {
			return err
		}
		return audit.Done(ctx, tx, by, "key.add", key.Fingerprint, strings.TrimSpace(*owner+" "+row.Access))
	})
	switch {
	case errors.Is(err, db.ErrTaken):
		return Entry{}, ErrTaken
	case errors.Is(err, db.ErrInUse):
		return Entry{}, fmt.Errorf("%w: whose it would be is not there", ErrBadKey)
	case err != nil:
		return Entry{}, fmt.Errorf("store SSH key: %w", err)
	}
	e, _ := s.ByID(row.ID)
	return e, nil
}

// Remove takes a key out; connections that it opened end at their next request. ErrNotFound.
func (s *Store) Remove(ctx context.Context, by audit.Actor, id string) error {
	e, ok := s.ByID(id)
	if !ok {
		return ErrNotFound
	}
	err := s.db.Write(ctx, func(tx *db.Tx) error {
		if err := tx.SSHKeys().Delete(ctx, id); err != nil {
			return err
		}
		return audit.Done(ctx, tx, by, "key.remove", e.Fingerprint, e.UserID+e.RepoID)
	})
	if errors.Is(err, db.ErrNotFound) {
		return ErrNotFound
	}
	if err != nil {
		return fmt.Errorf("remove SSH key: %w", err)
	}
	return nil
}

// labelFor makes a label that can be shown: what was asked for, else the comment, else the type.
func labelFor(label string, key Key) string {
	for _, text := range []string{label, key.Comment, key.Type} {
		text = strings.TrimSpace(strings.Map(printable, strings.ToValidUTF8(text, "\uFFFD")))
		if text == "" {
			continue
		}
		if utf8.RuneCountInString(text) > maxLabel {
			text = string([]rune(text)[:maxLabel])
		}
		return text
	}
	return key.Fingerprint
}

func printable(r rune) rune {
	if unicode.IsPrint(r) {
		return r
	}
	return -1
}
