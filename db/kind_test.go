package db

import (
	"context"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"github.com/pressly/goose/v3"

	"jeton/db/pgtest"
)

// onPostgres is the kind of database that all tests of this package run on: they run once with each.
var onPostgres bool

func TestMain(m *testing.M) {
	if at := os.Getenv(crashPath); at != "" {
		writeUntilKilled(at)
		return
	}
	if at := os.Getenv(silentURL); at != "" {
		commitAndDie(at)
		return
	}
	flag.Parse()
	given := flag.Lookup("test.skip")
	mine := given.Value.String() == ""
	if mine {
		_ = given.Value.Set("^(Test|Benchmark)Shared") // what several processes share is on PostgreSQL alone
	}
	code := m.Run()
	if code == 0 {
		fmt.Println("== once more, on PostgreSQL")
		onPostgres = true
		if mine {
			_ = given.Value.Set("")
		}
		code = m.Run()
	}
	os.Exit(code)
}

// at is where the database is that a test calls by a path: there, or on the server.
func at(t testing.TB, path string) Options {
	t.Helper()
	if !onPostgres {
		return Options{Path: path}
	}
	if url, known := places.Load(path); known {
		return Options{URL: url.(string)}
	}
	url := pool.Lend(t)
	places.Store(path, url)
	return Options{URL: url}
}

// places are the URLs of databases by the paths that tests call them; no path is used twice.
var places sync.Map

var pool = pgtest.Pool{Prepare: func(url string) error {
	d, err := Open(context.Background(), Options{URL: url})
	if err != nil {
		return err
	}
	return d.Close()
}}

// fresh opens a new database.
func fresh(t testing.TB) *DB {
	t.Helper()
	return reopen(t, filepath.Join(t.TempDir(), "jeton.db"))
}

func reopen(t testing.TB, path string) *DB {
	t.Helper()
	d, err := Open(context.Background(), at(t, path))
	if err != nil {
		t.Fatalf("Open(%s): %v", path, err)
	}
	t.Cleanup(func() { d.Close() })
	return d
}

// older makes a database with the tables of an earlier version, in which statements are run; it answers its path.
func older(t *testing.T, version int64, statements ...string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "jeton.db")
	dialect := goose.DialectSQLite3
	g, err := openWriter(path)
	if onPostgres {
		dialect = goose.DialectPostgres
		// A schema is made more quickly than a database.
		url, schema := pool.Lend(t), strings.ToLower("older_"+NewID())
		pgtest.Do(t, url, "CREATE SCHEMA "+schema)
		t.Cleanup(func() { pgtest.Do(t, url, "DROP SCHEMA "+schema+" CASCADE") })
		url += "&search_path=" + schema
		places.Store(path, url)
		g, err = openPostgres(url, 2, nil)
	}
	ok(t, err)
	sqlPool, err := g.DB()
	ok(t, err)
	p, err := steps(sqlPool, dialect)
	ok(t, err)
	_, err = p.UpTo(t.Context(), version)
	ok(t, err)
	for _, q := range statements {
		ok(t, g.Exec(q).Error)
	}
	ok(t, closeConn(g))
	return path
}
