package access

import (
	"context"
	"flag"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"

	"jeton/db"
	"jeton/db/dbtest"
)

var (
	changesFlag = flag.Int("access.changes", 400, "how many random changes TestNoChangeLetsMemoryDiffer makes on SQLite; a quarter of them on PostgreSQL")
	seedFlag    = flag.Uint64("access.seed", 1, "the seed of TestNoChangeLetsMemoryDiffer")
)

// TestNoChangeLetsMemoryDiffer makes random changes of every kind, and after each compares every answer from memory with
// one that is computed from the database's rows, by the rules as docs/permissions.md has them and not by this package.
func TestNoChangeLetsMemoryDiffer(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, open func() *db.DB) {
		n := *changesFlag
		if strings.HasSuffix(t.Name(), "postgres") {
			n /= 4
		}
		d := open()
		x := &chaos{rng: rand.New(rand.NewPCG(*seedFlag, 2)), ctx: t.Context(), db: d}
		all := must(Open(t.Context(), d, UserOptions{Hasher: plain{}}))
		defer all.Close()
		x.users, x.repos, x.groups = all.Users, all.Repositories, all.UserGroups
		done := map[string]int{}
		kinds := x.changes()
		for step := range n {
			kind := kinds[x.rng.IntN(len(kinds))]
			err := kind.do()
			if err == nil { // a refused change is a case too: nothing may have moved
				done[kind.name]++
			}
			if differs := x.differs(t); differs != "" {
				t.Fatalf("step %d, %s (%v): %s\nagain: go test ./auth/access -run NoChangeLets -access.changes %d -access.seed %d", step, kind.name, err,
					differs, *changesFlag, *seedFlag)
			}
		}
		if n >= 600 && len(done) < len(kinds) {
			t.Errorf("of %d kinds of change only these ever worked: %v", len(kinds), done)
		}
	})
}

func must[T any](v T, err error) T {
	if err != nil {
		panic(err)
	}
	return v
}

// chaos makes changes at random.
type chaos struct {
	rng    *rand.Rand
	ctx    context.Context
	db     *db.DB
	users  *Users
	repos  *Repositories
	groups *UserGroups
}

type kindOfChange struct {
	name string
	do   func() error
}

// pick is the id of one of a list, or of nothing.
func pick[T any](x *chaos, list []T, id func(T) string) string {
	if len(list) == 0 {
		return "nothing"
	}
	return id(list[x.rng.IntN(len(list))])
}

func (x *chaos) user() string { return pick(x, x.users.List(), func(u User) string { return u.ID }) }

func (x *chaos) userGroup() string {
	return pick(x, x.groups.List(), func(g UserGroup) string { return g.ID })
}

func (x *chaos) group() string {
	return pick(x, x.repos.Groups(), func(g Group) string { return g.ID })
}

func (x *chaos) repo() string {
	return pick(x, x.repos.Readable(User{ID: "x", Admin: true}), func(r Repository) string { return r.ID })
}

func (x *chaos) trashed() string {
	return pick(x, must(x.db.Repositories().Deleted(x.ctx)), func(r db.Repository) string { return r.ID })
}

// path has one to three segments of three names.
func (x *chaos) path() string {
	segments := []string{"a", "b", "c"}
	path := segments[x.rng.IntN(3)]
	for x.rng.IntN(3) > 0 && len(path) < 5 {
		path += "/" + segments[x.rng.IntN(3)]
	}
	return path
}

func (x *chaos) object() Object {
	switch x.rng.IntN(5) {
	case 0:
		return Object{UserGroupID: x.userGroup()}
	case 1, 2:
		return Object{GroupID: x.group()}
	}
	return Object{RepositoryID: x.repo()}
}

func (x *chaos) subject() Subject {
	switch x.rng.IntN(4) {
	case 0:
		return Subject{Everyone: true}
	case 1:
		return Subject{UserGroupID: x.userGroup()}
	}
	return Subject{UserID: x.user()}
}

func (x *chaos) changes() []kindOfChange {
	s, u, g := x.repos, x.users, x.groups
	return []kindOfChange{
		{"user.create", func() error {
			_, err := u.Create(x.ctx, root, NewUser{Name: fmt.Sprint("u", x.rng.IntN(6)), Admin: x.rng.IntN(9) == 0})
			return err
		}},
		{"user.create like a group", func() error { _, err := u.Create(x.ctx, root, NewUser{Name: "a"}); return err }},
		{"user.delete", func() error { return u.Delete(x.ctx, root, x.user()) }},
		{"user.promote", func() error { return u.Promote(x.ctx, root, x.user()) }},
		{"user.demote", func() error { return u.Demote(x.ctx, root, x.user()) }},
		{"user.require-tokens", func() error { return u.RequireTokens(x.ctx, root, x.user()) }},
		{"user.allow-password", func() error { return u.AllowPassword(x.ctx, root, x.user()) }},
		{"usergroup.create", func() error {
			_, err := g.Create(x.ctx, root, NewUserGroup{Name: fmt.Sprint("g", x.rng.IntN(4)), OwnerID: x.user()})
			return err
		}},
		{"usergroup.delete", func() error { return g.Delete(x.ctx, root, x.userGroup()) }},
		{"usergroup.rename", func() error { return g.Rename(x.ctx, root, x.userGroup(), fmt.Sprint("g", x.rng.IntN(4))) }},
		{"usergroup.owner", func() error { return g.SetOwner(x.ctx, root, x.userGroup(), x.user()) }},
		{"usergroup.add", func() error { return g.Add(x.ctx, root, x.userGroup(), x.user()) }},
		{"usergroup.add again", func() error { return g.Add(x.ctx, root, x.userGroup(), x.user()) }},
		{"usergroup.remove", func() error { return g.Remove(x.ctx, root, x.userGroup(), x.user()) }},
		{"usergroup.require-tokens", func() error { return g.RequireTokens(x.ctx, root, x.userGroup()) }},
		{"usergroup.allow-passwords", func() error { return g.AllowPasswords(x.ctx, root, x.userGroup()) }},
		{"group.create", func() error { _, err := s.CreateGroup(x.ctx, root, x.path(), x.user()); return err }},
		{"group.rename", func() error { _, err := s.RenameGroup(x.ctx, root, x.group(), x.path()); return err }},
		{"group.change", func() error {
			path, owner := x.path(), x.user()
			_, err := s.ChangeGroup(x.ctx, root, x.group(), GroupChange{Path: &path, OwnerID: &owner})
			return err
		}},
		{"group.make with a copy", func() error {
			_, err := s.MakeGroup(x.ctx, root, NewGroup{Path: x.path(), OwnerID: x.user(), Copy: true})
			return err
		}},
		{"group.delete", func() error { return s.DeleteGroup(x.ctx, root, x.group()) }},
		{"group.owner", func() error { return s.SetGroupOwner(x.ctx, root, x.group(), x.user()) }},
		{"repo.create", x.create},
		{"repo.create again", x.create},
		{"repo.rename", func() error { p := x.path(); return x.db.Repositories().Rename(x.ctx, x.repo(), p, p) }},
		{"repo.trash", func() error { return x.db.Repositories().Trash(x.ctx, x.repo(), time.Now()) }},
		{"repo.restore", func() error { p := x.path(); return x.db.Repositories().Restore(x.ctx, x.trashed(), p, p) }},
		{"repo.purge", func() error { return x.db.Repositories().Delete(x.ctx, x.trashed()) }},
		{"repo.delete", func() error { return x.db.Repositories().Delete(x.ctx, x.repo()) }},
		{"repo.owner", func() error { return s.SetOwner(x.ctx, root, x.repo(), x.user()) }},
		{"repo.publish", func() error { return s.Publish(x.ctx, root, x.repo()) }},
		{"repo.hide", func() error { return s.Hide(x.ctx, root, x.repo()) }},
		{"repo.archive", func() error { return s.Archive(x.ctx, root, x.repo()) }},
		{"grant", func() error { return s.Grant(x.ctx, root, x.object(), x.subject(), Level(x.rng.IntN(4))) }},
		{"grant again", func() error { return s.Grant(x.ctx, root, x.object(), x.subject(), Level(x.rng.IntN(4))) }},
		{"grant on several", func() error {
			return s.GrantOn(x.ctx, root, []Object{x.object(), x.object()}, x.subject(), Level(x.rng.IntN(4)))
		}},
		{"revoke", func() error { return s.Revoke(x.ctx, root, x.object(), x.subject()) }},
	}
}

func (x *chaos) create() error {
	p := x.path()
	return x.db.Repositories().Insert(x.ctx, db.Repository{ID: db.NewID(), Path: p, FoldedPath: p, OwnerID: x.user(), MakerID: x.user(), Private: x.rng.IntN(4) > 0})
}

// differs compares every answer with the rows', and says where the first difference is.
func (x *chaos) differs(t *testing.T) string {
	t.Helper()
	rows := readRows(t, x.db)
	everybody := append(x.users.List(), User{})
	if len(everybody) != len(rows.users)+1 {
		return fmt.Sprintf("%d people, want %d", len(everybody)-1, len(rows.users))
	}
	for _, path := range allPaths() {
		got, _ := x.repos.ByPath(path)
		want := rows.find(path)
		if got.ID != want.ID || got.ID != "" && (got.Path != rows.path(want.GroupID, want.Name) || got.OwnerID != want.OwnerID ||
			got.Archived != want.Archived || !slices.Equal(got.Groups, rows.above(want.GroupID))) {
			return fmt.Sprintf("%s is %+v, want %+v", path, got, want)
		}
		for _, u := range everybody {
			if got.ID == "" {
				break
			}
			if have, want := x.repos.Level(u, got), rows.level(u.ID, want); have != want {
				return fmt.Sprintf("%s has %s on %s, want %s", u.Name, have, got.Path, want)
			}
		}
		group, _ := x.repos.Group(path)
		if want := rows.findGroup(path); group.ID != want {
			return fmt.Sprintf("group %s is %s, want %s", path, group.ID, want)
		}
		for _, u := range everybody {
			if got, want := x.repos.LevelOfGroup(u, group), rows.levelOfGroup(u.ID, group.ID); group.ID != "" && got != want {
				return fmt.Sprintf("%s has %s on group %s, want %s", u.Name, got, path, want)
			}
		}
	}
	for _, u := range everybody[:len(everybody)-1] {
		if got, want := x.users.TokensOnly(u.ID), rows.tokensOnly(u.ID); got != want {
			return fmt.Sprintf("%s tokens only: %v, want %v", u.Name, got, want)
		}
		for _, g := range x.groups.List() {
			if got, want := x.groups.Level(u, g), rows.levelOfUserGroup(u.ID, g.ID); got != want {
				return fmt.Sprintf("%s has %s on user group %s, want %s", u.Name, got, g.Name, want)
			}
		}
	}
	return ""
}

// allPaths are those that chaos makes, and deeper ones to which moved groups lead.
func allPaths() (all []string) {
	for _, a := range []string{"a", "b", "c"} {
		all = append(all, a)
		for _, b := range []string{"a", "b", "c"} {
			all = append(all, a+"/"+b)
			for _, c := range []string{"a", "b", "c"} {
				all = append(all, a+"/"+b+"/"+c, a+"/"+b+"/"+c+"/a")
			}
		}
	}
	return all
}
