package people

import (
	"cmp"
	"errors"
	"fmt"
	"slices"
	"strings"

	"jeton/auth/access"
	"jeton/web/api/method"
)

// told is an error of a form, which RhodeCode answers as an object by argument; another is as failed has it.
func told(err error, format string, a ...any) error {
	for field, sorts := range map[string][]error{"username": {access.ErrBadName}, "email": {access.ErrBadEmail}, "password": {access.ErrBadPassword}} {
		for _, sort := range sorts {
			if errors.Is(err, sort) {
				return method.Fields(method.Invalid, map[string]string{field: sentence(err)})
			}
		}
	}
	return failed(err, format, a...)
}

// failed is RhodeCode's sentence with the reason behind it, where the reason is one for people; else it is a failure of
// the server.
func failed(err error, format string, a ...any) error {
	text := fmt.Sprintf(format, a...)
	for sort, code := range map[error]method.Code{
		access.ErrTaken: method.Conflict, access.ErrHolds: method.Conflict, access.ErrOwns: method.Conflict, access.ErrLastAdmin: method.Conflict,
		access.ErrBadName: method.Invalid, access.ErrBadEmail: method.Invalid, access.ErrBadText: method.Invalid, access.ErrBadPassword: method.Invalid,
		access.ErrNoUser: method.NotFound, access.ErrNoUserGroup: method.NotFound, access.ErrNoGroup: method.NotFound,
	} {
		if errors.Is(err, sort) {
			return method.Fail(code, "%s: %s", text, err)
		}
	}
	return fmt.Errorf("%s: %w", text, err)
}

// sentence begins with a capital and ends with a stop.
func sentence(err error) string {
	s := err.Error()
	return strings.ToUpper(s[:1]) + s[1:] + "."
}

// innermost are paths with those that lie in others before them.
func innermost(paths []string) []string {
	list := slices.Clone(paths)
	slices.SortFunc(list, func(a, b string) int {
		return cmp.Or(cmp.Compare(strings.Count(b, "/"), strings.Count(a, "/")), strings.Compare(a, b))
	})
	return list
}
