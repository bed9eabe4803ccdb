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

// CreateGroup makes a group of repositories, and the groups above it that are not there. ownerID is "" for nobody. A group
// whose path is a person's name belongs to that person, if ownerID says nothing else.
// ErrBadName, ErrTaken, ErrNoUser.
func (s *Repositories) CreateGroup(ctx context.Context, by audit.Actor, path, ownerID string) (Group, error) {
	if _, err := s.Names.Repository(path); err != nil {
		return Group{}, fmt.Errorf("%w: %w", ErrBadName, err)
	}
	var made db.Group
	err := s.db.Write(ctx, func(tx *db.Tx) (err error) {
		if ownerID != "" {
			if _, err := tx.Users().ByID(ctx, ownerID); err != nil {
				return instead(err, ErrNoUser)
			}
		}
		if made, err = tx.Groups().Make(ctx, path, name.Fold(path), ownerID); err != nil {
			return err
		}
		return audit.Done(ctx, tx, by, "group.create", path, ownerID)
	})
	if err != nil {
		return Group{}, changed("group.create", groupError(err, path))
	}
	g, _ := s.GroupByID(made.ID)
	return g, nil
}

// RenameGroup gives a group another path, with all that lies in it; old paths lead on. The group in which it comes to lie
// must be there. ErrNoGroup, ErrBadName, ErrTaken, ErrInside.
func (s *Repositories) RenameGroup(ctx context.Context, by audit.Actor, id, path string) (Group, error) {
	if _, err := s.Names.Repository(path); err != nil {
		return Group{}, fmt.Errorf("%w: %w", ErrBadName, err)
	}
	above, last := "", path
	if i := strings.LastIndexByte(path, '/'); i >= 0 {
		above, last = path[:i], path[i+1:]
	}
	err := s.db.Write(ctx, func(tx *db.Tx) error {
		was, err := groupPath(ctx, tx, id)
		if err != nil {
			return err
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
	})
	if err != nil {
		return Group{}, changed("group.rename", groupError(err, path))
	}
	g, _ := s.GroupByID(id)
	return g, nil
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
	return s.changeGroup(ctx, by, id, "group.delete", "", func(tx *db.Tx) error {
		err := tx.Groups().Delete(ctx, id)
		if errors.Is(err, db.ErrInUse) {
			return ErrHolds
		}
		return err
	})
}

// SetGroupOwner gives a group to somebody, or with "" to nobody. ErrNoGroup, ErrNoUser.
func (s *Repositories) SetGroupOwner(ctx context.Context, by audit.Actor, id, userID string) error {
	return s.changeGroup(ctx, by, id, "group.owner", userID, func(tx *db.Tx) error {
		if userID != "" {
			if _, err := tx.Users().ByID(ctx, userID); err != nil {
				return instead(err, ErrNoUser)
			}
		}
		return tx.Groups().SetOwner(ctx, id, pointer(userID))
	})
}

// DescribeGroup changes the description of a group. ErrNoGroup.
func (s *Repositories) DescribeGroup(ctx context.Context, by audit.Actor, id, description string) error {
	return s.changeGroup(ctx, by, id, "group.describe", description, func(tx *db.Tx) error {
		return tx.Groups().Describe(ctx, id, description)
	})
}

// changeGroup makes one change about a group and writes it into the audit record, both or neither.
func (s *Repositories) changeGroup(ctx context.Context, by audit.Actor, id, action, detail string, do func(*db.Tx) error) error {
	err := s.db.Write(ctx, func(tx *db.Tx) error {
		path, err := groupPath(ctx, tx, id)
		if err != nil {
			return err
		}
		if err := do(tx); err != nil {
			return err
		}
		return audit.Done(ctx, tx, by, action, path, detail)
	})
	return changed(action, err)
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
