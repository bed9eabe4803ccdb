// Package schematest checks, for tests, the documents of package schema against the schemas that their standards publish
// (meta/README.md says where these are from).
package schematest

import (
	"bytes"
	"embed"
	"fmt"
	"strings"
	"testing"

	"github.com/santhosh-tekuri/jsonschema/v6"
)

//go:embed meta/*.json
var files embed.FS

// Standard is what a document is written by.
type Standard struct {
	meta, at string
	draft    *jsonschema.Draft
}

// The standards.
var (
	OpenRPC = Standard{"openrpc-1.3.json", "https://meta.open-rpc.org/", jsonschema.Draft7}
	OpenAPI = Standard{"openapi-3.1.json", "https://spec.openapis.org/oas/3.1/schema/2026-08-03", jsonschema.Draft2020}
)

// Valid fails a test where a document is not valid by its standard's published schema, or a schema in it is none of its
// draft, or a reference leads nowhere. It returns how many schemas it has looked at.
func Valid(t testing.TB, document []byte, s Standard) int {
	t.Helper()
	c := jsonschema.NewCompiler()
	resource(t, c, s.at, s.meta)
	// OpenRPC's refers to this one by two addresses.
	resource(t, c, "https://meta.json-schema.tools", "json-schema-draft-07.json")
	resource(t, c, "https://meta.json-schema.tools/", "json-schema-draft-07.json")
	meta, err := c.Compile(s.at)
	if err != nil {
		t.Fatal(err)
	}
	if err := meta.Validate(decoded(t, document)); err != nil {
		t.Error(err)
	}
	// And it is that schema which says so: it refuses what is wrong.
	if err := meta.Validate(decoded(t, bytes.ReplaceAll(document, []byte(`"info": {`), []byte(`"inof": {`)))); err == nil {
		t.Error("it is valid without its info: this check cannot fail")
	}
	n := 0
	d := newDocument(t, document, s.draft)
	walk("", d.content, func(pointer string) {
		n++
		if _, err := d.compiler.Compile(d.at + "#" + pointer); err != nil {
			t.Errorf("%s: %v", pointer, err)
		}
	})
	return n
}

// Fits fails a test where a value, JSON, is not what the schema at a JSON pointer of a document says.
func Fits(t testing.TB, document []byte, s Standard, pointer string, value []byte) {
	t.Helper()
	d := newDocument(t, document, s.draft)
	schema, err := d.compiler.Compile(d.at + "#" + pointer)
	if err != nil {
		t.Fatal(err)
	}
	if err := schema.Validate(decoded(t, value)); err != nil {
		t.Errorf("%s: %v\n%s", pointer, err, value)
	}
}

// document is a document whose schemas are to be compiled.
type document struct {
	compiler *jsonschema.Compiler
	content  any
	at       string
}

func newDocument(t testing.TB, text []byte, draft *jsonschema.Draft) document {
	t.Helper()
	d := document{jsonschema.NewCompiler(), decoded(t, text), "https://code.example.com/document.json"}
	d.compiler.DefaultDraft(draft)
	if err := d.compiler.AddResource(d.at, d.content); err != nil {
		t.Fatal(err)
	}
	return d
}

func resource(t testing.TB, c *jsonschema.Compiler, at, file string) {
	t.Helper()
	text, err := files.ReadFile("meta/" + file)
	if err != nil {
		t.Fatal(err)
	}
	// Two name the third as what they are written in, which is draft 7 under another name.
	text = bytes.Replace(text, []byte(`"$schema": "https://meta.json-schema.tools/"`), []byte(`"$schema": "http://json-schema.org/draft-07/schema#"`), 1)
	text = bytes.Replace(text, []byte(`"$id": "https://meta.json-schema.tools/",`), nil, 1)
	if err := c.AddResource(at, decoded(t, text)); err != nil {
		t.Fatal(err)
	}
}

func decoded(t testing.TB, text []byte) any {
	t.Helper()
	v, err := jsonschema.UnmarshalJSON(bytes.NewReader(text))
	if err != nil {
		t.Fatal(err)
	}
	return v
}

// walk calls found with the JSON pointer of each value under the key schema.
func walk(pointer string, v any, found func(pointer string)) {
	switch v := v.(type) {
	case map[string]any:
		for key, inner := range v {
			p := pointer + "/" + Escape(key)
			if key == "schema" {
				found(p)
			}
			walk(p, inner, found)
		}
	case []any:
		for i, inner := range v {
			walk(fmt.Sprint(pointer, "/", i), inner, found)
		}
	}
}

// Escape is a key as a part of a JSON pointer within an address (RFC 6901, section 6).
func Escape(key string) string {
	return strings.NewReplacer("~", "~0", "/", "~1", "{", "%7B", "}", "%7D").Replace(key)
}
