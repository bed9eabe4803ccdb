package api

import (
	"context"
	"errors"
	"net/http"
	"time"

	"jeton/auth/audit"
	"jeton/auth/gate"
	"jeton/vcs/seats"
	"jeton/web/api/method"
)

// Ask is a call, however it came.
type Ask struct {
	Method string
	Args   method.Values
	// Credentials are those that stood in the body; one may have come as Bearer instead.
	Credentials []string
}

// Do calls a method, once it is known who calls and that they may, within their limits; the header of w tells what is left
// of these. It writes nothing else. Its error holds a *method.Error: a failure of the server is logged, and told as one.
func (h *Handler) Do(w http.ResponseWriter, r *http.Request, a Ask) (any, error) {
	result, err := h.do(w, r, a)
	if err == nil {
		return result, nil
	}
	return nil, h.told(r, a, err)
}

func (h *Handler) do(w http.ResponseWriter, r *http.Request, a Ask) (any, error) {
	m, ok := h.methods[a.Method]
	if !ok {
		return nil, h.noSuchMethod(a.Method)
	}
	ready, err := m.Prepare(a.Args)
	if err != nil { // told to those alone who may call something
		if _, no := h.o.Door.Caller(r, a.Credentials); no != nil {
			err = refusal(no, m, "")
		}
		return nil, err
	}
	access := gate.Read
	if m.Changes {
		access = gate.Write
	}
	object := gate.Object{Method: m.Name, Kind: m.On.Kind, Name: ready.About, Level: m.On.Level, Content: m.On.Content}
	grant, err := h.o.Door.Call(r, a.Credentials, gate.Resource{Right: m.Right, Object: object}, access)
	if err != nil {
		return nil, refusal(err, m, ready.About)
	}
	leave, err := h.enter(w, grant.Identity)
	if err != nil {
		return nil, err
	}
	defer leave()
	ctx, cancel := context.WithTimeout(r.Context(), h.o.Limits.CallTime)
	defer cancel()
	result, err := ready.Run(ctx, h.call(r, m, ready.About, grant))
	if err != nil && ctx.Err() == context.DeadlineExceeded && r.Context().Err() == nil {
		err = &method.Error{Code: method.Unavailable, RetryAfter: 10 * time.Second,
			Text: "This call took longer than " + h.o.Limits.CallTime.String() + " and was given up. Ask for less, or come again later."}
	}
	return result, err
}

// Serve makes a call that came with an address of its own: args are in the address already, and the body, where there is
// one, is an object of more of them. The token comes as Bearer. Its error holds a *method.Error.
func (h *Handler) Serve(w http.ResponseWriter, r *http.Request, m method.Method, args method.Values) (any, error) {
	leave, err := h.arrive(w, r)
	if err != nil {
		return nil, err
	}
	body, err := h.read(w, r)
	leave()
	if err == nil && len(body) > 0 {
		err = merge(args, body)
	}
	if err != nil {
		return nil, err
	}
	return h.Do(w, r, Ask{Method: m.Name, Args: args})
}

// merge adds the arguments of a body to those of an address.
func merge(args method.Values, body []byte) error {
	more, err := readArguments(body)
	if err != nil {
		return err
	}
	for name, raw := range more {
		if _, twice := args[name]; twice {
			return method.Fail(method.Invalid, "The argument `%s` stands in the address and in the body. Send it once.", name)
		}
		args[name] = raw
	}
	return nil
}

// call is what a method sees of the call.
func (h *Handler) call(r *http.Request, m method.Method, about string, g *gate.Grant) *method.Call {
	c := &method.Call{Identity: g.Identity, Remote: h.o.Door.Remote(r), URL: h.o.URL, Gate: h.o.Gate,
		Repo: g.Found.Repository, Group: g.Found.Group, UserGroup: g.Found.UserGroup, Person: g.Found.Person,
		Recheck: func(ctx context.Context) error { return refusal(g.Again(ctx), m, about) }}
	c.Actor = audit.Actor{UserID: g.Identity.UserID, Name: g.Identity.UserName, Credential: g.Identity.Credential, Door: string(gate.API), Remote: c.Remote}
	return c
}

// enter takes a call out of a token's budget, and a seat. The function gives the seat back.
func (h *Handler) enter(w http.ResponseWriter, id gate.Identity) (leave func(), err error) {
	client := "token:" + id.TokenLine
	standing := h.perToken.Take(client)
	tell(w.Header(), standing)
	if standing.Wait > 0 {
		return nil, early(&method.Error{Code: method.Limited, RetryAfter: standing.Wait, Text: "Too many calls came with this token. Wait a little, and send fewer a minute."})
	}
	leave, err = h.workers.Take(seats.Visitor{Client: client})
	if err != nil {
		return nil, crowded(err)
	}
	return leave, nil
}

// told is an error as the client reads it.
func (h *Handler) told(r *http.Request, a Ask, err error) error {
	var e *method.Error
	if errors.As(err, &e) {
		return err
	}
	if r.Context().Err() == nil { // else the client has gone, which is no failure
		h.o.Log.ErrorContext(r.Context(), "a call of the API failed", "method", a.Method, "error", err)
	}
	return failed()
}
