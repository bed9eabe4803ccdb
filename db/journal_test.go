package db

import (
	"fmt"
	"testing"
	"time"
)

func TestJournalKeepsOpenEntriesOverARestart(t *testing.T) {
	path := t.TempDir() + "/jeton.db"
	d := reopen(t, path)
	ok(t, d.Users().Insert(t.Context(), user("ada")))
	ok(t, d.Repositories().Insert(t.Context(), repository("app", "u-ada")))
	var ids []string
	for i := range 3 {
		id, err := d.Journal().Begin(t.Context(), JournalEntry{RepositoryID: "r-app", ActorName: "ada",
			Credential: "token:t1", Updates: fmt.Sprintf("[%d]", i)})
		ok(t, err)
		ids = append(ids, id)
	}
	ok(t, d.Journal().End(t.Context(), ids[1], "[]", noon))
	wants(t, d.Journal().End(t.Context(), ids[1], "[]", noon), ErrNotFound)
	ok(t, d.Close())
	open, err := reopen(t, path).Journal().Open(t.Context())
	ok(t, err)
	if len(open) != 2 || open[0].ID != ids[0] || open[1].ID != ids[2] || open[1].Updates != "[2]" {
		t.Fatalf("got %+v", open)
	}
}

func TestJournalFollowsOneRepository(t *testing.T) {
	d := peopled(t)
	_, err := d.Journal().Begin(t.Context(), JournalEntry{RepositoryID: "nothing"})
	wants(t, err, ErrInUse)
	first, err := d.Journal().Begin(t.Context(), JournalEntry{RepositoryID: "r-app", BegunAt: noon})
	ok(t, err)
	second, err := d.Journal().Begin(t.Context(), JournalEntry{RepositoryID: "r-app", BegunAt: noon})
	ok(t, err)
	third, err := d.Journal().Begin(t.Context(), JournalEntry{RepositoryID: "r-app", BegunAt: noon, Options: "o", Certificate: "c", Notes: "n"})
	ok(t, err)
	list, err := d.Journal().Latest(t.Context(), "r-app", "", 2)
	ok(t, err)
	if len(list) != 2 || list[0].ID != third || list[0].Options+list[0].Certificate+list[0].Notes != "ocn" || list[1].ID != second {
		t.Fatalf("got %+v, want the third and the second", list)
	}
	list, err = d.Journal().Latest(t.Context(), "r-app", second, 2)
	ok(t, err)
	if len(list) != 1 || list[0].ID != first {
		t.Fatalf("got %+v, want the first", list)
	}
	ok(t, d.Repositories().Delete(t.Context(), "r-app"))
	open, err := d.Journal().Open(t.Context())
	ok(t, err)
	if len(open) != 0 {
		t.Fatalf("entries of a deleted repository are left: %+v", open)
	}
}

// ended writes entries of app and ends them in the order that is given; their EndedIDs are in that order too.
func ended(t *testing.T, d *DB, order ...int) []JournalEntry {
	t.Helper()
	ids := make([]string, len(order))
	for i := range order {
		var err error
		ids[i], err = d.Journal().Begin(t.Context(), JournalEntry{RepositoryID: "r-app", BegunAt: noon})
		ok(t, err)
	}
	for _, i := range order {
		ok(t, d.Journal().End(t.Context(), ids[i], "[]", noon))
	}
	list, err := d.Journal().Ended(t.Context(), "r-app", "", 100)
	ok(t, err)
	for n, i := range order {
		if len(list) != len(order) || list[n].ID != ids[i] {
			t.Fatalf("got %+v, want them in the order of their end, %v of %v", list, order, ids)
		}
	}
	return list
}

func TestJournalIsFollowedInTheOrderOfEnds(t *testing.T) {
	d := peopled(t)
	list := ended(t, d, 2, 0, 1)
	_, err := d.Journal().Begin(t.Context(), JournalEntry{RepositoryID: "r-app"})
	ok(t, err)
	rest, err := d.Journal().Ended(t.Context(), "", list[0].EndedID, 1)
	ok(t, err)
	if len(rest) != 1 || rest[0] != list[1] && rest[0].ID != list[1].ID {
		t.Fatalf("got %+v behind the first, want %+v", rest, list[1])
	}
	if rest, err = d.Journal().Ended(t.Context(), "other", "", 10); err != nil || len(rest) != 0 {
		t.Fatalf("another repository has %+v, %v", rest, err)
	}
}

// TestPushesOutliveTheMigrationThatBroughtFollowers begins with the tables as they were before.
func TestPushesOutliveTheMigrationThatBroughtFollowers(t *testing.T) {
	at := "'2026-11-24 12:00:00+00:00'"
	d := reopen(t, older(t, 10,
		"INSERT INTO users VALUES ('u-ada', 'ada', 'ada', '', NULL, '', "+at+", TRUE, FALSE, "+at+")",
		"INSERT INTO repositories VALUES ('r-app', 'app', 'app', 'u-ada', TRUE, FALSE, '', "+at+")",
		"INSERT INTO push_journal VALUES ('01', 'r-app', '', 'ada', '', '', "+at+", '[]', "+at+", '[]')",
		"INSERT INTO push_journal VALUES ('02', 'r-app', '', 'ada', '', '', "+at+", '[]', NULL, '')"))
	list, err := d.Journal().Ended(t.Context(), "", "", 10)
	ok(t, err)
	if len(list) != 1 || list[0].ID != "01" || list[0].EndedID != "01" || list[0].Options != "" {
		t.Fatalf("ended are %+v", list)
	}
	ok(t, d.Journal().End(t.Context(), "02", "[]", noon))
	list, err = d.Journal().Ended(t.Context(), "", "01", 10)
	ok(t, err)
	if len(list) != 1 || list[0].ID != "02" {
		t.Fatalf("ended after the first are %+v", list)
	}
}

func TestCursorsKeepWhereTheyWereMoved(t *testing.T) {
	path := t.TempDir() + "/jeton.db"
	d := reopen(t, path)
	at, err := d.Cursors().Position(t.Context(), "feed")
	ok(t, err)
	if at != "" {
		t.Fatalf("a follower that has not begun is at %q", at)
	}
	ahead := fmt.Sprintf("%016x", time.Now().Add(1000*time.Hour).UnixNano()) + "xxxxxxxxxx"
	ok(t, d.Cursors().Move(t.Context(), "feed", "1"))
	ok(t, d.Cursors().Move(t.Context(), "feed", ahead))
	ok(t, d.Close())
	d = reopen(t, path)
	at, err = d.Cursors().Position(t.Context(), "feed")
	ok(t, err)
	if at != ahead {
		t.Fatalf("got %q, want %q", at, ahead)
	}
	// An entry that ends now must not hide behind the cursor, whatever the machine's clock says and whatever was swept.
	ok(t, d.Users().Insert(t.Context(), user("ada")))
	ok(t, d.Repositories().Insert(t.Context(), repository("app", "u-ada")))
	if list := ended(t, d, 0); list[0].EndedID <= ahead {
		t.Fatalf("an entry was ended at %s, behind the cursor %s", list[0].EndedID, ahead)
	}
}

func TestSweepKeepsWhatIsYoungOrOpenOrNotPassed(t *testing.T) {
	d := peopled(t)
	list := ended(t, d, 0, 1, 2, 3)
	open, err := d.Journal().Begin(t.Context(), JournalEntry{RepositoryID: "r-app", BegunAt: noon.Add(-time.Hour)})
	ok(t, err)
	for _, c := range []struct {
		before time.Time
		passed string
		limit  int
		gone   int
	}{
		{noon, list[3].EndedID, 10, 0},                     // none was ended before noon
		{noon.Add(time.Hour), "", 10, 0},                   // nobody has passed any
		{noon.Add(time.Hour), list[1].EndedID, 1, 1},       // the first
		{noon.Add(time.Hour), list[1].EndedID, 10, 1},      // the second
		{noon.Add(time.Hour), list[3].EndedID + "x", 1, 1}, // the third
	} {
		n, err := d.Journal().Sweep(t.Context(), c.before, c.passed, c.limit)
		ok(t, err)
		if n != c.gone {
			t.Fatalf("Sweep(%s, %q, %d) removed %d, want %d", c.before, c.passed, c.limit, n, c.gone)
		}
	}
	rest, err := d.Journal().Latest(t.Context(), "r-app", "", 10)
	ok(t, err)
	if len(rest) != 2 || rest[0].ID != open || rest[1].ID != list[3].ID {
		t.Fatalf("left are %+v, want %s and %s", rest, open, list[3].ID)
	}
}
