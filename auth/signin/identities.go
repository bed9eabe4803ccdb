package signin

import (
	"sync"

	"jeton/db"
)

// identities remember which source each person belongs to; they follow the database. Safe for concurrent use.
type identities struct {
	// mu guards the maps.
	mu        sync.RWMutex
	byUser    map[string]db.Identity
	bySubject map[subject]string // to the person's id
}

// subject is a source's lasting name of somebody.
type subject struct{ source, name string }

func newIdentities() *identities {
	return &identities{byUser: map[string]db.Identity{}, bySubject: map[subject]string{}}
}

// reset puts rows in the place of all that is remembered.
func (m *identities) reset(rows []db.Identity) {
	m.mu.Lock()
	defer m.mu.Unlock()
	clear(m.byUser)
	clear(m.bySubject)
	for _, row := range rows {
		m.put(row)
	}
}

func (m *identities) follow(c db.Change) {
	switch row := c.Row.(type) {
	case db.Identity:
		m.mu.Lock()
		defer m.mu.Unlock()
		m.drop(row.UserID)
		if !c.Deleted {
			m.put(row)
		}
	case db.User: // a deleted person's row went along
		if c.Deleted {
			m.mu.Lock()
			defer m.mu.Unlock()
			m.drop(row.ID)
		}
	}
}

func (m *identities) put(row db.Identity) {
	m.byUser[row.UserID] = row
	if row.Subject != nil {
		m.bySubject[subject{row.Source, *row.Subject}] = row.UserID
	}
}

func (m *identities) drop(userID string) {
	if old, ok := m.byUser[userID]; ok && old.Subject != nil {
		delete(m.bySubject, subject{old.Source, *old.Subject})
	}
	delete(m.byUser, userID)
}

// of is a person's identity; its Source is "" for this server's own.
func (m *identities) of(userID string) db.Identity {
	m.mu.RLock()
	defer m.mu.RUnlock()
	return m.byUser[userID]
}

// find is the person of a source's name; "" for nobody.
func (m *identities) find(source, name string) string {
	m.mu.RLock()
	defer m.mu.RUnlock()
	return m.bySubject[subject{source, name}]
}
