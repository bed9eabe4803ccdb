// Package dbtest gives tests a database of each kind: SQLite in a folder of the test, and one of its own on a PostgreSQL
// server. The server is that of JETON_TEST_POSTGRES (the URL of an administrator), or else Debian's, which is started once
// for a test process and ends with it. Without PostgreSQL the tests fail and say what to install: none is skipped.
//
//	dbtest.Each(t, func(t *testing.T, open func() *db.DB) {
//		d := open()
//		…
//	})
//
// A database on the server is emptied after its test and serves the next one, which costs some hundredths of a second.
package dbtest

import (
	"context"
	"fmt"
	"path/filepath"
	"testing"

	"github.com/jackc/pgx/v5"

	"jeton/db"
)

// Each runs a subtest with each kind of database. The first call of open makes the database; further ones open the same
// once more, as a restart does or, on PostgreSQL, another node. What was opened is closed when the subtest ends.
func Each(t *testing.T, test func(t *testing.T, open func() *db.DB)) {
	t.Helper()
	t.Run("sqlite", func(t *testing.T) {
		path := filepath.Join(t.TempDir(), "jeton.db")
		test(t, func() *db.DB { return Open(t, db.Options{Path: path}) })
	})
	t.Run("postgres", func(t *testing.T) {
		at := URL(t)
		test(t, func() *db.DB { return Open(t, db.Options{URL: at}) })
	})
}

// Open opens a database and closes it when the test ends.
func Open(t testing.TB, o db.Options) *db.DB {
	t.Helper()
	d, err := db.Open(t.Context(), o)
	if err != nil {
		t.Fatalf("open the test's database: %v", err)
	}
	t.Cleanup(func() { d.Close() })
	return d
}

// URL is the address of a database on the PostgreSQL server with all tables, as a new one has them. No other test has it
// until this one ends. The test may do with its rows what it likes; whoever changes its tables takes an Empty one.
func URL(t testing.TB) string {
	t.Helper()
	at, err := lend()
	if err != nil {
		t.Fatalf("PostgreSQL for tests: %v", err)
	}
	t.Cleanup(func() {
		if err := takeBack(at); err != nil {
			t.Errorf("empty the test's database: %v", err)
		}
	})
	return at
}

// Empty makes a database without tables, with options behind CREATE DATABASE: "" or, say, ENCODING 'LATIN1'. It is removed
// when the test ends.
func Empty(t testing.TB, options string) string {
	t.Helper()
	s, err := started()
	if err != nil {
		t.Fatalf("PostgreSQL for tests: %v", err)
	}
	name, err := s.create(options)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { Do(t, s.URL, "DROP DATABASE "+name+" WITH (FORCE)") })
	return s.At(name)
}

// Do runs statements of SQL on a database as its administrator, one after the other.
func Do(t testing.TB, at string, statements ...string) {
	t.Helper()
	if err := do(at, statements...); err != nil {
		t.Fatalf("got error %v, want none", err)
	}
}

func do(at string, statements ...string) error {
	ctx := context.Background()
	c, err := pgx.Connect(ctx, at)
	if err != nil {
		return fmt.Errorf("connect as administrator: %w", err)
	}
	defer c.Close(ctx)
	for _, q := range statements {
		if _, err := c.PgConn().Exec(ctx, q).ReadAll(); err != nil {
			return fmt.Errorf("%s: %w", q, err)
		}
	}
	return nil
}
