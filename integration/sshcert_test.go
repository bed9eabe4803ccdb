package integration

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// certified is a server that trusts an authority, and the files of both.
type certified struct {
	*server
	ca, revoked string
}

func startCertified(t *testing.T) *certified {
	t.Helper()
	ca, revoked := newKey(t, "ed25519"), filepath.Join(t.TempDir(), "revoked")
	if err := os.WriteFile(revoked, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	s := start(t, "JETON_SSH_USER_AUTHORITIES="+ca+".pub", "JETON_SSH_REVOKED_KEYS="+revoked)
	people(t, s)
	return &certified{s, ca, revoked}
}

// sign makes a key with a certificate beside it, as ssh looks for it; it returns the key's path.
func sign(t *testing.T, ca, kind string, options ...string) string {
	t.Helper()
	key := newKey(t, kind)
	args := append([]string{"-q", "-s", ca, "-I", "ada@laptop", "-z", "7"}, options...)
	if out, err := exec.Command("ssh-keygen", append(args, key+".pub")...).CombinedOutput(); err != nil {
		t.Fatalf("ssh-keygen -s: %v\n%s", err, out)
	}
	return key
}

// loud is sshEnv with what the server says before the sign-in shown, as ssh does by itself.
func loud(key string) string {
	return strings.Replace(sshEnv(key), "LogLevel=ERROR", "LogLevel=INFO", 1)
}

func TestCertificatesOfAnAuthorityOpenGit(t *testing.T) {
	t.Parallel()
	s := startCertified(t)
	old := newKey(t, "rsa", "-b", "2048")
	const hour = "-V+1h"
	for name, c := range map[string]struct {
		key, login string
		words      string // of the refusal; "" for a yes
	}{
		"ada's":               {sign(t, s.ca, "ed25519", hour, "-n", "ada"), "git", ""},
		"an RSA key":          {sign(t, s.ca, "rsa", hour, "-n", "ada"), "git", ""},
		"an ECDSA key":        {sign(t, s.ca, "ecdsa", hour, "-n", "ada"), "git", ""},
		"two names, as ada":   {sign(t, s.ca, "ed25519", hour, "-n", "bob,ada"), "ada", ""},
		"two names, as git":   {sign(t, s.ca, "ed25519", hour, "-n", "bob,ada"), "git", "not for this user name"},
		"ada's, as bob":       {sign(t, s.ca, "ed25519", hour, "-n", "ada"), "bob", "not for this user name"},
		"nobody's":            {sign(t, s.ca, "ed25519", hour), "git", "names no principal"},
		"somebody unknown":    {sign(t, s.ca, "ed25519", hour, "-n", "zoe"), "git", "Permission denied"},
		"expired":             {sign(t, s.ca, "ed25519", "-V-2h:-1h", "-n", "ada"), "git", "has expired"},
		"not yet valid":       {sign(t, s.ca, "ed25519", "-V+1h:+2h", "-n", "ada"), "git", "not valid yet"},
		"from here":           {sign(t, s.ca, "ed25519", hour, "-n", "ada", "-O", "source-address=127.0.0.0/8"), "git", ""},
		"from elsewhere":      {sign(t, s.ca, "ed25519", hour, "-n", "ada", "-O", "source-address=192.0.2.0/24"), "git", "from this address"},
		"with a command":      {sign(t, s.ca, "ed25519", hour, "-n", "ada", "-O", "force-command=id"), "git", "force-command"},
		"a host's":            {sign(t, s.ca, "ed25519", hour, "-n", "ada", "-h"), "git", "Permission denied"},
		"a strange authority": {sign(t, newKey(t, "ed25519"), "ed25519", hour, "-n", "ada"), "git", "Permission denied"},
		"signed with SHA-1":   {sign(t, old, "ed25519", hour, "-n", "ada", "-t", "ssh-rsa"), "git", "Permission denied"},
	} {
		t.Run(name, func(t *testing.T) {
			out, err := tryGit("", []string{loud(c.key)}, "ls-remote", strings.Replace(s.ssh("ada/app"), "git@", c.login+"@", 1))
			if (err == nil) != (c.words == "") || !strings.Contains(out, c.words) {
				t.Errorf("answered %v, want the words %q\n%s", err, c.words, out)
			}
		})
	}
}

func TestARevokedCertificateOpensNothingAtOnce(t *testing.T) {
	t.Parallel()
	s := startCertified(t)
	key := sign(t, s.ca, "ed25519", "-V+1h", "-n", "ada")
	dir := t.TempDir()
	git(t, "", "clone", "-q", s.mine("ada/app"), dir)
	commit(t, dir, "x", "x")
	if out, err := tryGit(dir, []string{sshEnv(key)}, "push", "-q", s.ssh("ada/app"), "HEAD:refs/heads/x"); err != nil {
		t.Fatalf("push: %v\n%s", err, out)
	}
	log, err := os.ReadFile(filepath.Join(strings.TrimSpace(s.jeton(t, "repo", "path", "ada/app")), "logs/refs/heads/x"))
	if err != nil || !strings.Contains(string(log), "ada <ada@example.com>") || !strings.Contains(string(log), "(cert:ada@laptop:7)") {
		t.Errorf("the reflog tells of %q, %v", log, err)
	}
	shared := s.master(t, sshArgs(key))
	if out, err := tryGit("", []string{sshEnv(key, shared...)}, "ls-remote", s.ssh("ada/app")); err != nil {
		t.Fatalf("on a shared connection: %v\n%s", err, out)
	}
	if err := os.WriteFile(s.revoked, []byte("serial: 7\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	refuse(t, "", []string{sshEnv(key, shared...)}, []string{"was revoked"}, "ls-remote", s.ssh("ada/app"))
	refuse(t, "", []string{loud(key)}, []string{"was revoked"}, "ls-remote", s.ssh("ada/app"))
}
