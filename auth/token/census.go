package token

import "time"

// Census is how many tokens there are.
type Census struct {
	// All are those that are kept, ended ones and decoys too.
	All int
	// Live are live ones by their kinds. Of these, Expiring end soon, and Unused are not needed as it seems.
	Live             map[Kind]int
	Expiring, Unused int
}

// Count counts tokens: as Expiring those that end within soon, as Unused those that were neither made nor used within idle.
// It looks into each.
func (s *Store) Count(soon, idle time.Duration) Census {
	now, c := s.now(), Census{Live: map[Kind]int{API: 0, Feed: 0, VCS: 0, Web: 0}}
	for _, t := range s.List("") {
		c.All++
		if t.State(now) != Live {
			continue
		}
		c.Live[t.Kind]++
		if end := t.Ends(); !end.IsZero() && !end.After(now.Add(soon)) {
			c.Expiring++
		}
		if now.Sub(t.LastSign()) >= idle {
			c.Unused++
		}
	}
	return c
}
