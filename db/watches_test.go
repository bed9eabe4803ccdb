package db

import (
	"fmt"
	"slices"
	"strings"
	"testing"
)

// watched is what somebody watches, by id, sorted.
func watched(t *testing.T, d *DB, userID string) string {
	t.Helper()
	ids, err := d.Watches().Of(t.Context(), userID)
	ok(t, err)
	slices.Sort(ids)
	return fmt.Sprint(ids)
}

func TestWhatSomebodyOwnsIsWatchedUntilTheySayOtherwise(t *testing.T) {
	d := fresh(t)
	for _, name := range []string{"ada", "bob"} {
		ok(t, d.Users().Insert(t.Context(), user(name)))
	}
	for _, name := range []string{"one", "two"} {
		ok(t, d.Repositories().Insert(t.Context(), repository(name, "u-ada")))
	}
	var told []Change
	defer d.Subscribe(func(c Change) { told = append(told, c) })()
	set := func(user, repo string, watching bool) {
		t.Helper()
		ok(t, d.Watches().Set(t.Context(), Watch{UserID: "u-" + user, RepositoryID: "r-" + repo, Watching: watching}))
	}
	for _, c := range []struct {
		do       func()
		ada, bob string
	}{
		{func() {}, "[r-one r-two]", "[]"},
		{func() { set("ada", "one", false) }, "[r-two]", "[]"},
		{func() { set("bob", "one", true) }, "[r-two]", "[r-one]"},
		{func() { set("ada", "one", true); set("bob", "one", false) }, "[r-one r-two]", "[]"},
		{func() { set("bob", "two", true); ok(t, d.Repositories().Trash(t.Context(), "r-two", noon)) }, "[r-one]", "[]"},
		{func() { ok(t, d.Repositories().Restore(t.Context(), "r-two", "two", "two")) }, "[r-one r-two]", "[r-two]"},
		{func() { ok(t, d.Repositories().Delete(t.Context(), "r-two")) }, "[r-one]", "[]"},
	} {
		c.do()
		if ada, bob := watched(t, d, "u-ada"), watched(t, d, "u-bob"); ada != c.ada || bob != c.bob {
			t.Errorf("ada watches %s, want %s; bob %s, want %s", ada, c.ada, bob, c.bob)
		}
	}
	wants(t, d.Watches().Set(t.Context(), Watch{UserID: "u-ada", RepositoryID: "nothing"}), ErrInUse)
	if len(told) == 0 || told[0].Row.(Watch).Watching {
		t.Errorf("told is %+v", told)
	}
}

func TestTheLastPushesOfSomeRepositories(t *testing.T) {
	d := fresh(t)
	ok(t, d.Users().Insert(t.Context(), user("ada")))
	var all []string
	for i := range 5 {
		r := repository(fmt.Sprint("n", i), "u-ada")
		r.Private = i%2 == 1
		ok(t, d.Repositories().Insert(t.Context(), r))
		all = append(all, r.ID)
	}
	push := func(repo string, end bool) {
		t.Helper()
		id, err := d.Journal().Begin(t.Context(), JournalEntry{RepositoryID: repo, Updates: "[]"})
		ok(t, err)
		if end {
			ok(t, d.Journal().End(t.Context(), id, "[]", noon))
		}
	}
	if last, err := d.Journal().Last(t.Context()); err != nil || last != "" {
		t.Errorf("before any push the last is %q, %v", last, err)
	}
	for _, i := range []int{0, 0, 1, 2, 0, 1, 3} {
		push(all[i], true)
	}
	push(all[4], false) // nobody knows yet how it goes
	for _, c := range []struct {
		of    []string
		limit int
		want  string
	}{
		{all, 10, "[r-n3 r-n1 r-n0 r-n2 r-n1 r-n0 r-n0]"}, {all, 2, "[r-n3 r-n1]"}, {all[:1], 2, "[r-n0 r-n0]"},
		{[]string{"r-n2", "r-n1", "nothing"}, 10, "[r-n1 r-n2 r-n1]"}, {nil, 10, "[]"}, {all[4:], 10, "[]"},
	} {
		rows, err := d.Journal().LatestOf(t.Context(), c.of, c.limit)
		ok(t, err)
		if got := repositoriesOf(rows); got != c.want {
			t.Errorf("the last %d of %v: %s, want %s", c.limit, c.of, got, c.want)
		}
	}
	for _, c := range []struct {
		limit, within int
		want          string
	}{{10, 100, "[r-n0 r-n2 r-n0 r-n0]"}, {1, 100, "[r-n0]"}, {10, 4, "[r-n0 r-n2]"}} {
		rows, err := d.Journal().LatestPublic(t.Context(), c.limit, c.within)
		ok(t, err)
		if got := repositoriesOf(rows); got != c.want {
			t.Errorf("the last %d public ones within %d: %s, want %s", c.limit, c.within, got, c.want)
		}
	}
	ok(t, d.Repositories().Trash(t.Context(), "r-n0", noon))
	rows, err := d.Journal().LatestPublic(t.Context(), 10, 100)
	ok(t, err)
	if got := repositoriesOf(rows); got != "[r-n2]" {
		t.Errorf("after one went into the trash: %s", got)
	}
}

func TestAHugePushIsNotAmongTheLast(t *testing.T) {
	d := fresh(t)
	ok(t, d.Users().Insert(t.Context(), user("ada")))
	app := repository("app", "u-ada")
	app.Private = false
	ok(t, d.Repositories().Insert(t.Context(), app))
	for _, updates := range []string{"small", strings.Repeat("é", MaxTold/2), strings.Repeat("é", MaxTold/2-1)} {
		id, err := d.Journal().Begin(t.Context(), JournalEntry{RepositoryID: "r-app", ActorName: "ada", Updates: updates})
		ok(t, err)
		ok(t, d.Journal().End(t.Context(), id, "[]", noon))
	}
	of, err := d.Journal().LatestOf(t.Context(), []string{"r-app"}, 10)
	ok(t, err)
	public, err := d.Journal().LatestPublic(t.Context(), 10, 10)
	ok(t, err)
	for name, rows := range map[string][]JournalEntry{"of one": of, "public": public} {
		if len(rows) != 2 || len(rows[0].Updates) != MaxTold-2 || rows[1].Updates != "small" || rows[1].ActorName != "ada" || rows[1].Results != "[]" || rows[1].EndedAt == nil {
			t.Errorf("%s: %d rows", name, len(rows))
		}
	}
}

func repositoriesOf(rows []JournalEntry) string {
	ids := make([]string, len(rows))
	for i, r := range rows {
		ids[i] = r.RepositoryID
	}
	return fmt.Sprint(ids)
}

func TestTheLastPushesOfManyRepositoriesComeInOnePieceAfterTheOther(t *testing.T) {
	d := fresh(t)
	ok(t, d.Users().Insert(t.Context(), user("ada")))
	var ids []string
	ok(t, d.Write(t.Context(), func(tx *Tx) error {
		for i := range 2*asked + 1 {
			r := repository(fmt.Sprint("m", i), "u-ada")
			if err := tx.Repositories().Insert(t.Context(), r); err != nil {
				return err
			}
			id, err := tx.Journal().Begin(t.Context(), JournalEntry{RepositoryID: r.ID})
			if err != nil {
				return err
			}
			if err := tx.Journal().End(t.Context(), id, "[]", noon); err != nil {
				return err
			}
			ids = append(ids, r.ID)
		}
		return nil
	}))
	rows, err := d.Journal().LatestOf(t.Context(), ids, len(ids))
	ok(t, err)
	slices.Reverse(ids)
	if got := repositoriesOf(rows); got != fmt.Sprint(ids) {
		t.Errorf("got %s", got)
	}
}
