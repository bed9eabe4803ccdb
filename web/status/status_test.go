package status

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"jeton/auth/audit"
	"jeton/auth/gate"
	"jeton/vcs/host"
	"jeton/vcs/rules"
	"jeton/vcs/storage"
	"jeton/vcs/storage/disk"
	"jeton/web/door"
)

// site is a server with one repository: a real one, a door that is open, and statuses in memory.
type site struct {
	t       *testing.T
	dir     string
	handler *Handler
	kept    []Status
	most    int
	asked   []gate.Access
	refuses error
}

func newSite(t *testing.T) *site {
	s := &site{t: t, dir: filepath.Join(t.TempDir(), "app.git"), most: 1000}
	s.git("", "init", "-q", "--bare", "-b", "main", s.dir)
	tree := s.git(s.dir, "mktree")
	s.git(s.dir, "update-ref", "refs/heads/main", s.git(s.dir, "commit-tree", "-m", "one", tree))
	s.git(s.dir, "update-ref", "refs/heads/feature/x", "main")
	s.git(s.dir, "update-ref", "refs/hidden/x", s.git(s.dir, "commit-tree", "-m", "hidden", tree))
	s.handler = New(Options{Door: s, Repos: s, Store: s, URL: "https://code.example.com/git"})
	return s
}

func (s *site) git(dir string, args ...string) string {
	s.t.Helper()
	cmd := exec.CommandContext(s.t.Context(), "git", args...)
	cmd.Dir = dir
	cmd.Env = append(os.Environ(), "GIT_CONFIG_NOSYSTEM=1", "GIT_CONFIG_GLOBAL=/dev/null", "GIT_AUTHOR_NAME=A", "GIT_AUTHOR_EMAIL=a@example.com", "GIT_COMMITTER_NAME=A", "GIT_COMMITTER_EMAIL=a@example.com")
	out, err := cmd.Output()
	if err != nil {
		s.t.Fatalf("git %v: %v", args, err)
	}
	return strings.TrimSpace(string(out))
}

// Program implements Door.
func (s *site) Program(_ *http.Request, path string, a gate.Access) (door.Visit, error) {
	s.asked = append(s.asked, a)
	if s.refuses != nil {
		return door.Visit{}, s.refuses
	}
	return door.Visit{Admission: host.Admission{RepoID: "1", Path: path, Recheck: func(context.Context) error { return nil }},
		Identity: gate.Identity{UserID: "u1", UserName: "ci-bot", Credential: "token:t1"}}, nil
}

// Open implements Repositories.
func (s *site) Open(ctx context.Context, _ string) (storage.Repository, error) {
	r, err := disk.Open(ctx, s.dir, "1", disk.Options{})
	if err == nil {
		s.t.Cleanup(func() { _ = r.Close() })
	}
	return r, err
}

// Rules implements Repositories.
func (s *site) Rules(context.Context, string) (rules.Rules, error) {
	return rules.Rules{Hidden: []string{"refs/hidden"}}, nil
}

// Add implements Store.
func (s *site) Add(_ context.Context, by audit.Actor, path string, st Status) (Status, error) {
	if len(s.kept) >= s.most {
		return st, ErrFull
	}
	if by.Name != "ci-bot" || by.Credential != "token:t1" || by.Door != "api" || path == "" {
		s.t.Errorf("written by %+v of %q", by, path)
	}
	st.Number = int64(len(s.kept) + 1)
	s.kept = append(s.kept, st)
	return st, nil
}

// Of implements Store.
func (s *site) Of(_ context.Context, _, commit string) (list []Status, _ error) {
	for _, st := range slices.Backward(s.kept) {
		if st.CommitID == commit {
			list = append(list, st)
		}
	}
	return list, nil
}

// ask sends a request to an address below the server's.
func (s *site) ask(method, path, body string) *httptest.ResponseRecorder {
	s.t.Helper()
	r := httptest.NewRequestWithContext(s.t.Context(), method, "https://code.example.com/git/"+path, strings.NewReader(body))
	address, _, _ := strings.Cut(path, "?")
	at, ok := Parse(address)
	if !ok {
		s.t.Fatalf("%s is no address", path)
	}
	w := httptest.NewRecorder()
	s.handler.Serve(w, r, at)
	if kind := w.Header().Get("Content-Type"); kind != "application/json; charset=utf-8" || w.Header().Get("X-Content-Type-Options") != "nosniff" {
		s.t.Errorf("%s %s answers %s", method, path, kind)
	}
	return w
}

// TestWhatCISystemsSend has the bodies as the clients of CI systems write them: Jenkins' Gitea plugin sends its whole
// object, state under both names; Drone's and Woodpecker's libraries the four fields; Jenkins' GitHub plugin likewise, to
// GitHub's base.
func TestWhatCISystemsSend(t *testing.T) {
	s := newSite(t)
	sha := s.git(s.dir, "rev-parse", "main")
	for name, c := range map[string]struct{ base, body, state, context string }{
		"jenkins gitea": {"api/v1", `{"context":"app/pipeline/head","description":"This commit looks good","state":"success","status":"success","target_url":"https://ci.example.com/job/app/1/display/redirect"}`,
			"success", "app/pipeline/head"},
		"drone":          {"api/v1", `{"state":"pending","target_url":"https://drone.example.com/team/app/7","description":"Build is pending","context":"continuous-integration/drone/push"}`, "pending", "continuous-integration/drone/push"},
		"woodpecker":     {"api/v1", `{"state":"failure","target_url":"https://ci.example.com/repos/3/pipeline/12/1","description":"Pipeline failed","context":"ci/woodpecker/push/test"}`, "failure", "ci/woodpecker/push/test"},
		"jenkins github": {"api/v3", `{"state":"error","context":"continuous-integration/jenkins/branch","target_url":"http://ci.example.com/job/app/","description":"This commit cannot be built"}`, "error", "continuous-integration/jenkins/branch"},
		"status alone":   {"api/v1", `{"status":"WARNING"}`, "warning", "default"},
		"unknown fields": {"api/v3", `{"state":"success","id":0,"creator":{"login":"x"},"created_at":null,"sha":"x"}`, "success", "default"},
	} {
		w := s.ask("POST", c.base+"/repos/team%2Fweb/app/statuses/"+sha, c.body)
		var got Shape
		if err := json.Unmarshal(w.Body.Bytes(), &got); err != nil || w.Code != http.StatusCreated {
			t.Errorf("%s: %d %s %v", name, w.Code, w.Body, err)
			continue
		}
		if got.State != c.state || got.Status != c.state || got.Context != c.context || got.ID == 0 || got.Creator.Login != "ci-bot" || got.CreatedAt.IsZero() || got.UpdatedAt != got.CreatedAt ||
			got.URL != "https://code.example.com/git/"+c.base+"/repos/team%2Fweb/app/statuses/"+sha {
			t.Errorf("%s: got %+v", name, got)
		}
	}
	if slices.Contains(s.asked, gate.Read) {
		t.Errorf("asked for %v", s.asked)
	}
}

func TestWhatCannotBeKeptIsRefused(t *testing.T) {
	s := newSite(t)
	sha := s.git(s.dir, "rev-parse", "main")
	hidden := s.git(s.dir, "rev-parse", "refs/hidden/x")
	for name, c := range map[string]struct {
		ref, body string
		status    int
		want      string
	}{
		"no state":        {sha, `{}`, 422, "pending, success, error, failure or warning"},
		"another state":   {sha, `{"state":"sk\u001bipped"}`, 422, `«sk\\x1bipped»`},
		"a script":        {sha, `{"state":"success","target_url":"javascript:alert(1)"}`, 422, "http:// or https://"},
		"a password":      {sha, `{"state":"success","target_url":"https://u:p@ci.example.com/"}`, 422, "no password"},
		"no host":         {sha, `{"state":"success","target_url":"https:///x"}`, 422, "http:// or https://"},
		"long context":    {sha, `{"state":"success","context":"` + strings.Repeat("x", 256) + `"}`, 422, "at most 255 bytes"},
		"long address":    {sha, `{"state":"success","target_url":"https://ci.example.com/` + strings.Repeat("x", 2048) + `"}`, 422, "at most 2048 bytes"},
		"NUL":             {sha, `{"state":"success","context":"a\u0000b"}`, 422, "NUL"},
		"no JSON":         {sha, `state=success`, 400, "not an object of JSON"},
		"a list":          {sha, `[]`, 400, "not an object of JSON"},
		"a number":        {sha, `{"state":1}`, 400, "not an object of JSON"},
		"two objects":     {sha, `{"state":"success"}{}`, 400, "not an object of JSON"},
		"deep":            {sha, strings.Repeat(`{"a":`, 10050), 400, "not an object of JSON"},
		"a large body":    {sha, `{"state":"` + strings.Repeat("x", 64<<10) + `"}`, 413, "at most 65536 bytes"},
		"unknown commit":  {strings.Repeat("ab", 20), `{"state":"success"}`, 404, "No commit found for SHA"},
		"hidden commit":   {hidden, `{"state":"success"}`, 404, "No commit found for SHA: " + hidden},
		"a tree":          {s.git(s.dir, "rev-parse", "main^{tree}"), `{"state":"success"}`, 404, "No commit found"},
		"unknown branch":  {"nowhere", `{"state":"success"}`, 404, "No commit found for SHA: nowhere"},
		"a strange place": {"%1b%5b", `{"state":"success"}`, 404, `No commit found for SHA: \\x1b[`},
	} {
		w := s.ask("POST", "api/v1/repos/team/app/statuses/"+c.ref, c.body)
		if w.Code != c.status || !strings.Contains(w.Body.String(), c.want) || !strings.HasPrefix(w.Body.String(), `{"message":`) {
			t.Errorf("%s: %d %s; want %d %q", name, w.Code, w.Body, c.status, c.want)
		}
	}
	s.most = 0
	if w := s.ask("POST", "api/v1/repos/team/app/statuses/"+sha, `{"state":"success"}`); w.Code != 422 || !strings.Contains(w.Body.String(), "as many contexts as are kept") {
		t.Errorf("got %d %s", w.Code, w.Body)
	}
	if len(s.kept) > 0 {
		t.Errorf("kept are %+v", s.kept)
	}
	for path, methods := range map[string]string{"api/v1/repos/o/r/commits/main/status": "GET, HEAD", "api/v1/repos/o/r/statuses/main": ""} {
		w := s.ask("POST", path, `{"state":"x"}`)
		if got := w.Header().Get("Allow"); got != methods {
			t.Errorf("POST %s: %d, allowed are %q", path, w.Code, got)
		}
		if w := s.ask("DELETE", path, ""); w.Code != 405 || w.Header().Get("Allow") != "GET, HEAD, POST" {
			t.Errorf("DELETE %s: %d", path, w.Code)
		}
	}
}

func TestADescriptionIsCut(t *testing.T) {
	s := newSite(t)
	s.ask("POST", "api/v1/repos/o/r/statuses/main", `{"state":"success","description":"`+strings.Repeat("ü", 600)+`"}`)
	if d := s.kept[0].Description; len(d) > 1000 || len(d) < 990 || !strings.HasSuffix(d, "ü…") {
		t.Errorf("%d bytes are kept: %q", len(d), d)
	}
}

func TestTheNewestOfEachContextCombine(t *testing.T) {
	s := newSite(t)
	sha := s.git(s.dir, "rev-parse", "main")
	combined := func(ref string) (c Combined) {
		w := s.ask("GET", "api/v3/repos/team/app/commits/"+ref+"/status", "")
		if err := json.Unmarshal(w.Body.Bytes(), &c); err != nil || w.Code != 200 {
			t.Fatalf("%d %s %v", w.Code, w.Body, err)
		}
		return c
	}
	if c := combined("main"); c.State != "pending" || c.Total != 0 || c.Statuses == nil || c.SHA != sha {
		t.Errorf("of nothing: %+v", c)
	}
	for _, c := range []struct{ context, state, all string }{
		{"a", "pending", "pending"}, {"a", "success", "success"}, {"b", "warning", "success"}, {"c", "error", "failure"}, {"c", "pending", "pending"}, {"b", "failure", "failure"}, {"b", "success", "pending"}, {"c", "success", "success"},
	} {
		s.ask("POST", "api/v1/repos/team/app/statuses/"+sha, fmt.Sprintf(`{"state":%q,"context":%q}`, c.state, c.context))
		if got := combined("feature/x"); got.State != c.all {
			t.Errorf("%s of %s makes all %s, want %s", c.state, c.context, got.State, c.all)
		}
	}
	c := combined("feature%2Fx")
	names := ""
	for _, st := range c.Statuses {
		names += st.Context + ":" + st.State + " "
	}
	if names != "c:success b:success a:success " || c.Total != 3 || c.Repository.FullName != "team/app" || c.Repository.Name != "app" || !c.Repository.Private || c.Repository.Owner.Login != "team" ||
		c.URL != "https://code.example.com/git/api/v3/repos/team/app/commits/"+sha+"/status" || c.Repository.CloneURL != "https://code.example.com/git/team/app.git" {
		t.Errorf("got %q, %+v", names, c)
	}
}

func TestListsComeInPages(t *testing.T) {
	s := newSite(t)
	for i := range 45 {
		s.ask("POST", "api/v1/repos/-/app/statuses/main", fmt.Sprintf(`{"state":%q,"context":"c%02d"}`, []string{"success", "pending"}[i%2], i))
	}
	at := "https://code.example.com/git/api/v1/repos/-/app/statuses/main"
	for _, c := range []struct {
		query         string
		n             int
		first, links  string
		total, status int
	}{
		{"", 30, "c44", `<` + at + `?page=2&per_page=30>; rel="next", <` + at + `?page=2&per_page=30>; rel="last"`, 45, 200},
		{"?page=2", 15, "c14", `<` + at + `?page=1&per_page=30>; rel="first", <` + at + `?page=1&per_page=30>; rel="prev"`, 45, 200},
		{"?limit=20&page=2", 20, "c24", `<` + at + `?page=3&limit=20>; rel="next", <` + at + `?page=3&limit=20>; rel="last", <` + at + `?page=1&limit=20>; rel="first", <` + at + `?page=1&limit=20>; rel="prev"`, 45, 200},
		{"?per_page=1000", 45, "c44", "", 45, 200},
		{"?page=9", 0, "", `<` + at + `?page=1&per_page=30>; rel="first", <` + at + `?page=2&per_page=30>; rel="prev"`, 45, 200},
		{"?sort=oldest&limit=1", 1, "c00", `<` + at + `?page=2&limit=1>; rel="next", <` + at + `?page=45&limit=1>; rel="last"`, 45, 200},
		{"?state=pending", 22, "c43", "", 22, 200},
		{"?page=x", 0, "", "", 0, 422}, {"?limit=-1", 0, "", "", 0, 422}, {"?page=99999999999", 0, "", "", 0, 422},
	} {
		w := s.ask("GET", "api/v1/repos/-/app/statuses/main"+c.query, "")
		if w.Code != c.status {
			t.Errorf("%s: %d %s", c.query, w.Code, w.Body)
		}
		if c.status != 200 {
			continue
		}
		var list []Shape
		if err := json.Unmarshal(w.Body.Bytes(), &list); err != nil {
			t.Fatal(err)
		}
		if len(list) != c.n || c.n > 0 && list[0].Context != c.first || w.Header().Get("Link") != c.links || w.Header().Get("X-Total-Count") != fmt.Sprint(c.total) {
			t.Errorf("%s: %d, %s of %s\n got %s\nwant %s", c.query, len(list), w.Body.String()[:min(w.Body.Len(), 100)], w.Header().Get("X-Total-Count"), w.Header().Get("Link"), c.links)
		}
	}
	if slices.Contains(s.asked[45:], gate.Write) {
		t.Errorf("reading asks for %v", s.asked[45:])
	}
}

func TestRefusalsOfTheDoorAreJSON(t *testing.T) {
	s := newSite(t)
	for _, c := range []struct {
		err    error
		status int
		want   string
	}{
		{&host.Refusal{Status: 401, Sentence: "expired"}, 401, "expired"}, {&host.Refusal{Status: 404, Sentence: "not there"}, 404, "not there"},
		{errors.New("the disk burns"), 500, host.Failed},
	} {
		s.refuses = c.err
		w := s.ask("GET", "api/v1/repos/team/app/statuses/main", "")
		var said map[string]string
		if err := json.Unmarshal(w.Body.Bytes(), &said); err != nil || w.Code != c.status || said["message"] != c.want || (w.Header().Get("WWW-Authenticate") != "") != (c.status == 401) {
			t.Errorf("got %d %s %v", w.Code, w.Body, w.Header())
		}
	}
}
