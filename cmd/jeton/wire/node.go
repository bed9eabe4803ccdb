package wire

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"time"

	"jeton/auth/gate"
	"jeton/cmd/jeton/control"
	"jeton/db"
	"jeton/vcs/host"
)

// nodeID is the lasting id of a data folder, by which its repositories are told from those of other nodes that share a
// database. It is made at the first start.
func nodeID(dir string) (string, error) {
	path := filepath.Join(dir, "node")
	text, err := os.ReadFile(path)
	if err == nil && strings.TrimSpace(string(text)) != "" {
		return strings.TrimSpace(string(text)), nil
	}
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return "", fmt.Errorf("read the folder's id: %w", err)
	}
	id := db.NewID()
	if err := putLine(path, id); err != nil {
		return "", fmt.Errorf("make the folder's id: %w", err)
	}
	return id, nil
}

// openDatabase opens what the settings name: a database on a PostgreSQL server, or the file in the data folder.
func (s *Store) openDatabase(ctx context.Context) (*db.DB, error) {
	o := db.Options{Path: filepath.Join(s.Dir, "jeton.db"), URL: s.settings.Text("db.url"), Readers: s.bounded("db.connections"),
		Cache: s.settings.Duration("auth.cache"), Timeout: s.settings.Duration("db.timeout")}
	if o.URL == "" {
		return db.Open(ctx, o)
	}
	var err error
	if s.node, err = nodeID(s.Dir); err != nil {
		return nil, err
	}
	o.Node = s.node
	return db.Open(ctx, o)
}

// adopt takes repositories for this node's that no node has and whose folder lies here: those of a database that was
// copied from SQLite.
func (s *Store) adopt(ctx context.Context, d *db.DB) error {
	if s.node == "" {
		return nil
	}
	of, err := d.Nodes().List(ctx)
	if err != nil {
		return fmt.Errorf("read whose the repositories are: %w", err)
	}
	folders, err := filepath.Glob(filepath.Join(s.Dir, "repos", "??", "*.git"))
	if err != nil {
		return err
	}
	rows, err := d.Repositories().List(ctx)
	if err != nil {
		return fmt.Errorf("read whose the repositories are: %w", err)
	}
	deleted, err := d.Repositories().Deleted(ctx)
	if err != nil {
		return fmt.Errorf("read whose the repositories are: %w", err)
	}
	here := map[string]bool{}
	for _, dir := range folders {
		here[strings.TrimSuffix(filepath.Base(dir), ".git")] = true
	}
	var mine []string
	for _, r := range append(rows, deleted...) {
		if of[r.ID] == "" && here[r.ID] {
			mine = append(mine, r.ID)
		}
	}
	return d.Nodes().Adopt(ctx, s.node, mine...)
}

// elsewhere answers for a repository that has no folder here because it lies in that of another node.
func (s *Store) elsewhere(ctx context.Context, id string) error {
	if s.node == "" {
		return nil
	}
	of, err := s.db.Nodes().List(ctx)
	if err != nil {
		return err
	}
	if node := of[id]; node != "" && node != s.node {
		return &host.Refusal{Status: http.StatusMisdirectedRequest, Code: "elsewhere",
			Sentence: "This repository lies on another node of this server. Ask its administrator for that node's address."}
	}
	return nil
}

// freshness asks the database before each decision, and refuses everybody while it does not answer: nobody is let in by
// what was true a while ago.
type freshness struct {
	s *Store
	// down is set while there is no answer, so that the log tells it once.
	down atomic.Bool
}

// ask implements gate.Options.Fresh.
func (f *freshness) ask(ctx context.Context) error {
	err := f.s.db.Fresh(ctx)
	if err == nil {
		if f.down.Swap(false) {
			f.s.Log.InfoContext(ctx, "the database answers again")
		}
		return nil
	}
	if ctx.Err() != nil {
		return err
	}
	if !f.down.Swap(true) {
		f.s.Log.ErrorContext(ctx, "the database does not answer; everybody is refused until it does", "error", err)
	}
	return &gate.Refused{Code: gate.Unavailable, RetryAfter: 5 * time.Second, Reason: "the database does not answer",
		Sentence: "The server's database does not answer, so nobody can be let in now. Try again in a while."}
}

// askEvery is how often a node asks for what others changed while nobody else does, so that it never falls far behind.
const askEvery = 5 * time.Second

// keepUp asks from time to time.
func (v *Server) keepUp(ctx context.Context) error {
	every := time.NewTicker(askEvery)
	defer every.Stop()
	for v.store.node != "" {
		select {
		case <-every.C:
			_ = v.store.fresh.ask(ctx) // it tells the log
		case <-ctx.Done():
			return nil
		}
	}
	return nil
}

// Fresh hears of what other nodes have changed, before an operation decides by what is in memory.
func (s *Store) Fresh(ctx context.Context) error { return s.db.Fresh(ctx) }

// CopyDatabase copies the SQLite database of a data folder into an empty one on a PostgreSQL server, and answers how many
// rows there are. control.ErrInUse while a server uses the folder; the errors of db.Copy.
func CopyDatabase(ctx context.Context, dir, url string) (rows int64, err error) {
	path := filepath.Join(dir, "jeton.db")
	if _, err := os.Stat(path); err != nil {
		return 0, fmt.Errorf("there is no database in the data folder: %w", err)
	}
	lock, err := control.Take(dir)
	if err != nil {
		return 0, err
	}
	defer func() { err = errors.Join(err, lock.Release()) }()
	return db.Copy(ctx, path, url)
}
