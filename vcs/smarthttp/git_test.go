package smarthttp

import (
	"bytes"
	"context"
	"fmt"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"jeton/vcs/archive"
	"jeton/vcs/host"
	"jeton/vcs/maintain"
	"jeton/vcs/pack/ingest"
	"jeton/vcs/receive"
	"jeton/vcs/rules"
	"jeton/vcs/storage"
	"jeton/vcs/storage/disk"
	"jeton/vcs/upload"
)

// server is git over HTTP over one repository for which everybody is let in.
type server struct {
	stop func() // waits for all that is being answered
	t    *testing.T
	url  string
	repo *disk.Repository
	dir  string
	door *door
	// handler, journal and the count of connections are for a look behind.
	handler     *Handler
	journal     *journal
	connections atomic.Int64
}

// door lets everybody in until it is told to refuse.
type door struct {
	mu    sync.Mutex // guards what follows
	err   error
	grace int // how many are let in before err counts
}

func (d *door) Admit(*http.Request, string, string) (host.Admission, error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.grace--; d.err != nil && d.grace < 0 {
		return host.Admission{}, d.err
	}
	return host.Admission{RepoID: "1", Path: "app", Client: "ada", Actor: storage.Actor{ID: "1", Name: "ada"}, Recheck: func(context.Context) error { return nil }}, nil
}

func (d *door) refuse(err error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.err, d.grace = err, 0
}

type repos struct{ r storage.Repository }

func (r repos) Open(context.Context, string) (storage.Repository, error) { return r.r, nil }

func (r repos) Rules(context.Context, string) (rules.Rules, error) { return rules.Rules{}, nil }

// journal remembers entries in memory.
type journal struct {
	mu      sync.Mutex // guards entries
	entries []receive.Entry
}

func (j *journal) Begin(_ context.Context, e receive.Entry) (string, error) {
	j.mu.Lock()
	defer j.mu.Unlock()
	j.entries = append(j.entries, e)
	return fmt.Sprint(len(j.entries)), nil
}

func (j *journal) End(context.Context, string, []storage.RefResult) error { return nil }
func (j *journal) Open(context.Context) ([]receive.Entry, error)          { return nil, nil }
func (j *journal) Moved(context.Context, string, string) ([]receive.Moved, string, error) {
	return nil, "", nil
}

func start(t *testing.T) *server {
	t.Helper()
	dir := filepath.Join(t.TempDir(), "app.git")
	ctx := context.Background()
	if err := disk.Create(ctx, dir); err != nil {
		t.Fatal(err)
	}
	repo, err := disk.Open(ctx, dir, "1", disk.Options{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = repo.Close() })
	d := &door{}
	j := &journal{}
	h := New(Options{Upload: upload.New(upload.Options{}), Receive: receive.New(receive.Options{Journal: j, Limits: receive.Limits{Pack: ingest.Limits{Pack: 5 << 20}}}),
		Archive: archive.New(archive.Options{}), Door: d, Repos: repos{repo}, DrainTime: 20 * time.Second})
	mux := http.NewServeMux()
	mux.HandleFunc("/app/info/refs", func(w http.ResponseWriter, r *http.Request) { h.InfoRefs(w, r, "app") })
	mux.HandleFunc("/app/git-upload-pack", func(w http.ResponseWriter, r *http.Request) { h.UploadPack(w, r, "app") })
	mux.HandleFunc("/app/git-receive-pack", func(w http.ResponseWriter, r *http.Request) { h.ReceivePack(w, r, "app") })
	mux.HandleFunc("/app/git-upload-archive", func(w http.ResponseWriter, r *http.Request) { h.UploadArchive(w, r, "app") })
	s := &server{t: t, repo: repo, dir: dir, door: d, handler: h, journal: j}
	srv := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		// As the router does.
		_ = http.NewResponseController(w).SetReadDeadline(time.Now().Add(h.o.Patience))
		_ = http.NewResponseController(w).SetWriteDeadline(time.Now().Add(h.o.Patience))
		mux.ServeHTTP(w, r)
	}))
	srv.Config.Protocols = new(http.Protocols)
	srv.Config.Protocols.SetHTTP1(true)
	srv.Config.Protocols.SetUnencryptedHTTP2(true)
	srv.Config.ConnState = func(_ net.Conn, state http.ConnState) {
		if state == http.StateNew {
			s.connections.Add(1)
		}
	}
	srv.Start()
	t.Cleanup(srv.Close)
	s.url, s.stop = srv.URL+"/app", srv.Close
	return s
}

func try(dir string, args ...string) (string, error) {
	cmd := exec.Command("git", args...)
	cmd.Dir = dir
	cmd.Env = append(os.Environ(), "GIT_CONFIG_NOSYSTEM=1", "GIT_CONFIG_GLOBAL=/dev/null", "GIT_TERMINAL_PROMPT=0", "GIT_AUTHOR_NAME=A", "GIT_AUTHOR_EMAIL=a@example.com",
		"GIT_COMMITTER_NAME=A", "GIT_COMMITTER_EMAIL=a@example.com", "LC_ALL=C")
	out, err := cmd.CombinedOutput()
	return string(out), err
}

func git(t *testing.T, dir string, args ...string) string {
	t.Helper()
	out, err := try(dir, args...)
	if err != nil {
		t.Fatalf("git %s: %v\n%s", strings.Join(args, " "), err, out)
	}
	return out
}

func source(t *testing.T, commits int) string {
	t.Helper()
	dir := t.TempDir()
	git(t, dir, "init", "-q", "-b", "main")
	for i := range commits {
		commit(t, dir, fmt.Sprintf("dir%d/file%d", i%3, i%7), strings.Repeat(fmt.Sprintf("line %d\n", i), 200))
	}
	git(t, dir, "tag", "-a", "-m", "one", "v1")
	return dir
}

func commit(t *testing.T, dir, name, content string) {
	t.Helper()
	path := filepath.Join(dir, name)
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, []byte(content), 0o644); err != nil {
		t.Fatal(err)
	}
	git(t, dir, "add", "-A")
	git(t, dir, "commit", "-q", "-m", "change "+name)
}

func TestPushAndCloneInEveryProtocol(t *testing.T) {
	for _, version := range []string{"0", "1", "2"} {
		t.Run("version "+version, func(t *testing.T) {
			s := start(t)
			src := source(t, 20)
			v := "protocol.version=" + version
			git(t, src, "-c", v, "push", "-q", s.url, "main", "v1")
			git(t, s.dir, "fsck", "--strict")
			clone := t.TempDir()
			git(t, "", "-c", v, "clone", "-q", s.url, clone)
			git(t, clone, "fsck", "--strict")
			for i := range 3 {
				commit(t, src, "more", fmt.Sprint(i))
				git(t, src, "-c", v, "push", "-q", s.url, "main")
				git(t, clone, "-c", v, "pull", "-q")
			}
			shallow := t.TempDir()
			git(t, "", "-c", v, "clone", "-q", "--depth=2", s.url, shallow)
			git(t, shallow, "fsck", "--strict")
			git(t, shallow, "-c", v, "fetch", "-q", "--unshallow")
			git(t, shallow, "fsck", "--strict")
			partial := t.TempDir()
			git(t, "", "-c", v, "clone", "-q", "--filter=blob:none", s.url, partial)
			if _, err := maintain.Repack(context.Background(), s.repo, nil); err != nil {
				t.Fatal(err)
			}
			git(t, s.dir, "fsck", "--strict")
			again := t.TempDir()
			git(t, "", "-c", v, "clone", "-q", "--mirror", s.url, again)
			git(t, again, "fsck", "--strict")
			if a, b := git(t, again, "for-each-ref"), git(t, s.dir, "for-each-ref"); a != b {
				t.Errorf("refs differ:\n%s\n%s", a, b)
			}
		})
	}
}

func TestRefusalsReachGitsUser(t *testing.T) {
	s := start(t)
	src := source(t, 2)
	git(t, src, "push", "-q", s.url, "main")
	s.door.refuse(&host.Refusal{Status: 403, Sentence: "You shall not pass, ask the keeper."})
	out, err := try("", "ls-remote", s.url)
	if err == nil || !strings.Contains(out, "You shall not pass") {
		t.Errorf("got %v\n%s", err, out)
	}
	s.door.refuse(&host.Refusal{Status: 401, Sentence: "Who are you?"})
	res, err := http.Get(s.url + "/info/refs?service=git-upload-pack")
	if err != nil {
		t.Fatal(err)
	}
	_ = res.Body.Close()
	if res.StatusCode != 401 || !strings.HasPrefix(res.Header.Get("WWW-Authenticate"), `Basic realm="Jeton"`) {
		t.Errorf("got %d %v", res.StatusCode, res.Header)
	}
}

func TestProbeIsAnsweredEmpty(t *testing.T) {
	s := start(t)
	res, err := http.Post(s.url+"/git-receive-pack", "application/x-git-receive-pack-request", bytes.NewReader([]byte("0000")))
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	var b bytes.Buffer
	_, _ = b.ReadFrom(res.Body)
	if res.StatusCode != 200 || b.Len() != 0 || res.Header.Get("Content-Type") != "application/x-git-receive-pack-result" {
		t.Errorf("got %d %v %q", res.StatusCode, res.Header, b.String())
	}
}
