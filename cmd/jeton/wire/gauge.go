package wire

import (
	"context"
	"sync/atomic"
	"time"

	"jeton/auth/token"
	"jeton/web"
	"jeton/web/api/server"
	"jeton/web/work"
)

// meters is what a store counts from its opening on.
type meters struct {
	started time.Time
	traffic web.Traffic
	pushes  atomic.Int64
}

// kindOfDatabase is sqlite or postgresql.
func (s *Store) kindOfDatabase() string {
	if s.node != "" {
		return "postgresql"
	}
	return "sqlite"
}

const (
	// expiringSoon is when a token's end is soon, and unusedLong when nobody seems to need one.
	expiringSoon = 14 * 24 * time.Hour
	unusedLong   = 90 * 24 * time.Hour
)

// gauge is what the API tells of the server in numbers.
func (s *Store) gauge(ctx context.Context) (m server.Metrics, err error) {
	m = server.Metrics{Version: s.version, StartedOn: s.meters.started.UTC(), Database: server.Database{Kind: s.kindOfDatabase()}}
	m.Traffic.Requests, m.Traffic.Refused, m.Traffic.Failed = s.meters.traffic.Counted()
	m.Traffic.Refusals, m.Traffic.Pushes = s.record.Refusals(), s.meters.pushes.Load()
	m.Objects = server.Objects{Repositories: s.Access.Count(), Groups: len(s.Access.Groups()), People: len(s.Users.List()),
		UserGroups: len(s.UserGroups.List()), Keys: len(s.Keys.List(""))}
	c := s.Tokens.Count(expiringSoon, unusedLong)
	m.Tokens = server.Census{All: c.All, Live: map[string]int{}, Expiring: c.Expiring, Unused: c.Unused}
	for _, k := range []token.Kind{token.API, token.Feed, token.VCS, token.Web} {
		m.Tokens.Live[string(k)] = c.Live[k]
	}
	if m.Database.Bytes, err = s.db.Size(ctx); err != nil {
		return m, err
	}
	jobs, err := s.db.JobCounts(ctx)
	m.Jobs = server.Jobs{Queued: jobs[work.Queued], Running: jobs[work.Running], Failed: jobs[work.Failed]}
	return m, err
}
