package signin

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
)

// Kind says how a setting is written and checked.
type Kind string

// The kinds of settings.
const (
	Text   Kind = "text"
	Number Kind = "number" // a whole number between Min and Max of its Key
	Switch Kind = "switch" // true or false
	Lines  Kind = "list"   // commas or spaces between
)

// maxSetting bounds a value, in bytes.
const maxSetting = 4096

// Key declares one setting of a plug-in.
type Key struct {
	// Name is what it is set by.
	Name string
	Kind Kind
	// Default is the value as text; setting a key to "" gives it this one back.
	Default string
	// Min and Max bound a Number, both included.
	Min, Max int
	// Values are all that a Text may be; nil where anything may be.
	Values []string
	// Needed settings have no default: the plug-in cannot be switched on without.
	Needed bool
	// Secret values are never shown.
	Secret bool
	// Meaning is a sentence for people.
	Meaning string
}

// Settings are values by the names of keys. Those that a plug-in is given are complete and checked.
type Settings map[string]string

// Number is the value of a Number; 0 where there is none.
func (s Settings) Number(name string) int { n, _ := strconv.Atoi(s[name]); return n }

// On is the value of a Switch.
func (s Settings) On(name string) bool { return s[name] == "true" }

// List is the value of Lines without empty elements.
func (s Settings) List(name string) []string {
	return strings.FieldsFunc(s[name], func(r rune) bool { return r == ',' || r == ' ' || r == '\n' || r == '\r' || r == '\t' })
}

// Hidden stands in the place of a secret that is set.
const Hidden = "(set)"

// masked is a copy in which secrets are not shown.
func (s Settings) masked(keys []Key) Settings {
	shown := maps.Clone(s)
	for _, k := range keys {
		if k.Secret && shown[k.Name] != "" {
			shown[k.Name] = Hidden
		}
	}
	return shown
}

// complete fills the defaults in, and refuses a name that is not declared and a value that its key does not take.
func complete(keys []Key, given Settings) (Settings, error) {
	all := Settings{}
	for _, k := range keys {
		value, err := k.check(given[k.Name])
		if err != nil {
			return nil, err
		}
		all[k.Name] = value
	}
	for name := range given {
		if _, ok := all[name]; !ok {
			return nil, fmt.Errorf("%w: there is no %q%s", ErrBadSetting, name, known(keys))
		}
	}
	return all, nil
}

// known lists the names that may be meant.
func known(keys []Key) string {
	if len(keys) == 0 {
		return "; it has no settings"
	}
	var names []string
	for _, k := range keys {
		names = append(names, k.Name)
	}
	return "; there are " + strings.Join(names, ", ")
}

// check is the value in its usual form, the default for "". ErrBadSetting; a secret is not repeated in it.
func (k Key) check(value string) (string, error) {
	if value == "" {
		return k.Default, nil
	}
	if len(value) > maxSetting || strings.ContainsRune(value, 0) {
		return "", fmt.Errorf("%w: %s is longer than %d bytes, or holds a NUL", ErrBadSetting, k.Name, maxSetting)
	}
	switch k.Kind {
	case Number:
		n, err := strconv.Atoi(value)
		if err != nil || n < k.Min || n > k.Max {
			return "", fmt.Errorf("%w: %s is %q; it is a number from %d to %d", ErrBadSetting, k.Name, value, k.Min, k.Max)
		}
		return strconv.Itoa(n), nil
	case Switch:
		on, err := strconv.ParseBool(value)
		if err != nil {
			return "", fmt.Errorf("%w: %s is %q; it is true or false", ErrBadSetting, k.Name, value)
		}
		return strconv.FormatBool(on), nil
	}
	if k.Values != nil && !slices.Contains(k.Values, value) {
		return "", fmt.Errorf("%w: %s is %q; it is one of %s", ErrBadSetting, k.Name, value, strings.Join(k.Values, ", "))
	}
	return value, nil
}

// decode reads settings as a row holds them: a JSON object of texts; numbers and switches may be JSON's own.
func decode(text string) (Settings, error) {
	settings := Settings{}
	if text == "" {
		return settings, nil
	}
	raw := map[string]json.RawMessage{}
	if err := json.Unmarshal([]byte(text), &raw); err != nil {
		return nil, fmt.Errorf("%w: the row holds no JSON object", ErrBadSetting)
	}
	for name, value := range raw {
		var s string
		if json.Unmarshal(value, &s) != nil {
			s = string(value)
		}
		settings[name] = s
	}
	return settings, nil
}

// encode is what decode reads, without those that are as by default.
func encode(keys []Key, all Settings) (string, error) {
	own := Settings{}
	for _, k := range keys {
		if v := all[k.Name]; v != k.Default {
			own[k.Name] = v
		}
	}
	text, err := json.Marshal(own)
	return string(text), err
}
