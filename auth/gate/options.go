package gate

import (
	"context"
	"fmt"
	"net/netip"
	"time"

	"jeton/auth/access"
	"jeton/auth/audit"
	"jeton/auth/signin"
	"jeton/auth/sshcert"
	"jeton/auth/sshkey"
	"jeton/auth/token"
)

// Options are what a Gate decides by. All stores are required.
type Options struct {
	Users        *access.Users
	Repositories *access.Repositories
	// UserGroups are what methods of the API are about; nil knows none.
	UserGroups *access.UserGroups
	Tokens     *token.Store
	Keys       *sshkey.Store
	SignIn     *signin.Registry
	// Certificates are the authorities whose SSH certificates are taken, and the revoked keys; nil takes none.
	Certificates *sshcert.Authorities
	// Audit gets refusals; nil records nothing.
	Audit *audit.Record
	// Create says who may make repositories (setting repos.create).
	Create access.CreateRule
	// PushToCreate lets a write to a free path be a question to create the repository.
	PushToCreate bool
	// ViewOn tells whether a view is on the whitelist of web tokens (setting web.token_views); nil means none is.
	// line is the id that the token's rotations keep.
	ViewOn func(view, line string) bool
	// HowToMint is a sentence that says where a token of a kind is made; nil names the command.
	HowToMint func(kind token.Kind) string
	// Deleted lists the repositories that were deleted at a path, as it was typed, and can come back; nil: nobody is told of
	// any. What was given on them still counts.
	Deleted func(ctx context.Context, path string) ([]access.Repository, error)
	// Fresh brings what the stores hold up to date, where another process may have changed it. It is asked first, at every
	// question; its error is a failure of the server. nil: nobody else changes anything.
	Fresh func(ctx context.Context) error
	// Notify is told of what somebody should look at. It must not wait, and changes no answer; nil tells nobody.
	Notify func(ctx context.Context, a Alarm)
	// NoGitPasswords: git takes tokens and keys alone, whoever asks (setting auth.git_passwords).
	NoGitPasswords bool
	// RefusalTime is how long a refusal takes; 0 means 2 ms, and less than 0 no longer than it needs.
	RefusalTime time.Duration
	// Now is the clock; nil means time.Now.
	Now func() time.Time
}

// AlarmKind is what an Alarm is about.
type AlarmKind string

// The kinds of alarm.
const (
	DecoyTried   AlarmKind = "decoy"        // somebody tried a token that is there to be found
	RotatedTried AlarmKind = "rotated_late" // the old token of a rotation was used after the overlap
)

// Alarm tells that somebody uses a token which nobody should. It names the token by its id and never holds its text.
type Alarm struct {
	Kind           AlarmKind
	TokenID, Label string
	// UserID is whose token it is; "" where it is nobody's.
	UserID string
	Door   Door
	// Resource is what was asked for, as it was typed; the client chose it.
	Resource string
	// Remote is where it came from; the zero value where that is not known.
	Remote netip.Addr
	At     time.Time
}

// Gate decides. It is safe for concurrent use, and holds nothing of its own that could be out of date.
type Gate struct{ o Options }

// New makes a gate.
func New(o Options) *Gate {
	if o.ViewOn == nil {
		o.ViewOn = func(string, string) bool { return false }
	}
	if o.HowToMint == nil {
		o.HowToMint = func(k token.Kind) string {
			return "Make one with: jeton token create --kind " + string(k) + " --user NAME --label LABEL"
		}
	}
	if o.RefusalTime == 0 {
		o.RefusalTime = refusalTime
	}
	if o.Now == nil {
		o.Now = time.Now
	}
	if o.Fresh == nil {
		o.Fresh = func(context.Context) error { return nil }
	}
	if o.Notify == nil {
		o.Notify = func(context.Context, Alarm) {}
	}
	return &Gate{o: o}
}

// fresh asks for what others have changed.
func (g *Gate) fresh(ctx context.Context) error {
	if err := g.o.Fresh(ctx); err != nil {
		return fmt.Errorf("ask what other nodes have changed: %w", err)
	}
	return nil
}
