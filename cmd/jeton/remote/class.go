package remote

import (
	"fmt"
	"net/http"
	"strings"

	"jeton/web/api/method"
)

// Class is what sort of error it is; the program's exit status follows from it.
type Class string

// The classes.
const (
	Invalid     Class = "invalid"     // the call was not understood, here or there
	NotFound    Class = "not_found"   // what was named is not there, or not for this token
	Taken       Class = "taken"       // a name is taken, or what is there does not allow it
	Refused     Class = "refused"     // the token, or a rule
	Busy        Class = "busy"        // over a limit, or not now
	Unreachable Class = "unreachable" // no server, or nothing of an API at its address
	Failed      Class = "failed"      // whatever else
)

// Error is why a call came to nothing, in a sentence for people.
type Error struct {
	Class   Class
	Message string
}

func (e *Error) Error() string { return e.Message }

func fail(c Class, format string, args ...any) error {
	return &Error{c, fmt.Sprintf(format, args...)}
}

// codes are the classes of the API's codes.
var codes = map[method.Code]Class{
	method.Invalid: Invalid, method.TooLarge: Invalid, method.BadMethod: Invalid, method.Credential: Refused, method.Denied: Refused,
	method.NotFound: NotFound, method.Conflict: Taken, method.Limited: Busy, method.Unavailable: Busy, method.Failed: Failed,
}

// words are how texts of RhodeCode's servers tell what sort of error they are, for servers that do not say it.
var words = []struct {
	part  string
	class Class
}{
	{"does not exist", NotFound}, {"not found", NotFound}, {"No such method", Invalid}, {"Missing non optional", Invalid},
	{"Invalid API KEY", Refused}, {"bad role", Refused}, {"IP:", Refused}, {"access not allowed", Refused}, {"permission", Refused},
	{"already exist", Taken}, {"already in", Taken},
}

// classOf is the class of a server's error.
func classOf(answer *http.Response, message string) Class {
	if c, ok := codes[method.Code(answer.Header.Get(method.CodeHeader))]; ok {
		return c
	}
	switch answer.StatusCode {
	case http.StatusTooManyRequests, http.StatusServiceUnavailable:
		return Busy
	}
	for _, w := range words {
		if strings.Contains(message, w.part) {
			return w.class
		}
	}
	return Failed
}
