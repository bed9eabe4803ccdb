package db

import (
	"context"
	"errors"
	"slices"
	"strings"
	"time"
)

// place is where something is, or is to be: a name in a group.
type place struct{ group, name, folded string }

// segments are the parts of a path; none for "".
func segments(path string) []string {
	if path == "" {
		return nil
	}
	return strings.Split(path, "/")
}

// cutLast splits a path before its last segment.
func cutLast(path string) (above, last string) {
	if i := strings.LastIndexByte(path, '/'); i >= 0 {
		return path[:i], path[i+1:]
	}
	return "", path
}

// settle finds the place of a path, and makes the groups that are not there yet. ErrTaken where a repository has the name
// of one. Both forms of the path have the same number of segments.
func (tx *Tx) settle(ctx context.Context, path, folded, makerID string) (place, error) {
	names, foldeds := segments(path), segments(folded)
	if len(names) == 0 || len(names) != len(foldeds) {
		return place{}, errors.New("a path and its folded form are not of one length")
	}
	at := RootGroup
	for i := range len(names) - 1 {
		g, err := tx.Groups().child(ctx, at, foldeds[i])
		if errors.Is(err, ErrNotFound) {
			g, err = tx.makeGroup(ctx, place{at, names[i], foldeds[i]}, makerID)
		}
		if err != nil {
			return place{}, err
		}
		at = g.ID
	}
	last := len(names) - 1
	return place{group: at, name: names[last], folded: foldeds[last]}, nil
}

// makeGroup adds a group. One whose path is a person's name is that person's, unless an owner is named who is somebody
// else.
func (tx *Tx) makeGroup(ctx context.Context, at place, ownerID string) (Group, error) {
	if ownerID == "" && at.group == RootGroup {
		u, err := tx.Users().ByFoldedName(ctx, at.folded)
		if err != nil && !errors.Is(err, ErrNotFound) {
			return Group{}, err
		}
		ownerID = u.ID
	}
	g := Group{ID: NewID(), ParentID: at.group, Name: at.name, FoldedName: at.folded, OwnerID: pointer(ownerID), CreatedAt: stamp(time.Now())}
	return g, tx.Groups().Insert(ctx, g)
}

// free answers ErrTaken where a group or a repository lives at a place.
func (tx *Tx) free(ctx context.Context, at place) error {
	_, group := tx.Groups().child(ctx, at.group, at.folded)
	_, repo := take[Repository](ctx, tx, "group_id = ? AND folded_name = ? AND deleted_at IS NULL", at.group, at.folded)
	for _, err := range []error{group, repo} {
		if err == nil {
			return ErrTaken
		}
		if !errors.Is(err, ErrNotFound) {
			return err
		}
	}
	return nil
}

// seize makes sure that a place is free for a repository, and that no old name leads on from it.
func (tx *Tx) seize(ctx context.Context, at place, folded string) error {
	if err := tx.free(ctx, at); err != nil {
		return err
	}
	led, err := tx.OldNames().leads(ctx, folded)
	if err != nil || !led {
		return err
	}
	return tx.remember(ctx, OldName{ParentID: at.group, FoldedName: at.folded})
}

// addPath fills in the path of one repository.
func addPath(ctx context.Context, c conn, r *Repository) error {
	names, folded := []string{r.Name}, []string{r.FoldedName}
	for id := r.GroupID; id != RootGroup; {
		g, err := take[Group](ctx, c, "id = ?", id)
		if err != nil {
			return err
		}
		names, folded, id = append(names, g.Name), append(folded, g.FoldedName), g.ParentID
	}
	slices.Reverse(names)
	slices.Reverse(folded)
	r.Path, r.FoldedPath = strings.Join(names, "/"), strings.Join(folded, "/")
	return nil
}

// addPaths fills in the paths of many, and sorts them by these.
func (s Repositories) addPaths(ctx context.Context, rows []Repository) error {
	if len(rows) == 0 {
		return nil
	}
	var all []Group
	if err := s.on.reader(ctx).Find(&all).Error; err != nil {
		return translate(err)
	}
	paths := groupPaths(all)
	for i := range rows {
		r := &rows[i]
		above := paths[r.GroupID]
		r.Path, r.FoldedPath = above.name+r.Name, above.folded+r.FoldedName
	}
	slices.SortFunc(rows, func(a, b Repository) int { return strings.Compare(a.FoldedPath, b.FoldedPath) })
	return nil
}

// groupPaths are the paths of groups by id, with a slash at their ends; "" for the root.
func groupPaths(all []Group) map[string]place {
	byID := make(map[string]Group, len(all))
	for _, g := range all {
		byID[g.ID] = g
	}
	paths := map[string]place{RootGroup: {}}
	var of func(id string) place
	of = func(id string) place {
		p, known := paths[id]
		if !known {
			g := byID[id]
			above := of(g.ParentID)
			p = place{name: above.name + g.Name + "/", folded: above.folded + g.FoldedName + "/"}
			paths[id] = p
		}
		return p
	}
	for id := range byID {
		of(id)
	}
	return paths
}

// pointer is nil for "".
func pointer(s string) *string {
	if s == "" {
		return nil
	}
	return &s
}
