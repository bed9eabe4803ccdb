package db

import "context"

// Size is how large the database is, in bytes: what its file holds, or what PostgreSQL says of it.
func (d *DB) Size(ctx context.Context) (n int64, err error) {
	query := "SELECT page_count * page_size FROM pragma_page_count(), pragma_page_size()"
	if d.shared != nil {
		query = "SELECT pg_database_size(current_database())"
	}
	err = d.reader(ctx).Raw(query).Scan(&n).Error
	return n, translate(err)
}

// JobCounts is how many jobs there are in each state.
func (d *DB) JobCounts(ctx context.Context) (map[string]int64, error) {
	var rows []struct {
		State string
		N     int64
	}
	err := d.reader(ctx).Model(&Job{}).Select("state, COUNT(*) AS n").Group("state").Scan(&rows).Error
	counts := map[string]int64{}
	for _, r := range rows {
		counts[r.State] = r.N
	}
	return counts, translate(err)
}
