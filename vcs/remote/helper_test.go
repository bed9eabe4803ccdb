package remote

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/http/cgi"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	gliderssh "github.com/gliderlabs/ssh"

	"jeton/vcs/host"
	"jeton/vcs/receive"
	"jeton/vcs/storage"
	"jeton/vcs/storage/disk"
)

// journal counts what was begun and ended.
type journal struct {
	mu           sync.Mutex // guards the rest
	begun, ended int
	last         receive.Entry
}

func (j *journal) Begin(_ context.Context, e receive.Entry) (string, error) {
	j.mu.Lock()
	defer j.mu.Unlock()
	j.begun++
	j.last = e
	return fmt.Sprint(j.begun), nil
}

func (j *journal) End(context.Context, string, []storage.RefResult) error {
	j.mu.Lock()
	defer j.mu.Unlock()
	j.ended++
	return nil
}

func (j *journal) Open(context.Context) ([]receive.Entry, error) { return nil, nil }

func (j *journal) Moved(context.Context, string, string) ([]receive.Moved, string, error) {
	return nil, "", nil
}

// stand is a repository here, and what fetches into it.
type stand struct {
	t       *testing.T
	repo    *disk.Repository
	journal *journal
	o       Options
	ses     receive.Session
	keys    *met
	log     *lines
	refused error // what the door says
}

func newStand(t *testing.T) *stand {
	t.Helper()
	dir := filepath.Join(t.TempDir(), "here.git")
	if err := disk.Create(t.Context(), dir); err != nil {
		t.Fatal(err)
	}
	repo, err := disk.Open(t.Context(), dir, "id", disk.Options{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = repo.Close() })
	s := &stand{t: t, repo: repo, journal: &journal{}, keys: &met{}, log: &lines{}}
	s.o = Options{Dial: (&net.Dialer{}).DialContext, HTTP: &http.Client{}, Receive: receive.New(receive.Options{Journal: s.journal}),
		Blur: time.Millisecond, Log: slog.New(slog.NewTextHandler(s.log, nil))}
	s.ses = receive.Session{Repo: repo, Actor: storage.Actor{ID: "u1", Name: "ada"}, Recheck: func(context.Context) error { return s.refused }}
	return s
}

// pull fetches from an address.
func (s *stand) pull(address string) (Report, error) {
	s.t.Helper()
	a, err := Parse(address)
	if err != nil {
		s.t.Fatal(err)
	}
	return New(s.o).Pull(s.t.Context(), Pull{From: a, Session: s.ses, Keys: s.keys})
}

// fails fetches from an address in vain: words are told, and nothing has changed.
func (s *stand) fails(address, words string) {
	s.t.Helper()
	before, begun := s.refs(), s.journal.begun
	_, err := s.pull(address)
	text, told := receive.Told(err)
	var failure *Failure
	switch {
	case told:
	case errors.As(err, &failure):
		text = failure.Error()
	case errors.Is(err, ErrUnreachable):
		text = ErrUnreachable.Error()
	}
	if !strings.Contains(text, words) || text == "" {
		s.t.Errorf("%s: told %q (%v), want %q; logged %s", address, text, err, words, s.log)
	}
	if after := s.refs(); after != before || s.journal.begun != begun {
		s.t.Errorf("%s: the refs are\n%swere\n%s%d entries", address, after, before, s.journal.begun)
	}
	if left, err := os.ReadDir(filepath.Join(s.repo.Dir(), "jeton/incoming")); err == nil && len(left) > 0 {
		s.t.Errorf("%s: %v was left in the quarantine", address, left)
	}
	if strings.Contains(s.log.String(), "secret") {
		s.t.Errorf("the log tells a password: %s", s.log)
	}
}

func (s *stand) refs() string { return refsOf(s.t, s.repo.Dir()) }

// met is HostKeys in memory.
type met struct{ keys map[string][]string }

func (m *met) Known(_ context.Context, host string) ([]string, error) { return m.keys[host], nil }

func (m *met) Keep(_ context.Context, host, key string) error {
	if m.keys == nil {
		m.keys = map[string][]string{}
	}
	m.keys[host] = append(m.keys[host], key)
	return nil
}

// lines is a log.
type lines struct {
	mu sync.Mutex // guards b
	b  strings.Builder
}

func (l *lines) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.Write(p)
}

func (l *lines) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.String()
}

// git runs git in a folder.
func git(t *testing.T, dir string, args ...string) string {
	t.Helper()
	cmd := exec.Command("git", args...)
	cmd.Dir = dir
	cmd.Env = append(os.Environ(), "HOME="+dir, "GIT_CONFIG_NOSYSTEM=1", "GIT_AUTHOR_NAME=A", "GIT_AUTHOR_EMAIL=a@example.com", "GIT_COMMITTER_NAME=A",
		"GIT_COMMITTER_EMAIL=a@example.com", "GIT_AUTHOR_DATE=1700000000 +0000", "GIT_COMMITTER_DATE=1700000000 +0000")
	out, err := cmd.CombinedOutput()
	if err != nil {
		t.Fatalf("git %v: %v\n%s", args, err, out)
	}
	return strings.TrimSpace(string(out))
}

func refsOf(t *testing.T, dir string) string {
	return git(t, dir, "for-each-ref", "--format=%(objectname) %(refname)") + "\nHEAD " + git(t, dir, "symbolic-ref", "HEAD") + "\n"
}

// there makes a repository as another server has it: two branches, two tags, and refs that are nobody's business.
func there(t *testing.T) (root, work string) {
	t.Helper()
	root = t.TempDir()
	work = filepath.Join(root, "app")
	git(t, root, "init", "-q", "-b", "trunk", work)
	for i := range 3 {
		write(t, work, fmt.Sprint("file", i), strings.Repeat(fmt.Sprint("line ", i, "\n"), 100))
	}
	git(t, work, "tag", "v1")
	git(t, work, "tag", "-m", "the second", "v2")
	git(t, work, "branch", "side", "HEAD~1")
	git(t, work, "update-ref", "refs/pull/1/head", "HEAD~2")
	git(t, work, "update-ref", "refs/notes/commits", "HEAD~2")
	return root, work
}

// write commits a file.
func write(t *testing.T, work, file, content string) {
	t.Helper()
	if err := os.WriteFile(filepath.Join(work, file), []byte(content), 0o600); err != nil {
		t.Fatal(err)
	}
	git(t, work, "add", file)
	git(t, work, "commit", "-qm", file)
}

// backend serves a folder by git's own server over HTTP.
func backend(t *testing.T, root string) *httptest.Server {
	t.Helper()
	s := httptest.NewServer(&cgi.Handler{Path: filepath.Join(git(t, root, "--exec-path"), "git-http-backend"),
		Env: []string{"GIT_PROJECT_ROOT=" + root, "GIT_HTTP_EXPORT_ALL=1", "HOME=" + root}, Stderr: io.Discard})
	t.Cleanup(s.Close)
	return s
}

// daemon serves a folder by git daemon, and answers where.
func daemon(t *testing.T, root string) string {
	t.Helper()
	return serve(t, func(conn net.Conn) {
		cmd := exec.Command("git", "daemon", "--inetd", "--export-all", "--base-path="+root, root)
		cmd.Stdin, cmd.Stdout = conn, conn
		_ = cmd.Run()
	})
}

// serve answers connections, and tells where.
func serve(t *testing.T, answer func(net.Conn)) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	var all sync.WaitGroup
	all.Go(func() {
		for {
			conn, err := l.Accept()
			if err != nil {
				return
			}
			all.Go(func() {
				defer conn.Close()
				answer(conn)
			})
		}
	})
	t.Cleanup(func() {
		_ = l.Close()
		all.Wait()
	})
	return l.Addr().String()
}

// shell serves a folder over SSH to whoever knows the password, by a host key of its own.
func shell(t *testing.T, root, password string, key gliderssh.Signer) string {
	t.Helper()
	s := &gliderssh.Server{
		PasswordHandler: func(_ gliderssh.Context, given string) bool { return given == password },
		Handler: func(ses gliderssh.Session) {
			args := ses.Command()
			if len(args) != 2 || args[0] != "git-upload-pack" {
				_ = ses.Exit(1)
				return
			}
			cmd := exec.Command("git", "upload-pack", filepath.Join(root, args[1]))
			cmd.Stdout = ses
			in, err := cmd.StdinPipe()
			if err == nil {
				go func() { _, _ = io.Copy(in, ses) }() // Run would wait for it
				err = cmd.Run()
			}
			if err != nil {
				_ = ses.Exit(128)
			}
		},
	}
	s.AddHostKey(key)
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	go func() { _ = s.Serve(l) }()
	t.Cleanup(func() { _ = s.Close() })
	return l.Addr().String()
}

var archived = &host.Refusal{Status: http.StatusForbidden, Sentence: "This repository is archived."}
