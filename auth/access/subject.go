package access

import (
	"errors"

	"jeton/db"
)

// ErrBadPermission: a permission is about no one thing, or for no one subject.
var ErrBadPermission = errors.New("a permission is about one repository or group, and for one user, one user group or everyone")

// Subject is who is given something: exactly one of a person, a user group, and everyone who has signed in (no guests, and
// no key or token that belongs to no person).
type Subject struct {
	UserID, UserGroupID string
	Everyone            bool
}

// Object is what something is given on: exactly one of a repository, a group of repositories and a user group.
type Object struct{ RepositoryID, GroupID, UserGroupID string }

// Permission is what one subject was given on one object.
type Permission struct {
	To    Subject
	Level Level
}

// row is the permission as the database keeps it.
func row(on Object, to Subject) (db.Permission, error) {
	p := db.Permission{RepositoryID: pointer(on.RepositoryID), GroupID: pointer(on.GroupID), OnUserGroupID: pointer(on.UserGroupID),
		UserID: pointer(to.UserID), UserGroupID: pointer(to.UserGroupID)}
	if count(p.RepositoryID != nil, p.GroupID != nil, p.OnUserGroupID != nil) != 1 ||
		count(p.UserID != nil, p.UserGroupID != nil, to.Everyone) != 1 {
		return p, ErrBadPermission
	}
	return p, nil
}

func count(all ...bool) int {
	n := 0
	for _, is := range all {
		if is {
			n++
		}
	}
	return n
}

// pointer is nil for "".
func pointer(s string) *string {
	if s == "" {
		return nil
	}
	return &s
}

// value is "" for nil.
func value(s *string) string {
	if s == nil {
		return ""
	}
	return *s
}
