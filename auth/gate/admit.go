package gate

import (
	"context"
	"time"

	"jeton/auth/access"
)

// Admit decides whether whoever holds a credential may do what is asked at a door. Its error is a *Refused, or a failure
// of the server. It answers from what is true at this moment; the Grant's Again answers the same question later.
func (g *Gate) Admit(ctx context.Context, c Credential, d Door, res Resource, a Access) (*Grant, error) {
	s, grant, err := g.ask(ctx, c, d, res, a)
	if err != nil {
		return nil, err
	}
	g.used(s, c, d)
	known := res
	if grant.Repo.ID != "" {
		known = Resource{RepoID: grant.Repo.ID, View: res.View, Right: res.Right, Object: res.Object} // a rename in between changes nothing
	}
	known.Object.Name = grant.Found.name(known.Object.Name)
	grant.Again = func(ctx context.Context) error {
		_, _, err := g.ask(ctx, Credential{Proven: s.proven, Remote: c.Remote}, d, known, a)
		return err
	}
	return grant, nil
}

// ask goes through all checks in their order, and has a refusal recorded.
func (g *Gate) ask(ctx context.Context, c Credential, d Door, res Resource, a Access) (subject, *Grant, error) {
	began := time.Now()
	way, ok := doorways(d)
	q := question{door: d, way: way, res: res, access: a}
	if !ok || d == Self || a != Read && a != Write { // what Self answers is About
		return subject{}, nil, badRequest("no such door or access")
	}
	if err := g.fresh(ctx); err != nil {
		return subject{}, nil, err
	}
	s, err := g.recognise(ctx, c, q)
	var grant *Grant
	if err == nil {
		if grant, err = g.decide(s, q); err != nil && d == Feed {
			err = g.gone(ctx, s, res, err)
		}
	}
	if err != nil {
		g.refuse(ctx, began, s, c, q, err)
		return s, nil, err
	}
	return s, grant, nil
}

// Identify proves a credential without asking for a resource, as the sign-in of an SSH connection does. A guest is
// refused. Its error is as Admit's.
func (g *Gate) Identify(ctx context.Context, c Credential, d Door) (Identity, error) {
	began := time.Now()
	way, ok := doorways(d)
	if !ok {
		return Identity{}, badRequest("no such door")
	}
	if err := g.fresh(ctx); err != nil {
		return Identity{}, err
	}
	q := question{door: d, way: way}
	s, err := g.recognise(ctx, c, q)
	if err == nil && s.guest() {
		err = noCredential()
	}
	if err != nil {
		g.refuse(ctx, began, s, c, q, err)
		return Identity{}, err
	}
	g.used(s, c, d)
	return s.identity(), nil
}

// Readable lists what whoever holds a credential may read with git now, sorted by path, at most limit. Its error is as
// Admit's.
func (g *Gate) Readable(ctx context.Context, c Credential, limit int) ([]Repo, error) {
	if err := g.fresh(ctx); err != nil {
		return nil, err
	}
	way, _ := doorways(Git)
	s, err := g.recognise(ctx, c, question{door: Git, way: way})
	if err != nil {
		return nil, err
	}
	list := []Repo{}
	if s.deploy != nil {
		if r, ok := g.o.Repositories.ByID(s.deploy.RepoID); ok && limit > 0 {
			list = append(list, repo(r))
		}
		return list, nil
	}
	for _, r := range g.candidates(s) {
		if len(list) >= limit {
			break
		}
		if g.level(s, r) >= access.Read {
			list = append(list, repo(r))
		}
	}
	return list, nil
}

// candidates are the repositories among which those lie that a subject may read: for a deploy token of a group these are
// all, since nobody's permissions say which.
func (g *Gate) candidates(s subject) []access.Repository {
	if s.deployToken() {
		return g.o.Repositories.Readable(access.User{ID: s.token.ID, Admin: true})
	}
	return g.o.Repositories.Readable(s.user)
}

// used notes the use of a token.
func (g *Gate) used(s subject, c Credential, d Door) {
	if s.token == nil {
		return
	}
	from := ""
	if c.Remote.IsValid() {
		from = c.Remote.String()
	}
	g.o.Tokens.Used(s.token.ID, string(d), from)
}
