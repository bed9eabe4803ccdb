package content

import (
	"bytes"
	"errors"
	"fmt"
	"slices"
	"strings"

	"jeton/vcs/browse"
	"jeton/vcs/oid"
	"jeton/web/api/method"
)

// budget is what the diffs of one answer may still hold.
type budget struct {
	bytes int64
	files int
}

func isLimit(err error) bool { return errors.Is(err, browse.ErrLimit) }

// tell makes the answer about one commit.
func (s *server) tell(q *query, id oid.ID, details string, left *budget) (Changeset, error) {
	c, err := browse.ReadCommit(q.ctx, q.set, id)
	if err != nil {
		return Changeset{}, err
	}
	out := Changeset{ShortID: oid.Abbrev(id, 12), RawID: id.String(), Message: c.Message, Date: method.Time(c.Author.When),
		Author: fmt.Sprintf("%s <%s>", c.Author.Name, c.Author.Email), Parents: []Parent{}, Diff: []Entry{}}
	for _, p := range c.Parents {
		out.Parents = append(out.Parents, Parent{p.String()})
	}
	if out.Revision, err = s.place(q, id); err != nil {
		return out, err
	}
	heads := q.heads(id)
	if len(heads.Branches) > 0 {
		out.Branch = &heads.Branches[0]
	}
	switch details {
	case "extended":
		err = q.extended(c, &out, left)
	case "full":
		out.Heads = &heads
		err = q.full(id, &out, left)
	}
	return out, err
}

// heads are the branches and tags that point to a commit.
func (q *query) heads(id oid.ID) Heads {
	h := Heads{[]string{}, []string{}, []string{}}
	see := q.find.Sight()
	for i := range q.refs.Refs {
		ref := &q.refs.Refs[i]
		if ref.ID != id && ref.Peeled != id || !see.Shows(ref) {
			continue
		}
		if name, ok := strings.CutPrefix(ref.Name, "refs/heads/"); ok {
			h.Branches = append(h.Branches, text(name))
		} else if name, ok := strings.CutPrefix(ref.Name, "refs/tags/"); ok {
			h.Tags = append(h.Tags, text(name))
		}
	}
	return h
}

// mostParents is how many parents of a merge are compared with it.
const mostParents = 16

// extended tells which files differ from any parent.
func (q *query) extended(c browse.Commit, out *Changeset, left *budget) error {
	parents := []oid.ID{oid.Zero}
	if len(c.Parents) > 0 {
		parents = parents[:0]
	}
	for _, p := range c.Parents[:min(len(c.Parents), mostParents)] {
		parent, err := browse.ReadCommit(q.ctx, q.set, p)
		if err != nil {
			return err
		}
		parents = append(parents, parent.Tree)
	}
	var all []browse.Named
	for _, from := range parents {
		if left.files <= 0 {
			out.Notice = leftOut(c.ID)
			break
		}
		list, whole, err := browse.Names(q.ctx, q.set, from, c.Tree, browse.DiffOptions{Limits: browse.Limits{Files: left.files}})
		if err != nil {
			return err
		}
		if all = append(all, list...); !whole {
			out.Notice = leftOut(c.ID)
		}
	}
	slices.SortStableFunc(all, func(a, b browse.Named) int {
		if a.Op != b.Op {
			return order3(a.Op) - order3(b.Op)
		}
		return strings.Compare(a.Path, b.Path)
	})
	for _, n := range slices.Compact(all) {
		out.Diff = append(out.Diff, Entry{Filename: text(n.Path), Op: string(n.Op)})
	}
	left.files -= len(out.Diff)
	return nil
}

// order3 is RhodeCode's order: what came, what changed, what went.
func order3(op browse.Op) int { return strings.IndexByte("AMD", byte(op)) }

// leftOut says that the names of files were left out.
func leftOut(id oid.ID) string {
	return fmt.Sprintf("Files are left out, since there are too many for one answer. For the whole, fetch and run: git diff-tree -r --no-renames --name-status -m %s", id)
}

// full tells what changed in each file.
func (q *query) full(id oid.ID, out *Changeset, left *budget) error {
	if left.bytes <= 0 || left.files <= 0 {
		out.Notice = fmt.Sprintf("This diff is left out, since those before it fill the answer. Ask with get_repo_changeset for revision %s", id)
		return nil
	}
	list, notice, err := browse.CommitChanges(q.ctx, q.set, id, browse.DiffOptions{Binary: browse.BinaryTold, Limits: browse.Limits{Files: left.files, Bytes: left.bytes}})
	if err != nil {
		return err
	}
	out.Notice = notice
	slices.SortStableFunc(list, func(a, b browse.Change) int { return order3(a.Op) - order3(b.Op) })
	for _, c := range list {
		left.bytes -= int64(len(c.Text))
		out.Diff = append(out.Diff, entry(c))
	}
	left.files -= len(list)
	return nil
}

// entry is a change as RhodeCode tells of it.
func entry(c browse.Change) Entry {
	raw, lines := body(c.Text)
	e := Entry{Filename: text(c.Path), Op: string(c.Op), Raw: &raw}
	e.Stats.Added, e.Stats.Deleted = &c.Plus, &c.Minus
	binary := !lines
	e.Stats.Binary = &binary
	if c.Before != c.After {
		before, after := c.Before.String(), c.After.String()
		e.Old, e.New = &before, &after
	}
	return e
}

// body is the part of a file's diff that RhodeCode keeps: the hunks, or where there are none all behind "diff --git".
func body(diff []byte) (raw string, hunks bool) {
	if at := bytes.Index(diff, []byte("\n@@ ")); at >= 0 {
		return strings.ToValidUTF8(string(diff[at+1:]), "\ufffd"), true
	}
	return strings.ToValidUTF8(strings.TrimPrefix(string(diff), "diff --git"), "\ufffd"), false
}
