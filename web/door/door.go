// Package door is the way from HTTP to the gate: it reads what a client presented, asks auth/gate, and turns the answer
// into what the git engine understands.
//
//	*http.Request ──► Credential ──► gate.Admit ──► Grant   ──► host.Admission
//	                                           └─► Refused ──► host.Refusal (a status, a sentence)
//
// It decides nothing. The SSH wiring uses its two translations, so that a refusal reads the same over both.
package door

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"time"

	"jeton/auth/gate"
	"jeton/auth/token"
	"jeton/vcs/host"
	"jeton/vcs/rules"
	"jeton/vcs/storage"
)

// Creator makes repositories for pushes to a free path; *host.Host is one.
type Creator interface {
	Conceive(ctx context.Context, r host.Repo) (*host.Unborn, error)
}

// Options are what a Door needs.
type Options struct {
	Gate    *gate.Gate
	Creator Creator
	// Proxies are those in front of the server.
	Proxies Proxies
	// Notices are what clients are told of their tokens.
	Notices Notices
	// Guesses bounds how many wrong passwords an address may try.
	Guesses Guesses
	// Log gets failures of the server; nil drops them.
	Log *slog.Logger
}

// Door admits HTTP requests: to git (Admit, it implements smarthttp.Doorkeeper), to views and feeds (View, Feed), to what a
// token may ask about itself (About). It is safe for concurrent use.
type Door struct {
	o       Options
	guesses *guesses
}

// New makes a door.
func New(o Options) *Door {
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	return &Door{o: o, guesses: newGuesses(o.Guesses)}
}

// Admit decides whether a request may use a git service (git-upload-pack, git-receive-pack) of the repository at path.
// Its error is a *host.Refusal, or a failure of the server.
func (d *Door) Admit(r *http.Request, path, service string) (host.Admission, error) {
	access := gate.Read
	if service == "git-receive-pack" {
		access = gate.Write
	}
	grant, err := d.ask(r, gate.Resource{Path: path}, access)
	if err != nil {
		return host.Admission{}, err
	}
	a := Admission(grant, path, d.o.Creator)
	a.Notice = d.o.Notices.Of(grant.Identity)
	a.Client = d.client(r, a)
	return a, nil
}

// ask reads what a request to git's door presents, and asks the gate. Its error is as Admit's.
func (d *Door) ask(r *http.Request, res gate.Resource, access gate.Access) (*gate.Grant, error) {
	c, err := credential(r)
	if err != nil {
		return nil, err
	}
	if c == (gate.Credential{}) {
		c = d.vouched(r)
	}
	c.Remote = d.Remote(r)
	if err := d.guesses.allow(c); err != nil {
		return nil, err
	}
	grant, err := d.o.Gate.Admit(r.Context(), c, gate.Git, res, access)
	if err != nil {
		d.guesses.note(c, err)
		return nil, Refusal(err)
	}
	note(r, grant.Identity)
	return grant, nil
}

// client is under what name a client's requests are counted together.
func (d *Door) client(r *http.Request, a host.Admission) string {
	if a.Actor.ID == "" {
		return d.Network(r)
	}
	return a.Actor.ID + " " + a.Actor.Credential
}

// About answers a token of any kind that asks about itself, and hands out its text as it came. Its error is as Admit's.
func (d *Door) About(r *http.Request) (gate.About, token.Secret, error) {
	c, err := presented(r)
	if err != nil {
		return gate.About{}, token.Secret{}, err
	}
	c.Remote = d.Remote(r)
	a, err := d.o.Gate.About(r.Context(), c)
	if err != nil {
		return gate.About{}, token.Secret{}, Refusal(err)
	}
	note(r, a.Identity)
	text := c.Secret
	if !token.Looks(text) { // it stood where the user name does
		text = c.User
	}
	secret, err := token.Parse(text)
	return a, secret, err
}

// Admission is a grant as the engine takes it. path is what was asked for; creator makes it where nothing is there yet.
func Admission(g *gate.Grant, path string, creator Creator) host.Admission {
	a := host.Admission{
		RepoID: g.Repo.ID, Path: g.Repo.Path,
		Actor: storage.Actor{ID: g.Identity.UserID, Name: g.Identity.UserName, Email: g.Identity.Email,
			Credential: g.Identity.Credential},
		Writes:  rules.Writes{Patterns: g.Refs.Patterns, FastForwardOnly: g.Refs.FastForwardOnly, NoDelete: g.Refs.NoDelete},
		Recheck: func(ctx context.Context) error { return Refusal(g.Again(ctx)) },
	}
	if line := g.Identity.TokenLine; line != "" { // not its own id, so that rules which name it outlast rotations
		a.Actor.Line = "token:" + line
	}
	switch { // a deploy key or token is nobody's
	case a.Actor.ID != "":
	case a.Actor.Line != "":
		a.Actor.ID = a.Actor.Line
	default:
		a.Actor.ID = a.Actor.Credential
	}
	if a.Path == "" {
		a.Path = path
	}
	if g.Create {
		a.Create = func(ctx context.Context) (*host.Unborn, error) { return create(ctx, g, a.Path, creator) }
	}
	return a
}

// create makes the repository of a push, private and its pusher's own. The question is asked once more: between the
// advertisement and the commands the permission may have ended.
func create(ctx context.Context, g *gate.Grant, path string, creator Creator) (*host.Unborn, error) {
	if err := Refusal(g.Again(ctx)); err != nil {
		return nil, err
	}
	u, err := creator.Conceive(ctx, host.Repo{Path: path, OwnerID: g.Identity.UserID, MakerID: g.Identity.UserID, Private: true})
	if err != nil {
		return nil, notMade(err)
	}
	publish := u.Publish
	u.Publish = func(ctx context.Context) error { return notMade(publish(ctx)) }
	return u, nil
}

// notMade says why the repository of a push could not be made; nil stays nil.
func notMade(err error) error {
	switch {
	case errors.Is(err, host.ErrTaken):
		return &host.Refusal{Status: http.StatusConflict, Code: "taken",
			Sentence: "Somebody made this repository a moment ago. Push again."}
	case errors.Is(err, host.ErrBadPath):
		return &host.Refusal{Status: http.StatusBadRequest, Code: "bad_path", Sentence: err.Error()}
	case err != nil:
		return fmt.Errorf("create the repository of a push: %w", err)
	}
	return nil
}

// Refusal turns the gate's no into the engine's, with the status of the table in docs/tokens.md ("Refusals").
// Another error, and nil, stay as they are.
func Refusal(err error) error {
	r := gate.AsRefused(err)
	if r == nil {
		return err
	}
	return &host.Refusal{Status: status(r.Code), Code: string(r.Code), Sentence: r.Sentence, RetryAfter: r.RetryAfter}
}

// status: 401 makes git ask again and credential helpers forget a secret, 403 makes them keep it, and 404 tells nothing.
func status(c gate.Code) int {
	switch c {
	case gate.NoCredential, gate.BadCredential, gate.Expired, gate.Revoked, gate.Rotated, gate.WrongKind, gate.Inactive,
		gate.TokensOnly:
		return http.StatusUnauthorized
	case gate.WrongNetwork, gate.SwitchedOff, gate.ReadOnly, gate.NoRight, gate.Archived:
		return http.StatusForbidden
	case gate.NotFound:
		return http.StatusNotFound
	case gate.Gone:
		return http.StatusGone
	case gate.TooMany:
		return http.StatusTooManyRequests
	case gate.Unavailable:
		return http.StatusServiceUnavailable
	}
	return http.StatusBadRequest
}

// Note is what the door found out about a request, for the access log and for headers.
type Note struct {
	// User is the user name; "" for a guest and for who was refused.
	User string
	// Expiry is when the token ends; zero where nothing does.
	Expiry time.Time
}

type noteKey struct{}

func note(r *http.Request, id gate.Identity) {
	if n, ok := r.Context().Value(noteKey{}).(*Note); ok {
		n.User, n.Expiry = id.UserName, id.TokenExpiry
	}
}

// WithNote returns a context in which Admit writes into the note; the note is read when the request has been answered,
// by the same goroutine.
func WithNote(ctx context.Context) (context.Context, *Note) {
	n := &Note{}
	return context.WithValue(ctx, noteKey{}, n), n
}
