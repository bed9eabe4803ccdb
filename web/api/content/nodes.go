package content

import (
	"context"
	"encoding/base64"
	"fmt"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/go-git/go-git/v5/plumbing"

	"jeton/vcs/browse"
	"jeton/vcs/oid"
	"jeton/vcs/revision"
	"jeton/web/api/method"
)

// Node is a file or folder as RhodeCode's API tells of it. Of folders, and of files with details minimal, all but name and
// type is null.
type Node struct {
	Name      string  `json:"name" doc:"Its path in the repository. Bytes that are no UTF-8 are written as \\xNN; name_base64 has them then."`
	Name64    *string `json:"name_base64,omitempty" doc:"The path in base64, where it is no UTF-8; not there otherwise."`
	Type      string  `json:"type" doc:"file or dir. A symbolic link is a file that holds where it points to; submodules are not told."`
	MD5       *string `json:"md5" doc:"The MD5 of the content, in hexadecimal digits."`
	Binary    *bool   `json:"binary" doc:"It holds a NUL byte."`
	Size      *int64  `json:"size" doc:"Bytes."`
	Extension *string `json:"extension" doc:"What stands behind the last dot of its name; all of a name without one."`
	Mimetype  *string `json:"mimetype" doc:"What it is taken for, by its name."`
	Lines     *int64  `json:"lines" doc:"Newlines in it; 1 where there is none in some text, 0 where it is binary."`
	Content   *string `json:"content" doc:"What is in it, with details full; null where it is binary, or larger than max_file_bytes."`
	Encoding  *string `json:"encoding,omitempty" doc:"base64, where content is written so because it is no UTF-8; not there otherwise."`
}

// named is a node with its path.
func named(path, kind string) Node {
	n := Node{Name: text(path), Type: kind}
	if !utf8.ValidString(path) {
		b := base64.StdEncoding.EncodeToString([]byte(path))
		n.Name64 = &b
	}
	return n
}

// fill adds what is known of a file's content.
func (n *Node) fill(path string, b blob) {
	ext, kind := extension(path), mimetype(path, b.binary)
	n.MD5, n.Binary, n.Size, n.Extension, n.Mimetype, n.Lines = &b.md5, &b.binary, &b.size, &ext, &kind, &b.lines
	if b.binary {
		n.Lines = new(int64)
	}
	if b.kept && !b.binary {
		n.Content, n.Encoding = told(b.data)
	}
}

type nodesArgs struct {
	Repo     method.Ref `arg:"repoid" doc:"Name or id of the repository."`
	Revision string     `arg:"revision" doc:"A branch, a tag, an id or its beginning, tip, or a number."`
	Root     string     `arg:"root_path" doc:"The folder below which to list; / is all."`
	Kind     string     `arg:"ret_type,optional" default:"all" doc:"all, files or dirs."`
	Details  string     `arg:"details,optional" default:"basic" doc:"minimal: names and types, which is quick. basic (or extended): with checksum, size and lines, for which every file is read. full: with what is in the files."`
	Max      *int64     `arg:"max_file_bytes,optional" doc:"Files larger than that have no content in the reply."`
	Start    int64      `arg:"start,optional" default:"0" doc:"How many to pass over, in the order of the reply: folders before files. Jeton's own."`
	Limit    int64      `arg:"limit,optional" default:"-1" doc:"How many to tell; -1 for all. Jeton's own."`
}

const partsHow = "Ask for parts with `start` and `limit`, for a `root_path` further down, for smaller files with `max_file_bytes`, or for fewer `details`"

func (s *server) nodes() method.Method {
	return method.Of(method.Method{
		Name: "get_repo_nodes", On: onRepository(), REST: "GET repos/{repoid}/nodes", Example: `{"repoid":"team/app","revision":"tip","root_path":"/","ret_type":"files"}`,
		Doc: "Lists everything below a folder of a commit: the folders, then the files, each with its path in the repository. " +
			"An answer that would hold too much is refused; start and limit ask for parts.",
		Fails: []string{"ret_type must be one of minimal,basic,extended,full", "ret_type must be one of all,dirs,files", "failed to get repo: `<repo>` nodes"},
	}, func(ctx context.Context, c *method.Call, in nodesArgs) ([]Node, error) {
		list, failed := []Node{}, fmt.Sprintf("failed to get repo: `%s` nodes", c.Repo.Path)
		if err := detailsOf(in.Details, "minimal", "basic", "extended", "full"); err != nil {
			return nil, err
		}
		if !slices.Contains([]string{"all", "dirs", "files"}, in.Kind) {
			return nil, method.Fail(method.Invalid, "ret_type must be one of all,dirs,files")
		}
		err := s.read(ctx, c, func(q *query) error {
			p, err := q.part(in.Start, in.Limit, q.limits.Entries)
			if err != nil || q.empty() {
				return err
			}
			most, spend := int64(-1), &purse{read: q.limits.Read, content: q.limits.Bytes}
			if in.Max != nil {
				most = max(*in.Max, 0)
			}
			err = s.each(q, in.Revision, in.Root, in.Kind, failed, p, func(n browse.Node) error {
				one, err := q.node(n, in.Details, most, spend)
				list = append(list, one)
				return err
			})
			if refused := q.tooMuch(err, failed, partsHow); refused != nil {
				return refused
			}
			return p.end(err, failed, "files and folders")
		})
		return list, err
	})
}

// node tells of one file or folder.
func (q *query) node(n browse.Node, details string, most int64, spend *purse) (Node, error) {
	if n.Dir() {
		return named(n.Path, "dir"), nil
	}
	one := named(n.Path, "file")
	if details == "minimal" {
		return one, nil
	}
	b, err := q.look(n.ID, details == "full", most, spend)
	if err != nil {
		return one, err
	}
	if b.kept {
		spend.content -= b.size
	}
	one.fill(n.Path, b)
	return one, nil
}

// each walks what lies below a folder of a commit: the folders, then the files, of which p says which are told.
func (s *server) each(q *query, rev, root, kind, failed string, p *part, fn func(browse.Node) error) error {
	tree, prefix, err := s.folder(q, rev, root)
	if absent(err) {
		return method.Fail(method.NotFound, "%s", failed)
	}
	if err != nil {
		return err
	}
	for _, pass := range []string{"dirs", "files"} {
		if kind != "all" && kind != pass {
			continue
		}
		more := true
		err := browse.List(q.ctx, q.set, tree, browse.ListOptions{Prefix: prefix}, func(n browse.Node) (bool, error) {
			if pass == "dirs" && !n.Dir() || pass == "files" && !n.File() {
				return true, nil
			}
			var in bool
			if in, more = p.take(); !in {
				return more, nil
			}
			return true, fn(n)
		})
		if err != nil || !more {
			return err
		}
	}
	return nil
}

// folder finds a folder of a commit, and what stands before the paths of what lies in it; errors of absent where there is
// none.
func (s *server) folder(q *query, rev, root string) (tree oid.ID, prefix string, err error) {
	r, err := s.commit(q, rev)
	if err != nil {
		return tree, "", err
	}
	root = strings.Trim(root, "/")
	e, err := q.find.Entry(q.ctx, r.Tree, root)
	if err == nil && e.Kind != plumbing.TreeObject {
		err = revision.ErrNotFound
	}
	if root != "" {
		prefix = root + "/"
	}
	return e.ID, prefix, err
}

// Leaf is a file for whoever builds an index of what is in files.
type Leaf struct {
	Name      string `json:"name" doc:"Its path in the repository. Bytes that are no UTF-8 are written as \\xNN."`
	MD5       string `json:"md5" doc:"The MD5 of the content, in hexadecimal digits."`
	Extension string `json:"extension" doc:"What stands behind the last dot of its name; all of a name without one."`
	Binary    bool   `json:"binary" doc:"It holds a NUL byte."`
	Size      int64  `json:"size" doc:"Bytes."`
}

type treeArgs struct {
	Repo   method.Ref `arg:"repoid" doc:"Name or id of the repository."`
	Commit string     `arg:"commit_id" doc:"A branch, a tag, an id or its beginning, tip, or a number."`
	Root   string     `arg:"root_path" doc:"The folder below which to list; / is all."`
	Start  int64      `arg:"start,optional" default:"0" doc:"How many to pass over. Jeton's own."`
	Limit  int64      `arg:"limit,optional" default:"-1" doc:"How many to tell; -1 for all. Jeton's own."`
}

func (s *server) tree() method.Method {
	return method.Of(method.Method{
		Name: "get_repo_fts_tree", On: onRepository(), REST: "GET repos/{repoid}/fts_tree", Example: `{"repoid":"team/app","commit_id":"tip","root_path":"/"}`,
		Doc:   "Lists the files below a folder of a commit with what an index of their text needs to know of them. An answer that would hold too much is refused; start and limit ask for parts.",
		Fails: []string{"failed to get repo: `<repo>` nodes"},
	}, func(ctx context.Context, c *method.Call, in treeArgs) ([]Leaf, error) {
		list, failed := []Leaf{}, fmt.Sprintf("failed to get repo: `%s` nodes", c.Repo.Path)
		err := s.read(ctx, c, func(q *query) error {
			p, err := q.part(in.Start, in.Limit, q.limits.Entries)
			if err != nil || q.empty() {
				return err
			}
			spend := &purse{read: q.limits.Read}
			err = s.each(q, in.Commit, in.Root, "files", failed, p, func(n browse.Node) error {
				b, err := q.look(n.ID, false, 0, spend)
				list = append(list, Leaf{text(n.Path), b.md5, extension(n.Path), b.binary, b.size})
				return err
			})
			if refused := q.tooMuch(err, failed, partsHow); refused != nil {
				return refused
			}
			return p.end(err, failed, "files")
		})
		return list, err
	})
}
