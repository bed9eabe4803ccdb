package dbtest_test

import (
	"errors"
	"testing"
	"time"

	"jeton/db"
	"jeton/db/dbtest"
)

func TestEachGivesADatabaseThatOutlivesItsClosing(t *testing.T) {
	kinds := 0
	dbtest.Each(t, func(t *testing.T, open func() *db.DB) {
		kinds++
		d := open()
		if err := d.Users().Insert(t.Context(), db.User{ID: "u1", Name: "ada", FoldedName: "ada", CreatedAt: time.Now()}); err != nil {
			t.Fatal(err)
		}
		if err := d.Close(); err != nil {
			t.Fatal(err)
		}
		if _, err := open().Users().ByID(t.Context(), "u1"); err != nil {
			t.Fatalf("after opening it once more: %v", err)
		}
	})
	if kinds != 2 {
		t.Fatalf("ran with %d kinds of database, want 2", kinds)
	}
}

func TestEachTestHasADatabaseOfItsOwn(t *testing.T) {
	for range 2 {
		dbtest.Each(t, func(t *testing.T, open func() *db.DB) {
			d := open()
			if _, err := d.Users().ByID(t.Context(), "u1"); !errors.Is(err, db.ErrNotFound) {
				t.Fatalf("got %v, want %v", err, db.ErrNotFound)
			}
			if err := d.Users().Insert(t.Context(), db.User{ID: "u1", Name: "ada", FoldedName: "ada", CreatedAt: time.Now()}); err != nil {
				t.Fatal(err)
			}
		})
	}
}

func TestEachNewDatabaseHasAllTablesAndNothingElse(t *testing.T) {
	one, two := dbtest.New(t), dbtest.New(t)
	if err := one.Users().Insert(t.Context(), db.User{ID: "u1", Name: "ada", FoldedName: "ada"}); err != nil {
		t.Fatal(err)
	}
	for name, c := range map[string]struct {
		d    *db.DB
		want int
	}{"the one": {one, 1}, "the other": {two, 0}} {
		if list, err := c.d.Users().List(t.Context()); err != nil || len(list) != c.want {
			t.Errorf("%s holds %d people, %v; want %d", name, len(list), err, c.want)
		}
	}
}
