package content

import (
	"context"
	"slices"
	"strings"

	"jeton/vcs/browse"
	"jeton/vcs/oid"
	"jeton/web/api/method"
)

// Changeset is a commit as RhodeCode's API tells of it.
type Changeset struct {
	ShortID  string   `json:"short_id" doc:"The first 12 digits of the id."`
	RawID    string   `json:"raw_id" doc:"The id."`
	Revision int64    `json:"revision" doc:"The commit's number, from 0 on, among all that branches and tags lead to, the oldest first; -1 where it has none, or the history is too long to be counted."`
	Message  string   `json:"message" doc:"The whole message."`
	Date     string   `json:"date" doc:"When it was made, by its author's clock, in UTC without a zone."`
	Author   string   `json:"author" doc:"Name <e-mail>, as the commit has it."`
	Parents  []Parent `json:"parents" doc:"The commits that it follows."`
	Branch   *string  `json:"branch" doc:"A branch whose head it is; null where it is no branch's."`
	Diff     []Entry  `json:"diff" doc:"The files that it changed against its first parent; empty where details is basic. extended knows no renames, and of a merge tells of what differs from any parent."`
	Notice   string   `json:"diff_notice,omitempty" doc:"What diff leaves out, and how to get the whole; not there where it is whole."`
	Heads    *Heads   `json:"refs,omitempty" doc:"What points to the commit; with details full alone."`
}

// Parent is one commit that another follows.
type Parent struct {
	RawID string `json:"raw_id" doc:"The id."`
}

// Entry is a file that a commit changed.
type Entry struct {
	Filename string  `json:"filename" doc:"Where it is, or was."`
	Op       string  `json:"op" doc:"A added, M modified or moved, D deleted."`
	New      *string `json:"new_revision" doc:"Id of the blob after it; zeros where there is none; null where only the name or mode changed, and with details extended."`
	Old      *string `json:"old_revision" doc:"Id of the blob before it, likewise."`
	Raw      *string `json:"raw_diff" doc:"The lines that changed, as git diff prints them, without its head; where no lines are compared (a binary file, a mode, a name), all behind diff --git. null with details extended."`
	Stats    Stats   `json:"stats" doc:"How much changed; nulls with details extended."`
}

// Stats are the lines of a change.
type Stats struct {
	Added   *int  `json:"added" doc:"Lines that came."`
	Binary  *bool `json:"binary" doc:"No lines were compared."`
	Deleted *int  `json:"deleted" doc:"Lines that went."`
}

// Heads are what points to a commit.
type Heads struct {
	Branches  []string `json:"branches" doc:"Branches."`
	Bookmarks []string `json:"bookmarks" doc:"Empty: git has none."`
	Tags      []string `json:"tags" doc:"Tags."`
}

const detailsDoc = "basic: the commit alone. extended: with the names of the files that it changed. full: with what changed in them, and the refs that point to it."

// detailsOf asks for one of several details, in RhodeCode's words.
func detailsOf(details string, of ...string) error {
	if !slices.Contains(of, details) {
		return method.Fail(method.Invalid, "ret_type must be one of %s", strings.Join(of, ","))
	}
	return nil
}

type changesetArgs struct {
	Repo     method.Ref `arg:"repoid" doc:"Name or id of the repository."`
	Revision string     `arg:"revision" doc:"A branch, a tag, an id or its beginning, tip, or a number."`
	Details  string     `arg:"details,optional" default:"basic" doc:"basic: the commit alone. extended: with the names of the files that it changed. full: with what changed in them, and the refs that point to it."`
}

func (s *server) changeset() method.Method {
	return method.Of(method.Method{
		Name: "get_repo_changeset", On: onRepository(), REST: "GET repos/{repoid}/changesets/{revision}", Example: `{"repoid":"team/app","revision":"main","details":"full"}`,
		Doc:   "Tells of one commit. " + detailsDoc,
		Fails: []string{"ret_type must be one of basic,extended,full", "There are no commits yet", "Commit <revision> does not exist for `<repo>`"},
	}, func(ctx context.Context, c *method.Call, in changesetArgs) (out Changeset, err error) {
		if err := detailsOf(in.Details, "basic", "extended", "full"); err != nil {
			return out, err
		}
		err = s.read(ctx, c, func(q *query) error {
			if q.empty() {
				return errNoCommits()
			}
			r, err := s.commit(q, in.Revision)
			if absent(err) {
				return q.noCommit(in.Revision)
			}
			if err != nil {
				return err
			}
			out, err = s.tell(q, r.Commit, in.Details, &budget{q.limits.Bytes, q.limits.Entries})
			return err
		})
		return out, err
	})
}

type changesetsArgs struct {
	Repo    method.Ref `arg:"repoid" doc:"Name or id of the repository."`
	Start   string     `arg:"start_rev" doc:"The commit to begin with: a branch, a tag, an id or its beginning, tip, or a number; 0 is the oldest."`
	Limit   int64      `arg:"limit" doc:"How many, at most 1000; -1 for all that follow, where these are not more."`
	Details string     `arg:"details,optional" default:"basic" doc:"basic: the commits alone. extended: with the names of the files that each changed. full: with what changed in them, and the refs that point to each."`
}

const errFetching = "Error occurred during commit fetching"

func (s *server) changesets() method.Method {
	return method.Of(method.Method{
		Name: "get_repo_changesets", On: onRepository(), REST: "GET repos/{repoid}/changesets", Example: `{"repoid":"team/app","start_rev":"0","limit":2}`,
		Doc: "Lists commits of all branches and tags that the caller sees, from one on, the oldest first. " + detailsDoc +
			" The diffs of one answer share its bound: diff_notice tells where one was left out. Go on with the last raw_id as start_rev.",
		Fails: []string{"ret_type must be one of basic,extended,full", errFetching},
	}, func(ctx context.Context, c *method.Call, in changesetsArgs) (list []Changeset, err error) {
		list = []Changeset{}
		if err := detailsOf(in.Details, "basic", "extended", "full"); err != nil {
			return nil, err
		}
		err = s.read(ctx, c, func(q *query) error {
			ids, err := s.from(q, in.Start, in.Limit)
			if err != nil {
				return err
			}
			left := &budget{q.limits.Bytes, q.limits.Entries}
			for _, id := range ids {
				one, err := s.tell(q, id, in.Details, left)
				if err != nil {
					return err
				}
				list = append(list, one)
			}
			return nil
		})
		return list, err
	})
}

// from lists the commits from one on.
func (s *server) from(q *query, start string, limit int64) ([]oid.ID, error) {
	if limit > few {
		return nil, method.Fail(method.Invalid, "`limit` must be at most %d; go on with the last raw_id as `start_rev`", few)
	}
	if q.empty() {
		return nil, method.Fail(method.NotFound, "%s: there are no commits yet", errFetching)
	}
	r, err := s.commit(q, start)
	if absent(err) {
		return nil, method.Fail(method.NotFound, "%s: %s", errFetching, err)
	}
	if err != nil || limit == 0 || limit < -1 {
		return nil, err
	}
	n := int(limit)
	if limit == -1 {
		n = few + 1
	}
	ids, err := s.following(q, r.Commit, n)
	if err == nil && len(ids) > few {
		return nil, method.Fail(method.TooLarge, "%s: more than %d commits follow. Ask for parts with `limit`, and go on with the last raw_id as `start_rev`", errFetching, few)
	}
	return ids, err
}

// following lists a commit and those behind it, at most n: by their numbers, or where the history is too long for these by
// what is newer.
func (s *server) following(q *query, commit oid.ID, n int) ([]oid.ID, error) {
	list, whole, err := s.order(q)
	if err != nil {
		return nil, err
	}
	if at := slices.Index(list, commit); whole && at >= 0 {
		return list[at:min(at+n, len(list))], nil
	}
	if whole {
		return nil, method.Fail(method.NotFound, "%s: no branch and no tag leads to this commit", errFetching)
	}
	tips, err := q.tips()
	if err != nil {
		return nil, err
	}
	ids, found, err := browse.Since(q.ctx, q.set, tips, commit, n, s.o.Walk)
	switch {
	case err != nil && isLimit(err):
		return nil, method.Fail(method.TooLarge, "%s: this commit is too old to be reached within the bound on the work. Begin with a newer one, or clone the repository", errFetching)
	case err == nil && !found:
		return nil, method.Fail(method.NotFound, "%s: no branch and no tag leads to this commit", errFetching)
	}
	return ids, err
}
