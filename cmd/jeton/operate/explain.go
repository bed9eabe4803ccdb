package operate

import (
	"context"
	"net/netip"

	"jeton/auth/audit"
	"jeton/auth/gate"
	"jeton/auth/token"
	"jeton/cmd/jeton/control"
)

// Explain are the arguments of token.explain: a token by its id or its text, and what it would do. From is an address;
// "" is one that is not known.
type Explain struct {
	Token string `json:"token"`
	Repo  string `json:"repo"`
	View  string `json:"view"`
	From  string `json:"from"`
	Write bool   `json:"write"`
}

// Explanation is what a token may do now, check by check.
type Explanation struct {
	ID      string  `json:"id"`
	Owner   string  `json:"owner"`
	Allowed bool    `json:"allowed"`
	Checks  []Check `json:"checks"`
}

// Check is one of them.
type Check struct {
	Name string `json:"name"`
	OK   bool   `json:"ok"`
	Why  string `json:"why"`
}

// explain registers the operation.
func (o operator) explain(r control.Registry) {
	handle(r, "token.explain", func(ctx context.Context, _ audit.Actor, n Explain) (Explanation, error) {
		q := gate.Query{TokenID: n.Token, Repo: n.Repo, View: n.View}
		if n.Write {
			q.Access = gate.Write
		}
		var err error
		if token.Looks(n.Token) {
			if q.Secret, err = token.Parse(n.Token); err != nil {
				return Explanation{}, control.Fail(control.Invalid, "this looks like the text of a token and is none: a character is missing or wrong")
			}
		}
		if n.From != "" {
			if q.From, err = netip.ParseAddr(n.From); err != nil {
				return Explanation{}, control.Fail(control.Invalid, "%q is no address, such as 192.0.2.7 or 2001:db8::7", n.From)
			}
		}
		e, err := o.s.Gate.Explain(ctx, q)
		shown := Explanation{ID: e.Token.ID, Owner: e.Owner, Allowed: e.Allowed, Checks: []Check{}}
		for _, s := range e.Steps {
			shown.Checks = append(shown.Checks, Check(s))
		}
		return shown, err
	})
}
