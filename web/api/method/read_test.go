package method

import (
	"context"
	"encoding/json"
	"errors"
	"reflect"
	"strings"
	"testing"
)

type everything struct {
	Text   string         `arg:"text" max:"8" doc:"A text."`
	Ref    Ref            `arg:"ref,optional" alias:"old_ref" doc:"A name."`
	Number int64          `arg:"number,optional" default:"7" max:"100" doc:"A number."`
	On     bool           `arg:"on,optional" default:"true" doc:"A switch."`
	List   []string       `arg:"list,optional" sep:"," doc:"A list."`
	Whole  []string       `arg:"whole,optional" doc:"A list of which a string is one."`
	Map    map[string]any `arg:"map,optional" doc:"An object."`
	Any    any            `arg:"any,optional" doc:"Anything."`
	Desc   *string        `arg:"desc,optional" doc:"A text that may be left out."`
	Pick   string         `arg:"pick,optional" choices:"a,b" default:"a" doc:"One of two."`
}

// readAll reads arguments as a call does.
func readAll(t *testing.T, args string) (everything, error) {
	t.Helper()
	var v Values
	if err := json.Unmarshal([]byte(args), &v); err != nil {
		t.Fatal(err)
	}
	var got everything
	m := Of(Method{Name: "all", Doc: "Takes all.", On: On{Kind: Open}}, func(_ context.Context, _ *Call, in everything) (string, error) {
		got = in
		return "", nil
	})
	ready, err := m.Prepare(v)
	if err != nil {
		return everything{}, err
	}
	_, err = ready.Run(t.Context(), nil)
	return got, err
}

func TestPrepareReadsArguments(t *testing.T) {
	text := func(s string) *string { return &s }
	base := func(change func(*everything)) everything {
		e := everything{Text: "x", Number: 7, On: true, Pick: "a"}
		change(&e)
		return e
	}
	for _, row := range []struct {
		name, args string
		want       everything
	}{
		{"defaults", `{"text":"x"}`, base(func(*everything) {})},
		{"null is left out", `{"text":"x","number":null,"desc":null}`, base(func(*everything) {})},
		{"unknown arguments are passed over", `{"text":"x","nobody":{}}`, base(func(*everything) {})},
		{"a name as a number", `{"text":"x","ref":42}`, base(func(e *everything) { e.Ref = "42" })},
		{"an old name", `{"text":"x","old_ref":"me"}`, base(func(e *everything) { e.Ref = "me" })},
		{"digits in a string", `{"text":"x","number":"12"}`, base(func(e *everything) { e.Number = 12 })},
		{"less than nothing", `{"text":"x","number":-1}`, base(func(e *everything) { e.Number = -1 })},
		{"a switch as Python writes it", `{"text":"x","on":"False"}`, base(func(e *everything) { e.On = false })},
		{"a switch as a number", `{"text":"x","on":0}`, base(func(e *everything) { e.On = false })},
		{"a list", `{"text":"x","list":["a","b"]}`, base(func(e *everything) { e.List = []string{"a", "b"} })},
		{"a list in a string", `{"text":"x","list":"a, b,"}`, base(func(e *everything) { e.List = []string{"a", "b"} })},
		{"an empty list in a string", `{"text":"x","list":""}`, base(func(e *everything) { e.List = []string{} })},
		{"a list of one", `{"text":"x","whole":"a,b"}`, base(func(e *everything) { e.Whole = []string{"a,b"} })},
		{"an object", `{"text":"x","map":{"n":9007199254740993}}`, base(func(e *everything) { e.Map = map[string]any{"n": json.Number("9007199254740993")} })},
		{"anything", `{"text":"x","any":[true]}`, base(func(e *everything) { e.Any = []any{true} })},
		{"given, though empty", `{"text":"x","desc":""}`, base(func(e *everything) { e.Desc = text("") })},
	} {
		t.Run(row.name, func(t *testing.T) {
			got, err := readAll(t, row.args)
			if err != nil || !reflect.DeepEqual(got, row.want) {
				t.Errorf("got %+v, %v; want %+v", got, err, row.want)
			}
		})
	}
}

func TestPrepareRefusesArguments(t *testing.T) {
	for _, row := range []struct{ name, args, want string }{
		{"missing", `{}`, "Missing non optional `text` arg in JSON DATA"},
		{"null", `{"text":null}`, "Missing non optional `text` arg in JSON DATA"},
		{"number for a text", `{"text":1}`, "Invalid `text` arg in JSON DATA: it must be a string, and a number came"},
		{"too long", `{"text":"123456789"}`, "Invalid `text` arg in JSON DATA: it is longer than 8 bytes"},
		{"NUL", `{"text":"a\u0000"}`, "Invalid `text` arg in JSON DATA: it holds a NUL character"},
		{"no choice", `{"text":"x","pick":"c"}`, "Invalid `pick` arg in JSON DATA: it must be one of a, b"},
		{"list for a name", `{"text":"x","ref":[]}`, "Invalid `ref` arg in JSON DATA: it must be a name or an id, which is a string or an integer, and a list came"},
		{"fraction for a name", `{"text":"x","ref":1.5}`, "Invalid `ref` arg in JSON DATA: it must be an integer, written in digits alone"},
		{"a name that none can have", `{"text":"x","ref":"` + strings.Repeat("a", 321) + `"}`, "Invalid `ref` arg in JSON DATA: it is longer than 320 bytes"},
		{"two names", `{"text":"x","ref":"a","old_ref":"b"}`, "The arguments `ref` and `old_ref` are one. Send one of them."},
		{"beyond 2^53", `{"text":"x","number":9007199254740993}`, "Invalid `number` arg in JSON DATA: it is a number beyond 2^53, which not every reader of JSON keeps as it is"},
		{"beyond 64 bits", `{"text":"x","number":99999999999999999999}`, "Invalid `number` arg in JSON DATA: it is a number beyond 2^53, which not every reader of JSON keeps as it is"},
		{"an exponent", `{"text":"x","number":1e2}`, "Invalid `number` arg in JSON DATA: it must be an integer, written in digits alone"},
		{"too great", `{"text":"x","number":101}`, "Invalid `number` arg in JSON DATA: it is greater than 100"},
		{"a word for a number", `{"text":"x","number":"many"}`, "Invalid `number` arg in JSON DATA: it must be an integer, written in digits alone"},
		{"an object for a number", `{"text":"x","number":{}}`, "Invalid `number` arg in JSON DATA: it must be an integer, and an object came"},
		{"a word for a switch", `{"text":"x","on":"yes"}`, "Invalid `on` arg in JSON DATA: it must be true or false"},
		{"a list for a switch", `{"text":"x","on":[]}`, "Invalid `on` arg in JSON DATA: it must be true or false"},
		{"a number in a list", `{"text":"x","list":["a",1]}`, "Invalid `list` arg in JSON DATA: it must be a list of strings, and a number stands in it"},
		{"an object for a list", `{"text":"x","list":{}}`, "Invalid `list` arg in JSON DATA: it must be a list of strings, and an object came"},
		{"a list for an object", `{"text":"x","map":[]}`, "Invalid `map` arg in JSON DATA: it must be an object, and a list came"},
		{"NUL in an object", `{"text":"x","map":{"a":[{"b":"\u0000"}]}}`, "Invalid `map` arg in JSON DATA: it holds a NUL character"},
	} {
		t.Run(row.name, func(t *testing.T) {
			_, err := readAll(t, row.args)
			var e *Error
			if !errors.As(err, &e) || e.Code != Invalid || e.Text != row.want {
				t.Errorf("got %v, want %s", err, row.want)
			}
		})
	}
}

func TestOfDescribesArguments(t *testing.T) {
	m := Of(Method{Name: "get", Doc: "Gets.", On: On{Kind: Person, Arg: "ref"}}, func(context.Context, *Call, everything) (map[string]int, error) { return nil, nil })
	want := Arg{Name: "ref", Aliases: []string{"old_ref"}, Doc: "A name.", Type: Name, Optional: true}
	if len(m.Args) != 10 || !reflect.DeepEqual(m.Args[1], want) || m.Result != reflect.TypeFor[map[string]int]() {
		t.Errorf("got %+v, %v; want %+v second of ten", m.Args, m.Result, want)
	}
	ready, err := m.Prepare(Values{"text": json.RawMessage(`"x"`), "old_ref": json.RawMessage(`"ada"`)})
	if err != nil || ready.About != "ada" {
		t.Errorf("it is about %q, %v; want ada", ready.About, err)
	}
}

func TestOfRefusesWrongDeclarations(t *testing.T) {
	type twice struct {
		A string `arg:"a"`
		B string `arg:"b" alias:"a"`
	}
	type strange struct {
		A float64 `arg:"a"`
	}
	type untagged struct{ A string }
	type optional struct {
		A Ref `arg:"a,optional"`
	}
	for name, make := range map[string]func(){
		"an argument twice":      func() { declare[twice](On{Kind: Open}) },
		"a type of no argument":  func() { declare[strange](On{Kind: Open}) },
		"a field without a name": func() { declare[untagged](On{Kind: Open}) },
		"about no argument":      func() { declare[struct{}](On{Kind: Repository, Arg: "repoid"}) },
		"about what is optional": func() { declare[optional](On{Kind: Repository, Arg: "a"}) },
		"about nothing known":    func() { declare[struct{}](On{Kind: "gist"}) },
	} {
		t.Run(name, func(t *testing.T) {
			defer func() {
				if cause, ok := recover().(string); !ok || !strings.HasPrefix(cause, "method m: ") {
					t.Errorf("it ended in %v", cause)
				}
			}()
			make()
		})
	}
}

func declare[In any](on On) {
	Of(Method{Name: "m", Doc: "Does.", On: on}, func(context.Context, *Call, In) (any, error) { return nil, nil })
}

func FuzzPrepare(f *testing.F) {
	for _, seed := range []string{`"x"`, `1e400`, `[[]]`, `{"a":null}`, `"\ud800"`, `-0`, `[1,"a"]`, `true`, `""`} {
		f.Add(seed)
	}
	m := Of(Method{Name: "all", Doc: "Takes all.", On: On{Kind: Open}}, func(_ context.Context, _ *Call, in everything) (everything, error) { return in, nil })
	f.Fuzz(func(t *testing.T, raw string) {
		if !json.Valid([]byte(raw)) || strings.TrimSpace(raw) != raw {
			return
		}
		for _, a := range m.Args {
			v := Values{"text": json.RawMessage(`"x"`)}
			v[a.Name] = json.RawMessage(raw)
			_, err := m.Prepare(v)
			var e *Error
			if err != nil && !errors.As(err, &e) {
				t.Errorf("%s = %s: %v is no error for a client", a.Name, raw, err)
			}
		}
	})
}
