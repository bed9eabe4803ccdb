package integration

import (
	"encoding/json"
	"io"
	"net/http"
	"os/exec"
	"strings"
	"testing"
)

// asked sends a request with headers and returns status, headers and body.
func asked(t *testing.T, method, url, body string, headers ...string) (int, http.Header, string) {
	t.Helper()
	r, err := http.NewRequestWithContext(t.Context(), method, url, strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	for _, h := range headers {
		name, value, _ := strings.Cut(h, ": ")
		r.Header.Set(name, value)
	}
	res, err := http.DefaultClient.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	text, err := io.ReadAll(res.Body)
	if err != nil {
		t.Fatal(err)
	}
	return res.StatusCode, res.Header, string(text)
}

// TestBuildsSpeakOfCommits has a build say what it found with curl, and tokens of each kind that may and may not.
func TestBuildsSpeakOfCommits(t *testing.T) {
	t.Parallel()
	onBothDatabases(t, func(t *testing.T, env ...string) {
		s := start(t, env...)
		work := t.TempDir()
		git(t, "", "init", "-q", "-b", "main", work)
		sha := commit(t, work, "a", "1")
		for _, repo := range []string{"team/web/app", "alone"} {
			s.jeton(t, "repo", "create", repo, "--owner", s.User)
			git(t, work, "push", "-q", s.mine(repo), "main")
		}
		hidden := commit(t, work, "b", "2")
		s.jeton(t, "user", "create", "bob")
		s.jeton(t, "repo", "grant", "team/web/app", "bob", "read")
		_, reads := s.token(t, "--user", s.User, "--kind", "api", "--access", "read")
		_, bound := s.token(t, "--user", s.User, "--kind", "api", "--access", "write", "--repo", "alone")
		_, bobs := s.token(t, "--user", "bob", "--kind", "api", "--access", "write")
		_, vcs := s.token(t, "--user", s.User, "--kind", "vcs", "--access", "write")
		writes := s.Tokens["api"]
		app, alone := s.URL+"/api/v1/repos/team%2Fweb/app", s.URL+"/api/v3/repos/-/alone"

		out, err := exec.CommandContext(t.Context(), "curl", "-s", "-w", " %{http_code}", "-H", "Authorization: token "+writes, "-H", "Content-Type: application/json", "-d",
			`{"state":"pending","context":"ci/test","target_url":"https://ci.example.com/7","description":"212 tests"}`, app+"/statuses/"+sha).CombinedOutput()
		if err != nil || !strings.HasSuffix(string(out), " 201") || !strings.Contains(string(out), `"status":"pending"`) {
			t.Fatalf("curl: %v %s", err, out)
		}
		const success = `{"state":"success","context":"ci/test"}`
		for i, c := range []struct {
			method, url, token, body string
			status                   int
			want                     string
		}{
			{"POST", app + "/statuses/" + sha, "Bearer " + writes, success, 201, `"state":"success"`},
			{"POST", alone + "/statuses/" + sha, "token " + bound, `{"state":"failure"}`, 201, `"context":"default"`},
			{"POST", app + "/statuses/" + sha, "token " + bound, success, 404, "message"},
			{"POST", app + "/statuses/" + sha, "token " + reads, success, 403, "message"},
			{"POST", app + "/statuses/" + sha, "token " + bobs, success, 403, "message"},
			{"POST", alone + "/statuses/" + sha, "token " + bobs, success, 404, "message"},
			{"POST", app + "/statuses/" + sha, "token " + vcs, success, 401, "message"},
			{"POST", app + "/statuses/" + sha, "Basic Z2l0OmFkYQ==", success, 401, "message"},
			{"POST", app + "/statuses/" + sha, "", success, 401, "message"},
			{"POST", app + "/statuses/" + sha + "?token=" + writes, "", success, 400, "must not stand in this address"},
			{"POST", app + "/statuses/" + hidden, "token " + writes, success, 404, "No commit found for SHA"},
			{"POST", s.URL + "/api/v1/repos/team%2Fnone/app/statuses/" + sha, "token " + writes, success, 404, "message"},
			{"GET", app + "/commits/main/status", "token " + bobs, "", 200, `"state":"success","sha":"` + sha + `","total_count":1`},
			{"GET", app + "/commits/main/statuses", "token " + reads, "", 200, `"status":"pending"`},
			{"GET", alone + "/commits/main/status", "Bearer " + reads, "", 200, `"state":"failure"`},
			{"GET", alone + "/commits/main/status", "Bearer " + bobs, "", 404, "message"},
			{"GET", app + "/statuses/" + sha, "", "", 401, "message"},
		} {
			var headers []string
			if c.token != "" {
				headers = []string{"Authorization: " + c.token}
			}
			status, head, body := asked(t, c.method, c.url, c.body, headers...)
			if status != c.status || !strings.Contains(body, c.want) || !json.Valid([]byte(body)) || strings.Contains(body, "jet_") {
				t.Errorf("%d: %s %s: %d %s; want %d with %q", i, c.method, c.url, status, body, c.status, c.want)
			}
			if c.status == 401 && head.Get("WWW-Authenticate") == "" {
				t.Errorf("%d: nothing says how to sign in", i)
			}
		}
		status, head, body := asked(t, "GET", app+"/statuses/"+sha+"?limit=1", "", "Authorization: token "+writes)
		if status != 200 || head.Get("X-Total-Count") != "2" || !strings.Contains(head.Get("Link"), `<`+app+"/statuses/"+sha+`?page=2&limit=1>; rel="next"`) {
			t.Errorf("a page: %d %v %s", status, head, body)
		}
		if out := s.jeton(t, "audit", "log", "--action", "repository.status"); strings.Count(out, "repository.status") != 3 {
			t.Errorf("the record tells\n%s", out)
		}
		if out, err := s.try("repo", "create", "api/v1/x"); err == nil {
			t.Errorf("a repository stands where builds speak of commits: %s", out)
		}
	})
}

// TestCommentsAreHiddenWithTheirCommits hides a branch, and shows it again.
func TestCommentsAreHiddenWithTheirCommits(t *testing.T) {
	t.Parallel()
	w := newAPIWorld(t)
	say := apiCall{As: "reader", Method: "comment_commit", Args: args{"repoid": "team/app", "commit_id": "main", "message": "x"}}
	if a := w.call(t, say); a.text() != "" {
		t.Fatal(a.text())
	}
	for _, step := range []struct{ hide, want string }{{"refs/hidden", "x"}, {"refs/heads,refs/tags", ""}, {"refs/hidden", "x"}} {
		w.jeton(t, "repo", "set", "team/app", "fetch.hide_refs="+step.hide)
		a := w.call(t, apiCall{As: "reader", Method: "get_repo_comments", Args: args{"repoid": "team/app"}})
		if has := strings.Contains(string(a.Result), `"comment_text":"x"`); a.text() != "" || has != (step.want != "") {
			t.Errorf("with %s hidden: %s %s", step.hide, a.Result, a.text())
		}
	}
}
