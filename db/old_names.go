package db

import (
	"context"
	"errors"
	"time"

	"gorm.io/gorm/clause"
)

// OldName is a row of old_names: a name in a group leads on to what was called so. With neither GroupID nor RepositoryID
// it leads to nothing: another repository has taken the name from the one that had it before.
type OldName struct {
	// ID is made of the rest.
	ID           string
	ParentID     string
	FoldedName   string
	GroupID      *string
	RepositoryID *string
	CreatedAt    time.Time
}

// key is the id: a group and a repository of one former name do not meet.
func (o OldName) key() string {
	kind := "repository"
	if o.GroupID != nil {
		kind = "group"
	}
	return kind + ":" + o.ParentID + "/" + o.FoldedName
}

// OldNames is the store of old_names.
type OldNames struct{ on conn }

// List is all of them.
func (s OldNames) List(ctx context.Context) ([]OldName, error) {
	var rows []OldName
	err := s.on.reader(ctx).Order("id").Find(&rows).Error
	return rows, translate(err)
}

// remember writes an old name in place of what it led to before.
func (tx *Tx) remember(ctx context.Context, o OldName) error {
	o.ID, o.CreatedAt = o.key(), stamp(time.Now())
	err := tx.reader(ctx).Clauses(clause.OnConflict{
		Columns:   []clause.Column{{Name: "id"}},
		DoUpdates: clause.AssignmentColumns([]string{"group_id", "repository_id", "created_at"}),
	}).Create(&o).Error
	if err != nil {
		return translate(err)
	}
	tx.wrote(o)
	return nil
}

// leads tells whether an old path leads on from where no repository lives. At each segment what lives goes before what was
// called so; the first repository's name that is found ends the search.
func (s OldNames) leads(ctx context.Context, folded string) (bool, error) {
	found, err := s.follow(ctx, RootGroup, segments(folded))
	return found != nil && found.RepositoryID != nil, err
}

func (s OldNames) follow(ctx context.Context, groupID string, rest []string) (*OldName, error) {
	if len(rest) == 1 {
		switch r, err := take[Repository](ctx, s.on, "group_id = ? AND folded_name = ? AND deleted_at IS NULL", groupID, rest[0]); {
		case err == nil:
			return &OldName{RepositoryID: &r.ID}, nil
		case !errors.Is(err, ErrNotFound):
			return nil, err
		}
		o, err := s.take(ctx, OldName{ParentID: groupID, FoldedName: rest[0]})
		if errors.Is(err, ErrNotFound) {
			return nil, nil
		}
		return &o, err
	}
	switch g, err := (Groups(s)).child(ctx, groupID, rest[0]); {
	case err == nil:
		if o, err := s.follow(ctx, g.ID, rest[1:]); o != nil || err != nil {
			return o, err
		}
	case !errors.Is(err, ErrNotFound):
		return nil, err
	}
	o, err := s.take(ctx, OldName{ParentID: groupID, FoldedName: rest[0], GroupID: new(string)})
	if errors.Is(err, ErrNotFound) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	return s.follow(ctx, *o.GroupID, rest[1:])
}

func (s OldNames) take(ctx context.Context, o OldName) (OldName, error) {
	return take[OldName](ctx, s.on, "id = ?", o.key())
}
