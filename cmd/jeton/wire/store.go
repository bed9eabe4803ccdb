// Package wire assembles the program over one data folder. It is the only package that knows all the others; it decides
// nothing itself.
//
//	DIR/jeton.db    (or a database on a PostgreSQL server) people, tokens, keys, permissions, the catalogue, the journal of pushes
//	DIR/repos/      bare repositories, by id
//	DIR/cache/      what can be made again: archives that were assembled
//	DIR/ssh/        host keys
//	DIR/findings.key     the secret that makes the ids of secrets found in pushes tell nothing of them
//	DIR/push-nonce.key   the secret of the nonces of signed pushes
//	DIR/successor.key    the key under which a rotated token's successor is kept while both work
//	DIR/secrets.key      the key under which passwords of remotes and secrets of web hooks are kept
//	DIR/lock        held by the one process that works on the folder
//
//	Store = database + auth + repositories          commands need no more
//	Server = Store + HTTP + SSH + control socket     what `jeton serve` runs
package wire

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"sync/atomic"
	"time"

	"jeton/auth/access"
	"jeton/auth/audit"
	"jeton/auth/gate"
	"jeton/auth/notice"
	"jeton/auth/seal"
	"jeton/auth/signin"
	"jeton/auth/sshkey"
	"jeton/auth/token"
	"jeton/cmd/jeton/config"
	"jeton/cmd/jeton/control"
	"jeton/db"
	"jeton/vcs/archive"
	"jeton/vcs/archive/kept"
	"jeton/vcs/host"
	"jeton/vcs/maintain"
	"jeton/vcs/name"
	"jeton/vcs/receive"
	"jeton/vcs/receive/follow"
	"jeton/vcs/storage/disk"
	"jeton/vcs/upload"
	"jeton/web/api/pull"
	"jeton/web/hook"
	"jeton/web/outgoing"
	"jeton/web/work"
)

// Store is an open data folder, whose lock this process holds.
type Store struct {
	Dir    string
	Users  *access.Users
	Access *access.Repositories
	// UserGroups are people who are given permissions together; Access has groups of repositories.
	UserGroups *access.UserGroups
	Tokens     *token.Store
	Keys       *sshkey.Store
	SignIn     *signin.Registry
	Gate       *gate.Gate
	Host       *host.Host
	Rules      *Rulebook
	// Whitelist is which views web tokens open.
	Whitelist *Whitelist
	Upload    *upload.Server
	Receive   *receive.Server
	Archive   *archive.Server
	// Archives are those that are kept on disk for who asks again.
	Archives *kept.Store
	// Hooks tells web hooks of what happens.
	Hooks *hook.Server
	// Outgoing dials what people and other servers have named, Seal keeps the secrets that are needed there.
	Outgoing *outgoing.Dialer
	// Remotes is where repositories are fetched from.
	Remotes *pull.Service
	Seal    *seal.Box
	// Jobs is what is done besides answering.
	Jobs *work.Queue
	Log  *slog.Logger

	settings *config.Settings
	version  string
	meters   meters
	// create says who may make repositories.
	create access.CreateRule
	db     *db.DB
	// node is the data folder's id where the database is one that other nodes may share; "" with SQLite.
	node  string
	fresh *freshness
	// changes counts what may change a journal.
	changes atomic.Uint64
	journal *journal
	keeper  *keeper
	record  *audit.Record
	notices *notice.Sender
	// addresses are set when the ports are open.
	addresses atomic.Pointer[addresses]
	// closers undo what Open has done; they run last first.
	closers []func() error
}

// Open takes the lock of a data folder, makes what is not there yet, opens everything in it, and mends what a crash has
// left. control.ErrInUse where another process works on it.
func Open(ctx context.Context, dir string, settings *config.Settings, version string, log *slog.Logger) (_ *Store, err error) {
	// Absolute, because what is told to commands (a repository's folder) is read elsewhere.
	if dir, err = filepath.Abs(dir); err != nil {
		return nil, fmt.Errorf("find the data folder: %w", err)
	}
	if err := os.MkdirAll(filepath.Join(dir, "repos"), 0o700); err != nil {
		return nil, fmt.Errorf("make the data folder: %w", err)
	}
	lock, err := control.Take(dir)
	if err != nil {
		return nil, err
	}
	s := &Store{Dir: dir, Log: log, settings: settings, version: version, meters: meters{started: time.Now()}, closers: []func() error{lock.Release}}
	defer func() {
		if err != nil {
			err = errors.Join(err, s.Close())
		}
	}()
	d, err := s.openDatabase(ctx)
	if err != nil {
		return nil, err
	}
	s.db, s.fresh = d, &freshness{s: s}
	s.closers = append(s.closers, d.Close)
	s.openJobs(d)
	if err := s.openAuth(ctx, d); err != nil {
		return nil, fmt.Errorf("open people and tokens: %w", err)
	}
	if err := s.openRepositories(ctx, d, version); err != nil {
		return nil, fmt.Errorf("open repositories: %w", err)
	}
	s.registerJobs()
	if err := s.countChanges(d); err != nil {
		return nil, fmt.Errorf("follow changes: %w", err)
	}
	return s, nil
}

// openAuth opens everything that auth keeps. Tokens and the record of refusals write until they are closed, so they are
// closed before the database.
func (s *Store) openAuth(ctx context.Context, d *db.DB) (err error) {
	if err := s.openRecord(ctx, d); err != nil {
		return err
	}
	hasher := signin.NewHasher()
	known, err := access.Open(ctx, d, access.UserOptions{Hasher: hasher, Names: s.names()})
	if err != nil {
		return err
	}
	s.Users, s.UserGroups, s.Access = known.Users, known.UserGroups, known.Repositories
	if err := s.openOutgoing(); err != nil {
		return err
	}
	if err := s.openNotices(); err != nil {
		return err
	}
	if err = s.openTokens(ctx, d); err != nil {
		return err
	}
	if s.Keys, err = sshkey.NewStore(ctx, d, nil); err != nil {
		return err
	}
	if err := s.openSignIn(ctx, d, hasher); err != nil {
		return err
	}
	if s.create, err = access.ParseCreateRule(s.settings.Text("repos.create")); err != nil {
		return err
	}
	certs, err := certificates(s.settings)
	if err != nil {
		return err
	}
	if s.Whitelist, err = newWhitelist(ctx, d, s.settings, s.Tokens, s.Log); err != nil {
		return err
	}
	s.closers = append(s.closers, s.Whitelist.Close)
	s.Gate = gate.New(gate.Options{Fresh: s.fresh.ask, Deleted: s.deletedAt, Users: s.Users, Repositories: s.Access, UserGroups: s.UserGroups, Tokens: s.Tokens, Keys: s.Keys, SignIn: s.SignIn, Certificates: certs,
		Audit: s.record, Notify: s.alarmed, Create: s.create, PushToCreate: s.settings.On("repos.push_to_create"), NoGitPasswords: !s.settings.On("auth.git_passwords"),
		ViewOn: s.Whitelist.Opens})
	return nil
}

// openRepositories opens the engine. Pushes that a crash cut short are settled before anybody can see their refs.
func (s *Store) openRepositories(ctx context.Context, d *db.DB, version string) (err error) {
	if s.Rules, err = newRulebook(ctx, d, s.settings, s.lock); err != nil {
		return err
	}
	s.closers = append(s.closers, s.Rules.Close)
	s.Archives = kept.New(kept.Options{Dir: filepath.Join(s.Dir, "cache", "archives"), Max: s.settings.Bytes("archive.cache"), Concurrent: s.bounded("archive.max_concurrent"), Log: s.Log})
	s.closers = append(s.closers, s.Archives.Close)
	s.Host = host.New(host.Options{Root: filepath.Join(s.Dir, "repos"), Rows: rows{d: d, node: s.node}, Elsewhere: s.elsewhere, Rules: s.Rules, Names: s.names(), Log: s.Log,
		Gone: s.forgetArchives, TrashKeep: s.settings.Duration("repos.trash_keep"), Disk: disk.Options{FoldRefs: s.settings.On("repos.fold_refs")}})
	s.closers = append(s.closers, s.Host.Close)
	s.keeper = &keeper{packs: s.settings.Number("maintain.packs"), grace: s.settings.Duration("maintain.grace"), open: s.Host.Open, log: s.Log}
	s.journal = &journal{d: d, node: s.node, changes: &s.changes, log: s.Log}
	s.journal.followers = []*follow.Follower{
		follow.New(follow.Options{Name: keeps, Journal: s.journal, Handle: s.keeper.look, Log: s.Log}),
		follow.New(follow.Options{Name: records, Journal: s.journal, Handle: s.recordPush, Log: s.Log}),
	}
	s.openHooks(d, version)
	agent := "jeton/" + version
	s.Upload = upload.New(upload.Options{Agent: agent, Log: s.Log, Limits: s.fetchLimits(), Timeout: s.settings.Duration("fetch.timeout")})
	o, err := s.receiveOptions()
	if err != nil {
		return err
	}
	o.Agent, o.Journal = agent, s.journal
	s.Receive = receive.New(o)
	if err := s.openRemotes(ctx, d, agent); err != nil {
		return err
	}
	s.Archive = archive.New(archive.Options{Log: s.Log, Walk: s.bounded("fetch.max_walk"), Timeout: s.settings.Duration("archive.timeout"), Limits: s.archiveLimits()})
	if err := s.adopt(ctx, d); err != nil {
		return err
	}
	if err := s.Host.Recover(ctx); err != nil {
		return err
	}
	return s.Receive.Settle(ctx, s.Host.Open)
}

// names are the rules for names of repositories, groups and people.
func (s *Store) names() name.Rules {
	return name.Rules{Scripts: s.settings.Text("repos.names") == "unicode"}
}

// fetchLimits are the settings that bound a fetch.
func (s *Store) fetchLimits() upload.Limits {
	number := func(key string) int { return int(min(s.settings.Number(key), 1<<31-1)) }
	return upload.Limits{
		Refs: number("fetch.max_refs"), Wants: number("fetch.max_wants"), Haves: number("fetch.max_haves"), Walk: number("fetch.max_walk"),
		Visit:         number("fetch.max_visit"),
		ServerOptions: number("fetch.max_server_options"), Request: s.settings.Bytes("fetch.max_request"),
	}
}

// archiveLimits are the settings that bound an archive.
func (s *Store) archiveLimits() archive.Limits {
	return archive.Limits{
		Entries: s.bounded("archive.max_entries"), Bytes: s.settings.Bytes("archive.max_bytes"),
		Visit: s.bounded("archive.max_visit"), Directory: s.settings.Bytes("archive.max_zip_directory"),
	}
}

// forgetArchives removes what is kept of a repository that was deleted.
func (s *Store) forgetArchives(repoID string) {
	if err := s.Archives.Forget(repoID); err != nil {
		s.Log.Error("kept archives of a deleted repository could not be removed", "repository", repoID, "error", err)
	}
}

// Note writes into the audit record what was done to the catalogue, whose rows the engine writes without knowing people.
func (s *Store) Note(ctx context.Context, by audit.Actor, action, resource, detail string) error {
	return s.db.Write(ctx, func(tx *db.Tx) error { return audit.Done(ctx, tx, by, action, resource, detail) })
}

// sweep removes tokens that ended long ago, old pushes that every follower of the journal is done with, and deleted
// repositories that have lain in the trash for long enough.
func (s *Store) sweep(ctx context.Context) {
	_, tokens := s.Tokens.Sweep(ctx)
	_, pushes := s.journal.sweep(ctx, time.Now().Add(-s.settings.Duration("journal.keep")))
	for what, err := range map[string]error{"tokens": tokens, "pushes": pushes, "deleted repositories": s.Host.Sweep(ctx), "audit entries": s.sweepRecord(ctx), "jobs": s.Jobs.Sweep(ctx), "web hooks": s.sweepHooks(ctx)} {
		if err != nil && ctx.Err() == nil {
			s.Log.ErrorContext(ctx, "what is old could not be removed", "what", what, "error", err)
		}
	}
}

// Maintain packs a repository anew.
func (s *Store) Maintain(ctx context.Context, repoID string) (maintain.Report, error) {
	repo, err := s.Host.Open(ctx, repoID)
	if err != nil {
		return maintain.Report{}, err
	}
	return s.keeper.repack(ctx, repo)
}

// Pushes is the journal of a repository, newest first: at most limit pushes, those before the one with an id where it is
// not empty.
func (s *Store) Pushes(ctx context.Context, repoID, before string, limit int) ([]follow.Push, error) {
	return s.journal.latest(ctx, repoID, before, limit)
}

// Close closes everything, in the opposite order of its opening, and gives the lock back.
func (s *Store) Close() error {
	var errs error
	for i := len(s.closers) - 1; i >= 0; i-- {
		errs = errors.Join(errs, s.closers[i]())
	}
	s.closers = nil
	return errs
}
