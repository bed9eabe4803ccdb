// Package audit is the append-only record of what was done, and what was tried, with which credential.
//
// Two kinds of entry, two ways in. A change that an administrator makes is written in the very transaction that makes
// it (Done): there is no change without its entry. A refusal is written off the request's path (Record.Refusal), in
// batches and within a budget, so that whoever sends refused requests by the thousand fills neither disk nor memory:
// what is over the budget is counted, and the count is written.
//
// An entry names a credential by its id, never by its secret. The package decides nothing and reads no request.
package audit

import (
	"context"
	"fmt"
	"net/netip"
	"strings"
	"time"

	"jeton/db"
)

// Actor is who does something, and from where.
type Actor struct {
	// UserID is empty for the server itself and for its command line.
	UserID string
	// Name is the user name; "command" or what the command line gave where there is no user.
	Name string
	// Credential names what was used: "token:<id>", "key:<id>", "password", "session", "".
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
	// At is now where it is zero.
	At time.Time
}

// maxField bounds every text of an entry, in bytes, since a client chose some of them.
const maxField = 300

// Done writes that an administrative change was made, in the transaction that makes it.
func Done(ctx context.Context, tx *db.Tx, by Actor, action, resource, detail string) error {
	e := Event{Actor: by, Action: action, Resource: resource, Outcome: "done", Detail: detail, At: time.Now()}
	if err := tx.Audit().Append(ctx, e.row()); err != nil {
		return fmt.Errorf("write audit entry: %w", err)
	}
	return nil
}

func (e Event) row() db.AuditEntry {
	remote := ""
	if e.Remote.IsValid() {
		remote = e.Remote.String()
	}
	return db.AuditEntry{
		At: e.At, UserID: e.UserID, UserName: clip(e.Name), Credential: clip(e.Credential), Door: clip(e.Door),
		Action: clip(e.Action), Resource: clip(e.Resource), Outcome: clip(e.Outcome), Detail: clip(e.Detail),
		Remote: remote,
	}
}

// clip shortens a text to maxField and makes it valid UTF-8 without NUL, as every database takes it.
func clip(s string) string {
	if len(s) > maxField {
		s = s[:maxField] + "…"
	}
	s = strings.ToValidUTF8(s, "\uFFFD")
	return strings.ReplaceAll(s, "\x00", "\uFFFD")
}
