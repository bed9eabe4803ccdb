package reach

import (
	"errors"
	"fmt"

	"github.com/go-git/go-git/v5/plumbing"

	"jeton/vcs/object"
	"jeton/vcs/oid"
	"jeton/vcs/pack"
)

// maxObject is the largest commit, tree or tag that a walk reads, in bytes; larger ones are refused when they are pushed.
const maxObject = 64 << 20

// maxTags is how many tags may point to each other in a row.
const maxTags = 1000

// typeError says that an object is not of the type that a link to it claims: what should be there is not.
type typeError struct {
	id oid.ID
	// is may be unknown, when two links claim different things.
	is, want plumbing.ObjectType
}

// Error names the object and what it should be.
func (e *typeError) Error() string {
	if e.is == plumbing.InvalidObject {
		return fmt.Sprintf("%s should be a %s, and is something else elsewhere", e.id, e.want)
	}
	return fmt.Sprintf("%s is a %s and should be a %s", e.id, e.is, e.want)
}

// Is makes it both a missing object and a malformed one.
func (e *typeError) Is(target error) bool {
	return target == ErrMissing || target == object.ErrMalformed
}

// MissingError says which object is missing. It is an ErrMissing.
type MissingError struct {
	ID oid.ID
	// Kind is what it should be; plumbing.InvalidObject where that is not known.
	Kind plumbing.ObjectType
}

// Error names the object.
func (e *MissingError) Error() string {
	if e.Kind == plumbing.InvalidObject {
		return fmt.Sprintf("%s: %s", e.ID, ErrMissing)
	}
	return fmt.Sprintf("%s %s: %s", e.Kind, e.ID, ErrMissing)
}

// Unwrap makes it an ErrMissing.
func (e *MissingError) Unwrap() error { return ErrMissing }

func missing(id oid.ID) error { return &MissingError{ID: id} }

func tooManyTags(id oid.ID) error {
	return fmt.Errorf("more than %d tags in a row at %s: %w", maxTags, id, object.ErrMalformed)
}

// reader reads the links of objects.
type reader struct {
	set   *pack.Set
	purse *purse // nil where nothing is counted
}

// purse is what a walk may still cost.
type purse struct{ size, left int }

// perUnit is for how many bytes of an object one more is taken out of a purse: a history of people's making has small
// trees, and one that is made of large ones costs as much as the many small ones that it could have been.
const perUnit = 64 << 10

func newPurse(budget int) *purse {
	if budget <= 0 {
		return nil
	}
	return &purse{budget, budget}
}

func (p *purse) spend(n int) error {
	if p == nil {
		return nil
	}
	if p.left -= n; p.left < 0 {
		return fmt.Errorf("more than %d commits and trees: %w", p.size, ErrBudget)
	}
	return nil
}

func (r reader) read(id oid.ID, want plumbing.ObjectType) ([]byte, error) {
	kind, data, err := r.set.Read(id, maxObject)
	if err == nil {
		err = r.purse.spend(1 + len(data)/perUnit)
	}
	if errors.Is(err, pack.ErrNotFound) {
		return nil, &MissingError{ID: id, Kind: want}
	}
	if err != nil {
		return nil, err
	}
	if kind != want {
		return nil, &typeError{id: id, is: kind, want: want}
	}
	return data, nil
}

func (r reader) commit(id oid.ID) (object.Commit, error) {
	data, err := r.read(id, plumbing.CommitObject)
	if err != nil {
		return object.Commit{}, err
	}
	c, err := object.ParseCommit(data)
	if err != nil {
		return c, fmt.Errorf("commit %s: %w", id, err)
	}
	if r.set.IsEnd(id) {
		c.Parents = nil
	}
	return c, nil
}

func (r reader) tag(id oid.ID) (oid.ID, plumbing.ObjectType, error) {
	data, err := r.read(id, plumbing.TagObject)
	if err != nil {
		return oid.Zero, plumbing.InvalidObject, err
	}
	to, kind, err := object.ParseTag(data)
	if err != nil {
		return to, kind, fmt.Errorf("tag %s: %w", id, err)
	}
	return to, kind, nil
}

// kind is the type of an object, which must be there.
func (r reader) kind(id oid.ID) (plumbing.ObjectType, error) {
	kind, _, err := r.set.Header(id)
	if errors.Is(err, pack.ErrNotFound) {
		return kind, missing(id)
	}
	return kind, err
}

// peel follows tags to what they finally point to; passed are the tags on the way.
func (r reader) peel(id oid.ID) (to oid.ID, kind plumbing.ObjectType, passed []oid.ID, err error) {
	kind, err = r.kind(id)
	for err == nil && kind == plumbing.TagObject {
		if len(passed) == maxTags {
			return id, kind, passed, tooManyTags(id)
		}
		passed = append(passed, id)
		var said plumbing.ObjectType
		if id, said, err = r.tag(id); err != nil {
			break
		}
		if kind, err = r.kind(id); err == nil && kind != said {
			err = &typeError{id: id, is: kind, want: said}
		}
	}
	return id, kind, passed, err
}
