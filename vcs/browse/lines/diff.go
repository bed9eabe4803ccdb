package lines

// Change says that lines A0 to A1-1 of the first text became lines B0 to B1-1 of the second; one of the two may be empty.
type Change struct{ A0, A1, B0, B1 int }

// Options say how texts are compared.
type Options struct {
	Compare Compare
	// Steps bounds the work, in comparisons of two lines; 0 means DefaultSteps. Where it ends, what was not compared yet
	// counts as changed.
	Steps int
}

// DefaultSteps is some tenths of a second.
const DefaultSteps = 1 << 26

// Diff returns what changed, in order; between two changes stands at least one line that is equal. The same texts give the
// same changes every time.
func Diff(a, b *Text, o Options) []Change {
	if o.Steps <= 0 {
		o.Steps = DefaultSteps
	}
	x, y := number(a, b, o.Compare)
	search(x, y, o.Steps)
	slideAll(x, y, o.Steps)
	slideAll(y, x, o.Steps)
	return collect(x, y)
}

// collect reads the changes off the marks.
func collect(x, y *side) []Change {
	var all []Change
	i, j := 0, 0
	for i < len(x.number) || j < len(y.number) {
		c := Change{A0: i, B0: j}
		for x.changed[i] {
			i++
		}
		for y.changed[j] {
			j++
		}
		c.A1, c.B1 = i, j
		if c.A0 < c.A1 || c.B0 < c.B1 {
			all = append(all, c)
		}
		if i < len(x.number) { // equal lines come in pairs
			i++
			j++
		}
	}
	return all
}

// search marks the lines that changed, and returns how many steps are left.
func search(x, y *side, steps int) int {
	from := 0
	n, m := len(x.number), len(y.number)
	for from < n && from < m && x.number[from] == y.number[from] {
		from++
	}
	for n > from && m > from && x.number[n-1] == y.number[m-1] {
		n--
		m--
	}
	keptX, keptY := keep(x, y, from, n), keep(y, x, from, m)
	s := newScript(x, y, keptX, keptY, steps)
	s.box(0, len(keptX), 0, len(keptY))
	return s.steps
}

const (
	// alone: the other text has no such line. often: it has many. some: neither.
	alone = iota
	some
	often
	// window is how far around a line that is often there others are looked at.
	window = 100
	// maxOften is from how many on a line is often there, at most.
	maxOften = 1024
)

// keep returns which lines of a part take part in the search, and marks the others as changed: those that the other text
// has nowhere, and those that it has often and that stand among such, where they would only tie together what does not
// belong together (a brace, an empty line).
func keep(s, other *side, from, to int) []int32 {
	kind := make([]byte, to-from)
	limit := min(roughRoot(len(s.number)), maxOften)
	count := other.count(maxNumber(s, other))
	for i := range kind {
		switch n := count[s.number[from+i]]; {
		case n == 0:
			kind[i] = alone
		case int(n) >= limit:
			kind[i] = often
		default:
			kind[i] = some
		}
	}
	kept := make([]int32, 0, len(kind))
	for i, k := range kind {
		if k == some || k == often && !astray(kind, i) {
			kept = append(kept, int32(from+i))
		} else {
			s.changed[from+i] = true
		}
	}
	return kept
}

// astray reports whether a line that is often there stands among lines that are not there at all.
func astray(kind []byte, at int) bool {
	alones, oftens := 0, 2
	for _, step := range []int{-1, 1} {
		here := 0
		for i := at + step; i >= 0 && i < len(kind) && i-at <= window && at-i <= window && kind[i] != some; i += step {
			if kind[i] == alone {
				here++
			} else {
				oftens++
			}
		}
		if here == 0 {
			return false
		}
		alones += here
	}
	return 4*oftens < oftens+alones
}

// roughRoot is about the square root, a power of two.
func roughRoot(n int) int {
	root := 1
	for ; n > 0; n >>= 2 {
		root <<= 1
	}
	return root
}

// count is how often each number below size stands in the text.
func (s *side) count(size int32) []int32 {
	count := make([]int32, size)
	for _, n := range s.number {
		count[n]++
	}
	return count
}

// maxNumber is one more than the largest number.
func maxNumber(sides ...*side) int32 {
	size := int32(0)
	for _, s := range sides {
		for _, n := range s.number {
			size = max(size, n+1)
		}
	}
	return size
}
