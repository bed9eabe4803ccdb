package access

import (
	"sort"
	"time"

	"jeton/db"
)

// AboutGroup is what people are told of a group of repositories and no decision looks at.
type AboutGroup struct {
	Description string
	CreatedAt   time.Time
}

// AboutGroup is what people are told of a group that lives; nothing of one that does not.
func (s *Repositories) AboutGroup(id string) AboutGroup {
	s.mu.RLock()
	defer s.mu.RUnlock()
	if b := s.tree.groups[id]; b != nil && id != db.RootGroup {
		return b.about
	}
	return AboutGroup{}
}

// In are the repositories that lie in groups themselves, not in groups in those, by the groups' ids and then by path.
func (s *Repositories) In(groupIDs ...string) map[string][]Repository {
	in := make(map[string][]Repository, len(groupIDs))
	for _, id := range groupIDs {
		in[id] = nil
	}
	s.mu.RLock()
	for _, l := range s.tree.repos {
		if list, asked := in[l.at.group]; asked {
			in[l.at.group] = append(list, l.Repository)
		}
	}
	s.mu.RUnlock()
	for _, list := range in {
		sort.Slice(list, func(i, j int) bool { return list[i].Path < list[j].Path })
	}
	return in
}

// Count is how many repositories live.
func (s *Repositories) Count() int {
	s.mu.RLock()
	defer s.mu.RUnlock()
	return len(s.tree.repos)
}
