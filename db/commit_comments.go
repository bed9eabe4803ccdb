package db

import (
	"context"
	"time"
)

// CommitComment is a row of commit_comments: what somebody has said of a commit.
type CommitComment struct {
	// ID sorts in the order in which comments were written; Add makes it.
	ID           string
	RepositoryID string
	// CommitID is in hexadecimal digits. Whether there is such a commit is not looked at.
	CommitID string
	// AuthorID is nil once its author is gone; Author is the name that they had.
	AuthorID *string
	Author   string
	// Kind is "note" or "todo".
	Kind string
	Body string
	// Status is what the commit became by it (approved, rejected …); "" where it stayed as it was.
	Status string
	// ResolvesID is the comment that it settles; "" for none.
	ResolvesID string
	CreatedAt  time.Time
}

// CommentFilter says which comments of a repository are meant; what is empty is not looked at.
type CommentFilter struct {
	CommitID, Kind, AuthorID string
	// After is the id of the comment behind which to begin.
	After string
}

// CommitComments is the store of commit_comments.
type CommitComments struct{ on conn }

// Add writes one, where its commit has fewer than most; ErrFull, ErrInUse where there is no such repository or author.
func (s CommitComments) Add(ctx context.Context, c CommitComment, most int) (CommitComment, error) {
	err := s.on.inTx(ctx, func(tx *Tx) error {
		var n int64
		err := tx.reader(ctx).Model(&CommitComment{}).Where("repository_id = ? AND commit_id = ?", c.RepositoryID, c.CommitID).Count(&n).Error
		if err == nil && n >= int64(most) {
			return ErrFull
		}
		if err == nil {
			c.ID, c.CreatedAt = tx.order().next(c.CreatedAt), stamp(c.CreatedAt)
			err = tx.reader(ctx).Create(&c).Error
		}
		return translate(err)
	})
	return c, err
}

// ByID finds one of a repository; ErrNotFound.
func (s CommitComments) ByID(ctx context.Context, repoID, id string) (CommitComment, error) {
	return take[CommitComment](ctx, s.on, "repository_id = ? AND id = ?", repoID, id)
}

// Find lists a repository's comments, the oldest first, at most limit.
func (s CommitComments) Find(ctx context.Context, repoID string, f CommentFilter, limit int) ([]CommitComment, error) {
	q := s.on.reader(ctx).Where("repository_id = ? AND id > ?", repoID, f.After)
	for column, value := range map[string]string{"commit_id": f.CommitID, "kind": f.Kind, "author_id": f.AuthorID} {
		if value != "" {
			q = q.Where(column+" = ?", value)
		}
	}
	var rows []CommitComment
	err := q.Order("id").Limit(limit).Find(&rows).Error
	return rows, translate(err)
}

// Resolving lists the comments of a repository that settle some others, the oldest first.
func (s CommitComments) Resolving(ctx context.Context, repoID string, ids []string) ([]CommitComment, error) {
	var rows []CommitComment
	if len(ids) == 0 {
		return nil, nil
	}
	err := s.on.reader(ctx).Where("repository_id = ? AND resolves_id IN ?", repoID, ids).Order("id").Find(&rows).Error
	return rows, translate(err)
}
