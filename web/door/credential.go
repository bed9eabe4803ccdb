package door

import (
	"net/http"
	"strings"

	"jeton/auth/gate"
	"jeton/auth/signin"
	"jeton/vcs/host"
)

// credential reads what a request to a git address presents (RFC 7617 Basic, RFC 6750 Bearer). No credential is a guest.
func credential(r *http.Request) (gate.Credential, error) {
	query := r.URL.Query()
	for _, name := range []string{"auth_token", "api_key"} {
		if query.Has(name) {
			return gate.Credential{}, bad("A token must not stand in the address of a git repository, where logs and " +
				".git/config keep it. Send it as the HTTP Basic password, with a credential helper.")
		}
	}
	if len(r.Header.Values("X-Auth-Token")) > 0 {
		return gate.Credential{}, bad("git does not read X-Auth-Token. Send the token as the HTTP Basic password or as Bearer.")
	}
	values := r.Header.Values("Authorization")
	switch len(values) {
	case 0:
		return gate.Credential{}, nil
	case 1:
		return authorization(r, values[0])
	}
	return gate.Credential{}, bad("Two credentials came with one request. Send one.")
}

// vouched is what a proxy may say of who has sent a request that brings no credential of its own. Only a trusted one is
// listened to, by the address of the connection itself: what anybody else writes into headers goes no further than here.
func (d *Door) vouched(r *http.Request) gate.Credential {
	at := peer(r)
	if !d.o.Proxies.Trusts(at) {
		return gate.Credential{}
	}
	return gate.Credential{Scheme: "vouched", Claim: &signin.Claim{Peer: at, Header: r.Header}}
}

// presented reads what a token that asks about itself comes with: Authorization, or X-Auth-Token.
func presented(r *http.Request) (gate.Credential, error) {
	query := r.URL.Query()
	if query.Has("auth_token") || query.Has("api_key") {
		return gate.Credential{}, bad("A token must not stand in an address, where logs keep it. Send it as Bearer, or in X-Auth-Token.")
	}
	values, own := r.Header.Values("Authorization"), r.Header.Values("X-Auth-Token")
	switch {
	case len(values)+len(own) > 1:
		return gate.Credential{}, bad("Two credentials came with one request. Send one.")
	case len(own) == 1:
		return gate.Credential{Secret: own[0], Scheme: "header"}, nil
	case len(values) == 1:
		return authorization(r, values[0])
	}
	return gate.Credential{}, nil
}

func authorization(r *http.Request, value string) (gate.Credential, error) {
	scheme, rest, _ := strings.Cut(value, " ")
	switch strings.ToLower(scheme) {
	case "basic":
		if user, secret, ok := r.BasicAuth(); ok {
			return gate.Credential{User: user, Secret: secret, Scheme: "basic"}, nil
		}
	case "bearer":
		// The secret is taken exactly as it is; nothing is trimmed.
		return gate.Credential{Secret: rest, Scheme: "bearer"}, nil
	}
	return gate.Credential{}, &host.Refusal{Status: http.StatusUnauthorized, Code: string(gate.BadCredential),
		Sentence: "This kind of Authorization is not understood. Send Basic or Bearer."}
}

func bad(sentence string) error {
	return &host.Refusal{Status: http.StatusBadRequest, Code: string(gate.BadRequest), Sentence: sentence}
}
