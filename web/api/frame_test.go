package api

import (
	"encoding/json"
	"errors"
	"strings"
	"testing"
	"unicode/utf8"

	"jeton/web/api/method"
)

func TestReadTakesRequests(t *testing.T) {
	for _, row := range []struct{ name, body, id, credentials, method, args string }{
		{"as the documentation has it", `{"id":1,"auth_token":"jet","method":"get_repo","args":{"repoid":"app"}}`, `1`, "jet", "get_repo", `{"repoid":"app"}`},
		{"the old name of a token", `{"id":1,"api_key":"jet","method":"m","args":{}}`, `1`, "jet", "m", `{}`},
		{"both names", `{"id":1,"api_key":"a","auth_token":"b","method":"m","args":{}}`, `1`, "a b", "m", `{}`},
		{"an empty one beside another", `{"id":1,"api_key":"","auth_token":"b","method":"m","args":{}}`, `1`, "b", "m", `{}`},
		{"null as the id", `{"id":null,"method":"m","args":{}}`, `null`, "", "m", `{}`},
		{"an id as it came", `{"id":  [1.0, "\u0041", 9007199254740993, 1e400] ,"method":"m","args":{}}`, `[1.0, "\u0041", 9007199254740993, 1e400]`, "", "m", `{}`},
		{"blanks around", " \r\n\t{\"id\":1,\"method\":\"m\",\"args\":{}}\n ", `1`, "", "m", `{}`},
		{"no arguments in a list", `{"id":1,"method":"m","args":[ ]}`, `1`, "", "m", `{}`},
		{"null arguments", `{"id":1,"method":"m","args":null}`, `1`, "", "m", `{}`},
		{"what nobody asked for", `{"id":1,"jsonrpc":"2.0","method":"m","args":{},"Method":"x","ID":2}`, `1`, "", "m", `{}`},
		{"as deep as may be", `{"id":1,"method":"m","args":{"a":` + strings.Repeat("[", 62) + strings.Repeat("]", 62) + `}}`, `1`, "", "m",
			`{"a":` + strings.Repeat("[", 62) + strings.Repeat("]", 62) + `}`},
		{"brackets in a string", `{"id":1,"method":"m","args":{"a":"\"` + strings.Repeat("[", 100) + `"}}`, `1`, "", "m", `{"a":"\"` + strings.Repeat("[", 100) + `"}`},
	} {
		t.Run(row.name, func(t *testing.T) {
			f, err := read([]byte(row.body))
			args, _ := json.Marshal(f.Args)
			if err != nil || string(f.ID) != row.id || strings.Join(f.Credentials, " ") != row.credentials || f.Method != row.method || string(args) != row.args {
				t.Errorf("got id %s, credentials %q, method %q, args %s, %v", f.ID, f.Credentials, f.Method, args, err)
			}
		})
	}
}

func TestReadRefusesWhatIsNotARequest(t *testing.T) {
	deep := strings.Repeat("[", 100) + strings.Repeat("]", 100)
	for _, row := range []struct{ name, body, id, want string }{
		{"nothing", "", "null", "Content-Length is 0"},
		{"blanks", " \n", "null", "Content-Length is 0"},
		{"a byte order mark", "\xef\xbb\xbf{}", "null", "JSON parse error ERR:it begins with a byte order mark; send UTF-8 without one"},
		{"a batch", `[{"id":1}]`, "null", "A list of calls came in one request, and batches are not taken. Send one call a request."},
		{"a number", `7`, "null", "JSON parse error ERR:it is no object"},
		{"the end, too early", `{"id":1,"method":`, "1", "JSON parse error ERR:the end, too early, at byte 17"},
		{"a comma too many", `{"id":1,}`, "1", "JSON parse error ERR:a character that is not expected there, at byte 7"},
		{"single quotes", `{'id':1}`, "null", "JSON parse error ERR:a character that is not expected there, at byte 1"},
		{"something behind", `{"id":1,"method":"m","args":{}} {}`, "1", "JSON parse error ERR:something stands behind the object"},
		{"garbage behind", `{"id":1,"method":"m","args":{}}x`, "1", "JSON parse error ERR:a character that is not expected there, at byte 31"},
		{"a key twice", `{"id":1,"method":"a","method":"b","args":{}}`, "1", "JSON parse error ERR:a key that stands there twice in one object, at byte 21"},
		{"the id twice", `{"id":1,"id":2}`, "null", "JSON parse error ERR:a key that stands there twice in one object, at byte 8"},
		{"an argument twice", `{"id":1,"args":{"a":1,"\u0061":2}}`, "1", "JSON parse error ERR:a key that stands there twice in one object, at byte 22"},
		{"a raw NUL", "{\"id\":1,\"method\":\"m\x00\"}", "1", "JSON parse error ERR:a character that is not expected there, at byte 19"},
		{"bytes that are not UTF-8", "{\"id\":1,\"method\":\"m\xff\"}", "1", "JSON parse error ERR:bytes that are not UTF-8, at byte 19"},
		{"half of a pair", `{"id":1,"method":"\ud800"}`, "1", "JSON parse error ERR:a character that is not expected there, at byte 18"},
		{"not a number", `{"id":1,"args":{"a":NaN}}`, "1", "JSON parse error ERR:a character that is not expected there, at byte 20"},
		{"too deep", `{"id":1,"method":"m","args":{"a":` + deep + `}}`, "1", "Objects and lists stand more than 64 deep in each other. Send a flatter request."},
		{"too deep, before the id", `{"args":{"a":` + deep + `},"id":"x"}`, `"x"`, "Objects and lists stand more than 64 deep in each other. Send a flatter request."},
		{"deeper than can be read", `{"id":1,"args":` + strings.Repeat("[", 20_000) + `}`, "1", "JSON parse error ERR:a character that is not expected there, at byte 10014"},
		{"no id", `{"method":"m","args":{}}`, "null", "Incorrect JSON data. Missing 'id'"},
		{"another case", `{"ID":1,"method":"m","args":{}}`, "null", "Incorrect JSON data. Missing 'id'"},
		{"no method", `{"id":1,"args":{}}`, "1", "Incorrect JSON data. Missing 'method'"},
		{"no arguments", `{"id":1,"method":"m"}`, "1", "Incorrect JSON data. Missing 'args'"},
		{"arguments in a list", `{"id":1,"method":"m","args":["app"]}`, "1", "`args` must be an object that names each argument"},
		{"a number as the method", `{"method":1,"args":{},"id":2}`, "2", "`method` must be a string"},
		{"a number as the token", `{"auth_token":1,"id":2}`, "2", "Invalid API KEY: `auth_token` must be a string"},
		{"a long id", `{"id":"` + strings.Repeat("x", 1100) + `","method":"m","args":{}}`, "null", "`id` is longer than 1024 bytes"},
	} {
		t.Run(row.name, func(t *testing.T) {
			f, err := read([]byte(row.body))
			var e *method.Error
			if !errors.As(err, &e) || e.Text != row.want || string(f.ID) != row.id {
				t.Errorf("got id %s, %v; want id %s, %s", f.ID, err, row.id, row.want)
			}
		})
	}
}

// FuzzRead holds that whatever is sent is either refused by an error for clients, or JSON that others read the same way.
func FuzzRead(f *testing.F) {
	for _, seed := range []string{
		`{"id":1,"auth_token":"jet","method":"get_repo","args":{"repoid":"app"}}`, `{"id":1,"id":2}`, `[]`, "\xef\xbb\xbf{}", `{"id":"\ud800"}`,
		`{"args":[[[[]]]],"id":{}}`, "{\"id\":\"\xff\"}", `{"id":1e999,"method":"\u0000","args":{"":null}}`, `{"a":{"b":{"c":[1,2,{"d":"\\\""}]}}} `, `{`,
	} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, body []byte) {
		got, err := read(body)
		if !json.Valid(got.ID) {
			t.Fatalf("the id %q is no JSON", got.ID)
		}
		if err != nil {
			var e *method.Error
			if !errors.As(err, &e) || e.Text == "" {
				t.Fatalf("%v is no error for a client", err)
			}
			return
		}
		var same struct {
			Method string         `json:"method"`
			Args   map[string]any `json:"args"`
		}
		if !utf8.Valid(body) {
			t.Fatal("bytes that are not UTF-8 were taken")
		}
		var all map[string]json.RawMessage
		if err := json.Unmarshal(body, &all); err != nil {
			t.Fatalf("what was taken is no object to others: %v", err)
		}
		if err := json.Unmarshal(all["method"], &same.Method); err != nil || same.Method != got.Method {
			t.Fatalf("the method is %q, and %q to others (%v)", got.Method, same.Method, err)
		}
		for name, raw := range got.Args {
			if !json.Valid(raw) {
				t.Fatalf("the argument %q is no JSON: %q", name, raw)
			}
		}
	})
}
