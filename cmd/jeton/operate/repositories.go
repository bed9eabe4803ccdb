package operate

import (
	"context"
	"fmt"
	"path"
	"strings"
	"time"

	"jeton/auth/access"
	"jeton/auth/audit"
	"jeton/cmd/jeton/control"
	"jeton/vcs/host"
)

// Repo is a repository as commands show one. Dir is its folder on the server's disk.
type Repo struct {
	ID          string    `json:"id"`
	Path        string    `json:"path"`
	Owner       string    `json:"owner"`
	Description string    `json:"description,omitempty"`
	Private     bool      `json:"private"`
	Archived    bool      `json:"archived"`
	Dir         string    `json:"dir"`
	CreatedAt   time.Time `json:"created_at"`
}

func (o operator) shownRepo(r host.Repo) Repo {
	return Repo{ID: r.ID, Path: r.Path, Owner: o.userName(r.OwnerID), Description: r.Description, Private: r.Private,
		Archived: r.Archived, Dir: o.s.Host.Dir(r.ID), CreatedAt: r.CreatedAt}
}

// NewRepo are the arguments of repo.create. Owner may be empty where the path begins with a user's name.
type NewRepo struct {
	Path   string `json:"path"`
	Owner  string `json:"owner"`
	Public bool   `json:"public"`
}

// Renaming are the arguments of repo.rename.
type Renaming struct {
	Path string `json:"path"`
	To   string `json:"to"`
}

// Owning are the arguments of repo.owner, group.owner and usergroup.owner.
type Owning struct {
	Name string `json:"name"`
	// Owner is a user name; "" for nobody, where that can be.
	Owner string `json:"owner"`
}

// Maintained is what repo.maintain has done; sizes are bytes.
type Maintained struct {
	PacksBefore int    `json:"packs_before"`
	PacksAfter  int    `json:"packs_after"`
	Objects     uint32 `json:"objects"`
	Kept        uint32 `json:"unreachable_kept"`
	Bytes       int64  `json:"bytes"`
}

// repositories registers the operations about repositories.
func (o operator) repositories(r control.Registry) {
	handle(r, "repo.create", o.createRepo)
	handle(r, "repo.list", func(ctx context.Context, _ audit.Actor, _ Nothing) ([]Repo, error) {
		all, err := o.s.Host.List(ctx)
		list := []Repo{}
		for _, one := range all {
			list = append(list, o.shownRepo(one))
		}
		return list, err
	})
	handle(r, "repo.show", func(ctx context.Context, _ audit.Actor, n Named) (Repo, error) {
		one, err := o.repo(ctx, n.Name)
		if err != nil {
			return Repo{}, err
		}
		return o.shownRepo(one), nil
	})
	handle(r, "repo.rename", func(ctx context.Context, by audit.Actor, n Renaming) (Repo, error) {
		one, err := o.repo(ctx, n.Path)
		if err != nil {
			return Repo{}, err
		}
		renamed, err := o.s.Host.Rename(ctx, one.ID, n.To)
		if err != nil {
			return Repo{}, err
		}
		o.s.TellRepository(ctx, by, "renamed", renamed, one.Path)
		return o.shownRepo(renamed), o.s.Note(ctx, by, "repository.rename", renamed.Path, "was "+one.Path)
	})
	o.onRepo(r, "repo.rescan", func(ctx context.Context, _ audit.Actor, one host.Repo) error { return o.s.Host.Rescan(ctx, one.ID) })
	for name, change := range map[string]func(context.Context, audit.Actor, string) error{"repo.publish": o.s.Access.Publish,
		"repo.hide": o.s.Access.Hide, "repo.archive": o.s.Access.Archive, "repo.unarchive": o.s.Access.Unarchive} {
		o.onRepo(r, name, func(ctx context.Context, by audit.Actor, one host.Repo) error { return change(ctx, by, one.ID) })
	}
	handle(r, "repo.owner", func(ctx context.Context, by audit.Actor, n Owning) (Nothing, error) {
		one, err := o.repo(ctx, n.Name)
		if err != nil {
			return Nothing{}, err
		}
		u, err := o.user(n.Owner)
		if err != nil {
			return Nothing{}, err
		}
		return Nothing{}, o.s.Access.SetOwner(ctx, by, one.ID, u.ID)
	})
	o.deleted(r)
	handle(r, "repo.maintain", o.maintain)
	o.permissions(r, "repo", o.onRepository)
	o.rules(r)
	o.pushes(r)
	o.watches(r)
}

// onRepo registers an operation on one repository that has no result.
func (o operator) onRepo(r control.Registry, name string, f func(context.Context, audit.Actor, host.Repo) error) {
	handle(r, name, func(ctx context.Context, by audit.Actor, n Named) (Nothing, error) {
		one, err := o.repo(ctx, n.Name)
		if err != nil {
			return Nothing{}, err
		}
		return Nothing{}, f(ctx, by, one)
	})
}

func (o operator) repo(ctx context.Context, path string) (host.Repo, error) {
	one, err := o.s.Host.Resolve(ctx, path)
	if err == nil {
		return one, nil
	}
	if now, ok := o.s.Access.ByPath(path); ok && !now.Is(path) {
		return one, fmt.Errorf("%q: %w; it is now %s", path, err, now.Path)
	}
	return one, fmt.Errorf("%q: %w", path, err)
}

func (o operator) createRepo(ctx context.Context, by audit.Actor, n NewRepo) (Repo, error) {
	u, err := o.ownerOf(n)
	if err != nil {
		return Repo{}, err
	}
	made, err := o.s.Host.Create(ctx, host.Repo{Path: n.Path, OwnerID: u.ID, Private: !n.Public})
	if err != nil {
		return Repo{}, err
	}
	o.s.TellRepository(ctx, by, "created", made, "")
	return o.shownRepo(made), o.s.Note(ctx, by, "repository.create", made.Path, "owner "+u.Name)
}

// ownerOf finds whose a new repository is where nobody is named: who its path begins with, else whose the nearest group
// is that somebody owns.
func (o operator) ownerOf(n NewRepo) (access.User, error) {
	if n.Owner != "" {
		return o.user(n.Owner)
	}
	first, _, _ := strings.Cut(n.Path, "/")
	if u, ok := o.s.Users.ByName(first); ok {
		return u, nil
	}
	for above := path.Dir(n.Path); above != "." && above != "/"; above = path.Dir(above) {
		if g, ok := o.s.Access.Group(above); ok && g.OwnerID != "" {
			if u, ok := o.s.Users.ByID(g.OwnerID); ok {
				return u, nil
			}
		}
	}
	return access.User{}, control.Fail(control.Invalid, "whose is %q? There is no user %q, and nobody owns a group of that name: name the owner with --owner", n.Path, first)
}

func (o operator) maintain(ctx context.Context, by audit.Actor, n Named) (Maintained, error) {
	one, err := o.repo(ctx, n.Name)
	if err != nil {
		return Maintained{}, err
	}
	report, err := o.s.Maintain(ctx, one.ID)
	if err != nil {
		return Maintained{}, err
	}
	return Maintained{PacksBefore: report.PacksBefore, PacksAfter: report.PacksAfter, Objects: report.Reachable, Kept: report.Kept,
		Bytes: report.Bytes}, o.s.Note(ctx, by, "repository.maintain", one.Path, "")
}
