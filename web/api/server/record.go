package server

import (
	"context"
	"time"

	"jeton/auth/audit"
	"jeton/auth/gate"
	"jeton/auth/token"
	"jeton/web/api/method"
)

func (o Options) auditLog() method.Method {
	return method.Of(method.Method{Name: "get_audit_log", On: method.On{Kind: method.Person, Arg: "userid"}, New: true, REST: "GET audit_log",
		Doc: "Lists the audit record: for administrators, whose token has the right admin, everybody's entries or one person's; for others what was done in their own name. " +
			"With `after` the entries behind that one, the oldest first; without it the youngest first. Of what was refused, others than administrators are not told the reason.",
		Example: `{"after": 0, "action": "token.*", "limit": 100}`, Fails: []string{"userid is not the same as your user", "user `…` does not exist"},
	}, o.entries)
}

type auditArgs struct {
	After    *int64      `arg:"after,optional" doc:"The number of an entry: those behind it, the oldest first; 0 begins at the first."`
	User     *method.Ref `arg:"userid,optional" max:"255" doc:"Whose entries: name or id of a person. Administrators who leave it out are shown everybody's, others their own."`
	Action   string      `arg:"action,optional" max:"300" doc:"Such as token.revoke; with * at its end all that begins so."`
	Resource string      `arg:"resource,optional" max:"300" doc:"What it was about; with * at its end all that begins so. For administrators."`
	Since    string      `arg:"since,optional" max:"40" doc:"From when on: a time, a date, or how long ago."`
	Until    string      `arg:"until,optional" max:"40" doc:"Before when."`
	Limit    int64       `arg:"limit,optional" default:"100" max:"1000" doc:"How many at most."`
}

type entry struct {
	Seq        int64     `json:"seq" doc:"The entry's number."`
	On         time.Time `json:"date" doc:"When (RFC 3339)."`
	User       string    `json:"username" doc:"Who; empty for the server itself."`
	UserID     string    `json:"user_id" doc:"Their id; empty for the server, its command line, and credentials of nobody."`
	Credential string    `json:"credential" doc:"With what, such as token:… and the token's id."`
	Door       string    `json:"door" doc:"git, api, feed, view, ssh, page, command or server."`
	Action     string    `json:"action" doc:"What."`
	Resource   string    `json:"resource" doc:"About what."`
	Outcome    string    `json:"outcome" doc:"done, or the code of a refusal."`
	Detail     string    `json:"detail" doc:"More about it, for people."`
	Address    string    `json:"ip_addr" doc:"From where."`
	Hash       string    `json:"hash" doc:"The entry's hash, for administrators."`
}

func (o Options) entries(ctx context.Context, c *method.Call, in auditArgs) ([]entry, error) {
	q, err := queryOf(c, in)
	if err != nil {
		return nil, err
	}
	read := o.Record.Latest
	if in.After != nil {
		read = o.Record.Find
	}
	rows, err := read(ctx, q, int(in.Limit))
	if err != nil {
		return nil, err
	}
	list := make([]entry, 0, len(rows))
	for _, e := range rows {
		seen := true
		if !c.Admin() { // nobody asks by a name that is taken out here either
			e, seen = gate.OwnEntry(e, o.decoy)
		}
		if seen {
			list = append(list, entry{e.Seq, e.At, e.User, e.UserID, e.Credential, e.Door, e.Action, e.Resource, e.Outcome, e.Detail, e.Address, e.Hash})
		}
	}
	return list, nil
}

func queryOf(c *method.Call, in auditArgs) (q audit.Query, err error) {
	q = audit.Query{Action: in.Action, Resource: in.Resource, UserID: c.Person.ID}
	switch {
	case c.Admin() && in.User == nil:
		q.UserID = ""
	case !c.Admin() && in.Resource != "":
		return q, method.Fail(method.Denied, "Only an administrator's token with the right admin asks by `resource`")
	}
	if in.Limit < 1 {
		return q, method.Fail(method.Invalid, "Invalid `limit` arg in JSON DATA: it must be 1 to 1000")
	}
	if in.After != nil {
		q.After = *in.After
	}
	if q.Since, err = moment("since", in.Since); err != nil {
		return q, err
	}
	q.Until, err = moment("until", in.Until)
	return q, err
}

// decoy tells whether a token is one.
func (o Options) decoy(id string) bool {
	t, _ := o.Tokens.ByID(id)
	return t.Decoy
}

func moment(arg, text string) (time.Time, error) {
	if text == "" {
		return time.Time{}, nil
	}
	t, err := token.ParseBefore(text, time.Now())
	if err != nil {
		return time.Time{}, method.Fail(method.Invalid, "Invalid `%s` arg in JSON DATA: it is a time such as 2026-11-26T12:00:00Z, a date, or how long ago, such as 90d", arg)
	}
	return t, nil
}
