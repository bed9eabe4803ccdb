package signin

import (
	"context"
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"fmt"
	"maps"
	"math"
	"sync"
	"time"

	"jeton/auth/access"
	"jeton/db"
)

// People is whom the password plug-in asks about.
type People interface {
	ByName(name string) (access.User, bool)
	PasswordHash(id string) string
}

const (
	// remembered is how long a good password is known without hashing again, in seconds, unless set otherwise.
	remembered = 300
	// maxRemembered bounds that setting: a day.
	maxRemembered = 86400
)

// PasswordPlugin signs in with a user name and the password stored for it. A good one is remembered for some minutes as
// a keyed hash in memory, since git sends it with every request; it is forgotten when anything about the user changes.
// It is safe for concurrent use.
type PasswordPlugin struct {
	people People
	hasher *Hasher
	now    func() time.Time
	key    [32]byte // of this process; nothing that is remembered outlives it
	cancel func()

	// mu guards what follows. good holds at most one entry a user.
	mu       sync.Mutex
	good     map[string]memory
	remember time.Duration
}

// memory is a password that was right until a time.
type memory struct {
	mac   [sha256.Size]byte
	until time.Time
}

// NewPassword makes the plug-in; it follows d for changes of users. now is nil for time.Now.
func NewPassword(d *db.DB, people People, hasher *Hasher, now func() time.Time) *PasswordPlugin {
	if now == nil {
		now = time.Now
	}
	p := &PasswordPlugin{people: people, hasher: hasher, now: now, good: map[string]memory{},
		remember: remembered * time.Second}
	rand.Read(p.key[:])
	p.cancel = d.Subscribe(p.follow)
	return p
}

// Close ends the following of the database.
func (p *PasswordPlugin) Close() { p.cancel() }

func (p *PasswordPlugin) follow(c db.Change) {
	if u, ok := c.Row.(db.User); ok {
		p.mu.Lock()
		defer p.mu.Unlock()
		delete(p.good, u.ID)
	}
}

// SignIn judges a password. A name that nobody has, and one without a password, cost the same time as a wrong one.
func (p *PasswordPlugin) SignIn(ctx context.Context, user, secret string) (Verdict, string, error) {
	if secret == "" || len(secret) > access.MaxPassword {
		return NotMine, "", nil
	}
	u, _ := p.people.ByName(user)
	stored := p.people.PasswordHash(u.ID)
	if stored == "" {
		return NotMine, "", p.hasher.Pretend(ctx, secret)
	}
	mac := p.mac(u.ID, stored, secret)
	if p.knows(u.ID, mac) {
		return Accept, u.ID, nil
	}
	ok, err := p.hasher.Verify(ctx, secret, stored)
	if err != nil {
		return NotMine, "", fmt.Errorf("check password: %w", err)
	}
	if !ok {
		return NotMine, "", nil
	}
	p.keep(u.ID, mac)
	return Accept, u.ID, nil
}

// mac depends on the stored hash too: what was remembered of another password can never be right.
func (p *PasswordPlugin) mac(userID, stored, secret string) (sum [sha256.Size]byte) {
	h := hmac.New(sha256.New, p.key[:])
	for _, part := range []string{userID, stored, secret} {
		fmt.Fprintf(h, "%d:%s", len(part), part)
	}
	h.Sum(sum[:0])
	return sum
}

func (p *PasswordPlugin) knows(userID string, mac [sha256.Size]byte) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	m, ok := p.good[userID]
	return ok && p.now().Before(m.until) && hmac.Equal(m.mac[:], mac[:])
}

func (p *PasswordPlugin) keep(userID string, mac [sha256.Size]byte) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.good[userID] = memory{mac: mac, until: p.now().Add(p.remember)}
}

// Check tells whether settings are known and within their bounds.
func (p *PasswordPlugin) Check(settings map[string]int) error {
	all := defaults()
	maps.Copy(all, settings)
	return checkSettings(all)
}

// Configure sets memory_kib, passes and threads of new hashes, and remember_seconds.
func (p *PasswordPlugin) Configure(settings map[string]int) error {
	all := defaults()
	maps.Copy(all, settings)
	if err := checkSettings(all); err != nil {
		return err
	}
	p.hasher.SetCost(costOf(all))
	p.mu.Lock()
	defer p.mu.Unlock()
	p.remember = time.Duration(all["remember_seconds"]) * time.Second
	clear(p.good)
	return nil
}

// Settings are the values in force.
func (p *PasswordPlugin) Settings() map[string]int {
	c := p.hasher.Cost()
	p.mu.Lock()
	defer p.mu.Unlock()
	return map[string]int{"memory_kib": int(c.MemoryKiB), "passes": int(c.Passes), "threads": int(c.Threads),
		"remember_seconds": int(p.remember / time.Second)}
}

func defaults() map[string]int {
	c := DefaultCost()
	return map[string]int{"memory_kib": int(c.MemoryKiB), "passes": int(c.Passes), "threads": int(c.Threads),
		"remember_seconds": remembered}
}

// checkSettings refuses a name that the plug-in does not know and a value out of bounds.
func checkSettings(all map[string]int) error {
	known := defaults()
	for key, value := range all {
		if _, ok := known[key]; !ok {
			return fmt.Errorf("%w: %q", ErrBadSetting, key)
		}
		if value < 0 || value > math.MaxInt32 {
			return fmt.Errorf("%w: %s is %d", ErrBadSetting, key, value)
		}
	}
	if all["remember_seconds"] > maxRemembered {
		return fmt.Errorf("%w: remember_seconds is at most %d", ErrBadSetting, maxRemembered)
	}
	if all["threads"] > 16 {
		return fmt.Errorf("%w: threads is at most 16", ErrBadSetting)
	}
	return costOf(all).check()
}

func costOf(all map[string]int) Cost {
	return Cost{MemoryKiB: uint32(all["memory_kib"]), Passes: uint32(all["passes"]), Threads: uint8(all["threads"])}
}
