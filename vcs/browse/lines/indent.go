package lines

const (
	// farthest is how far a group is slid for its looks, in lines.
	farthest = 100
	// maxIndent is from where on a line counts as indented no further, maxBlank how many blank lines are looked at.
	maxIndent = 200
	maxBlank  = 20
	blank     = -1 // the indentation of a line of white space, and of what lies beyond the text
)

// The weights are git's ("diff: improve positioning of add/delete blocks in diffs", 2016): they were fitted there to
// changes that people had placed by hand. Lower is better.
const (
	atStart         = 1
	atEnd           = 21
	eachBlank       = -30
	eachBlankAfter  = 6
	indented        = -4
	indentedBlank   = 10
	outdented       = 24
	outdentedBlank  = 17
	dedented        = 23
	dedentedBlank   = 17
	indentationSide = 60
)

// bestEnd chooses where a group that ends anywhere from earliest to its end reads best.
func bestEnd(t *Text, g group, earliest int) int {
	size := g.end - g.start
	first := max(earliest, g.end-size-1, g.end-farthest)
	best, bestScore := first, score{}
	for end := first; end <= g.end; end++ {
		var s score
		s.add(t, end)
		s.add(t, end-size)
		if end == first || s.compare(bestScore) <= 0 {
			best, bestScore = end, s
		}
	}
	return best
}

// score is how badly a group's two borders lie.
type score struct{ indent, penalty int }

// compare is negative where s is better.
func (s score) compare(other score) int {
	side := 0
	if s.indent > other.indent {
		side = 1
	} else if s.indent < other.indent {
		side = -1
	}
	return indentationSide*side + s.penalty - other.penalty
}

// add takes the border before line at into account.
func (s *score) add(t *Text, at int) {
	here := indentAt(t, at)
	before, blanksBefore := indentNear(t, at-1, -1)
	after, blanksAfter := indentNear(t, at+1, 1)
	if before == blank && blanksBefore == 0 {
		s.penalty += atStart
	}
	if at >= t.Len() {
		s.penalty += atEnd
	}
	indent := here
	if here == blank {
		blanksAfter++
		indent = after
	} else {
		blanksAfter = 0
	}
	blanks := blanksBefore + blanksAfter
	s.penalty += eachBlank*blanks + eachBlankAfter*blanksAfter
	s.indent += indent
	if indent == blank || before == blank || indent == before {
		return
	}
	switch {
	case indent > before:
		s.penalty += pick(blanks, indented, indentedBlank)
	case after != blank && after > indent:
		s.penalty += pick(blanks, outdented, outdentedBlank)
	default:
		s.penalty += pick(blanks, dedented, dedentedBlank)
	}
}

func pick(blanks, without, with int) int {
	if blanks > 0 {
		return with
	}
	return without
}

// indentNear is the indentation of the first line that is not blank from at on, in steps, and how many blank ones were
// passed.
func indentNear(t *Text, at, step int) (indent, blanks int) {
	for ; at >= 0 && at < t.Len(); at += step {
		if indent := indentAt(t, at); indent != blank {
			return indent, blanks
		}
		if blanks++; blanks == maxBlank {
			return 0, blanks
		}
	}
	return blank, blanks
}

// maxLook is how many bytes of a line are looked at for its indentation: other white space counts for nothing, and a line
// of MiBs of it would be looked at again for each place that a change could stand in.
const maxLook = 4096

// indentAt is how far a line is indented, in columns of which a tab has up to eight.
func indentAt(t *Text, at int) int {
	if at >= t.Len() {
		return blank
	}
	columns := 0
	line := t.Line(at)
	for _, c := range line[:min(len(line), maxLook)] {
		switch {
		case !isSpace(c):
			return columns
		case c == ' ':
			columns++
		case c == '\t':
			columns += 8 - columns%8
		}
		if columns >= maxIndent {
			return maxIndent
		}
	}
	return blank
}
