// Package pretty fills in the placeholders of export-subst: $Format:…$ in a file becomes what git's pretty format makes of
// the archived commit.
//
//	VERSION = "$Format:%H %cs$"  ──►  VERSION = "8e5fd9b0c4d4… 2026-01-31"
//
// (gitattributes, "export-subst"; pretty-formats.) Only what the commit itself says is filled in, so that the same commit
// makes the same file for ever: what depends on refs, notes, the day or keys (%d %D %N %ar %cr %ah %ch %G… %g… %C…
// %(describe) %(decorate)) becomes nothing; short ids have ShortID digits whatever else the repository holds; .mailmap is
// not looked at (%aN is %an). Padding, wrapping and trailers (%< %> %w %(trailers)) and what git does not know stay as they
// are written. It imports oid and object.
package pretty

import (
	"bytes"
	"errors"
	"strings"

	"jeton/vcs/oid"
)

// ShortID is how many digits %h, %t and %p have.
const ShortID = 12

// ErrTooLarge: what is filled in is larger than may be.
var ErrTooLarge = errors.New("what export-subst fills in is too large")

const (
	opening = "$Format:"
	closing = '$'
)

// Fill fills in all placeholders of a file. most is how large the result may be in bytes, and ErrTooLarge what is answered
// beyond it: a few letters can stand for a whole message each.
func Fill(content []byte, c *Commit, most int) ([]byte, error) {
	if !bytes.Contains(content, []byte(opening)) {
		return content, nil
	}
	out := make([]byte, 0, len(content)+1024)
	for {
		before, rest, ok := bytes.Cut(content, []byte(opening))
		end := bytes.IndexByte(rest, closing)
		if !ok || end < 0 {
			break
		}
		out = append(out, before...)
		format, _, _ := bytes.Cut(rest[:end], []byte{0})
		f := &filler{c: c, out: out, most: most}
		if err := f.fill(string(format)); err != nil {
			return nil, err
		}
		out, content = f.out, rest[end+1:]
	}
	if out = append(out, content...); len(out) > most {
		return nil, ErrTooLarge
	}
	return out, nil
}

type filler struct {
	c    *Commit
	out  []byte
	most int
}

func (f *filler) fill(format string) error {
	for format != "" {
		before, rest, ok := strings.Cut(format, "%")
		f.out = append(f.out, before...)
		if !ok {
			return nil
		}
		n := f.placeholder(rest)
		if n == 0 {
			f.out = append(f.out, '%')
		}
		format = rest[n:]
		if len(f.out) > f.most {
			return ErrTooLarge
		}
	}
	return nil
}

// placeholder fills in what follows a percent sign and returns how long that is; 0 where it is none. A sign before it
// changes what stands before the result: + puts a line end and a space puts a space there where there is one, - takes line
// ends away where there is none.
func (f *filler) placeholder(text string) int {
	if strings.HasPrefix(text, "%") {
		f.out = append(f.out, '%')
		return 1
	}
	if text == "" || !strings.Contains("+- ", text[:1]) {
		return f.plain(text)
	}
	if strings.HasPrefix(text[1:], "w") {
		return 0
	}
	at := len(f.out)
	n := f.plain(text[1:])
	switch empty := len(f.out) == at; {
	case empty && text[0] == '-':
		f.out = bytes.TrimRight(f.out, "\n")
	case !empty && text[0] == '+':
		f.out = append(f.out[:at], append([]byte{'\n'}, f.out[at:]...)...)
	case !empty && text[0] == ' ':
		f.out = append(f.out[:at], append([]byte{' '}, f.out[at:]...)...)
	}
	return n + 1
}

func (f *filler) plain(text string) int {
	if text == "" {
		return 0
	}
	if value, n := f.c.value(text); n > 0 {
		f.out = append(f.out, value...)
		return n
	}
	return nothing(text)
}

// value is what a placeholder stands for, and how long it is; 0 where it is none of those that stand for something.
func (c *Commit) value(text string) (string, int) {
	switch text[0] {
	case 'n':
		return "\n", 1
	case 'x':
		return hexByte(text)
	case 'm':
		return ">", 1
	case 'H':
		return c.id.String(), 1
	case 'h':
		return short(c.id), 1
	case 'T':
		return c.tree.String(), 1
	case 't':
		return short(c.tree), 1
	case 'P':
		return join(c.parents, oid.ID.String), 1
	case 'p':
		return join(c.parents, short), 1
	case 'a':
		return c.author.value(text)
	case 'c':
		return c.committer.value(text)
	}
	return c.said(text[0])
}

// said is what the message says.
func (c *Commit) said(what byte) (string, int) {
	switch what {
	case 's':
		return c.subject, 1
	case 'f':
		return c.fileName, 1
	case 'b':
		return c.body, 1
	case 'B':
		return c.message, 1
	case 'e':
		return c.encoding, 1
	}
	return "", 0
}

func short(id oid.ID) string { return oid.Abbrev(id, ShortID) }

func join(ids []oid.ID, form func(oid.ID) string) string {
	var all []string
	for _, id := range ids {
		all = append(all, form(id))
	}
	return strings.Join(all, " ")
}

func hexByte(text string) (string, int) {
	if len(text) < 3 {
		return "", 0
	}
	n := 0
	for _, c := range []byte(text[1:3]) {
		digit := strings.IndexByte("0123456789abcdef", c|0x20)
		if digit < 0 || c < '0' {
			return "", 0
		}
		n = n<<4 | digit
	}
	return string([]byte{byte(n)}), 3
}

// nothing is how long a placeholder is that stands for nothing here; 0 where it is none.
func nothing(text string) int {
	for _, p := range []string{"d", "D", "N", "G?", "GG", "GS", "GK", "GF", "GP", "GT", "gD", "gd", "gn", "gN", "ge", "gE", "gs",
		"Cred", "Cgreen", "Cblue", "Creset"} {
		if strings.HasPrefix(text, p) {
			return len(p)
		}
	}
	for _, p := range []string{"C(", "(describe)", "(describe:", "(decorate)", "(decorate:"} {
		if strings.HasPrefix(text, p) {
			return strings.IndexByte(text, ')') + 1
		}
	}
	return 0
}
