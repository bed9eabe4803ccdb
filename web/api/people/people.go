// Package people has the methods about persons and user groups, in RhodeCode's words and shapes.
//
// Everybody may ask for themselves; the others are for administrators whose token has the right admin. What makes a
// credential (password, e-mail) is changed by a token with the right account, of oneself, or admin. A user group is shown
// to whoever may read it, and changed by whoever administers it.
package people

import (
	"context"
	"slices"
	"time"

	"jeton/auth/access"
	"jeton/auth/audit"
	"jeton/auth/token"
	"jeton/web/api/method"
	"jeton/web/api/person"
)

// Host deletes repositories; *host.Host does.
type Host interface {
	Delete(ctx context.Context, id string) error
}

// Options are what the methods need.
type Options struct {
	Users        *access.Users
	UserGroups   *access.UserGroups
	Repositories *access.Repositories
	Tokens       *token.Store
	Host         Host
	// Record reads the audit record, the youngest entries first.
	Record func(ctx context.Context, q audit.Query, limit int) ([]audit.Entry, error)
	// Note writes into the audit record what was done with the catalogue.
	Note func(ctx context.Context, by audit.Actor, action, resource, detail string) error
	// Create says who may make repositories.
	Create access.CreateRule
}

// Methods are all methods of this package.
func Methods(o Options) []method.Method {
	return slices.Concat(o.persons(), o.changes(), o.groups(), o.members(), o.permissions())
}

const (
	noUser      = "user `…` does not exist"
	notYourself = "userid is not the same as your user"
	noUserGroup = "user group `…` does not exist"
	denied      = "Access was denied to this resource. …"
)

func onPerson() method.On { return method.On{Kind: method.Person, Arg: "userid"} }

func (o Options) persons() []method.Method {
	fails := []string{notYourself, noUser}
	return []method.Method{
		method.Of(method.Method{Name: "get_user", On: onPerson(), REST: "GET users/{userid}", Fails: fails, Example: `{"userid": "ada"}`,
			Doc: "Shows a person, with what they may do with repositories, groups and user groups; the caller where `userid` is left out. Others are shown to administrators. Tokens are shown by their beginnings, never whole."}, o.get),
		method.Of(method.Method{Name: "get_users", On: method.On{Kind: method.Server}, Right: token.RightAdmin, REST: "GET users", Fails: []string{denied}, Example: `{}`,
			Doc: "Lists everybody, by name, without what they may do."}, o.list),
		method.Of(method.Method{Name: "get_user_locks", On: onPerson(), REST: "GET users/{userid}/locks", Fails: fails, Example: `{"userid": "ada"}`,
			Doc: "Lists the repositories that a person has locked, of those that the caller may read; see lock."}, o.locks),
		method.Of(method.Method{Name: "get_user_audit_logs", On: onPerson(), REST: "GET users/{userid}/audit_logs", Fails: fails, Example: `{"userid": "ada", "limit": 100}`,
			Doc: "Lists what a person did, as the audit record has it, the youngest first. get_audit_log tells more of each entry, and goes on where this ends."}, o.logs),
	}
}

type personArgs struct {
	User *method.Ref `arg:"userid,optional" doc:"Name or id of a person; the caller where it is left out."`
}

// Whole is a person with what they may do.
type Whole struct {
	person.User
	Permissions Summary `json:"permissions" doc:"The same as permissions_summary, for older clients."`
	Summary     Summary `json:"permissions_summary" doc:"What the person may do."`
}

// using puts in a person's tokens and when one was used last.
func using(s *person.User, tokens []token.Token, now time.Time) {
	var last time.Time
	for _, t := range tokens {
		if t.State(now) == token.Live {
			s.Tokens = append(s.Tokens, t.Hint)
		}
		if t.LastUsedAt.After(last) {
			last = t.LastUsedAt
		}
	}
	slices.Sort(s.Tokens)
	s.Keys, s.Activity = s.Tokens, method.TimeOf(last)
}

func (o Options) get(ctx context.Context, c *method.Call, _ personArgs) (Whole, error) {
	s := person.Show(c, c.Person)
	using(&s, o.Tokens.List(c.Person.ID), time.Now())
	logins, err := o.Record(ctx, audit.Query{UserID: c.Person.ID, Action: "sign-in", Outcome: "done"}, 1)
	if err != nil {
		return Whole{}, err
	}
	if len(logins) > 0 {
		s.Login = method.TimeOf(logins[0].At)
	}
	may := o.summary(c.Person)
	return Whole{s, may, may}, nil
}

type noArgs struct{}

func (o Options) list(_ context.Context, c *method.Call, _ noArgs) ([]person.User, error) {
	of := map[string][]token.Token{}
	for _, t := range o.Tokens.List("") {
		of[t.UserID] = append(of[t.UserID], t)
	}
	now, everybody := time.Now(), o.Users.List()
	list := make([]person.User, len(everybody))
	for i, u := range everybody {
		list[i] = person.Show(c, u)
		using(&list[i], of[u.ID], now)
	}
	return list, nil
}
