// Package pack reads packs and their indexes in place, and writes packs by copying entries as they lie.
//
// A pack (gitformat-pack, "pack-*.pack files") is a header, entries one behind the other, and a hash of it all:
//
//	"PACK" version=2 count ┃ entry ┃ entry ┃ … ┃ hash of all before
//	                           │
//	     type+size (varint) ── base, where it is a delta ── zlib stream of the content or of the delta
//	                           │
//	                           ├─ OFS_DELTA: how many bytes before this entry the base's entry begins
//	                           └─ REF_DELTA: the base's id
//
// Its index (".idx", version 2) finds an entry by id:
//
//	"\377tOc" 2 ┃ 256 counts (fan-out by first byte) ┃ ids, sorted ┃ CRC-32 of each entry ┃ offsets ┃ large offsets ┃ pack hash ┃ own hash
//
// and ".rev" lists the positions of the index in the order of the offsets. Both are mapped (package mapped) and read in
// place; the pack itself is read with pread. An object that is read is not hashed again: packs were checked when they
// came in (package ingest), as in C git. Errors that say a file is not what it should be wrap ErrCorrupt.
//
// The package knows objects and packs, no refs and no history. It imports oid and mapped alone.
package pack

import "errors"

var (
	// ErrNotFound says that no pack of the set has the object.
	ErrNotFound = errors.New("object not found")
	// ErrCorrupt is wrapped by every error that says a pack or an index is not what it should be.
	ErrCorrupt = errors.New("corrupt pack")
	// ErrTooLarge says that an object is larger than the caller is ready to hold in memory.
	ErrTooLarge = errors.New("object is too large to be read at once")
)
