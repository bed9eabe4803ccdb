package integration

import (
	"io"
	"net"
	"net/url"
	"strings"
	"sync"
	"testing"
)

// office is a network that tokens of these tests are bound to.
const office = "203.0.113.0/24"

// TestNetworkOfATokenBehindAProxyThatWritesAHeader: what the client writes itself changes nothing.
func TestNetworkOfATokenBehindAProxyThatWritesAHeader(t *testing.T) {
	t.Parallel()
	s := start(t, "JETON_SERVER_TRUSTED_PROXIES=127.0.0.1/32")
	_, bound := s.token(t, "--user", s.User, "--kind", "vcs", "--network", office)
	for _, c := range []struct {
		name, header, words string
	}{
		{"from there", "X-Forwarded-For: 203.0.113.7", ""},
		{"through a second proxy", "X-Forwarded-For: 203.0.113.7, 127.0.0.1", ""},
		{"from elsewhere", "X-Forwarded-For: 198.51.100.1", "Your address is 198.51.100.1"},
		{"from elsewhere, with a header of one's own", "X-Forwarded-For: 203.0.113.7, 198.51.100.1", "Your address is 198.51.100.1"},
		{"another header", "Forwarded: for=203.0.113.7", "Your address is 127.0.0.1"},
		{"and another", "X-Real-IP: 203.0.113.7", "Your address is 127.0.0.1"},
		{"what is no address", "X-Forwarded-For: 203.0.113.7, unknown", "Your address is not known"},
	} {
		args := []string{"-c", "http.extraHeader=" + c.header, "ls-remote", s.http(s.Repo, "git", bound)}
		if c.words != "" {
			refuse(t, "", nil, []string{c.words, "403"}, args...)
		} else if out, err := tryGit("", nil, args...); err != nil {
			t.Errorf("%s: %v\n%s", c.name, err, out)
		}
	}
}

// TestNetworkOfATokenBehindTheProxyProtocol sends real clients through a proxy that speaks it, over HTTP and SSH.
func TestNetworkOfATokenBehindTheProxyProtocol(t *testing.T) {
	t.Parallel()
	s := start(t, "JETON_SERVER_TRUSTED_PROXIES=127.0.0.1/32", "JETON_SERVER_PROXY_PROTOCOL=true", "JETON_SSH_PROXY_PROTOCOL=true",
		"JETON_AUTH_GIT_PASSWORDS=false")
	_, bound := s.token(t, "--user", s.User, "--kind", "vcs", "--network", office)
	for _, c := range []struct {
		name, header, words string
	}{
		{"from there", "PROXY TCP4 203.0.113.7 192.0.2.80 4711 443\r\n", ""},
		{"from elsewhere", "PROXY TCP4 198.51.100.1 192.0.2.80 4711 443\r\n", "Your address is 198.51.100.1"},
		{"from nobody knows where", "PROXY UNKNOWN\r\n", "Your address is not known"},
	} {
		speaking := s.password(t, bound)
		speaking[0] = strings.Replace(speaking[0], "LogLevel=ERROR", "LogLevel=INFO", 1)
		for scheme, to := range map[string]struct {
			address string
			env     []string
		}{"HTTP": {s.http(s.Repo, "git", bound), nil}, "SSH": {s.ssh(s.Repo), speaking}} {
			args := []string{"ls-remote", through(t, to.address, c.header)}
			if c.words != "" {
				refuse(t, "", to.env, []string{c.words}, args...)
			} else if out, err := tryGit("", to.env, args...); err != nil {
				t.Errorf("%s over %s: %v\n%s", c.name, scheme, err, out)
			}
		}
	}
	_, free := s.token(t, "--user", s.User, "--kind", "vcs")
	refuse(t, "", nil, nil, "ls-remote", s.http(s.Repo, "git", free)) // a proxy that does not speak the protocol
	refuse(t, "", s.password(t, free), nil, "ls-remote", s.ssh(s.Repo))

	// Passwords are refused here, and the user learns how to go on.
	const here = "PROXY TCP4 203.0.113.7 192.0.2.80 4711 443\r\n"
	words := []string{"Passwords do not open git here", "jeton token create --kind vcs"}
	refuse(t, "", nil, words, "ls-remote", through(t, s.http(s.Repo, s.User, s.Password), here))
	asked := s.password(t, s.Password)
	asked[0] = strings.Replace(asked[0], "LogLevel=ERROR", "LogLevel=INFO", 1)
	refuse(t, "", asked, words, "ls-remote", strings.Replace(through(t, s.ssh(s.Repo), here), "git@", s.User+"@", 1))
}

// through puts a proxy in front of an address, which begins each connection with a header, and returns its own.
func through(t *testing.T, address, header string) string {
	t.Helper()
	u, err := url.Parse(address)
	if err != nil {
		t.Fatal(err)
	}
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	server := u.Host
	var wg sync.WaitGroup
	wg.Go(func() {
		for {
			client, err := ln.Accept()
			if err != nil {
				return
			}
			wg.Go(func() { relay(client, server, header) })
		}
	})
	t.Cleanup(func() { _ = ln.Close(); wg.Wait() })
	u.Host = ln.Addr().String()
	return u.String()
}

// relay passes bytes on, both ways, until one side has gone.
func relay(client net.Conn, server, header string) {
	defer client.Close()
	up, err := net.Dial("tcp", server)
	if err != nil {
		return
	}
	defer up.Close()
	if _, err := io.WriteString(up, header); err != nil {
		return
	}
	done := make(chan struct{})
	go func() {
		defer close(done)
		_, _ = io.Copy(up, client)
		_ = up.(*net.TCPConn).CloseWrite()
	}()
	_, _ = io.Copy(client, up)
	_ = client.Close()
	<-done
}
