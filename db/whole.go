package db

import (
	"cmp"
	"context"
	"database/sql"
	"errors"
	"fmt"
	"strconv"
	"strings"

	"golang.org/x/sync/errgroup"
	"gorm.io/gorm"
)

// whole is the reading of a whole table, as every server does when it starts. Taken over one by one, a row of a hundred
// thousand costs most of its time between the database and Go. So the database makes one text of many rows, in which
// each value stands behind its length in bytes,
//
//	5:hello0::2:no      hello, an empty text, NULL and no
//
// and while a text is taken apart here, the next is made there.
type whole struct {
	table string
	// columns are the values of a row, as expressions whose type is text; asText makes one of any other.
	columns []string
	// where narrows it where it is not empty. It should name most rows: the others are passed over one by one.
	where string
}

const (
	// rowsInOne is how many rows SQLite makes one text of.
	rowsInOne = 4000
	// bytesInOne is about how many bytes go into one text of PostgreSQL's rows, which come one by one.
	bytesInOne = 256 << 10
)

// asText is an expression for a column of another type: a number, a boolean, a time.
func asText(column string) string { return "CAST(" + column + " AS TEXT)" }

// each calls fn with the values of each row, one at a time and in no order; one that is NULL is "". The slice is used again
// for the next row, the values may be kept: they are pieces of a text of many rows, which stays in memory for as long as any
// of them. A large table of SQLite is read in two halves side by side, of which each is of one state of the database:
// whoever needs both of one holds the turn to write (Load, Write).
func (w whole) each(ctx context.Context, c conn, fn func(values []string) error) error {
	halves, err := w.halves(ctx, c)
	if err != nil {
		return translate(err)
	}
	asked := ctx
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	texts := make(chan string, 1)
	makers, ctx := errgroup.WithContext(ctx)
	send := func(text string) error {
		select {
		case texts <- text:
			return nil
		case <-ctx.Done():
			return ctx.Err()
		}
	}
	for _, h := range halves {
		makers.Go(func() error {
			return c.still(ctx, func(g *gorm.DB) error { return w.read(g, h, send) })
		})
	}
	made := make(chan error, 1)
	go func() {
		defer close(texts)
		made <- makers.Wait()
	}()
	bad := w.takeApart(texts, fn)
	if bad != nil {
		cancel() // the makers need not go on
	}
	err = <-made
	// A question that was given up may have been answered by nothing, which is how a table ends, or by any error.
	return translate(cmp.Or(asked.Err(), bad, err))
}

// half is the rows of SQLite whose rowid lies behind one number and not behind another.
type half struct{ after, last int64 }

// halves are the parts of a table that are read side by side. A transaction has one connection.
func (w whole) halves(ctx context.Context, c conn) ([]half, error) {
	all := half{-1 << 63, 1<<63 - 1}
	g := c.reader(ctx)
	if _, alone := c.(*Tx); alone || g.Name() == "postgres" {
		return []half{all}, nil
	}
	var last sql.NullInt64
	if err := only(g.Raw("SELECT max(rowid) FROM "+w.table), &last); err != nil || last.Int64 < 2*rowsInOne {
		return []half{all}, err
	}
	middle := last.Int64 / 2
	return []half{{all.after, middle}, {middle, all.last}}, nil
}

// takeApart calls fn with the rows of texts.
func (w whole) takeApart(texts <-chan string, fn func(values []string) error) error {
	values := make([]string, len(w.columns))
	for text := range texts {
		for text != "" {
			var err error
			if text, err = takeRow(text, values); err != nil {
				return fmt.Errorf("read table %s: %w", w.table, err)
			}
			if err := fn(values); err != nil {
				return err
			}
		}
	}
	return nil
}

// row is the expression for a row.
func (w whole) row() string {
	parts := make([]string, len(w.columns))
	for i, column := range w.columns {
		parts[i] = "octet_length(" + column + "), ':', " + column
	}
	return "concat(" + strings.Join(parts, ", ") + ")"
}

func (w whole) read(g *gorm.DB, h half, send func(text string) error) error {
	if g.Name() == "postgres" {
		return w.readRows(g, send)
	}
	return w.readPages(g, h, send)
}

// readPages reads SQLite's rows in the order in which they lie in the file. The text comes as a BLOB: the driver tries to
// read a text that is of no column as a time, in every form that it knows.
func (w whole) readPages(g *gorm.DB, h half, send func(text string) error) error {
	q := "SELECT CAST(string_agg(line, '') AS BLOB), max(at) FROM (SELECT rowid AS at, " + w.row() + " AS line FROM " + w.table +
		" WHERE rowid > ? AND rowid <= ?" + w.and(" AND ") + " ORDER BY rowid LIMIT ?)"
	for after := h.after; ; {
		var text []byte
		var last sql.NullInt64
		if err := only(g.Raw(q, after, h.last, rowsInOne), &text, &last); err != nil || !last.Valid {
			return err
		}
		if err := send(string(text)); err != nil {
			return err
		}
		after = last.Int64
	}
}

// only reads the one row of a question.
func only(q *gorm.DB, into ...any) error {
	rows, err := q.Rows()
	if err != nil {
		return err
	}
	defer rows.Close()
	if !rows.Next() {
		return errors.Join(errCut, rows.Err())
	}
	return errors.Join(rows.Scan(into...), rows.Close())
}

func (w whole) readRows(g *gorm.DB, send func(text string) error) error {
	rows, err := g.Raw("SELECT " + w.row() + " FROM " + w.table + w.and(" WHERE ")).Rows()
	if err != nil {
		return err
	}
	defer rows.Close()
	var text strings.Builder
	for rows.Next() {
		var line sql.RawBytes
		if err := rows.Scan(&line); err != nil {
			return err
		}
		text.Write(line)
		if text.Len() >= bytesInOne {
			if err := send(text.String()); err != nil {
				return err
			}
			text.Reset()
		}
	}
	if err := rows.Err(); err != nil {
		return err
	}
	return send(text.String())
}

// and is the condition behind a word; "" where there is none.
func (w whole) and(word string) string {
	if w.where == "" {
		return ""
	}
	return word + w.where
}

var errCut = errors.New("a row is cut short")

// takeRow takes the values of one row from the beginning of a text.
func takeRow(text string, values []string) (rest string, err error) {
	for i := range values {
		length, from, found := strings.Cut(text, ":")
		n := 0
		if length != "" { // NULL has no length
			if n, err = strconv.Atoi(length); err != nil {
				return "", errCut
			}
		}
		if !found || n < 0 || n > len(from) {
			return "", errCut
		}
		values[i], text = from[:n], from[n:]
	}
	return text, nil
}
