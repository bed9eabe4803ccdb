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
	// ErrTaken: the key is there already, this person's or another's.
	ErrTaken = errors.New("this key is in use already; a key belongs to one person")
)

// maxLabel is how many characters a label may have.
const maxLabel = 100

// Entry is a key and whose it is.
type Entry struct {
	ID, UserID, Label string
	// Public is "type base64"; Fingerprint is SHA256:….
	Public, Fingerprint string
	CreatedAt           time.Time
}

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
	for _, r := range rows {
		s.put(r)
	}
	return err
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
		if !c.Deleted {
			return
		}
		for id, e := range s.byID {
			if e.UserID == row.ID {
				s.drop(id)
			}
		}
	}
}

func (s *Store) put(r db.SSHKey) {
	s.byID[r.ID] = Entry(r)
	s.byFingerprint[r.Fingerprint] = r.ID
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

// List is somebody's keys, or everybody's where userID is "", oldest first.
func (s *Store) List(userID string) []Entry {
	s.mu.RLock()
	list := []Entry{}
	for _, e := range s.byID {
		if userID == "" || e.UserID == userID {
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

// Add takes a key in from its authorized_keys line; an empty label becomes the line's comment. ErrBadKey, ErrTaken.
func (s *Store) Add(ctx context.Context, by audit.Actor, userID, label, line string) (Entry, error) {
	key, err := Parse(line)
	if err != nil {
		return Entry{}, err
	}
	row := db.SSHKey{ID: db.NewID(), UserID: userID, Label: labelFor(label, key), Public: key.Public,
		Fingerprint: key.Fingerprint, CreatedAt: s.now()}
	err = s.db.Write(ctx, func(tx *db.Tx) error {
		if err := tx.SSHKeys().Insert(ctx, row); err != nil {
			return err
		}
		return audit.Done(ctx, tx, by, "key.add", key.Fingerprint, userID)
	})
	switch {
	case errors.Is(err, db.ErrTaken):
		return Entry{}, ErrTaken
	case errors.Is(err, db.ErrInUse):
		return Entry{}, fmt.Errorf("%w: there is no such user", ErrBadKey)
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
		return audit.Done(ctx, tx, by, "key.remove", e.Fingerprint, e.UserID)
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
