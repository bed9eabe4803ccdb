package db

import (
	"context"
	"errors"
	"reflect"
	"sync"
	"testing"
)

// heard gathers the changes that a database tells.
func heard(d *DB) *[]Change {
	var list []Change
	d.Subscribe(func(c Change) { list = append(list, c) })
	return &list
}

func TestWriteTellsChangesAfterTheCommitInOrder(t *testing.T) {
	d := fresh(t)
	got := heard(d)
	d.Subscribe(func(c Change) {
		if u, is := c.Row.(User); is && !c.Deleted {
			if _, err := d.Users().ByID(context.Background(), u.ID); err != nil {
				t.Errorf("told of %s before others could read it: %v", u.ID, err)
			}
		}
	})
	ok(t, d.Write(t.Context(), func(tx *Tx) error {
		ok(t, tx.Users().Insert(t.Context(), user("ada")))
		return tx.Repositories().Insert(t.Context(), repository("app", "u-ada"))
	}))
	ok(t, d.Users().SetActive(t.Context(), "u-ada", false))
	if len(*got) != 3 {
		t.Fatalf("got %d changes, want 3: %+v", len(*got), *got)
	}
	if u := (*got)[2].Row.(User); u.Active || u.Name != "ada" {
		t.Errorf("got %+v, want the whole row as it is now", u)
	}
	if _, is := (*got)[1].Row.(Repository); !is {
		t.Errorf("got %T second, want Repository", (*got)[1].Row)
	}
}

func TestWriteThatFailsChangesAndTellsNothing(t *testing.T) {
	d := fresh(t)
	got := heard(d)
	boom := errors.New("boom")
	wants(t, d.Write(t.Context(), func(tx *Tx) error {
		ok(t, tx.Users().Insert(t.Context(), user("ada")))
		if _, err := tx.Users().ByID(t.Context(), "u-ada"); err != nil {
			t.Errorf("a transaction does not see its own row: %v", err)
		}
		return boom
	}), boom)
	_, err := d.Users().ByID(t.Context(), "u-ada")
	wants(t, err, ErrNotFound)
	if len(*got) != 0 {
		t.Errorf("got changes %+v, want none", *got)
	}
}

func TestWriteHonoursItsContext(t *testing.T) {
	d := fresh(t)
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	wants(t, d.Users().Insert(ctx, user("ada")), context.Canceled)
}

func TestWaitingToWriteEndsWithTheContext(t *testing.T) {
	d := fresh(t)
	ctx, cancel := context.WithCancel(t.Context())
	ok(t, d.Write(t.Context(), func(*Tx) error {
		ended := make(chan error)
		go func() { ended <- d.Users().Insert(ctx, user("ada")) }()
		cancel()
		wants(t, <-ended, context.Canceled)
		return nil
	}))
	ok(t, d.Users().Insert(t.Context(), user("ada")))
}

func TestSubscribeEndsWithItsCancel(t *testing.T) {
	d := fresh(t)
	n := 0
	cancel := d.Subscribe(func(Change) { n++ })
	ok(t, d.Users().Insert(t.Context(), user("ada")))
	cancel()
	ok(t, d.Users().Insert(t.Context(), user("bob")))
	if n != 1 {
		t.Fatalf("heard %d changes, want 1", n)
	}
}

func TestLoadMissesNoChange(t *testing.T) {
	d := fresh(t)
	var writers sync.WaitGroup
	writers.Go(func() {
		for _, name := range []string{"a", "b", "c", "d", "e", "f"} {
			if err := d.Users().Insert(t.Context(), user(name)); err != nil {
				t.Errorf("insert %s: %v", name, err)
			}
		}
	})
	known := map[string]int{}
	_, err := d.Load(func() error {
		rows, err := d.Users().List(t.Context())
		for _, r := range rows {
			known[r.Name]++
		}
		return err
	}, func(c Change) { known[c.Row.(User).Name]++ })
	ok(t, err)
	writers.Wait()
	want := map[string]int{"a": 1, "b": 1, "c": 1, "d": 1, "e": 1, "f": 1}
	if !reflect.DeepEqual(known, want) {
		t.Fatalf("got %v, want each once", known)
	}
	_, err = d.Load(func() error { return errors.New("no") }, func(Change) { t.Error("told after a failed Load") })
	if err == nil {
		t.Fatal("got no error from a Load that failed")
	}
	ok(t, d.Users().SetAdmin(t.Context(), "u-a", true))
}

func TestManyReadAndWriteAtOnce(t *testing.T) {
	d := fresh(t)
	ok(t, d.Users().Insert(t.Context(), user("ada")))
	var all sync.WaitGroup
	for range 8 {
		all.Go(func() {
			for i := range 20 {
				if err := d.Users().SetActive(t.Context(), "u-ada", i%2 == 0); err != nil {
					t.Errorf("write: %v", err)
				}
				if _, err := d.Users().List(t.Context()); err != nil {
					t.Errorf("read: %v", err)
				}
			}
		})
	}
	all.Wait()
}
