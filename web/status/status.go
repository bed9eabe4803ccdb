// Package status takes what builds say of commits, and tells it, at the addresses and in the shapes that CI systems know
// from Gitea and from GitHub Enterprise Server.
//
//	POST {base}/repos/{owner}/{repo}/statuses/{sha}          say it                   a token that may write
//	GET  {base}/repos/{owner}/{repo}/statuses/{ref}          all of it, newest first  a token that may read
//	GET  {base}/repos/{owner}/{repo}/commits/{ref}/statuses  the same
//	GET  {base}/repos/{owner}/{repo}/commits/{ref}/status    the newest of each context, combined
//
// base is /api/v1 (Gitea) or /api/v3 (GitHub). An owner is the group that the repository stands in, its slashes
// percent-encoded (team%2Fweb); "-" where it stands in none. Only what the reader's refs lead to is a commit.
//
// An answer has the fields of both: "status", as Gitea calls the state, and "state", as GitHub does. docs/commit-statuses.md
// is the users' page.
package status

import (
	"context"
	"errors"
	"log/slog"
	"net/http"
	"time"

	"jeton/auth/audit"
	"jeton/auth/gate"
	"jeton/vcs/host"
	"jeton/vcs/revision"
	"jeton/vcs/rules"
	"jeton/vcs/seats"
	"jeton/vcs/storage"
	"jeton/web/door"
)

// Status is what a build says of a commit.
type Status struct {
	RepoID, CommitID string
	// Number counts in the repository.
	Number int64
	// Context tells the builds of one commit apart.
	Context string
	// State is pending, success, error, failure or warning.
	State string
	// Target is where more is told, Description a short text; "" for none.
	Target, Description string
	// CreatorID is "" once the creator is gone, and for a token of nobody; Creator is the name that they had.
	CreatorID, Creator string
	At                 time.Time
}

// ErrFull is what Store.Add answers where as many builds have spoken of a commit as are kept.
var ErrFull = errors.New("the commit has as many statuses as are kept")

// Store keeps statuses; there is a bound on how many of one commit.
type Store interface {
	// Add keeps one, and writes it into the audit record with the path of its repository; ErrFull.
	Add(ctx context.Context, by audit.Actor, path string, s Status) (Status, error)
	// Of lists all of a commit, the newest first.
	Of(ctx context.Context, repoID, commitID string) ([]Status, error)
}

// Repositories are those that the door has let in to, by id; *host.Host does.
type Repositories interface {
	Open(ctx context.Context, id string) (storage.Repository, error)
	Rules(ctx context.Context, id string) (rules.Rules, error)
}

// Door lets in or answers why not, with a *host.Refusal or a failure of the server; *door.Door does.
type Door interface {
	Program(r *http.Request, repoPath string, a gate.Access) (door.Visit, error)
}

// Options are what a Handler needs.
type Options struct {
	Door  Door
	Repos Repositories
	Store Store
	// URL is the server's address, without a slash at its end.
	URL string
	// Walk is how many commits and trees may be walked to find out whether a commit may be named (reach.DefaultBudget).
	Walk int
	// Requests is how many are worked on at a time (32), half of them for one credential; Time how long one is (30 s).
	Requests int
	Time     time.Duration
	// Log is told of failures; nil means nowhere.
	Log *slog.Logger
}

// Handler answers the addresses. It may be used by several goroutines.
type Handler struct {
	o     Options
	seats *seats.Seats
}

// New makes a Handler.
func New(o Options) *Handler {
	if o.Requests <= 0 {
		o.Requests = 32
	}
	if o.Time <= 0 {
		o.Time = 30 * time.Second
	}
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	return &Handler{o, seats.New(seats.Shares(o.Requests))}
}

// errBusy is the answer where no seat is free.
var errBusy = &host.Refusal{Status: http.StatusServiceUnavailable, Code: "busy", RetryAfter: 5 * time.Second,
	Sentence: "The server works on as many statuses as it may at a time, or on as many as it may for you; try again in a moment."}

// Serve answers a request to one of the addresses.
func (h *Handler) Serve(w http.ResponseWriter, r *http.Request, at Address) {
	access, serve := gate.Read, h.list
	switch {
	case r.Method == http.MethodPost && at.Set:
		access, serve = gate.Write, h.set
	case r.Method == http.MethodPost:
		h.notAllowed(w, "GET, HEAD")
		return
	case r.Method != http.MethodGet && r.Method != http.MethodHead:
		h.notAllowed(w, "GET, HEAD, POST")
		return
	case at.Combined:
		serve = h.combined
	}
	v, err := h.o.Door.Program(r, at.Repo, access)
	if err == nil {
		var leave func()
		if leave, err = h.seats.Take(seats.Visitor{Client: v.Client}); err != nil {
			err = errBusy
		} else {
			defer leave()
			ctx, cancel := context.WithTimeout(r.Context(), h.o.Time)
			defer cancel()
			err = serve(w, r.WithContext(ctx), at, v)
		}
	}
	if err != nil {
		h.refuse(w, r, err)
	}
}

// commit finds the commit that an address names, among what the reader's refs lead to.
func (h *Handler) commit(ctx context.Context, repoID, ref string) (string, error) {
	laid, err := h.o.Repos.Rules(ctx, repoID)
	if err != nil {
		return "", err
	}
	repo, err := h.o.Repos.Open(ctx, repoID)
	if err != nil {
		return "", err
	}
	view, err := repo.View(ctx)
	if err != nil {
		return "", err
	}
	defer view.Close()
	rev, err := revision.New(view, &laid, revision.Options{Walk: h.o.Walk}).Find(ctx, ref)
	if errors.Is(err, revision.ErrNotFound) || errors.Is(err, revision.ErrBad) || err == nil && rev.Commit.IsZero() {
		return "", no(http.StatusNotFound, "no_commit", "No commit found for SHA: %s", revision.Shown(ref))
	}
	return rev.Commit.String(), err
}
