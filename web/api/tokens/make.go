package tokens

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"time"

	"jeton/auth/access"
	"jeton/auth/token"
	"jeton/web/api/method"
	"jeton/web/api/person"
)

type createArgs struct {
	Label           string      `arg:"label" max:"400" doc:"What it is for: 1 to 100 characters."`
	Kind            string      `arg:"kind" choices:"api,feed,vcs,web" doc:"What it opens. RhodeCode's role all is one token of each kind: ask once for each."`
	User            *method.Ref `arg:"userid,optional" max:"255" doc:"Whose it is to be; administrators alone name others. The caller's where nothing is named."`
	Service         string      `arg:"service,optional" max:"255" doc:"Name of a service account whose it is to be, in the place of userid; the account is made where there is none. For administrators."`
	DeployRepo      *method.Ref `arg:"deploy_repoid,optional" max:"255" doc:"A repository, administered by the caller, to which it belongs as its deploy token, and to nobody."`
	DeployGroup     *method.Ref `arg:"deploy_repogroupid,optional" max:"255" doc:"A group of repositories to which it belongs as its deploy token; the caller administers all that lies in it."`
	Repositories    []string    `arg:"repositories,optional" sep:"," max:"258" doc:"What it is bound to: paths or ids of repositories, and of groups with /** behind them. Nothing is all that its owner reaches, or what the calling token is bound to."`
	Access          string      `arg:"access,optional" choices:"read,write" doc:"read or write. Left out, vcs and api tokens write; feed and web tokens only read."`
	Refs            []string    `arg:"refs,optional" max:"1024" doc:"Patterns of the refs that a vcs token writes, such as refs/heads/renovate/*; none is all."`
	FastForwardOnly bool        `arg:"fast_forward_only,optional" default:"false" doc:"It moves refs forward alone."`
	NoDelete        bool        `arg:"no_delete,optional" default:"false" doc:"It deletes no refs."`
	Rights          []string    `arg:"rights,optional" sep:"," choices:"tokens,account,admin" doc:"What an api token may do besides; none by default."`
	Expires         any         `arg:"expires,optional" doc:"When it ends: seconds from now, a time such as 30d or 12h, a date, or never. 90d where it is left out, or earlier where the calling token ends earlier or the server wants it."`
	Networks        []string    `arg:"networks,optional" sep:"," max:"64" doc:"The only networks that it is taken from, as CIDR; none is those of the calling token."`
}

// issued is a token that was made, with its text.
type issued struct {
	shown
	Token string `json:"auth_token" doc:"The token. It is shown this once."`
}

func (o Options) create() method.Method {
	return method.Of(method.Method{Name: "create_auth_token", On: method.On{Kind: method.Open}, Changes: true, Right: token.RightTokens, New: true, REST: "POST auth_tokens",
		Doc: "Makes a token and answers it, once. It gives nothing that the calling token does not give itself: its repositories, networks, rights and end lie within those of the calling token, " +
			"and its owner is the same, or with the right admin anybody.",
		Example: `{"label": "build", "kind": "vcs", "repositories": ["team/app", "libs/**"], "access": "read", "expires": "30d"}`,
		Fails: []string{"such a token cannot be made: …", "a token makes none that gives more than it does itself: …", others, "user `…` does not exist",
			"repository `…` does not exist", "repository group `…` does not exist"},
	}, o.mint)
}

func (o Options) mint(ctx context.Context, c *method.Call, in createArgs) (issued, error) {
	by, err := o.asking(c)
	if err != nil {
		return issued{}, err
	}
	q := token.Request{Kind: token.Kind(in.Kind), Label: in.Label, Access: token.Access(in.Access), By: &by,
		Refs: token.Refs{Patterns: in.Refs, FastForwardOnly: in.FastForwardOnly, NoDelete: in.NoDelete}}
	for _, r := range in.Rights {
		q.Rights = append(q.Rights, token.Right(r))
	}
	if in.Access == "" && (q.Kind == token.VCS || q.Kind == token.API) {
		q.Access = token.Write
	}
	if q.Networks, err = token.ParseNetworks(in.Networks); err != nil {
		return issued{}, unmade(err)
	}
	if q.ExpiresAt, err = o.end(in.Expires, by); err != nil {
		return issued{}, err
	}
	if err := o.bind(c, in.Repositories, &q); err != nil {
		return issued{}, err
	}
	if err := o.owner(ctx, c, by, in, &q); err != nil {
		return issued{}, err
	}
	t, secret, err := o.Tokens.Mint(ctx, c.Actor, q)
	if err != nil {
		return issued{}, unmade(err)
	}
	return issued{o.shown(c, t), secret.Reveal()}, nil
}

// owner finds whose a token is to be.
func (o Options) owner(ctx context.Context, c *method.Call, by token.Token, in createArgs, q *token.Request) error {
	if count(in.User != nil, in.Service != "", in.DeployRepo != nil, in.DeployGroup != nil) > 1 {
		return method.Fail(method.Invalid, "A token belongs to a person, a service account, a repository or a group: name one of these")
	}
	switch {
	case in.User != nil:
		u, err := person.As(c, o.People, *in.User, rules(c, by))
		q.UserID = u.ID
		return err
	case in.Service != "":
		u, err := o.service(ctx, c, by, in.Service)
		q.UserID = u.ID
		return err
	case in.DeployRepo != nil:
		r, err := c.SeenRepository(o.Places, *in.DeployRepo, access.Admin)
		q.Deploy.RepositoryID = r.ID
		return err
	case in.DeployGroup != nil:
		g, err := c.SeenGroup(o.Places, *in.DeployGroup, access.Admin)
		q.Deploy.GroupID = g.ID
		return err
	}
	q.UserID = c.Identity.UserID
	return nil
}

// service is the service account of a name, made where nobody has it.
func (o Options) service(ctx context.Context, c *method.Call, by token.Token, name string) (access.User, error) {
	if !rules(c, by) {
		return access.User{}, method.Fail(method.Denied, "Only an administrator's token with the right admin, bound to nothing, makes tokens of service accounts")
	}
	u, ok := o.People.ByName(name)
	switch {
	case ok && u.Service:
		return u, nil
	case ok:
		return access.User{}, method.Fail(method.Conflict, "user `%s` is a person and no service account; name them by `userid`", name)
	}
	u, err := o.People.Create(ctx, c.Actor, access.NewUser{Name: name, Service: true})
	if errors.Is(err, access.ErrBadName) || errors.Is(err, access.ErrTaken) {
		return access.User{}, method.Fail(method.Invalid, "failed to create user `%s`: %v", name, err)
	}
	return u, err
}

// bind finds the repositories and groups that a token is to be bound to.
func (o Options) bind(c *method.Call, places []string, q *token.Request) error {
	for _, typed := range places {
		path, isGroup := strings.CutSuffix(typed, everything)
		if !isGroup {
			r, err := c.SeenRepository(o.Places, method.Ref(path), access.Read)
			if err != nil {
				return err
			}
			q.Repositories = append(q.Repositories, r.ID)
			continue
		}
		g, ok := o.Places.FindGroup(path)
		if !ok || !o.knows(c, g) {
			return method.NoGroup(method.Ref(path))
		}
		q.Groups = append(q.Groups, g.ID)
	}
	return nil
}

// end is when a token is to end: seconds as a number or a text, or what token.ParseExpiry reads.
func (o Options) end(given any, by token.Token) (time.Time, error) {
	if given == nil {
		return o.Tokens.DefaultEnd(&by), nil
	}
	text, err := timeOf(given)
	if err != nil {
		return time.Time{}, method.Fail(method.Invalid, "Invalid `expires` arg in JSON DATA: %v", err)
	}
	end, err := token.ParseExpiry(text, o.now())
	if err != nil || text == "" {
		return time.Time{}, method.Fail(method.Invalid, "Invalid `expires` arg in JSON DATA: it is seconds, a time such as 5m, 1h, 30d or 1y, a date such as 2027-01-31 that is to come, or never")
	}
	return end, nil
}

// timeOf is a time as text, that came as a string or as a number of seconds.
func timeOf(given any) (string, error) {
	switch v := given.(type) {
	case string:
		return v, nil
	case json.Number:
		return v.String(), nil
	}
	return "", fmt.Errorf("it must be a string or a number of seconds")
}

// unmade says why a token was not made; a failure of the server stays one.
func unmade(err error) error {
	switch {
	case errors.Is(err, token.ErrBeyond):
		return method.Fail(method.Denied, "%v", err)
	case errors.Is(err, token.ErrBadRequest), errors.Is(err, token.ErrBadNetwork), errors.Is(err, token.ErrBadExpiry):
		return method.Fail(method.Invalid, "%v", err)
	case errors.Is(err, token.ErrRotated):
		return method.Fail(method.Conflict, "%v", err)
	case errors.Is(err, token.ErrNotFound): // swept since it was found
		return method.Fail(method.NotFound, "the auth token does not exist any more")
	}
	return err
}
