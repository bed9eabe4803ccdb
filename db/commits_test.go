package db

import (
	"fmt"
	"reflect"
	"testing"
	"time"
)

// said adds a comment of ada's to r-app.
func said(t *testing.T, d *DB, c CommitComment) CommitComment {
	t.Helper()
	ada := "u-ada"
	c.RepositoryID, c.AuthorID, c.Author, c.CreatedAt = "r-app", &ada, "ada", noon
	c, err := d.CommitComments().Add(t.Context(), c, 100)
	ok(t, err)
	return c
}

func TestCommentsAreFoundInTheOrderOfWriting(t *testing.T) {
	d := peopled(t)
	one := said(t, d, CommitComment{CommitID: "c1", Kind: "todo", Body: "mend this"})
	two := said(t, d, CommitComment{CommitID: "c2", Kind: "note", Body: "ü\n'\"", Status: "approved"})
	three := said(t, d, CommitComment{CommitID: "c1", Kind: "note", Body: "done", ResolvesID: one.ID})
	if one.CreatedAt != stamp(noon) || one.ID >= two.ID || two.ID >= three.ID {
		t.Fatalf("got %+v %+v %+v", one, two, three)
	}
	for _, c := range []struct {
		filter CommentFilter
		limit  int
		want   []CommitComment
	}{
		{CommentFilter{}, 10, []CommitComment{one, two, three}},
		{CommentFilter{}, 2, []CommitComment{one, two}},
		{CommentFilter{After: two.ID}, 2, []CommitComment{three}},
		{CommentFilter{CommitID: "c1"}, 10, []CommitComment{one, three}},
		{CommentFilter{CommitID: "c1", Kind: "note"}, 10, []CommitComment{three}},
		{CommentFilter{AuthorID: "u-ada", Kind: "todo"}, 10, []CommitComment{one}},
		{CommentFilter{AuthorID: "u-bob"}, 10, []CommitComment{}},
	} {
		got, err := d.CommitComments().Find(t.Context(), "r-app", c.filter, c.limit)
		ok(t, err)
		if fmt.Sprint(ids(got)) != fmt.Sprint(ids(c.want)) || len(got) > 0 && !reflect.DeepEqual(got, c.want) {
			t.Errorf("%+v finds %+v, want %+v", c.filter, got, c.want)
		}
	}
	by, err := d.CommitComments().Resolving(t.Context(), "r-app", []string{one.ID, two.ID})
	ok(t, err)
	if !reflect.DeepEqual(by, []CommitComment{three}) {
		t.Errorf("settled by %+v", by)
	}
	if by, err := d.CommitComments().Resolving(t.Context(), "r-app", nil); err != nil || by != nil {
		t.Errorf("nothing is settled by %+v, %v", by, err)
	}
	got, err := d.CommitComments().ByID(t.Context(), "r-app", two.ID)
	if ok(t, err); !reflect.DeepEqual(got, two) {
		t.Errorf("got %+v, want %+v", got, two)
	}
	_, err = d.CommitComments().ByID(t.Context(), "r-other", two.ID)
	wants(t, err, ErrNotFound)
}

func ids(list []CommitComment) (of []string) {
	for _, c := range list {
		of = append(of, c.ID)
	}
	return of
}

func TestCommentsOfACommitAreBounded(t *testing.T) {
	d := peopled(t)
	for _, commit := range []string{"c1", "c1", "c2"} {
		_, err := d.CommitComments().Add(t.Context(), CommitComment{RepositoryID: "r-app", CommitID: commit, Author: "x"}, 2)
		ok(t, err)
	}
	_, err := d.CommitComments().Add(t.Context(), CommitComment{RepositoryID: "r-app", CommitID: "c1", Author: "x"}, 2)
	wants(t, err, ErrFull)
	_, err = d.CommitComments().Add(t.Context(), CommitComment{RepositoryID: "nothing", CommitID: "c1", Author: "x"}, 2)
	wants(t, err, ErrInUse)
}

func TestWhatIsSaidOfCommitsOutlivesWhoSaidItAndNotTheRepository(t *testing.T) {
	d := peopled(t)
	ok(t, d.Users().Insert(t.Context(), user("cyd")))
	cyd := "u-cyd"
	_, err := d.CommitComments().Add(t.Context(), CommitComment{RepositoryID: "r-app", CommitID: "c1", AuthorID: &cyd, Author: "cyd"}, 9)
	ok(t, err)
	_, err = d.CommitStatuses().Add(t.Context(), CommitStatus{RepositoryID: "r-app", CommitID: "c1", CreatorID: &cyd, Creator: "cyd"}, 9)
	ok(t, err)
	ok(t, d.Users().Delete(t.Context(), cyd))
	look := func() ([]CommitComment, []CommitStatus) {
		comments, err := d.CommitComments().Find(t.Context(), "r-app", CommentFilter{}, 9)
		ok(t, err)
		statuses, err := d.CommitStatuses().Latest(t.Context(), "r-app", "c1")
		ok(t, err)
		return comments, statuses
	}
	comments, statuses := look()
	if len(comments) != 1 || comments[0].AuthorID != nil || comments[0].Author != "cyd" || len(statuses) != 1 || statuses[0].CreatorID != nil || statuses[0].Creator != "cyd" {
		t.Fatalf("left are %+v, %+v", comments, statuses)
	}
	ok(t, d.Repositories().Trash(t.Context(), "r-app", noon))
	if comments, statuses = look(); len(comments) != 1 || len(statuses) != 1 {
		t.Errorf("a repository that can come back has lost %v, %v", comments, statuses)
	}
	ok(t, d.Repositories().Delete(t.Context(), "r-app"))
	if comments, statuses = look(); len(comments) != 0 || len(statuses) != 0 {
		t.Errorf("left are %+v, %+v", comments, statuses)
	}
}

func TestTheNewestStatusOfEachContextCounts(t *testing.T) {
	d := peopled(t)
	add := func(commit, context, state string, most int) (CommitStatus, error) {
		return d.CommitStatuses().Add(t.Context(), CommitStatus{RepositoryID: "r-app", CommitID: commit, Context: context, State: state, TargetURL: "https://ci.example.com/1",
			Description: "ü", Creator: "bot", CreatedAt: noon.Add(time.Minute)}, most)
	}
	states := func() string {
		t.Helper()
		latest, err := d.CommitStatuses().Latest(t.Context(), "r-app", "c1")
		ok(t, err)
		list, all, err := d.CommitStatuses().List(t.Context(), "r-app", "c1", 0, 100)
		ok(t, err)
		text := ""
		for _, s := range latest {
			text += fmt.Sprintf("%s:%s:%d ", s.Context, s.State, s.Number)
		}
		text += "|"
		for _, s := range list {
			text += fmt.Sprintf(" %d", s.Number)
		}
		return text + fmt.Sprintf(" of %d", all)
	}
	for i, c := range []struct {
		commit, context, state string
		most                   int
		full                   bool
		want                   string
	}{
		{"c1", "build", "pending", 9, false, "build:pending:1 | 1 of 1"},
		{"c2", "build", "error", 9, false, "build:pending:1 | 1 of 1"},
		{"c1", "lint", "success", 9, false, "lint:success:3 build:pending:1 | 3 1 of 2"},
		{"c1", "build", "failure", 9, false, "build:failure:4 lint:success:3 | 4 3 1 of 3"},
		{"c1", "test", "pending", 3, false, "test:pending:5 build:failure:4 lint:success:3 | 5 4 3 of 3"},
		{"c1", "more", "pending", 3, true, "test:pending:5 build:failure:4 lint:success:3 | 5 4 3 of 3"},
		{"c1", "lint", "warning", 3, false, "lint:warning:6 test:pending:5 build:failure:4 | 6 5 4 of 3"},
	} {
		s, err := add(c.commit, c.context, c.state, c.most)
		if c.full {
			wants(t, err, ErrFull)
		} else {
			ok(t, err)
		}
		if got := states(); got != c.want {
			t.Errorf("%d: after %+v there is %q, want %q", i, s, got, c.want)
		}
	}
	list, all, err := d.CommitStatuses().List(t.Context(), "r-app", "c1", 1, 1)
	if ok(t, err); len(list) != 1 || list[0].Number != 5 || all != 3 || list[0].CreatedAt != stamp(noon.Add(time.Minute)) || list[0].Description != "ü" {
		t.Errorf("the second is %+v of %d", list, all)
	}
	_, err = d.CommitStatuses().Add(t.Context(), CommitStatus{RepositoryID: "nothing", CommitID: "c1"}, 9)
	wants(t, err, ErrInUse)
}
