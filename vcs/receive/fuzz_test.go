package receive

import (
	"bytes"
	"context"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"jeton/vcs/host"
	"jeton/vcs/oid"
	"jeton/vcs/pack/ingest"
	"jeton/vcs/storage"
	"jeton/vcs/wire"
)

// contents are the names and sizes of all files of a folder.
func contents(t *testing.T, dir string) []string {
	t.Helper()
	var list []string
	err := filepath.WalkDir(dir, func(path string, e os.DirEntry, err error) error {
		if err != nil || e.IsDir() {
			return err
		}
		b, err := os.ReadFile(path)
		list = append(list, path+" "+string(b[:min(len(b), 100)]))
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	slices.Sort(list)
	return list
}

// FuzzServe sends anything to a repository whose gate says no in the last moment: whatever comes, there is an answer, and
// the repository is as it was, to the byte.
func FuzzServe(f *testing.F) {
	if st, err := os.Stat("/dev/shm"); err == nil && st.IsDir() {
		f.Setenv("TMPDIR", "/dev/shm") // in memory: a disk that syncs leaves little time for fuzzing
	}
	s := newStand(f, Limits{Walk: 1000, Drain: 1 << 16, Pack: ingest.Limits{Pack: 1 << 20, Blob: 1 << 20, Inflated: 4 << 20, Objects: 1000, DeltaChain: 50, Memory: 4 << 20}})
	s.server.nonces = nonces{key: []byte("key"), slop: 1 << 40}
	main := s.first("one")
	next := change(main, "two")
	pack := packOf(next...)
	command := main.String() + " " + next[0].id().String() + " refs/heads/main"
	f.Add(request(pack, line(main, next[0].id(), "refs/heads/main", "report-status", "side-band-64k")))
	f.Add(request(pack, line(oid.Zero, next[0].id(), "refs/heads/x", "report-status-v2", "atomic", "quiet"), line(main, oid.Zero, "refs/heads/main")))
	f.Add(append([]byte(line(oid.Zero, next[0].id(), "refs/heads/x", "report-status", "push-options")+"0000"+pkt("option")+"0000"), pack...))
	f.Add(append([]byte(pkt("shallow "+main.String())+line(oid.Zero, next[0].id(), "refs/heads/x", "report-status")+"0000"), pack...))
	f.Add(append([]byte(signedPush("report-status", certificateOf("1-2", nil, command))+"0000"), pack...))
	f.Add([]byte("0000"))
	before := []string(nil)
	f.Fuzz(func(t *testing.T, in []byte) {
		if before == nil {
			before = contents(t, s.repo.Dir())
		}
		var out bytes.Buffer
		refused := func(context.Context) error { return &host.Refusal{Sentence: "not any more"} }
		err := s.server.Serve(ctx, Session{Stateless: true, Repo: s.repo, Actor: storage.Actor{Name: "ada"}, Recheck: refused}, bytes.NewReader(in), &out)
		if after := contents(t, s.repo.Dir()); !slices.Equal(before, after) {
			t.Fatalf("the repository has changed:\n%q\n%q", before, after)
		}
		if len(s.journal.begun) != 1 {
			t.Fatal("a push stands in the journal that nobody admitted")
		}
		if strings.Contains(out.String(), "ok refs/") {
			t.Errorf("a ref is said to have moved: %q", out.String())
		}
		// Whoever asks for no report is told nothing, whatever became of the pack.
		silent := len(in) == 0 || bytes.HasPrefix(in, []byte("0000")) || !bytes.Contains(in, []byte("report-status"))
		if out.Len() == 0 && !silent && !onlyShallow(in) {
			t.Errorf("no answer to %q, %v", in, err)
		}
	})
}

// onlyShallow reports whether a request has no command: nothing is asked, and nothing is answered.
func onlyShallow(in []byte) bool {
	p := &push{room: 1 << 30, s: New(Options{}), in: wire.NewReader(bytes.NewReader(in)), out: wire.NewWriter(io.Discard)}
	return p.read() == nil && len(p.commands) == 0
}
