package feed

import (
	"net/url"
	"strings"

	"jeton/vcs/oid"
)

// at is an absolute address below the server's: each segment escaped, nothing of a request in it, and so no token.
func (s *Server) at(segments ...string) string {
	var b strings.Builder
	b.WriteString(s.base)
	for _, some := range segments {
		for segment := range strings.SplitSeq(some, "/") {
			b.WriteByte('/')
			b.WriteString(url.PathEscape(segment))
		}
	}
	return b.String()
}

// commitAt is the page of a commit.
func (s *Server) commitAt(repo string, id oid.ID) string { return s.at(repo, "changeset", id.String()) }

// movedAt is the page that shows what lies between two commits; zero is none.
func (s *Server) movedAt(repo string, from, to oid.ID) string {
	switch {
	case to.IsZero():
		return s.at(repo)
	case from.IsZero():
		return s.commitAt(repo, to)
	}
	return s.at(repo, "compare", from.String()+"..."+to.String())
}
