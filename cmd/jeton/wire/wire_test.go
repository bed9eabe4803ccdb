package wire

import (
	"context"
	"errors"
	"io"
	"log/slog"
	"net"
	"net/http"
	"path/filepath"
	"strings"
	"testing"

	"jeton/auth/access"
	"jeton/auth/audit"
	"jeton/cmd/jeton/config"
	"jeton/cmd/jeton/control"
	"jeton/vcs/host"
)

func settings(t *testing.T, environ ...string) *config.Settings {
	t.Helper()
	s, err := config.Load(config.Sources{Environ: append([]string{"JETON_SERVER_HTTP=127.0.0.1:0", "JETON_SSH_LISTEN=127.0.0.1:0"}, environ...)})
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func open(t *testing.T, dir string, environ ...string) *Store {
	t.Helper()
	s, err := Open(t.Context(), dir, settings(t, environ...), "test", slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	})
	return s
}

// owned is a store with ada and the repository ada/app.
func owned(t *testing.T) (*Store, host.Repo) {
	t.Helper()
	s := open(t, t.TempDir())
	ada, err := s.Users.Create(t.Context(), audit.Command("test"), access.NewUser{Name: "ada"})
	if err != nil {
		t.Fatal(err)
	}
	r, err := s.Host.Create(t.Context(), host.Repo{Path: "ada/app", OwnerID: ada.ID, Private: true})
	if err != nil {
		t.Fatal(err)
	}
	return s, r
}

func TestADataFolderIsOneProcesss(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "data")
	s := open(t, dir)
	if _, err := Open(t.Context(), dir, settings(t), "test", slog.New(slog.DiscardHandler)); !errors.Is(err, control.ErrInUse) {
		t.Errorf("opened twice: %v", err)
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	open(t, dir)
}

func TestTheCatalogueSpeaksTheHostsErrors(t *testing.T) {
	s, r := owned(t)
	rows := rows{d: s.db}
	if got, err := rows.ByPath(t.Context(), "ADA/app"); err != nil || got.ID != r.ID || !got.Private {
		t.Errorf("by path: %+v, %v", got, err)
	}
	if _, err := rows.ByPath(t.Context(), "ada/none"); !errors.Is(err, host.ErrNotFound) {
		t.Errorf("by a path that is not there: %v", err)
	}
	if err := rows.Insert(t.Context(), host.Repo{ID: "other", Path: "ada/APP", OwnerID: r.OwnerID}); !errors.Is(err, host.ErrTaken) {
		t.Errorf("inserted twice: %v", err)
	}
	if err := rows.Delete(t.Context(), "none"); !errors.Is(err, host.ErrNotFound) {
		t.Errorf("deleted what is not there: %v", err)
	}
}

func TestAServerAnswersAndEnds(t *testing.T) {
	s := open(t, t.TempDir())
	v, err := Listen(t.Context(), s, control.Registry{}, "test")
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	go func() { ended <- v.Run(ctx) }()
	res, err := http.Get(v.URL + "/")
	if err != nil {
		t.Fatal(err)
	}
	body, _ := io.ReadAll(res.Body)
	_ = res.Body.Close()
	if res.StatusCode != 200 || !strings.Contains(string(body), "Jeton test") {
		t.Errorf("answered %d %s", res.StatusCode, body)
	}
	if !strings.HasPrefix(v.SSH, "ssh://git@127.0.0.1:") {
		t.Errorf("SSH is at %s", v.SSH)
	}
	cancel()
	if err := <-ended; err != nil {
		t.Error(err)
	}
}

func TestPlainHTTPStaysOnThisMachineUnlessAllowed(t *testing.T) {
	for _, c := range []struct {
		environ []string
		words   string
	}{
		{[]string{"JETON_SERVER_HTTP=0.0.0.0:0"}, "server.plain_http"},
		{[]string{"JETON_SERVER_HTTP=0.0.0.0:0", "JETON_SERVER_PLAIN_HTTP=true"}, ""},
		{[]string{"JETON_SERVER_HTTP=0.0.0.0:0", "JETON_SERVER_TRUSTED_PROXIES=10.0.0.0/8,192.0.2.1"}, ""},
		{[]string{"JETON_SERVER_TLS_CERT=/none"}, "server.tls_cert"},
		{[]string{"JETON_SERVER_URL=ftp://x"}, "http://"},
		{[]string{"JETON_SERVER_URL=https://code.example.com/git/"}, ""},
	} {
		s := open(t, t.TempDir(), append(c.environ, "JETON_SSH_ENABLED=false")...)
		v, err := Listen(t.Context(), s, control.Registry{}, "test")
		if c.words == "" && err != nil || c.words != "" && (err == nil || !strings.Contains(err.Error(), c.words)) {
			t.Errorf("%v: %v, want %q", c.environ, err, c.words)
		}
		if err == nil {
			v.drop()
			_ = v.control.Shutdown(t.Context())
		}
	}
}

func TestProxiesThatAreNoNetworksStopTheStart(t *testing.T) {
	_, err := Open(t.Context(), t.TempDir(), settings(t, "JETON_SERVER_TRUSTED_PROXIES=nonsense"), "test", slog.New(slog.DiscardHandler))
	if err == nil || !strings.Contains(err.Error(), "nonsense") {
		t.Errorf("got %v", err)
	}
}

func TestReachableNamesAnAddressThatCanBeDialled(t *testing.T) {
	for in, want := range map[string]string{"0.0.0.0:80": "127.0.0.1:80", "[::]:80": "127.0.0.1:80", "192.0.2.1:80": "192.0.2.1:80"} {
		a, err := net.ResolveTCPAddr("tcp", in)
		if err != nil {
			t.Fatal(err)
		}
		if got := reachable(a); got != want {
			t.Errorf("%s is reached at %s, want %s", in, got, want)
		}
	}
}
