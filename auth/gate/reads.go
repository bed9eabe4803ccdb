package gate

import (
	"context"
	"errors"

	"jeton/auth/access"
	"jeton/auth/token"
)

// Reads tells whether whoever was let in by a token, or as a guest (the zero Identity), may read a repository at this
// moment: the token is still live and reaches there, and its owner may. Journals, which tell of many repositories, are
// filtered by it; nobody else is told anything of what it refuses. It is no way in: Admit was asked before.
func (g *Gate) Reads(id Identity, repoID string) (Repo, bool) {
	r, ok := g.o.Repositories.ByID(repoID)
	if !ok {
		return Repo{}, false
	}
	s, ok := g.again(id)
	if !ok || g.level(s, r) < access.Read {
		return Repo{}, false
	}
	return repo(r), true
}

// again is who was let in by a token, or as a guest (the zero Identity), as things are now; false where the token opens
// nothing any more.
func (g *Gate) again(id Identity) (subject, bool) {
	if id == (Identity{}) {
		return subject{}, true
	}
	t, ok := g.o.Tokens.ByID(id.Proven.TokenID)
	if !ok || t.State(g.o.Now()) != token.Live {
		return subject{}, false
	}
	s, err := g.ownerOf(t)
	return s, err == nil && (s.user.Active || s.deployToken())
}

// gone answers for a feed whose repository was deleted and can still come back: those who could read it are told, so that
// their readers ask no more (410). Everybody else hears what they would hear of any path at which nothing is. err is the
// refusal so far, and stays what it is for them.
func (g *Gate) gone(ctx context.Context, s subject, res Resource, err error) error {
	var no *Refused
	if g.o.Deleted == nil || res.Path == "" || !errors.As(err, &no) || no.Code != NotFound && no.Code != NoCredential {
		return err
	}
	deleted, failed := g.o.Deleted(ctx, res.Path)
	if failed != nil {
		return failed
	}
	for _, r := range deleted {
		if g.level(s, r) >= access.Read {
			return &Refused{Code: Gone, Reason: "the repository was deleted",
				Sentence: "This repository was deleted. Take its feed out of your reader."}
		}
	}
	return err
}
