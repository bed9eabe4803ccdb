package receive

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"testing"

	"github.com/go-git/go-git/v5/plumbing"

	"jeton/vcs/oid"
	"jeton/vcs/pack"
	"jeton/vcs/pack/packtest"
	"jeton/vcs/storage"
	"jeton/vcs/storage/disk"
)

var ctx = context.Background()

// journal remembers what was begun and ended; begin, end and moved, where set, fail.
type journal struct {
	mu                sync.Mutex // guards the rest where Server.Run goes on beside the test
	begun             []Entry
	ended             map[string][]storage.RefResult
	begin, end, moved error
}

func (j *journal) Begin(_ context.Context, e Entry) (string, error) {
	j.mu.Lock()
	defer j.mu.Unlock()
	if j.begin != nil {
		return "", j.begin
	}
	e.ID = fmt.Sprint(len(j.begun))
	j.begun = append(j.begun, e)
	return e.ID, nil
}

func (j *journal) End(_ context.Context, id string, results []storage.RefResult) error {
	j.mu.Lock()
	defer j.mu.Unlock()
	if j.end != nil {
		return j.end
	}
	if j.ended == nil {
		j.ended = map[string][]storage.RefResult{}
	}
	j.ended[id] = results
	return nil
}

func (j *journal) Open(context.Context) ([]Entry, error) {
	j.mu.Lock()
	defer j.mu.Unlock()
	var open []Entry
	for _, e := range j.begun {
		if _, ok := j.ended[e.ID]; !ok {
			open = append(open, e)
		}
	}
	return open, nil
}

// Moved answers one move at a time; a number behind "@" is where the next call goes on.
func (j *journal) Moved(_ context.Context, repoID, since string) ([]Moved, string, error) {
	j.mu.Lock()
	defer j.mu.Unlock()
	if j.moved != nil {
		return nil, "", j.moved
	}
	at := 0
	if k, ok := strings.CutPrefix(since, "@"); ok {
		at, _ = strconv.Atoi(k)
	}
	for i, e := range j.begun[at:] {
		next := fmt.Sprint("@", at+i+1)
		for k, r := range j.ended[e.ID] {
			if e.RepoID == repoID && r.Err == nil {
				return []Moved{{e.ID, e.Updates[k]}}, next, nil
			}
		}
	}
	return nil, "", nil
}

// stand is a server over one repository.
type stand struct {
	t       testing.TB
	repo    *disk.Repository
	journal *journal
	server  *Server
	recheck error
}

func newStand(t testing.TB, limits Limits) *stand {
	t.Helper()
	dir := filepath.Join(t.TempDir(), "r.git")
	if err := disk.Create(ctx, dir); err != nil {
		t.Fatal(err)
	}
	repo, err := disk.Open(ctx, dir, "id", disk.Options{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = repo.Close() })
	j := &journal{}
	return &stand{t: t, repo: repo, journal: j, server: New(Options{Journal: j, Limits: limits, Agent: "test"})}
}

// push sends a request and returns the answer and the server's own error.
func (s *stand) push(request []byte) (string, error) {
	var out bytes.Buffer
	err := s.server.Serve(ctx, Session{Stateless: true, Repo: s.repo, Actor: storage.Actor{Name: "ada"}, Recheck: func(context.Context) error { return s.recheck }},
		bytes.NewReader(request), &out)
	return out.String(), err
}

func (s *stand) refs() string {
	s.t.Helper()
	v, err := s.repo.View(ctx)
	if err != nil {
		s.t.Fatal(err)
	}
	defer v.Close()
	text := "HEAD " + v.Refs.Head.Target + "\n"
	for _, r := range v.Refs.Refs {
		text += r.ID.String() + " " + r.Name + "\n"
	}
	return text
}

// clean fails the test when a push has left something in the quarantine.
func (s *stand) clean() {
	s.t.Helper()
	left, err := os.ReadDir(filepath.Join(s.repo.Dir(), "jeton/incoming"))
	if err != nil || len(left) > 0 {
		s.t.Errorf("left in the quarantine: %v %v", left, err)
	}
}

// entry is an object of a pack that a test makes.
type entry struct {
	kind    plumbing.ObjectType
	content string
}

func (e entry) id() oid.ID {
	id, err := oid.Of(e.kind, []byte(e.content))
	if err != nil {
		panic(err)
	}
	return id
}

func packOf(entries ...entry) []byte {
	var b bytes.Buffer
	b.Write(pack.AppendFileHeader(nil, uint32(len(entries))))
	for _, e := range entries {
		b.Write(pack.AppendHeader(nil, pack.Header{Type: e.kind, Size: int64(len(e.content))}))
		b.Write(packtest.Deflated([]byte(e.content)))
	}
	sum := oid.NewSum()
	sum.Write(b.Bytes())
	id := oid.SumID(sum)
	b.Write(id[:])
	return b.Bytes()
}

const person = "A <a@example.com> 1700000000 +0000"

// change is a commit over parent with one file.
func change(parent oid.ID, text string) []entry {
	blob := entry{plumbing.BlobObject, text}
	id := blob.id()
	tree := entry{plumbing.TreeObject, "100644 file\x00" + string(id[:])}
	return []entry{commitOf(tree.id(), parent, text), tree, blob}
}

func commitOf(tree, parent oid.ID, text string) entry {
	c := "tree " + tree.String() + "\n"
	if !parent.IsZero() {
		c += "parent " + parent.String() + "\n"
	}
	return entry{plumbing.CommitObject, c + "author " + person + "\ncommitter " + person + "\n\n" + text + "\n"}
}

// line is one command; the first of a push carries caps.
func line(from, to oid.ID, ref string, caps ...string) string {
	s := from.String() + " " + to.String() + " " + ref
	if len(caps) > 0 {
		s += "\x00 " + strings.Join(caps, " ")
	}
	return fmt.Sprintf("%04x%s", len(s)+4, s)
}

func request(p []byte, lines ...string) []byte {
	return append([]byte(strings.Join(lines, "")+"0000"), p...)
}

// first pushes one commit to refs/heads/main and returns it.
func (s *stand) first(text string) oid.ID {
	s.t.Helper()
	c := change(oid.Zero, text)
	out, err := s.push(request(packOf(c...), line(oid.Zero, c[0].id(), "refs/heads/main", "report-status")))
	if err != nil || !strings.Contains(out, "ok refs/heads/main") {
		s.t.Fatalf("first push: %v %q", err, out)
	}
	return c[0].id()
}

func TestFirstPushMakesBranchAndHEAD(t *testing.T) {
	for _, c := range []struct {
		push []string
		head string
	}{
		{[]string{"refs/heads/main", "refs/heads/a"}, "refs/heads/main"},
		{[]string{"refs/heads/zeta", "refs/heads/master", "refs/heads/alpha"}, "refs/heads/master"},
		{[]string{"refs/heads/zeta", "refs/heads/beta"}, "refs/heads/beta"},
		{[]string{"refs/tags/v1"}, "refs/heads/main"},
	} {
		s := newStand(t, Limits{})
		objects := change(oid.Zero, "one")
		var lines []string
		for i, ref := range c.push {
			caps := []string{"report-status", "side-band-64k"}
			if i > 0 {
				caps = nil
			}
			lines = append(lines, line(oid.Zero, objects[0].id(), ref, caps...))
		}
		out, err := s.push(request(packOf(objects...), lines...))
		if err != nil || strings.Count(out, "ok refs/") != len(c.push) {
			t.Errorf("%v: %v %q", c.push, err, out)
		}
		if !strings.HasPrefix(s.refs(), "HEAD "+c.head+"\n") {
			t.Errorf("%v: HEAD is\n%s", c.push, s.refs())
		}
		if len(s.journal.begun) != 1 || len(s.journal.ended) != 1 {
			t.Errorf("journal: %d begun, %d ended", len(s.journal.begun), len(s.journal.ended))
		}
		s.clean()
	}
}

func TestProbeAndSilenceAreNoPush(t *testing.T) {
	s := newStand(t, Limits{})
	for _, in := range []string{"0000", ""} {
		if out, err := s.push([]byte(in)); out != "" || err != nil {
			t.Errorf("%q was answered %q, %v", in, out, err)
		}
	}
	if len(s.journal.begun) != 0 {
		t.Error("a probe stands in the journal")
	}
}

func TestRefusedCommands(t *testing.T) {
	s := newStand(t, Limits{Commands: 3, RefName: 40})
	main := s.first("one")
	next := change(main, "two")
	id := next[0].id()
	orphan := commitOf(oid.ID{1}, oid.Zero, "its tree is nowhere")
	hidden := commitOf(next[1].id(), oid.ID{2}, "its parent is nowhere")
	blob := entry{plumbing.BlobObject, "just a blob"}
	for _, c := range []struct {
		name  string
		lines []string
		pack  []entry
		want  []string
	}{
		{"bad name", []string{line(oid.Zero, id, "refs/heads/a..b", "report-status")}, next, []string{"ng refs/heads/a..b funny refname"}},
		{"outside of refs", []string{line(oid.Zero, id, "main", "report-status")}, next, []string{"ng main funny refname"}},
		{"HEAD", []string{line(oid.Zero, id, "HEAD", "report-status")}, next, []string{"ng HEAD funny refname"}},
		{"the server's own", []string{line(oid.Zero, id, "refs/jeton/x", "report-status")}, next, []string{"ng refs/jeton/x"}},
		{"escape in a name", []string{line(oid.Zero, id, "refs/heads/\x1b[31m", "report-status")}, next, []string{`ng refs/heads/\x1b[31m`}},
		{"name too long", []string{line(oid.Zero, id, "refs/heads/"+strings.Repeat("x", 40), "report-status")}, next, []string{"ERR the name of a ref is 51 bytes long"}},
		{"nothing to nothing", []string{line(oid.Zero, oid.Zero, "refs/heads/x", "report-status")}, nil, []string{"ng refs/heads/x nothing to do"}},
		{"twice", []string{line(oid.Zero, id, "refs/heads/x", "report-status"), line(oid.Zero, id, "refs/heads/x")}, next, []string{"twice"}},
		{"old value is another", []string{line(id, id, "refs/heads/main", "report-status")}, next, []string{"ng refs/heads/main stale"}},
		{"exists", []string{line(oid.Zero, id, "refs/heads/main", "report-status")}, next, []string{"reference already exists"}},
		{"delete what is not there", []string{line(id, oid.Zero, "refs/heads/none", "report-status")}, nil, []string{"ng refs/heads/none"}},
		{"delete the current branch", []string{line(main, oid.Zero, "refs/heads/main", "report-status")}, nil, []string{"deletion of the current branch prohibited"}},
		{"tree is missing", []string{line(oid.Zero, orphan.id(), "refs/heads/x", "report-status")}, []entry{orphan}, []string{"ng refs/heads/x missing necessary objects"}},
		{"parent is missing", []string{line(oid.Zero, hidden.id(), "refs/heads/x", "report-status")}, append([]entry{hidden}, next[1:]...), []string{"ng refs/heads/x missing necessary objects"}},
		{"object is not in the pack", []string{line(oid.Zero, oid.ID{7}, "refs/heads/x", "report-status")}, next, []string{"ng refs/heads/x missing necessary objects"}},
		{"branch of a blob", []string{line(oid.Zero, blob.id(), "refs/heads/x", "report-status")}, []entry{blob}, []string{"a branch can only point to a commit"}},
		{"below a ref", []string{line(oid.Zero, id, "refs/heads/main/x", "report-status")}, next, []string{"clashes"}},
		{"atomic with one bad", []string{line(oid.Zero, id, "refs/heads/x", "report-status", "atomic"), line(id, id, "refs/heads/main")}, next, []string{"ng refs/heads/x atomic push failure", "ng refs/heads/main stale"}},
		{"no pack", []string{line(oid.Zero, id, "refs/heads/x", "report-status")}, nil, []string{"unpack ", "ng refs/heads/x unpacker error"}},
		{"tree with .git", []string{line(oid.Zero, id, "refs/heads/x", "report-status")}, []entry{{plumbing.TreeObject, "40000 .GIT\x00" + strings.Repeat("a", oid.Size)}}, []string{"hasDotgit", "ng refs/heads/x unpacker error"}},
		{"tree out of order", []string{line(oid.Zero, id, "refs/heads/x", "report-status")}, []entry{{plumbing.TreeObject, "100644 b\x00" + strings.Repeat("a", oid.Size) + "100644 a\x00" + strings.Repeat("a", oid.Size)}}, []string{"treeNotSorted"}},
		{"tree with an entry twice", []string{line(oid.Zero, id, "refs/heads/x", "report-status")}, []entry{{plumbing.TreeObject, "100644 b\x00" + strings.Repeat("a", oid.Size) + "100644 b\x00" + strings.Repeat("b", oid.Size)}}, []string{"duplicateEntries"}},
		{"commit without a tree", []string{line(oid.Zero, id, "refs/heads/x", "report-status")}, []entry{{plumbing.CommitObject, "author " + person + "\n\nx"}}, []string{"missingTree"}},
	} {
		before := s.refs()
		var p []byte
		if c.pack != nil {
			p = packOf(c.pack...)
		}
		out, _ := s.push(request(p, c.lines...))
		for _, w := range c.want {
			if !strings.Contains(out, w) {
				t.Errorf("%s: want %q in %q", c.name, w, out)
			}
		}
		if strings.Contains(out, "ok refs/") || s.refs() != before {
			t.Errorf("%s: something moved: %q\n%s", c.name, out, s.refs())
		}
		s.clean()
	}
}
