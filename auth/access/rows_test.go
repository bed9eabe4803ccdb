package access

import (
	"slices"
	"strings"
	"testing"

	"jeton/db"
)

// rows is all that the database says, as lists: an oracle for what memory answers, slow and plain.
type rows struct {
	users      []db.User
	userGroups []db.UserGroup
	members    []db.UserGroupMember
	groups     []db.Group
	repos      []db.Repository
	old        []db.OldName
	given      []db.Permission
}

func readRows(t *testing.T, d *db.DB) (r rows) {
	t.Helper()
	var errs [7]error
	ctx := t.Context()
	r.users, errs[0] = d.Users().List(ctx)
	r.userGroups, errs[1] = d.UserGroups().List(ctx)
	r.members, errs[2] = d.UserGroups().Members(ctx)
	r.groups, errs[3] = d.Groups().List(ctx)
	r.repos, errs[4] = d.Repositories().List(ctx)
	r.old, errs[5] = d.OldNames().List(ctx)
	r.given, errs[6] = d.Permissions().List(ctx)
	for _, err := range errs {
		ok(t, err)
	}
	return r
}

// one is the element of a list that a condition names, or a zero.
func one[T any](list []T, is func(T) bool) (found T) {
	if i := slices.IndexFunc(list, is); i >= 0 {
		return list[i]
	}
	return found
}

func (r rows) group(id string) db.Group {
	return one(r.groups, func(g db.Group) bool { return g.ID == id })
}

// above are a group and what it lies in, innermost first, without the root.
func (r rows) above(groupID string) []string {
	var all []string
	for groupID != db.RootGroup && groupID != "" {
		all = append(all, groupID)
		groupID = r.group(groupID).ParentID
	}
	return all
}

func (r rows) path(groupID, name string) string {
	for _, id := range r.above(groupID) {
		name = r.group(id).Name + "/" + name
	}
	return name
}

// find is the repository at a path, or the one that old names lead to.
func (r rows) find(path string) db.Repository {
	lives := one(r.repos, func(repo db.Repository) bool { return r.path(repo.GroupID, repo.Name) == path })
	if lives.ID != "" {
		return lives
	}
	id, _ := r.lead(db.RootGroup, strings.Split(path, "/"))
	return one(r.repos, func(repo db.Repository) bool { return repo.ID == id })
}

func (r rows) lead(groupID string, rest []string) (repoID string, found bool) {
	if len(rest) == 1 {
		if lives := one(r.repos, func(repo db.Repository) bool { return repo.GroupID == groupID && repo.Name == rest[0] }); lives.ID != "" {
			return lives.ID, true
		}
		o := one(r.old, func(o db.OldName) bool { return o.GroupID == nil && o.ParentID == groupID && o.FoldedName == rest[0] })
		return value(o.RepositoryID), o.ID != ""
	}
	lives := one(r.groups, func(g db.Group) bool { return g.ID != db.RootGroup && g.ParentID == groupID && g.Name == rest[0] })
	if lives.ID != "" {
		if id, found := r.lead(lives.ID, rest[1:]); found {
			return id, true
		}
	}
	o := one(r.old, func(o db.OldName) bool { return o.GroupID != nil && o.ParentID == groupID && o.FoldedName == rest[0] })
	if o.ID == "" {
		return "", false
	}
	return r.lead(*o.GroupID, rest[1:])
}

func (r rows) findGroup(path string) string {
	return one(r.groups, func(g db.Group) bool { return g.ID != db.RootGroup && r.path(g.ParentID, g.Name) == path }).ID
}

// best goes through everyone who speaks for a person, and through what was said outwards.
func (r rows) best(userID string, on []string) (best Level) {
	voices := []string{userID, ""}
	for _, m := range r.members {
		if m.UserID == userID {
			voices = append(voices, m.UserGroupID)
		}
	}
	for _, who := range voices {
		for _, id := range on {
			p := one(r.given, func(p db.Permission) bool { return p.ID == id+":"+who })
			if p.ID != "" {
				level, _ := ParseLevel(p.Level)
				best = max(best, level)
				break
			}
		}
	}
	return best
}

func (r rows) admin(userID string) bool {
	return one(r.users, func(u db.User) bool { return u.ID == userID }).Admin
}

func (r rows) ownsOne(userID string, groups []string) bool {
	return slices.ContainsFunc(groups, func(id string) bool { return value(r.group(id).OwnerID) == userID })
}

func (r rows) level(userID string, repo db.Repository) Level {
	best := None
	if userID != "" {
		above := r.above(repo.GroupID)
		if r.admin(userID) || repo.OwnerID == userID || r.ownsOne(userID, above) {
			return Admin
		}
		best = r.best(userID, append([]string{repo.ID}, above...))
	}
	if !repo.Private {
		best = max(best, Read)
	}
	return best
}

func (r rows) levelOfGroup(userID, groupID string) Level {
	if userID == "" || groupID == "" {
		return None
	}
	on := r.above(groupID)
	if r.admin(userID) || r.ownsOne(userID, on) {
		return Admin
	}
	return r.best(userID, on)
}

func (r rows) levelOfUserGroup(userID, groupID string) Level {
	g := one(r.userGroups, func(g db.UserGroup) bool { return g.ID == groupID })
	if r.admin(userID) || value(g.OwnerID) == userID {
		return Admin
	}
	best := r.best(userID, []string{groupID})
	if one(r.members, func(m db.UserGroupMember) bool { return m.UserGroupID == groupID && m.UserID == userID }).ID != "" {
		best = max(best, Read)
	}
	return best
}

func (r rows) tokensOnly(userID string) bool {
	if one(r.users, func(u db.User) bool { return u.ID == userID }).GitTokensOnly {
		return true
	}
	return slices.ContainsFunc(r.members, func(m db.UserGroupMember) bool {
		return m.UserID == userID && one(r.userGroups, func(g db.UserGroup) bool { return g.ID == m.UserGroupID }).GitTokensOnly
	})
}
