package access

import (
	"fmt"
	"strings"
)

// Level is what somebody may do with a repository; each holds the ones before it.
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

// ParseLevel reads a level's name, also with RhodeCode's prefix as in repository.read.
func ParseLevel(s string) (Level, error) {
	word := strings.TrimPrefix(s, "repository.")
	for _, l := range []Level{None, Read, Write, Admin} {
		if word == l.String() {
			return l, nil
		}
	}
	return None, fmt.Errorf("%q is no permission: it is one of none, read, write, admin", s)
}

// CreateRule says who, besides administrators, may make repositories.
type CreateRule string

// The rules.
const (
	CreateOwn    CreateRule = "own"    // below a first segment that is one's own user name
	CreateAnyone CreateRule = "anyone" // anywhere, whoever is signed in
	CreateAdmins CreateRule = "admins" // administrators alone
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
