package gate

import (
	"context"
	"time"

	"jeton/auth/access"
	"jeton/auth/token"
)

// About is what a token may know of itself.
type About struct {
	Identity
	Token token.Token
	// Repositories and Groups are the paths of what it is bound to and its owner may read now; nil where there is nothing.
	Repositories, Groups []string
}

// About answers a token of any kind that asks about itself; nothing else opens this door. It is not asked whether the
// token's plug-in or views are switched on. Its error is as Admit's.
func (g *Gate) About(ctx context.Context, c Credential) (About, error) {
	began := time.Now()
	if err := g.fresh(ctx); err != nil {
		return About{}, err
	}
	way, _ := doorways(Self)
	q := question{door: Self, way: way}
	s, err := g.recognise(ctx, c, q)
	if err == nil && s.token == nil {
		err = noCredential()
	}
	if err != nil {
		g.refuse(ctx, began, s, c, q, err)
		return About{}, err
	}
	g.used(s, c, Self)
	return g.about(s), nil
}

func (g *Gate) about(s subject) About {
	a := About{Identity: s.identity(), Token: *s.token}
	a.Token.Repositories, a.Token.Groups = nil, nil
	repos := s.token.Repositories
	if id := s.token.Deploy.RepositoryID; id != "" {
		repos = []string{id}
	}
	for _, id := range repos {
		if r, ok := g.o.Repositories.ByID(id); ok && g.level(s, r) >= access.Read {
			a.Repositories = append(a.Repositories, r.Path)
		}
	}
	groups := s.token.Groups
	if id := s.token.Deploy.GroupID; id != "" {
		groups = []string{id}
	}
	for _, id := range groups {
		if above, ok := g.o.Repositories.GroupByID(id); ok && (s.deployToken() || g.o.Repositories.LevelOfGroup(s.user, above) >= access.Read) {
			a.Groups = append(a.Groups, above.Path)
		}
	}
	return a
}
