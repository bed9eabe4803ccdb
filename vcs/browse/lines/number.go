package lines

import (
	"bytes"
	"hash/maphash"
)

// Compare says when two lines are equal.
type Compare int

const (
	// Exact lines are equal byte for byte.
	Exact Compare = iota
	// IgnoreSpace takes lines for equal that differ in white space alone, wherever it stands (git diff -w).
	IgnoreSpace
)

// side is one of the two texts during a comparison: equal lines of both have the same number.
type side struct {
	text    *Text
	number  []int32
	changed []bool // one longer than the lines are: the end is never changed
}

// numbering gives equal lines equal numbers, in a table with open addressing: a line costs 8 to 16 bytes.
type numbering struct {
	compare Compare
	seed    maphash.Seed
	slots   []int32  // number+1 of a line; 0 is free
	example [][]byte // of each number
	stamp   []uint32 // of each number: a part of its hash, so that few lines are compared
	buffer  []byte
}

func number(a, b *Text, compare Compare) (*side, *side) {
	size := 16
	for size < 2*(a.Len()+b.Len()) {
		size *= 2
	}
	n := &numbering{compare: compare, seed: maphash.MakeSeed(), slots: make([]int32, size)}
	return n.side(a), n.side(b)
}

func (n *numbering) side(t *Text) *side {
	s := &side{text: t, number: make([]int32, t.Len()), changed: make([]bool, t.Len()+1)}
	for i := range s.number {
		s.number[i] = n.of(t.Line(i))
	}
	return s
}

func (n *numbering) of(line []byte) int32 {
	key := line
	if n.compare == IgnoreSpace {
		n.buffer = withoutSpace(n.buffer[:0], line)
		key = n.buffer
	}
	sum := maphash.Bytes(n.seed, key)
	for at := int(sum) & (len(n.slots) - 1); ; at = (at + 1) & (len(n.slots) - 1) {
		number := n.slots[at] - 1
		if number < 0 {
			number = int32(len(n.example))
			n.slots[at] = number + 1
			n.example = append(n.example, line)
			n.stamp = append(n.stamp, uint32(sum>>32))
			return number
		}
		if n.stamp[number] == uint32(sum>>32) && n.equal(n.example[number], line) {
			return number
		}
	}
}

func (n *numbering) equal(a, b []byte) bool {
	if n.compare == Exact {
		return bytes.Equal(a, b)
	}
	for {
		for len(a) > 0 && isSpace(a[0]) {
			a = a[1:]
		}
		for len(b) > 0 && isSpace(b[0]) {
			b = b[1:]
		}
		if len(a) == 0 || len(b) == 0 {
			return len(a) == len(b)
		}
		if a[0] != b[0] {
			return false
		}
		a, b = a[1:], b[1:]
	}
}

func withoutSpace(dst, line []byte) []byte {
	for _, c := range line {
		if !isSpace(c) {
			dst = append(dst, c)
		}
	}
	return dst
}

// isSpace is white space as git has it.
func isSpace(c byte) bool { return c == ' ' || c == '\t' || c == '\n' || c == '\r' }
