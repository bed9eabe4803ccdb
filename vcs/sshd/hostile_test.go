package sshd

import (
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"runtime"
	"strings"
	"sync"
	"testing"
	"time"

	gossh "golang.org/x/crypto/ssh"

	"jeton/vcs/receive"
	"jeton/vcs/upload"
)

// thrownOut waits until the server has closed a connection.
func thrownOut(t *testing.T, what string, conn net.Conn) {
	t.Helper()
	_ = conn.SetReadDeadline(time.Now().Add(soon))
	if _, err := io.Copy(io.Discard, conn); errors.Is(err, os.ErrDeadlineExceeded) {
		t.Errorf("%s: the connection is still open after %s", what, soon)
	}
}

// TestWhatIsNoSSHIsThrownOut sends what scanners and broken clients send, and looks whether the server serves on and
// keeps nothing.
func TestWhatIsNoSSHIsThrownOut(t *testing.T) {
	key := newSigner(t)
	addr := serve(t, &keeper{keys: map[string]string{string(key.PublicKey().Marshal()): "ada"}}, func(o *Options) { o.Handshake = patience })
	before := runtime.NumGoroutine()
	hello := "SSH-2.0-x\r\n"
	for name, sent := range map[string]string{
		"nothing":                     "",
		"HTTP":                        "GET / HTTP/1.1\r\nHost: x\r\n\r\n",
		"TLS":                         "\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" + strings.Repeat("x", 500),
		"SSH 1":                       "SSH-1.5-old\r\n",
		"half a version":              "SSH-2.0-half",
		"a version without an end":    "SSH-2.0-" + strings.Repeat("x", 300<<10),
		"many lines before a version": strings.Repeat("hello\r\n", 50<<10),
		"NULs":                        strings.Repeat("\x00", 10<<10),
		"a length of 4 GiB":           hello + "\xff\xff\xff\xff\x04" + strings.Repeat("x", 100),
		"a length of 256 KiB":         hello + "\x00\x04\x00\x00\x04" + strings.Repeat("x", 300<<10),
		"a length of nothing":         hello + strings.Repeat("\x00", 1000),
		"padding beyond the packet":   hello + "\x00\x00\x00\x0c\xff" + strings.Repeat("\x14", 100),
		"a packet of another kind":    hello + "\x00\x00\x00\x0c\x0a\x32" + strings.Repeat("\x00", 100),
		"an empty KEXINIT":            hello + "\x00\x00\x00\x0c\x0a\x14" + strings.Repeat("\x00", 100),
		"a disconnect":                hello + "\x00\x00\x00\x1c\x06\x01\x00\x00\x00\x0b\x00\x00\x00\x03bye\x00\x00\x00\x00" + strings.Repeat("\x00", 20),
		"only the version":            hello,
	} {
		for _, close := range []string{"half-closed", "left open"} {
			conn, err := net.Dial("tcp", addr)
			if err != nil {
				t.Fatal(err)
			}
			_, _ = io.WriteString(conn, sent) // the server may have gone away meanwhile
			if close == "half-closed" {
				_ = conn.(*net.TCPConn).CloseWrite()
			}
			thrownOut(t, name+", "+close, conn)
			_ = conn.Close()
		}
	}
	client, err := dial(addr, gossh.Config{}, gossh.PublicKeys(key))
	if err != nil {
		t.Fatalf("afterwards nobody is let in: %v", err)
	}
	if got := greeted(t, client); got != "ada" {
		t.Errorf("afterwards: greeted as %q", got)
	}
	_ = client.Close()
	for deadline := time.Now().Add(soon); runtime.NumGoroutine() > before+3; runtime.Gosched() {
		if time.Now().After(deadline) {
			t.Fatalf("%d goroutines before, %d are left", before, runtime.NumGoroutine())
		}
	}
}

// slow is a connection whose client, from some byte on, sends one byte at a time with pauses.
type slow struct {
	net.Conn
	mu   sync.Mutex
	fast int // bytes that go at once
}

func (s *slow) Write(p []byte) (int, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for n := range p {
		if s.fast--; s.fast < 0 {
			time.Sleep(patience / 10) // the client's pace, not a wait for the server
		}
		if _, err := s.Conn.Write(p[n : n+1]); err != nil {
			return n, err
		}
	}
	return len(p), nil
}

func TestSlowClientsAreThrownOutAtEveryStage(t *testing.T) {
	key := newSigner(t)
	addr := serve(t, &keeper{keys: map[string]string{string(key.PublicKey().Marshal()): "ada"}}, func(o *Options) { o.Handshake = 2 * patience })
	for _, fast := range []int{0, 5, 20, 100, 500, 1500} { // in the version, in KEXINIT, in the key exchange, while signing in
		t.Run(fmt.Sprintf("after %d bytes", fast), func(t *testing.T) {
			t.Parallel()
			conn, err := net.Dial("tcp", addr)
			if err != nil {
				t.Fatal(err)
			}
			begun := time.Now()
			_, _, _, err = gossh.NewClientConn(&slow{Conn: conn, fast: fast}, addr, &gossh.ClientConfig{User: "git",
				Auth: []gossh.AuthMethod{gossh.PublicKeys(key)}, HostKeyCallback: gossh.InsecureIgnoreHostKey()})
			if took := time.Since(begun); err == nil || took > soon {
				t.Errorf("it ended with %v after %s", err, took)
			}
		})
	}
	t.Run("who never signs in", func(t *testing.T) {
		t.Parallel()
		never := make(chan struct{})
		t.Cleanup(func() { close(never) })
		conn, err := net.Dial("tcp", addr)
		if err != nil {
			t.Fatal(err)
		}
		gone := &noted{Conn: conn, done: make(chan struct{})}
		go func() {
			_, _, _, _ = gossh.NewClientConn(gone, addr, &gossh.ClientConfig{User: "git", HostKeyCallback: gossh.InsecureIgnoreHostKey(),
				Auth: []gossh.AuthMethod{gossh.PasswordCallback(func() (string, error) { <-never; return "", errors.New("never") })}})
		}()
		ended(t, "the connection is still open", gone.done)
	})
}

// noted tells when the other side has closed.
type noted struct {
	net.Conn
	once sync.Once
	done chan struct{}
}

func (n *noted) Read(p []byte) (int, error) {
	c, err := n.Conn.Read(p)
	if err != nil {
		n.once.Do(func() { close(n.done) })
	}
	return c, err
}

// deaf is a connection whose client stops reading.
type deaf struct {
	net.Conn
	stop chan struct{} // closed: from now on nothing is read
}

func (d *deaf) Read(p []byte) (int, error) {
	select {
	case <-d.stop:
		select {} // for ever: the test's process ends it
	default:
		return d.Conn.Read(p)
	}
}

// narrow serves one connection whose buffers hold little: the server soon waits for a client that does not read.
func narrow(t testing.TB, k *keeper, change func(*Options)) (client net.Conn, served chan struct{}) {
	t.Helper()
	o := Options{Repos: nothing{}, Auth: k, Upload: upload.New(upload.Options{}), Receive: receive.New(receive.Options{}), HostKeyDir: t.TempDir()}
	if change != nil {
		change(&o)
	}
	s, err := New(o)
	if err != nil {
		t.Fatal(err)
	}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	if client, err = net.Dial("tcp", l.Addr().String()); err != nil {
		t.Fatal(err)
	}
	server, err := l.Accept()
	if err != nil {
		t.Fatal(err)
	}
	if err := errors.Join(client.(*net.TCPConn).SetReadBuffer(4096), server.(*net.TCPConn).SetWriteBuffer(4096)); err != nil {
		t.Fatal(err)
	}
	served = make(chan struct{})
	go func() {
		defer close(served)
		s.ssh.HandleConn(server)
	}()
	t.Cleanup(func() { _ = client.Close() })
	return client, served
}

func TestAFloodOfChannelsEndsTheConnection(t *testing.T) {
	const opens = 3000
	for _, kind := range []string{"session", "direct-tcpip"} {
		t.Run(kind, func(t *testing.T) {
			key := newSigner(t)
			raw, served := narrow(t, &keeper{keys: map[string]string{string(key.PublicKey().Marshal()): "ada"}}, nil)
			conn := &deaf{Conn: raw, stop: make(chan struct{})}
			c, chans, reqs, err := gossh.NewClientConn(conn, "narrow", &gossh.ClientConfig{User: "git", Auth: []gossh.AuthMethod{gossh.PublicKeys(key)}, HostKeyCallback: gossh.InsecureIgnoreHostKey()})
			if err != nil {
				t.Fatal(err)
			}
			client := gossh.NewClient(c, chans, reqs)
			before := runtime.NumGoroutine()
			close(conn.stop)
			for range opens {
				go func() { _, _, _ = client.OpenChannel(kind, nil) }()
			}
			ended(t, "the server still keeps the connection", served)
			if now := runtime.NumGoroutine() - before - opens; now > floodOfChannels+64 {
				t.Errorf("%d goroutines more than before", now)
			}
		})
	}
}

func TestAFloodOfRequestsEndsTheSession(t *testing.T) {
	_, _, client := lone(t, nil)
	ch, requests, err := client.OpenChannel("session", nil)
	if err != nil {
		t.Fatal(err)
	}
	closed := make(chan struct{})
	go func() {
		defer close(closed)
		gossh.DiscardRequests(requests) // ends when the server has closed the channel
	}()
	for range maxRequests + 1 {
		if _, err := ch.SendRequest("env", false, gossh.Marshal(struct{ Name, Value string }{"X", strings.Repeat("x", 1000)})); err != nil {
			break
		}
	}
	ended(t, "the session is still open", closed)
	if got := greeted(t, client); got != "ada" {
		t.Errorf("afterwards: greeted as %q", got)
	}
}

// FuzzBeforeTheSignIn sends arbitrary bytes behind the version.
func FuzzBeforeTheSignIn(f *testing.F) {
	f.Add([]byte{})
	f.Add([]byte("\x00\x00\x00\x0c\x0a\x14aaaaaaaaaaaaaaaa"))
	f.Add([]byte("\xff\xff\xff\xff\x04"))
	k := &keeper{}
	s, err := New(Options{Repos: nothing{}, Auth: k, Upload: upload.New(upload.Options{}), Receive: receive.New(receive.Options{}), HostKeyDir: f.TempDir(),
		Limits: Limits{Handshake: time.Second}})
	if err != nil {
		f.Fatal(err)
	}
	f.Fuzz(func(t *testing.T, sent []byte) {
		client, server := net.Pipe()
		served := make(chan struct{})
		go func() {
			defer close(served)
			s.ssh.HandleConn(server)
		}()
		go func() { _, _ = io.Copy(io.Discard, client) }()
		_, _ = io.WriteString(client, "SSH-2.0-fuzz\r\n")
		_, _ = client.Write(sent)
		_ = client.Close()
		ended(t, "the connection is still served", served)
	})
}

// FuzzAfterTheSignIn sends arbitrary requests and channels on a connection that has signed in.
func FuzzAfterTheSignIn(f *testing.F) {
	f.Add("exec", []byte("\x00\x00\x00\x02id"), true)
	f.Add("exec", []byte("\xff\xff\xff\xffid"), false)
	f.Add("env", []byte("\x00\x00\x00\x0cGIT_PROTOCOL\x00\x00\x00\x09version=2"), true)
	f.Add("shell", []byte{}, true)
	f.Add("pty-req", []byte("x"), true)
	f.Add("session", []byte("x"), true)
	f.Add("tcpip-forward", []byte("\x00\x00\x00\x00\x00\x00\x00\x00"), true)
	f.Add("keepalive@openssh.com", []byte{}, true)
	key := newSigner(f)
	k := &keeper{keys: map[string]string{string(key.PublicKey().Marshal()): "ada"}}
	raw, _ := narrow(f, k, nil)
	c, chans, reqs, err := gossh.NewClientConn(raw, "narrow", &gossh.ClientConfig{User: "git", Auth: []gossh.AuthMethod{gossh.PublicKeys(key)}, HostKeyCallback: gossh.InsecureIgnoreHostKey()})
	if err != nil {
		f.Fatal(err)
	}
	client := gossh.NewClient(c, chans, reqs)
	f.Fuzz(func(t *testing.T, name string, payload []byte, wantReply bool) {
		if len(name)+len(payload) > 32<<10 {
			return // the client library sends no larger packets
		}
		if ch, requests, err := client.OpenChannel(name, payload); err == nil {
			go gossh.DiscardRequests(requests)
			_ = ch.Close()
		}
		ok, _, err := client.SendRequest(name, wantReply, payload)
		if err != nil || ok {
			t.Fatalf("the global request %q was answered %v, %v", name, ok, err)
		}
		ch, requests, err := client.OpenChannel("session", nil)
		if err != nil {
			t.Fatalf("no session any more: %v", err)
		}
		go gossh.DiscardRequests(requests)
		ok, err = ch.SendRequest(name, wantReply, payload)
		if ok && name != "exec" && name != "shell" && name != "env" {
			t.Errorf("the request %q was answered %v, %v", name, ok, err)
		}
		_ = ch.Close()
	})
}
