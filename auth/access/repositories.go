package access

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sort"
	"strings"
	"sync"

	"jeton/db"
	"jeton/vcs/name"
)

var (
	// ErrNoRepository: there is no such repository.
	ErrNoRepository = errors.New("there is no such repository")
	// ErrNoGroup: there is no such group of repositories.
	ErrNoGroup = errors.New("there is no such group of repositories")
)

// Repository is what decisions need to know of a repository.
type Repository struct {
	ID, Path, OwnerID string
	Private, Archived bool
	// Groups are the ids of the groups that it lies in, innermost first. The slice is shared: it must not be changed.
	Groups []string
}

// Group is a group of repositories.
type Group struct {
	ID, Path string
	// OwnerID is "" where nobody owns it.
	OwnerID string
	// Groups are the ids of the groups that it lies in, innermost first. The slice is shared: it must not be changed.
	Groups []string
}

// Repositories is every repository and group of repositories, and who was given what on them. It answers from memory,
// which follows the database at once, whoever writes there, and is safe for concurrent use.
type Repositories struct {
	// Names are the rules for paths; the zero value allows ASCII alone. It is set before the first use.
	Names name.Rules

	db     *db.DB
	cancel func()

	// mu guards what follows. people are folded user names by id.
	mu     sync.RWMutex
	tree   tree
	words  words
	notes  notes
	people map[string]string
}

// NewRepositories reads all repositories, groups and permissions, without the rest of a Directory. Close ends its following
// of the database.
func NewRepositories(ctx context.Context, d *db.DB) (*Repositories, error) {
	s := &Repositories{db: d}
	var err error
	if s.cancel, err = follow(ctx, d, s); err != nil {
		return nil, fmt.Errorf("read repositories: %w", err)
	}
	return s, nil
}

// Close ends the following of the database.
func (s *Repositories) Close() { s.cancel() }

func (s *Repositories) take(r reading) {
	t, w, n := treeOf(r), wordsOf(r, func(db.Permission) bool { return true }), notesOf(r)
	people := make(map[string]string, len(r.users))
	for _, u := range r.users {
		people[u.ID] = u.FoldedName
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.tree, s.words, s.notes, s.people = t, w, n, people
}

func (s *Repositories) follow(c db.Change) {
	s.mu.Lock()
	defer s.mu.Unlock()
	switch row := c.Row.(type) {
	case db.Group:
		s.followGroup(row, c.Deleted)
	case db.Repository:
		s.followRepository(row, c.Deleted)
	case db.OldName:
		s.tree.remember(row)
	case db.Permission:
		if c.Deleted {
			s.words.take(row)
			return
		}
		s.words.give(row)
	case db.UserGroupMember:
		if c.Deleted {
			s.words.leave(row)
			return
		}
		s.words.join(row)
	case db.UserGroup:
		if c.Deleted {
			s.words.disband(row.ID)
		}
	case db.User:
		s.followUser(row, c.Deleted)
	case db.Watch:
		s.notes.watch(row)
	case db.RepositoryLock:
		if c.Deleted {
			delete(s.notes.locks, row.RepositoryID)
			return
		}
		s.notes.lock(row)
	}
}

func (s *Repositories) followGroup(g db.Group, deleted bool) {
	if deleted {
		s.tree.dropGroup(g.ID)
		s.words.forget(g.ID)
		return
	}
	s.tree.putGroup(g)
}

// followRepository keeps what was given on a repository that can come back.
func (s *Repositories) followRepository(r db.Repository, deleted bool) {
	if deleted || r.DeletedAt != nil {
		s.tree.dropRepo(r.ID)
	} else {
		s.tree.putRepo(r)
	}
	if deleted {
		s.tree.forgetRepo(r.ID)
		s.words.forget(r.ID)
		s.notes.forget(r.ID)
	}
}

func (s *Repositories) followUser(u db.User, deleted bool) {
	if !deleted {
		s.people[u.ID] = u.FoldedName
		return
	}
	delete(s.people, u.ID)
	s.words.forget(u.ID)
	s.notes.forgetPerson(u.ID)
	delete(s.words.groups, u.ID)
	for _, b := range s.tree.groups {
		if b.OwnerID == u.ID {
			b.OwnerID = ""
		}
	}
}

// ByID finds one.
func (s *Repositories) ByID(id string) (Repository, bool) {
	s.mu.RLock()
	defer s.mu.RUnlock()
	return foundRepo(s.tree.repos[id])
}

// ByPath finds one by its path, compared as names are; where none lives there, the one that an old path leads to. Whoever
// asks sees by the answer's Path which it is, and must tell nobody of it who may not read it.
func (s *Repositories) ByPath(path string) (Repository, bool) {
	if !findable(path) {
		return Repository{}, false
	}
	folded := name.Fold(path)
	s.mu.RLock()
	defer s.mu.RUnlock()
	return foundRepo(s.tree.find(folded))
}

// Is tells whether a path is the repository's own, and not one that merely leads to it.
func (r Repository) Is(path string) bool {
	return path == r.Path || name.Fold(path) == name.Fold(r.Path)
}

// Group finds a group by its path, compared as names are.
func (s *Repositories) Group(path string) (Group, bool) {
	if !findable(path) {
		return Group{}, false
	}
	folded := name.Fold(path)
	s.mu.RLock()
	defer s.mu.RUnlock()
	return foundGroup(s.tree.findGroup(folded))
}

// GroupByID finds a group.
func (s *Repositories) GroupByID(id string) (Group, bool) {
	if id == db.RootGroup {
		return Group{}, false
	}
	s.mu.RLock()
	defer s.mu.RUnlock()
	return foundGroup(s.tree.groups[id])
}

// Groups is every group, by path.
func (s *Repositories) Groups() []Group {
	s.mu.RLock()
	list := make([]Group, 0, len(s.tree.groups))
	for _, b := range s.tree.groups {
		if b.ID != db.RootGroup {
			list = append(list, b.Group)
		}
	}
	s.mu.RUnlock()
	sort.Slice(list, func(i, j int) bool { return list[i].Path < list[j].Path })
	return list
}

// Below is all that lies in a group, however deep, by path.
func (s *Repositories) Below(groupID string) (groups []Group, repos []Repository) {
	s.mu.RLock()
	for _, b := range s.tree.groups {
		if slices.Contains(b.Groups, groupID) {
			groups = append(groups, b.Group)
		}
	}
	for _, l := range s.tree.repos {
		if slices.Contains(l.Groups, groupID) {
			repos = append(repos, l.Repository)
		}
	}
	s.mu.RUnlock()
	sort.Slice(groups, func(i, j int) bool { return groups[i].Path < groups[j].Path })
	sort.Slice(repos, func(i, j int) bool { return repos[i].Path < repos[j].Path })
	return groups, repos
}

// Level is what somebody may do with a repository: administrators, its owner and those of the groups above it
// everything, others what they were given, and everybody at least read where it is public. The zero User is a guest.
func (s *Repositories) Level(u User, r Repository) Level {
	s.mu.RLock()
	defer s.mu.RUnlock()
	return s.levelOf(u, r)
}

func (s *Repositories) levelOf(u User, r Repository) Level {
	level := None
	if u.ID != "" {
		if u.Admin || u.ID == r.OwnerID || s.owns(u.ID, r.Groups) {
			return Admin
		}
		level = s.words.level(u.ID, r.ID, r.Groups)
	}
	if level < Read && !r.Private {
		return Read
	}
	return level
}

// LevelOfGroup is what somebody may do with a group: administrators, its owner and those of the groups above it
// everything, others what they were given. Guests nothing.
func (s *Repositories) LevelOfGroup(u User, g Group) Level {
	if u.ID == "" {
		return None
	}
	s.mu.RLock()
	defer s.mu.RUnlock()
	if u.Admin || u.ID == g.OwnerID || s.owns(u.ID, g.Groups) {
		return Admin
	}
	return s.words.level(u.ID, g.ID, g.Groups)
}

func (s *Repositories) owns(userID string, groups []string) bool {
	for _, id := range groups {
		if b := s.tree.groups[id]; b != nil && b.OwnerID == userID {
			return true
		}
	}
	return false
}

// Readable is what somebody may read, by path.
func (s *Repositories) Readable(u User) []Repository {
	s.mu.RLock()
	list := []Repository{}
	for _, l := range s.tree.repos {
		if s.levelOf(u, l.Repository) >= Read {
			list = append(list, l.Repository)
		}
	}
	s.mu.RUnlock()
	sort.Slice(list, func(i, j int) bool { return list[i].Path < list[j].Path })
	return list
}

// Given lists what was given on a repository or group, by its id, in no order.
func (s *Repositories) Given(id string) []Permission {
	s.mu.RLock()
	defer s.mu.RUnlock()
	return s.words.list(id, s.isPerson)
}

// GivenTo is what a person or a user group was given, by the ids of repositories and groups.
func (s *Repositories) GivenTo(to Subject) map[string]Level {
	who := subjectKey(to.UserID + to.UserGroupID)
	all := map[string]Level{}
	s.mu.RLock()
	defer s.mu.RUnlock()
	for on, levels := range s.words.given {
		if l, spoke := levels[who]; spoke {
			all[on] = l
		}
	}
	return all
}

func (s *Repositories) isPerson(id string) bool { return s.people[id] != "" }

// above are the deepest group and the topmost one that live above a path; zero where there is none.
func (s *Repositories) above(path string) (deepest, top Group) {
	folded := name.Fold(path)
	s.mu.RLock()
	defer s.mu.RUnlock()
	id, _ := s.tree.descend(folded)
	if id == db.RootGroup {
		return Group{}, Group{}
	}
	deepest, _ = foundGroup(s.tree.groups[id])
	if len(deepest.Groups) == 0 {
		return deepest, deepest
	}
	top, _ = foundGroup(s.tree.groups[deepest.Groups[len(deepest.Groups)-1]])
	return deepest, top
}

// belongsToAnother tells whether a segment is the name of a person other than this one.
func (s *Repositories) belongsToAnother(u User, segment string) bool {
	folded := name.Fold(segment)
	if folded == name.Fold(u.Name) {
		return false
	}
	s.mu.RLock()
	defer s.mu.RUnlock()
	for _, person := range s.people {
		if person == folded {
			return true
		}
	}
	return false
}

// findable bounds what is looked for: paths have no more bytes and segments, and old names are tried at each.
func findable(path string) bool {
	return len(path) <= maxName && strings.Count(path, "/") < 10
}

func foundRepo(l *leaf) (Repository, bool) {
	if l == nil {
		return Repository{}, false
	}
	return l.Repository, true
}

func foundGroup(b *branch) (Group, bool) {
	if b == nil {
		return Group{}, false
	}
	return b.Group, true
}
