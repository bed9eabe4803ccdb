package door

import (
	"net/http"
	"net/url"

	"jeton/auth/gate"
)

// carried is what a request to a view or a feed comes with, wherever it stands: ?auth_token= or its old name api_key,
// X-Auth-Token, Authorization. The gate knows which of these places its door takes. No credential is a guest: cookies are
// nobody's yet. Its error is a *host.Refusal.
func (d *Door) carried(r *http.Request) (gate.Credential, error) {
	query, err := url.ParseQuery(r.URL.RawQuery)
	if err != nil { // what cannot be read might hold a credential, and is not passed over
		return gate.Credential{}, bad("What stands behind the ? of this address is not written as RFC 3986 has it.")
	}
	inQuery := append(query["auth_token"], query["api_key"]...)
	own, values := r.Header.Values("X-Auth-Token"), r.Header.Values("Authorization")
	c := gate.Credential{}
	switch {
	case len(inQuery)+len(own)+len(values) > 1:
		return c, bad("Two credentials came with one request. Send one.")
	case len(inQuery) == 1:
		c = gate.Credential{Secret: inQuery[0], Scheme: "query"}
	case len(own) == 1:
		c = gate.Credential{Secret: own[0], Scheme: "header"}
	case len(values) == 1:
		if c, err = authorization(r, values[0]); err != nil {
			return c, err
		}
	}
	c.Remote = d.Remote(r)
	return c, d.guesses.allow(c)
}
