package db

import (
	"context"
	"fmt"
	"sync"
	"time"

	"gorm.io/gorm"
)

// shared is what a database needs that several processes write to, so that each may keep rows in memory all the same.
//
//	a writer of any node:  BEGIN · take the turn (one advisory lock) · read what others changed, tell it here
//	                       · its own writes · number its changes into the changes table · COMMIT, which ends the turn · tell
//	every other node:      Fresh, before it decides anything: is the head's number the one that was told last? If not,
//	                       read the changes in between and tell them, and only then go on
//
// Only committed changes are seen, in the order of their commits, and there is nothing that a node could miss: one that
// dies between its commit and telling has left the change in the table, and one that was away for so long that the changes
// it needs were removed (their numbers have no gaps, so it shows) reads everything anew.
type shared struct {
	// node is the id of this process's data folder.
	node string
	// version is that of the tables which this program knows.
	version int64
	types   toldTypes
	// cache is how long an answer of Fresh may be used again.
	cache time.Duration
	// timeout is how long the question may take.
	timeout time.Duration
	// keep is how many of the last changes stay in the table, and keepFor how long all stay.
	keep    int64
	keepFor time.Duration

	// telling guards position, the number of the change that was told last, and is held while listeners are called.
	telling  sync.Mutex
	position int64

	checks checks
}

// turnKey is the advisory lock that one writing transaction of all nodes holds at a time, and a node that changes the
// tables: "jeton" and a number.
const turnKey = 0x6a65746f6e << 8

// page is how many changes are read at a time.
const page = 500

// head is the row of change_head, with the version of the tables.
type head struct {
	Number, Instant, Version int64
}

// readHead looks at two rows that are found by index. It is what every check costs.
func readHead(ctx context.Context, g *gorm.DB) (head, error) {
	var h head
	err := g.WithContext(ctx).Raw(`SELECT number, instant, (SELECT version_id FROM goose_db_version ORDER BY id DESC LIMIT 1) AS version
		FROM change_head WHERE id = 1`).Scan(&h).Error
	return h, err
}

// known fails where the tables were changed by a later version while this program ran.
func (s *shared) known(h head) error {
	if h.Version > s.version {
		return newer(h.Version, s.version)
	}
	return nil
}

// enter takes the turn for a transaction, and brings this node to where all others are: what fn reads, in the database or
// in memory, is what the last transaction of any node has left.
func (d *DB) enter(ctx context.Context, tx *Tx) error {
	s := d.shared
	if s == nil {
		return nil
	}
	// A statement of its own: the snapshot of those that follow must be taken when the turn has come.
	if err := tx.g.Exec("SELECT pg_advisory_xact_lock(?)", turnKey).Error; err != nil {
		return fmt.Errorf("wait for the turn to write: %w", translate(err))
	}
	h, behind, err := d.catchUp(ctx, tx.g)
	if err != nil {
		return err
	}
	tx.head, tx.of = h, s.node
	d.clock.resumeAt(h.Instant)
	if behind {
		return d.readAnew(h.Number)
	}
	return nil
}

// leave numbers what a transaction tells, before it is committed.
func (d *DB) leave(tx *Tx) error {
	for _, c := range tx.changes {
		if err := d.types.check(c.Row); err != nil {
			return err
		}
	}
	s := d.shared
	if s == nil {
		return nil
	}
	rows := make([]changeRow, len(tx.changes))
	for i, c := range tx.changes {
		var err error
		if rows[i], err = encode(tx.head.Number+1+int64(i), c, time.Now()); err != nil {
			return fmt.Errorf("record a change: %w", err)
		}
	}
	number, instant := tx.head.Number+int64(len(rows)), d.clock.at()
	if len(rows) == 0 && instant == tx.head.Instant {
		return nil
	}
	if len(rows) > 0 {
		if err := tx.g.CreateInBatches(rows, 200).Error; err != nil {
			return fmt.Errorf("record changes: %w", translate(err))
		}
	}
	err := tx.g.Exec("UPDATE change_head SET number = ?, instant = ? WHERE id = 1", number, instant).Error
	if err == nil && number/trimEvery > tx.head.Number/trimEvery {
		err = s.trim(tx.g, number)
	}
	return translate(err)
}

// trimEvery is after how many changes old ones are removed.
const trimEvery = 256

// trim removes changes that are old, or too many, but never the last.
func (s *shared) trim(g *gorm.DB, number int64) error {
	return g.Exec("DELETE FROM changes WHERE number <= ? OR number < ? AND at < ?", number-s.keep, number,
		stamp(time.Now().Add(-s.keepFor))).Error
}

// told tells the changes of a transaction of this process after its commit. What a check has read from the table meanwhile
// was told then.
func (d *DB) told(tx *Tx) {
	s := d.shared
	if s == nil {
		d.tell(tx.changes)
		return
	}
	s.telling.Lock()
	defer s.telling.Unlock()
	done := s.position - tx.head.Number
	if done < int64(len(tx.changes)) {
		d.tell(tx.changes[done:])
		s.position = tx.head.Number + int64(len(tx.changes))
	}
}

// catchUp reads the head and tells what was changed up to it. behind is true where the table does not hold all of that any
// more, or holds less than was told: a database that was put back to an older copy.
func (d *DB) catchUp(ctx context.Context, g *gorm.DB) (h head, behind bool, err error) {
	s := d.shared
	s.telling.Lock()
	defer s.telling.Unlock()
	if h, err = readHead(ctx, g); err == nil {
		err = s.known(h)
	}
	for err == nil && s.position < h.Number {
		var rows []changeRow
		err = g.WithContext(ctx).Where("number > ? AND number <= ?", s.position, h.Number).Order("number").Limit(page).Find(&rows).Error
		if err == nil && len(rows) == 0 {
			return h, true, nil
		}
		for _, r := range rows {
			if r.Number != s.position+1 {
				return h, true, nil
			}
			c, err := s.types.decode(r)
			if err != nil {
				return h, false, err
			}
			d.tell([]Change{c})
			s.position = r.Number
		}
	}
	if err != nil {
		return h, false, fmt.Errorf("ask what other nodes changed: %w", translate(err))
	}
	return h, s.position > h.Number, nil
}

// readAnew has everybody who keeps rows read them again. The turn is held, so that nothing changes meanwhile.
func (d *DB) readAnew(number int64) error {
	s := d.shared
	s.telling.Lock()
	defer s.telling.Unlock()
	for _, l := range d.all() {
		if l.read == nil {
			continue
		}
		if err := l.read(); err != nil {
			return fmt.Errorf("read everything anew: %w", err)
		}
	}
	d.tell([]Change{{Row: Reloaded{}}})
	s.position = number
	return nil
}

// Reloaded is told in place of a row where this process was away for so long that it has read everything anew: whoever
// keeps what was made of rows, without a read of its own (Load), forgets it.
type Reloaded struct{}
