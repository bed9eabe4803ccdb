package revision

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/go-git/go-git/v5/plumbing"

	"jeton/vcs/oid"
	"jeton/vcs/reach"
)

// Tip is the word for the head of the default branch, as RhodeCode has it.
const Tip = "tip"

// maxName is how long the name of a revision may be, and the path of a file, in bytes (PATH_MAX on most systems, where
// refs are files).
const maxName = 4096

// Find finds a revision by its whole name. ErrNotFound, ErrAmbiguous, ErrBad.
func (f *Finder) Find(ctx context.Context, text string) (Revision, error) {
	if len(text) > maxName {
		return Revision{}, tooLong("name of a revision", text, maxName)
	}
	r, err := f.find(ctx, text)
	if errors.Is(err, errNone) {
		return r, f.none(text, text)
	}
	return r, err
}

// Split finds the revision that "{revision}/{path}" begins with: the full id of a commit, else the longest ref that exists,
// else an id. The path comes back as it was written; Entry finds it. ErrNotFound, ErrAmbiguous, ErrBad.
func (f *Finder) Split(ctx context.Context, text string) (r Revision, path string, err error) {
	if len(text) > 2*maxName {
		return r, "", tooLong("name of a revision with its path", text, 2*maxName)
	}
	first, path, _ := strings.Cut(text, "/")
	if r, err = f.byID(ctx, first); err == nil && r.Fixed {
		return r, path, nil
	}
	for end := len(text); end > 0; end = strings.LastIndexByte(text[:end], '/') {
		if end > maxName {
			continue
		}
		if name, id, ok := f.ref(text[:end]); ok {
			r, err := f.named(ctx, text[:end], name, id)
			return r, strings.TrimPrefix(text[end:], "/"), err
		}
	}
	r, err = f.find(ctx, first)
	if errors.Is(err, errNone) {
		err = f.none(first, text)
	}
	return r, path, err
}

// errNone says that there is nothing of a name; whoever knows what was asked makes a sentence of it.
var errNone = errors.New("no such revision")

var errNoID = fmt.Errorf("not a full id: %w", errNone)

func (f *Finder) find(ctx context.Context, text string) (Revision, error) {
	byID, idErr := f.byID(ctx, text)
	if idErr == nil && byID.Fixed {
		return byID, nil
	}
	if name, id, ok := f.ref(text); ok {
		return f.named(ctx, text, name, id)
	}
	if prefix, ok := oid.ParsePrefix(text); ok && errors.Is(idErr, errNoID) {
		id, err := f.shortened(ctx, prefix)
		if err != nil {
			return Revision{}, err
		}
		return f.named(ctx, text, "", id)
	}
	return byID, idErr
}

// ref finds the ref that a name means, and its full name.
func (f *Finder) ref(text string) (name string, id oid.ID, ok bool) {
	if text == Tip || text == "HEAD" {
		head, ok := f.see.Find("HEAD")
		if name = head.Target; name == "" {
			name = "HEAD"
		}
		return name, head.ID, ok
	}
	names := []string{"refs/heads/" + text, "refs/tags/" + text}
	if strings.HasPrefix(text, "refs/") {
		names = []string{text}
	}
	for _, name := range names {
		if ref, ok := f.see.Find(name); ok {
			return name, ref.ID, true
		}
	}
	return "", oid.Zero, false
}

func (f *Finder) named(ctx context.Context, text, ref string, id oid.ID) (Revision, error) {
	r, err := f.Peel(ctx, id)
	r.Name, r.Ref = text, ref
	return r, err
}

// byID finds the object whose full id a text is; errNoID where it is none, which wraps errNone.
func (f *Finder) byID(ctx context.Context, text string) (Revision, error) {
	id, ok := oid.Parse(text)
	if !ok {
		return Revision{}, errNoID
	}
	ok, err := f.Visible(ctx, id)
	if errors.Is(err, reach.ErrBudget) || err == nil && !ok {
		return Revision{}, errNone
	}
	if err != nil {
		return Revision{}, err
	}
	r, err := f.named(ctx, text, "", id)
	r.Fixed = r.Commit == id
	return r, err
}

// shortened finds the one visible commit or tag that begins so. What is too far to be proven visible is not there: it
// makes nothing ambiguous. A walk that was ended by its bound has met all that a shorter one would have found, so that
// hidden objects change no answer.
func (f *Finder) shortened(ctx context.Context, prefix oid.Prefix) (found oid.ID, err error) {
	looked, several := 0, false
	err = f.view.Objects.EachWithPrefix(prefix, func(id oid.ID) (bool, error) {
		if looked++; id == found || looked > f.walk {
			return looked <= f.walk, ctx.Err()
		}
		kind, _, err := f.view.Objects.Header(id)
		if err != nil || kind != plumbing.CommitObject && kind != plumbing.TagObject {
			return err == nil, err
		}
		ok, err := f.Visible(ctx, id)
		if errors.Is(err, reach.ErrBudget) {
			return true, nil
		}
		if err != nil || !ok {
			return err == nil, err
		}
		several = !found.IsZero()
		found = id
		return !several, nil
	})
	switch {
	case err != nil:
		return oid.Zero, err
	case several:
		return oid.Zero, ambiguous(prefix)
	case found.IsZero():
		return oid.Zero, errNone
	}
	return found, nil
}
