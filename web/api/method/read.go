package method

import (
	"encoding/json"
	"fmt"
	"reflect"
	"slices"
	"strconv"
	"strings"
)

// Values are the arguments of a call, each as its JSON. Whoever makes them has seen that they are JSON, without doubled
// keys and in UTF-8; encoding/json takes more than that for it.
type Values map[string]json.RawMessage

// exact is the greatest whole number that every reader of JSON keeps as it is: 2^53-1 (RFC 8259 section 6).
const exact = 1<<53 - 1

// fill reads all arguments. What nobody declared is passed over, as RhodeCode does.
func (l fields) fill(in reflect.Value, values Values) error {
	for _, f := range l {
		raw, err := f.given(values)
		if err != nil {
			return err
		}
		to := in.FieldByIndex(f.index)
		switch {
		case raw == nil && !f.Optional:
			return Fail(Invalid, "Missing non optional `%s` arg in JSON DATA", f.Name)
		case raw == nil && f.fallback.IsValid():
			to.Set(f.fallback)
			continue
		case raw == nil:
			continue
		case f.pointer:
			to.Set(reflect.New(to.Type().Elem()))
			to = to.Elem()
		}
		if err := f.read(to, raw); err != nil {
			return Fail(Invalid, "Invalid `%s` arg in JSON DATA: %v", f.Name, err)
		}
	}
	return nil
}

// given is an argument's JSON under whichever of its names it came; nil where it was left out.
func (a field) given(values Values) (json.RawMessage, error) {
	var found json.RawMessage
	for _, name := range append([]string{a.Name}, a.Aliases...) {
		raw := values[name]
		if len(raw) == 0 || string(raw) == "null" {
			continue
		}
		if found != nil {
			return nil, Fail(Invalid, "The arguments `%s` and `%s` are one. Send one of them.", a.Name, name)
		}
		found = raw
	}
	return found, nil
}

// read reads one argument. Its error says in half a sentence what is wrong.
func (a field) read(to reflect.Value, raw json.RawMessage) error {
	switch a.Type {
	case String:
		return a.readString(to, raw)
	case Name:
		return a.readName(to, raw)
	case Integer:
		return a.readInteger(to, raw)
	case Boolean:
		return a.readBoolean(to, raw)
	case Strings:
		return a.readStrings(to, raw)
	}
	return a.readAny(to, raw)
}

// kindOf is what a JSON value is, in words.
func kindOf(raw json.RawMessage) string {
	switch raw[0] {
	case '"':
		return "a string"
	case '{':
		return "an object"
	case '[':
		return "a list"
	case 't', 'f':
		return "a boolean"
	case 'n':
		return "null"
	}
	return "a number"
}

func wrongType(want string, raw json.RawMessage) error {
	return fmt.Errorf("it must be %s, and %s came", want, kindOf(raw))
}

// unquote is the text of a JSON string.
func unquote(raw json.RawMessage) (string, error) {
	var s string
	if err := json.Unmarshal(raw, &s); err != nil {
		return "", fmt.Errorf("it is no string")
	}
	if strings.ContainsRune(s, 0) {
		return "", fmt.Errorf("it holds a NUL character")
	}
	return s, nil
}

func (a field) readString(to reflect.Value, raw json.RawMessage) error {
	if raw[0] != '"' {
		return wrongType("a string", raw)
	}
	s, err := unquote(raw)
	if err == nil {
		err = a.bound(s)
	}
	if err != nil {
		return err
	}
	to.SetString(s)
	return nil
}

// maxName is the most bytes of a name or an id where a declaration says nothing: longer than any name can be. What is not
// found is told by its name, and stands in the audit record.
const maxName = 320

// bound asks for an argument's choices and its length.
func (a field) bound(s string) error {
	most := a.Max
	if most == 0 && a.Type == Name {
		most = maxName
	}
	switch {
	case len(a.Choices) > 0 && !slices.Contains(a.Choices, s):
		return fmt.Errorf("it must be one of %s", strings.Join(a.Choices, ", "))
	case most > 0 && int64(len(s)) > most:
		return fmt.Errorf("it is longer than %d bytes", most)
	}
	return nil
}

func (a field) readName(to reflect.Value, raw json.RawMessage) error {
	switch kindOf(raw) {
	case "a string":
		return a.readString(to, raw)
	case "a number":
		n, err := whole(string(raw))
		if err != nil {
			return err
		}
		to.SetString(strconv.FormatInt(n, 10))
		return nil
	}
	return wrongType("a name or an id, which is a string or an integer", raw)
}

func (a field) readInteger(to reflect.Value, raw json.RawMessage) error {
	text := string(raw)
	switch kindOf(raw) {
	case "a string":
		var err error
		if text, err = unquote(raw); err != nil {
			return err
		}
	case "a number":
	default:
		return wrongType("an integer", raw)
	}
	n, err := whole(text)
	switch {
	case err != nil:
		return err
	case a.Max > 0 && n > a.Max:
		return fmt.Errorf("it is greater than %d", a.Max)
	}
	to.SetInt(n)
	return nil
}

// whole reads an integer that every reader of JSON keeps as it is.
func whole(text string) (int64, error) {
	digits := strings.TrimPrefix(text, "-")
	if digits == "" || strings.Trim(digits, "0123456789") != "" {
		return 0, fmt.Errorf("it must be an integer, written in digits alone")
	}
	n, err := strconv.ParseInt(text, 10, 64)
	if err != nil || n > exact || n < -exact {
		return 0, fmt.Errorf("it is a number beyond 2^53, which not every reader of JSON keeps as it is")
	}
	return n, nil
}

func (a field) readBoolean(to reflect.Value, raw json.RawMessage) error {
	text := string(raw)
	if raw[0] == '"' {
		var err error
		if text, err = unquote(raw); err != nil {
			return err
		}
	}
	switch text {
	case "true", "True", "1":
		to.SetBool(true)
	case "false", "False", "0":
		to.SetBool(false)
	default:
		return fmt.Errorf("it must be true or false")
	}
	return nil
}

func (a field) readStrings(to reflect.Value, raw json.RawMessage) error {
	var list []string
	switch kindOf(raw) {
	case "a string":
		s, err := unquote(raw)
		if err != nil {
			return err
		}
		list = a.split(s)
	case "a list":
		var parts []json.RawMessage
		if err := json.Unmarshal(raw, &parts); err != nil {
			return fmt.Errorf("it is no list")
		}
		for _, part := range parts {
			if part[0] != '"' {
				return fmt.Errorf("it must be a list of strings, and %s stands in it", kindOf(part))
			}
			s, err := unquote(part)
			if err != nil {
				return err
			}
			list = append(list, s)
		}
	default:
		return wrongType("a list of strings", raw)
	}
	for _, s := range list {
		if err := a.bound(s); err != nil {
			return fmt.Errorf("one of its elements is wrong: %w", err)
		}
	}
	to.Set(reflect.ValueOf(list))
	return nil
}

// split takes a string apart where the argument allows that.
func (a field) split(s string) []string {
	if a.Sep == "" {
		return []string{s}
	}
	list := []string{}
	for part := range strings.SplitSeq(s, a.Sep) {
		if part = strings.TrimSpace(part); part != "" {
			list = append(list, part)
		}
	}
	return list
}

func (a field) readAny(to reflect.Value, raw json.RawMessage) error {
	if a.Type == Object && raw[0] != '{' {
		return wrongType("an object", raw)
	}
	d := json.NewDecoder(strings.NewReader(string(raw)))
	d.UseNumber() // so that no digit is lost
	if err := d.Decode(to.Addr().Interface()); err != nil {
		return fmt.Errorf("it cannot be read")
	}
	if holdsNUL(to.Interface()) {
		return fmt.Errorf("it holds a NUL character")
	}
	return nil
}

// holdsNUL looks for one in all strings of a value.
func holdsNUL(v any) bool {
	switch v := v.(type) {
	case string:
		return strings.ContainsRune(v, 0)
	case []any:
		return slices.ContainsFunc(v, holdsNUL)
	case map[string]any:
		for key, value := range v {
			if strings.ContainsRune(key, 0) || holdsNUL(value) {
				return true
			}
		}
	}
	return false
}
