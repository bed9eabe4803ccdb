// Package api serves the methods of the API over HTTP: RhodeCode's JSON-RPC, and whatever else asks by Do.
//
//	POST {"id":1,"auth_token":"…","method":"get_repo","args":{"repoid":"team/app"}}
//	  │
//	  ▼  405  413  429  503                             (limits.go: nothing is known of the call yet, its id is null)
//	read ─► strict JSON (frame.go) ─► method ─► arguments ─► the gate: who, and may they? ─► run ─► one reply
//	            └──────────── 200 {"id":1,"result":null,"error":"…"} ────────────────────────┘
//
// What a method is, web/api/method says; whether somebody may call it on this, the gate alone. What is not there and what
// may not be touched take one way through it and get one answer, in RhodeCode's words (refusal.go).
package api

import (
	"fmt"
	"log/slog"
	"net/http"
	"net/netip"
	"time"

	"jeton/auth/gate"
	"jeton/vcs/seats"
	"jeton/web/api/method"
	"jeton/web/door"
)

// Door finds out who calls, and whether they may; *door.Door does.
type Door interface {
	// Call and Caller answer with a *gate.Refused, or a failure of the server.
	Call(r *http.Request, inBody []string, res gate.Resource, a gate.Access) (*gate.Grant, error)
	Caller(r *http.Request, inBody []string) (gate.Identity, error)
	Remote(r *http.Request) netip.Addr
	// Network names those whose calls are counted together before it is known who calls.
	Network(r *http.Request) string
}

// Limits bound what the API takes on. All are required but where 0 has a meaning of its own.
type Limits struct {
	// Request is the largest body, in bytes.
	Request int64
	// ReadTime is how long a body may take to arrive, CallTime how long a call may take then.
	ReadTime, CallTime time.Duration
	// Concurrent is how many calls run at a time; as many bodies again are read at a time. 0 means 64.
	Concurrent int
	// PerToken and PerAddress are calls a minute; 0 is no bound.
	PerToken, PerAddress int
}

// Options are what a Handler needs.
type Options struct {
	Methods []method.Method
	Door    Door
	// Gate is what calls ask besides (method.Call).
	Gate method.Gate
	// URL is the server's address, without a slash at its end.
	URL    string
	Limits Limits
	// Now is the clock of the budgets; nil means time.Now.
	Now func() time.Time
	Log *slog.Logger
}

// Handler serves the API. It is safe for concurrent use.
type Handler struct {
	o       Options
	methods map[string]method.Method
	// names are all methods', in order.
	names []string
	// readers are the bodies that are read, workers the calls that run.
	readers, workers      *seats.Seats
	perToken, perNetworks *door.Budget
}

// New makes a handler. It fails where two methods have one name.
func New(o Options) (*Handler, error) {
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	if o.Limits.Concurrent < 1 {
		o.Limits.Concurrent = 64
	}
	h := &Handler{o: o, methods: map[string]method.Method{}, readers: seats.New(seats.Shares(o.Limits.Concurrent)), workers: seats.New(seats.Shares(o.Limits.Concurrent)),
		perToken: door.NewBudget(o.Limits.PerToken, o.Now), perNetworks: door.NewBudget(o.Limits.PerAddress, o.Now)}
	for _, m := range o.Methods {
		if _, twice := h.methods[m.Name]; twice {
			return nil, fmt.Errorf("two methods of the API are called %s", m.Name)
		}
		h.methods[m.Name] = m
		h.names = append(h.names, m.Name)
	}
	return h, nil
}

// Methods are all that are served, in the order of Options.
func (h *Handler) Methods() []method.Method { return h.o.Methods }
