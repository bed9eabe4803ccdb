package wire

import (
	"jeton/web/api"
	"jeton/web/api/content"
	"jeton/web/api/manual"
	"jeton/web/api/method"
	"jeton/web/api/repos"
	"jeton/web/door"
)

// Methods are all methods of the API, over what the store holds. Making them touches none of it.
func (s *Store) Methods() []method.Method {
	var all []method.Method
	all = append(all, manual.Methods(manual.Options{All: func() []method.Method { return all }, Tokens: s.Tokens})...)
	all = append(all, content.Methods(s.content())...)
	all = append(all, repos.Methods(s.repos())...)
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
