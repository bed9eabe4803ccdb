package work_test

import (
	"bufio"
	"context"
	"fmt"
	"log/slog"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"jeton/cmd/jeton/wire"
	"jeton/db"
	"jeton/db/dbtest"
	"jeton/web/work"
)

// These tell a process of this test that it is to do jobs: over which database, and whether its jobs come to an end.
const (
	atPath = "JETON_TEST_JOBS_PATH"
	atURL  = "JETON_TEST_JOBS_URL"
	stuck  = "JETON_TEST_JOBS_STUCK"
)

func TestMain(m *testing.M) {
	o := db.Options{Path: os.Getenv(atPath), URL: os.Getenv(atURL)}
	if o == (db.Options{}) {
		os.Exit(m.Run())
	}
	if o.URL != "" {
		o.Node = "one"
	}
	if err := doJobs(o); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

// doJobs does jobs until it is killed, and says what it does.
func doJobs(o db.Options) error {
	d, err := db.Open(context.Background(), o)
	if err != nil {
		return err
	}
	q := work.NewQueue(work.Options{Rows: wire.JobRows(d, db.JobBounds{All: 100, Owner: 10}), Concurrent: 2, Shared: o.URL != "", Log: slog.New(slog.DiscardHandler)})
	q.Register(work.Kind{Name: "told", Run: func(ctx context.Context, j work.Job) (any, error) {
		fmt.Println("began", j.ID, j.Attempt)
		if os.Getenv(stuck) != "" {
			<-ctx.Done()
			return nil, ctx.Err()
		}
		return j.Attempt, nil
	}})
	return q.Run(context.Background())
}

// process is one that does jobs.
type process struct {
	t     *testing.T
	cmd   *exec.Cmd
	lines *bufio.Scanner
}

func begin(t *testing.T, environ ...string) *process {
	t.Helper()
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	p := &process{t: t, cmd: exec.Command(self)}
	p.cmd.Env, p.cmd.Stderr = append(os.Environ(), environ...), os.Stderr
	out, err := p.cmd.StdoutPipe()
	if err == nil {
		err = p.cmd.Start()
	}
	if err != nil {
		t.Fatal(err)
	}
	p.lines = bufio.NewScanner(out)
	t.Cleanup(p.kill)
	return p
}

// kill ends it as kill -9 does.
func (p *process) kill() {
	if p.cmd.ProcessState == nil {
		_ = p.cmd.Process.Signal(syscall.SIGKILL)
		_ = p.cmd.Wait()
	}
}

// says is what it says next.
func (p *process) says() string {
	p.t.Helper()
	if !p.lines.Scan() {
		p.t.Fatalf("the process has ended: %v", p.lines.Err())
	}
	return p.lines.Text()
}

// TestJobsOfAKilledServerAreBegunAnew kills a process in the middle of two jobs while three wait, and another one after it:
// the third does all five, each once.
func TestJobsOfAKilledServerAreBegunAnew(t *testing.T) {
	for _, kind := range []string{"sqlite", "postgres"} {
		t.Run(kind, func(t *testing.T) {
			o, at := db.Options{Path: filepath.Join(t.TempDir(), "jeton.db")}, ""
			if at = atPath + "=" + o.Path; kind == "postgres" {
				o = db.Options{URL: dbtest.URL(t), Node: "one"}
				at = atURL + "=" + o.URL
			}
			d := dbtest.Open(t, o)
			q := queue(d, work.Options{Shared: true, Look: 20 * time.Millisecond}, work.Kind{Name: "told", Run: func(context.Context, work.Job) (any, error) { return nil, nil }})
			var ids, want []string
			for range 5 {
				ids = append(ids, add(t, q, work.New{Kind: "told", Key: fmt.Sprint(len(ids))}).ID)
			}
			for attempt := 1; attempt <= 2; attempt++ {
				p := begin(t, at, stuck+"=1")
				begun := []string{p.says(), p.says()}
				slices.Sort(begun)
				want = []string{fmt.Sprint("began ", ids[0], " ", attempt), fmt.Sprint("began ", ids[1], " ", attempt)}
				if slices.Sort(want); !slices.Equal(begun, want) {
					t.Fatalf("process %d says %q, want %q", attempt, begun, want)
				}
				p.kill()
			}
			p := begin(t, at)
			for i, id := range ids {
				j := wait(t, q, id)
				attempt := 1
				if i < 2 {
					attempt = 3
				}
				if j.State != work.Done || j.Attempt != attempt || string(j.Result) != fmt.Sprint(attempt) {
					t.Errorf("job %d is %+v, want attempt %d", i, j, attempt)
				}
			}
			_ = p.cmd.Process.Signal(syscall.SIGKILL)
			var begun []string
			for p.lines.Scan() {
				begun = append(begun, strings.Fields(p.lines.Text())[1])
			}
			p.kill()
			if slices.Sort(begun); !slices.Equal(begun, slices.Sorted(slices.Values(ids))) {
				t.Errorf("the third process began %q, want each of %q once", begun, ids)
			}
		})
	}
}
