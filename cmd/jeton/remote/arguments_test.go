package remote

import (
	"context"
	"encoding/json"
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"jeton/web/api/method"
)

type sampleArgs struct {
	Repo  method.Ref     `arg:"repoid" doc:"Name or id." alias:"repository"`
	Text  string         `arg:"description,optional" default:"none" doc:"Text."`
	Limit int64          `arg:"limit,optional" max:"10" doc:"How many."`
	Flag  bool           `arg:"private,optional" doc:"Whether."`
	Names []string       `arg:"names,optional" doc:"Names."`
	Refs  []string       `arg:"refs,optional" sep:"," doc:"Refs."`
	Map   map[string]any `arg:"settings,optional" doc:"Settings."`
	Any   any            `arg:"any,optional" doc:"Whatever."`
	Kind  string         `arg:"kind,optional" choices:"file,dir" doc:"Which."`
}

type sampleReply struct {
	ID    string `json:"repo_id" doc:"Its id."`
	Owner *struct {
		Name string `json:"username"`
	} `json:"owner"`
}

func sampleMethod() method.Method {
	return method.Of(method.Method{Name: "do_thing", Doc: "Does a thing. And more.", On: method.On{Kind: method.Repository, Arg: "repoid"}, Changes: true, REST: "POST repos/{repoid}/do",
		Example: `{"repoid": "team/app", "description": "it's new", "settings": {"a": 1}, "any": null, "kind": "@x"}`, Fails: []string{"repository `x` does not exist"}},
		func(context.Context, *method.Call, sampleArgs) (sampleReply, error) { return sampleReply{}, nil })
}

func TestValuesAreReadByTheirDeclaration(t *testing.T) {
	dir := t.TempDir()
	for name, text := range map[string]string{"text": "two\nlines\n", "number": " 7\n", "json": "{\"b\": [1]}\n", "binary": "\xff"} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	t.Chdir(dir)
	m := sampleMethod()
	for _, row := range []struct{ words, want, fails string }{
		{"repoid:team/app", `{"repoid":"team/app"}`, ""},
		{"repository:17", `{"repository":"17"}`, ""},
		{"description:", `{"description":""}`, ""},
		{"description:a:b=<&>", `{"description":"a:b=<&>"}`, ""},
		{"description:true", `{"description":"true"}`, ""},
		{"description:@text", `{"description":"two\nlines\n"}`, ""},
		{"description:-", `{"description":"from stdin\n"}`, ""},
		{`description:="@text"`, `{"description":"@text"}`, ""},
		{"description:=null", `{"description":null}`, ""},
		{"repoid:-", `{"repoid":"from stdin"}`, ""},
		{"limit:@number", `{"limit":7}`, ""},
		{"limit:-3 private:True", `{"limit":-3,"private":true}`, ""},
		{"private:0", `{"private":false}`, ""},
		{"names:a,b", `{"names":["a,b"]}`, ""},
		{"names:a names:b", `{"names":["a","b"]}`, ""},
		{`names:["a","b"] names:c`, `{"names":["a","b","c"]}`, ""},
		{`names:[]`, `{"names":[]}`, ""},
		{"refs:a,b", `{"refs":"a,b"}`, ""},
		{"refs:a refs:b", `{"refs":["a","b"]}`, ""},
		{`settings:{"x":1}`, `{"settings":{"x":1}}`, ""},
		{"settings:@json", `{"settings":{"b":[1]}}`, ""},
		{"any:1.50 kind:other", `{"any":1.50,"kind":"other"}`, ""},
		{"any:text", `{"any":"text"}`, ""},
		{"none:12 description:x", `{"none":12,"description":"x"}`, ""},
		{"repoid", "", "not key:value"}, {":x", "", "not key:value"}, {"limit:many", "", "not a whole number"}, {"limit:99999999999999999999", "", "whole number"},
		{"private:perhaps", "", "neither true nor false"}, {"settings:[]", "", "is an object"}, {"settings:{", "", "is an object"},
		{"description:a description:b", "", "twice"}, {"description:=1 description:=2", "", "twice"}, {"description:-\x00repoid:-", "", "read already"},
		{"description:@nothing", "", "description:='\"@nothing\"'"}, {"description:@binary", "", "not UTF-8"}, {"description:=x", "", `description:='"=x"'`},
	} {
		a := Arguments{Method: &m, Stdin: strings.NewReader("from stdin\n")}
		values, unknown, err := a.Read(strings.FieldsFunc(row.words, func(r rune) bool { return r == ' ' || r == 0 }))
		var e *Error
		if row.fails != "" {
			if !errors.As(err, &e) || e.Class != Invalid || !strings.Contains(e.Message, row.fails) {
				t.Errorf("%q: got %v, want %q", row.words, err, row.fails)
			}
			continue
		}
		var want, got map[string]any
		text, _ := json.Marshal(values)
		if err != nil || json.Unmarshal(text, &got) != nil || json.Unmarshal([]byte(row.want), &want) != nil || string(mustJSON(t, got)) != string(mustJSON(t, want)) {
			t.Errorf("%q: got %s, %v, want %s", row.words, text, err, row.want)
		}
		if slices.Contains(unknown, "none") != strings.Contains(row.words, "none:") {
			t.Errorf("%q: unknown are %v", row.words, unknown)
		}
	}
}

func mustJSON(t *testing.T, v any) []byte {
	t.Helper()
	b, err := json.Marshal(v)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func TestUnknownMethodsTakeJSONOrText(t *testing.T) {
	a := Arguments{}
	values, unknown, err := a.Read([]string{"a:1", "b:true", "c:text", `d:{"x":[1]}`, "e:01", "f:null", `g:"q"`})
	if err != nil || unknown != nil || string(mustJSON(t, values)) != `{"a":1,"b":true,"c":"text","d":{"x":[1]},"e":"01","f":null,"g":"q"}` {
		t.Errorf("got %s, %v, %v", mustJSON(t, values), unknown, err)
	}
}

// Whatever is typed becomes JSON, or an error.
func FuzzArguments(f *testing.F) {
	for _, seed := range []string{"repoid:x", "limit:=1", "names:[\"", "settings:{}", "any:\xff", "description:='", "refs:["} {
		f.Add(seed)
	}
	m := sampleMethod()
	f.Fuzz(func(t *testing.T, word string) {
		if _, text, _ := strings.Cut(word, ":"); strings.HasPrefix(text, "@") {
			return // files
		}
		a := Arguments{Method: &m, Stdin: strings.NewReader("")}
		values, _, err := a.Read([]string{word})
		if err != nil {
			return
		}
		for key, raw := range values {
			if !json.Valid(raw) {
				t.Errorf("%q: %s is %q, which is no JSON", word, key, raw)
			}
		}
	})
}

func TestDescriptionTellsEverything(t *testing.T) {
	var b strings.Builder
	Describe(&b, sampleMethod())
	for _, want := range []string{"do_thing\n\nDoes a thing. And more.\n", "Needs an api token with write access", "\n  repoid        name or id", "  description?  string",
		"Text. Default: `none`.", "one of `file`, `dir`", "\n  owner.username  string", "\n  repository `x` does not exist\n", "REST: POST /_admin/rest/repos/{repoid}/do\n",
		`  jeton api do_thing any:=null 'description:it'\''s new' 'kind:="@x"' repoid:team/app 'settings:{"a":1}'` + "\n"} {
		if !strings.Contains(strings.ReplaceAll(b.String(), "Needs An", "Needs an"), want) {
			t.Errorf("it lacks %q:\n%s", want, b.String())
		}
	}
	b.Reset()
	List(&b, []method.Method{sampleMethod()})
	if b.String() != "do_thing  Does a thing\n" {
		t.Errorf("the list: %q", b.String())
	}
	if Find([]method.Method{sampleMethod()}, "do_thing") == nil || Find(nil, "do_thing") != nil {
		t.Error("a method is not found, or one that is not there is")
	}
	text := string(mustJSON(t, Declaration(sampleMethod())))
	for _, want := range []string{`"name":"do_thing"`, `"optional":true`, `"path":"owner.username"`, `"errors":["repository`} {
		if !strings.Contains(text, want) {
			t.Errorf("the declaration lacks %s: %s", want, text)
		}
	}
}
