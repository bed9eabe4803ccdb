package wire

import (
	"context"
	"path/filepath"
	"slices"
	"time"

	"jeton/auth/access"
	"jeton/auth/token"
	"jeton/db"
)

// openTokens opens the tokens, with what the settings say of how long they live. The people and repositories are open.
func (s *Store) openTokens(ctx context.Context, d *db.DB) error {
	key, err := secret(filepath.Join(s.Dir, "successor.key"))
	if err != nil {
		return err
	}
	policy := token.Policy{LongestLife: s.settings.Duration("token.longest_life"), ForbidNever: !s.settings.On("token.allow_never"),
		Notice: s.settings.Duration("token.shorten_notice"), Unused: time.Duration(min(s.settings.Number("token.unused_days"), 36500)) * 24 * time.Hour}
	s.Tokens, err = token.NewStore(ctx, d, token.Options{Log: s.Log, Policy: policy, Places: places{s.Access, s.Users}, SealKey: key, Tell: s.tokenEvent})
	if err != nil {
		return err
	}
	s.closers = append(s.closers, s.Tokens.Close)
	return nil
}

// places is token.Places over the people and repositories.
type places struct {
	repos *access.Repositories
	users *access.Users
}

// GroupsOf are the groups that a repository lies in.
func (p places) GroupsOf(repoID string) ([]string, bool) {
	r, ok := p.repos.ByID(repoID)
	return r.Groups, ok
}

// GroupsAbove are the groups that a group lies in.
func (p places) GroupsAbove(groupID string) ([]string, bool) {
	g, ok := p.repos.GroupByID(groupID)
	return g.Groups, ok
}

// Manages tells whether somebody administers what a deploy token belongs to.
func (p places) Manages(userID string, d token.Deploy) bool {
	u, ok := p.users.ByID(userID)
	if !ok || !u.Active {
		return false
	}
	if d.GroupID != "" {
		return p.managesAll(u, d.GroupID)
	}
	r, ok := p.repos.ByID(d.RepositoryID)
	return ok && p.repos.Level(u, r) >= access.Admin
}

// managesAll tells whether somebody administers a group and all that lies in it: a deploy token of the group opens all of
// it, also what was kept from the group's administrator by a word further below.
func (p places) managesAll(u access.User, groupID string) bool {
	g, ok := p.repos.GroupByID(groupID)
	if !ok || p.repos.LevelOfGroup(u, g) < access.Admin {
		return false
	}
	groups, repos := p.repos.Below(groupID)
	return !slices.ContainsFunc(groups, func(g access.Group) bool { return p.repos.LevelOfGroup(u, g) < access.Admin }) &&
		!slices.ContainsFunc(repos, func(r access.Repository) bool { return p.repos.Level(u, r) < access.Admin })
}

// unseal forgets every minute the texts of successors whose overlap is over.
func (v *Server) unseal(ctx context.Context) error {
	every := time.NewTicker(time.Minute)
	defer every.Stop()
	for {
		if err := v.store.Tokens.Unseal(ctx); err != nil && ctx.Err() == nil {
			v.store.Log.ErrorContext(ctx, "sealed tokens could not be forgotten", "error", err)
		}
		select {
		case <-every.C:
		case <-ctx.Done():
			return nil
		}
	}
}
