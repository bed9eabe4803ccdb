package feed

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"time"

	"jeton/vcs/browse"
	"jeton/vcs/oid"
	"jeton/vcs/rules"
	"jeton/vcs/sight"
	"jeton/vcs/storage"
	"jeton/web/door"
)

// Repository answers for the feed of a repository that the visit was admitted to; its Rest is the format.
func (s *Server) Repository(w http.ResponseWriter, r *http.Request, v door.Visit) {
	f, ok := formatOf(v.Rest)
	if !ok {
		s.fail(w, r, formatsNamed())
		return
	}
	sel, err := read(r.URL.Query())
	if err != nil {
		s.fail(w, r, err)
		return
	}
	view, rules, err := s.open(r.Context(), v.RepoID)
	if err != nil {
		s.fail(w, r, err)
		return
	}
	defer view.Close()
	b := builder{s: s, visit: v, view: view, see: sight.New(&rules, view.Refs), repoID: v.RepoID, path: v.Path, sel: sel, format: f}
	q, err := b.question(r.Context())
	if err != nil {
		s.fail(w, r, err)
		return
	}
	s.answer(w, r, v, q)
}

func (s *Server) open(ctx context.Context, repoID string) (*storage.View, rules.Rules, error) {
	law, err := s.o.Repositories.Rules(ctx, repoID)
	if err != nil {
		return nil, law, err
	}
	repo, err := s.o.Repositories.Open(ctx, repoID)
	if err != nil {
		return nil, law, err
	}
	view, err := repo.View(ctx)
	return view, law, err
}

// builder makes the feed of one repository out of a view of it, for one request.
type builder struct {
	s      *Server
	visit  door.Visit
	view   *storage.View
	see    sight.Sight
	repoID string
	// path is the repository's.
	path   string
	sel    selection
	format format
}

// question finds what is asked for. What a reader may not see is not there.
func (b *builder) question(ctx context.Context) (question, error) {
	q := question{format: b.format, fixed: true, address: digest(b.format.name, b.repoID, b.sel.query())}
	if b.sel.tags {
		q.key, q.build = b.key(b.tagged()...), b.tagFeed
		return q, nil
	}
	branch, tip, err := b.branch(ctx)
	if err != nil {
		return q, err
	}
	q.key = b.key(branch, tip)
	q.build = func(ctx context.Context) (Feed, error) { return b.commitFeed(ctx, branch, tip) }
	return q, nil
}

// key is all that a feed of a repository depends on.
func (b *builder) key(content ...any) string {
	o := b.s.o
	return digest(append([]any{edition, b.s.base, o.Entries, o.Walk, o.Diff, o.TTL, b.format.name, b.repoID, b.path, b.sel.query()}, content...)...)
}

// branch is the branch that is asked for, and its commit: zero where the default branch has none yet.
func (b *builder) branch(ctx context.Context) (name string, tip oid.ID, err error) {
	full := "HEAD"
	if b.sel.branch != "" {
		full = "refs/heads/" + b.sel.branch
	}
	ref, ok := b.see.Find(full)
	if ok {
		name = strings.TrimPrefix(ref.Name, "refs/heads/")
		if ref.Target != "" {
			name = strings.TrimPrefix(ref.Target, "refs/heads/")
		}
		return name, ref.ID, nil
	}
	if b.sel.branch == "" { // empty, or the default branch is hidden: the two alike
		return "", oid.Zero, nil
	}
	return "", oid.Zero, b.noBranch(ctx, full)
}

// noBranch says that a branch is gone, where the journal still knows of its end, or else that there is none. Of a hidden
// one nobody is to know that it was there.
func (b *builder) noBranch(ctx context.Context, full string) error {
	if b.see.Rules.Hides(full) {
		return missing(noBranch)
	}
	ctx, cancel := context.WithTimeout(ctx, b.s.o.Patience)
	defer cancel()
	leave, err := b.s.places.enter(ctx, b.visit) // names can be made up, and pushes take memory
	if err != nil {
		return err
	}
	defer leave()
	pushes, err := b.s.o.Pushes.Of(ctx, []string{b.repoID}, endings)
	if err != nil {
		return err
	}
	for _, p := range pushes {
		for _, u := range p.Moves() {
			if u.Name == full && u.New.IsZero() && u.Symref == "" {
				return &refused{http.StatusGone, "This branch was deleted. Take the feed out of your reader, or follow another branch."}
			}
		}
	}
	return missing(noBranch)
}

// endings is how many pushes are looked through for the end of a branch.
const endings = 200

// commitFeed is the feed of what a commit leads to.
func (b *builder) commitFeed(ctx context.Context, branch string, tip oid.ID) (Feed, error) {
	f := b.head("Commits", branch)
	if tip.IsZero() {
		return f, nil
	}
	list, err := browse.Log(ctx, b.view.Objects, []oid.ID{tip}, browse.LogOptions{Path: b.sel.path, Max: b.s.o.Entries, Walk: b.s.o.Walk, Message: maxMessage})
	if err != nil && !errors.Is(err, browse.ErrLimit) { // what was found within the bound is shown
		return f, fmt.Errorf("read the log: %w", err)
	}
	if len(list) == 0 && b.sel.path != "" && err == nil {
		return f, missing(noPath)
	}
	for _, c := range list {
		e := b.entry(c)
		if b.sel.diff {
			if err := b.addDiff(ctx, &e, c); err != nil {
				return f, err
			}
		}
		f.Entries = append(f.Entries, e)
	}
	f.Updated = newest(f.Entries)
	return f, nil
}

// maxMessage is how much of a commit's message an entry shows, in bytes.
const maxMessage = 16 << 10

// head is a feed without entries.
func (b *builder) head(what, branch string) Feed {
	f := Feed{Name: "repository " + b.repoID + b.sel.query(), Home: b.s.at(b.path), Self: b.s.at(b.path, "feed", b.format.name) + b.sel.query(), Updated: past}
	f.Title, f.About = Clean(b.path), what+" of "+Clean(b.path)
	if branch != "" {
		f.About += " on " + line(branch)
	}
	if b.sel.branch != "" {
		f.Title += " (" + line(branch) + ")"
	}
	if b.sel.path != "" {
		f.Title, f.About = f.Title+": "+line(b.sel.path), f.About+" that changed "+line(b.sel.path)
	}
	if b.sel.tags {
		f.Title += ": tags"
	}
	f.About += "."
	return f
}

// entry is a commit. Its name tells the selection too: a reader that follows two branches gets a commit in both feeds, and
// some keep only the first of two entries with one id.
func (b *builder) entry(c browse.Commit) Entry {
	kind := "commit"
	if len(c.Parents) > 1 {
		kind = "merge"
	}
	message := strings.TrimSpace(Clean(c.Message))
	return Entry{Name: "commit " + b.repoID + " " + c.ID.String() + b.sel.query(), Title: line(c.Subject), Link: b.s.commitAt(b.path, c.ID), Author: author(c.Author),
		Published: c.Author.When, Updated: c.Committer.When, HTML: pre(message), Text: message, Kind: kind}
}

// author is somebody's name; their mail address is not spread by feeds.
func author(p browse.Person) string {
	if name := strings.Join(strings.Fields(Clean(p.Name)), " "); name != "" {
		return name
	}
	return "unknown"
}

// newest is when the newest of some entries changed; there is at least one.
func newest(entries []Entry) time.Time {
	return slices.MaxFunc(entries, func(a, b Entry) int { return a.Updated.Compare(b.Updated) }).Updated
}
