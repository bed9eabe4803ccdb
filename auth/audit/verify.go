package audit

import (
	"context"
	"errors"
	"fmt"

	"jeton/db"
)

// Report is what a Verify that found nothing wrong has looked at.
type Report struct {
	// Entries is how many there are in the chain, from First on; Older how many were sealed by its first entry.
	Entries, First, Older int64
	// Head is the last entry that was looked at.
	Head Head
}

// Broken says which entry is the first that does not fit, and why.
type Broken struct {
	Seq int64
	Why string
}

func (b *Broken) Error() string {
	return fmt.Sprintf("the audit record is broken at entry %d: %s", b.Seq, b.Why)
}

// ErrTooOld: what a kept head names was removed because of its age, so that nothing can be said about it.
var ErrTooOld = errors.New("the entry that was kept has been removed because of its age: keep a younger head")

// restarts is how often Verify begins anew because old entries were removed while it read.
const restarts = 3

// Verify reads the whole record, a page at a time, and compares each entry with its hash and with the entry before. kept
// is a head that was kept elsewhere, the zero value for none. The error is a *Broken, ErrTooOld, or the database's.
// Entries that are written meanwhile are not looked at.
func Verify(ctx context.Context, d *db.DB, kept Head) (Report, error) {
	for try := 0; ; try++ {
		first, err := d.Audit().First(ctx)
		if err != nil {
			return Report{}, fmt.Errorf("read the audit record: %w", err)
		}
		report, err := verify(ctx, d.Audit(), first, kept)
		if err == nil || try == restarts {
			return report, err
		}
		if again, failed := d.Audit().First(ctx); failed != nil || again.Seq == first.Seq {
			return report, errors.Join(err, failed)
		}
	}
}

func verify(ctx context.Context, rows db.Audit, first db.AuditEntry, kept Head) (Report, error) {
	end, err := rows.Head(ctx)
	if err != nil {
		return Report{}, err
	}
	w := &walk{kept: kept, last: Head{first.Seq - 1, first.Previous}}
	if first.Seq == 0 {
		w.last.Seq = 0
	}
	w.begin = w.last
	for w.last.Seq < end.Seq {
		list, err := rows.After(ctx, w.last.Seq, page)
		if err != nil {
			return Report{}, err
		}
		if len(list) == 0 {
			return Report{}, &Broken{w.last.Seq + 1, "it is missing"}
		}
		for _, e := range list {
			if err := w.step(e); err != nil {
				return Report{}, err
			}
		}
	}
	n, sum, err := older(ctx, rows)
	if err != nil {
		return Report{}, err
	}
	if err := w.ends(first, n, sum); err != nil {
		return Report{}, err
	}
	return Report{Entries: w.last.Seq - w.begin.Seq, First: first.Seq, Older: n, Head: w.last}, nil
}

// walk is how far a Verify has come.
type walk struct {
	// begin is the entry before the first that is there, last the one that was looked at last.
	begin, last, kept Head
	// cut is what the last entry about a removal says.
	cut string
}

// step looks at the next entry.
func (w *walk) step(e db.AuditEntry) error {
	switch {
	case e.Seq != w.last.Seq+1:
		return &Broken{w.last.Seq + 1, "it is missing"}
	case e.Sum() != e.Hash:
		return &Broken{e.Seq, "it was changed after it was written"}
	case e.Previous != w.last.Hash:
		return &Broken{e.Seq, "it does not follow the entry before, which was put there or changed with its hash"}
	case e.Seq == w.kept.Seq && e.Hash != w.kept.Hash:
		return &Broken{e.Seq, "it is not the entry that was kept: the record was written anew"}
	}
	if e.Action == cut {
		w.cut = e.Resource
	}
	w.last = Head{e.Seq, e.Hash}
	return nil
}

// ends looks at both ends of the chain: older and sum are of the rows before it.
func (w *walk) ends(first db.AuditEntry, older int64, sum string) error {
	begins := ""
	if w.begin.Seq > 0 {
		begins = w.begin.String()
	}
	switch {
	case begins != w.cut:
		return &Broken{first.Seq, "the entries before it were removed, or put back, without an entry that says so"}
	case first.Action == sealed && first.Resource != sum:
		return &Broken{first.Seq, "the entries that it seals, which are older than the chain, were changed"}
	case first.Action != sealed && older > 0:
		return &Broken{first.Seq, fmt.Sprintf("there are %d entries that belong to no chain", older)}
	case w.kept.Seq > w.last.Seq:
		return &Broken{w.last.Seq + 1, fmt.Sprintf("it is missing, with all up to entry %d, which was kept: the record's end was cut off", w.kept.Seq)}
	case w.kept.Seq == 0 || w.kept.Seq > w.begin.Seq || w.kept == w.begin:
		return nil
	case w.kept.Seq == w.begin.Seq:
		return &Broken{first.Seq, "it does not follow the entry that was kept: the record was written anew"}
	}
	return ErrTooOld
}
