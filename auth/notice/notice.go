// Package notice tells people and operators what they should know at once: a decoy was tried, a token was used after it
// had been rotated away, a token was found and revoked. By mail, by a web hook, or by both; where neither is set up, in the
// log alone.
//
//	Send ─► queue (bounded) ─► one goroutine ─┬─► mail      to the person, and to the operators
//	        full: counted, and logged         └─► web hook  POST JSON, signed with HMAC-SHA-256
//	        like ones: folded
//
// Send never waits, so that a request never does. A message that cannot be delivered is tried some times, a little later
// each time, and then given up with a line in the log. What looks like a token is masked wherever it stands in a message.
//
// The package knows no person, no token and no database; of ours it imports mask alone.
package notice

import (
	"log/slog"
	"time"
)

// Message is one notice.
type Message struct {
	// Kind is for programs, such as token.decoy.
	Kind string
	// UserID is the person whom it is about, "" for nobody; Options.Address finds where their mail goes.
	UserID string
	// To are further addresses of mail.
	To []string
	// Subject is one line, Text some for people.
	Subject, Text string
	// Like folds messages: of those with the same word a few go out in ten minutes, and the next says how many were held
	// back. "" folds nothing.
	Like string
	// Fields are what a program wants to know, such as the token's id and the caller's address; never a secret.
	Fields map[string]string
	// At is now where it is zero.
	At time.Time
}

// Options of a Sender. Where neither Mail.Host nor Hook.URL is set, messages are logged and nothing else.
type Options struct {
	Mail Mail
	Hook Hook
	// Address finds a person's address; "" where there is none. nil: nobody has one.
	Address func(userID string) string
	// Server is the server's address for people, which the messages name; "" leaves it out.
	Server string
	// Queue is how many messages may wait; 0 means 256.
	Queue int
	// Wait is how long to wait after a first failure; it doubles up to the last of Tries. 0 means 5 seconds and 4 tries.
	Wait  time.Duration
	Tries int
	// Log is told of what was sent and what could not be; nil means slog.Default.
	Log *slog.Logger
}
