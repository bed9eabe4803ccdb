// Package remote fetches from other servers into repositories of this one.
//
//	address ─► http, https    go-git's client ──────────────┐
//	           ssh, git       a connection, go-git's messages ┴─► refs there ─► which differ? ─► want, have
//	                                                                                                │
//	         repository ◄── refs and packs, at once ◄── receive.Take: quarantine, checks, rules ◄── pack, as it arrives
//
// It speaks protocol 0 (gitprotocol-pack), which all servers know. What a server answers is the word of a stranger: the list
// of its refs is bounded, each name is looked at (a ref's name never becomes a path here), a ref that is neither a branch nor
// a tag is left alone, and the pack goes through everything that a push goes through, piece by piece as it arrives; no more
// of it is held than of a push. Branches and tags are moved to where they are there, back as well as forward where the
// repository's rules allow it; what is no more there stays here (as RhodeCode's pull leaves it). All move, or none.
//
// Until a server has shown that it speaks git, whatever goes wrong is one sentence (ErrUnreachable), said at the end of a
// whole second, so that nobody finds out by it what answers where. The log has the reason.
//
// The package dials by what it is handed, and imports receive, storage, reach, sight, object, oid, pack, name and wire.
package remote
