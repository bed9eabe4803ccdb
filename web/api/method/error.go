package method

import (
	"fmt"
	"net/http"
	"strings"
	"time"

	"jeton/auth/mask"
	"jeton/vcs/wire"
)

// Code is what sort of error it is: the status of REST-shaped routes and the exit status of the client follow from it.
type Code string

// The codes.
const (
	Invalid     Code = "invalid"
	Credential  Code = "credential" // none, or one that opens nothing
	Denied      Code = "denied"
	NotFound    Code = "not_found"
	BadMethod   Code = "bad_method" // of HTTP
	Conflict    Code = "conflict"
	TooLarge    Code = "too_large"
	Limited     Code = "limited"
	Unavailable Code = "unavailable"
	Failed      Code = "failed"
)

// CodeHeader is where an answer says the code of its error beside RhodeCode's frame, which has no place for it.
const CodeHeader = "Jeton-Error"

// Status is the code's HTTP status, for REST-shaped routes.
func (c Code) Status() int {
	switch c {
	case Invalid:
		return http.StatusBadRequest
	case Credential:
		return http.StatusUnauthorized
	case Denied:
		return http.StatusForbidden
	case NotFound:
		return http.StatusNotFound
	case BadMethod:
		return http.StatusMethodNotAllowed
	case Conflict:
		return http.StatusConflict
	case TooLarge:
		return http.StatusRequestEntityTooLarge
	case Limited:
		return http.StatusTooManyRequests
	case Unavailable:
		return http.StatusServiceUnavailable
	}
	return http.StatusInternalServerError
}

// Error is what a client is told, as Told has it.
type Error struct {
	Code Code
	Text string
	// Fields are errors of arguments by their names, which RhodeCode answers as an object in the place of a text; nil where
	// there are none.
	Fields map[string]string
	// RetryAfter is when to come again; 0 where that is not known.
	RetryAfter time.Duration
}

func (e *Error) Error() string {
	if e.Text == "" && len(e.Fields) > 0 {
		return fmt.Sprint(e.Fields)
	}
	return e.Text
}

// Told is the error as its client reads it; fields are nil where there are none. What a client sent is escaped in it, and
// tokens are masked, since neither belongs on anybody's terminal.
func (e *Error) Told() (text string, fields map[string]string) {
	if len(e.Fields) > 0 {
		fields = make(map[string]string, len(e.Fields))
	}
	for name, text := range e.Fields {
		fields[safe(name)] = safe(text)
	}
	return safe(e.Error()), fields
}

// maxText is how much of a text is told, in bytes: it may hold what a client sent.
const maxText = 4 << 10

func safe(text string) string {
	if len(text) > maxText {
		text = strings.ToValidUTF8(text[:maxText], "") + "…"
	}
	return mask.Tokens(wire.Escape(text))
}

// Fail is an error whose text the client reads. Any other error of a method is a failure of the server, which is logged.
func Fail(c Code, format string, a ...any) error {
	return &Error{Code: c, Text: fmt.Sprintf(format, a...)}
}

// Fields is an error of arguments, as RhodeCode answers it where it has checked a form: an object of texts by argument.
func Fields(c Code, fields map[string]string) error { return &Error{Code: c, Fields: fields} }

// NoRepository: there is none, or this caller may not do this with it, which is one and the same.
func NoRepository(ref Ref) error { return Fail(NotFound, "repository `%s` does not exist", ref) }

// NoGroup is the same of a group of repositories.
func NoGroup(ref Ref) error { return Fail(NotFound, "repository group `%s` does not exist", ref) }

// NoUserGroup is the same of a user group.
func NoUserGroup(ref Ref) error { return Fail(NotFound, "user group `%s` does not exist", ref) }

// NoUser is the same of a person.
func NoUser(ref Ref) error { return Fail(NotFound, "user `%s` does not exist", ref) }
