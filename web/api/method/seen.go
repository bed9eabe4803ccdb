package method

import "jeton/auth/access"

// Repositories finds repositories by id or path; *access.Repositories does.
type Repositories interface {
	Find(ref string) (access.Repository, bool)
}

// Groups finds groups of repositories likewise; *access.Repositories does.
type Groups interface {
	FindGroup(ref string) (access.Group, bool)
}

// SeenRepository is the repository that an argument names besides what the call is about, where the caller has a level on
// it; any other does not exist.
func (c *Call) SeenRepository(all Repositories, ref Ref, l access.Level) (access.Repository, error) {
	r, ok := all.Find(string(ref))
	if !ok || !c.Sees(r.ID, l) {
		return access.Repository{}, NoRepository(ref)
	}
	return r, nil
}

// SeenGroup is the same of a group of repositories.
func (c *Call) SeenGroup(all Groups, ref Ref, l access.Level) (access.Group, error) {
	g, ok := all.FindGroup(string(ref))
	if !ok || !c.SeesGroup(g.ID, l) {
		return access.Group{}, NoGroup(ref)
	}
	return g, nil
}
