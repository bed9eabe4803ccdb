package integration

import (
	"encoding/json"
	"os/exec"
	"strings"
	"testing"
)

// TestTokenAsksAboutItselfAndIsEndedByAFinder tells the story of one token with curl and git.
func TestTokenAsksAboutItselfAndIsEndedByAFinder(t *testing.T) {
	t.Parallel()
	s := start(t)
	id, text := s.token(t, "--user", s.User, "--kind", "vcs", "--repo", s.Repo)
	curl := func(v any, args ...string) string {
		t.Helper()
		out, err := exec.Command("curl", append([]string{"-sS", "-i"}, args...)...).CombinedOutput()
		if err != nil {
			t.Fatalf("curl: %v\n%s", err, out)
		}
		head, body, _ := strings.Cut(string(out), "\r\n\r\n")
		if err := json.Unmarshal([]byte(body), v); err != nil {
			t.Fatalf("%v in %s", err, out)
		}
		return head
	}
	var me struct {
		Active         bool
		Scope, Jti     string
		Exp            int64
		Repositories   []string
		Error          string
		Description    string `json:"error_description"`
		Token          string `json:"auth_token"`
		Pattern        string
		Revoke, Result string
	}
	head := curl(&me, "-H", "Authorization: Bearer "+text, s.URL+"/_admin/token")
	if !me.Active || me.Jti != id || me.Scope != "vcs:read vcs:write" || me.Exp == 0 || len(me.Repositories) != 1 || me.Repositories[0] != s.Repo {
		t.Errorf("the token is told %+v", me)
	}
	if !strings.Contains(head, "HTTP/1.1 200") || !strings.Contains(head, "Jeton-Token-Expiry: 20") || !strings.Contains(head, "no-store") {
		t.Errorf("with the header\n%s", head)
	}
	s.jeton(t, "token", "rotate", id)
	curl(&me, "-X", "POST", "-u", "git:"+text, s.URL+"/_admin/token/successor")
	next := me.Token
	git(t, "", "ls-remote", s.http(s.Repo, "git", text))
	git(t, "", "ls-remote", s.http(s.Repo, "git", next))

	curl(&me, s.URL+"/.well-known/jeton-tokens")
	if !strings.HasPrefix(me.Pattern, `\bjet_`) || me.Revoke != s.URL+"/_admin/revoke" {
		t.Errorf("scanners are told %+v", me)
	}
	curl(&me, "--data-binary", "a log: "+next+"\n", me.Revoke)
	thanks := me.Result
	curl(&me, "--data-binary", "nothing", s.URL+"/_admin/revoke")
	if thanks == "" || me.Result != thanks {
		t.Errorf("finders are answered %q and %q", thanks, me.Result)
	}
	eventually(t, "the found token to be refused", func() bool {
		out, err := tryGit("", nil, "ls-remote", s.http(s.Repo, "git", next))
		return err != nil && strings.Contains(out, "was revoked on")
	})
	head = curl(&me, "-H", "X-Auth-Token: "+next, s.URL+"/_admin/token")
	if me.Active || me.Error != "revoked" || !strings.Contains(me.Description, "revoked on") || !strings.Contains(head, "HTTP/1.1 401") {
		t.Errorf("dead, it is told %+v\n%s", me, head)
	}
	if strings.Contains(s.log.String(), next[12:]) || strings.Contains(s.log.String(), text[12:]) {
		t.Error("a secret stands in the server's log")
	}
}
