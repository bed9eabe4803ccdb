package content

import (
	"context"
	"encoding/base64"
	"fmt"
	"strings"

	"github.com/go-git/go-git/v5/plumbing"

	"jeton/vcs/revision"
	"jeton/web/api/method"
)

type fileArgs struct {
	Repo    method.Ref `arg:"repoid" doc:"Name or id of the repository."`
	Commit  string     `arg:"commit_id" doc:"A branch, a tag, an id or its beginning, tip, or a number."`
	Path    string     `arg:"file_path" doc:"The file's path in the repository."`
	Max     *int64     `arg:"max_file_bytes,optional" doc:"A file larger than that has no content in the reply."`
	Details string     `arg:"details,optional" default:"basic" doc:"minimal: name and type. basic (or extended): with checksum, size and lines. full: with what is in it."`
	Cache   bool       `arg:"cache,optional" default:"true" doc:"Taken, and without effect: nothing is kept between calls."`
	Base64  bool       `arg:"base64,optional" default:"false" doc:"With details full: the content in base64 whatever it is, that of binary files too. Jeton's own."`
}

func (s *server) file() method.Method {
	return method.Of(method.Method{
		Name: "get_repo_file", On: onRepository(), REST: "GET repos/{repoid}/file", Example: `{"repoid":"team/app","commit_id":"tip","file_path":"README.md","details":"full"}`,
		Doc: "Tells of one file of a commit. `null` where the repository is empty. A symbolic link is a file that holds where it points to.",
		Fails: []string{"ret_type must be one of minimal,minimal+search,basic,extended,full", "There is no file in repo: `<repo>` at path `<path>` for commit: `<commit>`",
			"failed to get repo: `<repo>` file at path <path>"},
	}, func(ctx context.Context, c *method.Call, in fileArgs) (out *Node, err error) {
		if err := detailsOf(in.Details, "minimal", "minimal+search", "basic", "extended", "full"); err != nil {
			return nil, err
		}
		err = s.read(ctx, c, func(q *query) error {
			if q.empty() {
				return nil
			}
			out, err = s.oneFile(q, in)
			return err
		})
		return out, err
	})
}

// oneFile finds the file and tells of it.
func (s *server) oneFile(q *query, in fileArgs) (*Node, error) {
	failed := fmt.Sprintf("failed to get repo: `%s` file at path %s", q.Repo.Path, revision.Shown(in.Path))
	r, err := s.commit(q, in.Commit)
	if absent(err) {
		return nil, method.Fail(method.NotFound, "%s", failed)
	}
	if err != nil {
		return nil, err
	}
	path := strings.TrimPrefix(in.Path, "/")
	e, err := q.find.Entry(q.ctx, r.Tree, path)
	switch {
	case absent(err):
		return nil, method.Fail(method.NotFound, "There is no file in repo: `%s` at path `%s` for commit: `%s`", q.Repo.Path, revision.Shown(in.Path), revision.Shown(in.Commit))
	case err != nil:
		return nil, err
	case e.Kind != plumbing.BlobObject:
		return nil, method.Fail(method.NotFound, "%s", failed)
	}
	n := named(path, "file")
	if strings.HasPrefix(in.Details, "minimal") {
		return &n, nil
	}
	most := int64(-1)
	if in.Max != nil {
		most = max(*in.Max, 0)
	}
	b, err := q.look(e.ID, in.Details == "full", most, &purse{read: q.limits.Read, content: q.limits.Bytes})
	if refused := q.tooMuch(err, failed, "Ask with `max_file_bytes`, or download it from the raw address of the repository"); refused != nil {
		return nil, refused
	}
	if err != nil {
		return nil, err
	}
	n.fill(path, b)
	if in.Base64 && b.kept {
		content, encoding := base64.StdEncoding.EncodeToString(b.data), "base64"
		n.Content, n.Encoding = &content, &encoding
	}
	return &n, nil
}
