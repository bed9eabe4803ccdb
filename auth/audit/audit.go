// Package audit is the append-only record of what was done, and what was tried, with which credential.
//
//	Done(tx)          a change, in the very transaction that makes it: none without its entry  ─┐
//	Record.Refusal    what was refused ─┐                                                      ├─► 1 ◄─ 2 ◄─ 3 ◄─ … ◄─ head
//	Record.SignIn     who came in       ├─ queue ─► folded, within a budget, in batches ───────┤    each holds the hash of
//	Record.Event      pulls, downloads ─┘                                                      │    the one before
//	Append            a push that ended, once whatever happens ────────────────────────────────┘
//
// Every entry is chained to the one before (db.AuditEntry.Sum), so that one that is removed, changed or moved shows:
// Verify names the first that does not fit. What was cut off at the end shows to whoever kept a Head elsewhere. Cut takes
// away what is old, and writes an entry of its own about where the chain begins from then on.
//
// What goes through the queue costs a request nothing, and whoever sends refused requests by the thousand fills neither
// disk nor memory: what is over the budget is counted, and the count is written. Refusals of one genuine credential for
// one reason, and its sign-ins from one address, are one line a minute, with a count.
//
// An entry names a credential by its id, never by its secret; what looks like a token is masked wherever it stands. The
// package decides nothing and reads no request.
package audit

import (
	"context"
	"fmt"
	"net/netip"
	"strings"
	"time"

	"jeton/auth/mask"
	"jeton/db"
)

// Actor is who does something, and from where.
type Actor struct {
	// UserID is empty for the server itself and for its command line.
	UserID string
	// Name is the user name; "command" or what the command line gave where there is no user.
	Name string
	// Credential names what was used: "token:<id>", "key:<id>", "password", "vouched", "session", "".
	Credential string
	// Door is git, api, feed, view, ssh, page or command.
	Door string
	// Remote is the client's address; the zero value where there is none.
	Remote netip.Addr
}

// Command is the actor of a command typed on the server's own machine.
func Command(osUser string) Actor { return Actor{Name: osUser, Door: "command"} }

// Event is one entry.
type Event struct {
	Actor
	// Action is what was asked, such as token.revoke or repository.write.
	Action string
	// Resource is what it was about: a user name, a path, a token's id.
	Resource string
	// Outcome is "done", or the code of a refusal.
	Outcome string
	// Detail is for people; never a secret.
	Detail string
	// Once, where it is not empty, names what the entry is about: it is written once at most.
	Once string
	// At is now where it is zero.
	At time.Time
}

// maxField bounds every text of an entry, in bytes, since a client chose some of them; maxDetail bounds the detail.
const (
	maxField  = 300
	maxDetail = 16 << 10
)

// Done writes that an administrative change was made, in the transaction that makes it.
func Done(ctx context.Context, tx *db.Tx, by Actor, action, resource, detail string) error {
	e := Event{Actor: by, Action: action, Resource: resource, Outcome: "done", Detail: detail, At: time.Now()}
	if err := tx.Audit().Append(ctx, e.row()); err != nil {
		return fmt.Errorf("write audit entry: %w", err)
	}
	return nil
}

// Append writes events now and together; one whose Once is there already is left out.
func Append(ctx context.Context, d *db.DB, events ...Event) error {
	rows := make([]db.AuditEntry, len(events))
	for i, e := range events {
		rows[i] = e.row()
	}
	if err := d.Audit().Append(ctx, rows...); err != nil {
		return fmt.Errorf("write audit entries: %w", err)
	}
	return nil
}

func (e Event) row() db.AuditEntry {
	remote := ""
	if e.Remote.IsValid() {
		remote = e.Remote.String()
	}
	field := func(s string) string { return clip(s, maxField) }
	return db.AuditEntry{
		At: e.At, UserID: e.UserID, UserName: field(e.Name), Credential: field(e.Credential), Door: field(e.Door),
		Action: field(e.Action), Resource: field(e.Resource), Outcome: field(e.Outcome), Detail: clip(e.Detail, maxDetail),
		Remote: remote, Once: e.Once,
	}
}

// clip masks secrets, shortens a text to so many bytes, and makes it valid UTF-8 without NUL, as every database takes it.
func clip(s string, most int) string {
	s = mask.Passwords(mask.Tokens(s))
	if len(s) > most {
		s = s[:most] + "…"
	}
	s = strings.ToValidUTF8(s, "\uFFFD")
	return strings.ReplaceAll(s, "\x00", "\uFFFD")
}
