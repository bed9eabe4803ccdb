package operate

import (
	"context"
	"strings"
	"time"

	"jeton/auth/audit"
	"jeton/auth/token"
	"jeton/cmd/jeton/control"
)

// NewToken are the arguments of token.create. Whose it is: one of User, DeployRepo and DeployGroup. Access is write for
// vcs and api tokens and read for others where it is empty; Expires is as token.ParseExpiry reads it, or a Go duration,
// and never for decoys where it is empty. A group is a path, with or without /** behind it.
type NewToken struct {
	User            string   `json:"user"`
	DeployRepo      string   `json:"deploy_repo,omitempty"`
	DeployGroup     string   `json:"deploy_group,omitempty"`
	Kind            string   `json:"kind"`
	Label           string   `json:"label"`
	Repositories    []string `json:"repositories"`
	Groups          []string `json:"groups,omitempty"`
	Access          string   `json:"access"`
	Refs            []string `json:"refs,omitempty"`
	FastForwardOnly bool     `json:"fast_forward_only,omitempty"`
	NoDelete        bool     `json:"no_delete,omitempty"`
	Rights          []string `json:"rights,omitempty"`
	Networks        []string `json:"networks,omitempty"`
	Expires         string   `json:"expires"`
	Decoy           bool     `json:"decoy,omitempty"`
}

// Token is a token as commands show one. Secret is set once, by token.create and token.rotate.
type Token struct {
	ID              string     `json:"id"`
	Secret          string     `json:"token,omitempty"`
	User            string     `json:"user,omitempty"`
	DeployRepo      string     `json:"deploy_repo,omitempty"`
	DeployGroup     string     `json:"deploy_group,omitempty"`
	Kind            string     `json:"kind"`
	Label           string     `json:"label"`
	Hint            string     `json:"hint"`
	Access          string     `json:"access"`
	Bound           bool       `json:"bound"`
	Repositories    []string   `json:"repositories,omitempty"`
	Groups          []string   `json:"groups,omitempty"`
	Refs            []string   `json:"refs,omitempty"`
	FastForwardOnly bool       `json:"fast_forward_only,omitempty"`
	NoDelete        bool       `json:"no_delete,omitempty"`
	Rights          []string   `json:"rights,omitempty"`
	Networks        []string   `json:"networks,omitempty"`
	State           string     `json:"state"`
	Line            string     `json:"line"`
	CreatedAt       time.Time  `json:"created_at"`
	CreatedBy       string     `json:"created_by"`
	CreatedFrom     string     `json:"created_from,omitempty"`
	CreatedByToken  string     `json:"created_by_token,omitempty"`
	ExpiresAt       *time.Time `json:"expires_at"`
	RevokedAt       *time.Time `json:"revoked_at,omitempty"`
	RevokedBy       string     `json:"revoked_by,omitempty"`
	Successor       string     `json:"successor,omitempty"`
	OverlapEnds     *time.Time `json:"overlap_ends,omitempty"`
	LastUsedAt      *time.Time `json:"last_used_at,omitempty"`
	LastUsedFrom    string     `json:"last_used_from,omitempty"`
	LastUsedDoor    string     `json:"last_used_door,omitempty"`
	Uses            int64      `json:"uses"`
	// Made are live tokens that this one made; token.show and token.revoke tell them.
	Made []string `json:"made,omitempty"`
}

// Owner is whose it is, in words.
func (t Token) Owner() string {
	switch {
	case t.DeployRepo != "":
		return "deploy:" + t.DeployRepo
	case t.DeployGroup != "":
		return "deploy:" + t.DeployGroup + "/**"
	}
	return t.User
}

// WhichTokens are the arguments of token.list and token.revoke-all; what is empty limits nothing. Before is as
// token.ParseExpiry reads a date or a time, or a span back from now such as 90d.
type WhichTokens struct {
	Name   string `json:"name"` // a user
	Repo   string `json:"repo,omitempty"`
	Group  string `json:"group,omitempty"`
	Before string `json:"before,omitempty"`
	MadeBy string `json:"made_by,omitempty"`
	Kind   string `json:"kind,omitempty"`  // token.list alone
	State  string `json:"state,omitempty"` // token.list alone
}

// RotateToken are the arguments of token.rotate. Overlap is a span such as 1h or 2d, "" for an hour, 0 for none.
type RotateToken struct {
	ID      string `json:"id"`
	Overlap string `json:"overlap,omitempty"`
	Key     string `json:"key,omitempty"`
}

// tokens registers the operations about tokens.
func (o operator) tokens(r control.Registry) {
	handle(r, "token.create", o.mint)
	handle(r, "token.list", o.listTokens)
	handle(r, "token.rotate", o.rotate)
	handle(r, "token.which", func(_ context.Context, _ audit.Actor, n WhichTokens) ([]Token, error) {
		w, err := o.which(n)
		if err != nil {
			return nil, err
		}
		list, err := o.s.Tokens.Which(w)
		return o.shownTokens(list), err
	})
	handle(r, "token.revoke-all", func(ctx context.Context, by audit.Actor, n WhichTokens) ([]Token, error) {
		w, err := o.which(n)
		if err != nil {
			return nil, err
		}
		list, err := o.s.Tokens.RevokeAll(ctx, by, w)
		return o.shownTokens(list), err
	})
	handle(r, "token.show", func(_ context.Context, _ audit.Actor, n Named) (Token, error) { return o.showToken(n.Name) })
	handle(r, "token.revoke", func(ctx context.Context, by audit.Actor, n Named) (Token, error) {
		if err := o.s.Tokens.Revoke(ctx, by, n.Name); err != nil {
			return Token{}, err
		}
		return o.showToken(n.Name)
	})
	handle(r, "token.revoke-with-made", func(ctx context.Context, by audit.Actor, n Named) ([]Token, error) {
		list, err := o.s.Tokens.RevokeWithMade(ctx, by, n.Name)
		return o.shownTokens(list), err
	})
}

func (o operator) showToken(id string) (Token, error) {
	t, ok := o.s.Tokens.Show(id)
	if !ok {
		return Token{}, token.ErrNotFound
	}
	v := o.shownToken(t)
	for _, made := range o.s.Tokens.Made(id) {
		v.Made = append(v.Made, made.ID)
	}
	return v, nil
}

func (o operator) listTokens(_ context.Context, _ audit.Actor, n WhichTokens) ([]Token, error) {
	w, err := o.which(n)
	if err != nil {
		return nil, err
	}
	list := []Token{}
	for _, t := range o.s.Tokens.List(w.UserID) {
		v := o.shownToken(t)
		if w.Means(t) && (n.Kind == "" || v.Kind == n.Kind) && (n.State == "" || v.State == n.State) &&
			(n.MadeBy == "" || t.CreatedByToken == n.MadeBy) {
			list = append(list, v)
		}
	}
	return list, nil
}

// which finds the ids of what is named.
func (o operator) which(n WhichTokens) (token.Which, error) {
	w := token.Which{MadeBy: n.MadeBy}
	var err error
	if w.UserID, err = o.userID(n.Name); err != nil {
		return w, err
	}
	if n.Repo != "" {
		r, ok := o.s.Access.ByPath(n.Repo)
		if !ok {
			return w, control.Fail(control.NotFound, "there is no repository %q", n.Repo)
		}
		w.RepositoryID = r.ID
	}
	if n.Group != "" {
		if w.GroupID, err = o.tokenGroup(n.Group); err != nil {
			return w, err
		}
	}
	if n.Before != "" {
		w.Before, err = token.ParseBefore(n.Before, time.Now())
	}
	return w, err
}

// tokenGroup is the id of a group, typed as a path or as path/**.
func (o operator) tokenGroup(path string) (string, error) {
	g, ok := o.s.Access.Group(strings.TrimSuffix(path, "/**"))
	if !ok {
		return "", control.Fail(control.NotFound, "there is no group of repositories %q", path)
	}
	return g.ID, nil
}

func (o operator) rotate(ctx context.Context, by audit.Actor, n RotateToken) (Token, error) {
	r := token.Rotation{IdempotencyKey: n.Key}
	var err error
	if n.Overlap != "" {
		if r.Overlap, err = token.ParseSpan(n.Overlap); err != nil {
			return Token{}, err
		}
		if r.Overlap == 0 {
			r.Overlap = token.NoOverlap
		}
	}
	t, secret, err := o.s.Tokens.Rotate(ctx, by, n.ID, r)
	if err != nil {
		return Token{}, err
	}
	v := o.shownToken(t)
	v.Secret = secret.Reveal()
	return v, nil
}

func (o operator) mint(ctx context.Context, by audit.Actor, n NewToken) (Token, error) {
	q, err := o.request(ctx, n)
	if err != nil {
		return Token{}, err
	}
	t, secret, err := o.s.Tokens.Mint(ctx, by, q)
	if err != nil {
		return Token{}, err
	}
	v := o.shownToken(t)
	v.Secret = secret.Reveal()
	return v, nil
}

// request finds the ids of what is named, and reads what was typed.
func (o operator) request(ctx context.Context, n NewToken) (q token.Request, err error) {
	q = token.Request{Label: n.Label, Access: token.Access(n.Access), Decoy: n.Decoy,
		Refs: token.Refs{Patterns: n.Refs, FastForwardOnly: n.FastForwardOnly, NoDelete: n.NoDelete}}
	if q.Kind, err = token.ParseKind(n.Kind); err != nil {
		return q, control.Fail(control.Invalid, "%v", err)
	}
	if err := o.owner(ctx, n, &q); err != nil {
		return q, err
	}
	if n.Access == "" && (q.Kind == token.VCS || q.Kind == token.API) {
		q.Access = token.Write
	}
	for _, path := range n.Repositories {
		one, err := o.repo(ctx, path)
		if err != nil {
			return q, err
		}
		q.Repositories = append(q.Repositories, one.ID)
	}
	for _, path := range n.Groups {
		id, err := o.tokenGroup(path)
		if err != nil {
			return q, err
		}
		q.Groups = append(q.Groups, id)
	}
	for _, word := range n.Rights {
		q.Rights = append(q.Rights, token.Right(word))
	}
	if q.Networks, err = token.ParseNetworks(n.Networks); err != nil {
		return q, err
	}
	q.ExpiresAt, err = o.expiry(n)
	return q, err
}

// owner finds whose the token will be.
func (o operator) owner(ctx context.Context, n NewToken, q *token.Request) error {
	switch {
	case n.DeployRepo != "":
		one, err := o.repo(ctx, n.DeployRepo)
		q.Deploy.RepositoryID = one.ID
		if err != nil || n.DeployGroup == "" && n.User == "" {
			return err
		}
	case n.DeployGroup != "":
		id, err := o.tokenGroup(n.DeployGroup)
		q.Deploy.GroupID = id
		if err != nil || n.User == "" {
			return err
		}
	case n.User == "":
		return control.Fail(control.Invalid, "say whose token it is: --user, --deploy-repo or --deploy-group")
	default:
		u, err := o.user(n.User)
		q.UserID = u.ID
		return err
	}
	return control.Fail(control.Invalid, "a token belongs to a person, a repository or a group: to one of these")
}

func (o operator) expiry(n NewToken) (time.Time, error) {
	now := time.Now()
	switch d, err := time.ParseDuration(n.Expires); {
	case n.Expires == "" && n.Decoy:
		return time.Time{}, nil
	case n.Expires == "":
		return o.s.Tokens.DefaultEnd(nil), nil
	case err == nil && d > 0:
		return now.Add(d).UTC(), nil
	}
	return token.ParseExpiry(n.Expires, now)
}

func (o operator) shownTokens(list []token.Token) []Token {
	shown := []Token{}
	for _, t := range list {
		shown = append(shown, o.shownToken(t))
	}
	return shown
}

func (o operator) shownToken(t token.Token) Token {
	v := Token{ID: t.ID, Kind: string(t.Kind), Label: t.Label, Hint: t.Hint, Access: string(t.Access), Bound: t.Bound,
		Refs: t.Refs.Patterns, FastForwardOnly: t.Refs.FastForwardOnly, NoDelete: t.Refs.NoDelete, Line: t.Line,
		State: string(t.State(time.Now())), CreatedAt: t.CreatedAt, CreatedBy: t.CreatedBy, CreatedFrom: t.CreatedFrom,
		CreatedByToken: t.CreatedByToken, ExpiresAt: when(t.ExpiresAt), RevokedAt: when(t.RevokedAt), RevokedBy: t.RevokedBy,
		Successor: t.Successor, OverlapEnds: when(t.OverlapEnds), LastUsedAt: when(t.LastUsedAt), LastUsedFrom: t.LastUsedFrom,
		LastUsedDoor: t.LastUsedDoor, Uses: t.Uses}
	switch {
	case t.UserID != "":
		v.User = o.userName(t.UserID)
	case t.Deploy.RepositoryID != "":
		v.DeployRepo = o.repoPath(t.Deploy.RepositoryID)
	default:
		v.DeployGroup = o.groupPath(t.Deploy.GroupID)
	}
	for _, id := range t.Repositories {
		v.Repositories = append(v.Repositories, o.repoPath(id))
	}
	for _, id := range t.Groups {
		v.Groups = append(v.Groups, o.groupPath(id)+"/**")
	}
	for _, r := range t.Rights {
		v.Rights = append(v.Rights, string(r))
	}
	for _, n := range t.Networks {
		v.Networks = append(v.Networks, n.String())
	}
	return v
}

// repoPath is a repository's path; its id where it is gone.
func (o operator) repoPath(id string) string {
	if r, ok := o.s.Access.ByID(id); ok {
		return r.Path
	}
	return id
}

// groupPath is a group's path; its id where it is gone.
func (o operator) groupPath(id string) string {
	if g, ok := o.s.Access.GroupByID(id); ok {
		return g.Path
	}
	return id
}

func when(t time.Time) *time.Time {
	if t.IsZero() {
		return nil
	}
	return &t
}
