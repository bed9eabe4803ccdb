package door

import (
	"net/http"

	"jeton/auth/gate"
	"jeton/auth/signin"
)

// Call asks the gate about a call of the API. inBody is what credentials the request's body holds; one may come instead as
// Bearer. Its error is a *gate.Refused, or a failure of the server: what is said of it depends on the method.
func (d *Door) Call(r *http.Request, inBody []string, res gate.Resource, a gate.Access) (*gate.Grant, error) {
	c, err := d.calling(r, inBody)
	if err != nil {
		return nil, err
	}
	grant, err := d.o.Gate.Admit(r.Context(), c, gate.API, res, a)
	if err != nil {
		return nil, err
	}
	note(r, grant.Identity)
	return grant, nil
}

// Caller asks the gate who calls, where it is known already that nothing will be done. Its error is as Call's.
func (d *Door) Caller(r *http.Request, inBody []string) (gate.Identity, error) {
	c, err := d.calling(r, inBody)
	if err != nil {
		return gate.Identity{}, err
	}
	id, err := d.o.Gate.Identify(r.Context(), c, gate.API)
	if err == nil {
		note(r, id)
	}
	return id, err
}

// calling is what a call of the API comes with: in the body, or as Bearer. No credential is a guest.
func (d *Door) calling(r *http.Request, inBody []string) (gate.Credential, error) {
	query := r.URL.Query()
	values := r.Header.Values("Authorization")
	switch {
	case query.Has("auth_token") || query.Has("api_key"):
		return gate.Credential{}, misplaced("A token must not stand in an address, where logs keep it. Send it as auth_token in the JSON body, or as Bearer.")
	case len(r.Header.Values("X-Auth-Token")) > 0:
		return gate.Credential{}, misplaced("The API does not read X-Auth-Token. Send the token as auth_token in the JSON body, or as Bearer.")
	case len(inBody)+len(values) > 1:
		return gate.Credential{}, misplaced("Two credentials came with one request. Send one.")
	case len(inBody) == 1:
		return gate.Credential{Secret: inBody[0], Scheme: "body", Remote: d.Remote(r)}, nil
	case len(values) == 0:
		return gate.Credential{Remote: d.Remote(r)}, nil
	}
	c, err := authorization(r, values[0])
	if err != nil {
		return gate.Credential{}, misplaced("This kind of Authorization is not understood. Send Bearer.")
	}
	c.Remote = d.Remote(r)
	return c, nil
}

func misplaced(sentence string) error {
	return &gate.Refused{Code: gate.BadRequest, Sentence: sentence, Reason: "a credential in the wrong place", Told: true}
}

// Network is under what name requests from one network are counted together. All whose address is not known are one.
func (d *Door) Network(r *http.Request) string { return signin.Network(d.Remote(r)).String() }
