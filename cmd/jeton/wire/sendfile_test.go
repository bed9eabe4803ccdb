package wire

import (
	"context"
	"io"
	"math/rand/v2"
	"net"
	"net/http"
	"os"
	"os/exec"
	"strings"
	"sync/atomic"
	"testing"

	"jeton/auth/access"
	"jeton/auth/audit"
	"jeton/auth/signin"
	"jeton/auth/token"
	"jeton/cmd/jeton/control"
	"jeton/vcs/host"
)

// first is how much of an answer net/http itself sends, with the head, before it hands the rest on.
const first = 512

// overhearing is a listener that counts the bytes that its connections are given as files.
type overhearing struct {
	net.Listener
	files *atomic.Int64
}

// Accept implements net.Listener.
func (o overhearing) Accept() (net.Conn, error) {
	conn, err := o.Listener.Accept()
	if err != nil {
		return nil, err
	}
	return overheard{conn.(*net.TCPConn), o.files}, nil
}

type overheard struct {
	*net.TCPConn
	files *atomic.Int64
}

// ReadFrom is what net/http calls to have the kernel send a file: that can only be done with a file, or with a part of one.
func (o overheard) ReadFrom(r io.Reader) (int64, error) {
	n, err := o.TCPConn.ReadFrom(r)
	if part, ok := r.(*io.LimitedReader); ok {
		r = part.R
	}
	if _, ok := r.(*os.File); ok {
		o.files.Add(n)
	}
	return n, err
}

// TestKeptArchivesAreSentByTheKernel lets a whole server send one, so that nothing that lies between the handler and the
// connection takes the file apart.
func TestKeptArchivesAreSentByTheKernel(t *testing.T) {
	for _, environ := range [][]string{nil, {"JETON_SERVER_PROXY_PROTOCOL=true", "JETON_SERVER_TRUSTED_PROXIES=192.0.2.1"}} {
		s := open(t, t.TempDir(), append(environ, "JETON_WEB_TOKEN_VIEWS=archive", "JETON_SSH_ENABLED=false")...)
		v, err := Listen(t.Context(), s, control.Registry{}, "test")
		if err != nil {
			t.Fatal(err)
		}
		var files atomic.Int64
		bounded, ok := v.httpLn.(*crowd)
		if !ok {
			bounded = v.httpLn.(*proxied).Listener.Listener.(*crowd)
		}
		bounded.Listener = overhearing{bounded.Listener, &files}
		ctx, cancel := context.WithCancel(t.Context())
		ended := make(chan error, 1)
		go func() { ended <- v.Run(ctx) }()
		web := pushed(t, s, v)
		_ = download(t, v, web, "bytes=0-0") // waits until it is kept
		before := files.Load()
		if n := download(t, v, web, ""); n < 1<<20 || files.Load()-before < n-first {
			t.Errorf("%v: of %d bytes the connection was given %d as a file", environ, n, files.Load()-before)
		}
		cancel()
		if err := <-ended; err != nil {
			t.Error(err)
		}
	}
}

// pushed has git push a file of 2 MiB that does not compress to ada/app, and returns a web token.
func pushed(t *testing.T, s *Store, v *Server) token.Secret {
	t.Helper()
	ada, err := s.Users.Create(t.Context(), audit.Command("test"), access.NewUser{Name: "ada"})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := s.Host.Create(t.Context(), host.Repo{Path: "ada/app", OwnerID: ada.ID, Private: true}); err != nil {
		t.Fatal(err)
	}
	if err := s.SignIn.Enable(t.Context(), audit.Command("test"), signin.Token); err != nil {
		t.Fatal(err)
	}
	var secrets []token.Secret
	for _, asked := range []token.Request{{Kind: token.VCS, Access: token.Write}, {Kind: token.Web}} {
		asked.UserID, asked.Label = ada.ID, "x"
		_, secret, err := s.Tokens.Mint(t.Context(), audit.Command("test"), asked)
		if err != nil {
			t.Fatal(err)
		}
		secrets = append(secrets, secret)
	}
	dir, noise := t.TempDir(), make([]byte, 2<<20)
	_, _ = rand.NewChaCha8([32]byte{}).Read(noise) // never fails
	if err := os.WriteFile(dir+"/noise", noise, 0o600); err != nil {
		t.Fatal(err)
	}
	to := strings.Replace(v.URL, "://", "://git:"+secrets[0].Reveal()+"@", 1) + "/ada/app.git"
	for _, args := range [][]string{{"init", "-q", "-b", "main"}, {"add", "noise"}, {"commit", "-q", "-m", "noise"}, {"push", "-q", to, "main"}} {
		cmd := exec.Command("git", append([]string{"-C", dir, "-c", "user.name=A", "-c", "user.email=a@example.com"}, args...)...)
		cmd.Env = append(os.Environ(), "GIT_CONFIG_NOSYSTEM=1", "GIT_CONFIG_GLOBAL=/dev/null")
		if out, err := cmd.CombinedOutput(); err != nil {
			t.Fatalf("git %s: %v\n%s", args[0], err, out)
		}
	}
	return secrets[1]
}

// download is how long an archive of ada/app is, or the part of it that a range names.
func download(t *testing.T, v *Server, web token.Secret, part string) int64 {
	t.Helper()
	r, err := http.NewRequest(http.MethodGet, v.URL+"/ada/app/archive/main.tar", nil)
	if err != nil {
		t.Fatal(err)
	}
	r.Header.Set("Authorization", "Bearer "+web.Reveal())
	if part != "" {
		r.Header.Set("Range", part)
	}
	res, err := http.DefaultClient.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	n, err := io.Copy(io.Discard, res.Body)
	if err != nil || res.StatusCode/100 != 2 {
		t.Fatalf("%s, %d bytes, %v", res.Status, n, err)
	}
	return n
}
