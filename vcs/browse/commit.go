package browse

import (
	"bytes"
	"context"
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/go-git/go-git/v5/plumbing"
	"golang.org/x/text/encoding/htmlindex"

	"jeton/vcs/object"
	"jeton/vcs/oid"
	"jeton/vcs/pack"
)

// maxCommit is the largest commit that is read, in bytes; larger ones are refused when they are pushed.
const maxCommit = 64 << 20

// Person is who wrote or made a commit. Name and Email are as the commit has them: anybody may claim to be anybody.
type Person struct {
	Name, Email string
	// When has the time zone that the commit tells; 1970 where it tells no time that can be read.
	When time.Time
}

// Commit is a commit as people read it. Its texts are valid UTF-8: converted from the encoding that the commit names, with
// U+FFFD for what is not text in it. Control characters are left as they are.
type Commit struct {
	ID, Tree oid.ID
	// Parents are none for a root, and for a commit at which a shallow history ends.
	Parents           []oid.ID
	Author, Committer Person
	// Subject is the first paragraph in one line, Body what follows it, Message all of it.
	Subject, Body, Message string
}

// ReadCommit reads one commit. ErrNoCommit, pack.ErrNotFound.
func ReadCommit(ctx context.Context, set *pack.Set, id oid.ID) (Commit, error) {
	if err := ctx.Err(); err != nil {
		return Commit{}, err
	}
	c, err := readCommit(set, id)
	c.makeValid(maxCommit)
	return c, err
}

// readCommit is ReadCommit, but leaves bytes that are no text as they are, as git does in patches.
func readCommit(set *pack.Set, id oid.ID) (Commit, error) {
	kind, data, err := set.Read(id, maxCommit)
	if err != nil {
		return Commit{}, fmt.Errorf("read commit: %w", err)
	}
	if kind != plumbing.CommitObject {
		return Commit{}, fmt.Errorf("%s is a %s: %w", id, kind, ErrNoCommit)
	}
	links, err := object.ParseCommit(data)
	if err != nil {
		return Commit{}, fmt.Errorf("commit %s: %w", id, err)
	}
	c := parse(data)
	c.ID, c.Tree, c.Parents = id, links.Tree, links.Parents
	if set.IsEnd(id) {
		c.Parents = nil
	}
	return c, nil
}

// parse reads what people read of a raw commit: its persons and its message, in UTF-8.
func parse(data []byte) Commit {
	header, message, _ := bytes.Cut(data, []byte("\n\n"))
	var c Commit
	var author, committer, encoding string
	for line := range strings.Lines(string(header)) {
		key, value, _ := strings.Cut(strings.TrimSuffix(line, "\n"), " ")
		switch key {
		case "author":
			author = value
		case "committer":
			committer = value
		case "encoding":
			encoding = value
		}
	}
	c.Author, c.Committer = person(toUTF8(author, encoding)), person(toUTF8(committer, encoding))
	c.Message, _, _ = strings.Cut(toUTF8(string(message), encoding), "\x00") // git shows a message up to its first NUL
	c.Subject, c.Body = split(c.Message)
	return c
}

// toUTF8 converts a text from a named encoding; one that nobody knows leaves it as it is.
func toUTF8(s, encoding string) string {
	if encoding == "" {
		return s
	}
	e, err := htmlindex.Get(encoding)
	if err != nil {
		return s
	}
	if converted, err := e.NewDecoder().String(s); err == nil {
		return converted
	}
	return s
}

// person reads "Name <mail> seconds zone" (git-commit-tree, "commit information").
func person(line string) Person {
	name, rest, _ := strings.Cut(line, "<")
	mail, _, _ := strings.Cut(rest, ">")
	p := Person{Name: strings.TrimSpace(name), Email: strings.TrimSpace(mail), When: time.Unix(0, 0).UTC()}
	f := strings.Fields(line[strings.LastIndexByte(line, '>')+1:])
	if len(f) == 0 {
		return p
	}
	if seconds, err := strconv.ParseInt(f[0], 10, 64); err == nil && seconds >= 0 && seconds < maxTime {
		p.When = time.Unix(seconds, 0).UTC()
	}
	if len(f) > 1 {
		p.When = p.When.In(zone(f[1]))
	}
	return p
}

// maxTime is the first second of the year 10000, which the formats of dates cannot write.
const maxTime = 253402300800

// zone reads +hhmm; anything else is UTC.
func zone(s string) *time.Location {
	n, err := strconv.Atoi(s)
	if err != nil || n <= -2400 || n >= 2400 {
		return time.UTC
	}
	return time.FixedZone("", n/100*3600+n%100*60)
}

// split cuts a message into the first paragraph, in one line, and the rest, each line without the blanks at its end, as
// git's formats for people do.
func split(message string) (subject, body string) {
	var first, rest strings.Builder // no lists of lines: a message of 64 MiB may have as many
	blank, inBody := 0, false
	for line := range strings.Lines(message) {
		line = strings.TrimRight(line, blanks)
		switch {
		case !inBody && line != "":
			if first.Len() > 0 {
				first.WriteByte(' ')
			}
			first.WriteString(line)
		case !inBody:
			inBody = first.Len() > 0
		case line == "":
			blank++
		default:
			if rest.Len() > 0 {
				for range blank + 1 {
					rest.WriteByte('\n')
				}
			}
			rest.WriteString(line)
			blank = 0
		}
	}
	return first.String(), rest.String()
}

// blanks are the characters that C's isspace knows, as git's own table has them.
const blanks = " \t\n\r"

// makeValid makes the texts UTF-8 and cuts the message after limit bytes.
func (c *Commit) makeValid(limit int) {
	if len(c.Message) > limit {
		c.Message = strings.ToValidUTF8(c.Message[:limit], "") + "…"
		c.Subject, c.Body = split(c.Message)
	}
	for _, s := range []*string{&c.Author.Name, &c.Author.Email, &c.Committer.Name, &c.Committer.Email, &c.Subject, &c.Body, &c.Message} {
		*s = strings.ToValidUTF8(*s, "\ufffd")
	}
}
