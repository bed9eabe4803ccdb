package integration

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"os/exec"
	"strings"
	"testing"
)

// eachDatabase runs a test on a server with SQLite and on one with PostgreSQL.
func eachDatabase(t *testing.T, test func(t *testing.T, s *server)) {
	t.Helper()
	t.Run("SQLite", func(t *testing.T) {
		t.Parallel()
		test(t, start(t))
	})
	t.Run("PostgreSQL", func(t *testing.T) {
		t.Parallel()
		env, _ := overPostgres(t)
		test(t, start(t, env))
	})
}

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
	eachDatabase(t, func(t *testing.T, s *server) {
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

// rpc calls a method of the API.
func (s *server) rpc(t *testing.T, token, method, args string) (result, failed string) {
	t.Helper()
	status, _, body := asked(t, "POST", s.URL+"/_admin/api", fmt.Sprintf(`{"id":1,"auth_token":%q,"method":%q,"args":%s}`, token, method, args), "Content-Type: application/json")
	var reply struct {
		Result json.RawMessage `json:"result"`
		Error  any             `json:"error"`
	}
	if err := json.Unmarshal([]byte(body), &reply); err != nil || status != 200 {
		t.Fatalf("%s: %d %s", method, status, body)
	}
	if reply.Error != nil {
		return "", fmt.Sprint(reply.Error)
	}
	return string(reply.Result), ""
}

// TestTheAPIReadsRepositories calls each method that reads a repository, or speaks of its commits, as the owner, as a reader,
// as somebody who may not, and of a repository that is not there.
func TestTheAPIReadsRepositories(t *testing.T) {
	t.Parallel()
	eachDatabase(t, func(t *testing.T, s *server) {
		s.jeton(t, "repo", "create", "team/app", "--owner", s.User)
		work := t.TempDir()
		git(t, "", "init", "-q", "-b", "main", work)
		sha := commit(t, work, "a.txt", "one\n")
		git(t, work, "push", "-q", s.mine("team/app"), "main")
		s.jeton(t, "user", "create", "bob")
		s.jeton(t, "user", "create", "eve")
		s.jeton(t, "repo", "grant", "team/app", "bob", "read")
		_, bobs := s.token(t, "--user", "bob", "--kind", "api", "--access", "write")
		_, eves := s.token(t, "--user", "eve", "--kind", "api", "--access", "write")
		for _, c := range []struct{ method, args, want string }{
			{"get_repo_changeset", `"revision":"main","details":"full"`, `"raw_id":"` + sha + `","revision":0,`},
			{"get_repo_changesets", `"start_rev":"0","limit":5`, `"raw_id":"` + sha + `"`},
			{"get_repo_nodes", `"revision":"tip","root_path":"/","details":"full"`, `"content":"one\n"`},
			{"get_repo_file", `"commit_id":"main","file_path":"a.txt"`, `"name":"a.txt","type":"file","md5":"5bbf5a52328e7439ae6e719dfe712200"`},
			{"get_repo_fts_tree", `"commit_id":"main","root_path":"/"`, `"size":4`},
			{"get_repo_refs", ``, `"branches":{"main":"` + sha + `"}`},
			{"comment_commit", `"commit_id":"main","message":"see ü","comment_type":"todo","status":"under_review"`, `"msg":"Commented on commit ` + "`" + sha + "` for repository `team/app`" + `","status_change":"under_review","success":true`},
			{"get_repo_comments", `"commit_id":"main"`, `"comment_type":"todo","comment_text":"see ü","comment_status":[{"status_id":"`},
		} {
			with := func(repo string) string { return strings.TrimSuffix(`{"repoid":"`+repo+`",`+c.args, ",") + "}" }
			for who, token := range map[string]string{"the owner": s.Tokens["api"], "a reader": bobs} {
				if got, failed := s.rpc(t, token, c.method, with("team/app")); failed != "" || !strings.Contains(got, c.want) {
					t.Errorf("%s calls %s: %s %s; want %s", who, c.method, got, failed, c.want)
				}
			}
			if got, failed := s.rpc(t, eves, c.method, with("team/app")); failed != "repository `team/app` does not exist" {
				t.Errorf("eve calls %s: %s %s", c.method, got, failed)
			}
			if got, failed := s.rpc(t, s.Tokens["api"], c.method, with("team/none")); failed != "repository `team/none` does not exist" {
				t.Errorf("%s of nothing: %s %s", c.method, got, failed)
			}
		}
		s.comments(t, bobs, sha)
	})
}

// comments looks at what comments may say, and who may say it as whom.
func (s *server) comments(t *testing.T, bobs, sha string) {
	t.Helper()
	mine := s.Tokens["api"]
	list := func(args string) (all []struct {
		ID       string           `json:"comment_id"`
		Text     string           `json:"comment_text"`
		Author   map[string]any   `json:"comment_author"`
		Resolved *json.RawMessage `json:"comment_resolved_by"`
	}) {
		t.Helper()
		text, failed := s.rpc(t, mine, "get_repo_comments", `{"repoid":"team/app"`+args+`}`)
		if err := json.Unmarshal([]byte(text), &all); failed != "" || err != nil {
			t.Fatalf("%s %s %v", text, failed, err)
		}
		return all
	}
	all := list("")
	if len(all) != 2 || all[0].ID >= all[1].ID {
		t.Fatalf("there are %+v", all)
	}
	say := func(token, more string) (string, string) {
		return s.rpc(t, token, "comment_commit", `{"repoid":"team/app","commit_id":"`+sha+`","message":"x"`+more+`}`)
	}
	if got, failed := say(mine, `,"userid":"bob","resolves_comment_id":"`+all[0].ID+`"`); failed != "" {
		t.Errorf("%s %s", got, failed)
	}
	if after := list(""); len(after) != 3 || after[2].Author["username"] != "bob" || after[0].Resolved == nil || after[1].Resolved != nil {
		t.Errorf("then there are %+v", after)
	}
	if part := list(`,"after":"` + all[0].ID + `","limit":1`); len(part) != 1 || part[0].ID != all[1].ID {
		t.Errorf("a part is %+v", part)
	}
	if of := list(`,"userid":"bob","comment_type":"note"`); len(of) != 1 {
		t.Errorf("bob has said %+v", of)
	}
	for _, c := range []struct{ token, more, want string }{
		{bobs, `,"userid":"` + s.User + `"`, "userid is not the same as your user"},
		{mine, `,"userid":"nobody"`, "user `nobody` does not exist"},
		{mine, `,"extra_recipients":["bob","nobody"]`, "user `nobody` does not exist"},
		{mine, `,"status":"fine"`, "Bad status, must be on of ['not_reviewed', 'approved', 'rejected', 'under_review'] got fine"},
		{mine, `,"comment_type":"rant"`, "comment_type must be one of `['note', 'todo']` got rant"},
		{mine, `,"resolves_comment_id":"none"`, "Invalid resolves_comment_id `none` for this commit."},
	} {
		if got, failed := say(c.token, c.more); failed != c.want {
			t.Errorf("%s: %s %s; want %s", c.more, got, failed, c.want)
		}
	}
	if _, failed := s.rpc(t, mine, "comment_commit", `{"repoid":"team/app","commit_id":"nowhere","message":"x"}`); failed != "Commit nowhere does not exist for `team/app`" {
		t.Errorf("of no commit: %s", failed)
	}
	if _, failed := s.rpc(t, mine, "get_repo_comments", `{"repoid":"team/app","comment_type":"rant"}`); failed != "comment_type must be one of `['note', 'todo']` got rant" {
		t.Errorf("of another type: %s", failed)
	}
	// A commit that nobody reaches any more has no comments; they come back with it.
	for hide, n := range map[string]int{"fetch.hide_refs=refs/heads": 0, "fetch.hide_refs=refs/hidden": 3} {
		s.jeton(t, "repo", "set", "team/app", hide)
		if got := list(""); len(got) != n {
			t.Errorf("with %s %d comments are told, want %d", hide, len(got), n)
		}
	}
}
