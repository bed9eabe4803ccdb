package content

import (
	"context"
	"errors"
	"time"

	"jeton/auth/access"
	"jeton/auth/audit"
	"jeton/vcs/oid"
	"jeton/vcs/revision"
	"jeton/web/api/method"
	"jeton/web/api/person"
)

// Comment is what somebody has said of a commit.
type Comment struct {
	ID, RepoID, CommitID string
	// AuthorID is "" once the author is gone; Author is the name that they had.
	AuthorID, Author string
	// Kind is "note" or "todo".
	Kind, Text string
	// Status is what the commit became by it; "" where it stayed as it was. ResolvesID is the comment that it settles.
	Status, ResolvesID string
	At                 time.Time
}

// Filter says which comments are meant; what is empty is not looked at. After is the id of the one behind which to begin.
type Filter struct{ CommitID, Kind, AuthorID, After string }

// ErrFull is what Comments.Add answers where a commit has as many as are kept.
var ErrFull = errors.New("the commit has as many comments as are kept")

// ErrNoComment is what Comments.ByID answers where there is none.
var ErrNoComment = errors.New("no such comment")

// Comments keeps what people say of commits. Ids sort in the order of writing.
type Comments interface {
	// Add keeps a comment, and writes it into the audit record with the path of its repository; ErrFull.
	Add(ctx context.Context, by audit.Actor, path string, c Comment) (Comment, error)
	ByID(ctx context.Context, repoID, id string) (Comment, error)
	Find(ctx context.Context, repoID string, f Filter, limit int) ([]Comment, error)
	// Resolving lists those that settle some others.
	Resolving(ctx context.Context, repoID string, ids []string) ([]Comment, error)
}

// Said is the answer of comment_commit.
type Said struct {
	Msg     string  `json:"msg" doc:"What was done."`
	Status  *string `json:"status_change" doc:"What the commit became; null where it stayed as it was."`
	Success bool    `json:"success" doc:"true."`
	ID      string  `json:"comment_id" doc:"The comment's id. Jeton's own."`
}

type commentArgs struct {
	Repo     method.Ref  `arg:"repoid" doc:"Name or id of the repository."`
	Commit   string      `arg:"commit_id" doc:"A branch, a tag, an id or its beginning, tip, or a number."`
	Message  string      `arg:"message" max:"65536" doc:"What to say."`
	Status   string      `arg:"status,optional" doc:"What the commit becomes: not_reviewed, approved, rejected or under_review."`
	Kind     string      `arg:"comment_type,optional" default:"note" doc:"note or todo."`
	Resolves string      `arg:"resolves_comment_id,optional" doc:"The todo of this commit that it settles."`
	Copies   []string    `arg:"extra_recipients,optional" doc:"Names or ids of people who are to hear of it. They are looked for, and nobody is written to yet."`
	Person   *method.Ref `arg:"userid,optional" doc:"As whom to say it: for administrators, and for whoever may administer the repository."`
	Mail     bool        `arg:"send_email,optional" default:"true" doc:"Taken, and without effect: the server sends no mail about comments yet."`
}

func (s *server) commentCommit() method.Method {
	return method.Of(method.Method{
		Name: "comment_commit", On: onRepository(), Changes: true, REST: "POST repos/{repoid}/comments",
		Example: `{"repoid":"team/app","commit_id":"main","message":"Looks good.","status":"approved"}`,
		Doc:     "Says something of a commit, and may change its status with it. The comment stays when a branch no longer leads to the commit, and is told again when one does.",
		Fails: []string{"There are no commits yet", "Commit <commit> does not exist for `<repo>`", "Bad status, must be on of ['not_reviewed', 'approved', 'rejected', 'under_review'] got <status>",
			"comment_type must be one of `['note', 'todo']` got <type>", "Invalid resolves_comment_id `<id>` for this commit.",
			"Comment `<id>` is wrong type for setting status to resolved.", "userid is not the same as your user", "user `…` does not exist", "failed to set comment on repository `<repo>`: …"},
	}, s.comment)
}

// comment is comment_commit.
func (s *server) comment(ctx context.Context, c *method.Call, in commentArgs) (Said, error) {
	var id oid.ID
	err := s.read(ctx, c, func(q *query) error {
		if q.empty() {
			return errNoCommits()
		}
		r, err := s.commit(q, in.Commit)
		if absent(err) {
			return q.noCommit(in.Commit)
		}
		id = r.Commit
		return err
	})
	if err != nil {
		return Said{}, err
	}
	author := access.User{ID: c.Identity.UserID, Name: c.Identity.UserName}
	if in.Person != nil {
		if author, err = person.As(c, s.o.People, *in.Person, c.Admin() || c.Sees(c.Repo.ID, access.Admin)); err != nil {
			return Said{}, err
		}
	}
	if err := s.checked(ctx, c, in, id.String()); err != nil {
		return Said{}, err
	}
	if err := c.Again(ctx); err != nil {
		return Said{}, err
	}
	said, err := s.o.Comments.Add(ctx, c.Actor, c.Repo.Path, Comment{RepoID: c.Repo.ID, CommitID: id.String(), AuthorID: author.ID, Author: author.Name,
		Kind: in.Kind, Text: in.Message, Status: in.Status, ResolvesID: in.Resolves, At: time.Now()})
	if errors.Is(err, ErrFull) {
		return Said{}, method.Fail(method.Conflict, "failed to set comment on repository `%s`: this commit has as many comments as are kept", c.Repo.Path)
	}
	if err != nil {
		return Said{}, err
	}
	out := Said{Msg: "Commented on commit `" + id.String() + "` for repository `" + c.Repo.Path + "`", Success: true, ID: said.ID}
	if in.Status != "" {
		out.Status = &in.Status
	}
	return out, nil
}

// checked looks at what a comment says, in RhodeCode's order.
func (s *server) checked(ctx context.Context, c *method.Call, in commentArgs, commit string) error {
	switch in.Status {
	case "", "not_reviewed", "approved", "rejected", "under_review":
	default:
		return method.Fail(method.Invalid, "Bad status, must be on of ['not_reviewed', 'approved', 'rejected', 'under_review'] got %s", revision.Shown(in.Status))
	}
	if err := kindOf(in.Kind); err != nil {
		return err
	}
	if in.Resolves != "" {
		r, err := s.o.Comments.ByID(ctx, c.Repo.ID, in.Resolves)
		switch {
		case errors.Is(err, ErrNoComment), err == nil && r.CommitID != commit:
			return method.Fail(method.Invalid, "Invalid resolves_comment_id `%s` for this commit.", revision.Shown(in.Resolves))
		case err != nil:
			return err
		case r.Kind != "todo":
			return method.Fail(method.Invalid, "Comment `%s` is wrong type for setting status to resolved.", revision.Shown(in.Resolves))
		}
	}
	if len(in.Copies) > 100 {
		return method.Fail(method.Invalid, "`extra_recipients` are more than 100 people")
	}
	for _, ref := range in.Copies {
		if _, ok := s.o.People.Find(ref); !ok {
			return method.NoUser(method.Ref(ref))
		}
	}
	if in.Message == "" {
		return method.Fail(method.Invalid, "failed to set comment on repository `%s`: the message is empty", c.Repo.Path)
	}
	return nil
}

// kindOf asks for a comment's type, in RhodeCode's words.
func kindOf(kind string) error {
	if kind != "note" && kind != "todo" {
		return method.Fail(method.Invalid, "comment_type must be one of `['note', 'todo']` got %s", revision.Shown(kind))
	}
	return nil
}
