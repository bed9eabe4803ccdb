package gate

import (
	"path"

	"jeton/auth/access"
	"jeton/auth/token"
)

// Kind is what sort of thing a method of the API is about.
type Kind string

// The kinds of what methods are about.
const (
	OnRepository Kind = "repository"
	OnGroup      Kind = "repository group"
	OnUserGroup  Kind = "user group"
	OnPerson     Kind = "person"
	// OnNewRepository and OnNewGroup are paths at which something is to be made.
	OnNewRepository Kind = "new repository"
	OnNewGroup      Kind = "new repository group"
	OnServer        Kind = "server"
	// OnOpen is nothing in particular: what the method shows is asked for one by one (Sees and its like).
	OnOpen Kind = "open"
)

// Object is what a method of the API is about.
type Object struct {
	// Method is the method's name, for the record.
	Method string
	Kind   Kind
	// Name is the name, path or id of it, as it came; a person without one is the caller.
	Name string
	// Level is what is needed on it; a person, the server and what is open have none.
	Level access.Level
	// Content: what a repository holds is changed, which an archived one refuses to everybody. A write below the level of
	// an administrator is always that.
	Content bool
}

// Found is what an Object has named; the zero value where it named something of another kind.
type Found struct {
	Repository access.Repository
	Group      access.Group
	UserGroup  access.UserGroup
	Person     access.User
}

// name is the id of what was found, which stays when its name changes; typed where nothing was.
func (f Found) name(typed string) string {
	for _, id := range []string{f.Repository.ID, f.Group.ID, f.UserGroup.ID, f.Person.ID} {
		if id != "" {
			return id
		}
	}
	return typed
}

// decideObject goes through the checks of a method of the API. What depends on the token alone comes first; then what is
// not there, what lies outside of the token's scope and what its owner may not touch are one.
func (g *Gate) decideObject(s subject, q question) (*Grant, error) {
	o := q.res.Object
	switch {
	case s.guest():
		return nil, noCredential()
	case q.door != API || s.token == nil || s.deployToken():
		return nil, badRequest("an object at a door that is not the API's")
	case q.access == Write && s.token.Access != token.Write:
		return nil, readOnlyCall()
	case s.token.Bound && !bindable(o.Kind):
		return nil, boundToken(o.Kind)
	}
	if o.Kind != OnPerson { // whose right is needed depends on the person
		if err := mayUse(s, q.res.Right); err != nil {
			return nil, err
		}
	}
	found, err := g.findObject(s, q)
	if err != nil {
		return nil, err
	}
	grant := s.grant(q, Repo{})
	grant.Found = found
	if found.Repository.ID != "" {
		grant.Repo = repo(found.Repository)
	}
	return grant, nil
}

// bindable tells whether a token that is bound to repositories may come near a kind of thing at all.
func bindable(k Kind) bool { return k == OnRepository || k == OnNewRepository || k == OnOpen }

// findObject finds what is asked about, where the subject may do this with it.
func (g *Gate) findObject(s subject, q question) (f Found, err error) {
	o := q.res.Object
	level := access.None
	switch o.Kind {
	case OnRepository:
		if f.Repository, _ = g.o.Repositories.Find(o.Name); q.res.RepoID != "" { // asked again
			f.Repository, _ = g.o.Repositories.ByID(q.res.RepoID)
		}
		if f.Repository.ID != "" {
			level = g.level(s, f.Repository)
		}
	case OnGroup:
		if f.Group, _ = g.o.Repositories.FindGroup(o.Name); f.Group.ID != "" {
			level = g.o.Repositories.LevelOfGroup(s.user, f.Group)
		}
	case OnUserGroup:
		if f.UserGroup, level = g.userGroup(s, o.Name); level < max(o.Level, access.Read) {
			return Found{}, notFound("no such user group, or no permission on it")
		}
	case OnPerson:
		f.Person, err = g.findPerson(s, q)
		return f, err
	case OnNewRepository, OnNewGroup:
		return Found{}, g.mayMake(s, o)
	case OnServer, OnOpen:
		return Found{}, nil
	default:
		return Found{}, badRequest("no such kind of object")
	}
	switch {
	case level < max(o.Level, access.Read):
		return Found{}, notFound("not there, out of the token's scope, or no permission to do this")
	case f.Repository.Archived && q.access == Write && (o.Content || o.Level < access.Admin):
		return Found{}, archivedContent()
	}
	return f, nil
}

func (g *Gate) userGroup(s subject, name string) (access.UserGroup, access.Level) {
	if g.o.UserGroups == nil {
		return access.UserGroup{}, access.None
	}
	u, ok := g.o.UserGroups.Find(name)
	if !ok {
		return access.UserGroup{}, access.None
	}
	return u, g.o.UserGroups.Level(s.user, u)
}

// findPerson finds whose account is asked about: the caller's own, or for administrators with the right anybody's. Others
// hear the same of every other name, whoever has it.
func (g *Gate) findPerson(s subject, q question) (access.User, error) {
	name := q.res.Object.Name
	own := name == "" || name == s.user.ID
	u := s.user
	if !own {
		u, _ = g.o.Users.Find(name)
		own = u.ID == s.user.ID
	}
	if own {
		return s.user, mayUse(s, q.res.Right)
	}
	if mayUse(s, token.RightAdmin) != nil {
		return access.User{}, notYourself()
	}
	if q.res.Right != token.RightAccount { // which is about one's own account
		if err := mayUse(s, q.res.Right); err != nil {
			return access.User{}, err
		}
	}
	if u.ID == "" {
		return access.User{}, notFound("no such person")
	}
	return u, nil
}

// mayMake asks whether a repository or a group of repositories may be made at a path. A group is made by who administers
// the one above it, in a place of one's own name, or by administrators with the right.
func (g *Gate) mayMake(s subject, o Object) error {
	if _, err := g.o.Repositories.Names.Repository(o.Name); err != nil {
		return badName(err)
	}
	above, _ := g.o.Repositories.Group(path.Dir(o.Name))
	if s.token.Bound && (above.ID == "" || !s.token.Touches("", append([]string{above.ID}, above.Groups...))) {
		return boundToken(o.Kind)
	}
	may := false
	switch {
	case o.Kind == OnNewRepository:
		may = g.o.Repositories.MayCreate(s.user, g.o.Create, o.Name)
	case above.ID != "":
		may = g.o.Repositories.LevelOfGroup(s.user, above) >= access.Admin
	default:
		may = mayUse(s, token.RightAdmin) == nil || g.o.Repositories.MayCreate(s.user, access.CreateOwn, o.Name+"/a") && !s.user.Admin
	}
	if !may {
		return mayNotMake()
	}
	return nil
}

// Sees tells whether whoever was let in by a token has a level on a repository at this moment, within the token's scope.
// Like Reads it filters lists, and is no way in.
func (g *Gate) Sees(id Identity, repoID string, l access.Level) bool {
	s, ok := g.again(id)
	r, there := g.o.Repositories.ByID(repoID)
	return ok && there && g.level(s, r) >= max(l, access.Read)
}

// SeesGroup tells the same of a group of repositories.
func (g *Gate) SeesGroup(id Identity, groupID string, l access.Level) bool {
	s, ok := g.again(id)
	above, there := g.o.Repositories.GroupByID(groupID)
	switch {
	case !ok || !there:
		return false
	case s.token != nil && !s.token.Touches("", append([]string{above.ID}, above.Groups...)):
		return false
	}
	return g.o.Repositories.LevelOfGroup(s.user, above) >= max(l, access.Read)
}

// SeesUserGroup tells the same of a user group, which a token that is bound to repositories does not reach.
func (g *Gate) SeesUserGroup(id Identity, groupID string, l access.Level) bool {
	s, ok := g.again(id)
	if !ok || s.token != nil && s.token.Bound || g.o.UserGroups == nil {
		return false
	}
	u, there := g.o.UserGroups.ByID(groupID)
	return there && g.o.UserGroups.Level(s.user, u) >= max(l, access.Read)
}

// Has tells whether whoever was let in by a token has a right at this moment; admin, where its owner is an administrator.
func (g *Gate) Has(id Identity, r token.Right) bool {
	s, ok := g.again(id)
	return ok && s.token != nil && mayUse(s, r) == nil
}
