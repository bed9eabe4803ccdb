// Package pack reads packs and their indexes in place, and writes packs by copying entries as they lie.
//
// A pack is a header, entries one behind the other, and a hash of it all (gitformat-pack, "pack-*.pack files"):
//
//	0        4          8        12                                          size-20
//	┌────────┬──────────┬────────┬───────┬───────┬───────┬─ … ──────────────┬──────────────┐
//	│ "PACK" │ 00000002 │ count  │ entry │ entry │ entry │                  │ SHA-1 of all │
//	└────────┴──────────┴────────┴───┬───┴───────┴───────┴─ … ──────────────┴──────────────┘
//	                                 │
//	      ┌──────────────────────────┴─────────────────────────────┐
//	      │ type and size │ base, if it is a delta │ zlib stream    │
//	      └──┬────────────┴──┬─────────────────────┴──┬─────────────┘
//	         │               │                        └ of the content, or of a delta
//	         │               ├ OFS_DELTA: how many bytes before this entry the base's entry begins
//	         │               └ REF_DELTA: the base's id
//	         └ 1tttssss 1sssssss 0sssssss: three bits of type (1 commit, 2 tree, 3 blob, 4 tag, 6 OFS_DELTA, 7 REF_DELTA),
//	           then the size of what the stream holds, lowest bits first
//
// A delta is the size of its base, the size of its result, and instructions ("deltified representation"):
//
//	1xxxxxxx  copy a range of the base: the x say which of 4 bytes of offset and 3 of length follow
//	0nnnnnnn  insert the n bytes that follow
//
// Its index finds an entry by id ("version 2 pack-*.idx files"), in place and mapped into memory; its fan-out says for
// each first byte of an id where the ids behind it begin:
//
//	0          8             1032        …             …             …                …
//	┌──────────┬─────────────┬───────────┬─────────────┬─────────────┬────────────────┬───────────┬───────────┐
//	│ magic, 2 │ 256 counts  │ ids, in   │ CRC-32 of   │ offsets:    │ large offsets: │ the       │ SHA-1 of  │
//	│          │ (fan-out)   │ order     │ each entry  │ 31 bits, or │ 63 bits        │ pack's    │ this file │
//	│          │             │           │             │ ▶ this one  │                │ trailer   │           │
//	└──────────┴─────────────┴───────────┴─────────────┴─────────────┴────────────────┴───────────┴───────────┘
//
// and ".rev" lists the positions of the index in the order of the offsets: where an entry ends is where the next begins.
// Without one the order is computed when it is first asked for.
//
// What is trusted: an object that is read is not hashed again, and neither the files' own hashes nor the CRCs are
// computed, as in C git; packs were checked when they came in (package ingest). What is not: nothing in a file makes this
// package panic, hang, or allocate what a size merely claims. Errors that say a file is not what it should be wrap
// ErrCorrupt; a zlib stream ends in a checksum of its own, so that bad bytes are found wherever they are inflated.
//
// Reading one object holds at most what its reader allows, or 16 MiB: what is larger is put together in a file. Copying
// holds 8 bytes for each object. The pack itself is read with pread and never mapped.
//
// The package knows objects and packs, no refs and no history. It imports oid, mapped and ingest/inflate alone.
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
