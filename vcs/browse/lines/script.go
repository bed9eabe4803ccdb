package lines

import "math"

// script searches the shortest edit script in a grid: x counts lines of the first text, y of the second, and a diagonal
// d = x - y goes through equal lines for nothing.
//
//	0 ──── x          from the top left the furthest x on every diagonal that so many edits reach, from the bottom
//	│ \               right the nearest; where they meet the script goes through, and both halves are searched alike
//	│  \___  \
//	y      \  \       (Myers, section 4b)
type script struct {
	x, y         *side
	keptX, keptY []int32 // lines that take part
	a, b         []int32 // their numbers
	// ahead and back are the furthest x by diagonal, shifted by zero.
	ahead, back []int32
	zero        int
	patience    int // edits after which the search of a box is given up
	steps       int // comparisons that are left for all
}

// leastPatience is how many edits are always searched for.
const leastPatience = 256

func newScript(x, y *side, keptX, keptY []int32, steps int) *script {
	diagonals := len(keptX) + len(keptY) + 3
	s := &script{
		x: x, y: y, keptX: keptX, keptY: keptY, a: numbers(x, keptX), b: numbers(y, keptY),
		ahead: make([]int32, diagonals+1), back: make([]int32, diagonals+1), zero: len(keptY) + 1,
		patience: max(leastPatience, roughRoot(diagonals)), steps: steps,
	}
	return s
}

func numbers(s *side, kept []int32) []int32 {
	all := make([]int32, len(kept))
	for i, at := range kept {
		all[i] = s.number[at]
	}
	return all
}

// box marks what changed from (x0,y0) to (x1,y1).
func (s *script) box(x0, x1, y0, y1 int) {
	for {
		for x0 < x1 && y0 < y1 && s.a[x0] == s.b[y0] {
			x0++
			y0++
		}
		for x0 < x1 && y0 < y1 && s.a[x1-1] == s.b[y1-1] {
			x1--
			y1--
		}
		if x0 == x1 || y0 == y1 || s.steps <= 0 {
			s.mark(x0, x1, y0, y1)
			return
		}
		x, y := s.meet(x0, x1, y0, y1)
		if x+y == x0+y0 || x+y == x1+y1 { // no progress: only when steps ran out
			s.mark(x0, x1, y0, y1)
			return
		}
		// The smaller half by a call, the larger one in this loop: the stack stays small.
		if x-x0+y-y0 < x1-x+y1-y {
			s.box(x0, x, y0, y)
			x0, y0 = x, y
		} else {
			s.box(x, x1, y, y1)
			x1, y1 = x, y
		}
	}
}

// mark takes a whole box for changed.
func (s *script) mark(x0, x1, y0, y1 int) {
	for _, at := range s.keptX[x0:x1] {
		s.x.changed[at] = true
	}
	for _, at := range s.keptY[y0:y1] {
		s.y.changed[at] = true
	}
}

// front is one of the two searches in a box: the diagonals low to high, every second one, are reached.
type front struct{ low, high int }

// widen lets a front reach one diagonal further on both sides, or one less where the box ends; unreached is what stands
// beyond.
func (f *front) widen(x []int32, zero, least, most int, unreached int32) {
	if f.low > least {
		f.low--
		x[zero+f.low-1] = unreached
	} else {
		f.low++
	}
	if f.high < most {
		f.high++
		x[zero+f.high+1] = unreached
	} else {
		f.high--
	}
}

// meet finds a point through which a short script goes. The box is not empty, and its corners differ.
func (s *script) meet(x0, x1, y0, y1 int) (x, y int) {
	least, most := x0-y1, x1-y0
	from, to := x0-y0, x1-y1
	ahead, back := front{from, from}, front{to, to}
	s.ahead[s.zero+from], s.back[s.zero+to] = int32(x0), int32(x1)
	odd := (from-to)&1 != 0
	for edits := 1; ; edits++ {
		ahead.widen(s.ahead, s.zero, least, most, -1)
		for d := ahead.high; d >= ahead.low; d -= 2 {
			x, y := s.stepAhead(d, x1, y1)
			if odd && d >= back.low && d <= back.high && int(s.back[s.zero+d]) <= x {
				return x, y
			}
		}
		back.widen(s.back, s.zero, least, most, math.MaxInt32)
		for d := back.high; d >= back.low; d -= 2 {
			x, y := s.stepBack(d, x0, y0)
			if !odd && d >= ahead.low && d <= ahead.high && x <= int(s.ahead[s.zero+d]) {
				return x, y
			}
		}
		if edits >= s.patience || s.steps <= 0 {
			return s.giveUp(ahead, back, x0, x1, y0, y1)
		}
	}
}

// stepAhead makes one edit more on a diagonal and follows it as far as lines are equal.
func (s *script) stepAhead(d, x1, y1 int) (x, y int) {
	x = int(s.ahead[s.zero+d+1])
	if before := int(s.ahead[s.zero+d-1]); before >= x {
		x = before + 1
	}
	y = x - d
	start := x
	for x < x1 && y < y1 && s.a[x] == s.b[y] {
		x++
		y++
	}
	s.steps -= 1 + x - start
	s.ahead[s.zero+d] = int32(x)
	return x, y
}

// stepBack is stepAhead from the other end.
func (s *script) stepBack(d, x0, y0 int) (x, y int) {
	x = int(s.back[s.zero+d-1])
	if behind := int(s.back[s.zero+d+1]); behind <= x {
		x = behind - 1
	}
	y = x - d
	start := x
	for x > x0 && y > y0 && s.a[x-1] == s.b[y-1] {
		x--
		y--
	}
	s.steps -= 1 + start - x
	s.back[s.zero+d] = int32(x)
	return x, y
}

// giveUp takes the point that got furthest, of both searches.
func (s *script) giveUp(ahead, back front, x0, x1, y0, y1 int) (x, y int) {
	best, bestX := x0+y0, x0
	for d := ahead.high; d >= ahead.low; d -= 2 {
		x := min(int(s.ahead[s.zero+d]), x1)
		if x-d > y1 {
			x = y1 + d
		}
		if sum := x + x - d; sum > best && x >= x0 {
			best, bestX = sum, x
		}
	}
	left, leftX := x1+y1, x1
	for d := back.high; d >= back.low; d -= 2 {
		x := max(int(s.back[s.zero+d]), x0)
		if x-d < y0 {
			x = y0 + d
		}
		if sum := x + x - d; sum < left && x <= x1 {
			left, leftX = sum, x
		}
	}
	if x1+y1-left < best-x0-y0 {
		return bestX, best - bestX
	}
	return leftX, left - leftX
}
