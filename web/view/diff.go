package view

import (
	"errors"
	"fmt"
	"io"
	"net/http"
	"path"
	"strconv"
	"strings"

	"jeton/vcs/browse"
	"jeton/vcs/oid"
	"jeton/vcs/revision"
	"jeton/web/door"
	"jeton/web/etag"
)

// Diff answers with what a commit changed, as `git diff` prints it: Rest is the commit. A merge is shown against its first
// parent.
func (h *Handler) Diff(w http.ResponseWriter, r *http.Request, v door.Visit) {
	h.serve(w, r, v, func(q *request) error { return h.commitDiff(q, "inline") })
}

// Download is Diff for a browser to save.
func (h *Handler) Download(w http.ResponseWriter, r *http.Request, v door.Visit) {
	h.serve(w, r, v, func(q *request) error { return h.commitDiff(q, "attachment") })
}

// Patch answers with a commit as `git format-patch` prints it, for `git am`: Rest is the commit.
func (h *Handler) Patch(w http.ResponseWriter, r *http.Request, v door.Visit) {
	h.serve(w, r, v, h.patch)
}

// FileDiff answers with what differs in a file or folder between the revisions ?diff1= and ?diff2=: Rest is its path.
func (h *Handler) FileDiff(w http.ResponseWriter, r *http.Request, v door.Visit) {
	h.serve(w, r, v, h.fileDiff)
}

func (h *Handler) commitDiff(q *request, kind string) error {
	c, err := commit(q, q.visit.Rest)
	if err != nil {
		return err
	}
	o, err := h.options(q)
	if err != nil {
		return err
	}
	return h.text(q, diffText{kind: kind, name: fileName(q, short(c), "diff"), fixed: c.Fixed, tag: []string{"commit", c.Commit.String()}, o: o,
		write: func(w io.Writer) (string, error) { return browse.CommitDiff(q.ctx, q.set, w, c.Commit, o) }})
}

func (h *Handler) patch(q *request) error {
	c, err := commit(q, q.visit.Rest)
	if err != nil {
		return err
	}
	read, err := browse.ReadCommit(q.ctx, q.set, c.Commit)
	if err != nil {
		return err
	}
	if len(read.Parents) > 1 {
		return no(http.StatusNotFound, "merge", "%s is a merge, of which there is no patch. Ask for its diff, or for compare/A...B.patch with the commits that it merged.", c.Commit)
	}
	o, err := h.options(q)
	if err != nil {
		return err
	}
	return h.text(q, diffText{kind: "inline", name: fileName(q, short(c), "patch"), fixed: c.Fixed, tag: []string{"patch", c.Commit.String()}, o: o,
		write: func(w io.Writer) (string, error) { return browse.Patch(q.ctx, q.set, w, c.Commit, o) }})
}

func (h *Handler) fileDiff(q *request) error {
	query := q.URL.Query()
	if !query.Has("diff1") || !query.Has("diff2") {
		return no(http.StatusBadRequest, "missing", "A diff of a file needs two revisions: ?diff1= the older one, and &diff2= the newer one.")
	}
	from, err := q.find.Find(q.ctx, query.Get("diff1"))
	if err != nil {
		return err
	}
	to, err := q.find.Find(q.ctx, query.Get("diff2"))
	if err != nil {
		return err
	}
	if from.Tree.IsZero() || to.Tree.IsZero() {
		return no(http.StatusNotFound, "no_tree", "One of the two revisions has no files: it is neither a commit nor a folder.")
	}
	o, err := h.options(q)
	if err != nil {
		return err
	}
	if o.Path, err = inEither(q, from, to); err != nil {
		return err
	}
	return h.text(q, diffText{kind: "inline", name: fileName(q, path.Base(o.Path), "diff"), fixed: from.Fixed && to.Fixed,
		tag: []string{"file", from.Tree.String(), to.Tree.String()}, o: o,
		write: func(w io.Writer) (string, error) { return browse.Diff(q.ctx, q.set, w, from.Tree, to.Tree, o) }})
}

// inEither makes sure that the path of the address stands in one of two revisions, and returns it.
func inEither(q *request, from, to revision.Revision) (string, error) {
	_, err := q.find.Entry(q.ctx, to.Tree, q.visit.Rest)
	if errors.Is(err, revision.ErrNotFound) {
		_, err = q.find.Entry(q.ctx, from.Tree, q.visit.Rest)
	}
	if errors.Is(err, revision.ErrNotFound) {
		return "", no(http.StatusNotFound, "no_file", "There is no file or folder «%s» in either revision.", revision.Shown(q.visit.Rest))
	}
	return strings.TrimSuffix(q.visit.Rest, "/"), err
}

// commit finds the commit that a text names.
func commit(q *request, text string) (revision.Revision, error) {
	r, err := q.find.Find(q.ctx, text)
	if err == nil && r.Commit.IsZero() {
		err = no(http.StatusNotFound, "no_commit", "«%s» is no commit.", revision.Shown(text))
	}
	return r, err
}

// short is how a commit is called in the names of files.
func short(r revision.Revision) string { return oid.Abbrev(r.Commit, oid.Readable) }

// fileName is the name of a downloaded text: the repository's last word, what it is of, and the ending.
func fileName(q *request, of, ending string) string {
	return path.Base(q.visit.Path) + "-" + of + "." + ending
}

// options reads ?context= and ?ignorews= (both RhodeCode's).
func (h *Handler) options(q *request) (browse.DiffOptions, error) {
	l := h.o.Limits
	o := browse.DiffOptions{Limits: browse.Limits{Files: l.DiffFiles, Bytes: l.DiffBytes, Blob: l.DiffBlob, Time: l.DiffTime}}
	query := q.URL.Query()
	if s := query.Get("context"); s != "" {
		n, err := strconv.ParseUint(s, 10, 31)
		if err != nil {
			return o, no(http.StatusBadRequest, "bad_context", "context is how many lines stand around a change: a number, such as context=10.")
		}
		if o.Context = int(n); n == 0 {
			o.Context = -1 // none; 0 is git's default
		}
	}
	switch query.Get("ignorews") {
	case "", "0", "false", "off":
	case "1", "true", "on":
		o.IgnoreSpace = true
	default:
		return o, no(http.StatusBadRequest, "bad_ignorews", "ignorews is 1 where changes of white space are not shown, else 0.")
	}
	return o, nil
}

// diffText is a diff or a patch that is about to be answered.
type diffText struct {
	kind, name string // of the Content-Disposition
	fixed      bool
	tag        []string // what decides its bytes, besides the options
	o          browse.DiffOptions
	write      writer
}

// text answers with a diff or a patch: as text/plain, as RhodeCode does, so that a browser shows it.
func (h *Handler) text(q *request, d diffText) error {
	head := q.w.Header()
	tag := strongTag(append(d.tag, "diff 1", fmt.Sprintf("%d %t %+v", d.o.Context, d.o.IgnoreSpace, d.o.Limits), d.kind, d.o.Path)...)
	head.Set("ETag", tag)
	head.Set("Content-Type", plainText)
	head.Set("Content-Disposition", disposition(d.kind, d.name))
	keep(head, q.visit, d.fixed)
	protect(head, q.visit)
	switch {
	case etag.Known(q.Request, tag):
		q.w.WriteHeader(http.StatusNotModified)
		return nil
	case q.Method == http.MethodHead:
		q.w.WriteHeader(http.StatusOK)
		return nil
	}
	out := &draft{q: q}
	notice, err := d.write(out)
	if err != nil {
		return fmt.Errorf("make a diff: %w", err)
	}
	return out.finish(notice)
}

// worded gives the words for people to what comparing can meet before it has begun.
func worded(err error) error {
	if errors.Is(err, browse.ErrLimit) {
		return no(http.StatusRequestEntityTooLarge, "too_far", "There are more commits between the two, or they part longer ago, than this server looks through. Fetch them, and compare them with git.")
	}
	return err
}
