package access

import (
	"fmt"
	"strings"
)

// Level is what somebody may do with a repository, a group of repositories or a user group; each holds the ones before it.
type Level int

// The levels.
const (
	None Level = iota
	Read
	Write
	Admin
)

// String is none, read, write or admin.
func (l Level) String() string {
	switch l {
	case Read:
		return "read"
	case Write:
		return "write"
	case Admin:
		return "admin"
	}
	return "none"
}

// ParseLevel reads a level's name, also with RhodeCode's prefix, as in repository.read, group.write and usergroup.admin.
func ParseLevel(s string) (Level, error) {
	word := s
	if prefix, rest, ok := strings.Cut(s, "."); ok && (prefix == "repository" || prefix == "group" || prefix == "usergroup") {
		word = rest
	}
	for _, l := range []Level{None, Read, Write, Admin} {
		if word == l.String() {
			return l, nil
		}
	}
	return None, fmt.Errorf("%q is no permission: it is one of none, read, write, admin", s)
}
