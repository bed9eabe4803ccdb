package integration

import (
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// refusal is one way for a credential to be wrong, and what the git user then sees.
type refusal struct {
	name         string
	user, secret string
	repo         string
	push         bool
	want         []string // words of git's output
}

// people are the accounts of the credential tests: ada owns admin's repositories' twin, bob may read one of them.
func people(t *testing.T, s *server) {
	t.Helper()
	for _, name := range []string{"ada", "bob"} {
		s.withInput(t, "correct horse "+name+"\n", "user", "create", name, "--email", name+"@example.com", "--password-stdin")
	}
	s.jeton(t, "repo", "create", "ada/app", "--owner", "ada")
	s.jeton(t, "repo", "create", "ada/other", "--owner", "ada")
	source := sampleHistory(t)
	git(t, source, "push", "-q", "--all", s.mine("ada/app"))
	git(t, source, "push", "-q", "--all", s.mine("ada/other"))
}

func (s *server) withInput(t *testing.T, input string, args ...string) string {
	t.Helper()
	out, err := s.tryInput(input, args...)
	if err != nil {
		t.Fatalf("jeton %s: %v\n%s", strings.Join(args, " "), err, out)
	}
	return out
}

const (
	authFailed = "Authentication failed"
	notFound   = "not found"
)

func TestEveryWayACredentialCanBeWrong(t *testing.T) {
	t.Parallel()
	s := start(t)
	people(t, s)
	ada := func(args ...string) string {
		_, secret := s.token(t, append([]string{"--user", "ada", "--kind", "vcs"}, args...)...)
		return secret
	}
	good := ada()
	feed := func() string { _, v := s.token(t, "--user", "ada", "--kind", "feed"); return v }()
	revokedID, revoked := s.token(t, "--user", "ada", "--kind", "vcs")
	s.jeton(t, "token", "revoke", revokedID, "--yes")
	expired := ada("--expires", "1s")
	bob := func() string { _, v := s.token(t, "--user", "bob", "--kind", "vcs"); return v }()
	typo := good[:len(good)-1] + string("0A"[b2i(strings.HasSuffix(good, "0"))])
	unknown := "jet_vcs_0123456789ABCDEFGHIJabcdefghijKL45YjdM"
	time.Sleep(1100 * time.Millisecond) // a token cannot live shorter than this; there is no clock to turn from outside

	for _, r := range []refusal{
		{"wrong kind", "ada", feed, "ada/app", false, []string{"feed token", authFailed}},
		{"api token", "ada", s.Tokens["api"], "ada/app", false, []string{authFailed}},
		{"expired", "ada", expired, "ada/app", false, []string{"expired", authFailed}},
		{"revoked", "ada", revoked, "ada/app", false, []string{"revoked", authFailed}},
		{"checksum wrong", "ada", typo, "ada/app", false, []string{authFailed}},
		{"unknown", "ada", unknown, "ada/app", false, []string{authFailed}},
		{"another person's user name", "bob", good, "ada/app", false, []string{authFailed}},
		{"token with a space", "ada", good + " ", "ada/app", false, []string{authFailed}},
		{"token in other case", "ada", strings.ToUpper(good), "ada/app", false, []string{authFailed}},
		{"other repository", "ada", ada("--repo", "ada/app"), "ada/other", false, []string{notFound}},
		{"no permission", "bob", bob, "ada/app", false, []string{notFound}},
		{"not there at all", "bob", bob, "ada/nothing", false, []string{notFound}},
		{"read-only pushing", "ada", ada("--access", "read"), "ada/app", true, []string{"read", "403"}},
		{"wrong password", "ada", "wrong", "ada/app", false, []string{authFailed}},
		{"empty password", "ada", "", "ada/app", false, []string{authFailed}},
		{"no credential", "", "", "ada/app", false, []string{"could not read Username"}},
	} {
		t.Run(r.name, func(t *testing.T) { r.check(t, s) })
	}
	for _, user := range []string{"ada", "ada@example.com", "git", "token", "oauth2", "x-access-token", "x-token-auth", "gitlab-ci-token"} {
		git(t, "", "ls-remote", s.http("ada/app", user, good))
	}
	git(t, "", "ls-remote", s.http("ada/app", good, "x-oauth-basic"))
	git(t, "", "ls-remote", s.http("ada/app", "ada", "correct horse ada"))
	git(t, "", "-c", "http.extraHeader=Authorization: Bearer "+good, "ls-remote", s.http("ada/app", "", ""))
	if strings.Contains(s.log.String(), good[12:]) || strings.Contains(s.log.String(), "correct horse") {
		t.Error("a secret stands in the server's log")
	}
}

func b2i(b bool) int {
	if b {
		return 1
	}
	return 0
}

func (r refusal) check(t *testing.T, s *server) {
	address := s.http(r.repo, r.user, r.secret)
	// An empty GIT_ASKPASS and no terminal: git says what it would ask for.
	env := []string{"GIT_ASKPASS="}
	dir := filepath.Join(t.TempDir(), "clone")
	if !r.push {
		refuse(t, "", env, r.want, "clone", address, dir)
		if _, err := os.Stat(filepath.Join(dir, ".git")); err == nil {
			t.Error("a refused clone left a repository")
		}
		return
	}
	git(t, "", "clone", "-q", address, dir)
	commit(t, dir, "refused.txt", "refused")
	refuse(t, dir, env, r.want, "push", "origin", "HEAD")
}

func TestWhatIsTakenAwayStopsAtOnce(t *testing.T) {
	t.Parallel()
	s := start(t)
	people(t, s)
	_, bob := s.token(t, "--user", "bob", "--kind", "vcs")
	address := s.http("ada/app", "bob", bob)
	refused := func(what string, words ...string) {
		t.Helper()
		out, err := tryGit("", nil, "ls-remote", address)
		if err == nil {
			t.Errorf("%s: still let in", what)
		}
		for _, w := range words {
			if !strings.Contains(out, w) {
				t.Errorf("%s: want %q in\n%s", what, w, out)
			}
		}
	}
	refused("before a permission is given", notFound)
	s.jeton(t, "repo", "grant", "ada/app", "bob", "read")
	git(t, "", "ls-remote", address)

	s.jeton(t, "repo", "revoke", "ada/app", "bob")
	refused("permission taken away", notFound)
	s.jeton(t, "repo", "grant", "ada/app", "bob", "write")
	git(t, "", "ls-remote", address)

	s.jeton(t, "auth", "disable", "token")
	refused("plug-in off", "VCS tokens are switched off on this server", "403")
	git(t, "", "ls-remote", s.http("ada/app", "ada", "correct horse ada"))
	s.jeton(t, "auth", "enable", "token")
	git(t, "", "ls-remote", address)

	s.jeton(t, "user", "deactivate", "bob", "--yes")
	refused("inactive owner", authFailed)
	s.jeton(t, "user", "activate", "bob")
	git(t, "", "ls-remote", address)
}

func TestPublicRepositoriesNeedNoCredential(t *testing.T) {
	t.Parallel()
	s := start(t)
	source := sampleHistory(t)
	s.jeton(t, "repo", "create", "admin/open", "--public")
	git(t, source, "push", "-q", "--all", s.mine("admin/open"))
	git(t, "", "ls-remote", s.http("admin/open", "", ""))
	refuse(t, "", []string{"GIT_ASKPASS="}, []string{"could not read Username"}, "ls-remote", s.http("admin/private", "", ""))
	refuse(t, source, []string{"GIT_ASKPASS="}, []string{"could not read Username"}, "push", s.http("admin/open", "", ""), "main")
	// git sends no password where none is asked for; another client that sends a wrong one must hear of it.
	req, err := http.NewRequest(http.MethodGet, s.URL+"/admin/open/info/refs?service=git-upload-pack", nil)
	if err != nil {
		t.Fatal(err)
	}
	req.SetBasicAuth("admin", "wrong")
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	_ = res.Body.Close()
	if res.StatusCode != http.StatusUnauthorized {
		t.Errorf("a wrong password for a public repository was answered %s", res.Status)
	}
}
