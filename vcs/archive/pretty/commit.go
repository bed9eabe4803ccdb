package pretty

import (
	"strconv"
	"strings"
	"time"

	"golang.org/x/text/encoding/ianaindex"

	"jeton/vcs/object"
	"jeton/vcs/oid"
)

// Commit is a commit as placeholders tell of it.
type Commit struct {
	id, tree          oid.ID
	parents           []oid.ID
	author, committer person
	encoding          string
	message           string // in UTF-8, where its encoding is known
	// What the message holds is looked for once: a file may ask for it millions of times, and a message be of 64 MiB.
	subject, body, fileName string
}

// Parse reads a raw commit. object.ErrMalformed where its links cannot be read; people that cannot are empty.
func Parse(id oid.ID, raw []byte) (*Commit, error) {
	links, err := object.ParseCommit(raw)
	if err != nil {
		return nil, err
	}
	c := &Commit{id: id, tree: links.Tree, parents: links.Parents}
	head, message, _ := strings.Cut(string(raw), "\n\n")
	for line := range strings.Lines(head) {
		key, value, _ := strings.Cut(strings.TrimSuffix(line, "\n"), " ")
		if key == "encoding" {
			c.encoding = value
		}
	}
	head = c.decode(head)
	for line := range strings.Lines(head) {
		key, value, _ := strings.Cut(strings.TrimSuffix(line, "\n"), " ")
		switch {
		case key == "author" && c.author == (person{}):
			c.author = parsePerson(value)
		case key == "committer" && c.committer == (person{}):
			c.committer = parsePerson(value)
		}
	}
	c.message, _, _ = strings.Cut(c.decode(message), "\x00") // git reads a message up to its first NUL
	text := afterBlank(c.message)
	first, _, _ := strings.Cut(text, "\n")
	c.fileName = fileName(first)
	c.subject, c.body = paragraph(text)
	c.body = afterBlank(c.body)
	return c, nil
}

// decode makes UTF-8 of a text in the commit's encoding; what cannot be understood stays as it is.
func (c *Commit) decode(text string) string {
	if c.encoding == "" || strings.EqualFold(c.encoding, "utf-8") || strings.EqualFold(c.encoding, "utf8") {
		return text
	}
	e, err := ianaindex.MIME.Encoding(c.encoding)
	if err != nil || e == nil {
		return text
	}
	if decoded, err := e.NewDecoder().String(text); err == nil {
		return decoded
	}
	return text
}

// afterBlank is a text behind the blank lines that it begins with.
func afterBlank(text string) string {
	for text != "" {
		line, rest, _ := strings.Cut(text, "\n")
		if strings.Trim(line, space) != "" {
			return text
		}
		text = rest
	}
	return ""
}

// space are the characters that end a line as git sees it.
const space = " \t\r\n"

// paragraph is the first paragraph of a text as one line, and what follows it.
func paragraph(text string) (subject, rest string) {
	var joined strings.Builder
	for text != "" {
		var line string
		line, text, _ = strings.Cut(text, "\n")
		if line = strings.TrimRight(line, space); line == "" {
			break
		}
		if joined.Len() > 0 {
			joined.WriteByte(' ')
		}
		joined.WriteString(line)
	}
	return joined.String(), text
}

// fileName is a subject as git makes it a file's name: letters, digits, dots and underscores, and one dash for each row of
// anything else.
func fileName(subject string) string {
	var b strings.Builder
	gap := false
	for i := range len(subject) {
		c := subject[i]
		if !('a' <= c && c <= 'z' || 'A' <= c && c <= 'Z' || '0' <= c && c <= '9' || c == '.' || c == '_') {
			gap = true
			continue
		}
		if c == '.' && i > 0 && subject[i-1] == '.' {
			continue
		}
		if gap && b.Len() > 0 {
			b.WriteByte('-')
		}
		gap = false
		b.WriteByte(c)
	}
	return strings.TrimRight(b.String(), ".-")
}

// person is who made or committed a commit, and when.
type person struct {
	name, email string
	dated       bool
	when        time.Time // in the zone that the commit names
}

// parsePerson reads NAME <EMAIL> SECONDS ZONE; what is no person is empty.
func parsePerson(text string) person {
	open := strings.IndexByte(text, '<')
	if open < 0 {
		return person{}
	}
	size := strings.IndexByte(text[open:], '>')
	if size < 0 {
		return person{}
	}
	p := person{name: strings.Trim(text[:open], space), email: strings.Trim(text[open+1:open+size], space)}
	fields := strings.Fields(text[strings.LastIndexByte(text, '>')+1:])
	if len(fields) != 2 {
		return p
	}
	seconds, err := strconv.ParseInt(fields[0], 10, 64)
	zone, zoneErr := strconv.Atoi(fields[1])
	if err != nil || zoneErr != nil || seconds < 0 || seconds > maxSeconds || zone < -9999 || zone > 9999 {
		return p
	}
	p.dated, p.when = true, time.Unix(seconds, 0).In(time.FixedZone("", (zone/100*60+zone%100)*60))
	return p
}

// maxSeconds is the last second of the year 9999.
const maxSeconds = 253402300799

// layouts are the forms of dates, by the second letter of their placeholders.
var layouts = map[byte]string{'d': "Mon Jan 2 15:04:05 2006 -0700", 'D': "Mon, 2 Jan 2006 15:04:05 -0700", 'i': "2006-01-02 15:04:05 -0700",
	'I': time.RFC3339, 's': time.DateOnly}

// value is what a placeholder such as an or cI stands for.
func (p person) value(text string) (string, int) {
	if len(text) < 2 {
		return "", 0
	}
	switch text[1] {
	case 'n', 'N':
		return p.name, 2
	case 'e', 'E':
		return p.email, 2
	case 'l', 'L':
		local, _, _ := strings.Cut(p.email, "@")
		return local, 2
	case 'r', 'h': // they change from day to day
		return "", 2
	case 't', 'd', 'D', 'i', 'I', 's':
		return p.date(text[1]), 2
	}
	return "", 0
}

func (p person) date(form byte) string {
	switch {
	case !p.dated:
		return ""
	case form == 't':
		return strconv.FormatInt(p.when.Unix(), 10)
	}
	return p.when.Format(layouts[form])
}
