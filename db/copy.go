package db

import (
	"context"
	"crypto/sha256"
	"encoding/binary"
	"errors"
	"fmt"
	"strings"
	"time"

	"gorm.io/gorm"
)

// ErrNotEmpty: there are people in the database already.
var ErrNotEmpty = errors.New("the database is not empty")

// Copy copies all rows of the SQLite database at a path into an empty one on a PostgreSQL server, compares what is there
// then with what was read, row for row, and answers how many rows there are. It is one transaction: all, or nothing. The
// caller holds the data folder, so that nobody writes meanwhile. ErrNotEmpty, ErrUnreachable, ErrNewer.
func Copy(ctx context.Context, path, url string) (rows int64, err error) {
	from, err := Open(ctx, Options{Path: path})
	if err != nil {
		return 0, err
	}
	defer func() { err = errors.Join(err, from.Close()) }()
	if _, err := migratePostgres(ctx, url); err != nil {
		return 0, fmt.Errorf("open the PostgreSQL database: %w", advise(err))
	}
	to, err := openPostgres(url, 1, nil)
	if err != nil {
		return 0, err
	}
	defer func() { err = errors.Join(err, closeConn(to)) }()
	err = to.WithContext(ctx).Transaction(func(tx *gorm.DB) error {
		c := copier{from: from.reader(ctx), to: tx}
		if err := c.prepare(); err != nil {
			return err
		}
		for _, t := range c.tables {
			n, err := c.copy(t)
			if err != nil {
				return fmt.Errorf("copy table %s: %w", t.name, err)
			}
			rows += n
		}
		return c.finish()
	})
	if err != nil {
		return 0, translate(err)
	}
	return rows, nil
}

// copier is one copying. References between tables are taken away while it runs and put back, and checked, at its end, so
// that no order of tables and rows matters.
type copier struct {
	from, to *gorm.DB
	tables   []copied
	// references are the statements that put them back.
	references []string
}

// copied is one table with its columns and their types.
type copied struct {
	name    string
	columns []string
	types   map[string]string
}

// prepare finds the tables, and empties them of what migrations have put in: the source has these rows too.
func (c *copier) prepare() error {
	if err := c.to.Exec("SELECT pg_advisory_xact_lock(?)", turnKey).Error; err != nil {
		return err
	}
	var people int64
	if err := c.to.Model(&User{}).Count(&people).Error; err != nil {
		return err
	}
	if people > 0 {
		return ErrNotEmpty
	}
	var columns []struct{ T, Name, Type string }
	err := c.to.Raw(`SELECT relname AS t, attname AS name, format_type(atttypid, atttypmod) AS type FROM pg_attribute
		JOIN pg_class ON pg_class.oid = attrelid WHERE relnamespace = current_schema()::regnamespace AND relkind = 'r' AND attnum > 0
		AND NOT attisdropped AND relname NOT IN ('goose_db_version', 'changes', 'change_head') ORDER BY relname, attnum`).Scan(&columns).Error
	if err != nil {
		return err
	}
	for _, col := range columns {
		if n := len(c.tables); n == 0 || c.tables[n-1].name != col.T {
			c.tables = append(c.tables, copied{name: col.T, types: map[string]string{}})
		}
		t := &c.tables[len(c.tables)-1]
		t.columns, t.types[col.Name] = append(t.columns, col.Name), col.Type
	}
	var refs []struct{ T, Name, Definition string }
	err = c.to.Raw(`SELECT conrelid::regclass::text AS t, conname AS name, pg_get_constraintdef(oid) AS definition FROM pg_constraint
		WHERE contype = 'f' AND connamespace = current_schema()::regnamespace ORDER BY conrelid, conname`).Scan(&refs).Error
	for _, r := range refs {
		if err == nil {
			err = c.to.Exec(fmt.Sprintf("ALTER TABLE %s DROP CONSTRAINT %s", r.T, quote(r.Name))).Error
		}
		c.references = append(c.references, fmt.Sprintf("ALTER TABLE %s ADD CONSTRAINT %s %s", r.T, quote(r.Name), r.Definition))
	}
	return err
}

// finish puts references back, which fails where one leads nowhere, and leaves a gap in the numbers of changes, by which a
// process that has this database open already learns that it must read everything anew.
func (c *copier) finish() error {
	for _, statement := range c.references {
		if err := c.to.Exec(statement).Error; err != nil {
			return fmt.Errorf("put references back: %w", err)
		}
	}
	return c.to.Exec("UPDATE change_head SET number = number + 1 WHERE id = 1").Error
}

// copy copies one table and compares.
func (c *copier) copy(t copied) (int64, error) {
	if err := c.to.Exec("DELETE FROM " + quote(t.name)).Error; err != nil {
		return 0, err
	}
	var read, written sum
	batch := make([]map[string]any, 0, page/len(t.columns)+1)
	flush := func() error {
		if len(batch) == 0 {
			return nil
		}
		err := c.to.Table(t.name).Create(&batch).Error
		batch = batch[:0]
		return err
	}
	err := t.each(c.from, func(values []any) error {
		read.add(values)
		row := make(map[string]any, len(values))
		for i, v := range values {
			row[t.columns[i]] = v
		}
		if batch = append(batch, row); len(batch) == cap(batch) {
			return flush()
		}
		return nil
	})
	if err == nil {
		err = flush()
	}
	if err == nil {
		err = t.each(c.to, func(values []any) error { written.add(values); return nil })
	}
	if err == nil && read != written {
		err = fmt.Errorf("what was written (%d rows) is not what was read (%d rows)", written.rows, read.rows)
	}
	return read.rows, err
}

// each reads all rows of a table, with values of the same Go types from either database.
func (t copied) each(g *gorm.DB, fn func(values []any) error) error {
	names := make([]string, len(t.columns))
	for i, c := range t.columns {
		names[i] = quote(c)
	}
	rows, err := g.Raw("SELECT " + strings.Join(names, ", ") + " FROM " + quote(t.name)).Rows()
	if err != nil {
		return err
	}
	defer rows.Close()
	values, at := make([]any, len(names)), make([]any, len(names))
	for i := range values {
		at[i] = &values[i]
	}
	for rows.Next() {
		if err := rows.Scan(at...); err != nil {
			return err
		}
		for i, v := range values {
			if values[i], err = plain(v, t.types[t.columns[i]]); err != nil {
				return fmt.Errorf("column %s: %w", t.columns[i], err)
			}
		}
		if err := fn(values); err != nil {
			return err
		}
	}
	return rows.Err()
}

// plain is a value as PostgreSQL's type wants it.
func plain(v any, kind string) (any, error) {
	if b, is := v.([]byte); is && kind == "text" {
		v = string(b)
	}
	if n, is := v.(int64); is && kind == "boolean" {
		v = n != 0
	}
	switch x := v.(type) {
	case nil, bool, string, int64:
		return v, nil
	case int32:
		return int64(x), nil
	case time.Time:
		return stamp(x), nil
	}
	return nil, fmt.Errorf("a value of type %T where %s belongs", v, kind)
}

// sum tells two sets of rows apart, in whatever order they come: their number, and the sum of their hashes.
type sum struct {
	rows   int64
	hashes [4]uint64
}

func (s *sum) add(values []any) {
	h := sha256.New()
	for _, v := range values {
		text := fmt.Sprintf("%T %v", v, v)
		fmt.Fprintf(h, "%d %s", len(text), text)
	}
	s.rows++
	for i, digest := 0, h.Sum(nil); i < len(s.hashes); i++ {
		s.hashes[i] += binary.BigEndian.Uint64(digest[i*8:])
	}
}

// quote makes a name of SQL.
func quote(name string) string { return `"` + strings.ReplaceAll(name, `"`, `""`) + `"` }
