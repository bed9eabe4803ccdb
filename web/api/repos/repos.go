// Package repos is the methods of the API about repositories as such: find, make, change, fork and delete them, lock them,
// say who may do what with them, and what holds in them for clients. What lies in them is web/api/content's.
//
//	call ─► the gate (what is it about? may this caller?) ─► a method here ─► vcs/host   folders and rows
//	                                                                      ├─► auth/access people, permissions, locks
//	                                                                      ├─► Rules      what holds for clients
//	                                                                      └─► Jobs       what takes long
//
// Names, arguments, shapes and error texts are RhodeCode's; ids are Jeton's own, which are strings. Whatever a method
// answers of several things at once is filtered by what its caller may see. It imports vcs and auth, and speaks no HTTP.
package repos

import (
	"context"
	"encoding/json"
	"errors"
	"log/slog"

	"jeton/auth/access"
	"jeton/auth/audit"
	"jeton/auth/gate"
	"jeton/vcs/host"
	"jeton/vcs/maintain"
	"jeton/vcs/rules"
	"jeton/vcs/storage"
	"jeton/web/api/given"
	"jeton/web/api/method"
)

// Host is the catalogue; *host.Host is one.
type Host interface {
	Open(ctx context.Context, id string) (storage.Repository, error)
	Rules(ctx context.Context, id string) (rules.Rules, error)
	Create(ctx context.Context, r host.Repo) (host.Repo, error)
	Fork(ctx context.Context, of string, r host.Repo) (host.Repo, error)
	Rename(ctx context.Context, id, path string) (host.Repo, error)
	Delete(ctx context.Context, id string) error
	SetHead(ctx context.Context, id, branch string, by storage.Actor) error
	Default(id string) string
	Rescan(ctx context.Context, id string) error
}

// Rules are what the administrators of repositories lay down for clients.
type Rules interface {
	Own(id string) (rules.Rules, error)
	// Change answers rules.ErrBad, host.ErrNotFound, and what change itself answers.
	Change(ctx context.Context, by audit.Actor, r host.Repo, action, detail string, change func(*rules.Rules) error) error
}

// Jobs does what takes long, besides answering.
type Jobs interface {
	// Do has a job of a kind done, and waits a moment for its end: result is what its Kind answered then, as JSON. task is
	// the id of one that goes on. A job that has failed is an error for the client.
	Do(ctx context.Context, j Job) (result json.RawMessage, task string, err error)
}

// Job is one that is to be done.
type Job struct {
	Kind string
	// RepoID says where it runs where there are several nodes; UserID is whose it is.
	RepoID, UserID string
	By             audit.Actor
	Args           any
}

// Kind is one sort of job. Run may be begun again after it was killed anywhere.
type Kind struct {
	Name string
	Run  func(ctx context.Context, by audit.Actor, args json.RawMessage, report func(progress string)) (result any, err error)
}

// Remotes fetches from where repositories were cloned from.
type Remotes interface {
	// Check tells what is wrong with an address, before anything is made of it.
	Check(ctx context.Context, uri string) error
	// Set notes where a repository is fetched from, "" for nowhere.
	Set(ctx context.Context, by audit.Actor, repoID, uri string) error
	// Fetch fetches into a repository what is there, as a job; task is its id where it goes on.
	Fetch(ctx context.Context, by audit.Actor, userID, repoID string) (task string, err error)
	// URI is where a repository is fetched from, without credentials; "" for nowhere.
	URI(repoID string) string
}

// What came to pass with a repository.
const (
	Created = "created"
	Deleted = "deleted"
	Renamed = "renamed"
	Forked  = "forked"
)

// Happened is something that came to pass with a repository.
type Happened struct {
	// What is one of the words above.
	What string
	Repo access.Repository
	// From is the path before it was renamed; Fork is what a fork has made of Repo.
	From string
	Fork access.Repository
	By   audit.Actor
}

// Events hears what came to pass.
type Events interface {
	Happened(ctx context.Context, h Happened) error
}

// Options are what the methods need. With the zero value they can be declared, and not be called.
type Options struct {
	Host       Host
	Access     *access.Repositories
	Users      *access.Users
	UserGroups *access.UserGroups
	Rules      Rules
	Jobs       Jobs
	// Remotes is nil where the server fetches from nowhere; Events, where nobody is told.
	Remotes Remotes
	Events  Events
	// Create says who may make repositories, for those that are given another path.
	Create access.CreateRule
	// Private is what create_repo makes where a call does not say.
	Private bool
	// Bound tells whether the token of somebody is bound to some repositories.
	Bound func(id gate.Identity) bool
	// Ended tells whether what somebody used opens nothing any more, for jobs that begin later than they were asked for; nil
	// where nothing ends.
	Ended func(ctx context.Context, by audit.Actor) (bool, error)
	// Maintain packs a repository anew.
	Maintain func(ctx context.Context, repoID string) (maintain.Report, error)
	// Forget drops what is kept of a repository apart from it, such as archives.
	Forget func(repoID string)
	// Note writes into the audit record what was done with the catalogue.
	Note func(ctx context.Context, by audit.Actor, action, resource, detail string) error
	Log  *slog.Logger
}

// Methods declares the methods.
func Methods(o Options) []method.Method {
	s := newServer(o)
	return []method.Method{
		s.getRepo(), s.getRepos(), s.createRepo(), s.updateRepo(), s.forkRepo(), s.deleteRepo(), s.invalidateCache(), s.maintenance(), s.lock(),
		s.grantUser(), s.revokeUser(), s.grantUserGroup(), s.revokeUserGroup(), s.getSettings(), s.setSettings(),
	}
}

// Kinds are the jobs that the methods add.
func Kinds(o Options) []Kind {
	s := newServer(o)
	return []Kind{
		{Name: kindFork, Run: s.runFork}, {Name: kindDelete, Run: s.runDelete}, {Name: kindMaintain, Run: s.runMaintain},
	}
}

func newServer(o Options) *server {
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	return &server{o: o, book: &book{of: map[string]page{}}}
}

// server answers the methods.
type server struct {
	o    Options
	book *book
}

// tell lets who listens know; that they could not be told undoes nothing.
func (s *server) tell(ctx context.Context, h Happened) {
	if s.o.Events == nil {
		return
	}
	if err := s.o.Events.Happened(context.WithoutCancel(ctx), h); err != nil {
		s.o.Log.ErrorContext(ctx, "nobody could be told what came to pass with a repository", "what", h.What, "repository", h.Repo.ID, "error", err)
	}
}

// person finds somebody by id or name.
func (s *server) person(ref method.Ref) (access.User, error) {
	u, ok := s.o.Users.Find(string(ref))
	if !ok {
		return access.User{}, method.NoUser(ref)
	}
	return u, nil
}

// still tells whether whoever asked for a job may do something with a repository now: they are let in, have the level, and
// the token that they used lives.
func (s *server) still(ctx context.Context, by audit.Actor, r access.Repository, l access.Level) (bool, error) {
	if s.o.Ended != nil {
		if ended, err := s.o.Ended(ctx, by); ended || err != nil {
			return false, err
		}
	}
	u, _ := s.o.Users.ByID(by.UserID)
	return u.Active && s.o.Access.Level(u, r) >= l, nil
}

// onRepo is what a method about one repository is on.
func onRepo(l access.Level) method.On {
	return method.On{Kind: method.Repository, Arg: "repoid", Level: l}
}

// gone turns what is not there any more into the gate's words, and what lies on another node into its sentence; other errors
// stay.
func gone(err error, c *method.Call) error {
	if isGone(err) {
		return method.NoRepository(method.Ref(c.Repo.Path))
	}
	var refused *host.Refusal
	if errors.As(err, &refused) {
		return method.Fail(method.Unavailable, "%s", refused.Sentence)
	}
	return err
}

// rows are who may do what with a repository.
func (s *server) rows(r access.Repository) []given.Row {
	return given.Rows(given.Repository, r.OwnerID, s.o.Access.Given(r.ID), s.o.Users, s.o.UserGroups)
}
