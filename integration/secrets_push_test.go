package integration

import (
	"encoding/base64"
	"io"
	"net"
	"net/url"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"sync/atomic"
	"testing"
	"time"
)

// foreign is a made-up token of another forge, put together here so that no scanner takes this file for a leak.
func foreign() string { return "gh" + "p_" + "Zk3Qw9Lx7Rt2Vb8Nm4Hc6Jd1Fs5Pg0TyUiOa" }

// pushRefused pushes and wants a refusal with these words, in which the secret does not stand.
func pushRefused(t *testing.T, tr transport, dir, secret string, words []string, args ...string) string {
	t.Helper()
	out := refuse(t, dir, tr.env, words, append([]string{"push"}, args...)...)
	if strings.Contains(out, secret) {
		t.Errorf("the secret is told:\n%s", out)
	}
	return out
}

func TestPushThatBringsALiveTokenIsRefused(t *testing.T) {
	t.Parallel()
	s := start(t)
	id, secret := s.token(t, "--user", "admin", "--kind", "vcs")
	for _, tr := range both(t, s) {
		t.Run(tr.name, func(t *testing.T) {
			repo, dir := "admin/leaks-"+tr.name, sampleHistory(t)
			to := tr.address(s, repo)
			tr.git(t, dir, "push", "-q", to, "main")
			good := head(t, dir)

			bad := commit(t, dir, "deploy/app.env", "HOST=x\n\nTOKEN="+secret+"\n")
			commit(t, dir, "deploy/app.env", "HOST=x\n")
			git(t, dir, "branch", "clean", good)
			out := pushRefused(t, tr, dir, secret, []string{"commit " + bad, "deploy/app.env:3", "live token of this server", "[remote rejected] main -> main", "clean -> clean"}, to, "main", "clean")
			if !strings.Contains(out, secret[:12]+"…") {
				t.Errorf("the hint is not told:\n%s", out)
			}

			git(t, dir, "reset", "-q", "--hard", good)
			for what, text := range map[string]string{
				"base64":              base64.StdEncoding.EncodeToString([]byte("git:" + secret)),
				"UTF-16":              strings.Join(strings.Split(secret, ""), "\x00"),
				"a large binary file": strings.Repeat("\x00\x01\x02\n", 1<<19) + secret,
			} {
				c := commit(t, dir, "file", text)
				if out := pushRefused(t, tr, dir, secret, []string{c, "live token"}, to, "main"); !strings.Contains(out, ", file:") {
					t.Errorf("%s: the place is not told:\n%s", what, out)
				}
				git(t, dir, "reset", "-q", "--hard", good)
			}
			git(t, dir, "commit", "-q", "--allow-empty", "-m", "Use it", "-m", "with "+secret)
			pushRefused(t, tr, dir, secret, []string{head(t, dir), "line 3 of its message"}, to, "main")
			git(t, dir, "reset", "-q", "--hard", good)

			if err := os.MkdirAll(filepath.Join(dir, "keys"), 0o755); err != nil {
				t.Fatal(err)
			}
			if err := os.WriteFile(filepath.Join(dir, "keys", secret+".txt"), []byte("x\n"), 0o644); err != nil {
				t.Fatal(err)
			}
			git(t, dir, "add", "-A")
			git(t, dir, "commit", "-q", "-m", "A file")
			refuse(t, dir, tr.env, []string{head(t, dir), "the name of the file keys/***"}, "push", to, "main")
			git(t, dir, "reset", "-q", "--hard", good)

			git(t, dir, "tag", "-f", "-m", secret, "v1")
			pushRefused(t, tr, dir, secret, []string{"tag ", "line 1 of its message"}, to, "v1")
			refuse(t, dir, tr.env, []string{"the name of a ref is " + secret[:12]}, "push", to, "main:refs/heads/"+secret)
			pushRefused(t, tr, dir, secret, []string{"a push option is"}, "-o", "x="+secret, to, "main:refs/heads/new")
			s.fsck(t, repo)
		})
	}
	if strings.Contains(s.log.String(), secret) {
		t.Error("the token stands in the server's log")
	}
	// Once it opens nothing, it may be pushed.
	s.jeton(t, "token", "revoke", id, "--yes")
	dir := sampleHistory(t)
	commit(t, dir, "old.env", secret)
	git(t, dir, "push", "-q", s.mine("admin/after"), "main")
}

func TestTokensThatArePushedAreRevokedWhereTheServerIsSetTo(t *testing.T) {
	t.Parallel()
	s := start(t, "JETON_RECEIVE_REVOKE_FOUND=true")
	_, secret := s.token(t, "--user", "admin", "--kind", "vcs")
	dir := sampleHistory(t)
	commit(t, dir, "a.env", secret)
	refuse(t, dir, nil, []string{"live token", "it was revoked just now"}, "push", s.mine("admin/x"), "main")
	refuse(t, dir, nil, []string{"revoked"}, "ls-remote", s.http(s.Repo, "git", secret))
	git(t, dir, "push", "-q", s.mine("admin/x"), "main")
}

func TestOtherPeoplesSecretsWarnOrRefuseAsTheRepositorySays(t *testing.T) {
	t.Parallel()
	s := start(t)
	repo, secret := "admin/others", foreign()
	to, dir := s.mine(repo), sampleHistory(t)
	git(t, dir, "push", "-q", to, "main")
	first := commit(t, dir, "ci/deploy.sh", "#!/bin/sh\nexport GITHUB_TOKEN="+secret+"\n")
	out := git(t, dir, "push", to, "main")
	if !strings.Contains(out, "warning: a secret seems to be in commit "+first+", ci/deploy.sh:2: github-pat") || strings.Contains(out, secret) {
		t.Errorf("the warning is\n%s", out)
	}
	commit(t, dir, "unrelated", "x\n")
	if out := git(t, dir, "push", to, "main"); strings.Contains(out, "secret") {
		t.Errorf("what was pushed before is told again:\n%s", out)
	}

	s.jeton(t, "repo", "set", repo, "receive.secrets=refuse")
	copied := commit(t, dir, "copy.sh", "export T="+secret+"\n")
	tr := transport{name: "http"}
	out = pushRefused(t, tr, dir, secret, []string{"push protection: a secret (github-pat) seems to be in commit " + copied + ", copy.sh:1"}, to, "main")
	skip := regexp.MustCompile(`secret\.skip=([0-9a-f]{12})`).FindStringSubmatch(out)
	if skip == nil {
		t.Fatalf("no way on is told:\n%s", out)
	}
	pushRefused(t, tr, dir, secret, []string{"github-pat"}, "-o", "secret.skip=000000000000", to, "main")
	s.jeton(t, "repo", "set", repo, "receive.secrets_no_skip=true")
	if out := pushRefused(t, tr, dir, secret, []string{"github-pat"}, "-o", skip[0], to, "main"); strings.Contains(out, "secret.skip") {
		t.Errorf("a way on is told where there is none:\n%s", out)
	}
	s.jeton(t, "repo", "set", repo, "receive.secrets_no_skip=")
	git(t, dir, "push", "-q", "-o", skip[0], to, "main")
	if log := s.jeton(t, "repo", "log", repo, "--json"); !strings.Contains(log, "secret-skipped "+skip[1]+" github-pat") || strings.Contains(log, secret) {
		t.Errorf("the journal is\n%s", log)
	}
	eventually(t, "the entry of what was gone past", func() bool {
		log := s.jeton(t, "audit", "log", "--action", "repository.secrets", "--resource", repo, "--user", "admin")
		if strings.Contains(log, secret) {
			t.Fatalf("the record tells the secret:\n%s", log)
		}
		return strings.Contains(log, "secret-skipped "+skip[1]+" github-pat") && strings.Contains(log, "secret-warned ")
	})

	s.jeton(t, "repo", "set", repo, "receive.secrets=off")
	commit(t, dir, "third.sh", "export T="+strings.Replace(secret, "Zk3", "Yk4", 1)+"\n")
	if out := git(t, dir, "push", to, "main"); strings.Contains(out, "secret") {
		t.Errorf("where nobody looks something is told:\n%s", out)
	}
}

// slow is a way to a server on which what is sent comes to a crawl after a MiB, until the server says something; sent counts
// its bytes.
type slow struct {
	host     string
	sent     atomic.Int64
	answered atomic.Bool
}

// slowly makes such a way and returns the address of a repository by it.
func slowly(t *testing.T, address string) (string, *slow) {
	t.Helper()
	u, err := url.Parse(address)
	if err != nil {
		t.Fatal(err)
	}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = l.Close() })
	s := &slow{host: u.Host}
	go func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			go s.carry(c.(*net.TCPConn))
		}
	}()
	u.Host = l.Addr().String()
	return u.String(), s
}

func (s *slow) carry(c *net.TCPConn) {
	defer c.Close()
	to, err := net.Dial("tcp", s.host)
	if err != nil {
		return
	}
	defer to.Close()
	go func() {
		for buf := make([]byte, 32<<10); ; {
			n, err := to.Read(buf)
			if n > 0 && s.sent.Load() > 1<<20 {
				s.answered.Store(true)
			}
			if _, werr := c.Write(buf[:n]); err != nil || werr != nil {
				_ = c.CloseWrite() // what the client still sends is read, so that it gets to the answer
				return
			}
		}
	}()
	for buf := make([]byte, 32<<10); ; {
		part := buf
		if s.sent.Load() > 1<<20 && !s.answered.Load() {
			part = buf[:1<<10]
			time.Sleep(10 * time.Millisecond)
		}
		n, err := c.Read(part)
		if err != nil {
			return
		}
		_, _ = to.Write(part[:n])
		s.sent.Add(int64(n))
	}
}

func TestTokenRevokedWhileAPushUploadsEndsIt(t *testing.T) {
	t.Parallel()
	s := start(t)
	id, secret := s.token(t, "--user", "admin", "--kind", "vcs")
	dir := sampleHistory(t)
	git(t, dir, "push", "-q", s.mine("admin/long"), "main")
	before := refs(t, s.dir(t, "admin/long"))
	noise := make([]byte, 8<<20)
	random, err := os.Open("/dev/urandom")
	if err != nil {
		t.Fatal(err)
	}
	defer random.Close()
	if _, err := io.ReadFull(random, noise); err != nil {
		t.Fatal(err)
	}
	commit(t, dir, "noise.bin", string(noise))
	address, way := slowly(t, s.http("admin/long", "git", secret))
	var out string
	done := make(chan error)
	go func() {
		var err error
		out, err = tryGit(dir, nil, "push", address, "main")
		done <- err
	}()
	eventually(t, "a part of the push", func() bool { return way.sent.Load() > 1<<20 })
	s.jeton(t, "token", "revoke", id, "--yes")
	if err := <-done; err == nil || !strings.Contains(out, "revoked") {
		t.Errorf("the push: %v\n%s", err, out)
	}
	if refs(t, s.dir(t, "admin/long")) != before {
		t.Error("a ref has moved")
	}
	eventually(t, "the quarantine to be empty", func() bool {
		left, err := filepath.Glob(filepath.Join(s.dir(t, "admin/long"), "jeton/incoming/*"))
		return err == nil && len(left) == 0
	})
	s.fsck(t, "admin/long")
}
