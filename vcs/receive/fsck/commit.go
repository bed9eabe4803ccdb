package fsck

import (
	"bytes"
	"math"
	"strconv"

	"jeton/vcs/oid"
)

// Commit finds what is wrong with a commit. Where its links cannot be read nothing else is looked for.
func Commit(content []byte) Set {
	if bad := header(content); bad != 0 {
		return bad
	}
	b, ok := bytes.CutPrefix(content, []byte("tree "))
	if !ok {
		return of(MissingTree)
	}
	if b, ok = cutID(b); !ok {
		return of(BadTreeSha1)
	}
	for bytes.HasPrefix(b, []byte("parent ")) {
		if b, ok = cutID(b[len("parent "):]); !ok {
			return of(BadParentSha1)
		}
	}
	found := people(b)
	if !found.Has(MissingCommitter) && bytes.IndexByte(content, 0) >= 0 { // behind the header, where header has found none
		found.add(NulInCommit)
	}
	return found
}

// people checks the lines of authors and committer.
func people(b []byte) Set {
	var found Set
	authors := 0
	for ; bytes.HasPrefix(b, []byte("author ")); authors++ {
		var line []byte
		line, b, _ = bytes.Cut(b[len("author "):], []byte{'\n'})
		found |= person(line)
	}
	switch {
	case authors == 0:
		found.add(MissingAuthor)
	case authors > 1:
		found.add(MultipleAuthors)
	}
	b, ok := bytes.CutPrefix(b, []byte("committer "))
	if !ok {
		found.add(MissingCommitter)
		return found
	}
	line, _, _ := bytes.Cut(b, []byte{'\n'})
	return found | person(line)
}

// header makes sure that the header of a commit or tag is text and ends with a line's end.
func header(b []byte) Set {
	end := bytes.Index(b, []byte("\n\n"))
	head := b
	if end >= 0 {
		head = b[:end]
	}
	switch {
	case bytes.IndexByte(head, 0) >= 0:
		return of(NulInHeader)
	case end < 0 && !bytes.HasSuffix(b, []byte{'\n'}):
		return of(UnterminatedHeader)
	}
	return 0
}

// cutID cuts an id and the end of its line off.
func cutID(b []byte) ([]byte, bool) {
	if len(b) <= oid.HexSize || b[oid.HexSize] != '\n' {
		return b, false
	}
	for _, c := range b[:oid.HexSize] {
		if c = lower(c); (c < '0' || c > '9') && (c < 'a' || c > 'f') {
			return b, false
		}
	}
	return b[oid.HexSize+1:], true
}

// person checks what stands behind author, committer or tagger: NAME <MAIL> SECONDS ZONE. One fault is found, the first.
func person(line []byte) Set {
	if bytes.HasPrefix(line, []byte("<")) {
		return of(MissingNameBeforeEmail)
	}
	open := bytes.IndexAny(line, "<>")
	switch {
	case open < 0:
		return of(MissingEmail)
	case line[open] == '>':
		return of(BadName)
	case line[open-1] != ' ':
		return of(MissingSpaceBeforeEmail)
	}
	line = line[open+1:]
	closed := bytes.IndexAny(line, "<>")
	if closed < 0 || line[closed] == '<' {
		return of(BadEmail)
	}
	line, ok := bytes.CutPrefix(line[closed+1:], []byte(" "))
	if !ok {
		return of(MissingSpaceBeforeDate)
	}
	return date(line)
}

// date checks SECONDS ZONE. Seconds are read as C reads a number: spaces and a sign may stand before it, and a minus makes
// it too large.
func date(b []byte) Set {
	if len(b) > 0 && b[0] == '0' && (len(b) == 1 || b[1] != ' ') {
		return of(ZeroPaddedDate)
	}
	number := bytes.TrimLeft(b, " \t\v\f\r")
	minus := bytes.HasPrefix(number, []byte("-"))
	if minus || bytes.HasPrefix(number, []byte("+")) {
		number = number[1:]
	}
	digits := len(number) - len(bytes.TrimLeft(number, "0123456789"))
	if digits == 0 {
		return of(BadDate)
	}
	if seconds, over := decimal(number[:digits]); over || minus && seconds > 0 {
		return of(BadDateOverflow)
	}
	zone, ok := bytes.CutPrefix(number[digits:], []byte(" "))
	if !ok {
		return of(BadDate)
	}
	if len(zone) != 5 || zone[0] != '+' && zone[0] != '-' || len(bytes.TrimLeft(zone[1:], "0123456789")) > 0 {
		return of(BadTimezone)
	}
	return 0
}

// decimal reads digits; over says that they are more than a signed number of 64 bits holds.
func decimal(digits []byte) (n uint64, over bool) {
	for _, c := range digits {
		if n > (math.MaxInt64-9)/10 {
			v, err := strconv.ParseInt(string(digits), 10, 64)
			return uint64(v), err != nil
		}
		n = 10*n + uint64(c-'0')
	}
	return n, false
}
