package gate

import (
	"net/netip"

	"jeton/auth/signin"
	"jeton/auth/token"
)

// check is one thing that a genuine token must be, at a door and from an address; ask answers a *Refused where it is not.
type check struct {
	name string
	ask  func(g *Gate, s subject, from netip.Addr, q question) error
}

// checks are asked in this order (DESIGN: kind, alive, network, plug-in or view switched on, person active). What comes
// first is what is said.
var checks = []check{
	{"kind", func(g *Gate, s subject, _ netip.Addr, q question) error {
		if q.way.kind != "" && s.token.Kind != q.way.kind {
			return wrongKind(s.token.Kind, q.way, g.o.HowToMint(q.way.kind))
		}
		return nil
	}},
	{"alive", func(g *Gate, s subject, _ netip.Addr, _ question) error {
		switch s.token.State(g.o.Now()) {
		case token.Live:
			return nil
		case token.Revoked:
			return revoked(s.token.RevokedAt)
		case token.Rotated:
			return rotated(s.token.OverlapEnds)
		case token.Expired:
			return expired(s.token.ExpiresAt)
		}
		return badCredential("the token is in no state that is known")
	}},
	{"network", func(_ *Gate, s subject, from netip.Addr, _ question) error {
		if !s.token.Allows(from) {
			return wrongNetwork(from)
		}
		return nil
	}},
	{"switched on", func(g *Gate, s subject, _ netip.Addr, q question) error {
		switch {
		case q.door == Git && !g.o.SignIn.Enabled(signin.Token):
			return tokensOff()
		case q.door == View && !g.o.ViewOn(q.res.View, s.token.Line):
			return viewOff(q.res.View)
		}
		return nil
	}},
	{"owner active", func(_ *Gate, s subject, _ netip.Addr, _ question) error {
		if !s.user.Active && !s.deployToken() {
			return inactive(s.user.Name)
		}
		return nil
	}},
}
