package db

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/url"
	"os"
	"os/exec"
	"runtime"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"jeton/db/pgtest"
)

// node opens a database on the server as one more process would.
func node(t testing.TB, url string) *DB {
	t.Helper()
	d, err := Open(context.Background(), Options{URL: url})
	ok(t, err)
	t.Cleanup(func() { d.Close() })
	return d
}

func TestSharedFreshTellsWhatAnotherNodeChanged(t *testing.T) {
	url := pool.Lend(t)
	a, b := node(t, url), node(t, url)
	got, own := heard(b), heard(a)
	ok(t, a.Users().Insert(t.Context(), user("ada")))
	ok(t, a.Write(t.Context(), func(tx *Tx) error {
		ok(t, tx.Repositories().Insert(t.Context(), repository("app", "u-ada")))
		return tx.Tokens().Insert(t.Context(), Token{ID: "t1", UserID: "u-ada", Hash: "h", Bound: true, Repositories: []string{"r-app"}, CreatedAt: noon})
	}))
	wants(t, a.Users().Delete(t.Context(), "u-nobody"), ErrNotFound)
	if len(*got) != 0 {
		t.Fatalf("heard %+v before it asked", *got)
	}
	ok(t, b.Fresh(t.Context()))
	ok(t, b.Fresh(t.Context()))
	if len(*got) != 3 || fmt.Sprint(*got) != fmt.Sprint(*own) {
		t.Fatalf("another node heard\n%+v, this one\n%+v", *got, *own)
	}
	if token := (*got)[2].Row.(Token); token.Repositories[0] != "r-app" || !token.CreatedAt.Equal(stamp(noon)) {
		t.Fatalf("got %+v", token)
	}
	ok(t, a.Fresh(t.Context()))
	if len(*own) != 3 {
		t.Fatalf("a node heard of its own writes twice: %+v", *own)
	}
}

func TestSharedATransactionBeginsWhereTheLastOneOfAnyNodeEnded(t *testing.T) {
	url := pool.Lend(t)
	a, b := node(t, url), node(t, url)
	known := heard(b)
	ok(t, a.Users().Insert(t.Context(), user("ada")))
	ok(t, b.Write(t.Context(), func(*Tx) error {
		if len(*known) != 1 {
			t.Errorf("within its transaction a node knows %+v, want the other's row", *known)
		}
		return nil
	}))
}

// TestSharedNodesThatWriteAtOnceHearEverythingInOneOrder has each node count in memory what it is told, while all write.
func TestSharedNodesThatWriteAtOnceHearEverythingInOneOrder(t *testing.T) {
	url := pool.Lend(t)
	const nodes, writes = 3, 15
	var lists [nodes][]string
	var all [nodes]*DB
	for i := range all {
		all[i] = node(t, url)
		all[i].Subscribe(func(c Change) { lists[i] = append(lists[i], c.Row.(User).Name) })
	}
	var busy sync.WaitGroup
	for i, d := range all {
		busy.Go(func() {
			for k := range writes {
				if err := d.Users().Insert(t.Context(), user(fmt.Sprintf("n%d-%d", i, k))); err != nil {
					t.Errorf("insert: %v", err)
				}
				if err := d.Fresh(t.Context()); err != nil {
					t.Errorf("ask: %v", err)
				}
			}
		})
	}
	busy.Wait()
	for i, d := range all {
		ok(t, d.Fresh(t.Context()))
		if len(lists[i]) != nodes*writes || strings.Join(lists[i], " ") != strings.Join(lists[0], " ") {
			t.Fatalf("node %d heard\n%v, the first\n%v", i, lists[i], lists[0])
		}
	}
}

func TestSharedIDsSortAcrossNodesWhoseClocksDiffer(t *testing.T) {
	url := pool.Lend(t)
	a, b := node(t, url), node(t, url)
	ok(t, a.Users().Insert(t.Context(), user("ada")))
	ok(t, a.Repositories().Insert(t.Context(), repository("app", "u-ada")))
	ahead, err := a.Journal().Begin(t.Context(), JournalEntry{RepositoryID: "r-app", BegunAt: time.Now().Add(1000 * time.Hour)})
	ok(t, err)
	later, err := b.Journal().Begin(t.Context(), JournalEntry{RepositoryID: "r-app"})
	ok(t, err)
	if later <= ahead {
		t.Fatalf("an entry of another node, begun later, has %s, before %s", later, ahead)
	}
}

// silentURL gives a database to TestMain's other self, which dies between a commit and telling of it.
const silentURL = "JETON_DB_SILENT_TEST"

func commitAndDie(url string) {
	d, err := Open(context.Background(), Options{URL: url})
	if err == nil {
		d.Subscribe(func(Change) { os.Exit(7) })
		err = d.Users().SetActive(context.Background(), "u-ada", false)
	}
	fmt.Println("it did not die:", err)
}

func TestSharedAWriterThatDiesBehindItsCommitIsHeardAllTheSame(t *testing.T) {
	url := pool.Lend(t)
	d := node(t, url)
	ok(t, d.Users().Insert(t.Context(), user("ada")))
	got := heard(d)
	cmd := exec.Command(os.Args[0], "-test.run=^$")
	cmd.Env = append(os.Environ(), silentURL+"="+url)
	out, err := cmd.CombinedOutput()
	if cmd.ProcessState.ExitCode() != 7 {
		t.Fatalf("the writer ended with %v: %s", err, out)
	}
	ok(t, d.Fresh(t.Context()))
	if len(*got) != 1 || (*got)[0].Row.(User).Active {
		t.Fatalf("heard %+v, want that ada is not active", *got)
	}
	ok(t, d.Users().SetActive(t.Context(), "u-ada", true)) // the dead one's turn has ended
}

func TestSharedANodeThatFellTooFarBehindReadsEverythingAnew(t *testing.T) {
	url := pool.Lend(t)
	a, b := node(t, url), node(t, url)
	var names []string
	reads := 0
	_, err := b.Load(func() error {
		reads++
		rows, err := b.Users().List(t.Context())
		names = nil
		for _, u := range rows {
			names = append(names, u.Name)
		}
		return err
	}, func(c Change) {
		if u, is := c.Row.(User); is {
			names = append(names, u.Name)
		}
	})
	ok(t, err)
	told := heard(b)
	ok(t, a.Users().Insert(t.Context(), user("ada")))
	ok(t, a.Users().Insert(t.Context(), user("bob")))
	ok(t, a.write.Exec("DELETE FROM changes WHERE number = 1").Error)
	ok(t, b.Fresh(t.Context()))
	if reads != 2 || strings.Join(names, " ") != "ada bob" {
		t.Fatalf("after %d reads it knows %v, want all after the second", reads, names)
	}
	if len(*told) != 1 || (*told)[0].Row != (Reloaded{}) {
		t.Fatalf("told was %+v, want that everything was read anew", *told)
	}
	ok(t, a.Users().Insert(t.Context(), user("cid")))
	ok(t, b.Fresh(t.Context()))
	if reads != 2 || strings.Join(names, " ") != "ada bob cid" {
		t.Fatalf("after that, %d reads, it knows %v", reads, names)
	}
}

func TestSharedOldChangesAreRemovedAndTheLastStays(t *testing.T) {
	url := pool.Lend(t)
	d := node(t, url)
	d.shared.keep = 10
	ok(t, d.Write(t.Context(), func(tx *Tx) error {
		for i := range trimEvery + 1 {
			ok(t, tx.Users().Insert(t.Context(), user(fmt.Sprint(i))))
		}
		return nil
	}))
	var n int64
	ok(t, d.reader(t.Context()).Model(&changeRow{}).Count(&n).Error)
	if n != 10 {
		t.Fatalf("%d changes are left, want 10", n)
	}
	d.shared.keepFor = -time.Hour
	ok(t, d.Write(t.Context(), func(tx *Tx) error { return d.shared.trim(tx.g, trimEvery+1) }))
	ok(t, d.reader(t.Context()).Model(&changeRow{}).Count(&n).Error)
	if n != 1 {
		t.Fatalf("%d changes are left when all are old, want the last", n)
	}
}

func TestSharedANodeWhoseTablesWereChangedMeanwhileRefusesToGoOn(t *testing.T) {
	url := pool.Lend(t)
	d := node(t, url)
	ok(t, d.write.Exec("INSERT INTO goose_db_version (version_id, is_applied) VALUES (9999, true)").Error)
	wants(t, d.Fresh(t.Context()), ErrNewer)
	wants(t, d.Users().Insert(t.Context(), user("ada")), ErrNewer)
}

func TestSharedTextSortsByBytesWhateverTheDatabaseSays(t *testing.T) {
	d := node(t, pgtest.Empty(t, `TEMPLATE template0 LOCALE_PROVIDER icu ICU_LOCALE 'en-US' LOCALE 'C'`))
	for _, name := range []string{"a", "B", "ä", "_"} {
		ok(t, d.Users().Insert(t.Context(), user(name)))
	}
	list, err := d.Users().List(t.Context())
	ok(t, err)
	got := ""
	for _, u := range list {
		got += u.Name
	}
	if got != "B_aä" {
		t.Fatalf("sorted as %s, want by bytes", got)
	}
}

func TestWhatCannotBeInADatabaseIsNotThere(t *testing.T) {
	d := fresh(t)
	for _, name := range []string{"a\x00b", "\xff\xfe"} {
		_, err := d.Users().ByFoldedName(t.Context(), name)
		wants(t, err, ErrNotFound)
		_, err = d.Repositories().ByFoldedPath(t.Context(), name)
		wants(t, err, ErrNotFound)
	}
}

func TestSharedOpenSaysWhatIsWrongWithAServer(t *testing.T) {
	closed, err := net.Listen("tcp", "127.0.0.1:0")
	ok(t, err)
	ok(t, closed.Close())
	at := pool.Lend(t)
	u, err := url.Parse(at)
	ok(t, err)
	database, port := u.Path, u.Query().Get("port")
	pgtest.Do(t, at, "DROP ROLE IF EXISTS ada", "CREATE ROLE ada LOGIN PASSWORD 'right'")
	for name, c := range map[string]struct {
		url, want string
		is        error
	}{
		"nobody listens": {"postgres://ada:hidden@" + closed.Addr().String() + "/jeton", "is PostgreSQL running", ErrUnreachable},
		"wrong password": {"postgres://ada:hidden@127.0.0.1:" + port + database, "refuses the password", nil},
		"no database":    {"postgres://ada:right@127.0.0.1:" + port + "/hidden-not", "make the database first", nil},
		"not allowed":    {"postgres://ada:right@127.0.0.1:" + port + database, "make it the database's owner", nil},
		"not a URL":      {"host=hidden password=hidden", "postgres://USER", nil},
		"bad URL":        {"postgres://ada:hidden@host:port/x", "postgres://USER", nil},
		"bad parameter":  {"postgres://ada:hidden@host/x?sslmode=hidden", "sslmode", nil},
		"encoding":       {pgtest.Empty(t, "TEMPLATE template0 ENCODING 'LATIN1' LOCALE 'C'"), "ENCODING 'UTF8'", nil},
	} {
		d, err := Open(t.Context(), Options{URL: c.url})
		if err == nil {
			d.Close()
			t.Errorf("%s: it was opened", name)
			continue
		}
		if !strings.Contains(err.Error(), c.want) || c.is != nil && !errors.Is(err, c.is) {
			t.Errorf("%s: got %q, want it to say %q", name, err, c.want)
		}
		if strings.Contains(strings.ReplaceAll(err.Error(), "hidden-not", ""), "hidden") {
			t.Errorf("%s: the password is shown: %v", name, err)
		}
	}
}

func TestSharedAServerThatEndsIsSaidToBeUnreachableAndIsUsedAgainWhenItIsBack(t *testing.T) {
	url := pool.Lend(t)
	d := node(t, url)
	ok(t, d.Users().Insert(t.Context(), user("ada")))
	for range 3 {
		pgtest.Do(t, url, "SELECT pg_terminate_backend(pid, 1000) FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()")
		ok(t, d.Fresh(t.Context()))
		_, err := d.Users().ByID(t.Context(), "u-ada")
		ok(t, err)
		ok(t, d.Users().SetAdmin(t.Context(), "u-ada", true))
	}
}

func TestSharedCacheLetsAnAnswerBeUsedAgain(t *testing.T) {
	url := pool.Lend(t)
	a := node(t, url)
	b, err := Open(t.Context(), Options{URL: url, Cache: time.Hour})
	ok(t, err)
	defer b.Close()
	got := heard(b)
	ok(t, b.Fresh(t.Context()))
	ok(t, a.Users().Insert(t.Context(), user("ada")))
	ok(t, b.Fresh(t.Context()))
	if len(*got) != 0 {
		t.Fatalf("asked although the last answer was good: %+v", *got)
	}
	b.shared.cache = time.Nanosecond
	ok(t, b.Fresh(t.Context()))
	if len(*got) != 1 {
		t.Fatalf("heard %+v when the answer was too old, want one change", *got)
	}
}

func TestSharedManyShareOneQuestionThatIsPutAfterTheyCame(t *testing.T) {
	var c checks
	var asked, came atomic.Int64
	var all sync.WaitGroup
	for range 50 {
		all.Go(func() {
			for range 20 {
				mine := came.Add(1)
				var seen int64
				err := c.join(t.Context(), func() error {
					asked.Add(1)
					seen = came.Load()
					for range 50 {
						runtime.Gosched() // a server takes its time too
					}
					return nil
				})
				if err != nil || seen != 0 && seen < mine {
					t.Errorf("came as %d, was answered by a question that was put at %d (%v)", mine, seen, err)
				}
			}
		})
	}
	all.Wait()
	if asked.Load() >= came.Load() {
		t.Errorf("%d questions for %d requests: none was shared", asked.Load(), came.Load())
	}
	boom := errors.New("boom")
	wants(t, c.join(t.Context(), func() error { return boom }), boom)
}

func BenchmarkSharedFresh(b *testing.B) {
	d := node(b, pool.Lend(b))
	for b.Loop() {
		if err := d.Fresh(b.Context()); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkSharedFreshByManyAtOnce(b *testing.B) {
	d := node(b, pool.Lend(b))
	b.SetParallelism(16)
	b.RunParallel(func(p *testing.PB) {
		for p.Next() {
			if err := d.Fresh(b.Context()); err != nil {
				b.Fatal(err)
			}
		}
	})
}
