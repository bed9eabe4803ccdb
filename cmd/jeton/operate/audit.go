package operate

import (
	"context"
	"errors"
	"time"

	"jeton/auth/audit"
	"jeton/auth/notice"
	"jeton/cmd/jeton/control"
)

// AuditQuery are the arguments of audit.list. After is the number of an entry, and those behind it are listed, the oldest
// first; Before likewise, and those before it, the youngest first. With neither, the youngest are. Limit 0 means 50, and
// 1,000 is the most.
type AuditQuery struct {
	User       string     `json:"user,omitempty"`
	Action     string     `json:"action,omitempty"`
	Resource   string     `json:"resource,omitempty"`
	Outcome    string     `json:"outcome,omitempty"`
	Credential string     `json:"credential,omitempty"`
	Address    string     `json:"address,omitempty"`
	Since      *time.Time `json:"since,omitempty"`
	Until      *time.Time `json:"until,omitempty"`
	After      *int64     `json:"after,omitempty"`
	Before     int64      `json:"before,omitempty"`
	Limit      int        `json:"limit,omitempty"`
}

// KeptHead are the arguments of audit.verify: a head that was kept elsewhere, "" for none.
type KeptHead struct {
	Head string `json:"head"`
}

// Head is the result of audit.head.
type Head struct {
	Head string `json:"head"`
}

// Verified is the result of audit.verify.
type Verified struct {
	Entries int64  `json:"entries"`
	First   int64  `json:"first"`
	Older   int64  `json:"older"`
	Head    string `json:"head"`
}

// someAudited is how many entries audit.list lists where nothing else is asked.
const someAudited = 50

// audited registers the operations about the audit record, and about notices.
func (o operator) audited(r control.Registry) {
	handle(r, "audit.list", o.auditList)
	handle(r, "audit.head", func(ctx context.Context, _ audit.Actor, _ Nothing) (Head, error) {
		h, err := o.s.Record().Head(ctx)
		return Head{h.String()}, err
	})
	handle(r, "audit.verify", o.auditVerify)
	handle(r, "notice.test", func(ctx context.Context, by audit.Actor, _ Nothing) (Nothing, error) {
		err := o.s.Try(ctx, by.Name)
		if errors.Is(err, notice.ErrNotConfigured) {
			return Nothing{}, control.Fail(control.Refused, "%v", err)
		}
		return Nothing{}, err
	})
}

func (o operator) auditList(ctx context.Context, _ audit.Actor, q AuditQuery) ([]audit.Entry, error) {
	switch {
	case q.Limit == 0:
		q.Limit = someAudited
	case q.Limit < 0 || q.Limit > mostEntries:
		return nil, control.Fail(control.Invalid, "%d entries cannot be listed at once; 1 to %d can", q.Limit, mostEntries)
	}
	asked := audit.Query{User: q.User, Action: q.Action, Resource: q.Resource, Outcome: q.Outcome, Credential: q.Credential, Remote: q.Address, Before: q.Before}
	if q.Since != nil {
		asked.Since = *q.Since
	}
	if q.Until != nil {
		asked.Until = *q.Until
	}
	if q.After != nil {
		asked.After = *q.After
		return o.s.Record().Find(ctx, asked, q.Limit)
	}
	return o.s.Record().Latest(ctx, asked, q.Limit)
}

func (o operator) auditVerify(ctx context.Context, _ audit.Actor, k KeptHead) (Verified, error) {
	var kept audit.Head
	if k.Head != "" {
		var err error
		if kept, err = audit.ParseHead(k.Head); err != nil {
			return Verified{}, control.Fail(control.Invalid, "%v", err)
		}
	}
	report, err := o.s.Record().Verify(ctx, kept)
	var broken *audit.Broken
	if errors.As(err, &broken) || errors.Is(err, audit.ErrTooOld) {
		return Verified{}, control.Fail(control.Refused, "%v", err)
	}
	return Verified{Entries: report.Entries, First: report.First, Older: report.Older, Head: report.Head.String()}, err
}
