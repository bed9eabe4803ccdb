package hookrows

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"jeton/auth/audit"
	"jeton/db"
	"jeton/web/hook"
)

// Post implements hook.Rows.
func (r *Rows) Post(ctx context.Context, e hook.Event, hookIDs []string) error {
	body, err := json.Marshal(e)
	if err != nil {
		return fmt.Errorf("write event %s: %w", e.ID, err)
	}
	row := db.HookEvent{ID: e.ID, Kind: string(e.Kind), At: e.At, Body: string(body)}
	if e.Repo != nil {
		row.RepositoryID = e.Repo.ID
	}
	list := make([]db.HookDelivery, len(hookIDs))
	for i, id := range hookIDs {
		list[i] = db.HookDelivery{ID: hook.DeliveryID(e.ID, id), HookID: id, NextAt: time.Now()}
	}
	return r.db.Deliveries().Post(ctx, row, list)
}

// Known implements hook.Rows.
func (r *Rows) Known(ctx context.Context, eventID string) (bool, error) {
	_, err := r.db.Deliveries().Event(ctx, eventID)
	if errors.Is(err, db.ErrNotFound) {
		return false, nil
	}
	return err == nil, err
}

// Waiting implements hook.Rows.
func (r *Rows) Waiting(ctx context.Context, hookIDs []string) (map[string]int64, error) {
	return r.db.Deliveries().Waiting(ctx, hookIDs)
}

// Due implements hook.Rows.
func (r *Rows) Due(ctx context.Context) ([]hook.Due, error) {
	rows, err := r.db.Deliveries().Due(ctx)
	list := make([]hook.Due, len(rows))
	for i, row := range rows {
		list[i] = hook.Due(row)
	}
	return list, err
}

// Next implements hook.Rows.
func (r *Rows) Next(ctx context.Context, hookID string, now time.Time, not []string) (d hook.Delivery, e hook.Event, h hook.Hook, err error) {
	row, err := r.db.Deliveries().Next(ctx, hookID, now, not)
	if err != nil {
		return d, e, h, missing(err)
	}
	if d, e, err = r.whole(ctx, row); err != nil {
		return d, e, h, err
	}
	h, err = r.ByID(ctx, hookID)
	return d, e, h, err
}

// Soonest implements hook.Rows.
func (r *Rows) Soonest(ctx context.Context, hookID string, not []string) (time.Time, error) {
	return r.db.Deliveries().Soonest(ctx, hookID, not)
}

// Tried implements hook.Rows.
func (r *Rows) Tried(ctx context.Context, d hook.Delivery, keep int, judge func(h *hook.Hook)) (h hook.Hook, err error) {
	err = r.db.Write(ctx, func(tx *db.Tx) error {
		row, err := tx.Hooks().ByID(ctx, d.HookID)
		if err != nil {
			return err
		}
		if h, err = r.fromRow(row); err != nil {
			return err
		}
		was := h.Active
		judge(&h)
		if err := tx.Hooks().Tried(ctx, r.row(h)); err != nil {
			return err
		}
		if !h.Active && d.State == hook.Waiting {
			d.State = hook.Failed
		}
		if err := tx.Deliveries().Tried(ctx, toRow(d)); err != nil {
			return err
		}
		if was && !h.Active {
			if err := tx.Deliveries().GiveUp(ctx, h.ID, switchedOff); err != nil {
				return err
			}
			if err := audit.Done(ctx, tx, audit.Actor{Name: "jeton", Door: "server"}, "hook.off", h.ID, h.OffWhy); err != nil {
				return err
			}
		}
		return tx.Deliveries().Trim(ctx, h.ID, keep)
	})
	return h, missing(err)
}

// Sweep implements hook.Rows.
func (r *Rows) Sweep(ctx context.Context, before time.Time) error {
	const some = 500 // in one transaction: pushes write between two
	for n := some; n == some; {
		var err error
		if n, err = r.db.Deliveries().SweepEvents(ctx, before, some); err != nil {
			return fmt.Errorf("remove old events of hooks: %w", err)
		}
	}
	return nil
}

// Deliveries implements hook.Rows.
func (r *Rows) Deliveries(ctx context.Context, hookID, before string, limit int) ([]hook.Delivery, error) {
	rows, err := r.db.Deliveries().Of(ctx, hookID, before, limit)
	list := make([]hook.Delivery, 0, len(rows))
	for _, row := range rows {
		d, err := fromRow(row)
		if err != nil {
			return nil, err
		}
		list = append(list, d)
	}
	return list, err
}

// Delivery implements hook.Rows.
func (r *Rows) Delivery(ctx context.Context, id string) (hook.Delivery, hook.Event, error) {
	row, err := r.db.Deliveries().ByID(ctx, id)
	if err != nil {
		return hook.Delivery{}, hook.Event{}, missing(err)
	}
	return r.whole(ctx, row)
}

// Again implements hook.Rows.
func (r *Rows) Again(ctx context.Context, by audit.Actor, d hook.Delivery) error {
	return missing(r.db.Write(ctx, func(tx *db.Tx) error {
		if err := tx.Deliveries().Again(ctx, d.ID, time.Now()); err != nil {
			return err
		}
		return audit.Done(ctx, tx, by, "hook.redeliver", d.HookID, "delivery "+d.ID)
	}))
}

// whole is a delivery with its event.
func (r *Rows) whole(ctx context.Context, row db.HookDelivery) (d hook.Delivery, e hook.Event, err error) {
	if d, err = fromRow(row); err != nil {
		return d, e, err
	}
	ev, err := r.db.Deliveries().Event(ctx, row.EventID)
	if err != nil {
		return d, e, fmt.Errorf("read the event of delivery %s: %w", row.ID, err)
	}
	if err := json.Unmarshal([]byte(ev.Body), &e); err != nil {
		return d, e, fmt.Errorf("read event %s: %w", ev.ID, err)
	}
	e.ID = ev.ID
	return d, e, nil
}

func toRow(d hook.Delivery) db.HookDelivery {
	return db.HookDelivery{ID: d.ID, HookID: d.HookID, State: string(d.State), NextAt: d.NextAt, Tries: d.Tries, TriedAt: optional(d.TriedAt),
		Took: d.Took, Status: d.Status, Request: write(d.Request), Answer: write(d.Answer), Error: d.Error}
}

func fromRow(row db.HookDelivery) (hook.Delivery, error) {
	d := hook.Delivery{ID: row.ID, HookID: row.HookID, EventID: row.EventID, RepoID: row.RepositoryID, Place: row.Place, State: hook.State(row.State),
		NextAt: row.NextAt.UTC(), Redelivery: row.Redelivery, Tries: row.Tries, TriedAt: instant(row.TriedAt), Took: row.Took, Status: row.Status, Error: row.Error}
	if err := errors.Join(read(row.Request, &d.Request), read(row.Answer, &d.Answer)); err != nil {
		return d, fmt.Errorf("read delivery %s: %w", row.ID, err)
	}
	return d, nil
}

// read takes a value out of a column; "" leaves it as it is.
func read(column string, v any) error {
	if column == "" {
		return nil
	}
	return json.Unmarshal([]byte(column), v)
}
