package door

import (
	"net/http"
	"net/url"
	"strings"

	"jeton/auth/gate"
	"jeton/vcs/host"
)

// Program decides whether a request in the shape of somebody else's API may read or write the repository at path: with an
// api token in Authorization, as Bearer, or as «token …» as clients of Gitea and GitHub send it, and in no other place.
// Guests are refused, also where a repository is public. Its error is a *host.Refusal, or a failure of the server.
func (d *Door) Program(r *http.Request, path string, a gate.Access) (Visit, error) {
	c, err := program(r)
	if err != nil {
		return Visit{}, err
	}
	c.Remote = d.Remote(r)
	if err := d.guesses.allow(c); err != nil {
		return Visit{}, err
	}
	grant, err := d.o.Gate.Admit(r.Context(), c, gate.API, gate.Resource{Path: path}, a)
	if err != nil {
		d.guesses.note(c, err)
		return Visit{}, Refusal(err)
	}
	if grant.Repo.ID == "" { // a path that is free to be pushed to
		return Visit{}, &host.Refusal{Status: http.StatusNotFound, Code: string(gate.NotFound), Sentence: gate.NotThere}
	}
	note(r, grant.Identity)
	v := Visit{Admission: Admission(grant, path, nil), Private: true, Public: grant.Repo.Public, Identity: grant.Identity, Remote: c.Remote}
	v.Client = d.client(r, v.Admission)
	return v, nil
}

// program reads the token of a program.
func program(r *http.Request) (gate.Credential, error) {
	query, err := url.ParseQuery(r.URL.RawQuery)
	if err != nil { // what cannot be read might hold a credential, and is not passed over
		return gate.Credential{}, bad("What stands behind the ? of this address is not written as RFC 3986 has it.")
	}
	for _, name := range []string{"auth_token", "api_key", "token", "access_token"} {
		if query.Has(name) {
			return gate.Credential{}, bad("A token must not stand in this address, where logs keep it. Send it as «Authorization: Bearer …», or «Authorization: token …».")
		}
	}
	values := r.Header.Values("Authorization")
	if len(values)+len(r.Header.Values("X-Auth-Token")) > 1 {
		return gate.Credential{}, bad("Two credentials came with one request. Send one.")
	}
	const how = "Send an api token as «Authorization: Bearer …», or «Authorization: token …»."
	if len(values) == 0 {
		return gate.Credential{}, &host.Refusal{Status: http.StatusUnauthorized, Code: string(gate.NoCredential), Sentence: how}
	}
	scheme, secret, _ := strings.Cut(values[0], " ")
	if scheme = strings.ToLower(scheme); scheme != "bearer" && scheme != "token" || secret == "" {
		return gate.Credential{}, &host.Refusal{Status: http.StatusUnauthorized, Code: string(gate.BadCredential), Sentence: how}
	}
	return gate.Credential{Secret: secret, Scheme: "bearer"}, nil
}
