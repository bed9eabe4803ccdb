// Package ldaptest starts OpenLDAP's slapd for tests: in a temporary folder, on free ports of 127.0.0.1, as whoever runs the
// test, with TLS by an authority of its own. It is imported by tests alone.
//
//	dc=example,dc=com
//	├─ cn=service        finds people; nobody else reads anything
//	├─ ou=people         uid=ada, uid=grace     (Add puts more there)
//	└─ cn=git            a group; ada is its member
package ldaptest

import (
	"bytes"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
	"time"

	"github.com/go-ldap/ldap/v3"
)

// What the directory holds.
const (
	Base            = "dc=example,dc=com"
	ServiceDN       = "cn=service," + Base
	ServicePassword = "service secret"
	People          = "ou=people," + Base
	Group           = "cn=git," + Base
	// AdaPassword and GracePassword are the passwords of uid=ada and uid=grace.
	AdaPassword, GracePassword = "difference engine", "nanoseconds"

	rootDN, rootPassword = "cn=root," + Base, "root secret"
)

// Server is a directory that runs until the test ends.
type Server struct {
	// URL speaks StartTLS, SecureURL TLS from the start.
	URL, SecureURL string
	// CAFile holds the authority of the server's certificate, WrongCAFile another one.
	CAFile, WrongCAFile string

	dir string
	cmd *exec.Cmd
	out *bytes.Buffer
}

// Start starts a directory.
func Start(t testing.TB) *Server {
	t.Helper()
	dir, err := os.MkdirTemp("", "jl")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = os.RemoveAll(dir) })
	s := &Server{dir: dir}
	s.CAFile, s.WrongCAFile = certify(t, dir)
	plain, secure := free(t), free(t)
	s.URL, s.SecureURL = "ldap://"+plain, "ldaps://"+secure
	s.write(t, "slapd.conf", fmt.Sprintf(conf, dir))
	s.write(t, "data.ldif", data)
	if err := os.Mkdir(filepath.Join(dir, "db"), 0o700); err != nil {
		t.Fatal(err)
	}
	add := exec.Command(slapd(t), "-T", "add", "-f", filepath.Join(dir, "slapd.conf"), "-l", filepath.Join(dir, "data.ldif"))
	if out, err := add.CombinedOutput(); err != nil {
		t.Fatalf("slapadd: %v\n%s", err, out)
	}
	s.Run(t)
	t.Cleanup(s.Stop)
	return s
}

// slapd is the program, which Debian keeps out of the path of people.
func slapd(t testing.TB) string {
	t.Helper()
	for _, name := range []string{"slapd", "/usr/sbin/slapd"} {
		if path, err := exec.LookPath(name); err == nil {
			return path
		}
	}
	t.Fatal("slapd is not installed: scripts/test installs it")
	return ""
}

// Run starts the directory again after Stop, and waits until it answers.
func (s *Server) Run(t testing.TB) {
	t.Helper()
	s.out = &bytes.Buffer{}
	s.cmd = exec.Command(slapd(t), "-d", "0", "-f", filepath.Join(s.dir, "slapd.conf"), "-h", s.URL+" "+s.SecureURL)
	s.cmd.Stdout, s.cmd.Stderr = s.out, s.out
	if err := s.cmd.Start(); err != nil {
		t.Fatal(err)
	}
	for deadline := time.Now().Add(20 * time.Second); ; time.Sleep(10 * time.Millisecond) {
		c, err := ldap.DialURL(s.URL)
		if err == nil {
			_ = c.Close()
			return
		}
		if time.Now().After(deadline) {
			s.Stop()
			t.Fatalf("slapd does not answer: %v\n%s", err, s.out)
		}
	}
}

// Stop ends the directory.
func (s *Server) Stop() {
	if s.cmd.ProcessState == nil {
		_ = s.cmd.Process.Kill()
		_ = s.cmd.Wait()
	}
}

// Add puts a person below ou=people.
func (s *Server) Add(t testing.TB, uid, mail, password string) {
	t.Helper()
	r := ldap.NewAddRequest(DN(uid), nil)
	r.Attribute("objectClass", []string{"inetOrgPerson"})
	for k, v := range map[string]string{"uid": uid, "cn": uid, "sn": uid, "mail": mail, "userPassword": password} {
		r.Attribute(k, []string{v})
	}
	s.do(t, func(c *ldap.Conn) error { return c.Add(r) })
}

// SetMail changes a person's e-mail.
func (s *Server) SetMail(t testing.TB, uid, mail string) {
	t.Helper()
	r := ldap.NewModifyRequest(DN(uid), nil)
	r.Replace("mail", []string{mail})
	s.do(t, func(c *ldap.Conn) error { return c.Modify(r) })
}

// Rename gives a person another uid; the entry stays the same one.
func (s *Server) Rename(t testing.TB, uid, to string) {
	t.Helper()
	s.do(t, func(c *ldap.Conn) error {
		return c.ModifyDN(ldap.NewModifyDNRequest(DN(uid), "uid="+ldap.EscapeDN(to), true, ""))
	})
}

// Remove deletes a person.
func (s *Server) Remove(t testing.TB, uid string) {
	t.Helper()
	s.do(t, func(c *ldap.Conn) error { return c.Del(ldap.NewDelRequest(DN(uid), nil)) })
}

// DN is a person's.
func DN(uid string) string { return "uid=" + ldap.EscapeDN(uid) + "," + People }

// do does something as the directory's administrator.
func (s *Server) do(t testing.TB, f func(*ldap.Conn) error) {
	t.Helper()
	c, err := ldap.DialURL(s.URL)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = c.Close() }()
	if err := c.Bind(rootDN, rootPassword); err != nil {
		t.Fatal(err)
	}
	if err := f(c); err != nil {
		t.Fatal(err)
	}
}

func (s *Server) write(t testing.TB, name, text string) {
	t.Helper()
	if err := os.WriteFile(filepath.Join(s.dir, name), []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
}

// free is an address that nobody listens on.
func free(t testing.TB) string {
	t.Helper()
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = ln.Close() }()
	return ln.Addr().String()
}
