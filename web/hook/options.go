package hook

import (
	"context"
	"errors"
	"log/slog"
	"net/http"
	"time"

	"jeton/vcs/rules"
	"jeton/vcs/storage"
)

// ErrTooMany: a place has as many hooks as it may.
var ErrTooMany = errors.New("there are as many hooks as one place may have")

// Repositories opens repositories and knows their rules (vcs/host).
type Repositories interface {
	Open(ctx context.Context, id string) (storage.Repository, error)
	Rules(ctx context.Context, id string) (rules.Rules, error)
}

// Facts knows what is told of repositories and people.
type Facts interface {
	// Repo is a repository as it is now; false where it is gone.
	Repo(ctx context.Context, id string) (Repo, bool)
	// Person is somebody by their id; where nobody has it, what was recorded stands.
	Person(id string, recorded Person) Person
	// Group is a group's path, and the ids of those above it; false where it is gone.
	Group(id string) (path string, above []string, ok bool)
}

// Bearer is a token that goes along with a delivery.
type Bearer struct {
	Secret  Secret
	Expires time.Time
}

// Options are what a Server needs; zero numbers and durations mean the defaults that stand behind them.
type Options struct {
	Rows         Rows
	Repositories Repositories
	Facts        Facts
	// Client sends. It must follow no redirect, and should dial no address that it must not.
	Client *http.Client
	// URL is the server's address for clients, without a slash at its end; it is asked each time, since a server that chooses
	// its port knows it late.
	URL func() string
	// SSH is where SSH is reached, as ssh://git@host; "", or nil, for nowhere.
	SSH func() string
	// Version is the server's, for User-Agent.
	Version string
	// Mint makes a token that reads a repository; nil: hooks give none.
	Mint func(ctx context.Context, repoID string, h Hook) (Bearer, error)
	// PlainTokens lets tokens go to http:// addresses too.
	PlainTokens bool
	// Off is told that the server has switched a hook off; nil: nobody is.
	Off func(h Hook)
	// Timeout is how long one try may take (10 s).
	Timeout time.Duration
	// Workers is how many deliveries are under way at once (16), PerHost how many of them to one host (4).
	Workers, PerHost int
	// Keep is how many deliveries of a hook are kept (100); MaxWaiting how many may wait for one that fails (1,000).
	Keep, MaxWaiting int
	// MaxHooks is how many hooks one place may have (50).
	MaxHooks int
	// GiveUp is after how long a hook is switched off of which no delivery has come through (72 h).
	GiveUp time.Duration
	// Commits is how many commits of a push are told (20).
	Commits int
	Log     *slog.Logger
	// Waits are how long to wait after each try that failed; behind the last nobody tries any more (10 s to 5 h, in all half a
	// day).
	Waits []time.Duration
	// Now is the clock, Random a number from 0 to 1; nil means time.Now and math/rand.
	Now    func() time.Time
	Random func() float64
}

func (o Options) withDefaults() Options {
	for at, number := range map[*int]int{&o.Workers: 16, &o.PerHost: 4, &o.Keep: 100, &o.MaxWaiting: 1000, &o.MaxHooks: 50, &o.Commits: 20} {
		if *at <= 0 {
			*at = number
		}
	}
	for at, span := range map[*time.Duration]time.Duration{&o.Timeout: 10 * time.Second, &o.GiveUp: 72 * time.Hour} {
		if *at <= 0 {
			*at = span
		}
	}
	if o.Waits == nil {
		o.Waits = waits()
	}
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	if o.Now == nil {
		o.Now = time.Now
	}
	if o.Random == nil {
		o.Random = random
	}
	if o.SSH == nil {
		o.SSH = func() string { return "" }
	}
	if o.URL == nil {
		o.URL = func() string { return "" }
	}
	return o
}
