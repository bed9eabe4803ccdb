package integration

import (
	"crypto/sha1"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
)

// attack is one request that no honest client sends, and the answer that it must get.
type attack struct {
	name string
	// service is git-upload-pack or git-receive-pack; version what stands in Git-Protocol, where something does.
	service, version string
	body             string
	// status is what is answered over HTTP; 0 means 200, since git reads refusals of a POST only behind it.
	status int
	// want must stand in the answer, never must not.
	want, never string
}

// target is the repository that is attacked, and what it holds that nobody may see.
type target struct {
	*server
	repo, dir string
	// tip and its parent are on main; tag is an annotated one.
	tip, parent, tag string
	// hidden objects were on a branch that is deleted; foreign lies in another repository; absent is nowhere.
	hiddenCommit, hiddenTree, hiddenBlob, foreign, absent string
	// good is a pack that brings next, a child of tip.
	next string
	good []byte
	// source is the clone that all of it was made in.
	source string
}

func newTarget(t *testing.T, s *server) *target {
	t.Helper()
	x := &target{server: s, repo: "admin/target", source: sampleHistory(t), absent: "1234567890123456789012345678901234567890"}
	commit(t, x.source, "last.txt", "last\n")
	git(t, x.source, "tag", "-a", "-m", "for the table", "table")
	git(t, x.source, "push", "-q", "--mirror", s.mine(x.repo))
	x.dir = s.dir(t, x.repo)
	x.tip, x.parent, x.tag = head(t, x.source), line(t, x.source, "rev-parse", "HEAD~1"), line(t, x.source, "rev-parse", "table")
	git(t, x.source, "checkout", "-q", "-b", "secret")
	x.hiddenCommit = commit(t, x.source, "secret/plan.txt", "nobody is to see this\n")
	x.hiddenTree, x.hiddenBlob = line(t, x.source, "rev-parse", "HEAD:secret"), line(t, x.source, "rev-parse", "HEAD:secret/plan.txt")
	git(t, x.source, "push", "-q", s.mine(x.repo), "secret")
	git(t, x.source, "push", "-q", s.mine(x.repo), ":secret")
	git(t, x.source, "checkout", "-q", "main")
	other := sampleHistory(t)
	x.foreign = commit(t, other, "other.txt", "of another repository\n")
	git(t, other, "push", "-q", s.mine("admin/other"), "main")
	x.next = commit(t, x.source, "next.txt", "next\n")
	x.good = packOf(t, x.source, x.next, "^"+x.tip)
	return x
}

func line(t *testing.T, dir string, args ...string) string {
	t.Helper()
	return strings.TrimSpace(git(t, dir, args...))
}

// rows is the whole table.
func (x *target) rows() []attack {
	var all []attack
	for _, part := range [][]attack{x.fetchRows(), x.wantRows(), x.hiddenRows(), x.commandRows(), x.refRows(), x.packRows(), x.treeRows(), x.objectRows()} {
		all = append(all, part...)
	}
	return all
}

// TestHostileRequestsGetTheAnswerOfTheTable sends each row, while an honest client goes on being served. Afterwards the
// repository is as it was, nothing lies about, and the server has not grown.
func TestHostileRequestsGetTheAnswerOfTheTable(t *testing.T) {
	t.Parallel()
	s := start(t, "JETON_RECEIVE_MAX_BLOB=64MiB", "JETON_RECEIVE_MAX_OBJECTS=1000000")
	x := newTarget(t, s)
	before, size := refs(t, x.dir), du(t, x.dir)
	rows := x.rows()
	if len(rows) < 120 {
		t.Errorf("the table has %d rows; it is to have 120", len(rows))
	}
	honest := x.honest()
	for i, r := range rows {
		if i%20 == 0 {
			honest.clone(t)
		}
		x.attack(t, r)
		if i%100 == 99 {
			honest.done() // on a busy machine a clone takes as long as many rows
		}
	}
	if n := honest.done(); n < 5 {
		t.Errorf("the honest client was served %d times only", n)
	}
	t.Logf("%d rows", len(rows))
	if after := refs(t, x.dir); after != before {
		t.Errorf("refs have moved:\n%s--\n%s", before, after)
	}
	leftovers(t, x.dir)
	if grown := du(t, x.dir) - size; grown > 4<<10 {
		t.Errorf("the repository has grown by %d bytes", grown)
	}
	if peak := s.peak(t); peak > 300<<20 {
		t.Errorf("the server's memory rose to %d MiB", peak>>20)
	}
	s.fsck(t, x.repo)
	// The same server takes what is right.
	status, text := s.post(t, x.repo, "git-receive-pack", []byte(command(x.tip, x.next, "refs/heads/main")+string(x.good)))
	if status != http.StatusOK || !strings.Contains(text, "ok refs/heads/main") {
		t.Errorf("an honest push was answered %d %q", status, text)
	}
}

func (x *target) attack(t *testing.T, r attack) {
	t.Helper()
	var header []string
	if r.version != "" {
		header = []string{"Git-Protocol", r.version}
	}
	status, text := x.post(t, x.repo, r.service, []byte(r.body), header...)
	if r.status == 0 {
		r.status = http.StatusOK
	}
	if status != r.status || r.want == "" || !strings.Contains(text, r.want) || r.never != "" && strings.Contains(text, r.never) {
		t.Errorf("%s: answered %d %.300q, want %d with %q and without %q", r.name, status, text, r.status, r.want, r.never)
	}
}

// honest is a client that clones beside the attacks, one clone at a time.
type honest struct {
	x    *target
	wg   sync.WaitGroup
	busy chan struct{} // holds a token while a clone runs
	n    int           // guarded by busy
}

func (x *target) honest() *honest { return &honest{x: x, busy: make(chan struct{}, 1)} }

// clone begins a clone, unless the one before still runs.
func (h *honest) clone(t *testing.T) {
	select {
	case h.busy <- struct{}{}:
	default:
		return
	}
	h.wg.Go(func() {
		defer func() { <-h.busy }()
		if out, err := tryGit("", nil, "clone", "-q", "--bare", h.x.mine(h.x.repo), filepath.Join(t.TempDir(), fmt.Sprint(h.n))); err != nil {
			t.Errorf("an honest clone failed meanwhile: %v\n%s", err, out)
		}
		h.n++
	})
}

// done waits for the last clone and tells how many there were.
func (h *honest) done() int {
	h.wg.Wait()
	return h.n
}

// du is how many bytes the files of a folder hold.
func du(t *testing.T, dir string) int64 {
	t.Helper()
	var sum int64
	err := filepath.Walk(dir, func(_ string, f os.FileInfo, err error) error {
		if err == nil && f.Mode().IsRegular() {
			sum += f.Size()
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return sum
}

// forged is an object that git would not make: its type as packs have it, its content, and its id.
type forged struct {
	kind    byte
	content string
	id      string
}

// Types of entries (gitformat-pack).
const (
	commitKind, treeKind, blobKind, tagKind = 1, 2, 3, 4
)

func forge(kind byte, content string) forged {
	name := []string{commitKind: "commit", treeKind: "tree", blobKind: "blob", tagKind: "tag"}[kind]
	return forged{kind, content, fmt.Sprintf("%x", sha1.Sum(fmt.Appendf(nil, "%s %d\x00%s", name, len(content), content)))}
}

// packed is a pack of whole objects.
func packed(objects ...forged) string {
	b := header(uint32(len(objects)))
	for _, o := range objects {
		b = append(append(b, entryHeader(o.kind, uint64(len(o.content)))...), deflated([]byte(o.content))...)
	}
	return string(rewrap(b))
}

// pkts frames lines and puts a flush behind them.
func pkts(lines ...string) string {
	var b strings.Builder
	for _, l := range lines {
		b.WriteString(pkt(l))
	}
	return b.String() + "0000"
}
