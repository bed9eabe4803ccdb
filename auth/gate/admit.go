package gate

import (
	"context"

	"jeton/auth/audit"
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
		known = Resource{RepoID: grant.Repo.ID, View: res.View} // a rename in between changes nothing
	}
	grant.Again = func(ctx context.Context) error {
		_, _, err := g.ask(ctx, Credential{Proven: s.proven, Remote: c.Remote}, d, known, a)
		return err
	}
	return grant, nil
}

// ask goes through all checks in their order, and has a refusal recorded.
func (g *Gate) ask(ctx context.Context, c Credential, d Door, res Resource, a Access) (subject, *Grant, error) {
	way, ok := doorways(d)
	q := question{door: d, way: way, res: res, access: a}
	if !ok || a != Read && a != Write {
		return subject{}, nil, badRequest("no such door or access")
	}
	if err := g.fresh(ctx); err != nil {
		return subject{}, nil, err
	}
	s, err := g.recognise(ctx, c, q)
	if err != nil {
		g.record(s, c, q, err)
		return s, nil, err
	}
	grant, err := g.decide(s, q)
	if err != nil {
		g.record(s, c, q, err)
		return s, nil, err
	}
	return s, grant, nil
}

// Identify proves a credential without asking for a resource, as the sign-in of an SSH connection does. A guest is
// refused. Its error is as Admit's.
func (g *Gate) Identify(ctx context.Context, c Credential, d Door) (Identity, error) {
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
		g.record(s, c, q, err)
		return Identity{}, err
	}
	g.used(s, c, d)
	return s.identity(), nil
}

// Readable lists what an identity may read now, sorted by path, at most limit. Its error is as Admit's.
func (g *Gate) Readable(ctx context.Context, id Identity, limit int) ([]Repo, error) {
	if err := g.fresh(ctx); err != nil {
		return nil, err
	}
	way, _ := doorways(Git)
	s, err := g.recognise(ctx, Credential{Proven: id.Proven}, question{door: Git, way: way})
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
	for _, r := range g.o.Repositories.Readable(s.user) {
		if len(list) >= limit {
			break
		}
		if s.token == nil || s.token.Touches(r.ID, nil) {
			list = append(list, repo(r))
		}
	}
	return list, nil
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

// record writes a refusal into the audit record. That nobody has asked with a credential yet is how every clone begins,
// and no entry.
func (g *Gate) record(s subject, c Credential, q question, err error) {
	r := AsRefused(err)
	if r == nil || g.o.Audit == nil || r.Code == NoCredential {
		return
	}
	action := "sign-in"
	if q.access != "" {
		action = "repository." + string(q.access)
	}
	what := q.res.Path
	if r, ok := g.o.Repositories.ByID(q.res.RepoID); ok {
		what = r.Path
	}
	g.o.Audit.Refusal(audit.Event{
		Actor: audit.Actor{UserID: s.user.ID, Name: s.name(), Credential: s.credential(), Door: string(q.door),
			Remote: c.Remote},
		Action: action, Resource: what, Outcome: string(r.Code), Detail: r.Reason,
	})
}
