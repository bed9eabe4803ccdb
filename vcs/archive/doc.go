// Package archive writes tar and zip files of a revision, and serves them to `git archive --remote`.
//
//	client                         git-upload-archive
//	argument --format=zip ──►
//	argument v1.0         ──►      which revision? may this client see it?
//	flush                 ──►
//	                      ◄──      ACK, flush
//	                      ◄──      band 1: the archive   band 2: what -v tells   band 3: why there is none
//	                      ◄──      flush
//
// (git-upload-archive, git-archive.) The same exchange goes over SSH and, since git 2.44, in one POST over HTTP.
//
// The same revision makes the same bytes every time, also in later versions (Number): entries stand in the order of the
// tree, their time is the commit's, owner and group are root, as C git writes them. Blobs are streamed: what is held is the
// trees on the way down to an entry, one block of compression, and for a zip file the list of entries with which it ends
// (Limits.Directory). Submodules are empty folders; folders without a file are left out, as C git leaves them. The
// .gitattributes of the archived tree say what is left out and where placeholders are filled in (attributes, pretty).
//
// Not done: attributes about line ends, encodings and $Id$ (eol, text, working-tree-encoding, ident, filter) and core.eol are
// not looked at, contents are what is in the repository; pathspecs with magic (":(…)") are refused, formats that an
// administrator of C git can add by tar.<format>.command do not exist.
//
// A revision must be a ref that the client sees, or the full id of something reachable from one; both may be followed by
// ":path". The package imports its own attributes and pretty, storage, revision, rules, reach, deadline, pack, object, oid and wire.
package archive

import (
	"errors"
	"fmt"
)

// ErrBadRequest is wrapped by errors that are the client's: it was told.
var ErrBadRequest = errors.New("bad request")

// refusal is an error whose text is for the client.
type refusal string

func refuse(format string, args ...any) error { return refusal(fmt.Sprintf(format, args...)) }

// errNoArchives refuses where downloads are switched off.
const errNoArchives = refusal("downloads are switched off for this repository; clone it with git")

func (r refusal) Error() string { return string(r) }
func (r refusal) Unwrap() error { return ErrBadRequest }
