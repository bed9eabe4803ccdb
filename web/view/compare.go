package view

import (
	"io"
	"net/http"
	"strings"

	"jeton/vcs/browse"
	"jeton/vcs/revision"
	"jeton/web/door"
)

// Compare answers with what a revision has that another has not: Rest is "{a}...{b}.diff", or ".patch" for the patches of
// the commits that b has and a has not. Both begin where the two histories parted, as with `git diff A...B`.
func (h *Handler) Compare(w http.ResponseWriter, r *http.Request, v door.Visit) {
	h.serve(w, r, v, h.compare)
}

// comparison is what an address below compare/ names.
type comparison struct{ a, b, ending string }

// parseComparison takes an address apart. No ref's name holds two dots in a row, so that the dots stand for themselves; of
// two endings the last is the address's, and the first the branch's.
func parseComparison(rest string) (comparison, error) {
	for _, ending := range []string{"diff", "patch"} {
		both, ok := strings.CutSuffix(rest, "."+ending)
		if !ok {
			continue
		}
		a, b, ok := strings.Cut(both, "...")
		if !ok || a == "" || b == "" {
			return comparison{}, no(http.StatusBadRequest, "bad_compare", "Write two revisions with three dots between them: compare/main...feature.%s.", ending)
		}
		return comparison{a, b, ending}, nil
	}
	return comparison{}, no(http.StatusNotFound, "no_page", "Comparing is answered as compare/A...B.diff and compare/A...B.patch; there is no page of it yet.")
}

func (h *Handler) compare(q *request) error {
	named, err := parseComparison(q.visit.Rest)
	if err != nil {
		return err
	}
	a, err := commit(q, named.a)
	if err != nil {
		return err
	}
	b, err := commit(q, named.b)
	if err != nil {
		return err
	}
	o, err := h.options(q)
	if err != nil {
		return err
	}
	d := diffText{kind: "inline", name: fileName(q, short(a)+"..."+short(b), named.ending), fixed: a.Fixed && b.Fixed,
		tag: []string{"compare", named.ending, a.Commit.String(), b.Commit.String()}, o: o}
	if named.ending == "patch" {
		d.write, err = h.series(q, a, b, o)
	} else {
		d.write, err = h.sinceBase(q, a, b, o)
	}
	if err != nil {
		return worded(err)
	}
	return h.text(q, d)
}

// writer writes a diff or a patch; notice says what was left out.
type writer func(w io.Writer) (notice string, err error)

// sinceBase is what b changed since its history parted from a's.
func (h *Handler) sinceBase(q *request, a, b revision.Revision, o browse.DiffOptions) (writer, error) {
	base, ok, err := browse.MergeBase(q.ctx, q.set, a.Commit, b.Commit, 0)
	if err != nil {
		return nil, err
	}
	if !ok {
		return nil, no(http.StatusNotFound, "unrelated", "The two have no commit in common. A diff of a file between them is at diff/PATH?diff1=&diff2=.")
	}
	from, err := q.find.Peel(q.ctx, base)
	if err != nil {
		return nil, err
	}
	return func(w io.Writer) (string, error) { return browse.Diff(q.ctx, q.set, w, from.Tree, b.Tree, o) }, nil
}

// series is the patches of the commits that b has and a has not, merges left out.
func (h *Handler) series(q *request, a, b revision.Revision, o browse.DiffOptions) (writer, error) {
	commits, err := browse.Between(q.ctx, q.set, a.Commit, b.Commit, h.o.Limits.Patches)
	if err != nil {
		return nil, err
	}
	return func(w io.Writer) (string, error) { return browse.Series(q.ctx, q.set, w, commits, o) }, nil
}
