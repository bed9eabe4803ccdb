package follow

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"reflect"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"jeton/vcs/receive"
	"jeton/vcs/storage"
)

// memory is a Journal in memory; fail, where it is set, is asked before each call.
type memory struct {
	mu     sync.Mutex
	pushes []Push
	cursor map[string]string
	fail   func(call string) error
}

func newMemory() *memory { return &memory{cursor: map[string]string{}} }

// add ends one push into each repository that is named, in that order.
func (m *memory) add(repos ...string) {
	m.mu.Lock()
	defer m.mu.Unlock()
	for _, r := range repos {
		n := fmt.Sprintf("%04d", len(m.pushes)+1)
		m.pushes = append(m.pushes, Push{Entry: receive.Entry{ID: r + n, RepoID: r}, Position: n})
	}
}

func (m *memory) asked(call string) error {
	if m.fail == nil {
		return nil
	}
	return m.fail(call)
}

func (m *memory) Ended(_ context.Context, repoID, after string, limit int) ([]Push, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	var list []Push
	for _, p := range m.pushes {
		if p.Position > after && (repoID == "" || p.RepoID == repoID) && len(list) < limit {
			list = append(list, p)
		}
	}
	return list, m.asked("Ended")
}

func (m *memory) Cursor(_ context.Context, follower string) (string, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.cursor[follower], m.asked("Cursor")
}

func (m *memory) Move(_ context.Context, follower, position string) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	if err := m.asked("Move"); err != nil {
		return err
	}
	if position <= m.cursor[follower] {
		return fmt.Errorf("moved back from %s to %s", m.cursor[follower], position)
	}
	m.cursor[follower] = position
	return nil
}

func (m *memory) at(follower string) string {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.cursor[follower]
}

// seen is what a follower has handled, with when, in seconds since the test began.
type seen struct {
	mu    sync.Mutex
	start time.Time
	list  []string
}

func (s *seen) add(p Push) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.list = append(s.list, fmt.Sprintf("%s@%d", p.ID, int(time.Since(s.start).Seconds())))
}

func (s *seen) String() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return strings.Join(s.list, " ")
}

// run runs a follower in the test's bubble until the result is called.
func run(t *testing.T, o Options) (f *Follower, stop func()) {
	t.Helper()
	f = New(o)
	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	go func() { ended <- f.Run(ctx) }()
	synctest.Wait()
	return f, func() {
		t.Helper()
		cancel()
		if err := <-ended; err != nil {
			t.Errorf("Run ended with %v", err)
		}
	}
}

func TestAFollowerSeesWhatIsThereAndWhatComes(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		m, s := newMemory(), &seen{start: time.Now()}
		m.add("a", "b", "a", "c", "a")
		o := Options{Name: "test", Journal: m, Batch: 2, Handle: func(_ context.Context, p Push) error {
			s.add(p)
			return nil
		}}
		f, stop := run(t, o)
		if f.Name() != "test" || m.at("test") != "0005" {
			t.Errorf("%s stands at %q after what was there", f.Name(), m.at("test"))
		}
		m.add("b")
		f.Wake()
		f.Wake()
		synctest.Wait()
		stop()
		m.add("c")
		_, stop = run(t, o)
		stop()
		if got, want := s.String(), "a0001@0 b0002@0 a0003@0 c0004@0 a0005@0 b0006@0 c0007@0"; got != want {
			t.Errorf("seen %s, want %s", got, want)
		}
	})
}

func TestAPushThatFailsHoldsUpItsOwnRepositoryAlone(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		m, s := newMemory(), &seen{start: time.Now()}
		m.add("a", "a", "b", "a", "c")
		var broken atomic.Bool
		broken.Store(true)
		f, stop := run(t, Options{Name: "test", Journal: m, Handle: func(_ context.Context, p Push) error {
			s.add(p)
			if p.ID == "a0002" && broken.Load() {
				return errors.New("no")
			}
			return nil
		}})
		if m.at("test") != "0001" {
			t.Errorf("the cursor stands at %s, want before the push that failed", m.at("test"))
		}
		time.Sleep(8 * time.Second) // the bubble's clock: tries at 1, 3 and 7 seconds
		m.add("a", "b")
		f.Wake()
		synctest.Wait()
		if m.at("test") != "0001" {
			t.Errorf("the cursor stands at %s, want where it stood", m.at("test"))
		}
		broken.Store(false)
		time.Sleep(8 * time.Second)
		synctest.Wait()
		stop()
		want := "a0001@0 a0002@0 b0003@0 c0005@0 a0002@1 a0002@3 a0002@7 b0007@8 a0002@15 a0004@15 a0006@15"
		if got := s.String(); got != want || m.at("test") != "0007" {
			t.Errorf("seen %s, want %s; the cursor stands at %s", got, want, m.at("test"))
		}
	})
}

func TestWaitsGrowToTheirBound(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		m, s := newMemory(), &seen{start: time.Now()}
		m.add("a")
		_, stop := run(t, Options{Name: "test", Journal: m, Wait: time.Second, MaxWait: 4 * time.Second, Handle: func(_ context.Context, p Push) error {
			s.add(p)
			panic("at each try")
		}})
		time.Sleep(16 * time.Second)
		synctest.Wait()
		stop()
		if got, want := s.String(), "a0001@0 a0001@1 a0001@3 a0001@7 a0001@11 a0001@15"; got != want || m.at("test") != "" {
			t.Errorf("tried %s, want %s; the cursor stands at %q", got, want, m.at("test"))
		}
	})
}

func TestAJournalThatFailsIsTriedAgain(t *testing.T) {
	for _, call := range []string{"Cursor", "Ended", "Move"} {
		synctest.Test(t, func(t *testing.T) {
			m, s := newMemory(), &seen{start: time.Now()}
			m.add("a", "b")
			fails := 3
			m.fail = func(c string) error {
				if c != call || fails == 0 {
					return nil
				}
				fails--
				return errors.New("disk full")
			}
			_, stop := run(t, Options{Name: "test", Journal: m, Handle: func(_ context.Context, p Push) error {
				s.add(p)
				return nil
			}})
			time.Sleep(10 * time.Second)
			synctest.Wait()
			stop()
			got := s.String()
			if m.at("test") != "0002" || fails != 0 || strings.Count(got, "a0001") != 1 || strings.Count(got, "b0002") != 1 {
				t.Errorf("%s fails: seen %s, the cursor stands at %q, %d failures left", call, got, m.at("test"), fails)
			}
		})
	}
}

func TestMoreFailuresThanAreKeptHoldUpAll(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		m, s := newMemory(), &seen{start: time.Now()}
		m.add("a", "b", "c", "d")
		var broken atomic.Bool
		broken.Store(true)
		_, stop := run(t, Options{Name: "test", Journal: m, Parked: 2, Handle: func(_ context.Context, p Push) error {
			if broken.Load() && p.RepoID <= "b" {
				return errors.New("no")
			}
			s.add(p)
			return nil
		}})
		if s.String() != "" {
			t.Errorf("with two repositories waiting, seen is %s", s)
		}
		broken.Store(false)
		time.Sleep(2 * time.Second)
		synctest.Wait()
		stop()
		if got := s.String(); len(s.list) != 4 || !strings.HasSuffix(got, "c0003@1 d0004@1") || m.at("test") != "0004" {
			t.Errorf("seen %s, the cursor stands at %s", got, m.at("test"))
		}
	})
}

func TestARepositoryThatIsGoneIsWaitedForNoLonger(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		m := newMemory()
		m.add("a", "b")
		_, stop := run(t, Options{Name: "test", Journal: m, Handle: func(_ context.Context, p Push) error {
			if p.RepoID == "a" {
				return errors.New("no")
			}
			return nil
		}})
		m.mu.Lock()
		m.pushes = m.pushes[1:]
		m.mu.Unlock()
		time.Sleep(2 * time.Second)
		synctest.Wait()
		stop()
		if m.at("test") != "0002" {
			t.Errorf("the cursor stands at %q", m.at("test"))
		}
	})
}

func TestAnEndInTheMiddleSeesThePushAgain(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		m, s := newMemory(), &seen{start: time.Now()}
		m.add("a", "b", "c")
		o := Options{Name: "test", Journal: m, Handle: func(ctx context.Context, p Push) error {
			s.add(p)
			if p.RepoID == "b" {
				<-ctx.Done()
			}
			return nil // it says that it is done, and was interrupted all the same
		}}
		_, stop := run(t, o)
		stop()
		if got := s.String(); got != "a0001@0 b0002@0" || m.at("test") != "0001" {
			t.Errorf("seen %s, the cursor stands at %q", got, m.at("test"))
		}
		_, stop = run(t, o)
		stop()
		if got := s.String(); got != "a0001@0 b0002@0 b0002@0" {
			t.Errorf("seen %s", got)
		}
	})
}

// TestNoneIsMissedWhateverHappens lets followers fail, and die without a word, at random: every push is done in the end,
// and none before those of its repository that ended earlier.
func TestNoneIsMissedWhateverHappens(t *testing.T) {
	seed := uint64(time.Now().UnixNano())
	t.Logf("seed %d", seed)
	rng := rand.New(rand.NewPCG(seed, seed))
	for range 200 {
		synctest.Test(t, func(t *testing.T) {
			m := newMemory()
			done := map[string]bool{}
			dying := true
			rough := func() error { return nil }
			handle := func(_ context.Context, p Push) error {
				for _, q := range m.pushes {
					if q.RepoID == p.RepoID && q.Position < p.Position && !done[q.ID] {
						t.Errorf("%s was seen before %s was done", p.ID, q.ID)
					}
				}
				if err := rough(); err != nil {
					return err
				}
				done[p.ID] = true
				return nil
			}
			for dying {
				dying = rng.IntN(6) > 0
				for range rng.IntN(8) {
					m.add(string(rune('a' + rng.IntN(3))))
				}
				f := New(Options{Name: "test", Journal: m, Batch: 1 + rng.IntN(3), Parked: 1 + rng.IntN(3), Handle: handle})
				ctx, cancel := context.WithCancel(t.Context())
				dead := errors.New("killed")
				calls := rng.IntN(12)
				count := func() error {
					if calls--; dying && calls < 0 {
						cancel()
						return dead // nothing reaches the disk any more
					}
					return nil
				}
				rough = func() error {
					if err := count(); err != nil {
						return err
					}
					if dying && rng.IntN(3) == 0 {
						return errors.New("a failure")
					}
					return nil
				}
				m.fail = func(string) error { return count() }
				ended := make(chan error, 1)
				go func() { ended <- f.Run(ctx) }()
				time.Sleep(time.Hour)
				cancel()
				if err := <-ended; err != nil {
					t.Error(err)
				}
			}
			for _, p := range m.pushes {
				if !done[p.ID] {
					t.Errorf("%s was missed", p.ID)
				}
			}
			if n := len(m.pushes); n > 0 && m.at("test") != m.pushes[n-1].Position {
				t.Errorf("all is done and the cursor stands at %q", m.at("test"))
			}
		})
		if t.Failed() {
			return
		}
	}
}

func TestMoved(t *testing.T) {
	failed := storage.RefResult{Name: "refs/heads/a", Err: storage.ErrConflict}
	for _, c := range []struct {
		results []storage.RefResult
		want    bool
	}{
		{nil, false}, {[]storage.RefResult{failed}, false}, {[]storage.RefResult{failed, {Name: "refs/heads/b"}}, true},
	} {
		if got := (Push{Results: c.results}).Moved(); got != c.want {
			t.Errorf("%+v: got %v", c.results, got)
		}
	}
	if o := New(Options{}).o; !reflect.DeepEqual([]any{o.Wait, o.MaxWait, o.Batch, o.Parked}, []any{time.Second, 10 * time.Minute, 100, 1000}) {
		t.Errorf("the defaults are %+v", o)
	}
}

func TestMovesAreTheUpdatesThatCameToPass(t *testing.T) {
	p := Push{Entry: receive.Entry{Updates: []storage.RefUpdate{{Name: "refs/heads/a"}, {Name: "refs/heads/b"}, {Name: "refs/heads/c"}, {Name: "refs/heads/d"}}},
		Results: []storage.RefResult{{Name: "refs/heads/a"}, {Name: "refs/heads/b", Err: storage.ErrConflict}, {Name: "refs/heads/other"}}}
	if got := p.Moves(); len(got) != 1 || got[0].Name != "refs/heads/a" {
		t.Errorf("got %+v; one failed, one has another's result, one has none", got)
	}
	if got := (Push{Entry: p.Entry}).Moves(); len(got) != 0 {
		t.Errorf("an open push moved %+v", got)
	}
}
