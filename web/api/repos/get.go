package repos

import (
	"context"
	"slices"
	"strings"

	"jeton/auth/access"
	"jeton/web/api/method"
	"jeton/web/api/person"
)

// getRepo declares get_repo.
func (s *server) getRepo() method.Method {
	type args struct {
		Repo  method.Ref `arg:"repoid" doc:"Name or id of the repository."`
		Cache bool       `arg:"cache,optional" default:"true" doc:"false reads the last commit anew."`
	}
	return method.Of(method.Method{
		Name: "get_repo", Doc: "Tells of one repository. With who may do what with it, who watches it, and the newest commit of its default branch.",
		On: onRepo(access.Read), Example: `{"repoid": "team/app"}`, REST: "GET repos/{repoid}",
		Fails: []string{"repository `team/app` does not exist"},
	}, func(ctx context.Context, c *method.Call, in args) (Detailed, error) {
		shown, err := s.showWhole(ctx, c, c.Repo, !in.Cache)
		if err != nil {
			return Detailed{}, err
		}
		rows := s.rows(c.Repo)
		out := Detailed{Repo: shown, Members: rows, Permissions: rows, Followers: []person.User{}}
		for _, id := range s.o.Access.Watchers(c.Repo) {
			if u, ok := s.o.Users.ByID(id); ok && s.o.Access.Level(u, c.Repo) >= access.Read {
				out.Followers = append(out.Followers, person.Show(c, u))
			}
		}
		return out, nil
	})
}

// getRepos declares get_repos.
func (s *server) getRepos() method.Method {
	type args struct {
		Root     method.Ref `arg:"root,optional" doc:"Name or id of a group of repositories: only what lies in it."`
		Traverse bool       `arg:"traverse,optional" default:"true" doc:"false leaves out what lies in groups below."`
	}
	return method.Of(method.Method{
		Name: "get_repos", Doc: "Lists the repositories that the caller may read, by path. A token that is bound to repositories lists those alone.",
		On: method.On{Kind: method.Open}, Example: `{"root": "team", "traverse": false}`, REST: "GET repos",
		Fails: []string{"repository group `team` does not exist"},
	}, func(ctx context.Context, c *method.Call, in args) ([]Repo, error) {
		// All are looked at, whatever group is asked for: how long it takes must not tell whether there is one.
		var seen []access.Repository
		for _, r := range s.o.Access.List() {
			if c.Sees(r.ID, access.Read) {
				seen = append(seen, r)
			}
		}
		below := ""
		if in.Root != "" {
			g, ok := s.o.Access.FindGroup(string(in.Root))
			below = g.Path + "/"
			inside := func(r access.Repository) bool { return strings.HasPrefix(r.Path, below) }
			if !ok || !slices.ContainsFunc(seen, inside) && !c.SeesGroup(g.ID, access.Read) {
				return nil, method.NoGroup(in.Root)
			}
		}
		list := []Repo{}
		for _, r := range seen {
			rest, inside := strings.CutPrefix(r.Path, below)
			if !inside || !in.Traverse && strings.Contains(rest, "/") {
				continue
			}
			shown, err := s.show(ctx, c, r)
			if isGone(err) {
				continue
			}
			if err != nil {
				return nil, err
			}
			list = append(list, shown)
		}
		return list, nil
	})
}
