package wire

import (
	"path/filepath"
	"slices"

	"jeton/web/api/groups"
	"jeton/web/api/method"
	"jeton/web/api/server"
	"jeton/web/api/tokens"
)

// administration are the methods about groups of repositories, tokens, SSH keys and the server.
func (s *Store) administration() []method.Method {
	return slices.Concat(
		groups.Methods(groups.Options{Groups: s.Access, People: s.Users, UserGroups: s.UserGroups}),
		tokens.Methods(tokens.Options{Tokens: s.Tokens, Keys: s.Keys, People: s.Users, Places: s.Access, Gate: s.Gate, KeyAdded: s.keyAdded}),
		server.Methods(server.Options{Version: s.version, Database: s.kindOfDatabase(), Store: filepath.Join(s.Dir, "repos"), SignIn: s.SignIn,
			Record: s.Record(), Tokens: s.Tokens, Catalogue: s.Host, Note: s.Note, Gauge: s.gauge}))
}
