package feed

import (
	"context"
	"fmt"
	"html"
	"net/http"
	"strings"

	"jeton/auth/gate"
	"jeton/vcs/oid"
	"jeton/vcs/receive/follow"
	"jeton/vcs/storage"
	"jeton/web/door"
)

// Journal answers for the feed of the pushes to what somebody watches; the visit says who, its Rest the format.
func (s *Server) Journal(w http.ResponseWriter, r *http.Request, v door.Visit) {
	id := v.Identity
	s.journal(w, r, v, journal{s: s, who: id, name: "journal " + id.UserID, title: "Journal of " + line(id.UserName),
		about: "Pushes to the repositories that " + line(id.UserName) + " watches.", at: "journal",
		list: func(ctx context.Context, limit int) ([]follow.Push, error) {
			watched, err := s.o.Readers.Watched(ctx, id.UserID)
			if err != nil {
				return nil, err
			}
			var ids []string
			for _, one := range watched {
				if _, ok := s.o.Readers.Readable(id, one); ok {
					ids = append(ids, one)
				}
			}
			return s.o.Pushes.Of(ctx, ids, limit)
		}})
}

// PublicJournal answers for the feed of the pushes to public repositories. Whoever asks sees what guests see.
func (s *Server) PublicJournal(w http.ResponseWriter, r *http.Request, v door.Visit) {
	s.journal(w, r, v, journal{s: s, name: "public journal", title: "Public journal", about: "Pushes to public repositories.",
		at: "public_journal", list: s.o.Pushes.Public})
}

// journal is one of the two.
type journal struct {
	s *Server
	// who reads it; the zero value is a guest.
	who             gate.Identity
	name, title, at string
	about           string
	format          format
	list            func(ctx context.Context, limit int) ([]follow.Push, error)
	books           map[string]*book
}

func (s *Server) journal(w http.ResponseWriter, r *http.Request, v door.Visit, j journal) {
	f, ok := formatOf(v.Rest)
	if !ok {
		s.fail(w, r, formatsNamed())
		return
	}
	mark, err := s.o.Pushes.Mark(r.Context())
	if err != nil {
		s.fail(w, r, err)
		return
	}
	j.format = f
	// The credential is a part of it because it may reach less far than the person.
	address := digest(f.name, j.name, j.who.UserID, j.who.Credential)
	s.answer(w, r, v, question{format: f, address: address, key: digest(edition, address, mark), build: j.build})
}

// build makes the feed of this moment.
func (j journal) build(ctx context.Context) (Feed, error) {
	f := Feed{Name: j.name, Title: j.title, About: j.about, Home: j.s.base + "/", Self: j.s.at("_admin", j.at, j.format.name), Updated: past}
	j.books = map[string]*book{}
	defer func() {
		for _, b := range j.books {
			b.close()
		}
	}()
	pushes, err := j.list(ctx, 2*j.s.o.Entries) // some move nothing that this reader sees
	if err != nil {
		return f, fmt.Errorf("read the journal: %w", err)
	}
	for _, p := range pushes {
		if len(f.Entries) == j.s.o.Entries {
			break
		}
		e, ok, err := j.entry(ctx, p)
		if err != nil {
			return f, err
		}
		if ok {
			f.Entries = append(f.Entries, e)
		}
	}
	if len(f.Entries) > 0 {
		f.Updated = newest(f.Entries)
	}
	return f, nil
}

// entry is one push as this reader sees it; false where there is nothing in it for them.
func (j journal) entry(ctx context.Context, p follow.Push) (Entry, bool, error) {
	path, ok := j.s.o.Readers.Readable(j.who, p.RepoID)
	if !ok {
		return Entry{}, false, nil
	}
	b, err := j.book(ctx, p.RepoID, path)
	if err != nil || b == nil {
		return Entry{}, false, err
	}
	moves := b.visible(p)
	if len(moves) == 0 {
		return Entry{}, false, nil
	}
	who := line(j.s.o.Readers.Named(p.Actor.ID, p.Actor.Name))
	e := Entry{Name: j.name + " " + p.ID, Title: line(who + " " + deeds(moves) + " in " + path), Link: j.s.at(path), Author: who,
		Published: p.EndedAt, Updated: p.EndedAt, Kind: "push"}
	if len(moves) == 1 {
		e.Link = j.s.movedAt(path, moves[0].Old, moves[0].New)
	}
	text, marks := b.told(ctx, moves)
	e.Text, e.HTML = text, marks
	return e, true, nil
}

// maxMoves is how many refs of one push are told.
const maxMoves = 20

// deeds says in a few words what was done.
func deeds(moves []storage.RefUpdate) string {
	text := deed(moves[0])
	switch n := len(moves) - 1; {
	case n == 1:
		text += " and moved another ref"
	case n > 1:
		text += fmt.Sprintf(" and moved %d other refs", n)
	}
	return text
}

// deed says what was done to one ref.
func deed(u storage.RefUpdate) string {
	kind, name := kindOf(u.Name)
	switch {
	case u.New.IsZero():
		return "deleted " + kind + name
	case u.Old.IsZero():
		return "made " + kind + name
	}
	return "pushed to " + kind + name
}

// kindOf is what kind of ref a name is of, and its short form.
func kindOf(ref string) (kind, name string) {
	if name, ok := strings.CutPrefix(ref, "refs/heads/"); ok {
		return "branch ", line(name)
	}
	if name, ok := strings.CutPrefix(ref, "refs/tags/"); ok {
		return "tag ", line(name)
	}
	return "", line(ref)
}

// brief is the beginning of an id that tells it from others for people.
func brief(id oid.ID) string { return oid.Abbrev(id, oid.Readable) }

// said collects what an entry says, as text and as HTML.
type said struct{ text, html strings.Builder }

func (s *said) line(text, marks string) {
	s.text.WriteString(text + "\n")
	s.html.WriteString(marks)
}

// item is a line of a list.
func (s *said) item(text string) {
	s.line("  "+text, "<li>"+html.EscapeString(text)+"</li>")
}
