package integration

import (
	"bytes"
	"encoding/json"
	"flag"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"jeton/cmd/jeton/wire"
)

var updateAPI = flag.Bool("update-api", false, "write the golden files of the API's rows anew")

// args are a call's arguments. A value that is a func(*apiWorld) any is asked when the call is made, for what is known
// only then: an id, a token.
type args = map[string]any

// apiCall is one call. As names a token of apiWorld ("admin" where it is empty).
type apiCall struct {
	As, Method string
	Args       args
	// Save keeps the result under a name, for apiWorld.saved.
	Save string
}

// apiRow is one call whose answer is known: Golden is a file in testdata/api that holds the result, with what differs from
// run to run masked (see masked); or Error is the whole error text, and for an error by argument its JSON. Before is called
// first, and must succeed. Rows are run in their order, on one server for each database, and see what those before them did:
// each makes what it changes itself.
//
// What every method must refuse (an argument missing, of a wrong type, no token, no permission, nothing of this name) is not
// written down: TestAPIRefuses makes these calls from the declarations.
type apiRow struct {
	Name, Method, As string
	Before           []apiCall
	Args             args
	Golden, Error    string
}

// apiRows are all rows.
func apiRows() []apiRow {
	var all []apiRow
	all = append(all, apiManualRows()...)
	all = append(all, apiOwnRows()...)
	all = append(all, apiPeopleRows()...)
	all = append(all, apiContentRows()...)
	all = append(all, apiReposRows()...) // before others, which may make administrators and give permissions
	all = append(all, apiHooksRows()...)
	all = append(all, apiPullRows()...)
	all = append(all, apiJobRows()...)
	all = append(all, apiAdministrationRows()...)
	return all
}

// apiWorld is a server to call. ada owns the repositories team/app (private; bob reads it, and it holds two commits and a
// tag) and team/old (archived), the group team and the user group crew, in which bob is. eve may nothing.
//
// Its tokens: admin (all rights), owner (ada's), reader (bob's), stranger (eve's), read-only (ada's), bound (ada's, to
// team/app), feed (ada's, of another kind).
type apiWorld struct {
	*server
	saves map[string]json.RawMessage
	first string // the id of team/app's first commit
}

func newAPIWorld(t *testing.T, env ...string) *apiWorld {
	t.Helper()
	w := &apiWorld{server: start(t, append(env, "JETON_API_TOKEN_CALLS=0", "JETON_API_ADDRESS_CALLS=0")...), saves: map[string]json.RawMessage{}}
	for _, name := range []string{"ada", "bob", "eve"} {
		w.jeton(t, "user", "create", name, "--email", name+"@example.com")
	}
	for _, command := range []string{
		"group create team --owner ada", "repo create team/app --owner ada", "repo create team/old --owner ada", "repo grant team/app bob read",
		"usergroup create crew --owner ada", "usergroup add crew bob",
	} {
		w.jeton(t, strings.Fields(command)...)
	}
	for name, flags := range map[string]string{"owner": "ada --kind api", "reader": "bob --kind api", "stranger": "eve --kind api",
		"read-only": "ada --kind api --access read", "bound": "ada --kind api --repo team/app", "feed": "ada --kind feed"} {
		_, w.Tokens[name] = w.token(t, append([]string{"--user"}, strings.Fields(flags)...)...)
	}
	w.Tokens["admin"] = w.Tokens["api"]
	work := t.TempDir()
	git(t, "", "init", "-q", "-b", "main", work)
	w.first = commit(t, work, "README.md", "Read me.\n")
	commit(t, work, "src/main.go", "package main\n")
	git(t, work, "tag", "-a", "-m", "First", "v1")
	for _, repo := range []string{"team/app", "team/old"} {
		git(t, work, "push", "-q", w.mine(repo), "main", "v1")
	}
	w.jeton(t, "repo", "archive", "team/old")
	return w
}

// answer is what came back.
type answer struct {
	ID     json.RawMessage `json:"id"`
	Result json.RawMessage `json:"result"`
	Error  json.RawMessage `json:"error"`
}

// text is the error: a text, the JSON of texts by argument, or "".
func (a answer) text() string {
	var s string
	if string(a.Error) == "null" || json.Unmarshal(a.Error, &s) == nil {
		return s
	}
	return string(a.Error)
}

// call makes a call and reads the answer.
func (w *apiWorld) call(t *testing.T, c apiCall) answer {
	t.Helper()
	given := args{}
	for name, v := range c.Args {
		if f, ok := v.(func(*apiWorld) any); ok {
			v = f(w)
		}
		given[name] = v
	}
	if c.As == "" {
		c.As = "admin"
	}
	token, ok := w.Tokens[c.As]
	if !ok && c.As != "nobody" {
		t.Fatalf("there is no token %q", c.As)
	}
	a, err := w.rpc(token, c.Method, given)
	if err != nil {
		t.Fatal(err)
	}
	if c.Save != "" {
		w.saves[c.Save] = a.Result
	}
	return a
}

// apiClient waits for no answer without end.
var apiClient = &http.Client{Timeout: time.Minute}

// rpc calls a method with a token, or with none where that is "". A refusal is no error: the answer tells it.
func (s *server) rpc(token, method string, given args) (answer, error) {
	request := map[string]any{"id": 1, "method": method, "args": given}
	if token != "" {
		request["auth_token"] = token
	}
	body, err := json.Marshal(request)
	if err != nil {
		return answer{}, err
	}
	status, a, err := s.rpcBody(body)
	if err == nil && (status != http.StatusOK || string(a.ID) != "1") {
		err = fmt.Errorf("%s was answered with the status %d and the id %s", method, status, a.ID)
	}
	return a, err
}

// rpcBody sends a body to the API.
func (s *server) rpcBody(body []byte) (status int, a answer, err error) {
	r, err := apiClient.Post(s.URL+"/_admin/api", "application/json", bytes.NewReader(body))
	if err != nil {
		return 0, a, err
	}
	defer r.Body.Close()
	if err := json.NewDecoder(r.Body).Decode(&a); err != nil {
		return 0, a, fmt.Errorf("what came back is no JSON: %w", err)
	}
	return r.StatusCode, a, nil
}

// saved is a value of what a call before has saved: its result where field is "", else a field of it.
func saved(name, field string) func(*apiWorld) any {
	return func(w *apiWorld) any {
		var v any
		_ = json.Unmarshal(w.saves[name], &v)
		if m, ok := v.(map[string]any); ok && field != "" {
			return m[field]
		}
		return v
	}
}

var masks = []struct {
	what *regexp.Regexp
	by   string
}{
	{regexp.MustCompile(`jet_(api|feed|vcs|web)_[0-9A-Za-z]{38}`), "<$1 token>"},
	{regexp.MustCompile(`jet_(api|feed|vcs|web)_[0-9A-Za-z]{4}…`), "<$1 hint>"},
	{regexp.MustCompile(`\b[a-z2-7]{26}\b`), "<id>"},
	{regexp.MustCompile(`\b\d{4}-\d\d-\d\d[T ]\d\d:\d\d(:\d\d(\.\d+)?)?(Z|[+-]\d\d:\d\d)?`), "<time>"},
	{regexp.MustCompile(`"locked_since": [0-9.]+`), `"locked_since": "<seconds>"`},
	{regexp.MustCompile(`\b[0-9a-f]{40}\b`), "<object>"},
	{regexp.MustCompile(`"short_id": "[0-9a-f]{12}"`), `"short_id": "<short>"`},
	{regexp.MustCompile(`127\.0\.0\.1(:|%3A)\d+`), "<host>"},
	{regexp.MustCompile(`\b[0-9a-f]{8}-[0-9a-f]{4}-8[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}\b`), "<delivery>"},
	{regexp.MustCompile(`"took_ms": [0-9]+`), `"took_ms": "<time>"`},
	{regexp.MustCompile(`Jeton-Hook/[^"]+`), "Jeton-Hook/<version>"},
	{regexp.MustCompile(`\b[0-9a-f]{16}[a-z2-7]{10}\b`), "<id>"},
	// What the server tells of itself.
	{regexp.MustCompile(`(?s)"modules": \[\n.*?\n  \]`), `"modules": []`},
	{regexp.MustCompile(`"go1[^"]*"`), `"<go>"`},
	{regexp.MustCompile(`"(sqlite|postgresql)"`), `"<database>"`},
	{regexp.MustCompile(`"platform": "[^"]*"`), `"platform": "<platform>"`},
	{regexp.MustCompile(`"((jeton_|rhodecode_)?version)": "[^"]*"`), `"$1": "<version>"`},
	{regexp.MustCompile(`"(seq|uptime_seconds|cpus|goroutines|[a-z]+_bytes|bytes|gc_cycles|http_[a-z0-9]+|credential_refusals|pushes|queued|running|failed|repositories|repo_groups|users|user_groups|ssh_keys|all|api|feed|vcs|web|expiring|unused)": \d+`), `"$1": 0`},
}

// masked is a result as golden files hold it: indented, without ids, tokens, times and the server's address.
func (w *apiWorld) masked(raw json.RawMessage) string {
	var b bytes.Buffer
	if err := json.Indent(&b, raw, "", "  "); err != nil {
		return string(raw)
	}
	text := strings.ReplaceAll(b.String(), w.data, "<data>")
	for _, m := range masks {
		text = m.what.ReplaceAllString(text, m.by)
	}
	return text + "\n"
}

// run makes a row's calls and compares the answer.
func (w *apiWorld) run(t *testing.T, row apiRow) {
	for _, c := range row.Before {
		if a := w.call(t, c); a.text() != "" {
			t.Fatalf("before it, %s answered: %s", c.Method, a.text())
		}
	}
	a := w.call(t, apiCall{As: row.As, Method: row.Method, Args: row.Args})
	if got := a.text(); got != row.Error {
		t.Fatalf("the error is %q, want %q", got, row.Error)
	}
	if row.Golden == "" {
		return
	}
	path, got := filepath.Join("testdata", "api", row.Golden), w.masked(a.Result)
	if *updateAPI {
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(got), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatalf("%v: run go test ./integration -run TestAPIRows -update-api, and look at what it wrote", err)
	}
	if got != string(want) {
		t.Errorf("the result is\n%s\nwant, as in %s,\n%s", got, path, want)
	}
}

// onBothDatabases runs a test with the environment of a server on each.
func onBothDatabases(t *testing.T, do func(t *testing.T, env ...string)) {
	t.Helper()
	t.Run("sqlite", func(t *testing.T) { do(t) })
	t.Run("postgresql", func(t *testing.T) {
		env, _ := overPostgres(t)
		do(t, env)
	})
}

func TestAPIRows(t *testing.T) {
	t.Parallel()
	onBothDatabases(t, func(t *testing.T, env ...string) {
		w := newAPIWorld(t, env...)
		for _, row := range apiRows() {
			t.Run(row.Method+"/"+row.Name, func(t *testing.T) { w.run(t, row) })
		}
	})
}

// TestAPIEveryMethodHasARowThatSucceeds fails for a declared method that no row calls with success.
func TestAPIEveryMethodHasARowThatSucceeds(t *testing.T) {
	succeeds := map[string]bool{}
	for _, row := range apiRows() {
		if (row.Golden == "") == (row.Error == "") {
			t.Errorf("%s/%s has a golden file and an error, or neither", row.Method, row.Name)
		}
		succeeds[row.Method] = succeeds[row.Method] || row.Golden != ""
	}
	declared := map[string]bool{}
	for _, m := range wire.Declared() {
		declared[m.Name] = true
		if !succeeds[m.Name] {
			t.Errorf("no row calls %s with success: add one to apiRows", m.Name)
		}
	}
	for name := range succeeds {
		if !declared[name] {
			t.Errorf("a row calls %s, which is not declared", name)
		}
	}
}
