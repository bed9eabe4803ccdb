package audit

import (
	"context"
	"fmt"
	"time"

	"jeton/db"
)

// atOnce is how many entries one transaction removes at most; others wait meanwhile.
const atOnce = 5000

// Cut removes the oldest entries, as long as they were written for moments before the one given, and writes after each
// step where the chain begins now. It answers how many there were. An entry that is younger protects what stands behind it,
// and the last entry stays in any case.
func Cut(ctx context.Context, d *db.DB, before time.Time) (total int, err error) {
	end, err := HeadOf(ctx, d)
	if err != nil {
		return 0, err
	}
	for {
		n, err := cutOnce(ctx, d, before, end.Seq)
		total += n
		if err != nil || n == 0 {
			return total, err
		}
	}
}

// cutOnce removes entries before the one with the number end, in one transaction.
func cutOnce(ctx context.Context, d *db.DB, before time.Time, end int64) (n int, err error) {
	err = d.Write(ctx, func(tx *db.Tx) error {
		last, err := tx.Audit().Old(ctx, before, end, atOnce)
		if err != nil || last.Seq == 0 {
			return err
		}
		if n, err = tx.Audit().CutTo(ctx, last.Seq); err != nil {
			return err
		}
		return Done(ctx, tx, Actor{}, cut, Head{last.Seq, last.Hash}.String(),
			fmt.Sprintf("%d entries from before %s were removed because of their age", n, before.UTC().Format(time.RFC3339)))
	})
	if err != nil {
		return 0, fmt.Errorf("remove old audit entries: %w", err)
	}
	return n, nil
}
