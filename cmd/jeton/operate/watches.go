package operate

import (
	"context"
	"sort"

	"jeton/auth/access"
	"jeton/auth/audit"
	"jeton/cmd/jeton/control"
	"jeton/vcs/host"
)

// Watching are the arguments of repo.watch, repo.unwatch and repo.watching. User is a user name; Path is not looked at by
// the last.
type Watching struct {
	Path string `json:"path"`
	User string `json:"user"`
}

// watches registers the operations about what people watch, which is what their journal tells of.
func (o operator) watches(r control.Registry) {
	for name, watching := range map[string]bool{"repo.watch": true, "repo.unwatch": false} {
		handle(r, name, func(ctx context.Context, by audit.Actor, n Watching) (Nothing, error) {
			u, one, err := o.watcher(ctx, n)
			if err != nil {
				return Nothing{}, err
			}
			if r, ok := o.s.Access.ByID(one.ID); watching && (!ok || o.s.Access.Level(u, r) < access.Read) {
				return Nothing{}, control.Fail(control.Refused, "%s may not read %s: grant it first, with jeton repo grant", u.Name, one.Path)
			}
			return Nothing{}, o.s.Watch(ctx, by, u, one, watching)
		})
	}
	handle(r, "repo.watching", func(ctx context.Context, _ audit.Actor, n Watching) ([]Repo, error) {
		u, err := o.user(n.User)
		if err != nil {
			return nil, err
		}
		ids, err := o.s.Watched(ctx, u)
		if err != nil {
			return nil, err
		}
		all, err := o.s.Host.List(ctx)
		if err != nil {
			return nil, err
		}
		watched := make(map[string]bool, len(ids))
		for _, id := range ids {
			watched[id] = true
		}
		list := []Repo{}
		for _, one := range all {
			if watched[one.ID] {
				list = append(list, o.shownRepo(one))
			}
		}
		sort.Slice(list, func(i, j int) bool { return list[i].Path < list[j].Path })
		return list, nil
	})
}

// watcher finds who is to watch what.
func (o operator) watcher(ctx context.Context, n Watching) (access.User, host.Repo, error) {
	u, err := o.user(n.User)
	if err != nil {
		return u, host.Repo{}, err
	}
	one, err := o.repo(ctx, n.Path)
	return u, one, err
}
