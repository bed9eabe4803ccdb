// Package oid is the one place that knows how wide the id of an object is, how it is written and how it is computed.
//
// The engine speaks of ids through this package alone: nothing else slices an id, indexes it, or writes 20 or 40.
// Today an ID is a SHA-1 (go-git's plumbing.Hash); SHA-256 needs a change here and a conversion in vcs/browse,
// and nowhere else. The package does no I/O of its own and imports nothing of ours.
package oid

import (
	"bytes"
	"encoding/hex"
	"errors"
	"hash"
	"strconv"

	"crypto/sha1" //nolint:gosec // git's object format is SHA-1

	"github.com/go-git/go-git/v5/plumbing"
	"github.com/pjbgf/sha1cd"
)

// ID names an object by the hash of its type, size and content.
type ID = plumbing.Hash

// Size is the width of an ID in bytes, HexSize in hexadecimal digits.
const (
	Size    = len(ID{})
	HexSize = 2 * Size
)

// Format is the name of the object format as protocols write it (gitprotocol-capabilities, "object-format").
const Format = "sha1"

// Zero is the id that no object has; in ref updates it stands for "no such ref".
var Zero ID

// ErrCollision is what a Hasher reports when the content was built to collide with another object's.
var ErrCollision = errors.New("object is part of a SHA-1 collision attack")

// Parse reads an id from exactly HexSize hexadecimal digits; anything longer, shorter or else is not an id.
func Parse(s string) (ID, bool) {
	var id ID
	if len(s) != HexSize {
		return id, false
	}
	_, err := hex.Decode(id[:], []byte(s))
	if err != nil {
		return Zero, false
	}
	return id, true
}

// FromBytes copies an id from the first Size bytes of b; it panics when b is shorter, as a slice expression does.
func FromBytes(b []byte) ID { return ID(b[:Size]) }

// Compare orders ids as index files do: by their bytes.
func Compare(a, b ID) int { return bytes.Compare(a[:], b[:]) }

// FirstByte is the fan-out slot of an id in an index (gitformat-pack, "version 2 pack-*.idx files").
func FirstByte(id ID) byte { return id[0] }

// Append appends the id in hexadecimal digits to b.
func Append(b []byte, id ID) []byte { return hex.AppendEncode(b, id[:]) }

// NewSum is a plain hash of the object format, for trailers of packs and index files; it does not look for collisions.
func NewSum() hash.Hash { return sha1.New() } //nolint:gosec // git's format

// SumID is the id that a hash from NewSum has come to.
func SumID(h hash.Hash) ID {
	var id ID
	h.Sum(id[:0])
	return id
}

// Hasher computes the ids of objects that came from outside, and notices content built to collide.
// It may be used again after Reset, by one goroutine at a time.
type Hasher struct {
	h   sha1cd.CollisionResistantHash
	buf [64]byte
}

// NewHasher returns a hasher that waits for Reset.
func NewHasher() *Hasher {
	return &Hasher{h: sha1cd.New().(sha1cd.CollisionResistantHash)}
}

// Reset begins an object of type t (a commit, tree, blob or tag) with size bytes of content.
func (h *Hasher) Reset(t plumbing.ObjectType, size int64) {
	h.h.Reset()
	b := append(h.buf[:0], t.Bytes()...)
	b = append(b, ' ')
	b = strconv.AppendInt(b, size, 10)
	b = append(b, 0)
	_, _ = h.h.Write(b)
}

// Write adds content; it never fails.
func (h *Hasher) Write(p []byte) (int, error) { return h.h.Write(p) }

// Sum is the id of what was written since Reset, or ErrCollision.
func (h *Hasher) Sum() (ID, error) {
	var id ID
	sum, attacked := h.h.CollisionResistantSum(h.buf[:0])
	if attacked {
		return Zero, ErrCollision
	}
	copy(id[:], sum)
	return id, nil
}

// Of computes the id of a whole object.
func Of(t plumbing.ObjectType, content []byte) (ID, error) {
	h := NewHasher()
	h.Reset(t, int64(len(content)))
	_, _ = h.Write(content)
	return h.Sum()
}
