package db

import (
	"context"
	"database/sql/driver"
	"errors"
	"fmt"
	"io"
	"net"
	"net/url"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/stdlib"
	"gorm.io/driver/postgres"
	"gorm.io/gorm"
)

// oldestPostgres is the oldest version of PostgreSQL that is served, as its server_version_num: the one that is tested.
const oldestPostgres = 150000

// connectTimeout is how long a connection may take to come about where the URL does not say (connect_timeout).
const connectTimeout = 5 * time.Second

// turnTimeout is how long a writer waits for those of other processes, and silenceTimeout how long one that holds them up
// may be silent before the server ends it: a node that was cut off within a transaction.
const (
	turnTimeout    = 30 * time.Second
	silenceTimeout = 60 * time.Second
)

// postgresConfig reads a URL. Its errors do not show the URL, which may hold a password.
func postgresConfig(raw string) (*pgx.ConnConfig, error) {
	if u, err := url.Parse(raw); err != nil || u.Scheme != "postgres" && u.Scheme != "postgresql" {
		return nil, errors.New("the address is not of the form postgres://USER:PASSWORD@HOST:PORT/DATABASE")
	}
	c, err := pgx.ParseConfig(raw)
	if err != nil {
		return nil, errors.New("the address cannot be read; it has the form postgres://USER:PASSWORD@HOST:PORT/DATABASE?sslmode=verify-full")
	}
	if c.ConnectTimeout == 0 {
		c.ConnectTimeout = connectTimeout
	}
	c.RuntimeParams["application_name"] = "jeton"
	c.RuntimeParams["timezone"] = "UTC"
	return c, nil
}

// openPostgres opens a pool of connections, none of which is made yet. parameters are those of each session.
func openPostgres(raw string, conns int, parameters map[string]string) (*gorm.DB, error) {
	c, err := postgresConfig(raw)
	if err != nil {
		return nil, err
	}
	for name, value := range parameters {
		c.RuntimeParams[name] = value
	}
	pool := stdlib.OpenDB(*c)
	pool.SetMaxOpenConns(conns)
	pool.SetMaxIdleConns(conns)
	pool.SetConnMaxIdleTime(10 * time.Minute)
	// pgx prepares and keeps statements itself, on each connection.
	g, err := gorm.Open(postgres.New(postgres.Config{Conn: pool}), config(false))
	if err != nil {
		return nil, errors.Join(err, pool.Close())
	}
	return g, nil
}

// postgresWriter has one connection, as SQLite's writer has: a queue in the process is fair, and takes no more than one of
// the server's connections.
func postgresWriter(raw string) (*gorm.DB, error) {
	return openPostgres(raw, 1, map[string]string{
		"lock_timeout":                        fmt.Sprint(turnTimeout.Milliseconds()),
		"idle_in_transaction_session_timeout": fmt.Sprint(silenceTimeout.Milliseconds()),
	})
}

// postgresReaders cannot write.
func postgresReaders(raw string, n int) (*gorm.DB, error) {
	return openPostgres(raw, n, map[string]string{"default_transaction_read_only": "on"})
}

// inspect tells what is wrong with a server before anything is done on it.
func inspect(ctx context.Context, g *gorm.DB) error {
	var server struct {
		Version  int
		Name     string
		Encoding string
		Standby  bool
	}
	err := g.WithContext(ctx).Raw(`SELECT current_setting('server_version_num')::int AS version, current_setting('server_version') AS name,
		current_setting('server_encoding') AS encoding, pg_is_in_recovery() AS standby`).Scan(&server).Error
	switch {
	case err != nil:
		return err
	case server.Version < oldestPostgres:
		return fmt.Errorf("the server is PostgreSQL %s; Jeton needs version %d or later", server.Name, oldestPostgres/10000)
	case server.Encoding != "UTF8":
		return fmt.Errorf("the database's encoding is %s; make one with: CREATE DATABASE … ENCODING 'UTF8' TEMPLATE template0", server.Encoding)
	case server.Standby:
		return errors.New("the server is a standby, which cannot write; name the primary")
	}
	return nil
}

// bytewise has every text column compare and sort by bytes, as SQLite does, whatever the database's own collation is:
// ids that sort must sort alike everywhere. New columns alone are changed.
func bytewise(ctx context.Context, g *gorm.DB) error {
	return g.WithContext(ctx).Exec(`DO $$ DECLARE c RECORD; BEGIN
		FOR c IN SELECT attrelid::regclass AS t, attname AS name FROM pg_attribute JOIN pg_class ON pg_class.oid = attrelid
			WHERE relnamespace = current_schema()::regnamespace AND relkind = 'r' AND attnum > 0 AND NOT attisdropped
			AND atttypid = 'text'::regtype AND attcollation <> '"C"'::regcollation LOOP
			EXECUTE format('ALTER TABLE %s ALTER COLUMN %I TYPE TEXT COLLATE "C"', c.t, c.name);
		END LOOP;
	END $$`).Error
}

// advise puts what to do before an error of opening. The library's errors name host, user and database, no password.
func advise(err error) error {
	var said *pgconn.PgError
	var connecting *pgconn.ConnectError
	switch {
	case err == nil:
		return nil
	case errors.As(err, &said):
		if advice := advices[said.Code]; advice != "" {
			return fmt.Errorf("%s: %w", advice, err)
		}
	case errors.As(err, &connecting):
		return fmt.Errorf("%w: is PostgreSQL running there, and does it listen? %w", ErrUnreachable, err)
	}
	return err
}

// advices are by PostgreSQL's error codes (appendix A of its manual).
var advices = map[string]string{
	"28P01": "the server refuses the password in db.url",
	"28000": "the server does not let this user in from here (pg_hba.conf)",
	"3D000": "make the database first (CREATE DATABASE), owned by the user in db.url",
	"42501": "the user in db.url may not make tables; make it the database's owner",
}

// noText reports whether a value was none that the server keeps as text.
func noText(err error) bool {
	var said *pgconn.PgError
	return errors.As(err, &said) && said.Code == "22021"
}

// lost reports whether an error means that the server was not there to answer, or could not do it now.
func lost(err error) bool {
	var said *pgconn.PgError
	if errors.As(err, &said) {
		switch said.Code {
		case "25006", "55P03", "53300", "57P01", "57P02", "57P03", "57P05": // a standby; a lock; too many; ending or beginning
			return true
		}
		return strings.HasPrefix(said.Code, "08") || strings.HasPrefix(said.Code, "53") || strings.HasPrefix(said.Code, "58")
	}
	var connecting *pgconn.ConnectError
	var network *net.OpError
	return errors.As(err, &connecting) || errors.As(err, &network) || pgconn.Timeout(err) || pgconn.SafeToRetry(err) ||
		errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) || errors.Is(err, driver.ErrBadConn) || errors.Is(err, net.ErrClosed)
}

// stale reports whether an error came of a connection that had ended before it was used, such as when the server was
// started anew: another one may do.
func stale(err error) bool {
	var said *pgconn.PgError
	if errors.As(err, &said) {
		return said.Code == "57P01" // the farewell of a server that ends, read where an answer was awaited
	}
	var connecting *pgconn.ConnectError
	return lost(err) && !errors.As(err, &connecting) && !pgconn.Timeout(err)
}

// retries is how often a stale connection is replaced at most: no pool has more.
const retries = 16

// alive calls fn again where a connection of the pool was stale and fn says that it has done nothing yet.
func alive(fn func() (done bool, err error)) error {
	done, err := fn()
	for range retries {
		if done || err == nil || !stale(err) {
			break
		}
		done, err = fn()
	}
	return err
}
