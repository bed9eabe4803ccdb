// Package control lets commands act on a data folder, whether or not a server runs over it.
//
//	command ──► is the folder's lock free? ──yes──► open the folder, call the operation here
//	                    └─ no ──► POST /op/NAME over the unix socket ──► the server calls the same operation
//
// An operation is a function registered under a name; there is one registry, so that a command does the same in both
// cases. The socket is the folder owner's alone (mode 0600): whoever can open it could change the database as well, so
// it asks for no credential. The package knows no operation itself.
package control

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"sort"
)

// The codes of errors, which survive the way over the socket.
const (
	NotFound = "not_found"
	Taken    = "taken"
	Invalid  = "invalid"
	Refused  = "refused"
	Internal = "internal"
	Unknown  = "unknown_operation"
)

// Error is how an operation fails: a code for programs and a sentence for people.
type Error struct {
	Code    string `json:"code"`
	Message string `json:"message"`
}

func (e *Error) Error() string { return e.Message }

// Fail makes an Error from a sentence.
func Fail(code, format string, args ...any) error {
	return &Error{Code: code, Message: fmt.Sprintf(format, args...)}
}

// AsError is the Error in err, or err as one of code Internal.
func AsError(err error) *Error {
	var e *Error
	if errors.As(err, &e) {
		return e
	}
	return &Error{Code: Internal, Message: err.Error()}
}

// Operation does one thing for an operator, the name of the person at the keyboard. args and result are JSON values.
type Operation func(ctx context.Context, operator string, args json.RawMessage) (any, error)

// Registry is the operations by name. It is filled before it is used, and not changed afterwards.
type Registry map[string]Operation

// Handle registers a function with typed arguments. Unknown arguments are an error, because they are what another version
// of the program meant and this one would pass over.
func Handle[A, R any](r Registry, name string, f func(ctx context.Context, operator string, args A) (R, error)) {
	r[name] = func(ctx context.Context, operator string, raw json.RawMessage) (any, error) {
		var args A
		if err := strictly(raw, &args); err != nil {
			return nil, Fail(Invalid, "arguments of %s: %v", name, err)
		}
		return f(ctx, operator, args)
	}
}

// Names lists the operations, sorted.
func (r Registry) Names() []string {
	var names []string
	for n := range r {
		names = append(names, n)
	}
	sort.Strings(names)
	return names
}

// Caller calls operations: the registry itself, or a Client of a server that holds it.
type Caller interface {
	// Call calls an operation with args as JSON and reads its result into result, unless that is nil.
	// Errors of the operation are *Error.
	Call(ctx context.Context, name string, args, result any) error
}

// Local calls operations in this process.
type Local struct {
	Registry Registry
	Operator string
}

// Call implements Caller. Arguments and result go through JSON here too, so that both ways behave alike.
func (l Local) Call(ctx context.Context, name string, args, result any) error {
	raw, err := json.Marshal(args)
	if err != nil {
		return fmt.Errorf("write the arguments of %s: %w", name, err)
	}
	op, ok := l.Registry[name]
	if !ok {
		return Fail(Unknown, "there is no operation %s", name)
	}
	out, err := op(ctx, l.Operator, raw)
	if err != nil {
		return AsError(err)
	}
	if result == nil {
		return nil
	}
	if raw, err = json.Marshal(out); err != nil {
		return fmt.Errorf("write the result of %s: %w", name, err)
	}
	return json.Unmarshal(raw, result)
}
