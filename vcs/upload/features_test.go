package upload

import (
	"bytes"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
)

// traced is what a git wrote into its trace of packets.
func traced(t *testing.T, run func()) string {
	t.Helper()
	file := filepath.Join(t.TempDir(), "trace")
	t.Setenv("GIT_TRACE_PACKET", file)
	run()
	_ = os.Unsetenv("GIT_TRACE_PACKET") // Setenv puts back what was there before
	b, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

func TestRealGitWantsRefsByNameAndTakesEverythingInBands(t *testing.T) {
	f := history(t, 4, Options{})
	dir := filepath.Join(t.TempDir(), "clone")
	trace := traced(t, func() { git(t, "", "-c", "protocol.version=2", "clone", "-q", "--depth=1", f.url, dir) })
	at := 0
	for _, line := range []string{"> want-ref refs/heads/main", `< \1shallow-info`, `< \1shallow ` + f.id("main"), `< \1wanted-refs`, `< \1` + f.id("main") + " refs/heads/main", `< \1packfile`} {
		i := strings.Index(trace[at:], line)
		if i < 0 {
			t.Fatalf("git's trace has no %q in its place:\n%s", line, trace)
		}
		at += i
	}
	if !strings.Contains(trace, "> sideband-all") {
		t.Errorf("git did not ask for everything in bands:\n%s", trace)
	}
	fsck(t, dir)
	for _, n := range []string{"1", "2", "3"} {
		f.commit("more", n)
		f.push("main")
		git(t, dir, "-c", "protocol.version=2", "fetch", "-q", "--deepen=1")
		if got := git(t, dir, "rev-parse", "origin/main"); got != f.id("main") {
			t.Errorf("origin/main is %s", got)
		}
	}
	fsck(t, dir)
	t.Setenv("GIT_TEST_SIDEBAND_ALL", "0")
	trace = traced(t, func() {
		git(t, "", "-c", "protocol.version=2", "clone", "-q", f.url, filepath.Join(t.TempDir(), "clone"))
	})
	if strings.Contains(trace, "> sideband-all") {
		t.Error("this git asks for it all the same")
	}
}

func TestRealGitNegotiatesOnly(t *testing.T) {
	f := history(t, 5, Options{})
	dir := filepath.Join(t.TempDir(), "clone")
	git(t, "", "clone", "-q", f.url, dir)
	git(t, dir, "commit", "-q", "--allow-empty", "-m", "mine alone")
	f.commit("theirs", "alone")
	f.push("main")
	common := f.id("main~1")
	trace := traced(t, func() {
		if got := git(t, dir, "-c", "protocol.version=2", "fetch", "--negotiate-only", "--negotiation-tip=HEAD", "origin"); !strings.Contains(got, common) {
			t.Errorf("common is %q, want %s", got, common)
		}
	})
	if !strings.Contains(trace, "> wait-for-done") {
		t.Errorf("git did not wait for done:\n%s", trace)
	}
}

// log is where a server writes; read when it is still.
type log struct {
	mu sync.Mutex // guards b
	b  bytes.Buffer
}

func (l *log) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.Write(p)
}

func (l *log) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.String()
}

func TestWhatClientsSayOfThemselvesIsLogged(t *testing.T) {
	var l log
	f := history(t, 3, Options{Log: slog.New(slog.NewTextHandler(&l, &slog.HandlerOptions{Level: slog.LevelDebug}))})
	dir := filepath.Join(t.TempDir(), "clone")
	trace := traced(t, func() {
		git(t, "", "-c", "protocol.version=2", "-c", "transfer.advertiseSID=true", "clone", "-q", "--server-option=ci=7", "--server-option=\x1b[2J", f.url, dir)
	})
	if !strings.Contains(trace, "< session-id=") || !strings.Contains(trace, "> session-id=") {
		t.Errorf("session ids were not exchanged:\n%s", trace)
	}
	for _, want := range []string{`msg="fetch advertised"`, "command=ls-refs", "command=fetch", "ci=7", `\\x1b[2J`, "agent=git/"} {
		if !strings.Contains(l.String(), want) {
			t.Errorf("the log says nothing of %s:\n%s", want, l.String())
		}
	}
	if !strings.Contains(l.String(), "command=fetch session=\"\" client_session=20") || strings.Contains(l.String(), "\x1b") {
		t.Errorf("the log has no session of the client, or its terminal codes:\n%s", l.String())
	}
	trace = traced(t, func() { git(t, "", "-c", "protocol.version=0", "-c", "transfer.advertiseSID=true", "ls-remote", f.url) })
	if !strings.Contains(trace, " session-id=") {
		t.Errorf("protocol 0 names no session:\n%s", trace)
	}
	if a, b := NewSessionID(), NewSessionID(); a == b || len(a) < 20 {
		t.Errorf("session ids %q, %q", a, b)
	}
}
