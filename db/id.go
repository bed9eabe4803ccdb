package db

import (
	"crypto/rand"
	"encoding/base32"
	"fmt"
	"strconv"
	"strings"
	"sync"
	"time"
)

// NewID makes the id of a new row: 26 characters a-z2-7, 130 random bits. It never depends on what the row is about,
// so it stays when names change.
func NewID() string {
	var b [17]byte
	rand.Read(b[:]) // crypto/rand.Read never fails (Go 1.24)
	return strings.ToLower(base32.StdEncoding.WithPadding(base32.NoPadding).EncodeToString(b[:]))[:26]
}

// clock gives ids that sort in the order in which they were made, for records that are read as a sequence.
type clock struct {
	// mu guards last, the latest instant given, in nanoseconds since 1970.
	mu   sync.Mutex
	last int64
}

// next is 16 hexadecimal digits of time and 10 random characters. Two calls never give the same instant.
func (c *clock) next(now time.Time) string {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.last = max(now.UnixNano(), c.last+1)
	return fmt.Sprintf("%016x%s", c.last, NewID()[:10])
}

// at is the latest instant given.
func (c *clock) at() int64 {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.last
}

// resumeAt begins after an instant.
func (c *clock) resumeAt(instant int64) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.last = max(c.last, instant)
}

// resume begins after the instant of an id that was given before, perhaps by a machine whose clock was ahead.
func (c *clock) resume(id string) {
	if len(id) < 16 {
		return
	}
	if last, err := strconv.ParseInt(id[:16], 16, 64); err == nil {
		c.resumeAt(last)
	}
}

// stamp is a time as the database keeps it: UTC, in microseconds as PostgreSQL has them.
func stamp(t time.Time) time.Time { return t.UTC().Truncate(time.Microsecond) }

func stampPtr(t *time.Time) *time.Time {
	if t == nil {
		return nil
	}
	s := stamp(*t)
	return &s
}
