package integration

import (
	"flag"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"
)

// kills is how often the server is killed; each at a random moment of pushes by two clients.
var kills = flag.Int("crash.kills", 20, "how often the server is killed while two clients push")

// TestKilledServerKeepsWhatItAcknowledged kills the server with SIGKILL while two clients push, starts it again, and
// compares: each acknowledged push is there, a push that was not acknowledged is there whole or not at all, no other
// ref has moved, C git finds the repository in order, and nothing is left lying about.
func TestKilledServerKeepsWhatItAcknowledged(t *testing.T) {
	t.Parallel()
	seed := uint64(time.Now().UnixNano())
	t.Logf("seed %d", seed)
	rng := rand.New(rand.NewPCG(seed, seed))
	data := filepath.Join(short(t), "data")
	s := &server{binary: built(t), data: data}
	s.run(t)
	t.Cleanup(func() { s.stop(t) })
	secret := s.Tokens["vcs"]
	source := sampleHistory(t)
	git(t, source, "push", "-q", "--mirror", s.mine("admin/crash"))
	still := refs(t, s.dir(t, "admin/crash"))
	dir := s.dir(t, "admin/crash")

	pushers := []*pusher{newPusher(t, s, "one"), newPusher(t, s, "two")}
	// A push takes the longer the busier the machine is: some come to their end before the kill, some do not.
	began := time.Now()
	pushers[0].push(s.http("admin/crash", "git", secret))
	window := max(120*time.Millisecond, 4*time.Since(began))
	for round := 0; round < *kills || came(pushers) < int64(*kills/5) && round < 4*(*kills); round++ {
		var wg sync.WaitGroup
		stop := make(chan struct{})
		for _, p := range pushers {
			wg.Go(func() { p.pushUntil(s.http("admin/crash", "git", secret), stop) })
		}
		time.Sleep(time.Duration(rng.Int64N(int64(window)))) // the moment of the kill is the point of the test
		s.kill(t)
		close(stop)
		wg.Wait()
		s.run(t)
		for _, p := range pushers {
			p.check(t, dir, round)
		}
		now := refs(t, dir)
		for _, p := range pushers {
			now = without(now, "refs/heads/"+p.branch)
		}
		if now != still {
			t.Fatalf("round %d: refs that nobody pushed have changed\n%s--\n%s", round, now, still)
		}
		if round%10 == 9 {
			fsck(t, dir)
		}
	}
	acknowledged := came(pushers)
	t.Logf("%d kills or more, %d pushes acknowledged", *kills, acknowledged)
	if acknowledged < int64(*kills/5) {
		t.Errorf("only %d pushes came through: the test shows too little", acknowledged)
	}
	fsck(t, dir)
	git(t, "", "ls-remote", s.http("admin/crash", "git", secret)) // a repository is mended when it is opened
	leftovers(t, dir)
}

// came is how many pushes were acknowledged to all of them.
func came(pushers []*pusher) (n int64) {
	for _, p := range pushers {
		n += p.count.Load()
	}
	return n
}

// pusher commits and pushes to a branch of its own, and remembers what was acknowledged.
type pusher struct {
	dir, branch  string
	acknowledged string // the last commit that the server said yes to
	// tried are the commits that were sent since: any of them may have come through without its answer.
	tried map[string]bool
	// count is how many pushes were acknowledged.
	count atomic.Int64
}

func newPusher(t *testing.T, s *server, branch string) *pusher {
	t.Helper()
	p := &pusher{dir: t.TempDir(), branch: branch, tried: map[string]bool{}}
	git(t, "", "clone", "-q", s.mine("admin/crash"), p.dir)
	return p
}

func (p *pusher) pushUntil(address string, stop <-chan struct{}) {
	for {
		select {
		case <-stop:
			return
		default:
			p.push(address)
		}
	}
}

// push commits and pushes once; whether it came through is for the test to see.
func (p *pusher) push(address string) {
	if err := os.WriteFile(filepath.Join(p.dir, p.branch), fmt.Appendln(nil, time.Now().UnixNano()), 0o644); err != nil {
		return
	}
	_, _ = tryGit(p.dir, nil, "add", "-A")
	_, _ = tryGit(p.dir, nil, "commit", "-q", "-m", "Push on")
	id, _ := tryGit(p.dir, nil, "rev-parse", "HEAD")
	id = strings.TrimSpace(id)
	p.tried[id] = true
	if _, err := tryGit(p.dir, nil, "push", "-q", address, "HEAD:refs/heads/"+p.branch); err == nil {
		p.acknowledged = id
		p.tried = map[string]bool{}
		p.count.Add(1)
	}
}

func (p *pusher) check(t *testing.T, dir string, round int) {
	t.Helper()
	out, err := tryGit(dir, nil, "rev-parse", "--verify", "-q", "refs/heads/"+p.branch)
	got := strings.TrimSpace(out)
	if err != nil {
		got = ""
	}
	if got != p.acknowledged && !p.tried[got] {
		t.Fatalf("round %d: %s is %q, acknowledged was %q, tried since %v", round, p.branch, got, p.acknowledged, p.tried)
	}
	p.acknowledged, p.tried = got, map[string]bool{}
}

// without drops one ref from a listing.
func without(listing, name string) string {
	var b strings.Builder
	for line := range strings.Lines(listing) {
		if !strings.HasSuffix(strings.TrimSpace(line), " "+name) {
			b.WriteString(line)
		}
	}
	return b.String()
}

// leftovers fails the test when lock files, temporary files or quarantines lie in a repository that nobody uses.
func leftovers(t *testing.T, dir string) {
	t.Helper()
	err := filepath.WalkDir(dir, func(path string, d os.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if strings.HasSuffix(path, ".lock") || strings.Contains(d.Name(), "tmp") || filepath.Base(filepath.Dir(path)) == "incoming" {
			t.Errorf("left behind: %s", path)
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
}
