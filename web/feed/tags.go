package feed

import (
	"cmp"
	"context"
	"slices"
	"strings"

	"github.com/go-git/go-git/v5/plumbing"

	"jeton/vcs/browse"
	"jeton/vcs/storage"
)

// maxTags is how many tags are read for a feed: where there are more, those whose names sort last, among which the newest
// versions mostly are.
const maxTags = 2000

// tagged is the tags that the reader sees, as what a feed of them depends on: names and ids.
func (b *builder) tagged() []any {
	refs := b.tags()
	list := make([]any, 0, 2*len(refs))
	for _, r := range refs {
		list = append(list, r.Name, r.ID)
	}
	return list
}

// tags is the tags that the reader sees, at most maxTags.
func (b *builder) tags() []storage.Ref {
	refs := b.view.Refs.WithPrefix("refs/tags/")
	var seen []storage.Ref
	for i := len(refs) - 1; i >= 0 && len(seen) < maxTags; i-- {
		if b.see.Shows(&refs[i]) {
			seen = append(seen, refs[i])
		}
	}
	return seen
}

// tagFeed is the feed of tags, the newest first.
func (b *builder) tagFeed(ctx context.Context) (Feed, error) {
	f := b.head("Tags", "")
	for _, ref := range b.tags() {
		e, err := b.tagEntry(ctx, ref)
		if err != nil {
			return f, err
		}
		f.Entries = append(f.Entries, e)
	}
	slices.SortStableFunc(f.Entries, func(a, c Entry) int { return cmp.Or(c.Updated.Compare(a.Updated), strings.Compare(c.Title, a.Title)) })
	f.Entries = f.Entries[:min(len(f.Entries), b.s.o.Entries)]
	if len(f.Entries) > 0 {
		f.Updated = newest(f.Entries)
	}
	return f, nil
}

// tagEntry is a tag: with its own message and time where it has them, else with those of its commit. One that points to
// neither was made in 1970.
func (b *builder) tagEntry(ctx context.Context, ref storage.Ref) (Entry, error) {
	name := strings.TrimPrefix(ref.Name, "refs/tags/")
	e := Entry{Name: "tag " + b.repoID + " " + ref.Name + " " + ref.ID.String(), Title: line(name), Link: b.s.at(b.path, "tags"), Author: "unknown",
		Published: past, Updated: past, Kind: "tag"}
	target := ref.ID
	if !ref.Peeled.IsZero() {
		target = ref.Peeled
	}
	kind, _, err := b.view.Objects.Header(target)
	if err != nil {
		return e, err
	}
	said := ""
	if kind == plumbing.CommitObject {
		c, err := browse.ReadCommit(ctx, b.view.Objects, target)
		if err != nil {
			return e, err
		}
		e.Link, e.Author, e.Published, e.Updated, said = b.s.commitAt(b.path, target), author(c.Author), c.Author.When, c.Committer.When, c.Message
	}
	if target != ref.ID {
		t, err := browse.ReadTag(ctx, b.view.Objects, ref.ID)
		if err != nil {
			return e, err
		}
		if said = t.Message; t.Tagger.Name != "" {
			e.Author, e.Published, e.Updated = author(t.Tagger), t.Tagger.When, t.Tagger.When
		}
	}
	said = strings.TrimSpace(Clean(said))
	e.HTML, e.Text = pre(said), said
	if kind == plumbing.CommitObject {
		archive := b.s.at(b.path, "archive", name+".tar.gz")
		e.HTML += "<p>" + anchor(archive, line(name)+".tar.gz") + "</p>"
		e.Text += "\n\n" + archive
	}
	return e, nil
}
