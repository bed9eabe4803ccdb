package signin

import (
	"context"
	"crypto/rand"
	"crypto/subtle"
	"encoding/base64"
	"errors"
	"fmt"
	"runtime"
	"strings"
	"sync/atomic"

	"golang.org/x/crypto/argon2"
	"golang.org/x/sync/semaphore"
)

// Cost is what one argon2id hash takes.
type Cost struct {
	// MemoryKiB is memory, in KiB.
	MemoryKiB uint32
	// Passes is how often the memory is gone through.
	Passes uint32
	// Threads is how many lanes are filled side by side.
	Threads uint8
}

// DefaultCost is what OWASP's password storage cheat sheet asks for: 19 MiB, two passes, one lane.
func DefaultCost() Cost { return Cost{MemoryKiB: 19 * 1024, Passes: 2, Threads: 1} }

const (
	saltLength, keyLength = 16, 32
	// maxWaiting bounds who waits for a turn to hash: each holds a connection open.
	maxWaiting = 256
)

// errHash: what is stored is no argon2id hash that this program takes.
var errHash = errors.New("stored password hash is damaged")

// Hasher makes and checks password hashes in PHC string form, $argon2id$v=19$m=…,t=…,p=…$salt$hash, at most as many
// at a time as there are processors (so that sign-ins take neither all memory nor all of the machine).
// It is safe for concurrent use.
type Hasher struct {
	cost    atomic.Pointer[Cost]
	turns   *semaphore.Weighted
	waiting atomic.Int64
}

// NewHasher makes a hasher of DefaultCost.
func NewHasher() *Hasher {
	h := &Hasher{turns: semaphore.NewWeighted(int64(runtime.GOMAXPROCS(0)))}
	h.SetCost(DefaultCost())
	return h
}

// SetCost changes what new hashes take; stored ones keep their own.
func (h *Hasher) SetCost(c Cost) { h.cost.Store(&c) }

// Cost is what new hashes take.
func (h *Hasher) Cost() Cost { return *h.cost.Load() }

// Hash makes the stored form of a password, with a salt of its own. ErrBusy, or the context's error.
func (h *Hasher) Hash(ctx context.Context, password string) (string, error) {
	var salt [saltLength]byte
	rand.Read(salt[:])
	c := h.Cost()
	key, err := h.key(ctx, password, salt[:], c, keyLength)
	if err != nil {
		return "", err
	}
	b64 := base64.RawStdEncoding
	return fmt.Sprintf("$argon2id$v=%d$m=%d,t=%d,p=%d$%s$%s", argon2.Version, c.MemoryKiB, c.Passes, c.Threads,
		b64.EncodeToString(salt[:]), b64.EncodeToString(key)), nil
}

// Verify tells whether a password is the one that was stored. ErrBusy, the context's error, or a damaged hash.
func (h *Hasher) Verify(ctx context.Context, password, stored string) (bool, error) {
	c, salt, want, err := parsePHC(stored)
	if err != nil {
		return false, err
	}
	got, err := h.key(ctx, password, salt, c, uint32(len(want)))
	if err != nil {
		return false, err
	}
	return subtle.ConstantTimeCompare(got, want) == 1, nil
}

// Pretend takes as long as Verify does, for a user who is not there.
func (h *Hasher) Pretend(ctx context.Context, password string) error {
	_, err := h.key(ctx, password, make([]byte, saltLength), h.Cost(), keyLength)
	return err
}

// key waits for a turn and hashes.
func (h *Hasher) key(ctx context.Context, password string, salt []byte, c Cost, length uint32) ([]byte, error) {
	if h.waiting.Add(1) > maxWaiting {
		h.waiting.Add(-1)
		return nil, ErrBusy
	}
	err := h.turns.Acquire(ctx, 1)
	h.waiting.Add(-1)
	if err != nil {
		return nil, err
	}
	defer h.turns.Release(1)
	return argon2.IDKey([]byte(password), salt, c.Passes, c.MemoryKiB, c.Threads, length), nil
}

// check bounds a cost: enough to be worth something, and no more than a server can bear.
func (c Cost) check() error {
	switch {
	case c.MemoryKiB < 8*1024 || c.MemoryKiB > 1024*1024:
		return fmt.Errorf("%w: memory_kib is %d; it is 8192 to 1048576", ErrBadSetting, c.MemoryKiB)
	case c.Passes < 1 || c.Passes > 20:
		return fmt.Errorf("%w: passes is %d; it is 1 to 20", ErrBadSetting, c.Passes)
	case c.Threads < 1 || c.Threads > 16:
		return fmt.Errorf("%w: threads is %d; it is 1 to 16", ErrBadSetting, c.Threads)
	}
	return nil
}

// parsePHC takes a stored hash apart.
func parsePHC(stored string) (c Cost, salt, key []byte, err error) {
	part := strings.Split(stored, "$")
	if len(part) != 6 || part[0] != "" || part[1] != "argon2id" || part[2] != fmt.Sprintf("v=%d", argon2.Version) {
		return Cost{}, nil, nil, errHash
	}
	if _, err := fmt.Sscanf(part[3], "m=%d,t=%d,p=%d", &c.MemoryKiB, &c.Passes, &c.Threads); err != nil {
		return Cost{}, nil, nil, errHash
	}
	salt, err1 := base64.RawStdEncoding.DecodeString(part[4])
	key, err2 := base64.RawStdEncoding.DecodeString(part[5])
	if c.check() != nil || err1 != nil || err2 != nil || len(salt) < 8 || len(salt) > 64 || len(key) < 16 || len(key) > 64 {
		return Cost{}, nil, nil, errHash
	}
	return c, salt, key, nil
}
