package disk

import (
	"bytes"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"jeton/vcs/oid"
	"jeton/vcs/pack"
	"jeton/vcs/storage"
)

func TestLeftoversOfACrashAreMended(t *testing.T) {
	r := create(t)
	push(t, r, oid.Zero, "one", "refs/heads/main")
	want := snapshot(t, r)
	dir := r.Dir()
	_, q, s := stage(t, r, oid.Zero, "never acknowledged")
	for _, path := range []string{"HEAD.lock", "packed-refs.lock", "refs/heads/main.lock", "refs/heads/new.lock", "objects/pack/pack-1.idx", "objects/pack/tmp_pack_1", "jeton/pack-2.roots"} {
		if err := os.WriteFile(filepath.Join(dir, path), []byte("x"), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	// A push that died between the renames: roots and pack are in place, the index is not.
	for _, ext := range []string{".roots", ".pack"} {
		to := filepath.Join(dir, "objects/pack", s.Name+ext)
		if ext == ".roots" {
			to = r.rootsPath(s.Name)
		}
		if err := os.Rename(filepath.Join(q.Dir(), s.Name+ext), to); err != nil {
			t.Fatal(err)
		}
	}
	_ = r.Close()
	again := open(t, dir)
	if got := snapshot(t, again); got != want {
		t.Errorf("refs are\n%swant\n%s", got, want)
	}
	agree(t, again)
	for _, glob := range []string{"*.lock", "refs/heads/*.lock", "objects/pack/pack-1.*", "objects/pack/tmp_*", "jeton/incoming/*", "jeton/pack-2.roots"} {
		if left, _ := filepath.Glob(filepath.Join(dir, glob)); len(left) > 0 {
			t.Errorf("left behind: %v", left)
		}
	}
}

func TestPackOfAnotherToolWithoutIndexIsIndexed(t *testing.T) {
	r := create(t)
	push(t, r, oid.Zero, "one", "refs/heads/main")
	for _, glob := range []string{"objects/pack/*.idx", "objects/pack/*.rev", "jeton/*.roots"} {
		files, _ := filepath.Glob(filepath.Join(r.Dir(), glob))
		for _, f := range files {
			if err := os.Remove(f); err != nil {
				t.Fatal(err)
			}
		}
	}
	_ = r.Close()
	agree(t, open(t, r.Dir()))
}

func TestBrokenIndexIsMadeAnew(t *testing.T) {
	r := create(t)
	push(t, r, oid.Zero, "one", "refs/heads/main")
	_ = r.Close()
	files, _ := filepath.Glob(filepath.Join(r.Dir(), "objects/pack/*.idx"))
	if err := os.Chmod(files[0], 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.Truncate(files[0], 50); err != nil {
		t.Fatal(err)
	}
	agree(t, open(t, r.Dir()))
}

func TestMaintenanceThatDropsObjectsAsksForARecheck(t *testing.T) {
	r := create(t)
	one := push(t, r, oid.Zero, "one", "refs/heads/main")
	v, err := r.View(ctx)
	if err != nil {
		t.Fatal(err)
	}
	defer v.Close()
	if err := r.Replace(ctx, v.Refs.Basis, nil, nil, true); err != nil {
		t.Fatal(err)
	}
	b := storage.Batch{Updates: []storage.RefUpdate{{Name: "refs/heads/x", New: one}}}
	if _, err := r.Update(ctx, v.Refs.Basis, b); !errors.Is(err, storage.ErrRecheck) {
		t.Errorf("got %v, want ErrRecheck", err)
	}
	if res := update(t, r, b); res[0].Err != nil {
		t.Errorf("over a new view: %v", res[0].Err)
	}
}

func TestRetiredPacksStayWhileAViewHoldsThem(t *testing.T) {
	r := create(t)
	one := push(t, r, oid.Zero, "one", "refs/heads/main")
	v, err := r.View(ctx)
	if err != nil {
		t.Fatal(err)
	}
	p := v.Objects.Packs()[0]
	if err := r.Replace(ctx, v.Refs.Basis, nil, []string{p.Name}, true); err != nil {
		t.Fatal(err)
	}
	if _, _, err := v.Objects.Read(one, 0); err != nil {
		t.Errorf("the open view lost its pack: %v", err)
	}
	path := filepath.Join(r.Dir(), "objects/pack", p.Name+".pack")
	if _, err := os.Lstat(path); err != nil {
		t.Errorf("unlinked too early: %v", err)
	}
	v.Close()
	if _, err := os.Lstat(path); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("still there: %v", err)
	}
}

func TestCoolRepositoryWarmsUp(t *testing.T) {
	r := create(t)
	one := push(t, r, oid.Zero, "one", "refs/heads/main")
	v, err := r.View(ctx)
	if err != nil {
		t.Fatal(err)
	}
	r.Cool()
	if _, _, err := v.Objects.Read(one, 0); err != nil {
		t.Errorf("an open view: %v", err)
	}
	v.Close()
	push(t, r, one, "two", "refs/heads/main")
	r.Cool()
	agree(t, r)
	_ = r.Close()
	if _, err := r.View(ctx); !errors.Is(err, ErrClosed) {
		t.Errorf("after Close: %v", err)
	}
}

func TestRootsComeBackOrAreNotKnown(t *testing.T) {
	for _, roots := range []*pack.Roots{nil, {}, {IDs: []oid.ID{{1}, {2}}}, {IDs: []oid.ID{{3}}, Closed: true}, {IDs: []oid.ID{{4}}, Except: []oid.ID{{5}, {6}}}} {
		b := encodeRoots(roots)
		got := decodeRoots(b)
		if fmt.Sprint(got) != fmt.Sprint(roots) {
			t.Errorf("%v comes back as %v", roots, got)
		}
		for n := range b {
			if decodeRoots(b[:n]) != nil {
				t.Errorf("%q was believed", b[:n])
			}
		}
	}
}

func FuzzDecodeRoots(f *testing.F) {
	f.Add(encodeRoots(&pack.Roots{IDs: []oid.ID{{1}}}))
	f.Fuzz(func(_ *testing.T, b []byte) { _ = decodeRoots(b) })
}

func FuzzParseRef(f *testing.F) {
	f.Add("ref: refs/heads/main\n")
	f.Add(strings.Repeat("1", oid.HexSize) + "\n")
	f.Fuzz(func(t *testing.T, s string) {
		if ref, ok := parseRef("HEAD", s); ok && ref.Target == "" && ref.ID.IsZero() {
			t.Errorf("%q is a ref to nothing", s)
		}
	})
}

// TestMain lets the test's own binary be the process that is killed.
func TestMain(m *testing.M) {
	if dir := os.Getenv("JETON_TEST_WRITER"); dir != "" {
		writer(dir)
	}
	os.Exit(m.Run())
}

// writer moves two refs in turns for ever, an atomic pair between, and says each value once it is acknowledged.
func writer(dir string) {
	t := &testing.B{}
	r, err := Open(ctx, dir, "id", Options{})
	if err != nil {
		fmt.Println("error", err)
		os.Exit(1)
	}
	for i := 0; ; i++ {
		text := fmt.Sprint(os.Getpid(), " ", i)
		refs := []string{"refs/heads/one"}
		if i%2 == 1 {
			refs = []string{"refs/heads/two", "refs/heads/three"}
		}
		commit, q, s := stage(t, r, oid.Zero, text)
		b := storage.Batch{Atomic: true, Reason: "push", Staged: []storage.Staged{s}}
		v, err := r.View(ctx)
		if err != nil {
			fmt.Println("error", err)
			os.Exit(1)
		}
		for _, ref := range refs {
			old, _ := v.Refs.Lookup(ref)
			b.Updates = append(b.Updates, storage.RefUpdate{Name: ref, Old: old.ID, New: commit})
		}
		fmt.Println("try", refs[0], commit)
		results, err := r.Update(ctx, v.Refs.Basis, b)
		v.Close()
		if err != nil || results[0].Err != nil {
			fmt.Println("error", err, results)
			os.Exit(1)
		}
		_ = q.Close()
		fmt.Println("done", refs[0], commit)
	}
}

// heard is what a child process has said, and that it has begun to.
type heard struct {
	text  bytes.Buffer
	once  sync.Once
	first chan struct{}
}

func (h *heard) Write(p []byte) (int, error) {
	h.once.Do(func() { close(h.first) })
	return h.text.Write(p)
}

// leftovers lists what only a process that died leaves.
func leftovers(dir string) []string {
	var left []string
	for _, glob := range []string{"*.lock", "refs/*/*.lock", "jeton/incoming/*", "jeton/pending", "objects/pack/tmp_*"} {
		found, _ := filepath.Glob(filepath.Join(dir, glob))
		left = append(left, found...)
	}
	return left
}

func TestKilledWriterLeavesWhatItAcknowledged(t *testing.T) {
	r := create(t)
	dir := r.Dir()
	_ = r.Close()
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	acknowledged, applied := 0, 0
	last := map[string]string{}
	for round := 0; round < 25 || acknowledged < 25 && round < 250; round++ { // on a busy machine fewer are done before each kill
		cmd := exec.Command(self)
		cmd.Env = append(os.Environ(), "JETON_TEST_WRITER="+dir)
		out := heard{first: make(chan struct{})}
		cmd.Stdout = &out
		if err := cmd.Start(); err != nil {
			t.Fatal(err)
		}
		<-out.first
		time.Sleep(time.Duration(rand.IntN(60)) * time.Millisecond) // the moment of the kill is what is tried
		_ = cmd.Process.Kill()
		_ = cmd.Wait()
		tried := map[string]string{}
		for line := range strings.Lines(out.text.String()) {
			f := strings.Fields(line)
			if len(f) != 3 || len(f[2]) != oid.HexSize {
				if f[0] == "error" {
					t.Fatalf("round %d: %s", round, line)
				}
				continue
			}
			tried[f[1]] = f[2]
			if f[0] == "done" {
				last[f[1]] = f[2]
				acknowledged++
				applied++
			}
		}
		again := open(t, dir)
		for _, ref := range []string{"refs/heads/one", "refs/heads/two"} {
			got, want := value(t, again, ref).String(), last[ref]
			switch got {
			case want:
			case tried[ref]: // it was done and the process died before it could say so
				last[ref] = got
				applied++
			default:
				if want != "" || got != oid.Zero.String() {
					t.Fatalf("round %d: %s is %s, acknowledged was %s, tried %s", round, ref, got, want, tried[ref])
				}
			}
		}
		if packs, _ := filepath.Glob(filepath.Join(dir, "objects/pack/*.pack")); len(packs) != applied {
			t.Fatalf("round %d: %d packs for %d updates that came to pass", round, len(packs), applied)
		}
		if left := leftovers(dir); len(left) > 0 {
			t.Fatalf("round %d: left behind: %v", round, left)
		}
		if two, three := value(t, again, "refs/heads/two"), value(t, again, "refs/heads/three"); two != three {
			t.Fatalf("round %d: an atomic batch was done in part: %s and %s", round, two, three)
		}
		if round%5 == 4 {
			agree(t, again)
		}
		_ = again.Close()
	}
	if acknowledged < 25 {
		t.Errorf("only %d updates were acknowledged: the test shows too little", acknowledged)
	}
}
