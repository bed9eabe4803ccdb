package operate

import (
	"context"
	"time"

	"jeton/auth/audit"
	"jeton/auth/token"
	"jeton/cmd/jeton/control"
)

// NewToken are the arguments of token.create. Access is write for vcs and api tokens and read for others where it is
// empty; Expires is as token.ParseExpiry reads it, or a Go duration.
type NewToken struct {
	User         string   `json:"user"`
	Kind         string   `json:"kind"`
	Label        string   `json:"label"`
	Repositories []string `json:"repositories"`
	Access       string   `json:"access"`
	Expires      string   `json:"expires"`
}

// Token is a token as commands show one. Secret is set once, by token.create.
type Token struct {
	ID           string     `json:"id"`
	Secret       string     `json:"token,omitempty"`
	User         string     `json:"user"`
	Kind         string     `json:"kind"`
	Label        string     `json:"label"`
	Hint         string     `json:"hint"`
	Access       string     `json:"access"`
	Repositories []string   `json:"repositories,omitempty"`
	State        string     `json:"state"`
	CreatedAt    time.Time  `json:"created_at"`
	ExpiresAt    *time.Time `json:"expires_at"`
	RevokedAt    *time.Time `json:"revoked_at,omitempty"`
	LastUsedAt   *time.Time `json:"last_used_at,omitempty"`
	LastUsedFrom string     `json:"last_used_from,omitempty"`
	Uses         int64      `json:"uses"`
}

func (o operator) shownToken(t token.Token) Token {
	v := Token{ID: t.ID, User: o.userName(t.UserID), Kind: string(t.Kind), Label: t.Label, Hint: t.Hint, Access: string(t.Access),
		State: string(t.State(time.Now())), CreatedAt: t.CreatedAt, ExpiresAt: when(t.ExpiresAt), RevokedAt: when(t.RevokedAt),
		LastUsedAt: when(t.LastUsedAt), LastUsedFrom: t.LastUsedFrom, Uses: t.Uses}
	for _, id := range t.Repositories {
		path := id
		if r, ok := o.s.Access.ByID(id); ok {
			path = r.Path
		}
		v.Repositories = append(v.Repositories, path)
	}
	return v
}

func when(t time.Time) *time.Time {
	if t.IsZero() {
		return nil
	}
	return &t
}

// credentials registers the operations about tokens, keys and sign-in methods.
func (o operator) credentials(r control.Registry) {
	o.keys(r)
	o.signIn(r)
	handle(r, "token.create", o.mint)
	handle(r, "token.list", func(_ context.Context, _ audit.Actor, n Named) ([]Token, error) {
		id, err := o.userID(n.Name)
		list := []Token{}
		for _, t := range o.s.Tokens.List(id) {
			list = append(list, o.shownToken(t))
		}
		return list, err
	})
	handle(r, "token.show", func(_ context.Context, _ audit.Actor, n Named) (Token, error) {
		t, ok := o.s.Tokens.Show(n.Name)
		if !ok {
			return Token{}, token.ErrNotFound
		}
		return o.shownToken(t), nil
	})
	handle(r, "token.revoke", func(ctx context.Context, by audit.Actor, n Named) (Nothing, error) {
		return Nothing{}, o.s.Tokens.Revoke(ctx, by, n.Name)
	})
}

// userID is the id of a user name; "" for "", which lists read as everybody.
func (o operator) userID(name string) (string, error) {
	if name == "" {
		return "", nil
	}
	u, err := o.user(name)
	return u.ID, err
}

func (o operator) mint(ctx context.Context, by audit.Actor, n NewToken) (Token, error) {
	u, err := o.user(n.User)
	if err != nil {
		return Token{}, err
	}
	kind, err := token.ParseKind(n.Kind)
	if err != nil {
		return Token{}, control.Fail(control.Invalid, "%v", err)
	}
	q := token.Request{UserID: u.ID, Kind: kind, Label: n.Label, Access: token.Access(n.Access)}
	if n.Access == "" && (kind == token.VCS || kind == token.API) {
		q.Access = token.Write
	}
	if q.ExpiresAt, err = expiry(n.Expires); err != nil {
		return Token{}, err
	}
	for _, path := range n.Repositories {
		one, err := o.repo(ctx, path)
		if err != nil {
			return Token{}, err
		}
		q.Repositories = append(q.Repositories, one.ID)
	}
	t, secret, err := o.s.Tokens.Mint(ctx, by, q)
	if err != nil {
		return Token{}, err
	}
	v := o.shownToken(t)
	v.Secret = secret.Reveal()
	return v, nil
}

func expiry(choice string) (time.Time, error) {
	now := time.Now()
	if d, err := time.ParseDuration(choice); err == nil && d > 0 {
		return now.Add(d).UTC(), nil
	}
	return token.ParseExpiry(choice, now)
}
