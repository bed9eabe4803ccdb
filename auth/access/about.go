package access

import (
	"slices"
	"sort"
	"time"

	"jeton/db"
)

// About is what people are told of a repository and no decision looks at.
type About struct {
	Description string
	CreatedAt   time.Time
	// ForkOf is the id of the repository that it was forked from; "" for none that lives.
	ForkOf string
}

// Lock is that one person alone may push to a repository.
type Lock struct {
	UserID string
	// Reason is what brought it about, in a word.
	Reason string
	At     time.Time
}

// Locked is a repository with its lock.
type Locked struct {
	Repository
	Lock Lock
}

// notes are what was said of repositories by people: who watches them, and who has locked them, by their ids. They are
// guarded by whoever holds them.
type notes struct {
	locks map[string]Lock
	// watching tells whose journal shows a repository (true) and whose does not.
	watching map[string]map[string]bool
}

func notesOf(r reading) notes {
	n := notes{locks: map[string]Lock{}, watching: map[string]map[string]bool{}}
	for _, l := range r.locks {
		n.lock(l)
	}
	for _, w := range r.watches {
		n.watch(w)
	}
	return n
}

func (n notes) lock(l db.RepositoryLock) {
	n.locks[l.RepositoryID] = Lock{UserID: l.UserID, Reason: l.Reason, At: l.LockedAt}
}

func (n notes) watch(w db.Watch) {
	of := n.watching[w.RepositoryID]
	if of == nil {
		of = map[string]bool{}
		n.watching[w.RepositoryID] = of
	}
	of[w.UserID] = w.Watching
}

// forget drops what was said of a repository that is gone.
func (n notes) forget(repoID string) {
	delete(n.locks, repoID)
	delete(n.watching, repoID)
}

// forgetPerson drops what somebody has said who is gone.
func (n notes) forgetPerson(userID string) {
	for repoID, l := range n.locks {
		if l.UserID == userID {
			delete(n.locks, repoID)
		}
	}
	for repoID, of := range n.watching {
		if delete(of, userID); len(of) == 0 {
			delete(n.watching, repoID)
		}
	}
}

// About is what people are told of a repository that lives.
func (s *Repositories) About(id string) (About, bool) {
	s.mu.RLock()
	defer s.mu.RUnlock()
	l := s.tree.repos[id]
	if l == nil {
		return About{}, false
	}
	a := l.about
	if s.tree.repos[a.ForkOf] == nil {
		a.ForkOf = ""
	}
	return a, true
}

// List is every repository, by path.
func (s *Repositories) List() []Repository {
	s.mu.RLock()
	list := make([]Repository, 0, len(s.tree.repos))
	for _, l := range s.tree.repos {
		list = append(list, l.Repository)
	}
	s.mu.RUnlock()
	sort.Slice(list, func(i, j int) bool { return list[i].Path < list[j].Path })
	return list
}

// Forks are the repositories that were forked from one, by path.
func (s *Repositories) Forks(id string) []Repository {
	s.mu.RLock()
	var list []Repository
	for _, l := range s.tree.repos {
		if l.about.ForkOf == id {
			list = append(list, l.Repository)
		}
	}
	s.mu.RUnlock()
	sort.Slice(list, func(i, j int) bool { return list[i].Path < list[j].Path })
	return list
}

// Watchers are the ids of those whose journal shows the pushes to a repository, sorted: who has said so, and its owner
// unless they have said that they do not.
func (s *Repositories) Watchers(r Repository) []string {
	s.mu.RLock()
	defer s.mu.RUnlock()
	said := s.notes.watching[r.ID]
	list := make([]string, 0, len(said)+1)
	for userID, watching := range said {
		if watching {
			list = append(list, userID)
		}
	}
	if _, spoke := said[r.OwnerID]; !spoke {
		list = append(list, r.OwnerID)
	}
	slices.Sort(list)
	return list
}

// LockOf is the lock of a repository; false where it has none.
func (s *Repositories) LockOf(repoID string) (Lock, bool) {
	s.mu.RLock()
	defer s.mu.RUnlock()
	l, locked := s.notes.locks[repoID]
	return l, locked
}

// Locks are the repositories that somebody has locked, by path.
func (s *Repositories) Locks(userID string) []Locked {
	s.mu.RLock()
	list := []Locked{}
	for repoID, lock := range s.notes.locks {
		if l := s.tree.repos[repoID]; l != nil && lock.UserID == userID {
			list = append(list, Locked{l.Repository, lock})
		}
	}
	s.mu.RUnlock()
	sort.Slice(list, func(i, j int) bool { return list[i].Path < list[j].Path })
	return list
}
