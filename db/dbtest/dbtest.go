// Package dbtest gives tests a database of each kind: SQLite in a folder of the test, and one of its own on a PostgreSQL
// server (db/pgtest says on which).
//
//	dbtest.Each(t, func(t *testing.T, open func() *db.DB) {
//		d := open()
//		…
//	})
package dbtest

import (
	"context"
	"os"
	"path/filepath"
	"sync"
	"testing"

	"jeton/db"
	"jeton/db/pgtest"
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
	d, err := db.Open(context.Background(), o)
	if err != nil {
		t.Fatalf("open the test's database: %v", err)
	}
	t.Cleanup(func() { d.Close() })
	return d
}

// URL is the address of a database on PostgreSQL with all tables, which no other test has until this one ends.
func URL(t testing.TB) string {
	t.Helper()
	return pool.Lend(t)
}

// pool guards itself; its databases outlive each test so that the next is quick.
var pool = pgtest.Pool{Prepare: func(url string) error {
	d, err := db.Open(context.Background(), db.Options{URL: url})
	if err != nil {
		return err
	}
	return d.Close()
}}

// New is a database of SQLite with all tables and nothing in them, in a file of its own. The tables are made once for all
// tests of a package, and copied.
func New(t testing.TB) *db.DB {
	t.Helper()
	content, err := empty()
	if err != nil {
		t.Fatalf("make the tables of the tests' databases: %v", err)
	}
	path := filepath.Join(t.TempDir(), "jeton.db")
	if err := os.WriteFile(path, content, 0o600); err != nil {
		t.Fatal(err)
	}
	return Open(t, db.Options{Path: path})
}

// empty is the file of a database with all tables.
var empty = sync.OnceValues(func() ([]byte, error) {
	dir, err := os.MkdirTemp("", "jeton-dbtest-")
	if err != nil {
		return nil, err
	}
	defer os.RemoveAll(dir)
	path := filepath.Join(dir, "jeton.db")
	d, err := db.Open(context.Background(), db.Options{Path: path})
	if err != nil {
		return nil, err
	}
	if err := d.Close(); err != nil {
		return nil, err
	}
	return os.ReadFile(path)
})
