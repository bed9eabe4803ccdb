// Package revision finds what people write in an address: a branch, a tag, the id of a commit, and a file below it.
//
//	main/src/a.go ──► Split ──► refs/heads/main, "src/a.go" ──► Entry ──► mode and id of the blob
//	v1.2          ──► Find  ──► refs/tags/v1.2 ── peeled ──► commit, tree
//	0a1b2c3       ──► Find  ──► the one commit or tag that begins so
//
// The rules (they are the same for archives, raw files, diffs and feeds):
//
//   - "tip", and "HEAD", mean the head of the default branch;
//   - the full id of a commit is that commit, whatever branches and tags are called so (as in git): else whoever may push
//     could lead addresses elsewhere that are told never to change;
//   - what begins with refs/ names one ref exactly; any other name is a branch before it is a tag before it is an id;
//   - in "{revision}/{path}" the longest ref that exists wins, whatever is below the shorter ones;
//   - an id is written in full, or with MinPrefix digits at least; shortened ones name commits and annotated tags, not trees
//     and blobs, and must be the beginning of one alone;
//   - an object is there when a ref that the reader sees leads to it, and only then. What is hidden is answered exactly as
//     what is not there, and makes no short id ambiguous.
//
// git's expressions (HEAD~2, main@{1}, a..b, :/text) are nothing here. The package knows no archive, no diff, no HTTP, and
// imports storage, sight, rules, reach, pack, object, oid, name and wire.
package revision

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/go-git/go-git/v5/plumbing"

	"jeton/vcs/object"
	"jeton/vcs/oid"
	"jeton/vcs/reach"
	"jeton/vcs/rules"
	"jeton/vcs/sight"
	"jeton/vcs/storage"
)

// Errors of this package that are the reader's wrap one of these; their text is a sentence for people in which what the
// reader wrote is escaped. Any other error is a failure of the server.
var (
	// ErrNotFound: nothing that the reader sees has this name.
	ErrNotFound = errors.New("revision or file not found")
	// ErrAmbiguous: several visible commits or tags begin with these digits. It wraps ErrNotFound.
	ErrAmbiguous = fmt.Errorf("ambiguous id: %w", ErrNotFound)
	// ErrBad: this can be the name of nothing.
	ErrBad = errors.New("not a name of a revision or file")
)

const (
	// maxTags is how many tags may point to each other in a row.
	maxTags = 1000
	// maxObject is the largest commit, tree or tag that is read, in bytes; larger ones are refused when they are pushed.
	maxObject = 64 << 20
)

// Revision is something that was named.
type Revision struct {
	// Name is what was written.
	Name string
	// Ref is the full name of the ref that it is; "" where it was an id.
	Ref string
	// ID is what was named: a commit, a tag, a tree or a blob.
	ID oid.ID
	// Commit and Tree are what tags led to; zero where that is no commit, or a blob.
	Commit, Tree oid.ID
	// When is the commit's time (its committer's), in UTC; that of 1970 where there is no commit, or none can be read.
	When time.Time
	// Fixed says that it was named by the full id of a commit: what it names never changes.
	Fixed bool
}

// Options bound a Finder.
type Options struct {
	// Walk is how many commits and trees may be walked in all to find out whether the reader may name an id; 0 means
	// reach.DefaultBudget.
	Walk int
}

// Finder finds revisions among what one reader sees. One goroutine at a time; it lives as long as its view.
type Finder struct {
	view *storage.View
	see  sight.Sight
	walk int
	seen *reach.Visible // nil until an id is asked for
}

// New makes a Finder over a view; r says which refs the reader sees, and must not change.
func New(view *storage.View, r *rules.Rules, o Options) *Finder {
	if o.Walk <= 0 {
		o.Walk = reach.DefaultBudget
	}
	return &Finder{view: view, see: sight.New(r, view.Refs), walk: o.Walk}
}

// Sight is which refs the reader sees.
func (f *Finder) Sight() sight.Sight { return f.see }

// Visible reports whether the reader may name an object of any type by its id: a ref that he sees leads to it, or is it,
// where the rules let nothing else be named. The error wraps reach.ErrBudget where that would be too far to walk; Far
// says what else must be answered alike then.
func (f *Finder) Visible(ctx context.Context, id oid.ID) (bool, error) {
	if f.see.Tip(id) {
		return true, nil
	}
	if f.see.Rules.AdvertisedOnly {
		return false, nil
	}
	if f.seen == nil {
		f.seen = reach.NewVisible(f.view.Objects, f.see.Tips(), reach.Options{Budget: f.walk})
	}
	ok, err := f.seen.Object(ctx, id)
	if err != nil {
		return false, fmt.Errorf("look for %s: %w", id, err)
	}
	return ok, nil
}

// Far is how many commits and trees are walked at most where there may be more than that, else 0. An id that was not found
// must be refused in the same words whether it is hidden, not there, or too far: whether the bound was met would tell that
// something is there. A store that holds fewer objects than may be walked was walked to its end.
func (f *Finder) Far() int {
	if !f.see.Rules.AdvertisedOnly && f.view.Objects.Count() > f.walk {
		return f.walk
	}
	return 0
}

// Peel follows tags from an object, whose visibility is the caller's matter, to a commit, a tree or a blob. The revision
// has neither name nor ref.
func (f *Finder) Peel(ctx context.Context, id oid.ID) (Revision, error) {
	r := Revision{ID: id, When: time.Unix(0, 0).UTC()}
	for range maxTags {
		kind, _, err := f.view.Objects.Header(id)
		if err != nil {
			return r, err
		}
		switch kind {
		case plumbing.TreeObject:
			r.Tree = id
			return r, nil
		case plumbing.BlobObject:
			return r, nil
		}
		_, data, err := f.view.Objects.Read(id, maxObject)
		if err != nil {
			return r, err
		}
		if kind == plumbing.CommitObject {
			c, err := object.ParseCommit(data)
			if err != nil {
				return r, fmt.Errorf("commit %s: %w", id, err)
			}
			r.Commit, r.Tree, r.When = id, c.Tree, time.Unix(c.When, 0).UTC()
			return r, nil
		}
		next, _, err := object.ParseTag(data)
		if err != nil {
			return r, fmt.Errorf("tag %s: %w", id, err)
		}
		if id = next; ctx.Err() != nil {
			return r, ctx.Err()
		}
	}
	return r, fmt.Errorf("more than %d tags in a row: %w", maxTags, object.ErrMalformed)
}
