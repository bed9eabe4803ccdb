package integration

import (
	"bytes"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// caller is somebody with `jeton api` and a home of their own.
type caller struct{ binary, home string }

// run calls the client with something on its standard input.
func (c caller) run(t *testing.T, stdin string, given ...string) (stdout, stderr string, status int) {
	t.Helper()
	cmd := exec.Command(c.binary, append([]string{"api"}, given...)...)
	cmd.Env, cmd.Dir, cmd.Stdin = []string{"HOME=" + c.home, "PATH=/nonexistent"}, c.home, strings.NewReader(stdin)
	var out, errs bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &errs
	err := cmd.Run()
	var ended *exec.ExitError
	if err != nil && !errors.As(err, &ended) {
		t.Fatal(err)
	}
	return out.String(), errs.String(), cmd.ProcessState.ExitCode()
}

// ask calls a method, which must succeed, and reads its result into v unless that is nil.
func (c caller) ask(t *testing.T, v any, stdin string, given ...string) {
	t.Helper()
	out, errs, status := c.run(t, stdin, append(given, "--format", "json")...)
	if status != 0 || errs != "" {
		t.Fatalf("jeton api %s ended with %d: %s", strings.Join(given, " "), status, errs)
	}
	if v == nil {
		return
	}
	if err := json.Unmarshal([]byte(out), v); err != nil || strings.Count(out, "\n") != 1 {
		t.Fatalf("jeton api %s printed %q, want one line of JSON (%v)", strings.Join(given, " "), out, err)
	}
}

// TestJetonAPIFromAnEmptyHome goes the way of somebody who has a token and nothing else: the file of servers, a repository,
// a push that a web hook tells of, a status, a comment, a fetch from elsewhere.
func TestJetonAPIFromAnEmptyHome(t *testing.T) {
	t.Parallel()
	s := start(t, inside)
	c := caller{s.binary, t.TempDir()}
	t.Run("keeps the server", func(t *testing.T) { c.keepsTheServer(t, s) })
	t.Run("says how it went", func(t *testing.T) { c.saysHowItWent(t, s) })
	t.Run("tells a receiver of a push", func(t *testing.T) { c.tellsOfAPush(t, s) })
	t.Run("fetches from elsewhere", func(t *testing.T) { c.fetches(t, s) })
}

func (c caller) keepsTheServer(t *testing.T, s *server) {
	c.ask(t, nil, s.Tokens["api"]+"\n", "--save-config", "--instance-name", "work", "--apihost", s.URL, "--apikey", "-")
	info, err := os.Stat(filepath.Join(c.home, ".jetonrc"))
	if err != nil || info.Mode().Perm() != 0o600 {
		t.Fatalf("the file of servers is %v, %v", info, err)
	}
	if out, _, _ := c.run(t, "", "--show-config"); !strings.Contains(out, s.URL) || strings.Contains(out, s.Tokens["api"]) {
		t.Errorf("--show-config prints %s", out)
	}
	if err := os.WriteFile(filepath.Join(c.home, "about.txt"), []byte("Made: by hand\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	c.ask(t, nil, "", "create_repo", "repo_name:admin/made", "repo_type:git", "private:True", "enable_downloads:=false", "description:@about.txt")
	var repo struct {
		Description string
		Private     bool
		Downloads   bool `json:"enable_downloads"`
	}
	c.ask(t, &repo, "", "get_repo", "repoid:admin/made")
	if repo.Description != "Made: by hand\n" || !repo.Private || repo.Downloads {
		t.Errorf("what was made is %+v", repo)
	}
}

func (c caller) saysHowItWent(t *testing.T, s *server) {
	for _, row := range []struct {
		args   string
		status int
		out    string
		errs   string
	}{
		{"get_repo repoid:admin/made -F reply", 0, `{"id":`, ""},
		{"get_repo repoid:admin/made", 0, "{\n  \"repo_id\": ", ""},
		{"get_repos --format table", 0, "REPO_ID", ""},
		{"get_repo repoid:admin/made cache:perhaps", 2, "", "cache"},
		{"get_repo", 2, "", "repoid"},
		{"create_gist", 2, "", "create_gist"},
		{"get_repo repoid:admin/none", 3, "", "repository `admin/none` does not exist"},
		{"create_repo repo_name:admin/made repo_type:git", 4, "", "already exist"},
		{"get_repos --apikey " + s.Tokens["feed"], 5, "", "API KEY has bad role"},
		{"get_repos --apihost http://127.0.0.1:1 --apikey " + s.Tokens["api"], 7, "", "127.0.0.1:1"},
		{"--describe create_repo", 0, "repo_name", ""},
		{"--list", 0, "get_repo_fts_tree", ""},
	} {
		out, errs, status := c.run(t, "", strings.Fields(row.args)...)
		if status != row.status || !strings.Contains(out, row.out) || !strings.Contains(errs, row.errs) || strings.Contains(out+errs, s.Tokens["api"]) {
			t.Errorf("jeton api %s ends with %d, %q, %q; want %d, %q, %q", row.args, status, out, errs, row.status, row.out, row.errs)
		}
	}
	rc := filepath.Join(c.home, ".jetonrc")
	if err := os.Chmod(rc, 0o644); err != nil {
		t.Fatal(err)
	}
	if _, errs, status := c.run(t, "", "get_repos"); status != 5 || !strings.Contains(errs, "chmod 600") {
		t.Errorf("with a file that others may read it ends with %d, %s", status, errs)
	}
	if err := os.Chmod(rc, 0o600); err != nil {
		t.Fatal(err)
	}
}

// tellsOfAPush clones what the API made, pushes to it, and looks at what a hook's receiver got and what a build may say.
func (c caller) tellsOfAPush(t *testing.T, s *server) {
	type told struct {
		header http.Header
		body   []byte
	}
	came := make(chan told, 1)
	receiver := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(io.LimitReader(r.Body, 1<<20))
		came <- told{r.Header, body}
	}))
	defer receiver.Close()
	var hook struct{ Secret string }
	c.ask(t, &hook, "", "create_webhook", "repoid:admin/made", "url:"+receiver.URL+"/hook", "form:github", "events:push")
	work := filepath.Join(t.TempDir(), "made")
	git(t, "", "clone", "-q", s.mine("admin/made"), work)
	id := commit(t, work, "README.md", "Read me.\n")
	git(t, work, "push", "-q", "origin", "HEAD:refs/heads/main")
	select {
	case got := <-came:
		sum := hmac.New(sha256.New, []byte(hook.Secret))
		sum.Write(got.body)
		if want := "sha256=" + hex.EncodeToString(sum.Sum(nil)); got.header.Get("X-Hub-Signature-256") != want || hook.Secret == "" {
			t.Errorf("the delivery is signed %q, want %q", got.header.Get("X-Hub-Signature-256"), want)
		}
		if got.header.Get("X-GitHub-Event") != "push" || !bytes.Contains(got.body, []byte(id)) {
			t.Errorf("the receiver got %v\n%s", got.header, got.body)
		}
	case <-time.After(time.Minute):
		t.Fatal("the receiver was told nothing within a minute")
	}
	at := s.URL + "/api/v1/repos/admin/made/"
	set := exec.Command("curl", "-sS", "-f", "-H", "Authorization: token "+s.Tokens["api"], at+"statuses/"+id, "-d", `{"state":"success","context":"ci/test"}`)
	if out, err := set.CombinedOutput(); err != nil {
		t.Errorf("curl sets no status: %v\n%s", err, out)
	}
	out, err := exec.Command("curl", "-sS", "-f", "-H", "Authorization: Bearer "+s.Tokens["api"], at+"commits/main/status").CombinedOutput()
	if err != nil || !bytes.Contains(out, []byte(`"ci/test"`)) {
		t.Errorf("curl reads the status %s, %v", out, err)
	}
	c.ask(t, nil, "Reads well: so far.\n", "comment_commit", "repoid:admin/made", "commit_id:main", "message:-")
	var comments []struct {
		Text string `json:"comment_text"`
	}
	if c.ask(t, &comments, "", "get_repo_comments", "repoid:admin/made"); len(comments) != 1 || comments[0].Text != "Reads well: so far.\n" {
		t.Errorf("what was said out of standard input is told as %+v", comments)
	}
}

// fetches makes a repository out of another one's address, and pulls what came there later.
func (c caller) fetches(t *testing.T, s *server) {
	c.ask(t, nil, "", "create_repo", "repo_name:admin/mirror", "repo_type:git", "clone_uri:"+s.mine("admin/made"))
	mirrored := func() bool {
		there := git(t, "", "ls-remote", s.mine("admin/made"), "refs/heads/*")
		return there != "" && git(t, "", "ls-remote", s.mine("admin/mirror"), "refs/heads/*") == there
	}
	eventually(t, "the mirror", mirrored) // a job ends when it ends
	work := filepath.Join(t.TempDir(), "made")
	git(t, "", "clone", "-q", s.mine("admin/made"), work)
	commit(t, work, "later.txt", "Later.\n")
	git(t, work, "push", "-q", "origin", "HEAD:refs/heads/main")
	var pulled struct{ Msg, Repository string }
	c.ask(t, &pulled, "", "pull", "repoid:admin/mirror")
	if pulled.Repository != "admin/mirror" || strings.Contains(pulled.Msg, s.Tokens["vcs"]) {
		t.Errorf("pull answers %+v", pulled)
	}
	eventually(t, "what was pulled", mirrored)
	var repo struct {
		From string `json:"clone_uri"`
	}
	if c.ask(t, &repo, "", "get_repo", "repoid:admin/mirror"); repo.From == "" || strings.Contains(repo.From, s.Tokens["vcs"]) {
		t.Errorf("the mirror comes from %q", repo.From)
	}
}
