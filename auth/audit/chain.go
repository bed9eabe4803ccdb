package audit

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"strconv"
	"strings"

	"jeton/db"
)

// The actions of entries that are about the record itself.
const (
	sealed = "audit.seal" // the first entry of a chain before which there were rows already
	cut    = "audit.cut"  // the oldest entries were removed; Resource is the Head of the last of them
)

// Head names an entry and all before it: whoever keeps one elsewhere sees later whether the end was cut off.
type Head struct {
	Seq  int64
	Hash string
}

// String is the head as people keep it, such as 1234:5f0c…; "0:" of a record without an entry.
func (h Head) String() string { return fmt.Sprintf("%d:%s", h.Seq, h.Hash) }

// ErrBadHead: a text is not a Head as String writes it.
var ErrBadHead = errors.New("a head is a number, a colon and 64 hexadecimal digits, as `jeton audit head` prints it")

// ParseHead reads what String has written.
func ParseHead(s string) (Head, error) {
	number, hash, _ := strings.Cut(strings.TrimSpace(s), ":")
	seq, err := strconv.ParseInt(number, 10, 64)
	raw, bad := hex.DecodeString(hash)
	if err != nil || seq < 0 || bad != nil || seq == 0 && len(raw) != 0 || seq > 0 && len(raw) != sha256.Size {
		return Head{}, ErrBadHead
	}
	return Head{seq, strings.ToLower(hash)}, nil
}

// HeadOf is the record's last entry.
func HeadOf(ctx context.Context, d *db.DB) (Head, error) {
	e, err := d.Audit().Head(ctx)
	if err != nil {
		return Head{}, fmt.Errorf("read the head of the audit record: %w", err)
	}
	return Head{e.Seq, e.Hash}, nil
}

// Seal begins the chain of a database whose entries were written before there was one: its first entry holds their number
// and a hash over all of them. Where there is a chain, or nothing to seal, it does nothing. It is called before anything
// else is written.
func Seal(ctx context.Context, d *db.DB) error {
	err := d.Write(ctx, func(tx *db.Tx) error {
		head, err := tx.Audit().Head(ctx)
		if err != nil || head.Seq > 0 {
			return err
		}
		n, sum, err := older(ctx, tx.Audit())
		if err != nil || n == 0 {
			return err
		}
		return Done(ctx, tx, Actor{}, sealed, sum, fmt.Sprintf("%d entries were written before there was a chain", n))
	})
	if err != nil {
		return fmt.Errorf("begin the chain of the audit record: %w", err)
	}
	return nil
}

// page is how many rows are read at a time.
const page = 500

// older counts the rows that are older than the chain, and hashes their hashes in the order of their ids.
func older(ctx context.Context, rows db.Audit) (n int64, sum string, err error) {
	h := sha256.New()
	for after := ""; ; {
		list, err := rows.Unchained(ctx, after, page)
		if err != nil {
			return 0, "", err
		}
		for _, e := range list {
			after = e.ID
			h.Write([]byte(e.Sum()))
		}
		n += int64(len(list))
		if len(list) < page {
			return n, hex.EncodeToString(h.Sum(nil)), nil
		}
	}
}
