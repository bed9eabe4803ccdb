package content

import (
	"context"
	"errors"
	"fmt"

	"jeton/auth/access"
	"jeton/vcs/oid"
	"jeton/vcs/reach"
	"jeton/web/api/method"
	"jeton/web/api/person"
)

// Remark is a comment as RhodeCode's API tells of it.
type Remark struct {
	ID        string      `json:"comment_id" doc:"The id; RhodeCode's are integers."`
	Kind      string      `json:"comment_type" doc:"note or todo."`
	Text      string      `json:"comment_text" doc:"What was said."`
	Status    []Status    `json:"comment_status" doc:"What the commit became by it; empty where it stayed as it was."`
	Path      *string     `json:"comment_f_path" doc:"null: comments are about whole commits."`
	Line      *string     `json:"comment_lineno" doc:"null, likewise."`
	Author    person.User `json:"comment_author" doc:"Who said it; of somebody who is gone only the name."`
	At        string      `json:"comment_created_on" doc:"When, in UTC without a zone."`
	Resolved  *Remark     `json:"comment_resolved_by" doc:"The comment that settled it; null where none did."`
	Commit    string      `json:"comment_commit_id" doc:"The commit's id."`
	PullReq   *string     `json:"comment_pull_request_id" doc:"null: there are no pull requests."`
	LastVersn int64       `json:"comment_last_version" doc:"0: comments are not edited."`
}

// Status is a change of a commit's status.
type Status struct {
	ID     string `json:"status_id" doc:"The comment's id."`
	Status string `json:"status" doc:"not_reviewed, approved, rejected or under_review."`
}

type commentsArgs struct {
	Repo   method.Ref  `arg:"repoid" doc:"Name or id of the repository."`
	Commit string      `arg:"commit_id,optional" doc:"Only those of this commit."`
	Kind   string      `arg:"comment_type,optional" doc:"note or todo: only those."`
	Person *method.Ref `arg:"userid,optional" doc:"Name or id of a person: only what they have said."`
	After  string      `arg:"after,optional" max:"64" doc:"The comment_id behind which to begin. Jeton's own."`
	Limit  int64       `arg:"limit,optional" default:"-1" doc:"How many to look at, at most 1000; -1 for all, where these are not more. Those of commits that the caller does not see are looked at, and not told. Jeton's own."`
}

func (s *server) comments() method.Method {
	return method.Of(method.Method{
		Name: "get_repo_comments", On: onRepository(), REST: "GET repos/{repoid}/comments", Example: `{"repoid":"team/app","comment_type":"todo"}`,
		Doc:   "Lists what was said of a repository's commits, the oldest first. Comments on commits to which no ref leads that the caller sees are left out.",
		Fails: []string{"comment_type must be one of `['note', 'todo']` got <type>", "user `…` does not exist"},
	}, func(ctx context.Context, c *method.Call, in commentsArgs) ([]Remark, error) {
		list := []Remark{}
		f := Filter{Kind: in.Kind, After: in.After}
		if in.Person != nil {
			u, ok := s.o.People.Find(string(*in.Person))
			if !ok {
				return nil, method.NoUser(*in.Person)
			}
			f.AuthorID = u.ID
		}
		if in.Kind != "" {
			if err := kindOf(in.Kind); err != nil {
				return nil, err
			}
		}
		err := s.read(ctx, c, func(q *query) (err error) {
			if in.Commit != "" {
				r, err := s.commit(q, in.Commit)
				if absent(err) {
					return nil
				}
				if err != nil {
					return err
				}
				f.CommitID = r.Commit.String()
			}
			rows, err := s.rows(q, f, in.Limit)
			if err == nil {
				list, err = s.remarks(q, rows)
			}
			return err
		})
		return list, err
	})
}

// rows reads the comments of a filter.
func (s *server) rows(q *query, f Filter, limit int64) ([]Comment, error) {
	if limit < -1 || limit > few {
		return nil, method.Fail(method.Invalid, "`limit` must be -1 for all, or at most %d; ask for the rest with `after`", few)
	}
	n := int(limit)
	if limit == -1 {
		n = few + 1
	}
	rows, err := s.o.Comments.Find(q.ctx, q.Repo.ID, f, n)
	if err == nil && len(rows) > few {
		return nil, method.Fail(method.TooLarge, "there are more than %d comments. Ask for parts with `limit`, and for the next with `after` and the last comment_id", few)
	}
	return rows, err
}

// remarks tells of the comments whose commits the reader sees.
func (s *server) remarks(q *query, rows []Comment) ([]Remark, error) {
	list, ids, seen := []Remark{}, []string{}, map[string]bool{}
	for _, c := range rows {
		shown, asked := seen[c.CommitID]
		if !asked {
			var err error
			if shown, err = q.sees(c.CommitID); err != nil {
				return nil, err
			}
			seen[c.CommitID] = shown
		}
		if shown {
			list, ids = append(list, s.remark(q.Call, c)), append(ids, c.ID)
		}
	}
	by, err := s.o.Comments.Resolving(q.ctx, q.Repo.ID, ids)
	if err != nil {
		return nil, fmt.Errorf("read what settles comments: %w", err)
	}
	settled := map[string]*Remark{}
	for _, c := range by { // a comment settles others of its own commit alone
		r := s.remark(q.Call, c)
		settled[c.ResolvesID] = &r
	}
	for i := range list {
		list[i].Resolved = settled[list[i].ID]
	}
	return list, nil
}

// sees tells whether the reader may know of a commit.
func (q *query) sees(commit string) (bool, error) {
	id, ok := oid.Parse(commit)
	if !ok {
		return false, nil
	}
	ok, err := q.find.Visible(q.ctx, id)
	if errors.Is(err, reach.ErrBudget) {
		return false, nil
	}
	return ok, err
}

// remark is a comment for a reply.
func (s *server) remark(c *method.Call, said Comment) Remark {
	r := Remark{ID: said.ID, Kind: said.Kind, Text: said.Text, Status: []Status{}, At: method.Time(said.At), Commit: said.CommitID}
	if said.Status != "" {
		r.Status = append(r.Status, Status{said.ID, said.Status})
	}
	u, ok := s.o.People.ByID(said.AuthorID)
	if !ok {
		u = access.User{Name: said.Author}
	}
	r.Author = person.Show(c, u)
	return r
}
