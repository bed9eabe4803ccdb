package content

import (
	"context"
	"fmt"
	"strings"
	"unicode/utf8"

	"github.com/go-git/go-git/v5/plumbing"

	"jeton/vcs/oid"
	"jeton/web/api/method"
)

// Refs is the answer of get_repo_refs.
type Refs struct {
	Branches map[string]string `json:"branches" doc:"Branches by name, with the id of the commit."`
	Tags     map[string]string `json:"tags" doc:"Tags by name, with the id of the commit that each leads to."`
	Closed   map[string]string `json:"branches_closed" doc:"Empty: git closes no branches."`
	Bookmark map[string]string `json:"bookmarks" doc:"Empty: git has no bookmarks."`
}

type refsArgs struct {
	Repo  method.Ref `arg:"repoid" doc:"Name or id of the repository."`
	Start int64      `arg:"start,optional" default:"0" doc:"How many to pass over, branches before tags, each by name. Jeton's own."`
	Limit int64      `arg:"limit,optional" default:"-1" doc:"How many to tell; -1 for all. Jeton's own."`
}

func (s *server) refs() method.Method {
	return method.Of(method.Method{
		Name: "get_repo_refs", On: onRepository(), REST: "GET repos/{repoid}/refs", Example: `{"repoid":"team/app"}`,
		Doc:   "Tells the branches and tags of a repository that the caller sees. A tag stands with the commit that it leads to; one that leads to none is left out. Bytes of a name that are no UTF-8 are written as `\\xNN`.",
		Fails: []string{"failed to get repo: `<repo>` references: …"},
	}, func(ctx context.Context, c *method.Call, in refsArgs) (Refs, error) {
		out := Refs{map[string]string{}, map[string]string{}, map[string]string{}, map[string]string{}}
		err := s.read(ctx, c, func(q *query) error {
			p, err := q.part(in.Start, in.Limit, q.limits.Entries)
			if err != nil {
				return err
			}
			err = q.shown(func(kind, name string, id oid.ID) error {
				switch in, more := p.take(); {
				case !more:
					return errEnough
				case !in:
				case kind == "heads":
					out.Branches[text(name)] = id.String()
				default:
					out.Tags[text(name)] = id.String()
				}
				return nil
			})
			return p.end(err, fmt.Sprintf("failed to get repo: `%s` references", c.Repo.Path), "refs")
		})
		return out, err
	})
}

// shown tells fn of the branches ("heads") and then the tags ("tags") that the reader sees, by name, with the commits that
// they lead to; what leads to none is left out.
func (q *query) shown(fn func(kind, name string, commit oid.ID) error) error {
	see := q.find.Sight()
	for _, kind := range []string{"heads", "tags"} {
		prefix := "refs/" + kind + "/"
		refs := q.refs.WithPrefix(prefix)
		for i := range refs {
			ref := &refs[i]
			if i%1024 == 0 && q.ctx.Err() != nil {
				return q.ctx.Err()
			}
			id := ref.Peeled
			if id.IsZero() {
				id = ref.ID
			}
			if !see.Shows(ref) || id.IsZero() {
				continue
			}
			if t, _, err := q.set.Header(id); err != nil {
				return err
			} else if t != plumbing.CommitObject {
				continue
			}
			if err := fn(kind, strings.TrimPrefix(ref.Name, prefix), id); err != nil {
				return err
			}
		}
	}
	return nil
}

// text is a name in UTF-8: bytes that are none are written as \xNN, so that two names never become one.
func text(name string) string {
	if utf8.ValidString(name) {
		return name
	}
	var b strings.Builder
	for len(name) > 0 {
		r, n := utf8.DecodeRuneInString(name)
		if r == utf8.RuneError && n == 1 {
			fmt.Fprintf(&b, `\x%02x`, name[0])
		} else {
			b.WriteString(name[:n])
		}
		name = name[n:]
	}
	return b.String()
}
