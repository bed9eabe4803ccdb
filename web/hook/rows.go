package hook

import (
	"context"
	"time"

	"jeton/auth/audit"
)

// State is how a delivery stands.
type State string

// The states.
const (
	Waiting State = "waiting" // it is due at NextAt
	Done    State = "done"
	Failed  State = "failed" // nobody tries it any more
)

// Delivery is one hook that is told of one event.
type Delivery struct {
	// ID is what receivers know it by; it stays the same at each try and redelivery.
	ID, HookID, EventID, RepoID string
	// Place sorts them in the order in which they came.
	Place  string
	State  State
	NextAt time.Time
	// Redelivery: somebody asked for it once more.
	Redelivery bool
	// Tries counts them; what follows is of the last one. TriedAt is zero before the first.
	Tries   int
	TriedAt time.Time
	Took    time.Duration
	// Status is that of the answer, 0 where there was none.
	Status  int
	Request Request
	Answer  Answer
	// Error says what went wrong; "" where nothing did.
	Error string
}

// Request is what was sent, but for its body, which is made again of the event, and without secrets.
type Request struct {
	Method  string            `json:"method"`
	URL     string            `json:"url"`
	Headers map[string]string `json:"headers"`
}

// Answer is what came back: the beginning of the body.
type Answer struct {
	Headers map[string]string `json:"headers,omitempty"`
	Body    string            `json:"body,omitempty"`
	// More: the body went on.
	More bool `json:"more,omitempty"`
}

// Due is a hook for which deliveries wait, and when the first is due.
type Due struct {
	HookID, URL string
	At          time.Time
}

// Place is what hooks are of: a repository, a group, or the server where both ids are empty.
type Place struct{ RepoID, GroupID string }

// Rows is where hooks, events and deliveries are kept. Whatever it says is on disk when it returns. What people change
// is written together with its audit entry.
type Rows interface {
	// Told lists the active hooks that are told of what happens in a repository that lies in some groups; ids may be empty.
	Told(ctx context.Context, repoID string, groups []string) ([]Hook, error)
	// Post writes an event and one delivery for each of some hooks, by the ids that DeliveryID makes, due now. What is there
	// already is left as it is.
	Post(ctx context.Context, e Event, hookIDs []string) error
	// Known tells whether an event was written, and is remembered.
	Known(ctx context.Context, eventID string) (bool, error)
	// Waiting is how many deliveries wait for each of some hooks; those for which none does may be left out.
	Waiting(ctx context.Context, hookIDs []string) (map[string]int64, error)

	// Due lists the hooks for which deliveries wait that this process is to send.
	Due(ctx context.Context) ([]Due, error)
	// Next is the delivery that a hook is to be sent now, about none of some repositories, with its event and the hook as it
	// is now. ErrNotFound where there is none.
	Next(ctx context.Context, hookID string, now time.Time, not []string) (Delivery, Event, Hook, error)
	// Soonest is when the first is due of those that wait, about none of some repositories; zero where none waits.
	Soonest(ctx context.Context, hookID string, not []string) (time.Time, error)
	// Tried writes how a try went. judge changes what the hook says of its tries, and may switch it off, which ends all that
	// waits for it; the result is the hook as it is then. keep is how many deliveries of the hook are kept that do not wait.
	Tried(ctx context.Context, d Delivery, keep int, judge func(h *Hook)) (Hook, error)
	// Sweep removes events of before a moment of which no delivery is left.
	Sweep(ctx context.Context, before time.Time) error

	// Insert adds a hook to a place that has fewer than most; ErrTooMany.
	Insert(ctx context.Context, by audit.Actor, h Hook, most int) error
	// ByID finds a hook, Of lists those of a place, the oldest first.
	ByID(ctx context.Context, id string) (Hook, error)
	Of(ctx context.Context, p Place) ([]Hook, error)
	// Change reads a hook, has change change what people say of it, and writes it; one that is switched off is sent nothing of
	// what waits. An error of change changes nothing and is returned. action is what the audit record calls it.
	Change(ctx context.Context, by audit.Actor, id, action string, change func(h *Hook) error) (Hook, error)
	// Remove removes one with its deliveries.
	Remove(ctx context.Context, by audit.Actor, id string) error
	// Deliveries lists those of a hook before a place ("" for the last), the newest first.
	Deliveries(ctx context.Context, hookID, before string, limit int) ([]Delivery, error)
	// Delivery finds one with its event.
	Delivery(ctx context.Context, id string) (Delivery, Event, error)
	// Again has one sent once more, now.
	Again(ctx context.Context, by audit.Actor, d Delivery) error
	// Note writes into the audit record what was done to a hook that changes no row of it.
	Note(ctx context.Context, by audit.Actor, action, id, detail string) error
}

// DeliveryID is the id under which a hook is told of an event.
func DeliveryID(eventID, hookID string) string { return guid(eventID, hookID) }
