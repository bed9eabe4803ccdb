package browse

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/go-git/go-git/v5/plumbing"

	"jeton/vcs/oid"
	"jeton/vcs/pack"
)

// ErrNoTag says that the id names something else than an annotated tag.
var ErrNoTag = errors.New("not an annotated tag")

// Tag is an annotated tag as people read it; its texts are as a Commit's. Old tags have no tagger.
type Tag struct {
	ID oid.ID
	// Name is what the tag calls itself; the ref may be called otherwise.
	Name                   string
	Tagger                 Person
	Subject, Body, Message string
}

// ReadTag reads one annotated tag; its message is cut after 64 KiB. ErrNoTag, pack.ErrNotFound.
func ReadTag(ctx context.Context, set *pack.Set, id oid.ID) (Tag, error) {
	if err := ctx.Err(); err != nil {
		return Tag{}, err
	}
	kind, data, err := set.Read(id, maxCommit)
	if err != nil {
		return Tag{}, fmt.Errorf("read tag: %w", err)
	}
	if kind != plumbing.TagObject {
		return Tag{}, fmt.Errorf("%s is a %s: %w", id, kind, ErrNoTag)
	}
	header, _, _ := bytes.Cut(data, []byte("\n\n"))
	c := parse(data) // a tag has its encoding and its message where a commit has them
	t := Tag{ID: id}
	encoding := ""
	for line := range strings.Lines(string(header)) {
		switch key, value, _ := strings.Cut(strings.TrimSuffix(line, "\n"), " "); key {
		case "tag":
			t.Name = value
		case "tagger":
			t.Tagger = person(value)
		case "encoding":
			encoding = value
		}
	}
	c.Committer = Person{Name: toUTF8(t.Tagger.Name, encoding), Email: toUTF8(t.Tagger.Email, encoding), When: t.Tagger.When}
	c.makeValid(defaultMessage)
	t.Name = strings.ToValidUTF8(toUTF8(t.Name, encoding), "\ufffd")
	t.Tagger, t.Subject, t.Body, t.Message = c.Committer, c.Subject, c.Body, c.Message
	return t, nil
}

// defaultMessage is how long a message is told where nobody says otherwise, in bytes.
const defaultMessage = 64 << 10
