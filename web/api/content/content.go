// Package content is the methods of the API that read what a repository holds (commits, files, refs), and say something of
// its commits.
//
//	call ─► the gate (repository, read) ─► a seat ─► the repository's view ─► vcs/revision: what was named, among what this
//	                                                                          reader's refs lead to ─► vcs/browse ─► reply
//
// Names, arguments, shapes and error texts are RhodeCode's. What it has no bounds for has some here (Limits): an answer that
// would be larger is refused by a sentence that says how to ask for parts, or tells within itself what it left out. Bytes
// that are no UTF-8 never get into a reply: docs/api-content.md says what stands in their place.
//
// It imports vcs and auth, and speaks no HTTP.
package content

import (
	"context"
	"errors"
	"time"

	"jeton/auth/access"
	"jeton/auth/gate"
	"jeton/vcs/host"
	"jeton/vcs/oid"
	"jeton/vcs/pack"
	"jeton/vcs/revision"
	"jeton/vcs/rules"
	"jeton/vcs/seats"
	"jeton/vcs/storage"
	"jeton/web/api/method"
)

// Repositories are those that the gate has let in to, by id; *host.Host does.
type Repositories interface {
	Open(ctx context.Context, id string) (storage.Repository, error)
	Rules(ctx context.Context, id string) (rules.Rules, error)
}

// People are those whom a comment names; *access.Users does.
type People interface {
	// Find finds somebody by id or by name.
	Find(ref string) (access.User, bool)
	ByID(id string) (access.User, bool)
}

// Options are what the methods need. With the zero value they can be declared, and not be called.
type Options struct {
	Repos    Repositories
	Comments Comments
	People   People
	// Walk is how many commits and trees may be walked to find out whether something may be named (reach.DefaultBudget).
	Walk   int
	Limits Limits
}

// Limits bound answers; a zero means the default that stands behind it.
type Limits struct {
	// Calls is how many are worked on at a time (16), half of them for one credential; Time how long one is (1 minute).
	Calls int
	Time  time.Duration
	// Entries is how many files and folders, commits, refs or comments one answer holds (10,000, but 1,000 of commits and
	// comments); Bytes how much of what is in files and diffs (16 MiB).
	Entries int
	Bytes   int64
	// Read is how much is read of files for one answer, for their checksums (1 GiB).
	Read int64
	// Count is how many commits a history may have whose commits are numbered (100,000).
	Count int
}

// few is how many commits or comments one answer holds.
const few = 1000

func (l Limits) withDefaults() Limits {
	orElse(&l.Calls, 16)
	orElse(&l.Time, time.Minute)
	orElse(&l.Entries, 10_000)
	orElse(&l.Bytes, 16<<20)
	orElse(&l.Read, 1<<30)
	orElse(&l.Count, 100_000)
	return l
}

// orElse sets what is not set.
func orElse[T ~int | ~int64](v *T, otherwise T) {
	if *v <= 0 {
		*v = otherwise
	}
}

// Methods declares the methods.
func Methods(o Options) []method.Method {
	o.Limits = o.Limits.withDefaults()
	s := &server{o: o, seats: seats.New(seats.Shares(o.Limits.Calls)), orders: &orders{most: 32 << 20}}
	return []method.Method{
		s.changeset(), s.changesets(), s.nodes(), s.file(), s.tree(), s.refs(), s.commentCommit(), s.comments(),
	}
}

// server answers the methods.
type server struct {
	o      Options
	seats  *seats.Seats
	orders *orders
}

// query is one call that reads a repository.
type query struct {
	*method.Call
	ctx    context.Context
	limits Limits
	set    *pack.Set
	refs   *storage.Snapshot
	find   *revision.Finder
}

// onRepository is what most methods are about.
func onRepository() method.On {
	return method.On{Kind: method.Repository, Arg: "repoid", Level: access.Read}
}

// read opens the repository of a call, has answer read it, and turns what a reader can meet into an error for him.
func (s *server) read(ctx context.Context, c *method.Call, answer func(q *query) error) error {
	leave, err := s.seats.Take(seats.Visitor{Client: seat(c.Identity)})
	if err != nil {
		return &method.Error{Code: method.Unavailable, RetryAfter: 5 * time.Second,
			Text: "The server reads for as many calls as it may at a time, or for as many as it may for you; try again in a moment."}
	}
	defer leave()
	within, cancel := context.WithTimeout(ctx, s.o.Limits.Time)
	defer cancel()
	err = s.open(within, c, answer)
	switch {
	case errors.Is(err, context.DeadlineExceeded) && ctx.Err() == nil:
		return method.Fail(method.Unavailable, "This took longer than the %s that the server works on one answer. Ask for less, or clone the repository and do it there.", s.o.Limits.Time)
	case errors.Is(err, host.ErrNotFound), errors.Is(err, storage.ErrClosed): // deleted since the gate looked
		return method.NoRepository(method.Ref(c.Repo.Path))
	}
	var no *host.Refusal
	if errors.As(err, &no) { // it lies on another node
		return &method.Error{Code: method.Unavailable, Text: no.Sentence, RetryAfter: no.RetryAfter}
	}
	return err
}

// seat is who counts together.
func seat(id gate.Identity) string {
	if id.UserID != "" {
		return id.UserID
	}
	return id.Credential
}

func (s *server) open(ctx context.Context, c *method.Call, answer func(q *query) error) error {
	laid, err := s.o.Repos.Rules(ctx, c.Repo.ID)
	if err != nil {
		return err
	}
	repo, err := s.o.Repos.Open(ctx, c.Repo.ID)
	if err != nil {
		return err
	}
	view, err := repo.View(ctx)
	if err != nil {
		return err
	}
	defer view.Close()
	q := &query{Call: c, ctx: ctx, limits: s.o.Limits, set: view.Objects, refs: view.Refs}
	q.find = revision.New(view, &laid, revision.Options{Walk: s.o.Walk})
	return answer(q)
}

// empty tells whether there is nothing that the reader sees.
func (q *query) empty() bool {
	see := q.find.Sight()
	for i := range q.refs.Refs {
		if see.Shows(&q.refs.Refs[i]) {
			return false
		}
	}
	return true
}

// errNoCommits is RhodeCode's answer of a repository in which there is nothing.
func errNoCommits() error { return method.Fail(method.NotFound, "There are no commits yet") }

// noCommit is RhodeCode's answer where there is no such commit.
func (q *query) noCommit(rev string) error {
	return method.Fail(method.NotFound, "Commit %s does not exist for `%s`", revision.Shown(rev), q.Repo.Path)
}

// absent tells whether an error says that what was named is not there, or can be the name of nothing.
func absent(err error) bool {
	return errors.Is(err, revision.ErrNotFound) || errors.Is(err, revision.ErrBad)
}

// commit finds a commit by what RhodeCode's clients call one: a name or id, or its number. errors of absent where there is
// none.
func (s *server) commit(q *query, rev string) (revision.Revision, error) {
	r, err := q.find.Find(q.ctx, rev)
	if !absent(err) {
		if err == nil && r.Commit.IsZero() {
			return r, revision.ErrNotFound
		}
		return r, err
	}
	at, is := number(rev)
	if !is {
		return r, err
	}
	list, whole, countErr := s.order(q)
	if countErr != nil {
		return r, countErr
	}
	if !whole || at >= len(list) {
		return r, err
	}
	return q.find.Peel(q.ctx, list[at])
}

// number reads the number of a commit: digits alone, fewer than RhodeCode takes for an id.
func number(rev string) (n int, ok bool) {
	if rev == "" || len(rev) >= 12 {
		return 0, false
	}
	for _, c := range []byte(rev) {
		if c < '0' || c > '9' {
			return 0, false
		}
		n = n*10 + int(c-'0')
	}
	return n, true
}

// tips are the commits of the branches and tags that the reader sees.
func (q *query) tips() (list []oid.ID, err error) {
	err = q.shown(func(_, _ string, id oid.ID) error {
		list = append(list, id)
		return nil
	})
	return list, err
}
