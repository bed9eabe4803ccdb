package db

import (
	"bufio"
	"context"
	"fmt"
	"os"
	"os/exec"
	"strings"
	"testing"
	"time"
)

// crashPath gives the path or URL of a database to TestMain's other self, which writes into it until it is killed.
const crashPath = "JETON_DB_CRASH_TEST"

// placed is where a path or URL says.
func placed(place string) Options {
	if strings.HasPrefix(place, "postgres:") {
		return Options{URL: place}
	}
	return Options{Path: place}
}

// writeUntilKilled begins journal entries, ends every second one, and prints each id once it is told to be on disk.
func writeUntilKilled(place string) {
	ctx := context.Background()
	d, err := Open(ctx, placed(place))
	for i := 0; err == nil; i++ {
		var id string
		if id, err = d.Journal().Begin(ctx, JournalEntry{RepositoryID: "r-app", Updates: fmt.Sprint(i)}); err != nil {
			break
		}
		fmt.Println("begun", id)
		if i%2 == 1 {
			err = d.Journal().End(ctx, id, "[]", time.Now())
			fmt.Println("ended", id)
		}
	}
	fmt.Println("failed", err)
}

func TestWhatWasAcknowledgedSurvivesAKill(t *testing.T) {
	path := t.TempDir() + "/jeton.db"
	d := reopen(t, path)
	ok(t, d.Users().Insert(t.Context(), user("ada")))
	ok(t, d.Repositories().Insert(t.Context(), repository("app", "u-ada")))
	ok(t, d.Close())
	for _, after := range []int{1, 7, 40} { // printed lines until the kill
		begun, ended := killAfter(t, path, after)
		d := reopen(t, path)
		open := map[string]bool{}
		list, err := d.Journal().Open(t.Context())
		ok(t, err)
		for _, e := range list {
			open[e.ID] = true
		}
		for id := range begun {
			if !open[id] && !ended[id] && !endedInTheMeantime(t, d, id) {
				t.Errorf("after %d lines: %s was acknowledged and is gone", after, id)
			}
		}
		for id := range ended {
			if open[id] {
				t.Errorf("after %d lines: %s was ended and is open again", after, id)
			}
		}
		ok(t, d.Close())
	}
}

// endedInTheMeantime tells whether an entry was ended without the kill leaving time to say so.
func endedInTheMeantime(t *testing.T, d *DB, id string) bool {
	t.Helper()
	list, err := d.Journal().Latest(t.Context(), "r-app", "", 1<<20)
	ok(t, err)
	for _, e := range list {
		if e.ID == id {
			return e.EndedAt != nil
		}
	}
	return false
}

// killAfter runs this test binary as a writer and kills it in its work after it has printed so many lines.
func killAfter(t *testing.T, path string, lines int) (begun, ended map[string]bool) {
	t.Helper()
	cmd := exec.Command(os.Args[0], "-test.run=^$")
	o := at(t, path)
	cmd.Env = append(os.Environ(), crashPath+"="+o.Path+o.URL)
	out, err := cmd.StdoutPipe()
	ok(t, err)
	ok(t, cmd.Start())
	begun, ended = map[string]bool{}, map[string]bool{}
	for in := bufio.NewScanner(out); in.Scan(); lines-- {
		if lines == 0 {
			ok(t, cmd.Process.Kill())
		}
		switch what, id, _ := strings.Cut(in.Text(), " "); what {
		case "begun":
			begun[id] = true
		case "ended":
			ended[id] = true
		default:
			t.Fatalf("the writer said %q", in.Text())
		}
	}
	if err := cmd.Wait(); err == nil {
		t.Fatal("the writer ended by itself")
	}
	return begun, ended
}

func TestRecordsKeepTheirOrderWhenTheClockIsSetBack(t *testing.T) {
	path := t.TempDir() + "/jeton.db"
	d := reopen(t, path)
	ok(t, d.Users().Insert(t.Context(), user("ada")))
	ok(t, d.Repositories().Insert(t.Context(), repository("app", "u-ada")))
	ahead := time.Now().Add(1000 * time.Hour)
	first, err := d.Journal().Begin(t.Context(), JournalEntry{RepositoryID: "r-app", BegunAt: ahead})
	ok(t, err)
	ok(t, d.Close())
	d = reopen(t, path)
	second, err := d.Journal().Begin(t.Context(), JournalEntry{RepositoryID: "r-app"})
	ok(t, err)
	if second <= first {
		t.Fatalf("got %s after %s", second, first)
	}
	ok(t, d.Audit().Append(t.Context(), AuditEntry{Action: "one"}))
	ok(t, d.Close())
	d = reopen(t, path)
	ok(t, d.Audit().Append(t.Context(), AuditEntry{Action: "two"}))
	list, err := d.Audit().Since(t.Context(), "", 10)
	ok(t, err)
	if len(list) != 2 || list[0].Action != "one" {
		t.Fatalf("got %+v", list)
	}
}

func TestAnIDThatIsNoTimeIsPassedOver(t *testing.T) {
	var c clock
	for _, id := range []string{"", "short", "zzzzzzzzzzzzzzzzzzzzzzzzzz"} {
		c.resume(id)
	}
	if c.last != 0 {
		t.Fatalf("got %d", c.last)
	}
}
