package integration

import (
	"path/filepath"
	"strings"
	"testing"

	"jeton/auth/signin/ldap/ldaptest"
)

// TestGitWithAPasswordOfADirectory runs the whole program beside a real directory: set up by commands, used by git over
// HTTP and SSH, and refused in git's own words.
func TestGitWithAPasswordOfADirectory(t *testing.T) {
	t.Parallel()
	directory := ldaptest.Start(t)
	s := start(t)
	s.useLDAP(t, directory)

	// Her first push makes the person and the repository; she is one like others.
	ada := s.http("ada/app", "ada", ldaptest.AdaPassword)
	source := sampleHistory(t)
	git(t, source, "push", "-q", ada, "HEAD:refs/heads/main")
	git(t, "", "clone", "-q", ada, filepath.Join(t.TempDir(), "clone"))
	if out := s.jeton(t, "user", "list"); !strings.Contains(out, "ada") || strings.Contains(out, "grace") {
		t.Errorf("after her first sign-in: %s", out)
	}
	refuse(t, "", nil, []string{authFailed}, "ls-remote", s.http("ada/app", "ada", "wrong"))
	refuse(t, "", nil, []string{authFailed}, "ls-remote", s.http("ada/app", "*", ldaptest.AdaPassword))
	if out, err := tryGit("", s.password(t, ldaptest.AdaPassword), "ls-remote", s.sshAs("ada", "ada/app")); err != nil || !strings.Contains(out, "refs/heads/main") {
		t.Errorf("over SSH: %v\n%s", err, out)
	}
	refuse(t, "", s.password(t, "wrong"), []string{"Permission denied"}, "ls-remote", s.sshAs("ada", "ada/app"))

	// An account with a password of its own is given to the directory, which judges it from then on.
	if out, err := s.tryInput("stored here\n", "user", "create", "grace", "--password-stdin"); err != nil {
		t.Fatalf("user create: %v\n%s", err, out)
	}
	s.jeton(t, "auth", "link", "ldap", "grace")
	git(t, source, "push", "-q", s.http("grace/app", "grace", ldaptest.GracePassword), "HEAD:refs/heads/main")
	if out, err := tryGit(source, s.password(t, ldaptest.GracePassword), "push", "-q", s.sshAs("grace", "grace/app"), "HEAD:refs/heads/next"); err != nil {
		t.Errorf("a push over SSH by a linked account: %v\n%s", err, out)
	}
	refuse(t, "", nil, []string{authFailed}, "ls-remote", s.http("grace/app", "grace", "stored here"))

	directory.Stop()
	refuse(t, "", nil, []string{"503", "Passwords cannot be checked at this moment"}, "ls-remote", ada)
	git(t, "", "ls-remote", s.http(s.Repo, s.User, s.Password)) // others go on
	if log := s.log.String(); strings.Contains(log, ldaptest.AdaPassword) || strings.Contains(log, ldaptest.ServicePassword) {
		t.Error("a password stands in the server's log")
	}
}

// useLDAP sets the plug-in up as an administrator does, with one mistake on the way.
func (s *server) useLDAP(t *testing.T, directory *ldaptest.Server) {
	t.Helper()
	out, err := s.tryInput(ldaptest.ServicePassword+"\n", "auth", "set", "auth_ldap", "url="+directory.URL, "ca_file="+directory.WrongCAFile,
		"bind_dn="+ldaptest.ServiceDN, "bind_password=-", "base_dn="+ldaptest.People, "remember_seconds=0")
	if err != nil {
		t.Fatalf("auth set: %v\n%s", err, out)
	}
	if out, err := s.try("auth", "enable", "ldap"); err == nil || !strings.Contains(out, "unknown authority") {
		t.Fatalf("a wrong authority at the switch: %v\n%s", err, out)
	}
	s.jeton(t, "auth", "set", "ldap", "ca_file="+directory.CAFile)
	s.jeton(t, "auth", "enable", "ldap")
	if out := s.jeton(t, "auth", "test", "ldap", "--user", "ada"); !strings.Contains(out, "accept") || !strings.Contains(out, "ada@example.com") {
		t.Errorf("auth test: %s", out)
	}
	if out := s.jeton(t, "auth", "show", "ldap"); strings.Contains(out, ldaptest.ServicePassword) {
		t.Errorf("auth show tells the password: %s", out)
	}
}

// sshAs is a repository's address over SSH with a person's user name.
func (s *server) sshAs(user, repo string) string {
	return strings.Replace(s.ssh(repo), "git@", user+"@", 1)
}
