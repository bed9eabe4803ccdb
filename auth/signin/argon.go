package signin

import (
	"context"
	"crypto/rand"
	"crypto/subtle"
	"encoding/base64"
	"errors"
	"fmt"
	"runtime"
	"strconv"
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
	// maxMemoryKiB and maxWork bound a hash, of a stored one too: 1 GiB, and 4 GiB gone through, some seconds.
	maxMemoryKiB, maxWork = 1024 * 1024, 4 * 1024 * 1024
	// maxWaiting bounds who waits for a turn to hash: each holds a connection open.
	maxWaiting = 256
)

// errHash: what is stored is no hash that this program takes.
var errHash = errors.New("stored password hash is damaged, of an unknown kind, or too costly")

// Hasher makes and checks password hashes, at most as many at a time as there are processors (so that sign-ins take neither
// all memory nor all of the machine). New ones are argon2id in PHC string form, $argon2id$v=19$m=…,t=…,p=…$salt$hash; it
// checks those of docs/authentication.md's table besides. It is safe for concurrent use.
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

// SetCost changes what new hashes take; stored ones keep their own until their password comes.
func (h *Hasher) SetCost(c Cost) { h.cost.Store(&c) }

// Cost is what new hashes take.
func (h *Hasher) Cost() Cost { return *h.cost.Load() }

// Hash makes the stored form of a password, with a salt of its own. ErrBusy, or the context's error.
func (h *Hasher) Hash(ctx context.Context, password string) (string, error) {
	var salt [saltLength]byte
	rand.Read(salt[:])
	c := h.Cost()
	hash := ""
	err := h.turn(ctx, func() {
		b64 := base64.RawStdEncoding
		hash = fmt.Sprintf("$argon2id$v=%d$m=%d,t=%d,p=%d$%s$%s", argon2.Version, c.MemoryKiB, c.Passes, c.Threads,
			b64.EncodeToString(salt[:]), b64.EncodeToString(c.key(password, salt[:], keyLength)))
	})
	return hash, err
}

// Verify tells whether a password is the one that was stored. ErrBusy, the context's error, or a damaged hash.
func (h *Hasher) Verify(ctx context.Context, password, stored string) (right bool, err error) {
	matches, err := parseHash(stored)
	if err != nil {
		return false, err
	}
	err = h.turn(ctx, func() { right = matches(password) })
	return right, err
}

// Pretend takes as long as Verify does, for a user who is not there.
func (h *Hasher) Pretend(ctx context.Context, password string) error {
	c := h.Cost()
	return h.turn(ctx, func() { c.key(password, make([]byte, saltLength), keyLength) })
}

// outdated tells whether a hash is not of the kind and cost that new ones have.
func (h *Hasher) outdated(stored string) bool {
	c, _, _, err := parsePHC(stored)
	return err != nil || c != h.Cost()
}

// turn waits for a turn and hashes.
func (h *Hasher) turn(ctx context.Context, hash func()) error {
	if h.waiting.Add(1) > maxWaiting {
		h.waiting.Add(-1)
		return ErrBusy
	}
	err := h.turns.Acquire(ctx, 1)
	h.waiting.Add(-1)
	if err != nil {
		return err
	}
	defer h.turns.Release(1)
	hash()
	return nil
}

func (c Cost) key(password string, salt []byte, length int) []byte {
	return argon2.IDKey([]byte(password), salt, c.Passes, c.MemoryKiB, c.Threads, uint32(length))
}

// check bounds a cost: enough to be worth something, and no more than a server can bear.
func (c Cost) check() error {
	switch {
	case c.MemoryKiB < 8*1024 || c.MemoryKiB > maxMemoryKiB:
		return fmt.Errorf("%w: memory_kib is %d; it is 8192 to %d", ErrBadSetting, c.MemoryKiB, maxMemoryKiB)
	case c.Passes < 1 || c.Passes > 20:
		return fmt.Errorf("%w: passes is %d; it is 1 to 20", ErrBadSetting, c.Passes)
	case c.Threads < 1 || c.Threads > 16:
		return fmt.Errorf("%w: threads is %d; it is 1 to 16", ErrBadSetting, c.Threads)
	case uint64(c.MemoryKiB)*uint64(c.Passes) > maxWork:
		return fmt.Errorf("%w: memory_kib times passes is at most %d", ErrBadSetting, maxWork)
	}
	return nil
}

// parsePHC takes an argon2id hash apart.
func parsePHC(stored string) (c Cost, salt, key []byte, err error) {
	part := strings.Split(stored, "$")
	if len(part) != 6 || part[0] != "" || part[1] != "argon2id" || part[2] != fmt.Sprintf("v=%d", argon2.Version) {
		return Cost{}, nil, nil, errHash
	}
	cost := strings.Split(part[3], ",")
	if len(cost) != 3 {
		return Cost{}, nil, nil, errHash
	}
	var numbers [3]uint64
	for i, prefix := range []string{"m=", "t=", "p="} {
		digits, ok := strings.CutPrefix(cost[i], prefix)
		if numbers[i], err = strconv.ParseUint(digits, 10, []int{32, 32, 8}[i]); err != nil || !ok {
			return Cost{}, nil, nil, errHash
		}
	}
	c = Cost{MemoryKiB: uint32(numbers[0]), Passes: uint32(numbers[1]), Threads: uint8(numbers[2])}
	salt, err1 := base64.RawStdEncoding.DecodeString(part[4])
	key, err2 := base64.RawStdEncoding.DecodeString(part[5])
	if c.check() != nil || err1 != nil || err2 != nil || len(salt) < 8 || len(salt) > 64 || len(key) < 16 || len(key) > 64 {
		return Cost{}, nil, nil, errHash
	}
	return c, salt, key, nil
}

// argonMatcher judges passwords by an argon2id hash.
func argonMatcher(stored string) (func(string) bool, error) {
	c, salt, key, err := parsePHC(stored)
	if err != nil {
		return nil, err
	}
	return func(password string) bool {
		return subtle.ConstantTimeCompare(c.key(password, salt, len(key)), key) == 1
	}, nil
}
