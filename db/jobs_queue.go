package db

import (
	"context"
	"database/sql"
	"fmt"
	"math"
	"time"

	"gorm.io/gorm"
	"maragu.dev/goqite"
)

// taken is for how long a message that was received is nobody else's. It is for ever: one process works on a node's queue,
// and what it leaves behind when it is killed is put back by the next (Jobs.Resume), not by a clock.
const taken = 100 * 365 * 24 * time.Hour

// line is the queue of one node as the library has it: messages with the ids of jobs, the oldest first. It works within the
// transaction that it was made for.
type line struct {
	queue *goqite.Queue
	tx    *sql.Tx
}

// line is the queue of a node.
func (tx *Tx) line(node string) (line, error) {
	conn, err := tx.underneath()
	if err != nil {
		return line{}, err
	}
	flavor := goqite.SQLFlavorSQLite
	if tx.g.Name() == "postgres" {
		flavor = goqite.SQLFlavorPostgreSQL
	}
	// The library wants a database, which only its calls without a transaction use.
	q := goqite.New(goqite.NewOpts{DB: &sql.DB{}, Name: "jobs:" + node, MaxReceive: math.MaxInt32, Timeout: taken, SQLFlavor: flavor})
	return line{queue: q, tx: conn}, nil
}

// underneath is the transaction of the standard library that gorm works on.
func (tx *Tx) underneath() (*sql.Tx, error) {
	switch pool := tx.g.Statement.ConnPool.(type) {
	case *sql.Tx:
		return pool, nil
	case *gorm.PreparedStmtTX:
		if conn, is := pool.Tx.(*sql.Tx); is {
			return conn, nil
		}
	}
	return nil, fmt.Errorf("a transaction over %T", tx.g.Statement.ConnPool)
}

// put adds a job, and answers the message's id.
func (l line) put(ctx context.Context, jobID string) (string, error) {
	id, err := l.queue.SendAndGetIDTx(ctx, l.tx, goqite.Message{Body: []byte(jobID)})
	return string(id), err
}

// take receives the oldest message that is due; ErrNotFound where there is none.
func (l line) take(ctx context.Context) (message, jobID string, err error) {
	m, err := l.queue.ReceiveTx(ctx, l.tx)
	if err == nil && m == nil {
		err = ErrNotFound
	}
	if err != nil {
		return "", "", err
	}
	return string(m.ID), string(m.Body), nil
}

// back has a message be received again after a while.
func (l line) back(ctx context.Context, message string, after time.Duration) error {
	return l.queue.ExtendTx(ctx, l.tx, goqite.ID(message), after)
}

// drop takes a message away.
func (l line) drop(ctx context.Context, message string) error {
	return l.queue.DeleteTx(ctx, l.tx, goqite.ID(message))
}
