package signin

import (
	"context"
	"fmt"
	"time"

	"jeton/auth/access"
	"jeton/db"
)

// People is whom the password plug-in asks about.
type People interface {
	ByName(name string) (access.User, bool)
	PasswordHash(id string) string
	// Rehash stores another hash of the same password where it is still the one that old is of.
	Rehash(ctx context.Context, id, old, hash string) (bool, error)
}

// PasswordPlugin signs in with a user name and the password stored for it. A good one is remembered for some minutes, and
// forgotten when anything about the user changes. A hash of an older kind (see Hasher) is replaced by one of today's when
// its password comes. It is safe for concurrent use.
type PasswordPlugin struct {
	people People
	hasher *Hasher
	memory *Memory
	cancel func()
}

// NewPassword makes the plug-in; it follows d for changes of users. now is nil for time.Now.
func NewPassword(d *db.DB, people People, hasher *Hasher, now func() time.Time) *PasswordPlugin {
	p := &PasswordPlugin{people: people, hasher: hasher, memory: NewMemory(now)}
	p.memory.Keep(300 * time.Second)
	p.cancel = d.Subscribe(p.follow)
	return p
}

// Close ends the following of the database.
func (p *PasswordPlugin) Close() { p.cancel() }

func (p *PasswordPlugin) follow(c db.Change) {
	switch row := c.Row.(type) {
	case db.User:
		p.memory.Forget(row.ID)
	case db.Reloaded: // nobody knows whose password was changed
		p.memory.ForgetAll()
	}
}

// Describe declares the settings: the cost of new hashes, and how long a good password is remembered.
func (p *PasswordPlugin) Describe() Description {
	return Description{ID: Password, Title: "User name and password", Enabled: true, Position: 1, Keys: []Key{
		{Name: "memory_kib", Kind: Number, Default: "19456", Min: 8192, Max: maxMemoryKiB, Meaning: "Memory that one new hash takes, in KiB."},
		{Name: "passes", Kind: Number, Default: "2", Min: 1, Max: 20, Meaning: "How often the memory is gone through; times memory_kib it is at most 4194304."},
		{Name: "threads", Kind: Number, Default: "1", Min: 1, Max: 16, Meaning: "How many lanes are filled side by side."},
		{Name: "remember_seconds", Kind: Number, Default: "300", Min: 0, Max: 86400,
			Meaning: "How long a good password is known without hashing it again; 0: not at all."},
	}}
}

// SignIn judges a password. A name that nobody has, and one without a password, cost the same time as a wrong one.
func (p *PasswordPlugin) SignIn(ctx context.Context, user, secret string) (Answer, error) {
	if secret == "" || len(secret) > access.MaxPassword {
		return Answer{Reason: "no password, or one that nobody can have"}, nil
	}
	u, _ := p.people.ByName(user)
	stored := p.people.PasswordHash(u.ID)
	if stored == "" {
		return Answer{Reason: "nobody of that name has a password"}, p.hasher.Pretend(ctx, secret)
	}
	if a, ok := p.Remembered(user, secret); ok {
		return a, nil
	}
	ok, err := p.hasher.Verify(ctx, secret, stored)
	if err != nil {
		return Answer{}, fmt.Errorf("check password: %w", err)
	}
	if !ok {
		return Answer{Reason: "wrong password"}, nil
	}
	if stored, err = p.renew(ctx, u.ID, secret, stored); err != nil || stored == "" {
		return Answer{Reason: "the password was changed meanwhile"}, err
	}
	a := Answer{Verdict: Accept, UserID: u.ID, Stored: stored}
	p.memory.Add(u.ID, a, stored, secret)
	return a, nil
}

// renew replaces a hash that is not of today's kind and cost by one that is, now that the password is at hand. The result
// is what is stored now; "" where that is of another password.
func (p *PasswordPlugin) renew(ctx context.Context, id, secret, stored string) (string, error) {
	if !p.hasher.outdated(stored) {
		return stored, nil
	}
	hash, err := p.hasher.Hash(ctx, secret)
	if err != nil {
		return "", fmt.Errorf("hash password anew: %w", err)
	}
	replaced, err := p.people.Rehash(ctx, id, stored, hash)
	if err != nil {
		return "", fmt.Errorf("store password's new hash: %w", err)
	}
	if replaced {
		return hash, nil
	}
	// Another request has renewed it meanwhile, or somebody has changed the password.
	now := p.people.PasswordHash(id)
	if ok, err := p.hasher.Verify(ctx, secret, now); !ok {
		return "", err
	}
	return now, nil
}

// Remembered answers for a password that was right a short while ago and is still the one that is stored.
func (p *PasswordPlugin) Remembered(user, secret string) (Answer, bool) {
	u, _ := p.people.ByName(user)
	return p.memory.Get(u.ID, p.people.PasswordHash(u.ID), secret)
}

// Find tells whether somebody has a password.
func (p *PasswordPlugin) Find(_ context.Context, user string) (Answer, error) {
	u, ok := p.people.ByName(user)
	switch {
	case !ok:
		return Answer{Reason: "there is no such user"}, nil
	case p.people.PasswordHash(u.ID) == "":
		return Answer{Reason: "the user has no password"}, nil
	}
	return Answer{Verdict: Accept, UserID: u.ID, Person: Attributes{Subject: u.ID, Name: u.Name, Email: u.Email},
		Reason: "the stored password is of the kind " + hashKind(p.people.PasswordHash(u.ID))}, nil
}

// Check bounds the cost as a whole.
func (p *PasswordPlugin) Check(s Settings) error { return costOf(s).check() }

// Probe has nothing to reach.
func (p *PasswordPlugin) Probe(context.Context, Settings) error { return nil }

// Configure takes the cost of new hashes and the time of remembering.
func (p *PasswordPlugin) Configure(s Settings) error {
	if err := p.Check(s); err != nil {
		return err
	}
	p.hasher.SetCost(costOf(s))
	p.memory.Keep(time.Duration(s.Number("remember_seconds")) * time.Second)
	return nil
}

func costOf(s Settings) Cost {
	return Cost{MemoryKiB: uint32(s.Number("memory_kib")), Passes: uint32(s.Number("passes")), Threads: uint8(s.Number("threads"))}
}
