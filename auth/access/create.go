package access

import (
	"fmt"
	"strings"

	"jeton/vcs/name"
)

// CreateRule says who, besides administrators and whoever may write to a group, may make repositories.
type CreateRule string

// The rules.
const (
	CreateOwn    CreateRule = "own"    // below a first segment that is one's own user name
	CreateAnyone CreateRule = "anyone" // besides, wherever no group is yet
	CreateAdmins CreateRule = "admins" // nobody else
)

// ParseCreateRule reads the setting repos.create; "" means own.
func ParseCreateRule(s string) (CreateRule, error) {
	switch c := CreateRule(s); c {
	case "":
		return CreateOwn, nil
	case CreateOwn, CreateAnyone, CreateAdmins:
		return c, nil
	}
	return "", fmt.Errorf("repos.create is %q: it must be own, anyone or admins", s)
}

// MayCreate tells whether somebody may make a repository at a path that is valid, with the groups that it lacks: in a
// group to which they may write, else by the rule. Guests never may.
func (s *Repositories) MayCreate(u User, c CreateRule, path string) bool {
	if u.ID == "" {
		return false
	}
	if _, err := s.Names.Repository(path); err != nil {
		return false
	}
	deepest, top := s.above(path)
	if u.Admin || deepest.ID != "" && s.LevelOfGroup(u, deepest) >= Write {
		return true
	}
	first, _, below := strings.Cut(path, "/")
	own := below && name.Fold(first) == name.Fold(u.Name)
	switch c {
	case CreateAnyone:
		return own && top.OwnerID == "" || deepest.ID == "" && !s.belongsToAnother(u, first)
	case CreateOwn, "":
		// A group of one's name that somebody else owns was not made for one.
		return own && top.OwnerID == ""
	}
	return false
}
