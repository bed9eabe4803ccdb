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

// reader reads the links of objects.
type reader struct{ set *pack.Set }

func (r reader) read(id oid.ID, want plumbing.ObjectType) ([]byte, error) {
	kind, data, err := r.set.Read(id, maxObject)
	if errors.Is(err, pack.ErrNotFound) {
		return nil, fmt.Errorf("%s %s: %w", want, id, ErrMissing)
	}
	if err != nil {
		return nil, err
	}
	if kind != want {
		return nil, fmt.Errorf("%s is a %s and should be a %s: %w", id, kind, want, object.ErrMalformed)
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
		return kind, fmt.Errorf("%s: %w", id, ErrMissing)
	}
	return kind, err
}

// peel follows tags to what they finally point to; passed are the tags on the way.
func (r reader) peel(id oid.ID) (to oid.ID, kind plumbing.ObjectType, passed []oid.ID, err error) {
	kind, err = r.kind(id)
	for err == nil && kind == plumbing.TagObject {
		if len(passed) > 1000 {
			return id, kind, passed, fmt.Errorf("chain of tags at %s is too long: %w", id, object.ErrMalformed)
		}
		passed = append(passed, id)
		var said plumbing.ObjectType
		if id, said, err = r.tag(id); err != nil {
			break
		}
		if kind, err = r.kind(id); err == nil && kind != said {
			err = fmt.Errorf("tag points to %s as a %s, it is a %s: %w", id, said, kind, object.ErrMalformed)
		}
	}
	return id, kind, passed, err
}
