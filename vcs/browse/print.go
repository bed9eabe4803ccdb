package browse

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"strings"

	"jeton/vcs/browse/lines"
	"jeton/vcs/pack"
)

// maxLines is how many lines a file may have that is compared by lines; one that has more counts as too large.
const maxLines = 2_000_000

// printed says what a printed file adds up to, for the diffstat.
type printed struct {
	pair
	added, deleted int // lines
	before, after  int // bytes
	binary         bool
	large          bool // it was only told that it differs
	start, end     int  // where its text stands in out, until the next pair is printed
}

// printer writes the diff of one file at a time into out.
type printer struct {
	*comparison
	out bytes.Buffer
	all []printed
	// forStat says that a diffstat will be made, which tells also of files with the same content whether they are text.
	forStat bool
	// told, where set, hears of each file that goes out, while its text is in out.
	told func(f printed)
}

// pair prints one change. One between kinds of file (a file that became a link) is a file that went and one that came.
func (p *printer) pair(q pair) error {
	if q.from.there() && q.to.there() && q.from.kind() != q.to.kind() {
		if err := p.one(pair{from: q.from, to: file{path: q.from.path}}); err != nil {
			return err
		}
		return p.one(pair{from: file{path: q.to.path}, to: q.to})
	}
	return p.one(q)
}

func (p *printer) one(q pair) error {
	start := p.out.Len()
	always := p.header(q)
	done := printed{pair: q, start: start}
	if q.from.id == q.to.id {
		if p.forStat {
			done.binary = p.beginsBinary(q.to)
		}
		done.end = p.out.Len()
		p.all = append(p.all, done)
		return nil
	}
	a, largeA, err := p.content(q.from)
	if err != nil {
		return err
	}
	b, largeB, err := p.content(q.to)
	if err != nil {
		return err
	}
	done.before, done.after = len(a), len(b)
	switch {
	case largeA || largeB || lines.Count(a) > maxLines || lines.Count(b) > maxLines:
		done.binary, done.large = true, true
		done.before, done.after = p.size(q.from), p.size(q.to)
		p.differ(q)
	case isBinary(a) || isBinary(b):
		done.binary = true
		if p.o.Binary == BinaryTold {
			p.differ(q)
		} else {
			p.binary(a, b)
		}
	default:
		body := p.out.Len()
		p.text(q, a, b, &done)
		if p.out.Len() == body && !always { // nothing but white space
			p.out.Truncate(start)
			return nil
		}
	}
	done.end = p.out.Len()
	p.all = append(p.all, done)
	return nil
}

// beginsBinary reports whether a file is binary, as far as its first bytes can be read. One that is too large to be compared
// is: its first bytes might only be had by putting all of it together.
func (p *printer) beginsBinary(f file) bool {
	if f.submodule() {
		return false
	}
	o, err := p.set.Open(f.id, p.o.Blob)
	if err != nil {
		return errors.Is(err, pack.ErrTooLarge)
	}
	defer o.Close()
	var first [firstBytes]byte
	n, _ := io.ReadFull(o, first[:])
	return isBinary(first[:n])
}

// size is the size of a blob; 0 where it cannot be told.
func (p *printer) size(f file) int {
	if !f.there() || f.submodule() {
		return 0
	}
	_, size, err := p.set.Header(f.id)
	if err != nil {
		return 0
	}
	return int(size)
}

// header prints what stands above the lines (git-diff, "Generating patch text with -p"), and reports whether it says
// something by itself.
func (p *printer) header(q pair) (always bool) {
	out := &p.out
	fmt.Fprintf(out, "diff --git %s %s\n", quoted("a/", q.from.path), quoted("b/", q.to.path))
	suffix := ""
	switch {
	case !q.from.there():
		fmt.Fprintf(out, "new file mode %06o\n", uint32(q.to.mode))
		always = true
	case !q.to.there():
		fmt.Fprintf(out, "deleted file mode %06o\n", uint32(q.from.mode))
		always = true
	case q.from.mode != q.to.mode:
		fmt.Fprintf(out, "old mode %06o\nnew mode %06o\n", uint32(q.from.mode), uint32(q.to.mode))
		always = true
	default:
		suffix = fmt.Sprintf(" %06o", uint32(q.to.mode))
	}
	if q.origin != samePath {
		verb := "rename"
		if q.origin == copied {
			verb = "copy"
		}
		fmt.Fprintf(out, "similarity index %d%%\n%s from %s\n%s to %s\n", percent(q.score), verb, quote(q.from.path), verb, quote(q.to.path))
		always = true
	}
	if q.from.id != q.to.id {
		fmt.Fprintf(out, "index %s..%s%s\n", q.from.id, q.to.id, suffix)
	}
	return always
}

// labels name the two sides of a pair.
func labels(q pair) (a, b string) {
	a, b = "/dev/null", "/dev/null"
	if q.from.there() {
		a = quoted("a/", q.from.path)
	}
	if q.to.there() {
		b = quoted("b/", q.to.path)
	}
	return a, b
}

func (p *printer) differ(q pair) {
	a, b := labels(q)
	fmt.Fprintf(&p.out, "Binary files %s and %s differ\n", a, b)
}

// text prints the hunks of two texts.
func (p *printer) text(q pair, a, b []byte, done *printed) {
	x, y := lines.Split(a), lines.Split(b)
	compare := lines.Exact
	if p.o.IgnoreSpace {
		compare = lines.IgnoreSpace
	}
	changes := lines.Diff(x, y, lines.Options{Compare: compare})
	if len(changes) == 0 {
		return
	}
	for _, c := range changes {
		done.deleted += c.A1 - c.A0
		done.added += c.B1 - c.B0
	}
	from, to := labels(q)
	fmt.Fprintf(&p.out, "--- %s%s\n+++ %s%s\n", from, tab(from), to, tab(to))
	h := hunks{out: &p.out, a: x, b: y, context: p.o.Context, searched: -1}
	h.print(changes)
}

// tab stands behind a name with a blank, so that programs find its end.
func tab(label string) string {
	if strings.IndexByte(label, ' ') >= 0 {
		return "\t"
	}
	return ""
}
