package tokens

import (
	"cmp"
	"context"
	"slices"
	"strings"
	"time"

	"jeton/auth/access"
	"jeton/auth/token"
	"jeton/web/api/method"
	"jeton/web/api/person"
)

// most is how many tokens one answer holds.
const most = 1000

type getArgs struct {
	User    *method.Ref `arg:"userid,optional" max:"255" doc:"Whose tokens: name or id of a person. Administrators alone name others."`
	All     bool        `arg:"all,optional" default:"false" doc:"Everybody's tokens, deploy tokens and decoys; for administrators."`
	Repo    *method.Ref `arg:"repoid,optional" max:"255" doc:"The deploy tokens of a repository that the caller administers, in the place of a person's."`
	Group   *method.Ref `arg:"repogroupid,optional" max:"255" doc:"The deploy tokens of a group of repositories that the caller administers."`
	Kind    string      `arg:"kind,optional" choices:"api,feed,vcs,web" doc:"Only those of a kind."`
	State   string      `arg:"state,optional" choices:"live,expired,revoked,rotated,decoy" doc:"Only those in a state."`
	MadeBy  string      `arg:"made_by,optional" max:"64" doc:"Only those that a token, named by its id, has made."`
	Expires string      `arg:"expires_within,optional" max:"20" doc:"Only live ones that end within a time such as 14d, the soonest first."`
	Unused  string      `arg:"unused_for,optional" max:"20" doc:"Only live ones that were made and last used longer ago than a time such as 90d, or were made then and never used; the longest unused first."`
	After   string      `arg:"after,optional" max:"64" doc:"Only those behind the one with this id, for the next page."`
	Limit   int64       `arg:"limit,optional" default:"1000" max:"1000" doc:"How many at most."`
}

func (o Options) get() method.Method {
	return method.Of(method.Method{Name: "get_auth_tokens", On: method.On{Kind: method.Open}, Right: token.RightTokens, New: true, REST: "GET auth_tokens",
		Doc: "Lists tokens, newest first: the caller's own, or those that the arguments name. The tokens themselves are stored nowhere. " +
			"A bound token is shown itself and what it has made. `expires_within` answers what must be renewed soon, `unused_for` what nobody needs any more.",
		Example: `{"expires_within": "14d"}`,
		Fails:   []string{others, "user `…` does not exist", "repository `…` does not exist", "repository group `…` does not exist", noToken},
	}, o.list)
}

func (o Options) list(_ context.Context, c *method.Call, in getArgs) ([]shown, error) {
	by, err := o.asking(c)
	if err != nil {
		return nil, err
	}
	all, err := o.candidates(c, by, in)
	if err != nil {
		return nil, err
	}
	if all, err = o.narrowed(all, in); err != nil {
		return nil, err
	}
	all = slices.DeleteFunc(all, func(t token.Token) bool { return !o.sees(c, by, t) })
	if all, err = page(all, in); err != nil {
		return nil, err
	}
	list := make([]shown, 0, len(all))
	for _, t := range all {
		list = append(list, o.shown(c, t))
	}
	return list, nil
}

// candidates are the tokens of whom, or of what, the arguments name.
func (o Options) candidates(c *method.Call, by token.Token, in getArgs) ([]token.Token, error) {
	if named := count(in.User != nil, in.All, in.Repo != nil, in.Group != nil); named > 1 {
		return nil, method.Fail(method.Invalid, "Name one of `userid`, `all`, `repoid` and `repogroupid`")
	}
	switch {
	case in.All:
		if !rules(c, by) {
			return nil, method.Fail(method.Denied, "Only an administrator's token with the right admin, bound to nothing, lists everybody's tokens")
		}
		return o.Tokens.List(""), nil
	case in.Repo != nil:
		r, err := c.SeenRepository(o.Places, *in.Repo, access.Admin)
		if err != nil {
			return nil, err
		}
		return o.Tokens.ListDeploy(token.Deploy{RepositoryID: r.ID}), nil
	case in.Group != nil:
		g, err := c.SeenGroup(o.Places, *in.Group, access.Admin)
		if err != nil {
			return nil, err
		}
		return o.Tokens.ListDeploy(token.Deploy{GroupID: g.ID}), nil
	case in.User != nil:
		u, err := person.As(c, o.People, *in.User, rules(c, by))
		if err != nil {
			return nil, err
		}
		return o.Tokens.List(u.ID), nil
	}
	return o.Tokens.List(c.Identity.UserID), nil
}

// narrowed are those of a list that the other arguments mean, in the order that they ask for.
func (o Options) narrowed(all []token.Token, in getArgs) ([]token.Token, error) {
	now := o.now()
	all = slices.DeleteFunc(all, func(t token.Token) bool {
		return in.Kind != "" && string(t.Kind) != in.Kind || in.State != "" && string(t.State(now)) != in.State || in.MadeBy != "" && t.CreatedByToken != in.MadeBy
	})
	if in.Unused != "" {
		span, err := spanOf("unused_for", in.Unused)
		if err != nil {
			return nil, err
		}
		all = slices.DeleteFunc(all, func(t token.Token) bool { return t.State(now) != token.Live || now.Sub(t.LastSign()) < span })
		slices.SortStableFunc(all, func(a, b token.Token) int { return a.LastSign().Compare(b.LastSign()) })
	}
	if in.Expires != "" {
		span, err := spanOf("expires_within", in.Expires)
		if err != nil {
			return nil, err
		}
		all = slices.DeleteFunc(all, func(t token.Token) bool {
			return t.State(now) != token.Live || t.Ends().IsZero() || t.Ends().After(now.Add(span))
		})
		slices.SortStableFunc(all, func(a, b token.Token) int { return cmp.Or(a.Ends().Compare(b.Ends()), strings.Compare(a.ID, b.ID)) })
	}
	return all, nil
}

func spanOf(arg, text string) (time.Duration, error) {
	span, err := token.ParseSpan(text)
	if err != nil {
		return 0, method.Fail(method.Invalid, "Invalid `%s` arg in JSON DATA: it is a time such as 14d, 12h or 1y", arg)
	}
	return span, nil
}

// page is the part of a list that after and limit mean.
func page(all []token.Token, in getArgs) ([]token.Token, error) {
	if in.After != "" {
		i := slices.IndexFunc(all, func(t token.Token) bool { return t.ID == in.After })
		if i < 0 {
			return nil, method.Fail(method.NotFound, "auth token `%s` does not exist in this list", in.After)
		}
		all = all[i+1:]
	}
	if in.Limit < 1 {
		return nil, method.Fail(method.Invalid, "Invalid `limit` arg in JSON DATA: it must be 1 to %d", most)
	}
	return all[:min(int64(len(all)), in.Limit)], nil
}

func count(all ...bool) (n int) {
	for _, is := range all {
		if is {
			n++
		}
	}
	return n
}
