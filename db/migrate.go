package db

import (
	"context"
	"database/sql"
	"embed"
	"errors"
	"fmt"
	"io/fs"

	"github.com/pressly/goose/v3"
	"gorm.io/gorm"
)

//go:embed migrations/*.sql
var migrations embed.FS

// migrate brings the tables to the newest version that this program knows, each step in a transaction of its own. It
// answers that version.
func migrate(ctx context.Context, g *gorm.DB, dialect goose.Dialect) (int64, error) {
	pool, err := g.DB()
	if err != nil {
		return 0, err
	}
	p, err := steps(pool, dialect)
	if err != nil {
		return 0, err
	}
	have, known, err := p.GetVersions(ctx)
	if err != nil {
		return 0, fmt.Errorf("read the database's version: %w", err)
	}
	if have > known {
		return 0, newer(have, known)
	}
	if _, err := p.Up(ctx); err != nil {
		return 0, fmt.Errorf("change the tables from version %d to %d: %w", have, known, err)
	}
	return known, nil
}

// steps are the migrations, as the library runs them over one database.
func steps(pool *sql.DB, dialect goose.Dialect) (*goose.Provider, error) {
	files, err := fs.Sub(migrations, "migrations")
	if err != nil {
		return nil, err
	}
	p, err := goose.NewProvider(dialect, pool, files, goose.WithDisableGlobalRegistry(true))
	if err != nil {
		return nil, fmt.Errorf("read migrations: %w", err)
	}
	return p, nil
}

func newer(have, known int64) error {
	return fmt.Errorf("%w: its tables are of version %d and this program knows %d; "+
		"start the version of Jeton that wrote it, or a later one", ErrNewer, have, known)
}

// migratePostgres does so over a server, with the turn to write held throughout, so that of several nodes that start at
// once one changes the tables and no other node writes meanwhile.
func migratePostgres(ctx context.Context, raw string) (version int64, err error) {
	g, err := openPostgres(raw, 2, nil) // one holds the turn, the other works
	if err != nil {
		return 0, err
	}
	defer func() { err = errors.Join(err, closeConn(g)) }()
	if err := inspect(ctx, g); err != nil {
		return 0, err
	}
	pool, err := g.DB()
	if err != nil {
		return 0, err
	}
	held, err := pool.Conn(ctx)
	if err != nil {
		return 0, err
	}
	defer held.Close() // a session's lock ends with its connection
	if _, err := held.ExecContext(ctx, "SELECT pg_advisory_lock($1)", turnKey); err != nil {
		return 0, fmt.Errorf("wait for other nodes: %w", err)
	}
	defer func() {
		_, unlock := held.ExecContext(context.WithoutCancel(ctx), "SELECT pg_advisory_unlock($1)", turnKey)
		err = errors.Join(err, unlock)
	}()
	if version, err = migrate(ctx, g, goose.DialectPostgres); err != nil {
		return 0, err
	}
	return version, bytewise(ctx, g)
}
