package integration

import (
	"io"
	"net/http"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// rule is a rule of tokens, and what somebody sees who meets it.
type rule struct {
	name   string
	secret string
	repo   string
	push   string // the ref that is pushed to; "" for a fetch
	status int    // of info/refs over HTTP; 200 where it is let in there
	words  string // of git's output over both transports; "" where all goes well
}

// TestEveryTokenRuleIsToldOverBothTransports holds a real git to each rule, over HTTP with its status and over SSH.
func TestEveryTokenRuleIsToldOverBothTransports(t *testing.T) {
	t.Parallel()
	s := start(t)
	people(t, s)
	s.jeton(t, "repo", "create", "team/lib/core", "--owner", "ada")
	git(t, sampleHistory(t), "push", "-q", "--all", s.mine("team/lib/core"))
	ada := func(args ...string) string {
		_, secret := s.token(t, append([]string{"--user", "ada", "--kind", "vcs"}, args...)...)
		return secret
	}
	revokedID, revoked := s.token(t, "--user", "ada", "--kind", "vcs")
	s.jeton(t, "token", "revoke", revokedID, "--yes")
	oldID, old := s.token(t, "--user", "ada", "--kind", "vcs")
	s.jeton(t, "token", "rotate", oldID, "--overlap", "0")
	_, feed := s.token(t, "--user", "ada", "--kind", "feed")
	_, deploy := s.token(t, "--deploy-repo", "ada/app", "--kind", "vcs")
	expired, bot := ada("--expires", "1s"), ada("--ref", "refs/heads/bot/*", "--fast-forward-only")
	const unknown = "jet_vcs_0123456789ABCDEFGHIJabcdefghijKL45YjdM"
	time.Sleep(1100 * time.Millisecond) // there is no clock to turn from outside

	for _, r := range []rule{
		{"wrong kind", feed, "ada/app", "", 401, "This is a feed token; git needs a vcs token."},
		{"expired", expired, "ada/app", "", 401, "This token expired on"},
		{"revoked", revoked, "ada/app", "", 401, "This token was revoked on"},
		{"rotated", old, "ada/app", "", 401, "This token was replaced by a newer one"},
		{"unknown", unknown, "ada/app", "", 401, "Wrong user name, password or token."},
		{"a decoy", ada("--decoy"), "ada/app", "", 401, "Wrong user name, password or token."},
		{"wrong network", ada("--network", "192.0.2.0/24"), "ada/app", "", 403, "Your address is 127.0.0.1, and this token may not be used from there."},
		{"its network", ada("--network", "127.0.0.0/8"), "ada/app", "", 200, ""},
		{"out of its repositories", ada("--repo", "ada/app"), "ada/other", "", 404, "There is no such repository, or you may not read it."},
		{"not there", ada(), "ada/none", "", 404, "There is no such repository, or you may not read it."},
		{"in its group", ada("--group", "team/**"), "team/lib/core", "", 200, ""},
		{"out of its group", ada("--group", "team/**"), "ada/app", "", 404, "There is no such repository"},
		{"read only", ada("--access", "read"), "ada/app", "refs/heads/x", 403, "This token may only read. Make one with write access to push."},
		{"a deploy token", deploy, "ada/app", "refs/heads/deployed", 200, ""},
		{"a deploy token elsewhere", deploy, "ada/other", "", 404, "There is no such repository"},
		{"its refs", bot, "ada/app", "refs/heads/bot/one", 200, ""},
		{"other refs", bot, "ada/app", "refs/heads/main2", 200, "[remote rejected]"},
	} {
		t.Run(r.name, func(t *testing.T) { r.hold(t, s) })
	}
}

// hold meets the rule over HTTP, where the status is looked at too, and over SSH.
func (r rule) hold(t *testing.T, s *server) {
	service := "git-upload-pack"
	if r.push != "" {
		service = "git-receive-pack"
	}
	address := s.http(r.repo, "git", r.secret)
	if got := status(t, address+"/info/refs?service="+service); got != r.status {
		t.Errorf("info/refs: got %d, want %d", got, r.status)
	}
	spoken := s.password(t, r.secret)
	spoken[0] = strings.Replace(spoken[0], "LogLevel=ERROR", "LogLevel=INFO", 1) // else ssh shows no banner
	for name, to := range map[string]struct {
		address string
		env     []string
	}{"HTTP": {address, nil}, "SSH": {s.ssh(r.repo), spoken}} {
		args := []string{"ls-remote", to.address}
		dir := ""
		if r.push != "" {
			dir = sampleHistory(t)
			commit(t, dir, name, name+r.name)
			args = []string{"push", "-f", to.address, "HEAD:" + r.push + strings.ToLower(name)}
		}
		if r.words != "" {
			refuse(t, dir, to.env, []string{r.words}, args...)
			continue
		}
		if out, err := tryGit(dir, to.env, args...); err != nil {
			t.Errorf("over %s: %v\n%s", name, err, out)
		}
	}
}

func status(t *testing.T, address string) int {
	t.Helper()
	answer, err := http.Get(address)
	if err != nil {
		t.Fatal(err)
	}
	defer answer.Body.Close()
	_, _ = io.Copy(io.Discard, answer.Body)
	return answer.StatusCode
}

// TestTokenThatEndsSoonSaysSo behind a push and a fetch, over both transports, unless that is switched off.
func TestTokenThatEndsSoonSaysSo(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		env, want string
	}{{"JETON_TOKEN_NOTICES=true", "Renew it: "}, {"JETON_TOKEN_NOTICES=false", ""}} {
		s := start(t, c.env)
		s.jeton(t, "repo", "create", "admin/app")
		_, soon := s.token(t, "--user", s.User, "--kind", "vcs", "--expires", "2d")
		_, later := s.token(t, "--user", s.User, "--kind", "vcs", "--expires", "30d")
		dir := sampleHistory(t)
		for name, to := range map[string]struct {
			address string
			env     []string
			want    string
		}{
			"HTTP": {s.http("admin/app", "git", soon), nil, c.want}, "SSH": {s.ssh("admin/app"), s.password(t, soon), c.want},
			"one that ends later": {s.http("admin/app", "git", later), nil, ""},
		} {
			pushed, err := tryGit(dir, to.env, "push", to.address, "HEAD:refs/heads/"+strings.ReplaceAll(name, " ", "-"))
			if err != nil {
				t.Fatalf("push over %s: %v\n%s", name, err, pushed)
			}
			fetched, err := tryGit("", to.env, "clone", "--progress", to.address, filepath.Join(t.TempDir(), "clone"))
			if err != nil {
				t.Fatalf("clone over %s: %v\n%s", name, err, fetched)
			}
			for what, out := range map[string]string{"push": pushed, "clone": fetched} {
				told := strings.Contains(out, "remote: Jeton: your token «test» ends in ") && strings.Contains(out, "Renew it: "+s.URL+"/_admin/my_account/auth_tokens")
				if told != (to.want != "") {
					t.Errorf("%s, %s over %s: told %t\n%s", c.env, what, name, told, out)
				}
			}
		}
	}
}
