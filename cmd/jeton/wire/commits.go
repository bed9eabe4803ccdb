package wire

import (
	"context"
	"errors"

	"jeton/auth/audit"
	"jeton/db"
	"jeton/web/api/content"
	"jeton/web/door"
	"jeton/web/status"
)

// content are what the methods need that read repositories; the zero store's are harmless and must not be called.
func (s *Store) content() content.Options {
	o := content.Options{Repos: s.Host, Comments: commentRows{s}, People: s.Users}
	if s.settings != nil {
		o.Walk = s.bounded("fetch.max_walk")
		o.Limits = content.Limits{Calls: s.bounded("api.max_reading"), Time: s.settings.Duration("api.read_time"), Entries: s.bounded("api.max_entries"),
			Bytes: s.settings.Bytes("api.max_content"), Read: s.settings.Bytes("api.max_read"), Count: s.bounded("api.max_counted")}
	}
	return o
}

// commentRows is content.Comments over the database.
type commentRows struct{ s *Store }

// mostComments is how many comments of one commit are kept.
const mostComments = 1000

// Add implements content.Comments.
func (r commentRows) Add(ctx context.Context, by audit.Actor, path string, c content.Comment) (content.Comment, error) {
	err := r.s.db.Write(ctx, func(tx *db.Tx) error {
		row, err := tx.CommitComments().Add(ctx, db.CommitComment{RepositoryID: c.RepoID, CommitID: c.CommitID, AuthorID: orNil(c.AuthorID), Author: c.Author,
			Kind: c.Kind, Body: c.Text, Status: c.Status, ResolvesID: c.ResolvesID, CreatedAt: c.At}, mostComments)
		if err != nil {
			return err
		}
		c = comment(row)
		return audit.Done(ctx, tx, by, "repository.comment", path, "commit "+c.CommitID+", comment "+c.ID)
	})
	if errors.Is(err, db.ErrFull) {
		err = content.ErrFull
	}
	return c, hostError(err)
}

// ByID implements content.Comments.
func (r commentRows) ByID(ctx context.Context, repoID, id string) (content.Comment, error) {
	row, err := r.s.db.CommitComments().ByID(ctx, repoID, id)
	if errors.Is(err, db.ErrNotFound) {
		err = content.ErrNoComment
	}
	return comment(row), err
}

// Find implements content.Comments.
func (r commentRows) Find(ctx context.Context, repoID string, f content.Filter, limit int) ([]content.Comment, error) {
	rows, err := r.s.db.CommitComments().Find(ctx, repoID, db.CommentFilter(f), limit)
	return comments(rows), err
}

// Resolving implements content.Comments.
func (r commentRows) Resolving(ctx context.Context, repoID string, ids []string) ([]content.Comment, error) {
	rows, err := r.s.db.CommitComments().Resolving(ctx, repoID, ids)
	return comments(rows), err
}

func comments(rows []db.CommitComment) []content.Comment {
	list := make([]content.Comment, len(rows))
	for i, row := range rows {
		list[i] = comment(row)
	}
	return list
}

func comment(row db.CommitComment) content.Comment {
	c := content.Comment{ID: row.ID, RepoID: row.RepositoryID, CommitID: row.CommitID, Author: row.Author, Kind: row.Kind, Text: row.Body,
		Status: row.Status, ResolvesID: row.ResolvesID, At: row.CreatedAt}
	if row.AuthorID != nil {
		c.AuthorID = *row.AuthorID
	}
	return c
}

// statuses are what answers for what builds say of commits.
func (v *Server) statuses(d *door.Door) *status.Handler {
	s := v.store
	return status.New(status.Options{Door: d, Repos: s.Host, Store: statusRows{s}, URL: v.URL, Walk: s.bounded("fetch.max_walk"), Log: s.Log})
}

// statusRows is status.Store over the database.
type statusRows struct{ s *Store }

// mostStatuses is how many statuses of one commit are kept.
const mostStatuses = 1000

// Add implements status.Store.
func (r statusRows) Add(ctx context.Context, by audit.Actor, path string, st status.Status) (status.Status, error) {
	err := r.s.db.Write(ctx, func(tx *db.Tx) error {
		row, err := tx.CommitStatuses().Add(ctx, db.CommitStatus{RepositoryID: st.RepoID, CommitID: st.CommitID, Context: st.Context, State: st.State, TargetURL: st.Target,
			Description: st.Description, CreatorID: orNil(st.CreatorID), Creator: st.Creator, CreatedAt: st.At}, mostStatuses)
		if err != nil {
			return err
		}
		st = build(row)
		return audit.Done(ctx, tx, by, "repository.status", path, "commit "+st.CommitID+": "+st.Context+" "+st.State)
	})
	if errors.Is(err, db.ErrFull) {
		err = status.ErrFull
	}
	return st, hostError(err)
}

// Of implements status.Store.
func (r statusRows) Of(ctx context.Context, repoID, commitID string) ([]status.Status, error) {
	rows, _, err := r.s.db.CommitStatuses().List(ctx, repoID, commitID, 0, mostStatuses)
	list := make([]status.Status, len(rows))
	for i, row := range rows {
		list[i] = build(row)
	}
	return list, err
}

func build(row db.CommitStatus) status.Status {
	st := status.Status{RepoID: row.RepositoryID, CommitID: row.CommitID, Number: row.Number, Context: row.Context, State: row.State, Target: row.TargetURL,
		Description: row.Description, Creator: row.Creator, At: row.CreatedAt}
	if row.CreatorID != nil {
		st.CreatorID = *row.CreatorID
	}
	return st
}
