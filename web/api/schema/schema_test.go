package schema

import (
	"context"
	"encoding/json"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"jeton/auth/access"
	"jeton/web/api/method"
)

type owner struct {
	Name string `json:"username" doc:"User name."`
}

type rights struct {
	Write bool `json:"write"`
}

type reply struct {
	owner
	ID      string            `json:"repo_id" doc:"Id."`
	Private bool              `json:"private"`
	Owner   *owner            `json:"owner" doc:"Whose it is."`
	Members []owner           `json:"members,omitempty"`
	Made    time.Time         `json:"created_on"`
	Last    *time.Time        `json:"last"`
	Counts  map[string]int    `json:"counts"`
	Rights  map[string]rights `json:"rights"`
	Any     any               `json:"any"`
	Raw     json.RawMessage   `json:"raw"`
	Bytes   []byte            `json:"bytes"`
	Parent  *reply            `json:"parent"`
	Ratio   float64           `json:"ratio"`
	Level   access.Level      `json:"level"`
	Hidden  string            `json:"-"`
	inner   int
}

type getArgs struct {
	Repo   method.Ref     `arg:"repoid" doc:"Name or id | of it."`
	Cache  bool           `arg:"cache,optional" default:"true" doc:"Whether."`
	Limit  int64          `arg:"limit,optional" default:"10" max:"100" alias:"count"`
	Names  []string       `arg:"names,optional" sep:"," default:"a,b"`
	Only   []string       `arg:"only,optional" choices:"x,y"`
	Kind   string         `arg:"kind,optional" choices:"file,dir" max:"8"`
	Rest   map[string]any `arg:"rest,optional"`
	Other  any            `arg:"other,optional"`
	Secret string         `arg:"auth_token,optional"`
}

type newArgs struct {
	Text  *string    `arg:"description,optional" doc:"Text."`
	Owner method.Ref `arg:"owner,optional"`
	Path  string     `arg:"repo_name" doc:"Path."`
}

func sample() []method.Method {
	return []method.Method{
		method.Of(method.Method{Name: "get_thing", Doc: "Answers a thing. And more of it.\n\nSecond paragraph.", On: method.On{Kind: method.Repository, Arg: "repoid", Level: access.Read},
			REST: "GET repos/{repoid}", Example: `{"repoid": "team/app",   "limit": 3}`, Fails: []string{"repository `x` does not exist"}},
			func(context.Context, *method.Call, getArgs) (reply, error) { return reply{inner: 1}, nil }),
		method.Of(method.Method{Name: "create_thing", Doc: "Makes a thing", On: method.On{Kind: method.NewRepository, Arg: "repo_name"}, Changes: true, Right: "tokens",
			REST: "POST repos", New: true}, func(context.Context, *method.Call, newArgs) (map[string]any, error) { return nil, nil }),
		method.Of(method.Method{Name: "list_things", Doc: "Lists things.", On: method.On{Kind: method.Open}, REST: "GET repos"},
			func(context.Context, *method.Call, struct{}) ([]reply, error) { return nil, nil }),
		method.Of(method.Method{Name: "count_things", Doc: "Counts.", On: method.On{Kind: method.Server}},
			func(context.Context, *method.Call, struct{}) (int, error) { return 0, nil }),
		method.Of(method.Method{Name: "drop_thing", Doc: "Drops.", On: method.On{Kind: method.Repository, Arg: "repoid", Level: access.Admin}, Changes: true,
			REST: "DELETE repos/{repoid}"}, func(context.Context, *method.Call, getArgs) (struct{}, error) { return struct{}{}, nil }),
	}
}

func TestTheSameDeclarationsGiveTheSameBytes(t *testing.T) {
	s := Server{URL: "https://code.example.com/base", Version: "1.2"}
	for name, write := range map[string]func([]method.Method, Server) ([]byte, error){"OpenRPC": OpenRPC, "OpenAPI": OpenAPI} {
		first, err := write(sample(), s)
		if err != nil {
			t.Fatal(err)
		}
		turned := sample()
		slices.Reverse(turned)
		if second, err := write(turned, s); err != nil || string(first) != string(second) {
			t.Errorf("%s depends on the order of declarations: %v", name, err)
		}
		if !strings.Contains(string(first), "https://code.example.com/base/_admin/") {
			t.Errorf("%s does not say where the server is", name)
		}
	}
	if a, b := Reference(sample()), Reference(sample()); a != b {
		t.Error("the reference differs from itself")
	}
}

func TestSchemaOfAResultIsWhatEncodingWrites(t *testing.T) {
	s := newShapes()
	if got := s.of(reflect.TypeFor[[]reply]()); !reflect.DeepEqual(got, object{"type": "array", "items": object{"$ref": "#/components/schemas/Reply"}}) {
		t.Errorf("a list of structs: %v", got)
	}
	full, ok := s.all["Reply"].(object)
	if !ok {
		t.Fatalf("components: %v", s.all)
	}
	// Whatever encoding/json writes is described, and nothing else.
	written := map[string]any{}
	text, err := json.Marshal(reply{Members: []owner{{}}})
	if err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal(text, &written); err != nil {
		t.Fatal(err)
	}
	properties := full["properties"].(object)
	for name := range written {
		if properties[name] == nil {
			t.Errorf("%s is written and not described", name)
		}
	}
	if len(properties) != len(written) {
		t.Errorf("described %d fields, written %d", len(properties), len(written))
	}
	for name, want := range map[string]object{
		"created_on": {"type": "string", "format": "date-time"}, "last": {"type": []string{"string", "null"}, "format": "date-time"},
		"counts": {"type": "object", "additionalProperties": object{"type": "integer"}}, "any": {}, "raw": {},
		"bytes": {"type": "string", "contentEncoding": "base64"}, "ratio": {"type": "number"}, "username": {"type": "string", "description": "User name."},
		"owner":  {"anyOf": []any{object{"$ref": "#/components/schemas/Owner"}, object{"type": "null"}}, "description": "Whose it is."},
		"parent": {"anyOf": []any{object{"$ref": "#/components/schemas/Reply"}, object{"type": "null"}}},
	} {
		if got := properties[name]; !reflect.DeepEqual(got, want) {
			t.Errorf("%s: got %v, want %v", name, got, want)
		}
	}
	if required := full["required"].([]string); slices.Contains(required, "members") || !slices.Contains(required, "repo_id") {
		t.Errorf("required: %v", required)
	}
}

func TestTypesOfOneNameAreToldApart(t *testing.T) {
	s := newShapes()
	for _, typ := range []reflect.Type{reflect.TypeFor[owner](), reflect.TypeFor[method.On](), ownerOfSomethingElse(), reflect.TypeFor[owner]()} {
		s.of(typ)
	}
	if len(s.all) != 3 || s.all["Owner"] == nil || s.all["On"] == nil || s.all["SchemaOwner"] == nil {
		t.Errorf("components: %v", s.all)
	}
}

func ownerOfSomethingElse() reflect.Type {
	type owner struct{ X int }
	return reflect.TypeFor[owner]()
}

func TestArgumentSchemas(t *testing.T) {
	want := map[string]object{
		"repoid": {"type": []string{"string", "integer"}}, "cache": {"type": "boolean", "default": true},
		"limit": {"type": "integer", "maximum": int64(100), "default": json.Number("10")},
		"names": {"type": "array", "items": object{"type": "string"}, "default": []string{"a", "b"}},
		"only":  {"type": "array", "items": object{"type": "string", "enum": []string{"x", "y"}}},
		"kind":  {"type": "string", "enum": []string{"file", "dir"}, "maxLength": int64(8)}, "rest": {"type": "object"}, "other": {}, "auth_token": {"type": "string"},
	}
	m := sample()[0]
	for _, a := range m.Args {
		if got := argument(a); !reflect.DeepEqual(got, want[a.Name]) {
			t.Errorf("%s: got %v, want %v", a.Name, got, want[a.Name])
		}
	}
	if len(m.Args) != len(want) {
		t.Errorf("%d arguments were looked at, want %d", len(m.Args), len(want))
	}
}

func TestWordsForPeople(t *testing.T) {
	all := sample()
	for got, want := range map[string]string{
		Summary(all[0]): "Answers a thing", Summary(all[1]): "Makes a thing",
		Needs(all[0]):         "An api token, whose owner has read on the repository `repoid`",
		Needs(all[1]):         "An api token with write access and the right `tokens`, whose owner may make something at `repo_name`",
		Needs(all[2]):         "An api token",
		Needs(all[3]):         "An api token that is bound to no repository",
		Type(all[0].Args[0]):  "name or id",
		Type(all[0].Args[2]):  "integer, at most 100",
		Type(all[0].Args[4]):  "list of `x`, `y`",
		Type(all[0].Args[5]):  "one of `file`, `dir`, at most 8 bytes",
		Example(all[0]):       `{"repoid":"team/app","limit":3}`,
		Example(all[1]):       `{}`,
		spaced(`{"a":[1,2]}`): `{"a": [1, 2]}`,
	} {
		if got != want {
			t.Errorf("got %q, want %q", got, want)
		}
	}
}

func TestShapeTellsFieldsByPath(t *testing.T) {
	var got []string
	for _, f := range Shape(sample()[2]) {
		got = append(got, f.Path+": "+f.Type)
	}
	want := []string{": list of objects", "[].username: string", "[].repo_id: string", "[].private: boolean", "[].owner: object or null", "[].owner.username: string",
		"[].members: list of objects", "[].members[].username: string", "[].created_on: time, RFC 3339", "[].last: time, RFC 3339 or null",
		"[].counts: object of integers", "[].rights: object of objects", "[].any: any", "[].raw: any", "[].bytes: string, base64",
		"[].parent: object or null", "[].ratio: number", "[].level: integer"}
	if !slices.Equal(got, want) {
		t.Errorf("got\n%s\nwant\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
	}
}

func TestReferenceTellsEverythingThatIsDeclared(t *testing.T) {
	text := Reference(sample())
	for _, want := range []string{
		"| [`get_thing`](#get_thing) | Answers a thing |", "### get_thing\n\nAnswers a thing. And more of it.\n\nSecond paragraph.\n",
		"Needs an api token, whose owner has read on the repository `repoid`. REST: `GET /_admin/rest/repos/{repoid}`.\n",
		"| `repoid` | name or id | Name or id \\| of it. |\n", "| `limit`? | integer, at most 100 | Default: `10`. Also called `count`. |\n",
		`{"id": 1, "auth_token": "jet_api_…", "method": "get_thing", "args": {"repoid": "team/app", "limit": 3}}`,
		"| `owner.username` | string | User name. |\n", "- `` repository `x` does not exist ``\n", "RhodeCode has no such method.",
		"Result: integer.\n", "Result: an empty object.\n", "Result: list of objects.\n", "Result: object of any.\n",
		"| `members` | list of objects | May be missing. |\n",
	} {
		if !strings.Contains(text, want) {
			t.Errorf("it lacks %q", want)
		}
	}
	if strings.Contains(text, "\n\n\n") {
		t.Error("it has empty lines in a row")
	}
}
