package integration

import (
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// gitHome is a home with git's settings and the helper's file; the server's program is the helper.
type gitHome struct {
	s   *server
	dir string
}

func newGitHome(t *testing.T, s *server) gitHome {
	t.Helper()
	h := gitHome{s, t.TempDir()}
	h.jeton(t, "", "credential", "install", s.URL)
	return h
}

func (h gitHome) env() []string {
	return []string{"HOME=" + h.dir, "XDG_CONFIG_HOME=" + filepath.Join(h.dir, "config"), "GIT_CONFIG_GLOBAL=" + filepath.Join(h.dir, "gitconfig"), "PATH=" + os.Getenv("PATH")}
}

// jeton runs a command as the person whose home it is does, with no data folder.
func (h gitHome) jeton(t *testing.T, input string, args ...string) string {
	t.Helper()
	cmd := exec.Command(h.s.binary, args...)
	cmd.Env, cmd.Stdin = h.env(), strings.NewReader(input)
	out, err := cmd.CombinedOutput()
	if err != nil {
		t.Fatalf("jeton %s: %v\n%s", strings.Join(args, " "), err, out)
	}
	return string(out)
}

// kept is the tokens in the helper's file.
func (h gitHome) kept(t *testing.T) []string {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(h.dir, "config", "jeton", "credentials.json"))
	if err != nil {
		t.Fatal(err)
	}
	var file struct{ Tokens []struct{ Token string } }
	if err := json.Unmarshal(text, &file); err != nil {
		t.Fatal(err)
	}
	var all []string
	for _, k := range file.Tokens {
		all = append(all, k.Token)
	}
	return all
}

func (h gitHome) clone(t *testing.T) (string, error) {
	t.Helper()
	return tryGit(t.TempDir(), h.env(), "clone", "-q", h.s.URL+"/"+h.s.Repo, "copy")
}

func TestTheCredentialHelperRenewsARotatedTokenByItself(t *testing.T) {
	t.Parallel()
	s := start(t)
	h := newGitHome(t, s)
	id, old := s.token(t, "--user", s.User, "--kind", "vcs", "--expires", "30d")
	if said := h.jeton(t, old+"\n", "credential", "add", s.URL); strings.Contains(said, old) || !strings.Contains(said, old[:12]) {
		t.Errorf("add said %q", said)
	}
	if out, err := h.clone(t); err != nil {
		t.Fatalf("clone: %v\n%s", err, out)
	}
	var next struct{ ID, Token string }
	s.ask(t, &next, "token", "rotate", id, "--overlap", "1h")
	if out, err := h.clone(t); err != nil {
		t.Fatalf("clone after the rotation: %v\n%s", err, out)
	}
	if got := h.kept(t); len(got) != 1 || got[0] != next.Token {
		t.Fatalf("kept %d tokens, and not the successor", len(got))
	}
	s.jeton(t, "token", "revoke", id, "--yes") // the old one: nobody needs it any more
	if out, err := h.clone(t); err != nil {
		t.Fatalf("clone after the old one's end: %v\n%s", err, out)
	}
	list := h.jeton(t, "", "credential", "list")
	if !strings.Contains(list, s.URL) || strings.Contains(list, next.Token) {
		t.Errorf("list says %q", list)
	}
	s.jeton(t, "token", "revoke", next.ID, "--yes")
	if out, err := h.clone(t); err == nil || !strings.Contains(out, "revoked on") || !strings.Contains(out, "jeton credential add "+s.URL) {
		t.Errorf("clone with a revoked token: %v\n%s", err, out)
	}
}

func TestTheCredentialHelperTellsOfATokenThatHasExpired(t *testing.T) {
	t.Parallel()
	s := start(t)
	h := newGitHome(t, s)
	_, short := s.token(t, "--user", s.User, "--kind", "vcs", "--expires", "4s")
	h.jeton(t, short, "credential", "add", s.URL)
	question := fmt.Sprintf("url=%s\n\n", s.URL)
	if got := h.jeton(t, question, "credential", "get"); !strings.Contains(got, "password="+short+"\npassword_expiry_utc=") {
		t.Fatalf("get answered %q", got)
	}
	eventually(t, "the token to expire", func() bool {
		cmd := exec.Command(s.binary, "credential", "get")
		cmd.Env, cmd.Stdin = h.env(), strings.NewReader(question)
		out, err := cmd.Output()
		return err == nil && len(out) == 0
	})
	if out, err := h.clone(t); err == nil || !strings.Contains(out, "expired on") || !strings.Contains(out, "jeton credential add") {
		t.Errorf("clone with an expired token: %v\n%s", err, out)
	}
}

func TestGitKeepsWhatWorkedWithTheCredentialHelper(t *testing.T) {
	t.Parallel()
	s := start(t)
	h := newGitHome(t, s)
	out, err := tryGit(t.TempDir(), h.env(), "clone", "-q", s.mine(s.Repo), "copy")
	if err != nil {
		t.Fatalf("clone: %v\n%s", err, out)
	}
	if got := h.kept(t); len(got) != 1 || got[0] != s.Tokens["vcs"] {
		t.Fatalf("kept %d tokens, want the one that worked", len(got))
	}
	if out, err := h.clone(t); err != nil {
		t.Errorf("clone with what was kept: %v\n%s", err, out)
	}
	password := s.http(s.Repo, s.User, s.Password)
	if out, err := tryGit(t.TempDir(), h.env(), "clone", "-q", password, "copy"); err != nil {
		t.Fatalf("clone: %v\n%s", err, out)
	}
	if got := h.kept(t); len(got) != 1 || got[0] != s.Tokens["vcs"] {
		t.Errorf("kept %d tokens: a password is none of the helper's business", len(got))
	}
}
