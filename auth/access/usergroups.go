package access

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sort"
	"sync"
	"time"

	"jeton/db"
	"jeton/vcs/name"
)

// ErrNoUserGroup: there is no such user group.
var ErrNoUserGroup = errors.New("there is no such user group")

// UserGroup is people who are given permissions together.
type UserGroup struct {
	ID, Name, Description string
	// OwnerID is "" where nobody owns it.
	OwnerID string
	// GitTokensOnly: git takes its members' tokens and keys, not their passwords.
	GitTokensOnly bool
	CreatedAt     time.Time
}

// UserGroups is every user group, who is in it, and who may see and manage it. It answers from memory, which follows the
// database at once, and is safe for concurrent use.
type UserGroups struct {
	// Names are the rules for names; the zero value allows ASCII alone. It is set before the first use.
	Names name.Rules

	db     *db.DB
	cancel func()

	// mu guards what follows. byName has folded names; members are user ids by group id, nil until somebody asks; people are
	// the ids of everybody.
	mu      sync.RWMutex
	byID    map[string]UserGroup
	byName  map[string]string
	members map[string]map[string]bool
	words   words
	people  map[string]bool
}

// NewUserGroups reads all user groups, without the rest of a Directory. Close ends its following of the database.
func NewUserGroups(ctx context.Context, d *db.DB) (*UserGroups, error) {
	s := &UserGroups{db: d}
	var err error
	if s.cancel, err = follow(ctx, d, s); err != nil {
		return nil, fmt.Errorf("read user groups: %w", err)
	}
	return s, nil
}

// Close ends the following of the database.
func (s *UserGroups) Close() { s.cancel() }

func (s *UserGroups) take(r reading) {
	w := wordsOf(r, func(p db.Permission) bool { return p.OnUserGroupID != nil })
	s.mu.Lock()
	defer s.mu.Unlock()
	s.byID, s.byName, s.members = map[string]UserGroup{}, map[string]string{}, nil
	s.people = make(map[string]bool, len(r.users))
	for _, u := range r.users {
		s.people[u.ID] = true
	}
	for _, g := range r.userGroups {
		s.put(g)
	}
	s.words = w
}

func (s *UserGroups) follow(c db.Change) {
	s.mu.Lock()
	defer s.mu.Unlock()
	switch row := c.Row.(type) {
	case db.UserGroup:
		delete(s.byName, s.byID[row.ID].folded())
		if c.Deleted {
			delete(s.byID, row.ID)
			delete(s.members, row.ID)
			s.words.disband(row.ID)
			return
		}
		s.put(row)
	case db.UserGroupMember:
		if c.Deleted {
			s.leave(row)
			return
		}
		s.join(row)
	case db.Permission:
		switch {
		case row.OnUserGroupID == nil:
		case c.Deleted:
			s.words.take(row)
		default:
			s.words.give(row)
		}
	case db.User:
		s.followUser(row.ID, c.Deleted)
	}
}

func (s *UserGroups) followUser(id string, deleted bool) {
	if !deleted {
		s.people[id] = true
		return
	}
	delete(s.people, id)
	for _, groupID := range s.words.groups[id] {
		delete(s.members[groupID], id)
	}
	delete(s.words.groups, id)
	s.words.forget(id)
	for groupID, g := range s.byID {
		if g.OwnerID == id {
			g.OwnerID = ""
			s.byID[groupID] = g
		}
	}
}

func (s *UserGroups) put(g db.UserGroup) {
	s.byID[g.ID] = UserGroup{ID: g.ID, Name: g.Name, Description: g.Description, OwnerID: value(g.OwnerID),
		GitTokensOnly: g.GitTokensOnly, CreatedAt: g.CreatedAt}
	s.byName[g.FoldedName] = g.ID
}

func (s *UserGroups) join(m db.UserGroupMember) {
	s.enrol(m.UserGroupID, m.UserID)
	s.words.join(m)
}

// enrol notes a member, where members are known.
func (s *UserGroups) enrol(groupID, userID string) {
	if s.members == nil {
		return
	}
	if s.members[groupID] == nil {
		s.members[groupID] = map[string]bool{}
	}
	s.members[groupID][userID] = true
}

func (s *UserGroups) leave(m db.UserGroupMember) {
	delete(s.members[m.UserGroupID], m.UserID)
	s.words.leave(m)
}

func (g UserGroup) folded() string { return name.Fold(g.Name) }

// ByID finds one.
func (s *UserGroups) ByID(id string) (UserGroup, bool) {
	s.mu.RLock()
	defer s.mu.RUnlock()
	g, ok := s.byID[id]
	return g, ok
}

// ByName finds one by its name, compared as names are.
func (s *UserGroups) ByName(groupName string) (UserGroup, bool) {
	if len(groupName) > maxName {
		return UserGroup{}, false
	}
	folded := name.Fold(groupName)
	s.mu.RLock()
	defer s.mu.RUnlock()
	g, ok := s.byID[s.byName[folded]]
	return g, ok
}

// List is all of them, by name.
func (s *UserGroups) List() []UserGroup {
	s.mu.RLock()
	defer s.mu.RUnlock()
	list := make([]UserGroup, 0, len(s.byID))
	for _, g := range s.byID {
		list = append(list, g)
	}
	sort.Slice(list, func(i, j int) bool { return list[i].Name < list[j].Name })
	return list
}

// Members are the ids of those who are in a group, sorted.
func (s *UserGroups) Members(groupID string) []string {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.muster()
	list := make([]string, 0, len(s.members[groupID]))
	for id := range s.members[groupID] {
		list = append(list, id)
	}
	sort.Strings(list)
	return list
}

// muster finds out who is in each group, once: no decision asks that, and a start does not wait for it. The caller holds mu.
func (s *UserGroups) muster() {
	if s.members != nil {
		return
	}
	s.members = make(map[string]map[string]bool, len(s.byID))
	for userID, in := range s.words.groups {
		for _, groupID := range in {
			s.enrol(groupID, userID)
		}
	}
}

// Of are the ids of the groups that a person is in, sorted.
func (s *UserGroups) Of(userID string) []string {
	s.mu.RLock()
	defer s.mu.RUnlock()
	list := append([]string{}, s.words.groups[userID]...)
	sort.Strings(list)
	return list
}

// Level is what somebody may do with a user group: read shows it and who is in it, write adds and removes members, admin
// renames and deletes it and gives permissions on it. Administrators and its owner may do everything, others what they
// were given, and its members read it.
func (s *UserGroups) Level(u User, g UserGroup) Level {
	if u.ID == "" {
		return None
	}
	if u.Admin || u.ID == g.OwnerID {
		return Admin
	}
	s.mu.RLock()
	defer s.mu.RUnlock()
	level := s.words.level(u.ID, g.ID, nil)
	if level < Read && slices.Contains(s.words.groups[u.ID], g.ID) {
		return Read
	}
	return level
}

// Given lists what was given on a user group, in no order.
func (s *UserGroups) Given(groupID string) []Permission {
	s.mu.RLock()
	defer s.mu.RUnlock()
	return s.words.list(groupID, func(id string) bool { return s.people[id] })
}
