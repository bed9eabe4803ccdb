package repos

import (
	"context"
	"errors"
	"strings"
	"sync"

	"jeton/vcs/browse"
	"jeton/vcs/host"
	"jeton/vcs/oid"
	"jeton/vcs/sight"
	"jeton/vcs/storage"
	"jeton/web/api/method"
)

// Changeset is a commit as RhodeCode keeps one with its repository.
type Changeset struct {
	Author   string   `json:"author" doc:"Name and e-mail address, as the commit has them."`
	Branch   string   `json:"branch" doc:"The default branch."`
	Date     string   `json:"date" doc:"When it was written: UTC, without a zone; empty where there is no commit."`
	Message  string   `json:"message" doc:"Its first 16 KiB."`
	Parents  []Parent `json:"parents"`
	RawID    string   `json:"raw_id" doc:"Its id; all zeros where there is no commit."`
	Revision *int     `json:"revision" doc:"How many commits its history has before it; -1 where there is no commit, null beyond 20,000."`
	ShortID  string   `json:"short_id" doc:"The first 12 digits of its id."`
}

// Parent is a parent of a commit.
type Parent struct {
	RawID string `json:"raw_id"`
}

// Bounds of what is told of a commit: how many commits are counted, and bytes of its message.
const (
	maxCounted = 20_000
	maxMessage = 16 << 10
)

// maxPages is how many repositories' last commits are kept.
const maxPages = 2000

// book keeps the last commits of repositories, by their ids. What it holds of one is only ever shown to those who see that
// very commit as the tip of its default branch.
type book struct {
	// mu guards of.
	mu sync.Mutex
	of map[string]page
}

type page struct {
	tip    oid.ID
	commit Changeset
}

func (b *book) read(repoID string, tip oid.ID) (Changeset, bool) {
	b.mu.Lock()
	defer b.mu.Unlock()
	p, ok := b.of[repoID]
	return p.commit, ok && p.tip == tip
}

func (b *book) write(repoID string, tip oid.ID, c Changeset) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if len(b.of) >= maxPages {
		clear(b.of)
	}
	b.of[repoID] = page{tip, c}
}

func (b *book) forget(repoID string) {
	b.mu.Lock()
	defer b.mu.Unlock()
	delete(b.of, repoID)
}

// last is the newest commit of the default branch; where it cannot be read here, because the repository lies on another
// node, the same as where there is none.
func (s *server) last(ctx context.Context, repoID string, fresh bool) (Changeset, error) {
	laid, err := s.o.Host.Rules(ctx, repoID)
	if err != nil {
		return Changeset{}, err
	}
	repo, err := s.o.Host.Open(ctx, repoID)
	var elsewhere *host.Refusal
	if errors.As(err, &elsewhere) {
		return noCommit(""), nil
	}
	if err != nil {
		return Changeset{}, err
	}
	view, err := repo.View(ctx)
	if err != nil {
		return Changeset{}, err
	}
	defer view.Close()
	see := sight.New(&laid, view.Refs)
	head := view.Refs.Head
	if !see.Shows(&head) {
		return noCommit(strings.TrimPrefix(see.Unborn(), "refs/heads/")), nil
	}
	if c, kept := s.book.read(repoID, head.ID); kept && !fresh && c.Branch == branchOf(head) {
		return c, nil
	}
	c, err := readLast(ctx, view, head)
	if err == nil {
		s.book.write(repoID, head.ID, c)
	}
	return c, err
}

func branchOf(head storage.Ref) string { return strings.TrimPrefix(head.Target, "refs/heads/") }

func readLast(ctx context.Context, view *storage.View, head storage.Ref) (Changeset, error) {
	c, err := browse.ReadCommit(ctx, view.Objects, head.ID)
	if errors.Is(err, browse.ErrNoCommit) {
		return noCommit(branchOf(head)), nil
	}
	if err != nil {
		return Changeset{}, err
	}
	out := Changeset{Author: c.Author.Name + " <" + c.Author.Email + ">", Branch: branchOf(head), Date: method.Time(c.Author.When),
		Message: cut(c.Message), Parents: []Parent{}, RawID: c.ID.String(), ShortID: c.ID.String()[:shortLen]}
	for _, p := range c.Parents {
		out.Parents = append(out.Parents, Parent{p.String()})
	}
	switch all, err := browse.Order(ctx, view.Objects, []oid.ID{head.ID}, maxCounted); {
	case err == nil:
		before := len(all) - 1
		out.Revision = &before
	case !errors.Is(err, browse.ErrLimit):
		return Changeset{}, err
	}
	return out, nil
}

// shortLen is how many digits RhodeCode shows of an id.
const shortLen = 12

// noCommit is what RhodeCode tells of a repository without commits.
func noCommit(branch string) Changeset {
	none, zero := -1, oid.Zero.String()
	return Changeset{Branch: branch, Parents: []Parent{}, RawID: zero, ShortID: zero[:shortLen], Revision: &none}
}

// cut is the beginning of a message, ending between two characters.
func cut(message string) string {
	if len(message) <= maxMessage {
		return message
	}
	return strings.ToValidUTF8(message[:maxMessage], "")
}
