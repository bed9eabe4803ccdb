// Package host is the catalogue of repositories: it resolves a path to an id and opens, creates, renames and deletes
// repositories, each as one recoverable operation over disk and rows. Pages, API, commands and push-to-create call it
// and nothing else. It knows no user and no token: who may do it was decided before.
package host

import (
	"context"
	"strconv"
	"time"

	"jeton/vcs/rules"
	"jeton/vcs/storage"
)

// Admission is what a gate let in, as the engine needs it: one reader or writer of one repository.
type Admission struct {
	// RepoID is empty for a push to a path where nothing is yet; Create then makes the repository.
	RepoID string
	Path   string
	Actor  storage.Actor
	// Client is under what name the requests of this client are counted together, where their number is bounded: its
	// credential, or the network of a guest (whose Actor has no ID). "" counts with nobody.
	Client string
	// Writes is what the credential may write, where it may less than its owner.
	Writes rules.Writes
	// Notice is a line for the client's user where all went well, such as that the token ends soon; "" for none.
	Notice string
	// Recheck asks credential and permission again, immediately before refs move.
	Recheck func(ctx context.Context) error
	// Served is told what has left the repository, and in some words how much; nil: nobody wants to know. It never waits.
	Served func(service, detail string)
	// Create makes the repository of a push to a free path, for the push to publish or drop; nil where RepoID is set. Its
	// error and that of Publish are a *Refusal or a failure of the server.
	Create func(ctx context.Context) (*Unborn, error)
}

// SentBy is Served for one service; nil where nobody wants to know.
func (a Admission) SentBy(service string) func(detail string) {
	if a.Served == nil {
		return nil
	}
	return func(detail string) { a.Served(service, detail) }
}

// Refusal is a door's answer that is not a yes. Only Code and Sentence reach the client.
type Refusal struct {
	// Status is the HTTP status; SSH turns it into words and an exit status.
	Status int
	// Code is for machines: expired, wrong_kind, not_found …
	Code string
	// Sentence is for people: what, and what to do.
	Sentence string
	// RetryAfter is set for limits.
	RetryAfter time.Duration
}

func (r *Refusal) Error() string { return r.Sentence }

// Wait is RetryAfter as the header Retry-After says it; "" without.
func (r *Refusal) Wait() string { return Wait(r.RetryAfter) }

// Wait is a time as the header Retry-After says it (RFC 9110, section 10.2.3): in whole seconds, not too few; "" for none.
func Wait(after time.Duration) string {
	if after <= 0 {
		return ""
	}
	return strconv.FormatInt(int64((after+time.Second-1)/time.Second), 10)
}

// Failed is what whoever asked is told where the server itself has failed: wire.ServerFailed as people write.
const Failed = "The server has failed; its administrator finds the reason in the log."
