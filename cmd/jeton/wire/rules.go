package wire

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"sync"
	"time"

	"jeton/auth/audit"
	"jeton/cmd/jeton/config"
	"jeton/db"
	"jeton/vcs/host"
	"jeton/vcs/receive/fsck"
	"jeton/vcs/rules"
)

// Rulebook is host.RuleBook over the database. It answers from memory, which follows the database at once, and is safe
// for concurrent use.
type Rulebook struct {
	db     *db.DB
	cancel func()
	// server are the rules of the settings.
	server rules.Rules
	// locks answers who alone may push to a repository, by its id.
	locks func(id string) rules.Lock

	// mu guards of, by repository id; a repository where nothing was laid down is not in it.
	mu sync.RWMutex
	of map[string]ruled
}

// ruled is the rules of one repository as they were laid down, and put over the server's; err where its row cannot be
// read, so that nobody is let in past rules that nobody knows.
type ruled struct {
	own, inForce rules.Rules
	err          error
}

// newRulebook reads all rules.
func newRulebook(ctx context.Context, d *db.DB, set *config.Settings, locks func(id string) rules.Lock) (*Rulebook, error) {
	server, err := serverRules(set)
	if err != nil {
		return nil, err
	}
	ctx = context.WithoutCancel(ctx) // everything may be read anew later
	b := &Rulebook{db: d, server: server, locks: locks, of: map[string]ruled{}}
	b.cancel, err = d.Load(func() error {
		all, err := d.Rules().List(ctx)
		if err != nil {
			return err
		}
		b.mu.Lock()
		defer b.mu.Unlock()
		clear(b.of)
		for _, row := range all {
			b.put(row)
		}
		return nil
	}, b.follow)
	if err != nil {
		return nil, fmt.Errorf("read the rules of repositories: %w", err)
	}
	return b, nil
}

// serverRules are the rules that the settings lay down for every repository.
func serverRules(set *config.Settings) (rules.Rules, error) {
	r := rules.Rules{
		Hidden: set.List("fetch.hide_refs"), AdvertisedOnly: set.Text("fetch.wants") == "advertised",
		DenyDeletes: set.On("receive.deny_deletes"), DenyForce: set.On("receive.deny_force"), Exempt: set.List("receive.exempt"),
		NoSkip: set.On("receive.secrets_no_skip"),
	}
	if s := rules.Secrets(set.Text("receive.secrets")); s != rules.SecretsWarn { // which is what nothing means
		r.Secrets = s
	}
	if err := r.Check(exemptable); err != nil {
		return r, fmt.Errorf("fetch.hide_refs or receive.exempt: %w", err)
	}
	return r, nil
}

// Close ends the following of the database.
func (b *Rulebook) Close() error {
	b.cancel()
	return nil
}

func (b *Rulebook) follow(c db.Change) {
	b.mu.Lock()
	defer b.mu.Unlock()
	switch row := c.Row.(type) {
	case db.RepositoryRules:
		b.put(row)
	case db.Repository:
		if c.Deleted {
			delete(b.of, row.ID)
		}
	}
}

func (b *Rulebook) put(row db.RepositoryRules) {
	own, err := readRules(row.Rules)
	if err != nil {
		err = fmt.Errorf("the rules of repository %s cannot be read: %w", row.RepositoryID, err)
	}
	b.of[row.RepositoryID] = ruled{own: own, inForce: own.Over(b.server), err: err}
}

// Rules implements host.RuleBook.
func (b *Rulebook) Rules(_ context.Context, id string) (rules.Rules, error) {
	in, err := b.laidDown(id)
	in.Lock = b.locks(id)
	return in, err
}

func (b *Rulebook) laidDown(id string) (rules.Rules, error) {
	b.mu.RLock()
	defer b.mu.RUnlock()
	if r, ok := b.of[id]; ok {
		return r.inForce, r.err
	}
	return b.server, nil
}

// lock is who alone may push to a repository.
func (s *Store) lock(repoID string) rules.Lock {
	l, locked := s.Access.LockOf(repoID)
	if !locked {
		return rules.Lock{}
	}
	u, _ := s.Users.ByID(l.UserID)
	return rules.Lock{ActorID: l.UserID, Name: u.Name}
}

// Own is what was laid down for one repository alone.
func (b *Rulebook) Own(id string) (rules.Rules, error) {
	b.mu.RLock()
	defer b.mu.RUnlock()
	return b.of[id].own, b.of[id].err
}

// Change lets change lay down other rules for a repository. They are checked, written together with an audit entry of
// that action, and in force when Change returns. rules.ErrBad, host.ErrNotFound, and what change itself answers.
func (b *Rulebook) Change(ctx context.Context, by audit.Actor, r host.Repo, action, detail string, change func(*rules.Rules) error) error {
	return b.db.Write(ctx, func(tx *db.Tx) error {
		// One in the trash keeps its rules, and is given no others.
		if _, err := tx.Repositories().ByID(ctx, r.ID); err != nil {
			return hostError(err)
		}
		row, err := tx.Rules().Of(ctx, r.ID)
		if err != nil && !errors.Is(err, db.ErrNotFound) {
			return fmt.Errorf("read the rules: %w", err)
		}
		var own rules.Rules
		if err == nil {
			if own, err = readRules(row.Rules); err != nil {
				return fmt.Errorf("the rules of repository %s cannot be read: %w", r.ID, err)
			}
		}
		if err := change(&own); err != nil {
			return err
		}
		if err := own.Check(exemptable); err != nil {
			return err
		}
		text, err := writeRules(own)
		if err != nil {
			return err
		}
		err = tx.Rules().Save(ctx, db.RepositoryRules{RepositoryID: r.ID, Rules: text, ChangedAt: time.Now()})
		if errors.Is(err, db.ErrInUse) {
			return host.ErrNotFound
		}
		if err != nil {
			return fmt.Errorf("write the rules: %w", err)
		}
		return audit.Done(ctx, tx, by, action, r.Path, detail)
	})
}

// ruleText is the rules of a repository as their row keeps them, in JSON.
type ruleText struct {
	HideRefs       []string     `json:"hide_refs,omitempty"`
	AdvertisedOnly bool         `json:"advertised_only,omitempty"`
	Bundles        []bundleText `json:"bundles,omitempty"`
	DenyDeletes    bool         `json:"deny_deletes,omitempty"`
	DenyForce      bool         `json:"deny_force,omitempty"`
	Branches       []branchText `json:"branches,omitempty"`
	Exempt         []string     `json:"exempt,omitempty"`
	Secrets        string       `json:"secrets,omitempty"`
	NoSkip         bool         `json:"secrets_no_skip,omitempty"`
	NoArchives     bool         `json:"no_archives,omitempty"`
}

type bundleText struct {
	ID  string `json:"id"`
	URI string `json:"uri"`
}

// branchText is a protected pattern; who are ids of actors.
type branchText struct {
	Pattern  string   `json:"pattern"`
	Force    bool     `json:"force,omitempty"`
	Delete   bool     `json:"delete,omitempty"`
	NoCreate bool     `json:"no_create,omitempty"`
	Who      []string `json:"who,omitempty"`
}

func writeRules(r rules.Rules) (string, error) {
	t := ruleText{HideRefs: r.Hidden, AdvertisedOnly: r.AdvertisedOnly, DenyDeletes: r.DenyDeletes, DenyForce: r.DenyForce, Exempt: r.Exempt,
		Secrets: string(r.Secrets), NoSkip: r.NoSkip, NoArchives: r.NoArchives}
	for _, b := range r.Bundles {
		t.Bundles = append(t.Bundles, bundleText(b))
	}
	for _, b := range r.Branches {
		t.Branches = append(t.Branches, branchText(b))
	}
	text, err := json.Marshal(t)
	if err != nil {
		return "", fmt.Errorf("write the rules: %w", err)
	}
	return string(text), nil
}

// readRules reads what writeRules has written. A field that it does not know is an error: it would be a rule that is not
// followed.
func readRules(text string) (rules.Rules, error) {
	var t ruleText
	d := json.NewDecoder(bytes.NewReader([]byte(text)))
	d.DisallowUnknownFields()
	if err := d.Decode(&t); err != nil {
		return rules.Rules{}, err
	}
	r := rules.Rules{Hidden: t.HideRefs, AdvertisedOnly: t.AdvertisedOnly, DenyDeletes: t.DenyDeletes, DenyForce: t.DenyForce, Exempt: t.Exempt,
		Secrets: rules.Secrets(t.Secrets), NoSkip: t.NoSkip, NoArchives: t.NoArchives}
	for _, b := range t.Bundles {
		r.Bundles = append(r.Bundles, rules.Bundle(b))
	}
	for _, b := range t.Branches {
		r.Branches = append(r.Branches, rules.Branch(b))
	}
	return r, nil
}

// exemptable tells what is wrong with an id of git-fsck's messages that is to be forgiven.
func exemptable(id string) error {
	_, err := fsck.Exemptable(id)
	return err
}
