package schema

import (
	"reflect"
	"slices"
	"strings"
	"time"

	"jeton/web/api/method"
)

// Field is a line of a result's description.
type Field struct {
	// Path leads to it: "owner.name", "[].id" of each element; "" is the result itself.
	Path string `json:"path"`
	// Type is in words: "string", "list of objects", "string or null".
	Type string `json:"type"`
	Doc  string `json:"doc"`
}

// Shape are the fields of a method's result, those within others behind them.
func Shape(m method.Method) []Field {
	return shown("", "", m.Result, nil)
}

// shown describes a type and what is in it. within are the structs that it stands in, so that one which holds itself ends.
func shown(path, doc string, t reflect.Type, within []reflect.Type) []Field {
	inner, name := elements(t)
	fields := []Field{{path, name, doc}}
	if inner == nil || slices.Contains(within, inner) {
		return fields
	}
	if path == "" {
		fields = nil
		if name != "object" {
			fields = []Field{{"", name, doc}}
		}
	}
	prefix := path + strings.Repeat("[]", strings.Count(name, "list of"))
	if prefix != "" {
		prefix += "."
	}
	for _, f := range reflect.VisibleFields(inner) {
		key, always, ok := jsonName(f)
		if !ok {
			continue
		}
		about := f.Tag.Get("doc")
		if !always {
			about = strings.TrimSpace(about + " May be missing.")
		}
		fields = append(fields, shown(prefix+key, about, f.Type, append(slices.Clone(within), inner))...)
	}
	return fields
}

// elements is a type in words, and the struct whose fields are to be told next; nil where there is none.
func elements(t reflect.Type) (inner reflect.Type, name string) {
	switch {
	case t == nil || t.Kind() == reflect.Interface:
		return nil, "any"
	case t == reflect.TypeFor[time.Time]():
		return nil, "time, RFC 3339"
	case t.Kind() == reflect.Pointer:
		inner, name = elements(t.Elem())
		return inner, name + " or null"
	case t.Implements(marshaler) || reflect.PointerTo(t).Implements(marshaler):
		return nil, "any"
	case t.Implements(textMarshaler):
		return nil, "string"
	}
	switch t.Kind() {
	case reflect.Struct:
		return t, "object"
	case reflect.Slice, reflect.Array:
		if t.Elem().Kind() == reflect.Uint8 {
			return nil, "string, base64"
		}
		inner, name = elements(t.Elem())
		return inner, "list of " + plural(name)
	case reflect.Map:
		inner, name = elements(t.Elem())
		if inner != nil {
			return nil, "object of objects"
		}
		return nil, "object of " + plural(name)
	case reflect.Bool:
		return nil, "boolean"
	case reflect.String:
		return nil, "string"
	case reflect.Float32, reflect.Float64:
		return nil, "number"
	}
	return nil, "integer"
}

// plural is a type's name for several.
func plural(name string) string {
	first, rest, _ := strings.Cut(name, " ")
	switch first {
	case "object", "string", "integer", "number", "boolean", "list", "time":
		first += "s"
	}
	return strings.TrimSpace(first + " " + rest)
}
