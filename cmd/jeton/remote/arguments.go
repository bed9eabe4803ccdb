package remote

import (
	"bytes"
	"encoding/json"
	"io"
	"os"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"

	"jeton/vcs/wire"
	"jeton/web/api/method"
)

// maxValue bounds what is read from a file or from standard input for one argument, in bytes.
const maxValue = 64 << 20

// Arguments are what stands behind a method on the command line, read into JSON by the method's declaration.
//
//	key:value     by the argument's type; a list may be JSON, or be given by saying its key again
//	key:@file     the same, out of a file
//	key:-         the same, out of standard input
//	key:=JSON     JSON as it is, for what begins with @, - or =, and for null
type Arguments struct {
	// Method is the declaration; nil where this program has none. Then, and for arguments that the declaration has not, a
	// value is JSON where it can be read as that, else a string.
	Method *method.Method
	// Stdin is what "-" stands for.
	Stdin io.Reader

	values map[string]json.RawMessage
	lists  map[string][]string
	// taken tells that standard input was read.
	taken bool
}

// Read reads all words of a call. unknown are the arguments that the declaration has not.
func (a *Arguments) Read(words []string) (values map[string]json.RawMessage, unknown []string, err error) {
	a.values, a.lists = map[string]json.RawMessage{}, map[string][]string{}
	for _, word := range words {
		key, text, ok := strings.Cut(word, ":")
		if !ok || key == "" {
			return nil, nil, fail(Invalid, "%q is not key:value", wire.Escape(word))
		}
		arg, known := a.declared(key)
		if !known {
			arg = method.Arg{Name: key, Type: method.Any}
			if a.Method != nil {
				unknown = append(unknown, key)
			}
		}
		if err := a.add(key, text, arg); err != nil {
			return nil, nil, err
		}
	}
	return a.values, unknown, nil
}

// declared is the declaration of an argument, by its name or an older one.
func (a *Arguments) declared(key string) (method.Arg, bool) {
	if a.Method == nil {
		return method.Arg{}, false
	}
	i := slices.IndexFunc(a.Method.Args, func(arg method.Arg) bool { return arg.Name == key || slices.Contains(arg.Aliases, key) })
	if i < 0 {
		return method.Arg{}, false
	}
	return a.Method.Args[i], true
}

// add reads one argument.
func (a *Arguments) add(key, text string, arg method.Arg) error {
	_, twice := a.values[key]
	raw, err := a.raw(key, text, arg)
	if err != nil {
		return err
	}
	if raw != nil { // key:=JSON, or a list in JSON
		if twice {
			return fail(Invalid, "%s is there twice", wire.Escape(key))
		}
		a.values[key] = raw
		return nil
	}
	if text, err = a.content(key, text); err != nil {
		return err
	}
	if arg.Type == method.Strings {
		return a.addToList(key, text, arg, twice)
	}
	if twice {
		return fail(Invalid, "%s is there twice", wire.Escape(key))
	}
	a.values[key], err = typed(key, text, arg.Type)
	return err
}

// raw is what stands behind := and nil where nothing does.
func (a *Arguments) raw(key, text string, arg method.Arg) (json.RawMessage, error) {
	text, ok := strings.CutPrefix(text, "=")
	if !ok {
		return nil, nil
	}
	if !json.Valid([]byte(text)) {
		return nil, fail(Invalid, "%s: what stands behind := is not JSON; a text that begins with = is written %s", wire.Escape(key),
			wire.Escape(key)+":="+quote("="+text))
	}
	return json.RawMessage(text), nil
}

// content is the value, out of a file or standard input where it says so.
func (a *Arguments) content(key, text string) (string, error) {
	var from io.Reader
	switch {
	case text == "-" && a.taken:
		return "", fail(Invalid, "%s: standard input was read already", wire.Escape(key))
	case text == "-":
		from, a.taken = a.Stdin, true
	case strings.HasPrefix(text, "@"):
		f, err := os.Open(text[1:])
		if err != nil {
			return "", fail(Invalid, "%s: %v; a text that begins with @ is written %s", wire.Escape(key), err, wire.Escape(key)+":="+quote(text))
		}
		defer func() { _ = f.Close() }()
		from = f
	default:
		from = strings.NewReader(text)
	}
	b, err := io.ReadAll(io.LimitReader(from, maxValue+1))
	switch {
	case err != nil:
		return "", fail(Invalid, "%s: %v", wire.Escape(key), err)
	case len(b) > maxValue:
		return "", fail(Invalid, "%s: it is larger than %d MiB", wire.Escape(key), maxValue>>20)
	case !utf8.Valid(b):
		return "", fail(Invalid, "%s: it is not UTF-8, and the API knows texts alone", wire.Escape(key))
	}
	return string(b), nil
}

// addToList adds to a list: a list in JSON, or one more element. Where a string is taken apart by the server it goes
// there as it is.
func (a *Arguments) addToList(key, text string, arg method.Arg, twice bool) error {
	var list []string
	if text = strings.TrimRight(text, "\r\n"); strings.HasPrefix(text, "[") && json.Unmarshal([]byte(text), &list) == nil {
		a.lists[key] = append(a.lists[key], list...)
	} else {
		a.lists[key] = append(a.lists[key], text)
	}
	if a.lists[key] == nil {
		a.lists[key] = []string{}
	}
	if arg.Sep != "" && !twice && list == nil {
		a.values[key] = encode(text)
		return nil
	}
	a.values[key] = encode(a.lists[key])
	return nil
}

// typed is a text as a value of a type. What is between spaces and line ends is meant, but for texts.
func typed(key, text string, t method.Type) (json.RawMessage, error) {
	bare := strings.TrimSpace(text)
	switch t {
	case method.String:
		return encode(text), nil
	case method.Name:
		return encode(strings.TrimRight(text, "\r\n")), nil
	case method.Integer:
		if n, err := strconv.ParseInt(bare, 10, 64); err == nil {
			return encode(n), nil
		}
		return nil, fail(Invalid, "%s: %q is not a whole number", wire.Escape(key), wire.Escape(text))
	case method.Boolean:
		if b, err := strconv.ParseBool(bare); err == nil {
			return encode(b), nil
		}
		return nil, fail(Invalid, "%s: %q is neither true nor false", wire.Escape(key), wire.Escape(text))
	case method.Object:
		if strings.HasPrefix(bare, "{") && json.Valid([]byte(bare)) {
			return json.RawMessage(bare), nil
		}
		return nil, fail(Invalid, `%s is an object, written as JSON: {"name": "value"}`, wire.Escape(key))
	}
	if json.Valid([]byte(bare)) {
		return json.RawMessage(bare), nil
	}
	return encode(text), nil
}

// encode is a value as JSON, with < and & as they are.
func encode(v any) json.RawMessage {
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	if err := e.Encode(v); err != nil { // of strings, numbers and lists of strings
		panic(err)
	}
	return bytes.TrimSpace(b.Bytes())
}

// quote is a text as JSON within a shell's quotes.
func quote(text string) string {
	return "'" + strings.ReplaceAll(wire.Escape(string(encode(text))), "'", `'\''`) + "'"
}
