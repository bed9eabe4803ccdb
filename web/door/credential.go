package door

import (
	"net/http"
	"net/netip"
	"strings"

	"jeton/auth/gate"
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

// Remote is the address of the client: the connection's, or what trusted proxies say in X-Forwarded-For. The list is read
// from its end, where our own proxy writes, up to the first address that is not a trusted proxy's: what stands before
// that one, anybody could have written.
func (d *Door) Remote(r *http.Request) netip.Addr {
	peer, err := netip.ParseAddrPort(r.RemoteAddr)
	if err != nil {
		return netip.Addr{}
	}
	at := peer.Addr().Unmap()
	hops := strings.Split(strings.Join(r.Header.Values("X-Forwarded-For"), ","), ",")
	for i := len(hops) - 1; i >= 0 && d.trusted(at); i-- {
		next, err := netip.ParseAddr(strings.TrimSpace(hops[i]))
		if err != nil {
			break
		}
		at = next.Unmap()
	}
	return at
}

// trusted tells whether an address is one of our proxies'.
func (d *Door) trusted(a netip.Addr) bool {
	for _, p := range d.o.Proxies {
		if p.Contains(a) {
			return true
		}
	}
	return false
}
