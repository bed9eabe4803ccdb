package gate

import (
	"net"
	"net/netip"
	"strings"

	"jeton/auth/access"
	"jeton/auth/token"
	"jeton/vcs/name"
)

// decide goes through the checks that are about the resource: scope, then permission. A repository that is not there,
// one outside the token's scope and one that may not be read take the same way through it and get the same answer.
func (g *Gate) decide(s subject, q question) (*Grant, error) {
	if q.access == Write && q.way.readOnly {
		return nil, readOnlyDoor()
	}
	if q.res.Object.Kind != "" {
		return g.decideObject(s, q)
	}
	if q.res.Path == "" && q.res.RepoID == "" {
		return g.decideNothing(s, q)
	}
	if q.res.Below && q.access == Read {
		q.res.Path = g.readablePart(s, q.res.Path)
	}
	r, there := g.find(q.res)
	level := access.None
	if there {
		level = g.level(s, r)
	}
	if level < access.Read {
		// A path that only leads to what this subject must not see is free.
		return g.absent(s, q, there && r.Is(q.res.Path))
	}
	if err := mayWrite(s, q, r, level); err != nil {
		return nil, err
	}
	if err := mayUse(s, q.res.Right); err != nil {
		return nil, err
	}
	return s.grant(q, repo(r)), nil
}

// grant is a yes.
func (s subject) grant(q question, r Repo) *Grant {
	grant := &Grant{Identity: s.identity(), Repo: r, Access: q.access, Asked: q.res.Path}
	if s.token != nil && q.access == Write {
		grant.Refs = s.token.Refs
	}
	return grant
}

// decideNothing answers a question that is about no repository: an API method about the server, a person's own feed.
func (g *Gate) decideNothing(s subject, q question) (*Grant, error) {
	switch {
	case s.guest():
		return nil, noCredential()
	case q.door == Git || q.door == View || s.token == nil || s.token.Bound || s.deployToken():
		return nil, notFound("no repository was named, or the token is bound to some")
	case q.access == Write && s.token.Access != token.Write:
		return nil, readOnlyToken()
	}
	if err := mayUse(s, q.res.Right); err != nil {
		return nil, err
	}
	return s.grant(q, Repo{}), nil
}

// mayUse asks for a right that a method needs besides.
func mayUse(s subject, r token.Right) error {
	switch {
	case r == "":
		return nil
	case s.token == nil || !s.token.HasRight(r):
		return noRight(r)
	case r == token.RightAdmin && !s.user.Admin:
		return notAdministrator()
	}
	return nil
}

func (g *Gate) find(res Resource) (access.Repository, bool) {
	if res.RepoID != "" {
		return g.o.Repositories.ByID(res.RepoID)
	}
	return g.o.Repositories.ByPath(res.Path)
}

// readablePart is the longest part of a path, from its beginning on, that leads to what the subject may read; the whole
// path where none does.
func (g *Gate) readablePart(s subject, path string) string {
	for part := path; part != ""; part = part[:max(strings.LastIndexByte(part, '/'), 0)] {
		if len(part) > name.MaxPath { // looked at by its length alone: a client may send thousands of segments
			continue
		}
		if r, there := g.o.Repositories.ByPath(part); there && g.level(s, r) >= access.Read {
			return part
		}
	}
	return path
}

// absent answers for what this subject must not see, whether it is there or not. A push to a path where nothing is may
// make the repository.
func (g *Gate) absent(s subject, q question, there bool) (*Grant, error) {
	if s.guest() {
		return nil, noCredential()
	}
	if there || !g.mayCreate(s, q) {
		return nil, notFound("not there, out of the token's scope, or not readable")
	}
	grant := s.grant(q, Repo{Path: q.res.Path})
	grant.Create = true
	return grant, nil
}

func (g *Gate) mayCreate(s subject, q question) bool {
	if q.door != Git || q.access != Write || q.res.RepoID != "" || !g.o.PushToCreate {
		return false
	}
	if s.user.ID == "" || s.token != nil && (s.token.Bound || s.token.Access != token.Write) {
		return false
	}
	return g.o.Repositories.MayCreate(s.user, g.o.Create, q.res.Path)
}

// mayWrite refuses a write to a repository that the subject sees.
func mayWrite(s subject, q question, r access.Repository, level access.Level) error {
	switch {
	case q.access != Write:
		return nil
	case s.guest():
		return noCredential()
	case s.token != nil && s.token.Access != token.Write:
		return readOnlyToken()
	case level < access.Write && s.deploy != nil:
		return readOnlyDeployKey()
	case level < access.Write:
		return readOnlyPerson(s.user.Name)
	case r.Archived:
		return archived()
	}
	return nil
}

func repo(r access.Repository) Repo {
	return Repo{ID: r.ID, Path: r.Path, Public: !r.Private, Archived: r.Archived}
}

// address reads the address of "host:port" or of a host alone; the zero value where it is neither.
func address(remote string) netip.Addr {
	if host, _, err := net.SplitHostPort(remote); err == nil {
		remote = host
	}
	a, err := netip.ParseAddr(remote)
	if err != nil {
		return netip.Addr{}
	}
	return a
}
