package db

import (
	"context"
	"time"
)

// CommitStatus is a row of commit_statuses: what a build says of a commit. The newest of each context counts.
type CommitStatus struct {
	ID           string
	RepositoryID string
	// Number counts in the repository, from 1 on; Add gives it.
	Number int64
	// CommitID is in hexadecimal digits. Whether there is such a commit is not looked at.
	CommitID string
	// Context tells the builds of one commit apart.
	Context string
	// State is pending, success, error, failure or warning.
	State string
	// TargetURL is where more is told, Description a short text; "" for none.
	TargetURL, Description string
	// CreatorID is nil once its creator is gone, and for a token of nobody; Creator is the name that they had.
	CreatorID *string
	Creator   string
	CreatedAt time.Time
}

// CommitStatuses is the store of commit_statuses.
type CommitStatuses struct{ on conn }

// Add writes one. Where its commit has most of them already, the oldest that does not count any more is removed; ErrFull
// where all of them count, ErrInUse where there is no such repository or creator.
func (s CommitStatuses) Add(ctx context.Context, row CommitStatus, most int) (CommitStatus, error) {
	row.ID, row.CreatedAt = NewID(), stamp(row.CreatedAt)
	err := s.on.inTx(ctx, func(tx *Tx) error {
		if err := tx.CommitStatuses().makeRoom(ctx, row, most); err != nil {
			return err
		}
		var last []int64
		err := tx.reader(ctx).Model(&CommitStatus{}).Where("repository_id = ?", row.RepositoryID).Order("number DESC").Limit(1).Pluck("number", &last).Error
		if err == nil {
			row.Number = 1
			if len(last) > 0 {
				row.Number += last[0]
			}
			err = tx.reader(ctx).Create(&row).Error
		}
		return translate(err)
	})
	return row, err
}

// makeRoom removes a status of a commit, where there are most.
func (s CommitStatuses) makeRoom(ctx context.Context, row CommitStatus, most int) error {
	const of = "repository_id = ? AND commit_id = ?"
	var n int64
	if err := s.on.reader(ctx).Model(&CommitStatus{}).Where(of, row.RepositoryID, row.CommitID).Count(&n).Error; err != nil || n < int64(most) {
		return translate(err)
	}
	var old []string
	err := s.on.reader(ctx).Model(&CommitStatus{}).Where(of, row.RepositoryID, row.CommitID).
		Where(`context = ? OR EXISTS (SELECT 1 FROM commit_statuses later WHERE later.repository_id = commit_statuses.repository_id
			AND later.commit_id = commit_statuses.commit_id AND later.context = commit_statuses.context AND later.number > commit_statuses.number)`, row.Context).
		Order("number").Limit(1).Pluck("id", &old).Error
	if err == nil && len(old) == 0 {
		return ErrFull
	}
	if err == nil {
		err = s.on.reader(ctx).Where("id = ?", old[0]).Delete(&CommitStatus{}).Error
	}
	return translate(err)
}

// List is the statuses of a commit, the newest first: at most limit behind the first offset, and how many there are.
func (s CommitStatuses) List(ctx context.Context, repoID, commitID string, offset, limit int) (rows []CommitStatus, all int, err error) {
	q := s.on.reader(ctx).Model(&CommitStatus{}).Where("repository_id = ? AND commit_id = ?", repoID, commitID)
	var n int64
	if err := q.Count(&n).Error; err != nil {
		return nil, 0, translate(err)
	}
	err = s.on.reader(ctx).Where("repository_id = ? AND commit_id = ?", repoID, commitID).Order("number DESC").Offset(offset).Limit(limit).Find(&rows).Error
	return rows, int(n), translate(err)
}

// Latest is the newest status of each context of a commit, the newest first.
func (s CommitStatuses) Latest(ctx context.Context, repoID, commitID string) ([]CommitStatus, error) {
	var rows []CommitStatus
	newest := s.on.reader(ctx).Model(&CommitStatus{}).Select("MAX(number)").Where("repository_id = ? AND commit_id = ?", repoID, commitID).Group("context")
	err := s.on.reader(ctx).Where("repository_id = ? AND number IN (?)", repoID, newest).Order("number DESC").Find(&rows).Error
	return rows, translate(err)
}
