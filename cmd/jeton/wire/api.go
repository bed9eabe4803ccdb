package wire

import (
	"jeton/web/api/content"
	"jeton/web/api/manual"
	"jeton/web/api/method"
	"jeton/web/api/repos"
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
