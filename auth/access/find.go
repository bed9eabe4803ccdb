package access

import "strings"

// Find is the person with an id or a name. What has the form of an id is looked for as one first.
func (s *Users) Find(ref string) (User, bool) { return find(ref, s.ByID, s.ByName) }

// Find is the repository with an id or at a path, as it was typed.
func (s *Repositories) Find(ref string) (Repository, bool) { return find(ref, s.ByID, s.ByPath) }

// FindGroup is the group of repositories with an id or at a path.
func (s *Repositories) FindGroup(ref string) (Group, bool) { return find(ref, s.GroupByID, s.Group) }

// Find is the user group with an id or a name.
func (s *UserGroups) Find(ref string) (UserGroup, bool) { return find(ref, s.ByID, s.ByName) }

func find[T any](ref string, byID, byName func(string) (T, bool)) (T, bool) {
	if looksLikeID(ref) {
		if found, ok := byID(ref); ok {
			return found, true
		}
	}
	return byName(ref)
}

// looksLikeID tells whether a text has the form that db.NewID gives: 26 characters a-z2-7.
func looksLikeID(ref string) bool {
	return len(ref) == 26 && strings.Trim(ref, "abcdefghijklmnopqrstuvwxyz234567") == ""
}
