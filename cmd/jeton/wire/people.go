package wire

import "jeton/web/api/people"

// people is what the methods about persons and user groups need.
func (s *Store) people() people.Options {
	return people.Options{Users: s.Users, UserGroups: s.UserGroups, Repositories: s.Access, Tokens: s.Tokens, Host: s.Host, Record: s.Record().Latest, Note: s.Note,
		Create: s.create}
}
