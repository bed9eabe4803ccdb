package db

import (
	"context"
	"slices"
	"strings"
)

const (
	// asked is how many repositories one query of LatestOf names at most.
	asked = 200
	// MaxTold is how long the updates and results of an entry may be together, in bytes, for LatestOf and LatestPublic to
	// answer it: some 800 refs. A push may move a hundred thousand, and whoever asks for many pushes must not get gigabytes.
	MaxTold = 128 << 10
	// told is what they answer of an entry, and size how long it is.
	told = "id, repository_id, actor_id, actor_name, actor_email, credential, begun_at, updates, ended_at, results, ended_id"
	size = "octet_length(updates) + octet_length(results)"
)

// LatestOf is the entries of some repositories that have ended, the last first, at most limit, without Options, Certificate
// and Notes; those that are larger than MaxTold are passed over. Nodes are all one to it.
//
// Only those repositories can have one among the last that have one of their own there: so the end of each is asked first,
// one step into an index, and entries are then read of as many repositories as there are to be entries.
func (s Journal) LatestOf(ctx context.Context, repoIDs []string, limit int) ([]JournalEntry, error) {
	active, err := s.active(ctx, repoIDs, limit)
	if err != nil {
		return nil, err
	}
	var all []JournalEntry
	for some := range slices.Chunk(active, asked) {
		var rows []JournalEntry
		parts, args := make([]string, len(some)), make([]any, 0, 2*len(some))
		for i, id := range some {
			parts[i] = "SELECT * FROM (SELECT " + told + " FROM push_journal WHERE repository_id = ? AND ended_id > '' AND " + size + " <= ? ORDER BY ended_id DESC LIMIT ?) AS part"
			args = append(args, id, MaxTold, limit)
		}
		if err := s.on.reader(ctx).Raw(strings.Join(parts, " UNION ALL "), args...).Scan(&rows).Error; err != nil {
			return nil, translate(err)
		}
		all = lastEnded(append(all, rows...), limit)
	}
	return all, nil
}

// active is the ids of the repositories whose last entry ended last, the last first, at most limit.
func (s Journal) active(ctx context.Context, repoIDs []string, limit int) ([]string, error) {
	var all []JournalEntry
	for some := range slices.Chunk(repoIDs, asked) {
		var rows []JournalEntry
		err := s.on.reader(ctx).Raw(`SELECT r.id AS repository_id, (SELECT max(p.ended_id) FROM push_journal p WHERE p.repository_id = r.id) AS ended_id
			FROM repositories r WHERE r.id IN ?`, some).Scan(&rows).Error
		if err != nil {
			return nil, translate(err)
		}
		rows = slices.DeleteFunc(rows, func(e JournalEntry) bool { return e.EndedID == "" })
		all = lastEnded(append(all, rows...), limit)
	}
	ids := make([]string, len(all))
	for i, e := range all {
		ids[i] = e.RepositoryID
	}
	return ids, nil
}

// lastEnded is the last of some entries, at most limit.
func lastEnded(rows []JournalEntry, limit int) []JournalEntry {
	slices.SortFunc(rows, func(a, b JournalEntry) int { return strings.Compare(b.EndedID, a.EndedID) })
	return rows[:min(len(rows), limit)]
}

// LatestPublic is the entries of living public repositories among the last that have ended in all of them, the last
// first: at most limit, and none that is not among the last within. What is answered is as with LatestOf.
func (s Journal) LatestPublic(ctx context.Context, limit, within int) ([]JournalEntry, error) {
	var rows []JournalEntry
	err := s.on.reader(ctx).Raw("SELECT "+told+` FROM push_journal WHERE id IN (SELECT j.id FROM
			(SELECT id, repository_id, ended_id, `+size+` AS size FROM push_journal WHERE ended_id > '' ORDER BY ended_id DESC LIMIT ?) AS j
			JOIN repositories r ON r.id = j.repository_id WHERE r.private = ? AND r.deleted_at IS NULL AND j.size <= ? ORDER BY j.ended_id DESC LIMIT ?)
		ORDER BY ended_id DESC`, within, false, MaxTold, limit).Scan(&rows).Error
	return rows, translate(err)
}

// Last is the EndedID of the entry that ended last; "" where none has.
func (s Journal) Last(ctx context.Context) (string, error) {
	var ids []string
	err := s.on.reader(ctx).Model(&JournalEntry{}).Order("ended_id DESC").Limit(1).Pluck("ended_id", &ids).Error
	if err != nil || len(ids) == 0 {
		return "", translate(err)
	}
	return ids[0], nil
}
