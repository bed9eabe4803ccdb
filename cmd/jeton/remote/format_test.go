package remote

import (
	"encoding/json"
	"reflect"
	"strings"
	"testing"
)

func written(t *testing.T, f Format, result string) string {
	t.Helper()
	var b strings.Builder
	if err := f.Write(&b, Reply{Body: json.RawMessage(`{"id": 1, "result": ` + result + `, "error": null}`), Result: json.RawMessage(result)}); err != nil {
		t.Errorf("%s of %s: %v", f, result, err)
	}
	return b.String()
}

func TestFormats(t *testing.T) {
	list := `[{"id": "a", "n": 1.50, "x": {"y": [1, 2]}}, {"n": null, "id": "b\tc", "more": true}]`
	for _, row := range []struct {
		format Format
		result string
		want   string
	}{
		{JSON, `{"b": 1, "a": 9007199254740993}`, `{"b":1,"a":9007199254740993}` + "\n"},
		{Pretty, `{"b":1,"a":[]}`, "{\n  \"b\": 1,\n  \"a\": []\n}\n"},
		{Whole, `{"b": 1}`, `{"id":1,"result":{"b":1},"error":null}` + "\n"},
		{Table, list, "ID      N     X            MORE\na       1.50  {\"y\":[1,2]}  \nb\\x09c                     true\n"},
		{Table, `{"name": "app", "size": 3, "owner": null}`, "name   app\nsize   3\nowner  \n"},
		{Table, `["a", "b"]`, "a\nb\n"}, {Table, `[]`, ""}, {Table, `"text"`, "text\n"}, {Table, `null`, "\n"}, {Table, `true`, "true\n"}, {Table, `[[1],{"a":2}]`, "     A\n[1]  \n     2\n"},
	} {
		if got := written(t, row.format, row.result); got != row.want {
			t.Errorf("%s of %s:\n%q, want\n%q", row.format, row.result, got, row.want)
		}
	}
	for _, name := range []string{"pretty", "json", "table", "reply"} {
		if f, err := ParseFormat(name); err != nil || string(f) != name {
			t.Errorf("%s: %v, %v", name, f, err)
		}
	}
	if _, err := ParseFormat("yaml"); err == nil {
		t.Error("yaml was taken")
	}
	if err := Pretty.Write(&strings.Builder{}, Reply{Result: json.RawMessage("{")}); err == nil {
		t.Error("half an object was written")
	}
}

// What a server answers acts on no terminal, and stays the same JSON.
func TestResultsAreQuietOnTerminals(t *testing.T) {
	result := "{\"a\": \"\u009b31m \u202e x \u2028 ü\", \"b\\u001b\": \"\\u001b[2J\", \"\u0085\": 1}"
	for _, f := range []Format{Pretty, JSON, Whole, Table} {
		got := written(t, f, result)
		if strings.ContainsAny(got, "\u009b\u202e\u2028\u0085\x1b") || !strings.Contains(got, "ü") {
			t.Errorf("%s: %q", f, got)
		}
	}
	var want, got any
	if json.Unmarshal([]byte(result), &want) != nil || json.Unmarshal([]byte(written(t, JSON, result)), &got) != nil || !reflect.DeepEqual(got, want) {
		t.Errorf("got %v, want %v", got, want)
	}
}
