package db

import (
	"fmt"
	"net/url"
	"os"
	"path/filepath"
	"time"

	"github.com/libtnb/sqlite"
	"gorm.io/gorm"
	"gorm.io/gorm/logger"
)

// busyTimeout is how long a connection waits for another process's lock, such as that of a backup tool.
const busyTimeout = 10 * time.Second

// openWriter opens the one connection that writes. It is one because SQLite has one writer at a time anyway: a queue
// in the process is fair and never answers "database is locked".
func openWriter(path string) (*gorm.DB, error) {
	// The file is made here so that it, and the -wal and -shm files that take over its mode, are private.
	f, err := os.OpenFile(path, os.O_RDWR|os.O_CREATE, 0o600)
	if err != nil {
		return nil, err
	}
	if err := f.Close(); err != nil {
		return nil, err
	}
	q := pragmas("journal_mode(WAL)", "foreign_keys(1)", "synchronous(FULL)")
	// immediate: a transaction that will write takes the lock at its begin, not in its middle where it could only fail.
	q.Set("_txlock", "immediate")
	return open(path, q, 1)
}

// openReaders opens a pool of connections that cannot write.
func openReaders(path string, n int) (*gorm.DB, error) {
	q := pragmas("query_only(1)")
	q.Set("mode", "ro")
	return open(path, q, n)
}

func pragmas(list ...string) url.Values {
	list = append(list, fmt.Sprintf("busy_timeout(%d)", busyTimeout.Milliseconds()))
	return url.Values{"_pragma": list, "_timezone": {"UTC"}}
}

func open(path string, q url.Values, conns int) (*gorm.DB, error) {
	abs, err := filepath.Abs(path)
	if err != nil {
		return nil, err
	}
	// A file: URI escapes what would else end the name: '?', '#' and '%'.
	uri := url.URL{Scheme: "file", Path: abs, RawQuery: q.Encode()}
	g, err := gorm.Open(sqlite.Open(uri.String()), config(true))
	if err != nil {
		return nil, err
	}
	pool, err := g.DB()
	if err != nil {
		return nil, err
	}
	pool.SetMaxOpenConns(conns)
	pool.SetMaxIdleConns(conns)
	return g, nil
}

// statements is how many prepared statements a pool keeps: more than the program has, though lists of ids of each length
// make one.
const statements = 500

// forever is what the library takes for no end of a prepared statement's time. With any other it starts a goroutine that
// outlives the database.
const forever = 10 * 365 * 24 * time.Hour

// config is how the library is used over either database. prepare has it keep prepared statements.
func config(prepare bool) *gorm.Config {
	return &gorm.Config{
		Logger:                 logger.Discard, // errors are returned, and rows hold what no log may show
		SkipDefaultTransaction: true,
		TranslateError:         true,
		PrepareStmt:            prepare,
		PrepareStmtMaxSize:     statements,
		PrepareStmtTTL:         forever,
	}
}

func closeConn(g *gorm.DB) error {
	pool, err := g.DB()
	if err != nil {
		return err
	}
	return pool.Close()
}
