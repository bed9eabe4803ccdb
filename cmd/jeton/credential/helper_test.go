package credential

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"hash/crc32"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"jeton/cmd/jeton/secretfile"
)

// fake makes a vcs token with a right checksum, told apart by a letter.
func fake(letter string) string {
	const digits = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
	body := "jet_vcs_" + strings.Repeat(letter, 32)
	sum, check := crc32.ChecksumIEEE([]byte(body)), ""
	for range 6 {
		check = string(digits[sum%62]) + check
		sum /= 62
	}
	return body + check
}

// server answers as a Jeton server does, about tokens that are alive and those that were rotated.
type server struct {
	*httptest.Server
	mu     sync.Mutex // guards what follows
	about  map[string]About
	next   map[string]string
	ended  map[string]string // sentences
	seen   []string          // credentials that came
	status int               // answers everything where it is not 0
}

func newServer(t *testing.T) *server {
	s := &server{about: map[string]About{}, next: map[string]string{}, ended: map[string]string{}}
	s.Server = httptest.NewServer(http.HandlerFunc(s.serve))
	t.Cleanup(s.Close)
	return s
}

func (s *server) serve(w http.ResponseWriter, r *http.Request) {
	s.mu.Lock()
	defer s.mu.Unlock()
	token := strings.TrimPrefix(r.Header.Get("Authorization"), "Bearer ")
	s.seen = append(s.seen, token)
	if s.status != 0 {
		w.Header().Set("Location", "http://127.0.0.1:1/elsewhere")
		w.WriteHeader(s.status)
		return
	}
	about, ok := s.about[token]
	switch {
	case !ok:
		w.WriteHeader(http.StatusUnauthorized)
		_ = json.NewEncoder(w).Encode(map[string]any{"active": false, "error_description": s.ended[token]})
	case r.URL.Path == "/_admin/token" && r.Method == http.MethodGet:
		_ = json.NewEncoder(w).Encode(about)
	case r.URL.Path == "/_admin/token/successor" && r.Method == http.MethodPost && s.next[token] != "":
		_ = json.NewEncoder(w).Encode(map[string]any{"auth_token": s.next[token], "expires": s.about[s.next[token]].Expires})
	default:
		w.WriteHeader(http.StatusNotFound)
	}
}

func (s *server) alive(token string, expires int64) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.about[token] = About{Active: true, Expires: expires, User: "ada", Kind: "vcs"}
}

// rotate puts another token in the place of one, which lives on.
func (s *server) rotate(old, next string, expires int64) {
	s.alive(next, expires)
	s.mu.Lock()
	defer s.mu.Unlock()
	a := s.about[old]
	a.Replaced = true
	s.about[old], s.next[old] = a, next
}

func (s *server) end(token, sentence string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.about, token)
	s.ended[token] = sentence
}

// client is a helper over a file of its own, and what it has said.
type client struct {
	*Helper
	t    *testing.T
	said *bytes.Buffer
}

func newClient(t *testing.T) client {
	said := &bytes.Buffer{}
	return client{New(File{filepath.Join(t.TempDir(), "config", "credentials.json")}, said), t, said}
}

func (c client) add(server, token string) {
	c.t.Helper()
	if _, err := c.Add(c.t.Context(), Kept{Server: server, Token: token}); err != nil {
		c.t.Fatal(err)
	}
}

// ask is what git asks about an address.
func ask(address string, more ...string) string {
	return "url=" + address + "\n" + strings.Join(more, "\n") + "\n\n"
}

func (c client) get(question string) string {
	c.t.Helper()
	var b bytes.Buffer
	if err := c.Get(c.t.Context(), strings.NewReader(question), &b); err != nil {
		c.t.Fatal(err)
	}
	return b.String()
}

func answer(user, token string, expires int64) string {
	end := ""
	if expires > 0 {
		end = fmt.Sprintf("password_expiry_utc=%d\n", expires)
	}
	return "password=" + token + "\n" + end + "username=" + user + "\n\n"
}

const later = 1 << 32

func TestGetAnswersWithTheTokenAndItsEnd(t *testing.T) {
	s, c := newServer(t), newClient(t)
	s.alive(fake("a"), later)
	c.add(s.URL, fake("a"))
	for question, want := range map[string]string{
		ask(s.URL): answer("token", fake("a"), later),
		ask(strings.Replace(s.URL, "http://", "http://ada@", 1)):                   answer("ada", fake("a"), later),
		ask(strings.Replace(s.URL, "http://", "http://git@", 1)):                   answer("git", fake("a"), later),
		ask(strings.Replace(s.URL, "http://", "http://eve@", 1)):                   "",
		ask("http://127.0.0.1:1"):                                                  "",
		ask(strings.Replace(s.URL, "http://", "https://", 1)):                      "",
		ask(s.URL+"/team/app", "capability[]=authtype", "wwwauth[]=Basic realm=x"): answer("token", fake("a"), later),
	} {
		if got := c.get(question); got != want {
			t.Errorf("%q: got %q, want %q", question, got, want)
		}
	}
	if c.said.Len() > 0 {
		t.Errorf("said %q", c.said)
	}
}

func TestARotatedTokenIsReplacedByItself(t *testing.T) {
	s, c := newServer(t), newClient(t)
	s.alive(fake("a"), later)
	c.add(s.URL, fake("a"))
	s.rotate(fake("a"), fake("b"), later+7)
	for range 2 {
		if got := c.get(ask(s.URL)); got != answer("token", fake("b"), later+7) {
			t.Fatalf("got %q", got)
		}
		s.end(fake("a"), "This token was rotated.")
	}
	// git that had the old one reports, late, that it worked, and that it was refused.
	for _, run := range []func() error{
		func() error {
			return c.Store(t.Context(), strings.NewReader(ask(s.URL, "username=token", "password="+fake("a"))))
		},
		func() error {
			return c.Erase(t.Context(), strings.NewReader(ask(s.URL, "username=token", "password="+fake("a"))))
		},
	} {
		if err := run(); err != nil {
			t.Fatal(err)
		}
		if got := c.get(ask(s.URL)); got != answer("token", fake("b"), later+7) {
			t.Fatalf("got %q", got)
		}
	}
}

func TestSeveralGitsRenewAtOnce(t *testing.T) {
	s, c := newServer(t), newClient(t)
	s.alive(fake("a"), later)
	c.add(s.URL, fake("a"))
	s.rotate(fake("a"), fake("b"), later)
	var gits sync.WaitGroup
	for range 8 {
		gits.Go(func() {
			one := New(c.file, &bytes.Buffer{})
			var b bytes.Buffer
			if err := one.Get(t.Context(), strings.NewReader(ask(s.URL)), &b); err != nil || b.String() != answer("token", fake("b"), later) {
				t.Errorf("got %q, %v", b.String(), err)
			}
			if err := one.Store(t.Context(), strings.NewReader(ask(s.URL, "username=token", "password="+fake("b")))); err != nil {
				t.Error(err)
			}
		})
	}
	gits.Wait()
	if all, err := c.List(); err != nil || len(all) != 1 || all[0].Token != fake("b") || len(all[0].Replaced) != 1 {
		t.Errorf("kept %+v, %v", all, err)
	}
}

func TestATokenAtItsEndIsToldAndNotGiven(t *testing.T) {
	s, c := newServer(t), newClient(t)
	s.alive(fake("a"), later)
	c.add(s.URL, fake("a"))
	s.end(fake("a"), "This token expired on 2026-11-25.\x1b[31m")
	if got := c.get(ask(s.URL)); got != "" {
		t.Errorf("got %q", got)
	}
	if got := c.said.String(); !strings.Contains(got, "expired on 2026-11-25") || !strings.Contains(got, "jeton credential add "+s.URL) ||
		strings.ContainsAny(got, "\x1b") || strings.Contains(got, fake("a")) {
		t.Errorf("said %q", got)
	}
}

func TestWhereTheServerIsOutOfReachGitGetsWhatIsKept(t *testing.T) {
	s, c := newServer(t), newClient(t)
	s.alive(fake("a"), later)
	c.add(s.URL, fake("a"))
	for _, status := range []int{500, 302, 307, 403} {
		s.mu.Lock()
		s.status = status
		s.mu.Unlock()
		if got := c.get(ask(s.URL)); got != answer("token", fake("a"), later) {
			t.Errorf("%d: got %q", status, got)
		}
	}
	s.Close()
	if got := c.get(ask(s.URL)); got != answer("token", fake("a"), later) {
		t.Errorf("got %q", got)
	}
	c.now = func() time.Time { return time.Unix(later+1, 0) }
	if got := c.get(ask(s.URL)); got != "" || !strings.Contains(c.said.String(), "expired on") {
		t.Errorf("got %q, said %q", got, c.said)
	}
}

func TestATokenNeverGoesToAnotherServer(t *testing.T) {
	s, other, c := newServer(t), newServer(t), newClient(t)
	s.alive(fake("a"), later)
	c.add(s.URL, fake("a"))
	s.Config.Handler = http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		http.Redirect(w, r, other.URL+r.URL.Path, http.StatusTemporaryRedirect)
	})
	c.get(ask(s.URL))
	c.get(ask(other.URL))
	if len(other.seen) > 0 {
		t.Errorf("the other server saw %q", other.seen)
	}
}

func TestPlainHTTPIsForThisMachineOrAllowed(t *testing.T) {
	c := newClient(t)
	for server, plain := range map[string]bool{"http://code.example.com": false, "http://192.0.2.1:80/git": false} {
		if _, err := c.Add(t.Context(), Kept{Server: server, Token: fake("a"), PlainHTTP: plain}); !errors.Is(err, ErrPlainHTTP) {
			t.Errorf("%s: got %v", server, err)
		}
	}
	for _, k := range []Kept{{Server: "http://[::1]:1"}, {Server: "http://localhost:1"}, {Server: "https://code.example.com"}, {Server: "http://192.0.2.1", PlainHTTP: true}} {
		if err := Safe(k.Server, k.PlainHTTP); err != nil {
			t.Errorf("%+v: %v", k, err)
		}
	}
	// What somebody has put into the file is not sent either.
	if err := c.file.Change(func([]Kept) ([]Kept, error) {
		return []Kept{{Server: "http://code.example.com", Token: fake("a")}}, nil
	}); err != nil {
		t.Fatal(err)
	}
	if got := c.get(ask("http://code.example.com")); got != "" || !strings.Contains(c.said.String(), "no TLS") {
		t.Errorf("got %q, said %q", got, c.said)
	}
}

func TestStoreKeepsTokensAndNothingElse(t *testing.T) {
	c := newClient(t)
	store := func(lines ...string) []Kept {
		t.Helper()
		if err := c.Store(t.Context(), strings.NewReader(ask("https://h", lines...))); err != nil {
			t.Fatal(err)
		}
		all, err := c.List()
		if err != nil {
			t.Fatal(err)
		}
		return all
	}
	for _, password := range []string{"hunter2", "", fake("a") + " ", strings.Replace(fake("a"), "vcs", "api", 1), fake("a")[:45] + "!"} {
		if all := store("username=ada", "password="+password); len(all) != 0 {
			t.Fatalf("kept %+v of %q", all, password)
		}
	}
	if all := store("username=ada", "password="+fake("a")); len(all) != 1 || all[0].Server != "https://h" || all[0].User != "ada" || all[0].Token != fake("a") {
		t.Fatalf("kept %+v", all)
	}
	if all := store("username=ada", "password="+fake("b")); len(all) != 1 || all[0].Token != fake("b") {
		t.Fatalf("kept %+v", all)
	}
	if all := store("username=eve", "password="+fake("c")); len(all) != 2 {
		t.Fatalf("kept %+v", all)
	}
	if err := c.Erase(t.Context(), strings.NewReader(ask("https://h", "username=ada", "password="+fake("b")))); err != nil {
		t.Fatal(err)
	}
	if all, _ := c.List(); len(all) != 1 || all[0].User != "eve" {
		t.Errorf("kept %+v", all)
	}
	if n, err := c.Remove("https://h/", ""); n != 1 || err != nil {
		t.Errorf("removed %d, %v", n, err)
	}
	if _, err := c.Remove("https://h", ""); !errors.Is(err, ErrNotKept) {
		t.Errorf("got %v", err)
	}
	if err := c.Store(t.Context(), strings.NewReader(ask("http://h", "username=ada", "password="+fake("a")))); err != nil {
		t.Error(err)
	}
	if all, _ := c.List(); len(all) != 0 {
		t.Errorf("kept %+v, which came without TLS", all)
	}
}

func TestTheFileIsForItsOwnerAlone(t *testing.T) {
	c := newClient(t)
	if err := c.Store(t.Context(), strings.NewReader(ask("https://h", "password="+fake("a")))); err != nil {
		t.Fatal(err)
	}
	for path, want := range map[string]os.FileMode{c.file.Path: 0o600, filepath.Dir(c.file.Path): 0o700} {
		if info, err := os.Stat(path); err != nil || info.Mode().Perm() != want {
			t.Errorf("%s: %v, %v", path, info.Mode(), err)
		}
	}
	if err := os.Chmod(c.file.Path, 0o640); err != nil {
		t.Fatal(err)
	}
	if err := c.Get(t.Context(), strings.NewReader(ask("https://h")), &bytes.Buffer{}); !errors.Is(err, secretfile.ErrOpenToOthers) || !strings.Contains(err.Error(), "chmod 600") {
		t.Errorf("got %v", err)
	}
	if err := os.Chmod(c.file.Path, 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(c.file.Path, []byte("{"), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := c.List(); err == nil || !strings.Contains(err.Error(), "damaged") {
		t.Errorf("got %v", err)
	}
}

func TestTheLongestBasePathCounts(t *testing.T) {
	all := []Kept{{Server: "https://h", Token: "root"}, {Server: "https://h/git", Token: "git"}, {Server: "https://h:444", Token: "port"}}
	for address, want := range map[string]string{"https://h/git/app": "git", "https://h/gitter": "root", "https://h/git": "git", "https://H:443/x": "root", "https://h:444": "port", "https://h:445": ""} {
		d := Description{}
		if err := d.split(address); err != nil {
			t.Fatal(err)
		}
		if k, _ := match(all, d); k.Token != want {
			t.Errorf("%s: got %q, want %q", address, k.Token, want)
		}
	}
}

func TestAddRefusesWhatIsNoToken(t *testing.T) {
	s, c := newServer(t), newClient(t)
	if _, err := c.Add(t.Context(), Kept{Server: s.URL, Token: "hunter2"}); !errors.Is(err, ErrNotVCS) {
		t.Errorf("got %v", err)
	}
	s.end(fake("a"), "This token was revoked.")
	var ended *Ended
	if _, err := c.Add(t.Context(), Kept{Server: s.URL, Token: fake("a")}); !errors.As(err, &ended) {
		t.Errorf("got %v", err)
	}
	for _, bad := range []string{"code.example.com", "ftp://h", "https://ada:x@h", "https://h?x"} {
		if _, err := c.Add(t.Context(), Kept{Server: bad, Token: fake("a")}); err == nil {
			t.Errorf("%s was taken", bad)
		}
	}
	if all, err := c.List(); len(all) != 0 || err != nil {
		t.Errorf("kept %+v, %v", all, err)
	}
}
