package wire

import (
	"fmt"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"

	"jeton/auth/access"
	"jeton/auth/audit"
	"jeton/auth/token"
	"jeton/cmd/jeton/config"
	"jeton/vcs/host"
	"jeton/web"
	"jeton/web/door"
)

// BenchmarkCalls calls methods through everything but the connection itself: router, strict JSON, gate, method, answer.
func BenchmarkCalls(b *testing.B) {
	set, err := config.Load(config.Sources{Environ: []string{"JETON_API_TOKEN_CALLS=0", "JETON_API_ADDRESS_CALLS=0"}})
	if err != nil {
		b.Fatal(err)
	}
	s, err := Open(b.Context(), b.TempDir(), set, "test", slog.New(slog.DiscardHandler))
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() { _ = s.Close() })
	secret := seedCalls(b, s)
	v := &Server{store: s, URL: "http://code.example.com"}
	at, _ := url.Parse(v.URL)
	server, err := v.handler(web.Options{URL: at, Version: "1"}, door.Proxies{})
	if err != nil {
		b.Fatal(err)
	}
	for name, args := range map[string]string{"get_ip": `{}`, "get_repo": `{"repoid":"ada/app"}`} {
		b.Run(name, func(b *testing.B) {
			body := fmt.Sprintf(`{"id":1,"auth_token":%q,"method":%q,"args":%s}`, secret, name, args)
			b.ReportAllocs()
			for b.Loop() {
				r := httptest.NewRequest(http.MethodPost, "/_admin/api", strings.NewReader(body))
				w := httptest.NewRecorder()
				server.Handler.ServeHTTP(w, r)
				if w.Code != 200 || !strings.Contains(w.Body.String(), `"error":null`) {
					b.Fatalf("%d %s", w.Code, w.Body)
				}
			}
		})
	}
}

// seedCalls makes ada with an api token, whose text it returns, and her repository.
func seedCalls(b *testing.B, s *Store) string {
	b.Helper()
	by := audit.Command("test")
	ada, err := s.Users.Create(b.Context(), by, access.NewUser{Name: "ada"})
	if err != nil {
		b.Fatal(err)
	}
	if _, err := s.Host.Create(b.Context(), host.Repo{Path: "ada/app", OwnerID: ada.ID, Private: true}); err != nil {
		b.Fatal(err)
	}
	_, secret, err := s.Tokens.Mint(b.Context(), by, token.Request{UserID: ada.ID, Kind: token.API, Label: "bench", Access: token.Write})
	if err != nil {
		b.Fatal(err)
	}
	return secret.Reveal()
}
