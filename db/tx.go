package db

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"

	"gorm.io/gorm"
)

// conn is what a store works on: the database itself, or one transaction.
type conn interface {
	reader(ctx context.Context) *gorm.DB
	// still runs fn over one state of the database, whatever others write meanwhile.
	still(ctx context.Context, fn func(*gorm.DB) error) error
	inTx(ctx context.Context, fn func(*Tx) error) error
	order() *clock
	node() string
}

// Change tells that a row was written. Row is the row as it stands now (a User, UserGroup, UserGroupMember, Group,
// Repository, OldName, Permission, RepositoryRules, RepositoryLock, Token, SSHKey, Plugin, Identity, Watch or Setting, by value); where Deleted is set it
// holds at least the row's key. Rows that
// went along because they referred to a deleted one are not told one by one, and neither are push_journal,
// journal_cursors, audit, hooks with what they are told, and a token's last use.
type Change struct {
	Row     any
	Deleted bool
}

// listener is somebody who keeps rows in memory.
type listener struct {
	// read reads them anew; nil where only changes are heard.
	read func() error
	fn   func(Change)
}

// Subscribe has fn called with every change after its commit and before the writing call returns, one at a time and in
// order; who subscribed first hears it first. fn must be quick, must not fail and must not write to the database. The result ends the subscription.
// Of what other processes change on a PostgreSQL server it hears by Fresh and before each transaction.
func (d *DB) Subscribe(fn func(Change)) (cancel func()) { return d.subscribe(listener{fn: fn}) }

func (d *DB) subscribe(l listener) (cancel func()) {
	d.mu.Lock()
	defer d.mu.Unlock()
	id := d.nextID
	d.nextID++
	d.listeners[id] = l
	return func() {
		d.mu.Lock()
		defer d.mu.Unlock()
		delete(d.listeners, id)
	}
}

// Load runs read and then subscribes fn, with no change lost or told twice between the two. read is called again, while
// what it keeps is in use, where a process has lost touch with the changes of others: it puts what it reads in the place
// of all that was there.
func (d *DB) Load(read func() error, fn func(Change)) (cancel func(), err error) {
	err = d.turn(context.Background(), func(*Tx) error {
		if err := read(); err != nil {
			return err
		}
		cancel = d.subscribe(listener{read: read, fn: fn})
		return nil
	})
	return cancel, err
}

// Tx is one transaction. It offers the same stores as DB, for the function that Write calls and no longer.
type Tx struct {
	g       *gorm.DB
	clock   *clock
	changes []Change
	// head is what stood before this transaction, where other processes write too; of is this process's node there.
	head head
	of   string
}

// Write runs fn in one transaction: all that it does through tx is done and synced when Write returns nil, else
// nothing is. fn must use tx's stores alone: a write through the DB itself would wait for fn for ever.
func (d *DB) Write(ctx context.Context, fn func(tx *Tx) error) error { return d.turn(ctx, fn) }

// turn runs fn in a transaction, of which there is one at a time: in this process, and on a PostgreSQL server in all.
func (d *DB) turn(ctx context.Context, fn func(tx *Tx) error) error {
	if err := d.lock(ctx); err != nil {
		return err
	}
	defer d.unlock()
	tx := &Tx{clock: &d.clock}
	err := alive(func() (begun bool, err error) {
		err = d.write.WithContext(ctx).Transaction(func(g *gorm.DB) error {
			tx.g = g
			if err := d.enter(ctx, tx); err != nil {
				return err
			}
			begun = true
			if err := fn(tx); err != nil {
				return err
			}
			return d.leave(tx)
		})
		return begun, err
	})
	if err != nil {
		return translate(err)
	}
	d.told(tx)
	return nil
}

// all is everybody who listens, in the order in which they began.
func (d *DB) all() []listener {
	d.mu.Lock()
	defer d.mu.Unlock()
	list := make([]listener, 0, len(d.listeners))
	for _, id := range slices.Sorted(maps.Keys(d.listeners)) {
		list = append(list, d.listeners[id])
	}
	return list
}

func (d *DB) tell(changes []Change) {
	if len(changes) == 0 {
		return
	}
	listeners := d.all()
	for _, c := range changes {
		for _, l := range listeners {
			l.fn(c)
		}
	}
}

func (tx *Tx) reader(ctx context.Context) *gorm.DB { return tx.g.WithContext(ctx) }

func (tx *Tx) still(ctx context.Context, fn func(*gorm.DB) error) error { return fn(tx.reader(ctx)) }

func (tx *Tx) inTx(_ context.Context, fn func(*Tx) error) error { return fn(tx) }

func (tx *Tx) order() *clock { return tx.clock }

func (tx *Tx) node() string { return tx.of }

// Nodes is the store of the repository_nodes table.
func (tx *Tx) Nodes() Nodes { return Nodes{tx} }

// wrote remembers a row for the listeners.
func (tx *Tx) wrote(row any) { tx.changes = append(tx.changes, Change{Row: row}) }

// deleted remembers a row that is gone.
func (tx *Tx) deleted(row any) { tx.changes = append(tx.changes, Change{Row: row, Deleted: true}) }

// Users is the store of the users table.
func (tx *Tx) Users() Users { return Users{tx} }

// Repositories is the store of the repositories table.
func (tx *Tx) Repositories() Repositories { return Repositories{tx} }

// Groups is the store of the repository_groups table.
func (tx *Tx) Groups() Groups { return Groups{tx} }

// OldNames is the store of the old_names table.
func (tx *Tx) OldNames() OldNames { return OldNames{tx} }

// UserGroups is the store of the user_groups and user_group_members tables.
func (tx *Tx) UserGroups() UserGroups { return UserGroups{tx} }

// Permissions is the store of the permissions table.
func (tx *Tx) Permissions() Permissions { return Permissions{tx} }

// Rules is the store of the repository_rules table.
func (tx *Tx) Rules() Rules { return Rules{tx} }

// Remotes is the store of the remotes and remote_keys tables.
func (tx *Tx) Remotes() Remotes { return Remotes{tx} }

// Locks is the store of the repository_locks table.
func (tx *Tx) Locks() Locks { return Locks{tx} }

// Tokens is the store of the tokens and token_repositories tables.
func (tx *Tx) Tokens() Tokens { return Tokens{tx} }

// SSHKeys is the store of the ssh_keys table.
func (tx *Tx) SSHKeys() SSHKeys { return SSHKeys{tx} }

// Plugins is the store of the auth_plugins table.
func (tx *Tx) Plugins() Plugins { return Plugins{tx} }

// Settings is the store of the settings table.
func (tx *Tx) Settings() Settings { return Settings{tx} }

// Identities is the store of the user_identities table.
func (tx *Tx) Identities() Identities { return Identities{tx} }

// Watches is the store of the watches table.
func (tx *Tx) Watches() Watches { return Watches{tx} }

// CommitComments is the store of the commit_comments table.
func (tx *Tx) CommitComments() CommitComments { return CommitComments{tx} }

// CommitStatuses is the store of the commit_statuses table.
func (tx *Tx) CommitStatuses() CommitStatuses { return CommitStatuses{tx} }

// Journal is the store of the push_journal table.
func (tx *Tx) Journal() Journal { return Journal{tx} }

// Hooks is the store of the hooks table.
func (tx *Tx) Hooks() Hooks { return Hooks{tx} }

// Deliveries is the store of the hook_events and hook_deliveries tables.
func (tx *Tx) Deliveries() Deliveries { return Deliveries{tx} }

// Cursors is the store of the journal_cursors table.
func (tx *Tx) Cursors() Cursors { return Cursors{tx} }

// Audit is the store of the audit table.
func (tx *Tx) Audit() Audit { return Audit{tx} }

// insert adds one row.
func insert[Row any](ctx context.Context, tx *Tx, row Row) error {
	if err := tx.reader(ctx).Create(&row).Error; err != nil {
		return translate(err)
	}
	tx.wrote(row)
	return nil
}

// update changes columns of the row whose id is given and tells the row as it stands then.
func update[Row any](ctx context.Context, tx *Tx, id string, columns map[string]any) error {
	return updateWith(ctx, tx, id, columns, func(*Row) error { return nil })
}

// updateWith is update for a row that is not told before fill has filled in what no column holds.
func updateWith[Row any](ctx context.Context, tx *Tx, id string, columns map[string]any, fill func(*Row) error) error {
	if err := updateQuietly[Row](ctx, tx, id, columns); err != nil {
		return err
	}
	var row Row
	if err := tx.reader(ctx).Take(&row, "id = ?", id).Error; err != nil {
		return fmt.Errorf("read back: %w", translate(err))
	}
	if err := fill(&row); err != nil {
		return fmt.Errorf("read back: %w", err)
	}
	tx.wrote(row)
	return nil
}

// updateQuietly is update for a row of which nobody is told.
func updateQuietly[Row any](ctx context.Context, tx *Tx, id string, columns map[string]any) error {
	res := tx.reader(ctx).Model(new(Row)).Where("id = ?", id).Updates(columns)
	if res.Error == nil && res.RowsAffected == 0 {
		return ErrNotFound
	}
	return translate(res.Error)
}

// take reads the one row that a condition names.
func take[Row any](ctx context.Context, c conn, where string, args ...any) (Row, error) {
	var row Row
	err := translate(c.reader(ctx).Where(where, args...).Take(&row).Error)
	if errors.Is(err, errNoText) {
		return row, ErrNotFound
	}
	return row, err
}

// remove deletes the one row that a condition names and tells it as it was.
func remove[Row any](ctx context.Context, tx *Tx, where string, args ...any) error {
	row, err := take[Row](ctx, tx, where, args...)
	if err != nil {
		return err
	}
	if err := tx.reader(ctx).Where(where, args...).Delete(new(Row)).Error; err != nil {
		return translate(err)
	}
	tx.deleted(row)
	return nil
}
