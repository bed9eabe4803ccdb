package wire

import (
	"jeton/web/api"
	"jeton/web/api/content"
	"jeton/web/api/hooks"
	"jeton/web/api/manual"
	"jeton/web/api/method"
	"jeton/web/api/people"
	"jeton/web/api/pull"
	"jeton/web/api/repos"
	"jeton/web/api/rest"
	"jeton/web/api/schema"
	workapi "jeton/web/api/work"
	"jeton/web/door"
)

// Methods are all methods of the API, over what the store holds. Making them touches none of it.
func (s *Store) Methods() []method.Method {
	var all []method.Method
	all = append(all, manual.Methods(manual.Options{All: func() []method.Method { return all }, Tokens: s.Tokens})...)
	all = append(all, hooks.Methods(s.hookOptions())...)
	all = append(all, content.Methods(s.content())...)
	all = append(all, repos.Methods(s.repos())...)
	all = append(all, pull.Methods(s.Remotes)...)
	all = append(all, people.Methods(s.people())...)
	all = append(all, workapi.Methods(workapi.Options{Jobs: s.Jobs, Repositories: s.Access, Tokens: s.Tokens})...)
	all = append(all, s.administration()...)
	return all
}

// Declared are the declarations of all methods, for documents and clients; they must not be run.
func Declared() []method.Method { return new(Store).Methods() }

// api is what answers calls of the API.
func (v *Server) api(d *door.Door) (*api.Handler, error) {
	s := v.store
	return api.New(api.Options{Methods: s.Methods(), Door: d, Gate: s.Gate, URL: v.URL, Log: s.Log, Limits: api.Limits{
		Request: s.settings.Bytes("api.max_request"), ReadTime: s.settings.Duration("api.body_time"), CallTime: s.settings.Duration("api.timeout"),
		Concurrent: s.bounded("api.max_concurrent"), PerToken: s.bounded("api.token_calls"), PerAddress: s.bounded("api.address_calls")}})
}

// rest is what answers calls of the API at addresses of their own, and describes both ways to call.
func (v *Server) rest(calls *api.Handler, base, version string) (*rest.Handler, error) {
	server := schema.Server{URL: v.URL, Version: version}
	rpc, err := schema.OpenRPC(calls.Methods(), server)
	if err != nil {
		return nil, err
	}
	described, err := schema.OpenAPI(calls.Methods(), server)
	if err != nil {
		return nil, err
	}
	return rest.New(rest.Options{Methods: calls.Methods(), Caller: calls, Base: base, Log: v.store.Log,
		Documents: map[string][]byte{"/_admin/api/openrpc.json": rpc, rest.Address + "openapi.json": described}})
}
