package access

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"jeton/auth/audit"
	"jeton/db"
	"jeton/vcs/name"
)

var (
	// ErrHolds: groups or repositories lie in the group.
	ErrHolds = errors.New("the group is not empty")
	// ErrInside: a group cannot lie in itself.
	ErrInside = errors.New("a group cannot lie in itself")
)

// NewGroup is what MakeGroup needs.
type NewGroup struct {
	Path string
	// OwnerID is "" for nobody. A group whose path is a person's name belongs to that person, if this says nothing else.
	OwnerID     string
	Description string
	// Copy gives what was given on the group above on this one too, so that it stays where that is changed later.
	Copy bool
}

// CreateGroup is MakeGroup of a path and an owner. ErrBadName, ErrTaken, ErrNoUser.
func (s *Repositories) CreateGroup(ctx context.Context, by audit.Actor, path, ownerID string) (Group, error) {
	return s.MakeGroup(ctx, by, NewGroup{Path: path, OwnerID: ownerID})
}

// MakeGroup makes a group of repositories, and the groups above it that are not there. ErrBadName, ErrTaken, ErrNoUser.
func (s *Repositories) MakeGroup(ctx context.Context, by audit.Actor, n NewGroup) (Group, error) {
	if _, err := s.Names.Repository(n.Path); err != nil {
		return Group{}, fmt.Errorf("%w: %w", ErrBadName, err)
	}
	var made db.Group
	err := s.db.Write(ctx, func(tx *db.Tx) (err error) {
		if err := userThere(ctx, tx, n.OwnerID); err != nil {
			return err
		}
		if made, err = tx.Groups().Make(ctx, n.Path, name.Fold(n.Path), n.OwnerID); err != nil {
			return err
		}
		if err := audit.Done(ctx, tx, by, "group.create", n.Path, n.OwnerID); err != nil {
			return err
		}
		if n.Description != "" {
			if err := tx.Groups().Describe(ctx, made.ID, n.Description); err != nil {
				return err
			}
		}
		if !n.Copy {
			return nil
		}
		return s.copyGiven(ctx, tx, by, made.ParentID, made.ID)
	})
	if err != nil {
		return Group{}, changed("group.create", groupError(err, n.Path))
	}
	g, _ := s.GroupByID(made.ID)
	return g, nil
}

// copyGiven gives what was given on one group on another too.
func (s *Repositories) copyGiven(ctx context.Context, tx *db.Tx, by audit.Actor, from, to string) error {
	for _, p := range s.Given(from) {
		if err := grant(ctx, tx, by, Object{GroupID: to}, p.To, p.Level); err != nil {
			return err
		}
	}
	return nil
}

// userThere answers ErrNoUser where an id is nobody's; "" is nobody in particular.
func userThere(ctx context.Context, tx *db.Tx, id string) error {
	if id == "" {
		return nil
	}
	_, err := tx.Users().ByID(ctx, id)
	return instead(err, ErrNoUser)
}

// GroupChange is what ChangeGroup changes; what is nil stays as it is.
type GroupChange struct {
	// Path is where the group is to lie, with all that lies in it; old paths lead on. The group above it must be there.
	Path *string
	// OwnerID is whose it is to be; "" for nobody.
	OwnerID     *string
	Description *string
}

// ChangeGroup changes several things about a group at once, or none of them. ErrNoGroup, ErrNoUser, ErrBadName, ErrTaken,
// ErrInside.
func (s *Repositories) ChangeGroup(ctx context.Context, by audit.Actor, id string, c GroupChange) (Group, error) {
	path := ""
	err := s.db.Write(ctx, func(tx *db.Tx) (err error) {
		if path, err = groupPath(ctx, tx, id); err != nil {
			return err
		}
		if c.OwnerID != nil {
			if err := userThere(ctx, tx, *c.OwnerID); err != nil {
				return err
			}
			if err := tx.Groups().SetOwner(ctx, id, pointer(*c.OwnerID)); err != nil {
				return err
			}
			if err := audit.Done(ctx, tx, by, "group.owner", path, *c.OwnerID); err != nil {
				return err
			}
		}
		if c.Description != nil {
			if err := tx.Groups().Describe(ctx, id, *c.Description); err != nil {
				return err
			}
			if err := audit.Done(ctx, tx, by, "group.describe", path, *c.Description); err != nil {
				return err
			}
		}
		if c.Path == nil || *c.Path == path {
			return nil
		}
		was := path
		path = *c.Path
		return s.renameGroup(ctx, tx, by, id, was, path)
	})
	if err != nil {
		return Group{}, changed("group.change", groupError(err, path))
	}
	g, _ := s.GroupByID(id)
	return g, nil
}

// RenameGroup gives a group another path; see GroupChange. ErrNoGroup, ErrBadName, ErrTaken, ErrInside.
func (s *Repositories) RenameGroup(ctx context.Context, by audit.Actor, id, path string) (Group, error) {
	return s.ChangeGroup(ctx, by, id, GroupChange{Path: &path})
}

// renameGroup moves a group that was at a path to another.
func (s *Repositories) renameGroup(ctx context.Context, tx *db.Tx, by audit.Actor, id, was, path string) error {
	if _, err := s.Names.Repository(path); err != nil {
		return fmt.Errorf("%w: %w", ErrBadName, err)
	}
	above, last := "", path
	if i := strings.LastIndexByte(path, '/'); i >= 0 {
		above, last = path[:i], path[i+1:]
	}
	parent, err := tx.Groups().ByFoldedPath(ctx, name.Fold(above))
	if errors.Is(err, db.ErrNotFound) {
		return fmt.Errorf("%w: %s", ErrNoGroup, above)
	}
	if err != nil {
		return err
	}
	if lies, err := liesIn(ctx, tx, parent.ID, id); err != nil || lies {
		return errors.Join(err, insideError(lies))
	}
	if err := tx.Groups().Rename(ctx, id, parent.ID, last, name.Fold(last)); err != nil {
		return err
	}
	if err := s.checkBelow(ctx, tx, id); err != nil {
		return err
	}
	return audit.Done(ctx, tx, by, "group.rename", path, "was "+was)
}

func insideError(lies bool) error {
	if lies {
		return ErrInside
	}
	return nil
}

// liesIn tells whether a group is another, or lies in it.
func liesIn(ctx context.Context, tx *db.Tx, id, other string) (bool, error) {
	for id != other {
		if id == db.RootGroup {
			return false, nil
		}
		g, err := tx.Groups().ByID(ctx, id)
		if err != nil {
			return false, err
		}
		id = g.ParentID
	}
	return true, nil
}

// checkBelow sees that no path below a group that was moved has become too long or too deep. It reads all paths: groups
// are seldom moved.
func (s *Repositories) checkBelow(ctx context.Context, tx *db.Tx, id string) error {
	groups, err := tx.Groups().List(ctx)
	if err != nil {
		return err
	}
	repos, err := tx.Repositories().List(ctx)
	if err != nil {
		return err
	}
	t := newTree()
	t.plant(groups, repos)
	var paths []string
	for _, b := range t.groups {
		if slices.Contains(b.Groups, id) {
			paths = append(paths, b.Path)
		}
	}
	for _, l := range t.repos {
		if slices.Contains(l.Groups, id) {
			paths = append(paths, l.Path)
		}
	}
	for _, path := range paths {
		if _, err := s.Names.Repository(path); err != nil {
			return fmt.Errorf("%w: %s: %w", ErrBadName, path, err)
		}
	}
	return nil
}

// DeleteGroup removes a group in which nothing lies any more, with its permissions; paths that led through it still
// do. ErrNoGroup, ErrHolds.
func (s *Repositories) DeleteGroup(ctx context.Context, by audit.Actor, id string) error {
	err := s.db.Write(ctx, func(tx *db.Tx) error {
		path, err := groupPath(ctx, tx, id)
		if err != nil {
			return err
		}
		switch err := tx.Groups().Delete(ctx, id); {
		case errors.Is(err, db.ErrInUse):
			return ErrHolds
		case err != nil:
			return err
		}
		return audit.Done(ctx, tx, by, "group.delete", path, "")
	})
	return changed("group.delete", err)
}

// SetGroupOwner gives a group to somebody, or with "" to nobody. ErrNoGroup, ErrNoUser.
func (s *Repositories) SetGroupOwner(ctx context.Context, by audit.Actor, id, userID string) error {
	_, err := s.ChangeGroup(ctx, by, id, GroupChange{OwnerID: &userID})
	return err
}

// groupPath is the path of a group that lives. ErrNoGroup, also for the root.
func groupPath(ctx context.Context, tx *db.Tx, id string) (string, error) {
	if id == db.RootGroup {
		return "", ErrNoGroup
	}
	path := ""
	for id != db.RootGroup {
		g, err := tx.Groups().ByID(ctx, id)
		if err != nil {
			return "", instead(err, ErrNoGroup)
		}
		if id = g.ParentID; path == "" {
			path = g.Name
			continue
		}
		path = g.Name + "/" + path
	}
	return path, nil
}

// groupError turns the database's answer into a sentence about a path.
func groupError(err error, path string) error {
	switch {
	case errors.Is(err, db.ErrTaken):
		return fmt.Errorf("%w: %s", ErrTaken, path)
	case errors.Is(err, db.ErrNotFound):
		return ErrNoGroup
	}
	return err
}

// now is when something is made; the database keeps it in microseconds.
func now() time.Time { return time.Now() }
