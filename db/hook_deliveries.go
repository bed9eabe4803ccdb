package db

import (
	"context"
	"slices"
	"time"

	"gorm.io/gorm"
	"gorm.io/gorm/clause"
)

// HookEvent is a row of hook_events: something that came to pass, as hooks are told of it.
type HookEvent struct {
	ID string
	// Kind is the caller's word. RepositoryID is "" where it is about none.
	Kind, RepositoryID string
	At                 time.Time
	// Body is JSON; its shape is the caller's.
	Body string
}

// The states of a delivery.
const (
	HookWaiting = "waiting"
	HookDone    = "done"
	HookFailed  = "failed"
)

// HookDelivery is a row of hook_deliveries: one hook that is told of one event.
type HookDelivery struct {
	ID, HookID, EventID string
	// RepositoryID is the event's.
	RepositoryID string
	// Node is whose it is to send; Post writes it.
	Node string
	// Place sorts deliveries in the order in which they came; Post makes it.
	Place string
	State string
	// NextAt is when it is due while it waits.
	NextAt time.Time
	// Redelivery: somebody asked for it once more.
	Redelivery bool
	// Tries counts them since it was posted or asked for again. What follows is of the last; TriedAt is nil before the first.
	Tries   int
	TriedAt *time.Time
	// Took is how long it took.
	Took time.Duration
	// Status is 0 where there was no answer.
	Status int
	// Request and Answer are JSON, free of secrets, and Error says what went wrong; "" where there is nothing.
	Request, Answer, Error string
}

// HookDue is a hook that has deliveries which wait, and when the first of them is due.
type HookDue struct {
	HookID, URL string
	At          time.Time
}

// Deliveries is the store of hook_events and hook_deliveries.
type Deliveries struct{ on conn }

// Post writes an event and deliveries of it, and leaves out those that are there already, by their ids, and those of hooks
// that are no more or switched off. Every delivery is this node's to send.
func (s Deliveries) Post(ctx context.Context, e HookEvent, list []HookDelivery) error {
	return s.on.inTx(ctx, func(tx *Tx) error {
		e.At = stamp(e.At)
		ids := make([]string, len(list))
		for i, d := range list {
			ids[i] = d.HookID
		}
		var live []string // some may have been removed or switched off since they were read
		if err := tx.reader(ctx).Model(&Hook{}).Where("id IN ? AND active = ?", ids, true).Pluck("id", &live).Error; err != nil {
			return translate(err)
		}
		list = slices.DeleteFunc(list, func(d HookDelivery) bool { return !slices.Contains(live, d.HookID) })
		add := tx.reader(ctx).Clauses(clause.OnConflict{DoNothing: true})
		if err := add.Create(&e).Error; err != nil {
			return translate(err)
		}
		for i := range list {
			list[i].EventID, list[i].RepositoryID, list[i].Node = e.ID, e.RepositoryID, tx.node()
			list[i].Place, list[i].NextAt, list[i].State = tx.order().next(time.Now()), stamp(list[i].NextAt), HookWaiting
		}
		if len(list) == 0 {
			return nil
		}
		return translate(tx.reader(ctx).Clauses(clause.OnConflict{DoNothing: true}).CreateInBatches(list, 100).Error)
	})
}

// mine is the deliveries that this node sends.
func (s Deliveries) mine(ctx context.Context) *gorm.DB {
	return s.on.reader(ctx).Where("node = ?", s.on.node())
}

// Due lists the hooks for which deliveries of this node wait.
func (s Deliveries) Due(ctx context.Context) ([]HookDue, error) {
	var rows []struct {
		HookID, URL, At string
	}
	err := s.on.reader(ctx).Raw(`SELECT d.hook_id AS hook_id, h.url AS url, CAST(min(d.next_at) AS TEXT) AS at FROM hook_deliveries d
		JOIN hooks h ON h.id = d.hook_id WHERE d.state = ? AND d.node = ? GROUP BY d.hook_id, h.url`, HookWaiting, s.on.node()).Scan(&rows).Error
	if err != nil {
		return nil, translate(err)
	}
	list := make([]HookDue, len(rows))
	for i, r := range rows {
		at, err := parseInstant(r.At)
		if err != nil {
			return nil, err
		}
		list[i] = HookDue{HookID: r.HookID, URL: r.URL, At: at}
	}
	return list, nil
}

// Next is the delivery that a hook is to be sent now: of those that are due, and about none of some repositories, the one
// that came first. ErrNotFound where there is none.
func (s Deliveries) Next(ctx context.Context, hookID string, now time.Time, not []string) (HookDelivery, error) {
	q := s.mine(ctx).Where("hook_id = ? AND state = ? AND next_at <= ?", hookID, HookWaiting, stamp(now))
	if len(not) > 0 {
		q = q.Where("repository_id NOT IN ?", not)
	}
	var row HookDelivery
	err := q.Order("place").Take(&row).Error
	return row, translate(err)
}

// Soonest is when the first of a hook's deliveries that wait is due, of those about none of some repositories; zero where
// none waits.
func (s Deliveries) Soonest(ctx context.Context, hookID string, not []string) (time.Time, error) {
	q := s.mine(ctx).Where("hook_id = ? AND state = ?", hookID, HookWaiting)
	if len(not) > 0 {
		q = q.Where("repository_id NOT IN ?", not)
	}
	var rows []HookDelivery
	err := q.Order("next_at").Limit(1).Find(&rows).Error
	if err != nil || len(rows) == 0 {
		return time.Time{}, translate(err)
	}
	return rows[0].NextAt, nil
}

// Waiting is how many deliveries wait for each of some hooks; those for which none does are left out.
func (s Deliveries) Waiting(ctx context.Context, hookIDs []string) (map[string]int64, error) {
	var rows []struct {
		HookID string
		N      int64
	}
	err := s.on.reader(ctx).Model(&HookDelivery{}).Select("hook_id, COUNT(*) AS n").Where("hook_id IN ? AND state = ?", hookIDs, HookWaiting).
		Group("hook_id").Scan(&rows).Error
	counts := map[string]int64{}
	for _, r := range rows {
		counts[r.HookID] = r.N
	}
	return counts, translate(err)
}

// Tried writes how a try went, and what state that leaves the delivery in; ErrNotFound where it is gone.
func (s Deliveries) Tried(ctx context.Context, d HookDelivery) error {
	return s.set(ctx, d.ID, map[string]any{"state": d.State, "next_at": stamp(d.NextAt), "tries": d.Tries, "tried_at": stampPtr(d.TriedAt),
		"took": int64(d.Took), "status": d.Status, "request": d.Request, "answer": d.Answer, "error": d.Error})
}

// Again has one sent once more, as this node's; ErrNotFound.
func (s Deliveries) Again(ctx context.Context, id string, at time.Time) error {
	return s.set(ctx, id, map[string]any{"state": HookWaiting, "next_at": stamp(at), "tries": 0, "redelivery": true, "node": s.on.node()})
}

func (s Deliveries) set(ctx context.Context, id string, columns map[string]any) error {
	return s.on.inTx(ctx, func(tx *Tx) error { return updateQuietly[HookDelivery](ctx, tx, id, columns) })
}

// GiveUp ends what waits for a hook, and says why.
func (s Deliveries) GiveUp(ctx context.Context, hookID, why string) error {
	return s.on.inTx(ctx, func(tx *Tx) error {
		return translate(tx.reader(ctx).Model(&HookDelivery{}).Where("hook_id = ? AND state = ?", hookID, HookWaiting).
			Updates(map[string]any{"state": HookFailed, "error": why}).Error)
	})
}

// ByID finds one; ErrNotFound.
func (s Deliveries) ByID(ctx context.Context, id string) (HookDelivery, error) {
	return take[HookDelivery](ctx, s.on, "id = ?", id)
}

// Event finds an event; ErrNotFound.
func (s Deliveries) Event(ctx context.Context, id string) (HookEvent, error) {
	return take[HookEvent](ctx, s.on, "id = ?", id)
}

// Of lists the deliveries of a hook that came before a place ("" for the last), the newest first, at most limit.
func (s Deliveries) Of(ctx context.Context, hookID, before string, limit int) ([]HookDelivery, error) {
	q := s.on.reader(ctx).Where("hook_id = ?", hookID)
	if before != "" {
		q = q.Where("place < ?", before)
	}
	var rows []HookDelivery
	err := q.Order("place DESC").Limit(limit).Find(&rows).Error
	return rows, translate(err)
}

// Trim removes deliveries of a hook that do not wait, but for the newest of all.
func (s Deliveries) Trim(ctx context.Context, hookID string, keep int) error {
	return s.on.inTx(ctx, func(tx *Tx) error {
		last := tx.reader(ctx).Model(&HookDelivery{}).Select("place").Where("hook_id = ?", hookID).Order("place DESC").Offset(keep).Limit(1)
		return translate(tx.reader(ctx).Where("hook_id = ? AND state <> ? AND place <= (?)", hookID, HookWaiting, last).Delete(&HookDelivery{}).Error)
	})
}

// SweepEvents removes events of before a moment of which no delivery is left, at most limit, and answers how many.
func (s Deliveries) SweepEvents(ctx context.Context, before time.Time, limit int) (int, error) {
	n := 0
	err := s.on.inTx(ctx, func(tx *Tx) error {
		old := tx.reader(ctx).Model(&HookEvent{}).Select("id").
			Where("at < ? AND NOT EXISTS (SELECT 1 FROM hook_deliveries d WHERE d.event_id = hook_events.id)", stamp(before)).Limit(limit)
		res := tx.reader(ctx).Where("id IN (?)", old).Delete(&HookEvent{})
		n = int(res.RowsAffected)
		return translate(res.Error)
	})
	return n, err
}
