package audit

import (
	"fmt"
	"strings"
	"time"

	"jeton/db"
)

// kept is how many folds there are at a time; what would need another is written by itself, or left to the budget.
const kept = 4096

// key is what entries of one fold have in common.
type key struct{ credential, user, outcome, from string }

// fold is the minute that began at since: its first entry was written, more like it are counted.
type fold struct {
	since time.Time
	first Event
	more  int64
}

// folds makes one line a minute of entries that are alike. One goroutine owns it.
//
//	0:00 refused, written   0:07, 0:31 counted   1:00 «and 2 more», written   1:12 counted   2:00 …
type folds struct {
	by map[key]*fold
	// next is when the earliest fold is over; zero where there is none.
	next time.Time
}

// held is what came of an entry.
type held int

const (
	counted held = iota // with one that was written within the last minute
	begun               // a minute, as the first of its kind
	alone               // there is no room for another fold
)

// hold counts an entry with one that was written within the last minute, or begins a minute with it.
func (f *folds) hold(e Event, from string) held {
	k := key{e.Credential, e.UserID, e.Outcome, from}
	if one := f.by[k]; one != nil {
		one.more++
		return counted
	}
	if len(f.by) >= kept {
		return alone
	}
	f.begin(k, &fold{since: e.At, first: e})
	return begun
}

func (f *folds) begin(k key, one *fold) {
	f.by[k] = one
	if over := one.since.Add(time.Minute); f.next.IsZero() || over.Before(f.next) {
		f.next = over
	}
}

// due is the lines of minutes that are over; where something was counted another minute begins with its line.
func (f *folds) due(now time.Time) []db.AuditEntry {
	if f.next.IsZero() || now.Before(f.next) {
		return nil
	}
	var rows []db.AuditEntry
	f.next = time.Time{}
	for k, one := range f.by {
		switch {
		case now.Sub(one.since) < time.Minute:
			f.begin(k, one)
		case one.more == 0:
			delete(f.by, k)
		default:
			rows = append(rows, one.line(now))
			f.begin(k, &fold{since: now, first: one.first})
		}
	}
	return rows
}

// all is the lines of everything that was counted.
func (f *folds) all(now time.Time) []db.AuditEntry {
	var rows []db.AuditEntry
	for _, one := range f.by {
		if one.more > 0 {
			rows = append(rows, one.line(now))
		}
	}
	return rows
}

// line says how many there were more, in the words of the first.
func (one *fold) line(now time.Time) db.AuditEntry {
	e := one.first
	e.At = now
	e.Detail = strings.TrimSpace(fmt.Sprintf("%s (and %d more like it since %s)", e.Detail, one.more, one.since.UTC().Format(time.TimeOnly)))
	return e.row()
}
