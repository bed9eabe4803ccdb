package wire

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"net/http"
	"net/url"
	"reflect"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"jeton/auth/access"
	"jeton/auth/audit"
	"jeton/auth/token"
	"jeton/cmd/jeton/control"
	"jeton/cmd/jeton/sample"
	"jeton/vcs/host"
	"jeton/vcs/storage"
	"jeton/web/api/method"
	"jeton/web/api/rest"
	"jeton/web/api/schema"
	"jeton/web/api/schema/schematest"
)

// twin is a running server with a repository team/app, and an administrator's token for all.
type twin struct {
	t      *testing.T
	url    string
	secret string
}

// newTwin starts a server; two of them hold the same, but for ids.
func newTwin(t *testing.T) *twin {
	t.Helper()
	s := open(t, t.TempDir(), "JETON_SSH_ENABLED=false", "JETON_API_TOKEN_CALLS=0", "JETON_API_ADDRESS_CALLS=0")
	by := audit.Command("test")
	ada, err := s.Users.Create(t.Context(), by, access.NewUser{Name: "ada", Email: "ada@example.com", Admin: true})
	if err != nil {
		t.Fatal(err)
	}
	_, err = s.Access.CreateGroup(t.Context(), by, "team", ada.ID)
	if err != nil {
		t.Fatal(err)
	}
	r, err := s.Host.Create(t.Context(), host.Repo{Path: "team/app", OwnerID: ada.ID, Private: true})
	if err != nil {
		t.Fatal(err)
	}
	repo, err := s.Host.Open(t.Context(), r.ID)
	if err != nil {
		t.Fatal(err)
	}
	if err := sample.Fill(t.Context(), repo, storage.Actor{ID: ada.ID, Name: "ada", Email: "ada@example.com"}, time.Unix(1700000000, 0)); err != nil {
		t.Fatal(err)
	}
	_, secret, err := s.Tokens.Mint(t.Context(), by, token.Request{UserID: ada.ID, Kind: token.API, Label: "all", Access: token.Write, Rights: token.AllRights()})
	if err != nil {
		t.Fatal(err)
	}
	v, err := Listen(t.Context(), s, control.Registry{}, "test")
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.WithoutCancel(t.Context()))
	ended := make(chan error, 1)
	go func() { ended <- v.Run(ctx) }()
	t.Cleanup(func() {
		cancel()
		if err := <-ended; err != nil {
			t.Error(err)
		}
	})
	return &twin{t, v.URL, secret.Reveal()}
}

// answer is what came of a call.
type answer struct {
	status int
	header http.Header
	result json.RawMessage
	text   string // of an error, or its texts by argument as JSON
	code   string
}

func (w *twin) send(verb, path, secret string, body []byte) (*http.Response, []byte) {
	w.t.Helper()
	r, err := http.NewRequest(verb, w.url+path, bytes.NewReader(body))
	if err != nil {
		w.t.Fatal(err)
	}
	if secret != "" {
		r.Header.Set("Authorization", "Bearer "+secret)
	}
	res, err := http.DefaultClient.Do(r)
	if err != nil {
		w.t.Fatal(err)
	}
	defer func() { _ = res.Body.Close() }()
	text, err := io.ReadAll(res.Body)
	if err != nil {
		w.t.Fatal(err)
	}
	return res, text
}

// rpc calls a method in JSON-RPC.
func (w *twin) rpc(m method.Method, secret string, args map[string]any) answer {
	w.t.Helper()
	body, err := json.Marshal(map[string]any{"id": 1, "method": m.Name, "args": args})
	if err != nil {
		w.t.Fatal(err)
	}
	res, text := w.send(http.MethodPost, "/_admin/api", secret, body)
	var reply struct{ Result, Error json.RawMessage }
	if err := json.Unmarshal(text, &reply); err != nil || res.StatusCode != http.StatusOK {
		w.t.Fatalf("%s answered %d %s: %v", m.Name, res.StatusCode, text, err)
	}
	a := answer{status: res.StatusCode, result: reply.Result, code: res.Header.Get(method.CodeHeader)}
	if string(reply.Error) != "null" {
		a.text = string(reply.Error)
	}
	return a
}

// rest calls it at its own address, with the arguments where they belong.
func (w *twin) rest(r rest.Route, secret string, args map[string]any) answer {
	w.t.Helper()
	path, query, members := rest.Address+r.Path, url.Values{}, map[string]any{}
	for name, value := range args {
		switch list, isList := value.([]any); {
		case r.In(name):
			path = strings.ReplaceAll(path, "{"+name+"}", url.PathEscape(fmt.Sprint(value)))
		case r.HasBody():
			members[name] = value
		case isList:
			for _, one := range list {
				query.Add(name, fmt.Sprint(one))
			}
		default:
			query.Set(name, fmt.Sprint(value))
		}
	}
	var body []byte
	if r.HasBody() {
		body, _ = json.Marshal(members) // of JSON
	}
	if len(query) > 0 {
		path += "?" + query.Encode()
	}
	res, text := w.send(r.Verb, path, secret, body)
	a := answer{status: res.StatusCode, header: res.Header, code: res.Header.Get(method.CodeHeader)}
	if res.StatusCode < 300 {
		a.result = text
		return a
	}
	var p rest.Problem
	if err := json.Unmarshal(text, &p); err != nil || res.Header.Get("Content-Type") != rest.ProblemType || p.Status != res.StatusCode || string(p.Code) != a.code {
		w.t.Errorf("%s %s answered %d, no problem: %s", r.Verb, path, res.StatusCode, text)
	}
	said := any(p.Detail)
	if p.Errors != nil {
		said = p.Errors
	}
	b, _ := json.Marshal(said) // of strings
	a.text = string(b)
	return a
}

// routes are those of all methods, what changes nothing first and what destroys last.
func routes(t *testing.T) []rest.Route {
	t.Helper()
	all, err := rest.Routes(Declared())
	if err != nil {
		t.Fatal(err)
	}
	order := []string{http.MethodGet, http.MethodPost, http.MethodPut, http.MethodPatch, http.MethodDelete}
	slices.SortStableFunc(all, func(a, b rest.Route) int { return slices.Index(order, a.Verb) - slices.Index(order, b.Verb) })
	return all
}

func example(t *testing.T, m method.Method) map[string]any {
	t.Helper()
	args := map[string]any{}
	if err := json.Unmarshal([]byte(schema.Example(m)), &args); err != nil {
		t.Fatalf("%s: %v", m.Name, err)
	}
	return args
}

// Each route does on one server what its method does on the other: the same result or the same error, with the status that
// belongs to it. The examples of the declarations are what is called.
func TestEachRouteAnswersAsItsMethodDoes(t *testing.T) {
	a, b := newTwin(t), newTwin(t)
	rpcDocument, apiDocument := documents(t)
	done := 0
	for _, r := range routes(t) {
		args := example(t, r.Method)
		for _, s := range r.Method.Args {
			if r.In(s.Name) && args[s.Name] == nil {
				args[s.Name] = "ada" // a person that may be left out in JSON-RPC stands in the path
			}
			if !r.HasBody() && !r.In(s.Name) && rest.Secret(s.Name) {
				delete(args, s.Name) // it is never taken from an address
			}
		}
		want, got := a.rpc(r.Method, a.secret, args), b.rest(r, b.secret, args)
		if quiet(want.text) != quiet(got.text) || want.code != got.code || want.text == "" && r.Method.Name != "get_server_metrics" && // no two of these are alike; its shape is looked at below
			!reflect.DeepEqual(masked(t, a, want.result), masked(t, b, got.result)) {
			t.Errorf("%s %s\n got %d %s %s%s\nwant %s %s%s", r.Verb, r.Path, got.status, got.code, got.text, got.result, want.code, want.text, want.result)
		}
		if status := statusOf(r, got); got.status != status {
			t.Errorf("%s %s: status %d, want %d", r.Verb, r.Path, got.status, status)
		}
		if got.text == "" {
			done++
			fits(t, r, rpcDocument, apiDocument, got)
		}
		if got.status == http.StatusAccepted && !strings.HasPrefix(got.header.Get("Location"), rest.Address+"jobs/") {
			t.Errorf("%s %s: no job at %q", r.Verb, r.Path, got.header.Get("Location"))
		}
	}
	if done < 10 {
		t.Errorf("only %d of the examples succeed", done)
	}
}

// statusOf is the status that an answer should have.
func statusOf(r rest.Route, a answer) int {
	var made struct{ Task *string }
	switch _ = json.Unmarshal(a.result, &made); {
	case a.text != "":
		return method.Code(a.code).Status()
	case made.Task != nil && r.Verb != http.MethodGet:
		return http.StatusAccepted
	case r.Makes():
		return http.StatusCreated
	}
	return http.StatusOK
}

func documents(t *testing.T) (rpc, api []byte) {
	t.Helper()
	s := schema.Server{URL: "https://code.example.com", Version: "0"}
	rpc, err := schema.OpenRPC(Declared(), s)
	if err != nil {
		t.Fatal(err)
	}
	if api, err = schema.OpenAPI(Declared(), s); err != nil {
		t.Fatal(err)
	}
	return rpc, api
}

// fits checks a result by the schemas that both documents have for it.
func fits(t *testing.T, r rest.Route, rpc, api []byte, a answer) {
	t.Helper()
	names := []string{}
	for _, m := range Declared() {
		names = append(names, m.Name)
	}
	slices.Sort(names)
	schematest.Fits(t, rpc, schematest.OpenRPC, fmt.Sprintf("/methods/%d/result/schema", slices.Index(names, r.Method.Name)), a.result)
	schematest.Fits(t, api, schematest.OpenAPI, fmt.Sprintf("/paths/%s/%s/responses/%d/content/application~1json/schema", schematest.Escape("/"+r.Path),
		strings.ToLower(r.Verb), a.status), a.result)
}

var (
	idPattern    = regexp.MustCompile(`\b([a-z2-7]{26}|[0-9a-f]{16}[a-z2-7]{10})\b`) // and those of comments
	tokenPattern = regexp.MustCompile(`\bjet_[a-z]+_[0-9A-Za-z]+…?`)
	// placePattern are data folders, hashPattern hashes of what differs.
	placePattern = regexp.MustCompile(`/tmp/[^" ]*/\d{3}\b`)
	hashPattern  = regexp.MustCompile(`\b[0-9a-f]{64}\b`)
	timePattern  = regexp.MustCompile(`\d{4}-\d\d-\d\d[T ]\d\d:\d\d:\d\d(\.\d+)?Z?`)
)

// quiet is a text without ids.
func quiet(text string) string { return idPattern.ReplaceAllString(text, "ID") }

// masked is a result without what differs between two servers.
func masked(t *testing.T, w *twin, raw json.RawMessage) any {
	t.Helper()
	var v any
	if err := json.Unmarshal(raw, &v); err != nil {
		t.Fatalf("%s: %v", raw, err)
	}
	var walk func(v any) any
	walk = func(v any) any {
		switch v := v.(type) {
		case string:
			at, _ := url.Parse(w.url)
			v = tokenPattern.ReplaceAllString(strings.ReplaceAll(v, at.Host, "HOST"), "TOKEN")
			v = hashPattern.ReplaceAllString(placePattern.ReplaceAllString(v, "PLACE"), "HASH")
			return timePattern.ReplaceAllString(quiet(v), "TIME")
		case []any:
			for i := range v {
				v[i] = walk(v[i])
			}
		case float64:
			if v > 1e9 { // a time
				return "TIME"
			}
		case map[string]any:
			for _, key := range slices.Collect(maps.Keys(v)) {
				if v[key] = walk(v[key]); key == "task" || key == "secret" {
					delete(v, key) // a job may have ended in time here and not there; a secret is made by chance
				}
			}
		}
		return v
	}
	return walk(v)
}

// The documents are handed out to everybody, and are those of this server.
func TestDocumentsAreServed(t *testing.T) {
	w := newTwin(t)
	for path, standard := range map[string]schematest.Standard{"/_admin/api/openrpc.json": schematest.OpenRPC, "/_admin/rest/openapi.json": schematest.OpenAPI} {
		res, text := w.send(http.MethodGet, path, "", nil)
		if res.StatusCode != http.StatusOK || res.Header.Get("Content-Type") != "application/json" || !strings.Contains(string(text), w.url+"/_admin/") {
			t.Errorf("%s answered %d %s", path, res.StatusCode, res.Header)
		}
		schematest.Valid(t, text, standard)
	}
	if res, text := w.send(http.MethodGet, "/_admin/rest/repos?auth_token="+w.secret, "", nil); res.StatusCode != http.StatusBadRequest || strings.Contains(string(text), w.secret) {
		t.Errorf("a token in an address: %d %s", res.StatusCode, text)
	}
}
