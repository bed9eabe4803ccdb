package signin

import (
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"fmt"
	"sync"
	"time"
)

// maxKept is how many good passwords are remembered; beyond it, what is remembered is forgotten.
const maxKept = 50_000

// Memory knows good passwords for a while without judging them again, since git sends one with every request. It keeps
// keyed hashes, one for each name, under a key of this process: nothing of it outlives the process or can be read from a
// dump as a password. It is safe for concurrent use.
type Memory struct {
	now func() time.Time
	key [32]byte

	// mu guards what follows.
	mu   sync.Mutex
	good map[string]memory
	keep time.Duration
}

// memory is a password that was right until a time, and what was answered.
type memory struct {
	mac    [sha256.Size]byte
	until  time.Time
	answer Answer
}

// NewMemory makes an empty one that keeps nothing until Keep; now is nil for time.Now.
func NewMemory(now func() time.Time) *Memory {
	if now == nil {
		now = time.Now
	}
	m := &Memory{now: now, good: map[string]memory{}}
	rand.Read(m.key[:])
	return m
}

// Keep changes for how long passwords are known, and forgets all.
func (m *Memory) Keep(d time.Duration) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.keep = d
	clear(m.good)
}

// Forget drops what is known of a name.
func (m *Memory) Forget(name string) {
	m.mu.Lock()
	defer m.mu.Unlock()
	delete(m.good, name)
}

// ForgetAll drops everything.
func (m *Memory) ForgetAll() {
	m.mu.Lock()
	defer m.mu.Unlock()
	clear(m.good)
}

// Add remembers what was answered. parts are the secret, and whatever must be the same for it to be right again.
func (m *Memory) Add(name string, a Answer, parts ...string) {
	mac := m.mac(name, parts)
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.keep <= 0 {
		return
	}
	if len(m.good) >= maxKept {
		clear(m.good)
	}
	m.good[name] = memory{mac: mac, until: m.now().Add(m.keep), answer: a}
}

// Get is what was answered to the same parts.
func (m *Memory) Get(name string, parts ...string) (Answer, bool) {
	mac := m.mac(name, parts)
	m.mu.Lock()
	defer m.mu.Unlock()
	known, ok := m.good[name]
	if !ok || !m.now().Before(known.until) || !hmac.Equal(known.mac[:], mac[:]) {
		return Answer{}, false
	}
	return known.answer, true
}

// mac keeps the parts apart by their lengths.
func (m *Memory) mac(name string, parts []string) (sum [sha256.Size]byte) {
	h := hmac.New(sha256.New, m.key[:])
	fmt.Fprintf(h, "%d:%s", len(name), name)
	for _, part := range parts {
		fmt.Fprintf(h, "%d:%s", len(part), part)
	}
	h.Sum(sum[:0])
	return sum
}
