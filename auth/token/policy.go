package token

import (
	"context"
	"fmt"
	"time"

	"jeton/auth/audit"
	"jeton/db"
)

// Policy is what an administrator says about how long tokens live; the zero value limits nothing. Decoys are exempt.
type Policy struct {
	// LongestLife is how long a token may live from its making on; zero is no limit. It forbids never, too.
	LongestLife time.Duration
	// ForbidNever refuses tokens without an end.
	ForbidNever bool
	// Notice is how long a token that LongestLife ends earlier than was promised works on after its owner was told.
	Notice time.Duration
	// Unused ends tokens that nobody has used for so long; zero ends none.
	Unused time.Duration
}

// check says why a token made at a moment may not end at another (zero is never).
func (p Policy) check(made, end time.Time) error {
	const where = "an administrator can change it in jeton.toml"
	switch {
	case p.LongestLife > 0 && (end.IsZero() || end.Sub(made) > p.LongestLife):
		return fmt.Errorf("%w: a token lives %s at most on this server (setting token.longest_life; %s); choose an earlier end",
			ErrBadRequest, Span(p.LongestLife), where)
	case p.ForbidNever && end.IsZero():
		return fmt.Errorf("%w: a token must have an end on this server (setting token.allow_never; %s)", ErrBadRequest, where)
	}
	return nil
}

// latest is the end of a token made at a moment that should end at another (zero is never): that, or earlier where the
// policy wants it. Where never is forbidden and nothing else is said, it is that of DefaultExpiry.
func (p Policy) latest(made, end time.Time) time.Time {
	if end.IsZero() && p.ForbidNever && p.LongestLife == 0 {
		return made.Add(defaultLife)
	}
	if limit := made.Add(p.LongestLife); p.LongestLife > 0 && (end.IsZero() || end.After(limit)) {
		return limit
	}
	return end
}

// Span is a length of time as people choose it for a token: 90d, 36h, 5m.
func Span(d time.Duration) string {
	switch {
	case d >= day && d%day == 0:
		return fmt.Sprintf("%dd", d/day)
	case d >= time.Hour && d%time.Hour == 0:
		return fmt.Sprintf("%dh", d/time.Hour)
	case d >= time.Minute && d%time.Minute == 0:
		return fmt.Sprintf("%dm", d/time.Minute)
	}
	return d.String()
}

// DefaultEnd is when a token ends where nobody says: DefaultExpiry from now, or earlier where the policy or the token
// that makes it (nil for none) ends earlier.
func (s *Store) DefaultEnd(by *Token) time.Time {
	now := s.now()
	end := s.policy.latest(now, now.Add(defaultLife))
	if by != nil && !by.ExpiresAt.IsZero() && by.ExpiresAt.Before(end) {
		end = by.ExpiresAt
	}
	return end
}

// kept is how long a token stays in lists after its end, so that people can see what was; keptBrief how long one does that
// belongs to a place and was made for an hour at most, as web hooks make them by the thousand.
const (
	kept      = 365 * day
	keptBrief = day
)

// keeps is how long a token stays in lists after its end.
func keeps(t Token) time.Duration {
	if (t.Deploy != Deploy{}) && !t.ExpiresAt.IsZero() && t.ExpiresAt.Sub(t.CreatedAt) <= time.Hour {
		return keptBrief
	}
	return kept
}

// batch is how many tokens one transaction of a sweep or of RevokeAll changes.
const batch = 500

// Swept counts what a Sweep has done.
type Swept struct {
	// Forgotten are removed, a year after their end; Shortened end earlier than was promised; Unused were revoked.
	Forgotten, Shortened, Unused int
}

// itself is the server as an actor.
func itself() audit.Actor { return audit.Actor{Name: "jeton", Door: "server"} }

// Sweep does what time and policy ask for: it forgets tokens that ended a year ago, shortens those that live longer
// than the policy allows now, and ends those that nobody uses. Owners of the latter two are told (Options.Tell). It is
// for a daily run.
func (s *Store) Sweep(ctx context.Context) (Swept, error) {
	now := s.now()
	var done Swept
	var forget, shorten, unused []Token
	for _, t := range s.List("") {
		switch {
		case !t.end().IsZero() && now.Sub(t.end()) >= keeps(t):
			forget = append(forget, t)
		case t.State(now) != Live:
		case s.policy.Unused > 0 && now.Sub(t.LastSign()) >= s.policy.Unused:
			unused = append(unused, t)
		case !s.shortened(t, now).Equal(t.ExpiresAt):
			shorten = append(shorten, t)
		}
	}
	var err error
	if done.Forgotten, err = s.each(ctx, forget, s.forget); err != nil {
		return done, fmt.Errorf("forget tokens that ended long ago: %w", err)
	}
	if done.Unused, err = s.each(ctx, unused, s.endUnused); err != nil {
		return done, fmt.Errorf("end tokens that nobody uses: %w", err)
	}
	if done.Shortened, err = s.each(ctx, shorten, s.shorten); err != nil {
		return done, fmt.Errorf("shorten tokens: %w", err)
	}
	return done, nil
}

// LastSign is when a token was last used, or made.
func (t Token) LastSign() time.Time {
	if t.LastUsedAt.After(t.CreatedAt) {
		return t.LastUsedAt
	}
	return t.CreatedAt
}

// shortened is when a token ends by the policy: never before the notice is over, and never later than it does now.
func (s *Store) shortened(t Token, now time.Time) time.Time {
	if s.policy.LongestLife == 0 {
		return t.ExpiresAt
	}
	end := s.policy.latest(t.CreatedAt, t.ExpiresAt)
	if soonest := now.Add(s.policy.Notice); end.Before(soonest) {
		end = soonest
	}
	if !t.ExpiresAt.IsZero() && !end.Before(t.ExpiresAt) {
		return t.ExpiresAt
	}
	return end
}

// each does something with every token of a list, in transactions of a batch each. do tells whether it changed one;
// why is what its owner is told then. The result is how many were changed.
func (s *Store) each(ctx context.Context, list []Token, do func(context.Context, *db.Tx, Token) (Why, error)) (int, error) {
	n := 0
	for len(list) > 0 {
		some := list[:min(batch, len(list))]
		list = list[len(some):]
		var changed []Event
		err := s.db.Write(ctx, func(tx *db.Tx) error {
			changed = changed[:0]
			for _, t := range some {
				why, err := do(ctx, tx, t)
				if err != nil {
					return fmt.Errorf("token %s: %w", t.ID, err)
				}
				if why != "" {
					changed = append(changed, Event{Token: t, Why: why})
				}
			}
			return nil
		})
		if err != nil {
			return n, err
		}
		n += len(changed)
		s.told(changed)
	}
	return n, nil
}

func (s *Store) forget(ctx context.Context, tx *db.Tx, t Token) (Why, error) {
	if err := tx.Tokens().Delete(ctx, t.ID); err != nil {
		return unlessGone("", err)
	}
	return forgotten, audit.Done(ctx, tx, itself(), "token.forget", t.ID, "it ended more than "+Span(keeps(t))+" ago")
}

// endUnused looks at the row once more: other nodes write uses that this one does not hear of.
func (s *Store) endUnused(ctx context.Context, tx *db.Tx, t Token) (Why, error) {
	row, err := tx.Tokens().ByID(ctx, t.ID)
	if err != nil || row.RevokedAt != nil || s.now().Sub(fromRow(row).LastSign()) < s.policy.Unused {
		return unlessGone("", err)
	}
	why := "unused for " + Span(s.policy.Unused)
	if _, err := tx.Tokens().Revoke(ctx, why, s.now(), t.ID); err != nil {
		return "", err
	}
	return Unused, audit.Done(ctx, tx, itself(), "token.revoke", t.ID, why)
}

func (s *Store) shorten(ctx context.Context, tx *db.Tx, t Token) (Why, error) {
	row, err := tx.Tokens().ByID(ctx, t.ID)
	if err != nil {
		return unlessGone("", err)
	}
	now := fromRow(row)
	end := s.shortened(now, s.now())
	if row.RevokedAt != nil || end.Equal(now.ExpiresAt) {
		return "", nil
	}
	if err := tx.Tokens().Expire(ctx, t.ID, end); err != nil {
		return "", err
	}
	return Shortened, audit.Done(ctx, tx, itself(), "token.shorten", t.ID,
		"ends "+end.UTC().Format(time.RFC3339)+", since the longest life is "+Span(s.policy.LongestLife))
}
