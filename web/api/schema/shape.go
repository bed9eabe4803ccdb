package schema

import (
	"encoding"
	"encoding/json"
	"fmt"
	"reflect"
	"slices"
	"strings"
	"time"
	"unicode"
)

// object is a JSON object of a document; its keys come out sorted, so that the same declarations give the same bytes.
type object = map[string]any

// shapes makes JSON Schemas of Go types, as encoding/json writes them. Structs that have a name become components, which
// the others refer to; the schemas are in the words that draft 7 and 2020-12 have in common.
type shapes struct {
	names map[reflect.Type]string
	all   object
}

func newShapes() *shapes { return &shapes{names: map[reflect.Type]string{}, all: object{}} }

const componentsAt = "#/components/schemas/"

var (
	marshaler     = reflect.TypeFor[json.Marshaler]()
	textMarshaler = reflect.TypeFor[encoding.TextMarshaler]()
)

// of is the schema of a type. What writes its JSON itself can be anything.
func (s *shapes) of(t reflect.Type) object {
	switch {
	case t == nil || t == reflect.TypeFor[json.RawMessage]() || t.Kind() == reflect.Interface:
		return object{}
	case t == reflect.TypeFor[time.Time]():
		return object{"type": "string", "format": "date-time"}
	case t.Kind() == reflect.Pointer:
		return nullable(s.of(t.Elem()))
	case t.Implements(marshaler) || reflect.PointerTo(t).Implements(marshaler):
		return object{}
	case t.Implements(textMarshaler):
		return object{"type": "string"}
	}
	switch t.Kind() {
	case reflect.Bool:
		return object{"type": "boolean"}
	case reflect.String:
		return object{"type": "string"}
	case reflect.Float32, reflect.Float64:
		return object{"type": "number"}
	case reflect.Slice, reflect.Array:
		if t.Elem().Kind() == reflect.Uint8 {
			return object{"type": "string", "contentEncoding": "base64"}
		}
		return object{"type": "array", "items": s.of(t.Elem())}
	case reflect.Map:
		return object{"type": "object", "additionalProperties": s.of(t.Elem())}
	case reflect.Struct:
		return s.structure(t)
	}
	return object{"type": "integer"}
}

// nullable is a schema that null fits as well.
func nullable(o object) object {
	if t, ok := o["type"].(string); ok {
		o["type"] = []string{t, "null"}
		return o
	}
	if len(o) == 0 {
		return o
	}
	return object{"anyOf": []any{o, object{"type": "null"}}}
}

// structure is a struct's schema: itself where it has no name, else a reference to its component.
func (s *shapes) structure(t reflect.Type) object {
	if t.Name() == "" {
		return s.fields(t)
	}
	name, known := s.names[t]
	if !known {
		name = s.name(t)
		s.names[t] = name // before its fields, one of which may lead back to it
		s.all[name] = object{}
		s.all[name] = s.fields(t)
	}
	return object{"$ref": componentsAt + name}
}

// name is a free name for a type: its own, with its package's before it where another is called so.
func (s *shapes) name(t reflect.Type) string {
	pkg := t.PkgPath()[strings.LastIndex(t.PkgPath(), "/")+1:]
	own := capital(strings.Map(func(r rune) rune {
		if unicode.IsLetter(r) || unicode.IsDigit(r) {
			return r
		}
		return '_' // of type parameters
	}, t.Name()))
	name := own
	for n := 1; s.all[name] != nil; n++ {
		if name = capital(pkg) + own; n > 1 {
			name = fmt.Sprint(capital(pkg), own, n)
		}
	}
	return name
}

func capital(s string) string { return strings.ToUpper(s[:1]) + s[1:] }

// fields is a struct's schema with all of its fields; those that are always written are required.
func (s *shapes) fields(t reflect.Type) object {
	properties, required := object{}, []string{}
	for _, f := range reflect.VisibleFields(t) {
		name, always, ok := jsonName(f)
		if !ok {
			continue
		}
		o := s.of(f.Type)
		if doc := f.Tag.Get("doc"); doc != "" {
			if ref, is := o["$ref"]; is { // draft 7 reads nothing beside a reference
				o = object{"allOf": []any{object{"$ref": ref}}}
			}
			o["description"] = doc
		}
		properties[name] = o
		if always {
			required = append(required, name)
		}
	}
	slices.Sort(required)
	return object{"type": "object", "properties": properties, "required": required}
}

// jsonName is the name that encoding/json gives a field, and whether it always writes it; false where it writes none.
func jsonName(f reflect.StructField) (name string, always, ok bool) {
	tag, tagged := f.Tag.Lookup("json")
	name, options, _ := strings.Cut(tag, ",")
	switch {
	case tag == "-", f.Anonymous && name == "" && dereferenced(f.Type).Kind() == reflect.Struct, !f.IsExported() && !f.Anonymous:
		return "", false, false
	case name == "" || !tagged:
		name = f.Name
	}
	return name, !strings.Contains(options, "omitempty") && !strings.Contains(options, "omitzero"), true
}

func dereferenced(t reflect.Type) reflect.Type {
	if t.Kind() == reflect.Pointer {
		return t.Elem()
	}
	return t
}
