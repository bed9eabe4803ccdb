package api

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"unicode/utf8"

	"github.com/go-json-experiment/json/jsontext"

	"jeton/web/api/method"
)

const (
	// maxDepth is how deep objects and lists may stand in each other, the request's own two among them.
	maxDepth = 64
	// maxID is the longest id, in bytes of JSON; it is sent back as it came.
	maxID = 1024
	// maxMethod is the longest name that is looked for, in bytes.
	maxMethod = 100
)

// null is the id of an answer to a request whose own could not be read.
var null = json.RawMessage("null")

// frame is a request as it was read. Keys count by exact case; others than these are passed over.
type frame struct {
	// ID is null where it was not read.
	ID json.RawMessage
	// Credentials are what stands in auth_token and api_key.
	Credentials []string
	Method      string
	Args        method.Values

	given map[string]bool
}

// read reads a request's body strictly: one object, in UTF-8, no key twice in one object, nothing behind it. Whatever it
// refuses, ID holds the request's where that could be read. Its error is a *method.Error.
func read(body []byte) (frame, error) {
	f := frame{ID: null, Args: method.Values{}, given: map[string]bool{}}
	if err := object(body, f.member); err != nil {
		if twice := (*twiceError)(nil); errors.As(err, &twice) && twice.key == "/id" {
			f.ID = null // which of them it is, nobody can say
		}
		return f, err
	}
	return f, f.complete()
}

// readArguments reads a body that is arguments and nothing else, as strictly as read.
func readArguments(body []byte) (method.Values, error) {
	v := method.Values{}
	err := object(body, func(key string, raw jsontext.Value) error {
		v[key] = json.RawMessage(bytes.Clone(raw))
		return nil
	})
	return v, err
}

// object reads one object, and hands each key to member, whose error may be one for the client: the rest is read then
// nevertheless, and the first of them is the answer. Its error holds a *method.Error.
func object(body []byte, member func(key string, raw jsontext.Value) error) error {
	switch trimmed := bytes.TrimLeft(body, " \t\r\n"); {
	case len(trimmed) == 0:
		return method.Fail(method.Invalid, "Content-Length is 0")
	case bytes.HasPrefix(trimmed, []byte("\xef\xbb\xbf")):
		return bad("it begins with a byte order mark; send UTF-8 without one")
	case trimmed[0] == '[':
		return method.Fail(method.Invalid, "A list of calls came in one request, and batches are not taken. Send one call a request.")
	case trimmed[0] != '{':
		return bad("it is no object")
	}
	d := jsontext.NewDecoder(bytes.NewBuffer(body))
	wrong, err := members(d, member)
	if err == nil {
		_, err = d.ReadToken()
	}
	switch {
	case err == nil:
		return bad("something stands behind the object")
	case err != io.EOF:
		return broken(body, err)
	}
	return wrong
}

// members reads an object's keys and values. wrong is the first error of member, err is JSON that cannot be read.
func members(d *jsontext.Decoder, member func(key string, raw jsontext.Value) error) (wrong, err error) {
	_, err = d.ReadToken()
	for err == nil && d.PeekKind() != '}' {
		var name jsontext.Token
		if name, err = d.ReadToken(); err != nil {
			break
		}
		key := name.String()
		raw, failed := d.ReadValue()
		if failed != nil {
			return wrong, failed
		}
		told := tooDeep(raw)
		if told == nil {
			told = member(key, raw)
		}
		if wrong == nil {
			wrong = told
		}
	}
	if err == nil {
		_, err = d.ReadToken()
	}
	return wrong, err
}

// member takes one key of the request.
func (f *frame) member(key string, raw jsontext.Value) error {
	f.given[key] = true
	switch key {
	case "id":
		if len(raw) > maxID {
			return method.Fail(method.Invalid, "`id` is longer than %d bytes", maxID)
		}
		f.ID = bytes.Clone(raw)
	case "auth_token", "api_key":
		return f.credential(key, raw)
	case "method":
		if raw[0] != '"' || json.Unmarshal(raw, &f.Method) != nil {
			return method.Fail(method.Invalid, "`method` must be a string")
		}
	case "args":
		return f.arguments(raw)
	}
	return nil
}

// credential takes a token out of the body. What counts as false is none, as in RhodeCode.
func (f *frame) credential(key string, raw jsontext.Value) error {
	switch string(raw) {
	case "null", `""`:
		return nil
	}
	var secret string
	if raw[0] != '"' || json.Unmarshal(raw, &secret) != nil {
		return method.Fail(method.Credential, "Invalid API KEY: `%s` must be a string", key)
	}
	f.Credentials = append(f.Credentials, secret)
	return nil
}

// arguments takes the arguments apart. RhodeCode takes whatever is no object for none; here an empty list and null are.
func (f *frame) arguments(raw jsontext.Value) error {
	switch {
	case string(raw) == "null" || raw[0] == '[' && len(bytes.Trim(raw, "[] \t\r\n")) == 0:
		return nil
	case raw[0] != '{':
		return method.Fail(method.Invalid, "`args` must be an object that names each argument")
	}
	if err := json.Unmarshal(raw, &f.Args); err != nil {
		return bad("`args` cannot be read")
	}
	return nil
}

// complete asks for the keys that every request has, in RhodeCode's order and words.
func (f *frame) complete() error {
	for _, key := range []string{"id", "method", "args"} {
		if !f.given[key] {
			return method.Fail(method.Invalid, "Incorrect JSON data. Missing '%s'", key)
		}
	}
	return nil
}

// tooDeep counts brackets outside of strings; the object that the value stands in is one level.
func tooDeep(raw []byte) error {
	depth, quoted := 1, false
	for i := 0; i < len(raw); i++ {
		switch c := raw[i]; {
		case quoted && c == '\\':
			i++
		case c == '"':
			quoted = !quoted
		case quoted:
		case c == '{' || c == '[':
			if depth++; depth > maxDepth {
				return method.Fail(method.Invalid, "Objects and lists stand more than %d deep in each other. Send a flatter request.", maxDepth)
			}
		case c == '}' || c == ']':
			depth--
		}
	}
	return nil
}

// broken says what is wrong with JSON that could not be read, and where, but nothing of what stands there.
func broken(body []byte, err error) error {
	at, key := len(body), ""
	var syntax *jsontext.SyntacticError
	if errors.As(err, &syntax) {
		at, key = int(syntax.ByteOffset), string(syntax.JSONPointer)
	}
	what := "a character that is not expected there"
	switch {
	case errors.Is(err, jsontext.ErrDuplicateName):
		return &twiceError{bad(fmt.Sprintf("a key that stands there twice in one object, at byte %d", at)), key}
	case errors.Is(err, io.ErrUnexpectedEOF):
		what = "the end, too early"
	case !utf8.Valid(body):
		what = "bytes that are not UTF-8"
	}
	return bad(fmt.Sprintf("%s, at byte %d", what, at))
}

// twiceError is the error of a key that stands twice in one object, at a JSON pointer (RFC 6901).
type twiceError struct {
	error
	key string
}

// Unwrap is the *method.Error.
func (e *twiceError) Unwrap() error { return e.error }

func bad(what string) error { return method.Fail(method.Invalid, "JSON parse error ERR:%s", what) }
