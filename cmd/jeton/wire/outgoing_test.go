package wire

import (
	"log/slog"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"

	"jeton/cmd/jeton/config"
)

// opened is a Store over a folder, with settings as KEY=VALUE.
func opened(t *testing.T, dir string, settings ...string) *Store {
	t.Helper()
	set, err := config.Load(config.Sources{Environ: settings})
	if err != nil {
		t.Fatal(err)
	}
	s, err := Open(t.Context(), dir, set, "test", slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = s.Close() })
	return s
}

func TestNoticesGoInsideOnlyWhereTheOperatorSaysSo(t *testing.T) {
	var got atomic.Int32
	receiver := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { got.Add(1) }))
	defer receiver.Close()
	for _, c := range []struct {
		name    string
		setting string
		arrives bool
	}{
		{"as it is", "JETON_NOTICE_HOOK_INSIDE=false", false},
		{"inside for notices", "JETON_NOTICE_HOOK_INSIDE=true", true},
		{"inside for everything", "JETON_OUTGOING_ALLOW=127.0.0.0/8", true},
	} {
		before := got.Load()
		s := opened(t, t.TempDir(), "JETON_NOTICE_HOOK_URL="+receiver.URL, c.setting)
		err := s.Try(t.Context(), "ada")
		if arrived := got.Load() > before; arrived != c.arrives || (err == nil) != c.arrives {
			t.Errorf("%s: arrived %v, %v", c.name, arrived, err)
		}
		if err != nil && (!strings.Contains(err.Error(), "outgoing.allow") || strings.Contains(err.Error(), receiver.URL)) {
			t.Errorf("%s: it is told %q", c.name, err)
		}
	}
}

func TestTheKeyOfSecretsStays(t *testing.T) {
	dir := t.TempDir()
	s := opened(t, dir)
	sealed := s.Seal.Seal([]byte("secret"), "x")
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	if got, err := opened(t, dir).Seal.Open(sealed, "x"); err != nil || string(got) != "secret" {
		t.Errorf("after a restart: %q, %v", got, err)
	}
	info, err := os.Stat(filepath.Join(dir, "secrets.key"))
	if err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("%v, %v", info, err)
	}
}
