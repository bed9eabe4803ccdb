// Package pgtest gives tests databases on a PostgreSQL server. The server is that of JETON_TEST_POSTGRES (the URL of an
// administrator), or else Debian's, which is started once for a test process and ends with it. Without PostgreSQL the
// tests fail and say what to install: none is skipped. It knows nothing of Jeton's tables; db/dbtest is for those.
package pgtest

import (
	"context"
	"fmt"
	"sync"
	"testing"

	"github.com/jackc/pgx/v5"
)

// Empty makes a database without tables, with options behind CREATE DATABASE: "" or, say, ENCODING 'LATIN1'. It is removed
// when the test ends. The answer is its URL.
func Empty(t testing.TB, options string) string {
	t.Helper()
	s := server(t)
	name, err := s.create(options)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { Do(t, s.URL, "DROP DATABASE "+name+" WITH (FORCE)") })
	return s.At(name)
}

func server(t testing.TB) *Server {
	t.Helper()
	s, err := started()
	if err != nil {
		t.Fatalf("PostgreSQL for tests: %v", err)
	}
	return s
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

// Pool lends databases with tables to one test after the other: what a test has written is removed, and that is much
// quicker than another database. It may be shared.
type Pool struct {
	// Prepare makes the tables of a new database.
	Prepare func(url string) error

	mu sync.Mutex
	// free are databases that no test has; mu guards it.
	free []string
}

// Lend is the URL of a database as Prepare has left it. No other test has it until this one ends. The test may do with its
// rows what it likes; whoever changes its tables takes an Empty one.
func (p *Pool) Lend(t testing.TB) string {
	t.Helper()
	at, err := p.take(server(t))
	if err != nil {
		t.Fatalf("make a database: %v", err)
	}
	t.Cleanup(func() {
		if err := do(at, forget); err != nil {
			t.Errorf("empty the test's database: %v", err)
			return
		}
		p.mu.Lock()
		defer p.mu.Unlock()
		p.free = append(p.free, at)
	})
	return at
}

func (p *Pool) take(s *Server) (string, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if n := len(p.free); n > 0 {
		at := p.free[n-1]
		p.free = p.free[:n-1]
		return at, nil
	}
	name, err := s.create("TEMPLATE template0")
	if err != nil {
		return "", err
	}
	at := s.At(name)
	if err := p.Prepare(at); err != nil {
		return "", err
	}
	return at, do(at, remember)
}

// remember keeps the rows that migrations have made in a schema beside; forget ends whoever is still connected, removes all
// rows and puts those back.
const (
	remember = `
CREATE SCHEMA kept;
DO $$ DECLARE t TEXT; BEGIN
	FOR t IN SELECT tablename FROM pg_tables WHERE schemaname = 'public' LOOP
		EXECUTE format('CREATE TABLE kept.%I AS TABLE public.%I', t, t);
	END LOOP;
END $$`
	forget = `
SELECT pg_terminate_backend(pid, 1000) FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid();
SET session_replication_role = replica;
DO $$ DECLARE t TEXT; BEGIN
	EXECUTE (SELECT 'TRUNCATE ' || string_agg(format('public.%I', tablename), ', ') FROM pg_tables WHERE schemaname = 'public');
	FOR t IN SELECT tablename FROM pg_tables WHERE schemaname = 'kept' LOOP
		EXECUTE format('INSERT INTO public.%I OVERRIDING SYSTEM VALUE SELECT * FROM kept.%I', t, t);
	END LOOP;
END $$`
)
