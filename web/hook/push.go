package hook

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"
	"unicode/utf8"

	"jeton/vcs/browse"
	"jeton/vcs/host"
	"jeton/vcs/oid"
	"jeton/vcs/pack"
	"jeton/vcs/reach"
	"jeton/vcs/receive/follow"
	"jeton/vcs/revision"
	"jeton/vcs/rules"
	"jeton/vcs/storage"
)

// Bounds of what is told of one push.
const (
	// maxMoves is how many refs of one push are told.
	maxMoves = 50
	// maxWalked is how many commits are read to find out what a push has brought, or whether a ref still leads to it.
	maxWalked = 10_000
	// maxMessage bounds a commit's message, in bytes; maxNames how many files of one commit are told, maxName the bytes of the
	// name of one, maxNamed those of all names of one push; maxCompare how long it may take to find them.
	maxMessage = 16 << 10
	maxNames   = 300
	maxName    = 4 << 10
	maxNamed   = 256 << 10
	maxCompare = 5 * time.Second
	// maxSaid bounds the messages of one push, in bytes.
	maxSaid = 256 << 10
)

// Follow writes what hooks are sent of a push; it is the Handle of a follower of the journal. The same push may come again.
func (s *Server) Follow(ctx context.Context, p follow.Push) error {
	moves := told(p)
	if len(moves) == 0 {
		return nil
	}
	repo, ok := s.o.Facts.Repo(ctx, p.RepoID)
	if !ok {
		return nil
	}
	hooks, err := s.o.Rows.Told(ctx, repo.ID, repo.Groups)
	if err != nil || len(hooks) == 0 {
		return err
	}
	law, err := s.o.Repositories.Rules(ctx, repo.ID)
	if err != nil {
		return fmt.Errorf("read the rules of repository %s: %w", repo.ID, err)
	}
	t := &teller{s: s, repo: repo, law: &law, room: maxNamed, said: maxSaid,
		sender: s.o.Facts.Person(p.Actor.ID, Person{ID: p.Actor.ID, Name: p.Actor.Name, Email: p.Actor.Email})}
	defer t.close()
	for i, u := range moves {
		if law.Hides(u.Name) {
			continue
		}
		for _, kind := range kindsOf(u) {
			to := wanting(hooks, kind, u.Name, u.New.IsZero())
			if len(to) == 0 {
				continue
			}
			e, err := t.event(ctx, p, kind, u)
			if errors.Is(err, host.ErrNotFound) || errors.Is(err, storage.ErrClosed) {
				return nil // it was deleted a moment ago
			}
			if err != nil {
				return err
			}
			e.ID = fmt.Sprintf("push:%s:%d:%s", p.ID, i, kind)
			if err := s.post(ctx, e, to); err != nil {
				return err
			}
		}
	}
	return nil
}

// told are the moves of a push that hooks may be told of: those of branches and tags, as many as are told.
func told(p follow.Push) (moves []storage.RefUpdate) {
	for _, u := range p.Moves() {
		if u.Symref == "" && (isBranch(u.Name) || isTag(u.Name)) && len(moves) < maxMoves {
			moves = append(moves, u)
		}
	}
	return moves
}

func isBranch(ref string) bool { return strings.HasPrefix(ref, "refs/heads/") }
func isTag(ref string) bool    { return strings.HasPrefix(ref, "refs/tags/") }

// short is the name of a branch or a tag.
func short(ref string) string {
	if name, ok := strings.CutPrefix(ref, "refs/heads/"); ok {
		return name
	}
	return strings.TrimPrefix(ref, "refs/tags/")
}

// kindsOf are the events that one move is.
func kindsOf(u storage.RefUpdate) []Kind {
	told := Push
	if isTag(u.Name) {
		told = Tag
	}
	switch {
	case u.New.IsZero():
		return []Kind{told, Delete}
	case u.Old.IsZero():
		return []Kind{Create, told}
	}
	return []Kind{told}
}

// wanting are the hooks that are told of a kind of event about a ref. Gitea sends no push for a branch that was removed, and
// Jenkins has nothing to build then.
func wanting(hooks []Hook, kind Kind, ref string, removed bool) (list []Hook) {
	for _, h := range hooks {
		if !h.wants(kind) || isBranch(ref) && !h.follows(ref) {
			continue
		}
		if removed && (h.Form == Jenkins || h.Form == Gitea && kind == Push) {
			continue
		}
		list = append(list, h)
	}
	return list
}

func (h *Hook) wants(kind Kind) bool { return slices.Contains(h.Events, kind) }

// follows tells whether a hook is told of a branch, by its full name.
func (h *Hook) follows(ref string) bool {
	for _, p := range h.Branches {
		if !strings.HasPrefix(p, "refs/") {
			p = "refs/heads/" + p
		}
		if rules.Match(p, ref) {
			return true
		}
	}
	return len(h.Branches) == 0
}

// teller makes the events of one push. It opens the repository when the first asks for it.
type teller struct {
	s      *Server
	repo   Repo
	law    *rules.Rules
	sender Person
	view   *storage.View
	find   *revision.Finder
	// room is how many bytes of names may still be told, said how many of messages.
	room, said int
	// refs are the moves that were looked at already: some are told as more than one kind.
	refs map[string]*Ref
}

func (t *teller) close() {
	if t.view != nil {
		t.view.Close()
	}
}

func (t *teller) open(ctx context.Context) error {
	if t.view != nil {
		return nil
	}
	repo, err := t.s.o.Repositories.Open(ctx, t.repo.ID)
	if err != nil {
		return err
	}
	if t.view, err = repo.View(ctx); err != nil {
		return err
	}
	t.find = revision.New(t.view, t.law, revision.Options{Walk: maxWalked})
	t.refs = map[string]*Ref{}
	if head := t.view.Refs.Head.Target; isBranch(head) && !t.law.Hides(head) {
		t.repo.DefaultBranch = short(head)
	}
	return nil
}

func (t *teller) event(ctx context.Context, p follow.Push, kind Kind, u storage.RefUpdate) (Event, error) {
	if err := t.open(ctx); err != nil {
		return Event{}, err
	}
	ref := t.refs[u.Name]
	if ref == nil {
		var err error
		if ref, err = t.ref(ctx, u); err != nil {
			return Event{}, err
		}
		t.refs[u.Name] = ref
	}
	at := p.EndedAt
	if at.IsZero() {
		at = p.At
	}
	repo := t.repo
	return Event{Kind: kind, At: at.UTC(), Repo: &repo, Sender: t.sender, Ref: ref}, nil
}

// ref is what is told of a move. Of commits to which no ref that is shown leads any more only the ids are.
func (t *teller) ref(ctx context.Context, u storage.RefUpdate) (*Ref, error) {
	r := &Ref{Name: u.Name, Old: u.Old.String(), New: u.New.String()}
	if u.New.IsZero() {
		return r, nil
	}
	visible, err := t.find.Visible(ctx, u.New)
	if errors.Is(err, reach.ErrBudget) || err == nil && !visible {
		return r, nil
	}
	if err != nil {
		return nil, err
	}
	at, err := t.find.Peel(ctx, u.New)
	if err != nil {
		return nil, err
	}
	if at.Commit.IsZero() {
		return r, nil // a tag of a tree or a file
	}
	if isBranch(u.Name) {
		if err := t.brought(ctx, r, u, at.Commit); err != nil {
			return nil, err
		}
	}
	if n := len(r.Commits); n > 0 && r.Commits[n-1].ID == at.Commit.String() {
		r.Head = &r.Commits[n-1]
		return r, nil
	}
	head, err := t.commit(ctx, at.Commit)
	r.Head = &head
	return r, err
}

// brought finds the commits that a push has brought to a branch: those that were not on it, or of a new one those that are not
// on the default branch.
func (t *teller) brought(ctx context.Context, r *Ref, u storage.RefUpdate, tip oid.ID) error {
	known := []oid.ID{u.Old}
	if u.Old.IsZero() {
		known = nil
		if head, ok := t.find.Sight().Find("HEAD"); ok && head.Target != u.Name {
			known = []oid.ID{head.ID}
		}
	}
	ids, follows, err := browse.Brought(ctx, t.view.Objects, known, tip, maxWalked)
	// What was there before may have been removed in part since.
	if errors.Is(err, browse.ErrLimit) || errors.Is(err, pack.ErrNotFound) {
		ids, follows, err = t.newest(ctx, tip), true, nil
	}
	if err != nil {
		return fmt.Errorf("read what a push has brought: %w", err)
	}
	r.Total, r.Forced = len(ids), !u.Old.IsZero() && !follows
	for i := min(len(ids), t.s.o.Commits) - 1; i >= 0; i-- {
		c, err := t.commit(ctx, ids[i])
		if err != nil {
			return err
		}
		r.Commits = append(r.Commits, c)
	}
	return nil
}

// newest are the commits that are told where there are too many to be counted.
func (t *teller) newest(ctx context.Context, tip oid.ID) (ids []oid.ID) {
	list, err := browse.Log(ctx, t.view.Objects, []oid.ID{tip}, browse.LogOptions{Max: t.s.o.Commits, Walk: 2 * t.s.o.Commits, Message: 1})
	if err != nil && !errors.Is(err, browse.ErrLimit) {
		t.s.o.Log.WarnContext(ctx, "the commits of a push could not be read for its hooks", "repository", t.repo.ID, "error", err)
	}
	for _, c := range list {
		ids = append(ids, c.ID)
	}
	return ids
}

func (t *teller) commit(ctx context.Context, id oid.ID) (Commit, error) {
	c, err := browse.ReadCommit(ctx, t.view.Objects, id)
	if err != nil {
		return Commit{}, fmt.Errorf("read a commit for its hooks: %w", err)
	}
	message := clip(strings.TrimRight(c.Message, "\n"), max(0, min(maxMessage, t.said)))
	t.said -= len(message)
	told := Commit{ID: id.String(), Tree: c.Tree.String(), Message: message, At: c.Committer.When,
		Author: Person{Name: clip(c.Author.Name, 300), Email: clip(c.Author.Email, 300)}, Committer: Person{Name: clip(c.Committer.Name, 300), Email: clip(c.Committer.Email, 300)}}
	if t.room <= 0 {
		return told, nil
	}
	return told, t.names(ctx, &told, c)
}

// names adds the files that a commit changed against its first parent, as many as are told.
func (t *teller) names(ctx context.Context, told *Commit, c browse.Commit) error {
	before := oid.Zero
	if len(c.Parents) > 0 {
		parent, err := browse.ReadCommit(ctx, t.view.Objects, c.Parents[0])
		if err != nil {
			return fmt.Errorf("read a commit for its hooks: %w", err)
		}
		before = parent.Tree
	}
	files, _, err := browse.Names(ctx, t.view.Objects, before, c.Tree, browse.DiffOptions{Limits: browse.Limits{Files: maxNames, Time: maxCompare}})
	if errors.Is(err, browse.ErrTooDeep) {
		return nil
	}
	if err != nil {
		return err
	}
	for _, f := range files {
		path := clip(f.Path, maxName)
		if t.room -= len(path); t.room < 0 {
			return nil
		}
		switch f.Op {
		case browse.Added:
			told.Added = append(told.Added, path)
		case browse.Deleted:
			told.Removed = append(told.Removed, path)
		default:
			told.Modified = append(told.Modified, path)
		}
	}
	return nil
}

// clip shortens a text to so many bytes of valid UTF-8.
func clip(s string, most int) string {
	if len(s) > most {
		for most > 0 && !utf8.RuneStart(s[most]) {
			most--
		}
		s = s[:most] + "…"
	}
	return strings.ToValidUTF8(s, "\uFFFD")
}
