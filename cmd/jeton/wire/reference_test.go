package wire

import (
	"flag"
	"os"
	"strings"
	"testing"

	"jeton/web/api/schema"
	"jeton/web/api/schema/schematest"
)

var updateReference = flag.Bool("update", false, "write docs/api.md")

// The reference and the documents are made of the declarations, so that they tell of every method.
func TestReferenceIsCurrent(t *testing.T) {
	const path = "../../../docs/api.md"
	want := schema.Reference(Declared())
	if *updateReference {
		if err := os.WriteFile(path, []byte(want), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	got, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if string(got) != want {
		t.Error("docs/api.md is not current: run go test ./cmd/jeton/wire -run TestReferenceIsCurrent -update")
	}
}

// What every declaration owes to the pages and documents that are made of it.
func TestDeclarationsSayWhatPeopleNeed(t *testing.T) {
	for _, m := range Declared() {
		if s := schema.Summary(m); len(s) > 240 || strings.Contains(s, "\n") {
			t.Errorf("%s: its first sentence is no summary: %q", m.Name, s)
		}
		if m.Example == "" {
			t.Errorf("%s has no example", m.Name)
		}
		for _, a := range m.Args {
			if a.Doc == "" {
				t.Errorf("%s: nothing says what the argument %s is", m.Name, a.Name)
			}
		}
	}
	s := schema.Server{URL: "https://code.example.com", Version: "0"}
	rpc, err := schema.OpenRPC(Declared(), s)
	if err != nil {
		t.Fatal(err)
	}
	schematest.Valid(t, rpc, schematest.OpenRPC)
	api, err := schema.OpenAPI(Declared(), s)
	if err != nil {
		t.Fatal(err)
	}
	schematest.Valid(t, api, schematest.OpenAPI)
}
