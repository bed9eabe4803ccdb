package receive

import (
	"context"
	"time"

	"jeton/vcs/storage"
)

// Entry is a push as the journal keeps it: what is about to be done to which refs, by whom, and what was said along with it.
type Entry struct {
	ID, RepoID string
	Actor      storage.Actor
	At         time.Time
	Updates    []storage.RefUpdate
	// Options are the push options as they were sent; they are told on and never change a setting.
	Options []string
	// Certificate is that of a signed push; nil for any other.
	Certificate *Certificate
	// Notes are faults of old histories that were found in the objects and forgiven, such as "zeroPaddedFilemode <id>", and
	// what was found of secrets: those begin with SecretNote.
	Notes []string
}

// Certificate is what a client signed (gitprotocol-pack, "Push Certificate"): kept as it came, for whoever has the key.
type Certificate struct {
	// Text is the whole certificate with its signature; Signer what stands behind "pusher".
	Text, Signer string
	// Nonce is the server's own, and was found to be right: NonceStatus is "OK" for this very exchange, "SLOP" for one that was
	// given out shortly before, as happens over HTTP.
	Nonce, NonceStatus string
}

// Journal is the record of pushes that others follow (feeds, hooks, caches).
type Journal interface {
	// Begin writes an entry; it is on disk when it returns. Ids compare, as strings, in the order of their making.
	// host.ErrNotFound where the repository is gone.
	Begin(ctx context.Context, e Entry) (id string, err error)
	// End closes it with what became of each ref. One that is gone, or was ended before, is none of its business.
	End(ctx context.Context, id string, results []storage.RefResult) error
	// Open lists the entries that were begun and not ended, oldest first.
	Open(ctx context.Context) ([]Entry, error)
	// Moved lists the moves that came to pass in a repository, by entries that were ended after the one with the id since was
	// begun: some of them, and from where to go on; next is empty at the end.
	Moved(ctx context.Context, repoID, since string) (moves []Moved, next string, err error)
}

// Moved is a ref's move that came to pass, and the id of the entry it stands in.
type Moved struct {
	Entry string
	storage.RefUpdate
}
