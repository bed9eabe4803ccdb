package feed

import (
	"context"
	"errors"
	"fmt"
	"html"
	"strings"

	"jeton/vcs/browse"
	"jeton/vcs/host"
	"jeton/vcs/oid"
	"jeton/vcs/receive/follow"
	"jeton/vcs/rules"
	"jeton/vcs/sight"
	"jeton/vcs/storage"
)

// book is one repository while a journal is made: its refs of this moment, and the newest commits of its branches.
type book struct {
	s    *Server
	id   string
	path string
	law  rules.Rules
	// view is nil where the repository cannot be opened here: on another machine, or just being deleted.
	view *storage.View
}

// book opens a repository once for a journal; nil where it was deleted a moment ago.
func (j journal) book(ctx context.Context, id, path string) (*book, error) {
	if b, ok := j.books[id]; ok {
		return b, nil
	}
	b := &book{s: j.s, id: id, path: path}
	view, law, err := j.s.open(ctx, id)
	var elsewhere *host.Refusal
	switch {
	case errors.Is(err, host.ErrNotFound), errors.Is(err, storage.ErrClosed):
		b = nil
	case errors.As(err, &elsewhere):
		b.law, err = j.s.o.Repositories.Rules(ctx, id)
		if err != nil {
			return nil, err
		}
	case err != nil:
		return nil, fmt.Errorf("open repository %s: %w", id, err)
	default:
		b.view, b.law = view, law
	}
	j.books[id] = b
	return b, nil
}

func (b *book) close() {
	if b != nil && b.view != nil {
		b.view.Close()
	}
}

// visible is what a push moved of refs that the rules show now.
func (b *book) visible(p follow.Push) (moves []storage.RefUpdate) {
	for _, u := range p.Moves() {
		if u.Symref == "" && !b.law.Hides(u.Name) {
			moves = append(moves, u)
		}
	}
	return moves
}

// told says what a push did, ref by ref, with the commits that it brought.
func (b *book) told(ctx context.Context, moves []storage.RefUpdate) (text, marks string) {
	var s said
	for i, u := range moves {
		if i == maxMoves {
			more := fmt.Sprintf("… and %d more.", len(moves)-i)
			s.line(more, "<p>"+more+"</p>")
			break
		}
		what := deed(u)
		address := b.s.movedAt(b.path, u.Old, u.New)
		span := ""
		switch {
		case u.New.IsZero():
			span = brief(u.Old)
		case u.Old.IsZero():
			span = brief(u.New)
		default:
			span = brief(u.Old) + "..." + brief(u.New)
		}
		s.line(what+" "+span, "<p>"+html.EscapeString(what)+" "+anchor(address, span)+"</p>")
		b.brought(ctx, &s, u)
	}
	return s.text.String(), s.html.String()
}

// maxBrought is how many commits of one ref are told.
const maxBrought = 10

// brought tells the commits that a push brought to a branch, as far as the branch still leads to them and they are among
// its newest: what was pushed away since is shown to nobody.
func (b *book) brought(ctx context.Context, s *said, u storage.RefUpdate) {
	if b.view == nil || !strings.HasPrefix(u.Name, "refs/heads/") {
		return
	}
	ref, ok := sight.New(&b.law, b.view.Refs).Find(u.Name)
	if !ok {
		return
	}
	list := b.recent(ctx, ref).between(u.Old, u.New)
	if len(list) == 0 {
		return
	}
	s.html.WriteString("<ul>")
	for _, h := range list[:min(len(list), maxBrought)] {
		s.item(h.subject)
	}
	if len(list) > maxBrought {
		s.item(fmt.Sprintf("… and %d more", len(list)-maxBrought))
	}
	s.html.WriteString("</ul>")
}

// recently is how many commits of a branch a journal knows.
const recently = 200

// heading is a commit as a journal tells it.
type heading struct {
	id      oid.ID
	parents []oid.ID
	subject string
}

// headings are the newest commits of a branch.
type headings []heading

// between is the commits that lead to one and not to another, the newest first. Children stand before their parents.
func (h headings) between(from, to oid.ID) (list headings) {
	wanted, known := map[oid.ID]bool{to: true}, map[oid.ID]bool{from: true}
	for _, one := range h {
		mark := wanted
		if known[one.id] {
			mark = known
		} else if wanted[one.id] {
			list = append(list, one)
		} else {
			continue
		}
		for _, p := range one.parents {
			mark[p] = true
		}
	}
	return list
}

func (h headings) cost() int64 {
	n := int64(64)
	for _, one := range h {
		n += int64(len(one.subject)+64*(1+len(one.parents))) + 64
	}
	return n
}

// recent is the newest commits behind a ref. They follow from its commit, so they are kept under it; an error is logged
// and leaves the journal without them.
func (b *book) recent(ctx context.Context, ref storage.Ref) headings {
	got, err := b.s.kept.get(ctx, digest("recent", b.id, ref.ID), func() (costly, error) {
		tip := ref.ID
		if !ref.Peeled.IsZero() {
			tip = ref.Peeled
		}
		list, err := browse.Log(ctx, b.view.Objects, []oid.ID{tip}, browse.LogOptions{Max: recently, Walk: recently + 100, Message: maxTitle})
		if errors.Is(err, browse.ErrNoCommit) {
			return headings{}, nil
		}
		if err != nil && !errors.Is(err, browse.ErrLimit) {
			return nil, err
		}
		h := make(headings, len(list))
		for i, c := range list {
			h[i] = heading{c.ID, c.Parents, line(c.Subject)}
		}
		return h, nil
	})
	if err != nil {
		b.s.o.Log.WarnContext(ctx, "the commits of a push could not be read for a journal", "repository", b.id, "error", err)
		return nil
	}
	return got.(headings)
}
