package integration

import (
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// dial runs OpenSSH against the server with these arguments behind the options.
func (s *server) dial(t *testing.T, options []string, args ...string) (string, error) {
	t.Helper()
	u, err := url.Parse(s.SSH)
	if err != nil {
		t.Fatal(err)
	}
	all := append(append([]string{}, options[1:]...), "-p", u.Port(), "git@"+u.Hostname())
	cmd := exec.Command(options[0], append(all, args...)...)
	cmd.Env = gitEnv()
	out, err := cmd.CombinedOutput()
	return string(out), err
}

func TestSSHGreetsAndRunsNothing(t *testing.T) {
	t.Parallel()
	s := start(t)
	key := sshArgs(s.addKey(t, "ed25519"))
	out, err := s.dial(t, key)
	if err != nil || !strings.Contains(out, s.Repo) || !strings.Contains(out, "admin") {
		t.Errorf("ssh host answered %v\n%s", err, out)
	}
	for _, command := range []string{"id", "sh", "git-upload-pack 'x'; id", "$(id)", "git-upload-pack $(id)", "scp -t /", "git-upload-pack '../../etc'", "git-shell"} {
		out, err := s.dial(t, key, command)
		if err == nil || strings.Contains(out, "uid=") || strings.TrimSpace(out) == "" {
			t.Errorf("ssh host %q answered %v %q", command, err, out)
		}
	}
	for _, options := range [][]string{{"-L", "0:127.0.0.1:1", "-o", "ExitOnForwardFailure=yes"}, {"-A"}, {"-X"}, {"-tt"}} {
		if out, _ := s.dial(t, append(append([]string{}, key...), options...)); strings.Contains(out, "$ ") {
			t.Errorf("ssh %v gave a shell: %s", options, out)
		}
	}
	if out, err := s.dial(t, append(append([]string{}, key...), "-W", "127.0.0.1:80")); err == nil {
		t.Errorf("ssh -W was let through: %s", out)
	}
	if out, err := s.dial(t, append(append([]string{}, key...), "-s"), "sftp"); err == nil {
		t.Errorf("sftp was let in: %s", out)
	}
}

func TestSSHKeysOfEveryAcceptedKind(t *testing.T) {
	t.Parallel()
	s := start(t)
	for _, k := range []struct {
		kind    string
		options []string
	}{{"ed25519", nil}, {"ecdsa", []string{"-b", "256"}}, {"ecdsa", []string{"-b", "521"}}, {"rsa", []string{"-b", "2048"}}} {
		key := s.addKey(t, k.kind, k.options...)
		if out, err := tryGit("", []string{sshEnv(key)}, "ls-remote", s.ssh(s.Repo)); err != nil {
			t.Errorf("%s %v: %v\n%s", k.kind, k.options, err, out)
		}
	}
	small := newKey(t, "rsa", "-b", "1024")
	if out, err := s.try("key", "add", "--user", s.User, "--label", "small", small+".pub"); err == nil || !strings.Contains(out, "2048") {
		t.Errorf("an RSA key of 1024 bits was answered %v %s", err, out)
	}
}

func TestSSHIdentityIsTheProvenKey(t *testing.T) {
	t.Parallel()
	s := start(t)
	people(t, s)
	adaKey, bobKey, strange := newKey(t, "ed25519"), newKey(t, "ed25519"), newKey(t, "ed25519")
	s.jeton(t, "key", "add", "--user", "ada", "--label", "a", adaKey+".pub")
	s.jeton(t, "key", "add", "--user", "bob", "--label", "b", bobKey+".pub")
	_, bobToken := s.token(t, "--user", "bob", "--kind", "vcs")

	tries := func(keys ...string) []string {
		env := sshEnv(keys[0])
		for _, k := range keys[1:] {
			env += " -i " + k
		}
		return []string{env}
	}
	for _, c := range []struct {
		name string
		env  []string
		ok   bool
	}{
		{"ada's key", tries(adaKey), true},
		{"bob's key", tries(bobKey), false},
		{"strange key", tries(strange), false},
		{"strange, then ada's", tries(strange, adaKey), true},
		{"four strange, then ada's", tries(strange, newKey(t, "ed25519"), newKey(t, "ed25519"), newKey(t, "ed25519"), adaKey), true},
		{"ada's, then bob's", tries(adaKey, bobKey), true},
		{"bob's, then ada's", tries(bobKey, adaKey), false},
		{"no key at all", []string{sshEnv("/dev/null", "-o", "PubkeyAuthentication=no")}, false},
		{"ssh-rsa with SHA-1", []string{sshEnv(s.addKey(t, "rsa", "-b", "2048"), "-o", "PubkeyAcceptedAlgorithms=ssh-rsa")}, false},
		{"ssh-rsa host key", []string{sshEnv(adaKey, "-o", "HostKeyAlgorithms=ssh-rsa")}, false},
	} {
		t.Run(c.name, func(t *testing.T) {
			out, err := tryGit("", c.env, "ls-remote", s.ssh("ada/app"))
			if (err == nil) != c.ok {
				t.Errorf("ls-remote answered %v, let in should be %v\n%s", err, c.ok, out)
			}
		})
	}
	// ada's public key is offered (its private half is not there), then bob's token is the password: this is bob.
	offered := filepath.Join(t.TempDir(), "offered")
	pub, err := os.ReadFile(adaKey + ".pub")
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(offered+".pub", pub, 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(offered, pub, 0o600); err != nil {
		t.Fatal(err)
	}
	out, err := tryGit("", s.password(t, bobToken, "-i", offered), "ls-remote", s.ssh("ada/app"))
	if err == nil {
		t.Errorf("bob was let in as ada, whose key was merely offered\n%s", out)
	}
	s.jeton(t, "repo", "grant", "ada/app", "bob", "read")
	if out, err := tryGit("", s.password(t, bobToken), "ls-remote", s.ssh("ada/app")); err != nil {
		t.Errorf("bob's token as SSH password: %v\n%s", err, out)
	}
	if out, err := tryGit("", s.password(t, "correct horse bob"), "ls-remote", strings.Replace(s.ssh("ada/app"), "git@", "bob@", 1)); err != nil {
		t.Errorf("bob's password: %v\n%s", err, out)
	}
}

// password makes OpenSSH answer the password question by itself.
func (s *server) password(t *testing.T, secret string, options ...string) []string {
	t.Helper()
	ask := filepath.Join(t.TempDir(), "ask")
	if err := os.WriteFile(ask, []byte("#!/bin/sh\necho '"+secret+"'\n"), 0o700); err != nil {
		t.Fatal(err)
	}
	args := append([]string{"ssh", "-F", "/dev/null", "-o", "IdentityAgent=none", "-o", "NumberOfPasswordPrompts=1", "-o", "StrictHostKeyChecking=no",
		"-o", "UserKnownHostsFile=/dev/null", "-o", "LogLevel=ERROR", "-o", "IdentitiesOnly=yes"}, options...)
	return []string{"GIT_SSH_COMMAND=" + strings.Join(args, " "), "SSH_ASKPASS=" + ask, "SSH_ASKPASS_REQUIRE=force", "DISPLAY=none"}
}

func TestSSHSaysWhyItRefuses(t *testing.T) {
	t.Parallel()
	s := start(t)
	people(t, s)
	key := newKey(t, "ed25519")
	s.jeton(t, "key", "add", "--user", "bob", "--label", "b", key+".pub")
	dir := t.TempDir()
	refuse(t, "", []string{sshEnv(key)}, []string{"no such repository"}, "clone", s.ssh("ada/app"), dir)
	refuse(t, "", []string{sshEnv(key)}, []string{"no such repository"}, "clone", s.ssh("ada/nothing"), dir)
	s.jeton(t, "repo", "grant", "ada/app", "bob", "read")
	git(t, "", "clone", "-q", s.mine("ada/app"), dir)
	commit(t, dir, "x", "x")
	refuse(t, dir, []string{sshEnv(key)}, []string{"read"}, "push", s.ssh("ada/app"), "HEAD")
}

func TestKeyscanDoesNotAlarm(t *testing.T) {
	t.Parallel()
	s := start(t)
	u, err := url.Parse(s.SSH)
	if err != nil {
		t.Fatal(err)
	}
	out, err := exec.Command("ssh-keyscan", "-p", u.Port(), u.Hostname()).CombinedOutput()
	if err != nil {
		t.Fatalf("ssh-keyscan: %v\n%s", err, out)
	}
	for _, kind := range []string{"ssh-ed25519", "ecdsa-sha2-nistp256", "ssh-rsa"} {
		if !strings.Contains(string(out), kind) {
			t.Errorf("no %s host key: %s", kind, out)
		}
	}
	if strings.Contains(s.log.String(), "level=ERROR") || strings.Contains(s.log.String(), `"level":"ERROR"`) {
		t.Errorf("ssh-keyscan made the server log an error:\n%s", s.log)
	}
}
