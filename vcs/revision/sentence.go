package revision

import (
	"fmt"
	"strings"

	"jeton/vcs/name"
	"jeton/vcs/oid"
	"jeton/vcs/wire"
)

// sentence is an error whose text is for people.
type sentence struct {
	text string
	kind error
}

func (s *sentence) Error() string { return s.text }
func (s *sentence) Unwrap() error { return s.kind }

func tell(kind error, format string, args ...any) error {
	return &sentence{fmt.Sprintf(format, args...), kind}
}

// maxShown is how much of what was written is said back, in bytes.
const maxShown = 200

// Shown is what a client wrote as it is said back: escaped, and cut where it is long.
func Shown(text string) string {
	if len(text) > maxShown {
		return wire.Escape(strings.ToValidUTF8(text[:maxShown], "")) + "…"
	}
	return wire.Escape(text)
}

func tooLong(what, text string, most int) error {
	return tell(ErrBad, "This %s is %d bytes long; at most %d are taken.", what, len(text), most)
}

// none says why nothing of a name was found. first is the part that cannot be anything but the revision, whole is all that
// was written. Nothing but what the reader sees, and how much there is at all, changes the words.
func (f *Finder) none(first, whole string) error {
	switch {
	case !name.Ref("refs/heads/" + first):
		return tell(ErrBad, "«%s» is no name of a branch, a tag or a commit. Name one, or write «%s»; expressions such as HEAD~2, main@{1}, a..b or :/text are not taken here.", Shown(first), Tip)
	case len(f.see.Tips()) == 0:
		return tell(ErrNotFound, "This repository is empty: nothing has been pushed to it yet.")
	case first == Tip || first == "HEAD":
		return tell(ErrNotFound, "The default branch of this repository has no commit. Name another branch, a tag or a commit.")
	}
	if _, isID := oid.ParsePrefix(first); isID && f.Far() > 0 {
		return tell(ErrNotFound, "No branch, tag or commit «%s» is found within the %d commits and trees that this server walks to find out. Name a branch or a tag.", Shown(first), f.Far())
	}
	return tell(ErrNotFound, "There is no branch, tag or commit «%s» in this repository.", Shown(whole))
}

func ambiguous(prefix oid.Prefix) error {
	return tell(ErrAmbiguous, "Several commits and tags begin with «%s». Write more digits of the id.", prefix)
}

func noFile(path string) error {
	return tell(ErrNotFound, "There is no file or folder «%s» in this revision.", Shown(path))
}

func insideSubmodule(path string) error {
	return tell(ErrNotFound, "«%s» is a submodule: its files are in another repository.", Shown(path))
}
