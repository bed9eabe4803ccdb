// Package db keeps what Jeton knows about people, tokens and repositories in one relational database: SQLite in a file
// of the data folder, or a database on a PostgreSQL server. It opens and migrates the database and holds one small store of queries for each table.
//
//	DB ── Users() UserGroups() Groups() Repositories() OldNames() Permissions() Rules() Locks() Tokens() SSHKeys() Plugins() Identities() Settings() Watches() CommitComments() CommitStatuses() Journal() Cursors() Audit() Hooks() Deliveries()
//	 │         reads go to a pool of read-only connections
//	 └─ Write(ctx, func(tx *Tx) error)   one transaction on the one connection that writes; synced when it returns
//	         └─► Changes ─► whoever Subscribed, before Write returns
//
// Whoever keeps rows in memory (tokens, permissions) hears of every committed change before the call that made it returns:
// what was revoked is refused from the next request on, without a query where one process owns the database. Several may
// use one on a PostgreSQL server: Fresh then asks, by one query, whether another has changed anything (shared.go).
//
// Rows are plain structs; no type of the libraries underneath leaves this package, and it imports nothing of ours.
// The SQL in migrations/ and the queries use only what both databases can do.
package db

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/pressly/goose/v3"
	"gorm.io/gorm"
)

// DB is an open database. It is safe for concurrent use.
type DB struct {
	read  *gorm.DB
	write *gorm.DB
	clock clock

	// writing holds one token: whoever has put it there runs a transaction, and tells its changes before taking it out,
	// so that they are heard in commit order. It is a channel and not a mutex so that a context can end the wait.
	writing chan struct{}

	// mu guards listeners.
	mu        sync.Mutex
	listeners map[int]listener
	nextID    int

	types toldTypes
	// shared is nil with SQLite, which one process owns.
	shared *shared
}

// Options tell Open where the database is.
type Options struct {
	// Path is the database file; it is made when it is not there, readable by its owner alone. Its folder must exist.
	Path string
	// URL, where it is not empty, names a database on a PostgreSQL server instead, which other processes may use too:
	// postgres://USER:PASSWORD@HOST:PORT/DATABASE.
	URL string
	// Node, with URL, is the id of the data folder that this process works on. Repositories that it makes lie there, and
	// it sees the open and ended pushes of these alone; "" sees all.
	Node string
	// Readers is how many read-only connections there may be; 0 means 4.
	Readers int
	// Cache is how long an answer of Fresh may be used again; 0 asks each time.
	Cache time.Duration
	// Timeout is how long the question of Fresh may take; 0 means 5 s.
	Timeout time.Duration
}

// Open opens the database and brings its tables to this program's version. It fails with ErrNewer where a later
// version of Jeton has changed the tables, and with ErrUnreachable where the server does not answer. No error shows the
// URL's password.
func Open(ctx context.Context, o Options) (*DB, error) {
	if o.Readers <= 0 {
		o.Readers = 4
	}
	if o.Timeout <= 0 {
		o.Timeout = 5 * time.Second
	}
	if o.URL != "" {
		return openShared(ctx, o)
	}
	write, err := openWriter(o.Path)
	if err != nil {
		return nil, fmt.Errorf("open database %s: %w", o.Path, err)
	}
	if _, err := migrate(ctx, write, goose.DialectSQLite3); err != nil {
		return nil, errors.Join(fmt.Errorf("prepare database %s: %w", o.Path, err), closeConn(write))
	}
	read, err := openReaders(o.Path, o.Readers)
	if err != nil {
		return nil, errors.Join(fmt.Errorf("open database %s for reading: %w", o.Path, err), closeConn(write))
	}
	d := newDB(read, write)
	if err := d.resume(ctx); err != nil {
		return nil, errors.Join(fmt.Errorf("read the records' ends in %s: %w", o.Path, err), d.Close())
	}
	return d, nil
}

func newDB(read, write *gorm.DB) *DB {
	return &DB{read: read, write: write, writing: make(chan struct{}, 1), listeners: map[int]listener{}, types: newToldTypes()}
}

// openShared opens a database on a PostgreSQL server.
func openShared(ctx context.Context, o Options) (*DB, error) {
	version, err := migratePostgres(ctx, o.URL)
	if err != nil {
		return nil, fmt.Errorf("open the PostgreSQL database: %w", advise(err))
	}
	write, err := postgresWriter(o.URL)
	if err != nil {
		return nil, fmt.Errorf("open the PostgreSQL database: %w", err)
	}
	read, err := postgresReaders(o.URL, o.Readers)
	if err != nil {
		return nil, errors.Join(fmt.Errorf("open the PostgreSQL database for reading: %w", err), closeConn(write))
	}
	d := newDB(read, write)
	d.shared = &shared{node: o.Node, version: version, types: d.types, cache: o.Cache, timeout: o.Timeout, keep: 10_000, keepFor: time.Hour}
	h, err := readHead(ctx, d.read)
	if err == nil {
		d.shared.position = h.Number
		d.clock.resumeAt(h.Instant)
		err = d.resume(ctx)
	}
	if err != nil {
		return nil, errors.Join(fmt.Errorf("read the PostgreSQL database: %w", advise(err)), d.Close())
	}
	return d, nil
}

// resume has new entries of the records sort behind all that are there, wherever the machine's clock stands now.
func (d *DB) resume(ctx context.Context) error {
	for _, last := range []struct {
		row any
		id  string
	}{{&JournalEntry{}, "id"}, {&JournalEntry{}, "ended_id"}, {&JournalCursor{}, "position"}, {&AuditEntry{}, "id"}, {&CommitComment{}, "id"}} {
		var ids []string
		if err := d.reader(ctx).Model(last.row).Order(last.id+" DESC").Limit(1).Pluck(last.id, &ids).Error; err != nil {
			return translate(err)
		}
		if len(ids) > 0 {
			d.clock.resume(ids[0])
		}
	}
	return nil
}

// Close waits for the transaction in progress and closes all connections.
func (d *DB) Close() error {
	d.writing <- struct{}{}
	defer d.unlock()
	return errors.Join(closeConn(d.read), closeConn(d.write))
}

// lock waits for the turn to write.
func (d *DB) lock(ctx context.Context) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	select {
	case d.writing <- struct{}{}:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

func (d *DB) unlock() { <-d.writing }

func (d *DB) reader(ctx context.Context) *gorm.DB { return d.read.WithContext(ctx) }

func (d *DB) still(ctx context.Context, fn func(*gorm.DB) error) error {
	return d.reader(ctx).Transaction(fn, &sql.TxOptions{Isolation: sql.LevelRepeatableRead, ReadOnly: true})
}

func (d *DB) inTx(ctx context.Context, fn func(*Tx) error) error { return d.Write(ctx, fn) }

func (d *DB) order() *clock { return &d.clock }

// Users is the store of the users table.
func (d *DB) Users() Users { return Users{d} }

// Repositories is the store of the repositories table.
func (d *DB) Repositories() Repositories { return Repositories{d} }

// Groups is the store of the repository_groups table.
func (d *DB) Groups() Groups { return Groups{d} }

// OldNames is the store of the old_names table.
func (d *DB) OldNames() OldNames { return OldNames{d} }

// UserGroups is the store of the user_groups and user_group_members tables.
func (d *DB) UserGroups() UserGroups { return UserGroups{d} }

// Permissions is the store of the permissions table.
func (d *DB) Permissions() Permissions { return Permissions{d} }

// Rules is the store of the repository_rules table.
func (d *DB) Rules() Rules { return Rules{d} }

// Remotes is the store of the remotes and remote_keys tables.
func (d *DB) Remotes() Remotes { return Remotes{d} }

// Locks is the store of the repository_locks table.
func (d *DB) Locks() Locks { return Locks{d} }

// Tokens is the store of the tokens and token_repositories tables.
func (d *DB) Tokens() Tokens { return Tokens{d} }

// SSHKeys is the store of the ssh_keys table.
func (d *DB) SSHKeys() SSHKeys { return SSHKeys{d} }

// Plugins is the store of the auth_plugins table.
func (d *DB) Plugins() Plugins { return Plugins{d} }

// Identities is the store of the user_identities table.
func (d *DB) Identities() Identities { return Identities{d} }

// Nodes is the store of the repository_nodes table.
func (d *DB) Nodes() Nodes { return Nodes{d} }

// node is the id of this process's data folder; "" where it sees everything.
func (d *DB) node() string {
	if d.shared == nil {
		return ""
	}
	return d.shared.node
}

// Settings is the store of the settings table.
func (d *DB) Settings() Settings { return Settings{d} }

// Watches is the store of the watches table.
func (d *DB) Watches() Watches { return Watches{d} }

// CommitComments is the store of the commit_comments table.
func (d *DB) CommitComments() CommitComments { return CommitComments{d} }

// CommitStatuses is the store of the commit_statuses table.
func (d *DB) CommitStatuses() CommitStatuses { return CommitStatuses{d} }

// Journal is the store of the push_journal table.
func (d *DB) Journal() Journal { return Journal{d} }

// Hooks is the store of the hooks table.
func (d *DB) Hooks() Hooks { return Hooks{d} }

// Deliveries is the store of the hook_events and hook_deliveries tables.
func (d *DB) Deliveries() Deliveries { return Deliveries{d} }

// Cursors is the store of the journal_cursors table.
func (d *DB) Cursors() Cursors { return Cursors{d} }

// Audit is the store of the audit table.
func (d *DB) Audit() Audit { return Audit{d} }
