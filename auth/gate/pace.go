package gate

import (
	"context"
	"time"

	"jeton/auth/audit"
)

// refusalTime is how long a refusal takes, from the question to the answer. Finding out that a token has expired takes
// some hundred nanoseconds more than finding out that there is none, and telling an alarm takes longer still; all of that
// is done within this time, and the rest is waited for. A wrong password takes longer (package signin).
const refusalTime = 2 * time.Millisecond

// refuse does what follows from a no: the record, the alarm, the wait. An error that is no refusal is not held up.
func (g *Gate) refuse(ctx context.Context, began time.Time, s subject, c Credential, q question, err error) {
	r := AsRefused(err)
	if r == nil || r.Code == NoCredential { // nobody has asked with a credential yet: so begins every clone
		return
	}
	what := q.res.Path + q.res.Object.Name // one of them at most
	if r, ok := g.o.Repositories.ByID(q.res.RepoID); ok {
		what = r.Path
	}
	g.record(s, c, q, what, r)
	g.alarm(ctx, s, c, q, what, r)
	g.wait(ctx, began)
}

// record writes a refusal into the audit record.
func (g *Gate) record(s subject, c Credential, q question, what string, r *Refused) {
	if g.o.Audit == nil {
		return
	}
	action := "sign-in"
	switch {
	case q.res.Object.Method != "":
		action = "api." + q.res.Object.Method
	case q.access != "":
		action = "repository." + string(q.access)
	}
	g.o.Audit.Refusal(audit.Event{
		Actor: audit.Actor{UserID: s.user.ID, Name: s.name(), Credential: s.credential(), Door: string(q.door),
			Remote: c.Remote},
		Action: action, Resource: what, Outcome: string(r.Code), Detail: r.Reason,
	})
}

// alarm tells of a token that nobody should use any more, or ever.
func (g *Gate) alarm(ctx context.Context, s subject, c Credential, q question, what string, r *Refused) {
	var kind AlarmKind
	switch {
	case s.token == nil:
		return
	case s.token.Decoy:
		kind = DecoyTried
	case r.Code == Rotated:
		kind = RotatedTried
	default:
		return
	}
	g.o.Notify(ctx, Alarm{Kind: kind, TokenID: s.token.ID, Label: s.token.Label, UserID: s.token.UserID, Door: q.door,
		Resource: what, Remote: c.Remote, At: g.o.Now()})
}

// wait lets the time of a refusal pass; a client that has gone is not waited for.
func (g *Gate) wait(ctx context.Context, began time.Time) {
	left := g.o.RefusalTime - time.Since(began)
	if left <= 0 {
		return
	}
	t := time.NewTimer(left)
	defer t.Stop()
	select {
	case <-t.C:
	case <-ctx.Done():
	}
}
