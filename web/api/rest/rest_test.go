package rest

import (
	"encoding/json"
	"errors"
	"maps"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"
	"time"

	"jeton/web/api/method"
)

// caller answers with what it was told to, and remembers what it was asked.
type caller struct {
	result any
	err    error
	name   string
	args   method.Values
}

func (c *caller) Serve(_ http.ResponseWriter, _ *http.Request, m method.Method, args method.Values) (any, error) {
	c.name, c.args = m.Name, args
	return c.result, c.err
}

func serve(t *testing.T, c *caller, r *http.Request) *httptest.ResponseRecorder {
	t.Helper()
	h, err := New(Options{Methods: []method.Method{
		declare("get_repo", "GET repos/{repoid}", false), declare("create_repo", "POST repos", true), declare("update_repo", "PUT repos/{repoid}", true),
		declare("delete_repo", "DELETE repos/{repoid}", true),
	}, Caller: c, Documents: map[string][]byte{"/_admin/rest/openapi.json": []byte(`{"openapi": "3.1.1"}`)}, Base: "/base"})
	if err != nil {
		t.Fatal(err)
	}
	w := httptest.NewRecorder()
	h.ServeHTTP(w, r)
	return w
}

func request(verb, path string) *http.Request {
	return httptest.NewRequest(verb, "https://code.example.com/base/_admin/rest/"+path, nil)
}

func TestArgumentsComeFromPathAndQuery(t *testing.T) {
	c := &caller{result: map[string]any{}}
	w := serve(t, c, request("GET", `repos/team/app?list=a&list=b&flag=true&rest={"x":1}&map={}&unknown=1`))
	if w.Code != 200 || c.name != "get_repo" {
		t.Fatalf("got %d from %q: %s", w.Code, c.name, w.Body)
	}
	want := map[string]string{"repoid": `"team/app"`, "list": `["a","b"]`, "flag": `"true"`, "rest": `{"x":1}`, "map": `{}`}
	got := map[string]string{}
	for k, v := range c.args {
		got[k] = string(v)
	}
	if !maps.Equal(got, want) {
		t.Errorf("got %v, want %v", got, want)
	}
	serve(t, c, request("GET", "repos/app?list=a&old_flag=1&rest=text"))
	if string(c.args["list"]) != `"a"` || string(c.args["old_flag"]) != `"1"` || string(c.args["rest"]) != `"text"` {
		t.Errorf("got %s", c.args)
	}
}

func TestWhatIsNoCallIsRefused(t *testing.T) {
	for _, row := range []struct {
		verb, path string
		status     int
		detail     string
	}{
		{"GET", "nothing", 404, "openapi.json"}, {"GET", "", 404, "no such address"},
		{"PATCH", "repos/app", 405, "DELETE, GET, PUT"}, {"LOCK", "repos/app", 405, ""},
		{"GET", "repos/app?auth_token=jet_api_x", 400, "Authorization: Bearer"}, {"DELETE", "repos/app?api_key=x", 400, "never taken"},
		{"GET", "repos/app?repoid=other", 400, "in the path already"}, {"PUT", "repos/app?flag=1", 400, "in the body"},
		{"GET", "repos/app?flag=1&flag=0", 400, "more than once"}, {"GET", "repos/app?map=x", 400, "written as JSON"}, {"GET", "repos/app?a=%zz", 400, "percent-encoded"},
	} {
		r := httptest.NewRequest(row.verb, "https://h/", nil)
		r.URL.Path, r.URL.RawPath = "", ""
		path, query, _ := strings.Cut(row.path, "?")
		r.URL.Path, r.URL.RawQuery = "/base/_admin/rest/"+path, query
		c := &caller{}
		w := serve(t, c, r)
		p := problemOf(t, w)
		if w.Code != row.status || p.Status != row.status || !strings.Contains(p.Detail, row.detail) || c.name != "" {
			t.Errorf("%s %s: got %d %+v, called %q; want %d with %q", row.verb, row.path, w.Code, p, c.name, row.status, row.detail)
		}
		if strings.Contains(w.Body.String(), "jet_api_x") {
			t.Errorf("%s %s echoes the token", row.verb, row.path)
		}
	}
	if got := serve(t, &caller{}, request("PATCH", "repos/app")).Header().Get("Allow"); got != "DELETE, GET, PUT" {
		t.Errorf("Allow: %q", got)
	}
}

func problemOf(t *testing.T, w *httptest.ResponseRecorder) Problem {
	t.Helper()
	var p Problem
	if w.Header().Get("Content-Type") != ProblemType || json.Unmarshal(w.Body.Bytes(), &p) != nil || p.Title != http.StatusText(w.Code) {
		t.Errorf("no problem: %d %s %s", w.Code, w.Header(), w.Body)
	}
	return p
}

func TestEachCodeHasItsStatus(t *testing.T) {
	for code, status := range map[method.Code]int{method.Invalid: 400, method.Credential: 401, method.Denied: 403, method.NotFound: 404, method.BadMethod: 405,
		method.Conflict: 409, method.TooLarge: 413, method.Limited: 429, method.Unavailable: 503, method.Failed: 500} {
		w := serve(t, &caller{err: &method.Error{Code: code, Text: "a \x1b text", RetryAfter: 1500 * time.Millisecond}}, request("GET", "repos/app"))
		p := problemOf(t, w)
		if w.Code != status || p.Code != code || p.Status != status || p.Detail != `a \x1b text` {
			t.Errorf("%s: got %d %+v, want %d", code, w.Code, p, status)
		}
		if wait := w.Header().Get("Retry-After"); wait != "2" {
			t.Errorf("%s: Retry-After is %q", code, wait)
		}
		if asks := w.Header().Get("WWW-Authenticate"); (status == 401) != (asks != "") {
			t.Errorf("%s: WWW-Authenticate is %q", code, asks)
		}
	}
	w := serve(t, &caller{err: method.Fields(method.Invalid, map[string]string{"repo_name": "too long"})}, request("POST", "repos"))
	if p := problemOf(t, w); w.Code != 400 || p.Errors["repo_name"] != "too long" {
		t.Errorf("fields: %d %+v", w.Code, p)
	}
	w = serve(t, &caller{err: errors.New("disk full at /secret/place")}, request("GET", "repos/app"))
	if p := problemOf(t, w); w.Code != 500 || strings.Contains(p.Detail, "secret") {
		t.Errorf("a failure of the server: %d %+v", w.Code, p)
	}
	if w := serve(t, &caller{result: func() {}}, request("GET", "repos/app")); w.Code != 500 {
		t.Errorf("a result that cannot be written: %d", w.Code)
	}
}

func TestStatusesOfWhatWasDone(t *testing.T) {
	task := "abc"
	for _, row := range []struct {
		verb, path string
		result     any
		status     int
		location   string
	}{
		{"GET", "repos/app", map[string]any{"task": "abc"}, 200, ""},
		{"POST", "repos", map[string]any{"msg": "<made>", "task": nil}, 201, ""},
		{"POST", "repos", struct {
			Task *string `json:"task"`
		}{&task}, 202, "/base/_admin/rest/jobs/abc"},
		{"PUT", "repos/app", []int{1}, 200, ""},
		{"DELETE", "repos/app", map[string]any{"task": "x/y"}, 202, "/base/_admin/rest/jobs/x%2Fy"},
		{"DELETE", "repos/app", nil, 200, ""},
	} {
		w := serve(t, &caller{result: row.result}, request(row.verb, row.path))
		want, _ := encode(row.result)
		if w.Code != row.status || w.Header().Get("Location") != row.location || w.Body.String() != string(want) || w.Header().Get("Content-Type") != "application/json" {
			t.Errorf("%s %s: got %d, %v, %s", row.verb, row.path, w.Code, w.Header(), w.Body)
		}
	}
}

func TestAnAnswerThatTheClientHasIsNotSentAgain(t *testing.T) {
	c := &caller{result: map[string]any{"a": 1}}
	for _, path := range []string{"repos/app", "openapi.json"} {
		first := serve(t, c, request("GET", path))
		tag := first.Header().Get("ETag")
		if first.Code != 200 || tag == "" {
			t.Fatalf("%s: %d %v", path, first.Code, first.Header())
		}
		again := request("GET", path)
		again.Header.Set("If-None-Match", tag)
		if w := serve(t, c, again); w.Code != 304 || w.Body.Len() != 0 || w.Header().Get("ETag") != tag {
			t.Errorf("%s again: %d %v %s", path, w.Code, w.Header(), w.Body)
		}
		if w := serve(t, c, request("HEAD", path)); w.Code != 200 || w.Header().Get("ETag") != tag {
			t.Errorf("HEAD %s: %d %v", path, w.Code, w.Header())
		}
	}
	c.result = map[string]any{"a": 2}
	again := request("GET", "repos/app")
	again.Header.Set("If-None-Match", serve(t, &caller{result: map[string]any{"a": 1}}, request("GET", "repos/app")).Header().Get("ETag"))
	if w := serve(t, c, again); w.Code != 200 {
		t.Errorf("what has changed is answered %d", w.Code)
	}
	if got := serve(t, c, request("GET", "repos/app")).Header().Get("Cache-Control"); !slices.Contains(strings.Split(got, ", "), "private") {
		t.Errorf("Cache-Control: %q", got)
	}
}
