package sshd

import (
	"bytes"
	"context"
	"crypto/ed25519"
	"crypto/rand"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	gossh "golang.org/x/crypto/ssh"

	"jeton/vcs/host"
	"jeton/vcs/receive"
	"jeton/vcs/rules"
	"jeton/vcs/storage"
	"jeton/vcs/upload"
)

// keeper knows people by their keys and by one password; it tells in the greeting who it takes a connection for.
type keeper struct {
	keys      map[string]string // by marshalled key
	passwords map[string]string
	admit     error
	// noTouch waives the touch of every security key, noTouchOf that of one.
	noTouch   bool
	noTouchOf string
	// forget is a key that is known when it is offered and not when it has signed.
	forget string
	// poison is a key at which the keeper panics.
	poison string
	seen   map[string]int // guarded by mu
	mu     sync.Mutex
}

func (k *keeper) Password(_ context.Context, _, secret string, _ net.Addr) (Identity, error) {
	if name, ok := k.passwords[secret]; ok {
		return Identity{Name: name}, nil
	}
	return Identity{}, &host.Refusal{Status: 401, Sentence: "wrong password"}
}

func (k *keeper) PublicKey(_ context.Context, _ string, key gossh.PublicKey, _ net.Addr) (Identity, error) {
	wire := string(key.Marshal())
	if wire == k.poison {
		panic("poison")
	}
	k.mu.Lock()
	defer k.mu.Unlock()
	if k.seen == nil {
		k.seen = map[string]int{}
	}
	if k.seen[wire]++; k.forget == wire && k.seen[wire]%2 == 0 {
		return Identity{}, &host.Refusal{Status: 401, Sentence: "the key was removed"}
	}
	if strings.HasPrefix(key.Type(), "ssh-ed25519-cert") {
		return Identity{}, &Told{Sentence: "This certificate has\x1b expired."}
	}
	if name, ok := k.keys[wire]; ok {
		return Identity{Name: name, NoTouch: k.noTouch || k.noTouchOf == wire}, nil
	}
	return Identity{}, &host.Refusal{Status: 401, Sentence: "unknown key"}
}

func (k *keeper) Admit(context.Context, Identity, string, string, net.Addr) (host.Admission, error) {
	return host.Admission{}, k.admit
}

func (k *keeper) Readable(_ context.Context, id Identity, _ net.Addr) ([]string, error) {
	return []string{id.Name + "/app"}, nil
}

func newSigner(t testing.TB) gossh.Signer {
	t.Helper()
	_, key, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	s, err := gossh.NewSignerFromKey(key)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// nothing has no repositories, and lays down no rules.
type nothing struct{}

func (nothing) Open(context.Context, string) (storage.Repository, error) {
	return nil, errors.New("there are no repositories")
}

func (nothing) Rules(context.Context, string) (rules.Rules, error) { return rules.Rules{}, nil }

// alarm remembers what is logged as an error.
type alarm struct {
	slog.Handler
	mu   sync.Mutex
	said []string
}

// Enabled implements slog.Handler.
func (*alarm) Enabled(_ context.Context, l slog.Level) bool { return l >= slog.LevelError }

// Handle implements slog.Handler.
func (a *alarm) Handle(_ context.Context, r slog.Record) error {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.said = append(a.said, r.Message)
	return nil
}

// serve starts a server on a free port and returns its address.
func serve(t *testing.T, k *keeper, change func(*Options)) string {
	t.Helper()
	log := &alarm{Handler: slog.DiscardHandler}
	o := Options{Log: slog.New(log), Repos: nothing{}, Auth: k, Upload: upload.New(upload.Options{}), Receive: receive.New(receive.Options{}), HostKeyDir: t.TempDir()}
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
	done := make(chan error, 1)
	go func() { done <- s.Serve(context.Background(), l) }()
	t.Cleanup(func() {
		ctx, cancel := context.WithTimeout(context.Background(), 5*time.Second)
		defer cancel()
		_ = s.Shutdown(ctx)
		if err := <-done; err != nil {
			t.Errorf("Serve ended with %v", err)
		}
		log.mu.Lock()
		defer log.mu.Unlock()
		if len(log.said) > 0 { // nothing that a client does is the server's error
			t.Errorf("errors were logged: %q", log.said)
		}
	})
	return l.Addr().String()
}

func dial(addr string, config gossh.Config, auth ...gossh.AuthMethod) (*gossh.Client, error) {
	return gossh.Dial("tcp", addr, &gossh.ClientConfig{Config: config, User: "git", Auth: auth, HostKeyCallback: gossh.InsecureIgnoreHostKey(), Timeout: 5 * time.Second})
}

// greeted is the name by which a connection is greeted.
func greeted(t *testing.T, c *gossh.Client) string {
	t.Helper()
	ses, err := c.NewSession()
	if err != nil {
		t.Fatal(err)
	}
	defer ses.Close()
	var out bytes.Buffer
	ses.Stdout = &out
	if err := ses.Shell(); err != nil {
		t.Fatal(err)
	}
	if err := ses.Wait(); err != nil {
		t.Fatalf("the greeting ended with %v", err)
	}
	name, _, _ := strings.Cut(strings.TrimPrefix(out.String(), "Hello "), "!")
	return name
}

func TestIdentityIsWhatWasProven(t *testing.T) {
	ada, bob, strange := newSigner(t), newSigner(t), newSigner(t)
	k := &keeper{keys: map[string]string{string(ada.PublicKey().Marshal()): "ada", string(bob.PublicKey().Marshal()): "bob"}, passwords: map[string]string{"carol's": "carol"}}
	told := make(chan string, 1)
	addr := serve(t, k, func(o *Options) {
		// The address is known, also where no key was offered before.
		o.SignedIn = func(id Identity, remote net.Addr) { told <- fmt.Sprint(id.Name, " from ", remote) }
	})
	for _, c := range []struct {
		name string
		auth []gossh.AuthMethod
		want string
	}{
		{"a key", []gossh.AuthMethod{gossh.PublicKeys(ada)}, "ada"},
		{"a strange key, then a known one", []gossh.AuthMethod{gossh.PublicKeys(strange, bob)}, "bob"},
		{"two known keys", []gossh.AuthMethod{gossh.PublicKeys(bob, ada)}, "bob"},
		{"two known keys, the other way round", []gossh.AuthMethod{gossh.PublicKeys(ada, bob)}, "ada"},
		{"a password", []gossh.AuthMethod{gossh.Password("carol's")}, "carol"},
		{"a strange key, then a password", []gossh.AuthMethod{gossh.PublicKeys(strange), gossh.Password("carol's")}, "carol"},
	} {
		client, err := dial(addr, gossh.Config{}, c.auth...)
		if err != nil {
			t.Errorf("%s: %v", c.name, err)
			continue
		}
		if got := greeted(t, client); got != c.want {
			t.Errorf("%s: taken for %q, want %q", c.name, got, c.want)
		}
		if got := <-told; got != c.want+" from "+client.LocalAddr().String() {
			t.Errorf("%s: told that %s has signed in", c.name, got)
		}
		_ = client.Close()
	}
	for name, auth := range map[string][]gossh.AuthMethod{
		"nothing": nil, "a strange key": {gossh.PublicKeys(strange)}, "a wrong password": {gossh.Password("wrong")}, "an empty password": {gossh.Password("")},
	} {
		if c, err := dial(addr, gossh.Config{}, auth...); err == nil {
			t.Errorf("%s was let in as %s", name, greeted(t, c))
		}
	}
}

func TestAFaultWhileSomebodySignsInEndsNothingElse(t *testing.T) {
	ada, bad := newSigner(t), newSigner(t)
	k := &keeper{keys: map[string]string{string(ada.PublicKey().Marshal()): "ada"}, poison: string(bad.PublicKey().Marshal())}
	log := &alarm{Handler: slog.DiscardHandler}
	addr := serve(t, k, func(o *Options) { o.Log = slog.New(log) })
	if _, err := dial(addr, gossh.Config{}, gossh.PublicKeys(bad)); err == nil {
		t.Error("a fault let somebody in")
	}
	client, err := dial(addr, gossh.Config{}, gossh.PublicKeys(ada))
	if err != nil {
		t.Fatalf("afterwards: %v", err)
	}
	defer client.Close()
	log.mu.Lock()
	defer log.mu.Unlock()
	if len(log.said) == 0 || !strings.Contains(log.said[0], "panic") {
		t.Errorf("logged %q", log.said)
	}
}

func TestRefusalIsASentenceAndStatus128(t *testing.T) {
	ada := newSigner(t)
	k := &keeper{keys: map[string]string{string(ada.PublicKey().Marshal()): "ada"}, admit: &host.Refusal{Status: 404, Sentence: "There is no such \x1b[31mrepository."}}
	client, err := dial(serve(t, k, nil), gossh.Config{}, gossh.PublicKeys(ada))
	if err != nil {
		t.Fatal(err)
	}
	defer client.Close()
	for command, status := range map[string]int{"git-upload-pack 'app'": 128, "id": 1} {
		ses, err := client.NewSession()
		if err != nil {
			t.Fatal(err)
		}
		var errs bytes.Buffer
		ses.Stderr = &errs
		var exit *gossh.ExitError
		if err := ses.Run(command); !errors.As(err, &exit) || exit.ExitStatus() != status {
			t.Errorf("%s ended with %v, want status %d", command, err, status)
		}
		if !strings.HasPrefix(errs.String(), "Jeton: ") || strings.Contains(errs.String(), "\x1b") {
			t.Errorf("%s said %q", command, errs.String())
		}
	}
}

func TestForwardingAndOtherChannelsAreRefused(t *testing.T) {
	ada := newSigner(t)
	client, err := dial(serve(t, &keeper{keys: map[string]string{string(ada.PublicKey().Marshal()): "ada"}}, nil), gossh.Config{}, gossh.PublicKeys(ada))
	if err != nil {
		t.Fatal(err)
	}
	defer client.Close()
	if _, err := client.Dial("tcp", "127.0.0.1:80"); err == nil {
		t.Error("a connection was forwarded")
	}
	if _, err := client.Listen("tcp", "127.0.0.1:0"); err == nil {
		t.Error("a port was opened")
	}
	ses, err := client.NewSession()
	if err != nil {
		t.Fatal(err)
	}
	if err := ses.RequestPty("xterm", 80, 25, nil); err == nil {
		t.Error("a pty was given")
	}
	if err := ses.RequestSubsystem("sftp"); err == nil {
		t.Error("a subsystem was started")
	}
	if err := ses.Setenv("LD_PRELOAD", "/tmp/evil.so"); err == nil {
		t.Error("a variable was taken")
	}
	if err := ses.Setenv("GIT_PROTOCOL", "version=2"); err != nil {
		t.Errorf("GIT_PROTOCOL: %v", err)
	}
}

func TestBoundsOfConnectionsAndSessions(t *testing.T) {
	ada := newSigner(t)
	addr := serve(t, &keeper{keys: map[string]string{string(ada.PublicKey().Marshal()): "ada"}}, func(o *Options) {
		o.Waiting, o.Sessions, o.Handshake = 2, 1, 200*time.Millisecond
	})
	var idle []net.Conn
	for range 2 {
		c, err := net.Dial("tcp", addr)
		if err != nil {
			t.Fatal(err)
		}
		defer c.Close()
		b := make([]byte, 8)
		if _, err := c.Read(b); err != nil { // the server's version: it has counted us
			t.Fatal(err)
		}
		idle = append(idle, c)
	}
	if _, err := dial(addr, gossh.Config{}, gossh.PublicKeys(ada)); err == nil {
		t.Error("a third connection that has not signed in was accepted")
	}
	for _, c := range idle { // they are thrown out when the time for the handshake is over
		_ = c.SetReadDeadline(time.Now().Add(5 * time.Second))
		for b := make([]byte, 4096); ; {
			if _, err := c.Read(b); err != nil {
				if errors.Is(err, os.ErrDeadlineExceeded) {
					t.Error("a client that never signs in was not thrown out")
				}
				break
			}
		}
	}
	client, err := dial(addr, gossh.Config{}, gossh.PublicKeys(ada))
	if err != nil {
		t.Fatalf("after they have gone: %v", err)
	}
	defer client.Close()
	if _, err := client.NewSession(); err != nil {
		t.Fatal(err)
	}
	if _, err := client.NewSession(); err == nil {
		t.Error("more sessions than allowed were opened")
	}
}

func TestHostKeysLastAndAreReadable(t *testing.T) {
	dir := t.TempDir()
	first, err := hostKeys(dir)
	if err != nil {
		t.Fatal(err)
	}
	again, err := hostKeys(dir)
	if err != nil || len(again) != 3 {
		t.Fatalf("%d keys, %v", len(again), err)
	}
	for i := range first {
		if !bytes.Equal(first[i].PublicKey().Marshal(), again[i].PublicKey().Marshal()) {
			t.Error("a host key has changed")
		}
	}
	files, err := filepath.Glob(filepath.Join(dir, "*"))
	if err != nil || len(files) != 3 {
		t.Errorf("files: %v %v", files, err)
	}
	for _, f := range files {
		if st, err := os.Stat(f); err != nil || st.Mode().Perm() != 0o600 {
			t.Errorf("%s: %v %v", f, st.Mode(), err)
		}
	}
	if err := os.WriteFile(files[0], []byte("not a key"), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := hostKeys(dir); err == nil {
		t.Error("a broken key was taken")
	}
}
