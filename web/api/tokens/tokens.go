// Package tokens has the API's methods about tokens and SSH keys: which there are, making, replacing, ending and explaining
// them. All of them are Jeton's own.
//
// A credential never makes a stronger one: what a token makes, auth/token holds against the token that asks, inside the
// transaction that makes it. This package finds what is meant, and shows nobody what they may not know of:
//
//	a token of one's own             its owner's api token with the right tokens, bound to nothing
//	what a bound token has made      that token, and itself
//	a repository's or group's        whoever administers that
//	everybody's, and decoys          an administrator's token with the right admin, bound to nothing
//
// Whatever else is asked for does not exist.
package tokens

import (
	"context"
	"net/netip"
	"slices"
	"time"

	"jeton/auth/access"
	"jeton/auth/audit"
	"jeton/auth/gate"
	"jeton/auth/sshkey"
	"jeton/auth/token"
	"jeton/web/api/method"
)

// Tokens makes, finds and ends tokens; *token.Store does.
type Tokens interface {
	ByID(id string) (token.Token, bool)
	Show(id string) (token.Token, bool)
	Find(s token.Secret) (token.Token, bool)
	List(userID string) []token.Token
	ListDeploy(d token.Deploy) []token.Token
	Made(id string) []token.Token
	DefaultEnd(by *token.Token) time.Time
	Mint(ctx context.Context, by audit.Actor, q token.Request) (token.Token, token.Secret, error)
	Rotate(ctx context.Context, by audit.Actor, id string, r token.Rotation) (token.Token, token.Secret, error)
	RevokeEach(ctx context.Context, by audit.Actor, list []token.Token) ([]token.Token, error)
}

// Keys keeps SSH keys; *sshkey.Store does.
type Keys interface {
	ByID(id string) (sshkey.Entry, bool)
	List(userID string) []sshkey.Entry
	OfRepository(repoID string) []sshkey.Entry
	Add(ctx context.Context, by audit.Actor, userID, label, line string) (sshkey.Entry, error)
	AddDeploy(ctx context.Context, by audit.Actor, repoID string, a sshkey.Access, label, line string) (sshkey.Entry, error)
	Remove(ctx context.Context, by audit.Actor, id string) error
}

// People finds persons and makes service accounts; *access.Users does.
type People interface {
	ByID(id string) (access.User, bool)
	ByName(name string) (access.User, bool)
	Find(ref string) (access.User, bool)
	Create(ctx context.Context, by audit.Actor, n access.NewUser) (access.User, error)
}

// Places finds repositories and groups of them; *access.Repositories does.
type Places interface {
	ByID(id string) (access.Repository, bool)
	Find(ref string) (access.Repository, bool)
	GroupByID(id string) (access.Group, bool)
	FindGroup(ref string) (access.Group, bool)
	Below(groupID string) ([]access.Group, []access.Repository)
}

// Explainer tells what a token may do, check by check; *gate.Gate does.
type Explainer interface {
	Explain(ctx context.Context, q gate.Query) (gate.Explanation, error)
}

// Options are what the methods need; nothing of it is touched before one runs.
type Options struct {
	Tokens Tokens
	Keys   Keys
	People People
	Places Places
	Gate   Explainer
	// KeyAdded is told of a key that was added to an account, for its owner to hear of; nil: nobody wants to know.
	KeyAdded func(k sshkey.Entry, by audit.Actor)
	// Now is the clock; nil means time.Now.
	Now func() time.Time
}

func (o Options) now() time.Time {
	if o.Now == nil {
		return time.Now()
	}
	return o.Now()
}

// Methods are all methods of this package.
func Methods(o Options) []method.Method {
	return slices.Concat([]method.Method{o.get(), o.create(), o.rotate(), o.revoke(), o.explain()}, o.keyMethods())
}

const (
	// noToken stands for what is not there, and for what this caller may not know of.
	noToken = "auth token `…` does not exist"
	// others is RhodeCode's refusal to tell of other people.
	others = "userid is not the same as your user"
)

// asking is the token that a call came with, as it stands now.
func (o Options) asking(c *method.Call) (token.Token, error) {
	t, ok := o.Tokens.ByID(c.Identity.Proven.TokenID)
	if !ok {
		return token.Token{}, method.Fail(method.Credential, "Invalid API KEY")
	}
	return t, nil
}

// rules tells whether a call is an administrator's, and reaches everything.
func rules(c *method.Call, by token.Token) bool { return c.Admin() && !by.Bound }

// sees tells whether a call may know of a token.
func (o Options) sees(c *method.Call, by, t token.Token) bool {
	switch {
	case rules(c, by):
		return true
	case t.Decoy: // a list that told which of somebody's tokens are decoys would serve whoever has stolen one of them
		return false
	case by.Bound && t.ID != by.ID && t.CreatedByToken != by.ID:
		return false
	case t.Deploy.RepositoryID != "":
		return c.Sees(t.Deploy.RepositoryID, access.Admin)
	case t.Deploy.GroupID != "":
		return c.SeesGroup(t.Deploy.GroupID, access.Admin)
	}
	return t.UserID == c.Identity.UserID
}

// whichArg names one token, by its id or by its text.
type whichArg struct {
	Text string `arg:"auth_token,optional" max:"200" doc:"The token itself."`
	ID   string `arg:"auth_token_id,optional" max:"64" doc:"Its id, in the place of the token."`
}

// find is the token that is meant, where the caller may know of it.
func (o Options) find(c *method.Call, by token.Token, in whichArg) (token.Token, error) {
	var t token.Token
	found := false
	none := method.Fail(method.NotFound, "auth token `%s` does not exist", in.ID)
	switch {
	case (in.Text == "") == (in.ID == ""):
		return t, method.Fail(method.Invalid, "Name one token: by `auth_token`, or by `auth_token_id`")
	case in.Text != "":
		secret, err := token.Parse(in.Text)
		if err != nil {
			return t, method.Fail(method.Invalid, "Invalid `auth_token` arg in JSON DATA: it is no token of this server; a character is missing or wrong")
		}
		t, found = o.Tokens.Find(secret)
		none = method.Fail(method.NotFound, "auth token `%s` does not exist", secret.Hint())
	default:
		t, found = o.Tokens.ByID(in.ID)
	}
	if !found || !o.sees(c, by, t) {
		return token.Token{}, none
	}
	t, _ = o.Tokens.Show(t.ID)
	return t, nil
}

// shown is a token as replies have it.
type shown struct {
	ID               string     `json:"auth_token_id" doc:"The token's id."`
	Hint             string     `json:"hint" doc:"What may be shown of the token."`
	Label            string     `json:"label" doc:"What it is for."`
	Kind             string     `json:"kind" doc:"api, feed, vcs or web."`
	State            string     `json:"state" doc:"live, expired, revoked, rotated, or decoy."`
	User             *string    `json:"username" doc:"Whose it is; null for a deploy token."`
	DeployRepository *string    `json:"deploy_repository" doc:"Path of the repository that a deploy token belongs to."`
	DeployGroup      *string    `json:"deploy_repo_group" doc:"Path of the group that a deploy token belongs to."`
	Access           string     `json:"access" doc:"read or write."`
	Bound            bool       `json:"bound" doc:"Whether it touches only what is listed in repositories."`
	Repositories     []string   `json:"repositories" doc:"Paths of repositories, and of groups with /** behind them; those alone that the caller may read."`
	Refs             []string   `json:"refs" doc:"Patterns of the refs that it writes; none is all."`
	FastForwardOnly  bool       `json:"fast_forward_only" doc:"It moves refs forward alone."`
	NoDelete         bool       `json:"no_delete" doc:"It deletes no refs."`
	Rights           []string   `json:"rights" doc:"tokens, account, admin."`
	Networks         []string   `json:"networks" doc:"Those that it is taken from; none is all."`
	Line             string     `json:"line" doc:"The id of the first token of its rotations, by which branch rules name it."`
	CreatedOn        time.Time  `json:"created_on" doc:"When it was made (RFC 3339)."`
	CreatedBy        string     `json:"created_by" doc:"Who made it."`
	CreatedFrom      string     `json:"created_from" doc:"The address that it was made from; empty where none is known."`
	CreatedByToken   *string    `json:"created_by_token" doc:"The id of the token that made it; null where none did."`
	ExpiresOn        *time.Time `json:"expires_on" doc:"When it ends; null for never."`
	RevokedOn        *time.Time `json:"revoked_on" doc:"When it was revoked."`
	RevokedBy        string     `json:"revoked_by" doc:"Who or what revoked it."`
	Successor        *string    `json:"successor" doc:"The id of the token that it was rotated to."`
	OverlapEnds      *time.Time `json:"overlap_ends_on" doc:"Until when it works beside its successor."`
	LastUsedOn       *time.Time `json:"last_used_on" doc:"When it was last used; null for never. It is written once a minute."`
	LastUsedFrom     string     `json:"last_used_from" doc:"The address that it was last used from."`
	LastUsedDoor     string     `json:"last_used_door" doc:"git, api, feed or view."`
	Uses             int64      `json:"uses" doc:"How often it was used."`
}

func (o Options) shown(c *method.Call, t token.Token) shown {
	v := shown{ID: t.ID, Hint: t.Hint, Label: t.Label, Kind: string(t.Kind), State: string(t.State(o.now())), Access: string(t.Access), Bound: t.Bound,
		Repositories: o.paths(c, t), Refs: texts(t.Refs.Patterns), FastForwardOnly: t.Refs.FastForwardOnly, NoDelete: t.Refs.NoDelete,
		Rights: texts(t.Rights), Networks: []string{}, Line: t.Line, CreatedOn: t.CreatedAt.UTC(), CreatedBy: t.CreatedBy, CreatedFrom: t.CreatedFrom,
		CreatedByToken: unlessEmpty(t.CreatedByToken), ExpiresOn: when(t.ExpiresAt), RevokedOn: when(t.RevokedAt), RevokedBy: t.RevokedBy,
		Successor: unlessEmpty(t.Successor), OverlapEnds: when(t.OverlapEnds), LastUsedOn: when(t.LastUsedAt), LastUsedFrom: t.LastUsedFrom,
		LastUsedDoor: t.LastUsedDoor, Uses: t.Uses}
	for _, n := range t.Networks {
		v.Networks = append(v.Networks, n.String())
	}
	if u, ok := o.People.ByID(t.UserID); ok {
		v.User = &u.Name
	}
	if r, ok := o.Places.ByID(t.Deploy.RepositoryID); ok {
		v.DeployRepository = &r.Path
	}
	if g, ok := o.Places.GroupByID(t.Deploy.GroupID); ok {
		v.DeployGroup = &g.Path
	}
	return v
}

// paths are what a token is bound to, so far as the caller may read it: where somebody lost a permission, their old tokens
// must not tell them how a repository is called today.
func (o Options) paths(c *method.Call, t token.Token) []string {
	list := []string{}
	for _, id := range t.Repositories {
		if r, ok := o.Places.ByID(id); ok && c.Sees(id, access.Read) {
			list = append(list, r.Path)
		}
	}
	for _, id := range t.Groups {
		if g, ok := o.Places.GroupByID(id); ok && o.knows(c, g) {
			list = append(list, g.Path+everything)
		}
	}
	return list
}

// knows tells whether a caller may read a group, or something in it, by which they know its path.
func (o Options) knows(c *method.Call, g access.Group) bool {
	if c.SeesGroup(g.ID, access.Read) {
		return true
	}
	_, repos := o.Places.Below(g.ID)
	return slices.ContainsFunc(repos, func(r access.Repository) bool { return c.Sees(r.ID, access.Read) })
}

// everything stands behind a group's path and means all that lies in it.
const everything = "/**"

func texts[T ~string](list []T) []string {
	all := []string{}
	for _, one := range list {
		all = append(all, string(one))
	}
	return all
}

func when(t time.Time) *time.Time {
	if t.IsZero() {
		return nil
	}
	t = t.UTC()
	return &t
}

func unlessEmpty(s string) *string {
	if s == "" {
		return nil
	}
	return &s
}

// address reads the address that an argument names; the zero value for "".
func address(text string) (netip.Addr, error) {
	if text == "" {
		return netip.Addr{}, nil
	}
	a, err := netip.ParseAddr(text)
	if err != nil {
		return a, method.Fail(method.Invalid, "Invalid `ip` arg in JSON DATA: it is no address, such as 192.0.2.7 or 2001:db8::7")
	}
	return a, nil
}
