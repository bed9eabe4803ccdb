package lines

import "bytes"

// Text is a text cut into lines. What it was made from must not change.
type Text struct {
	data []byte
	ends []int32
}

// MaxSize is the largest text that can be cut, in bytes.
const MaxSize = 1 << 30

// Split cuts a text of at most MaxSize bytes; each line keeps its newline, which the last may lack. It panics when the
// text is larger. A line costs 4 bytes.
func Split(data []byte) *Text {
	if len(data) > MaxSize {
		panic("lines: text is too large")
	}
	t := &Text{data: data, ends: make([]int32, 0, Count(data))}
	for at := 0; at < len(data); {
		n := bytes.IndexByte(data[at:], '\n') + 1
		if n == 0 {
			n = len(data) - at
		}
		at += n
		t.ends = append(t.ends, int32(at))
	}
	return t
}

// Count is how many lines a text has.
func Count(data []byte) int {
	n := bytes.Count(data, []byte{'\n'})
	if len(data) > 0 && data[len(data)-1] != '\n' {
		n++
	}
	return n
}

// Len is the number of lines.
func (t *Text) Len() int { return len(t.ends) }

// Line is line i, counted from 0, with its newline.
func (t *Text) Line(i int) []byte {
	from := int32(0)
	if i > 0 {
		from = t.ends[i-1]
	}
	return t.data[from:t.ends[i]:t.ends[i]]
}

// Range is lines from to to-1, as they lie.
func (t *Text) Range(from, to int) []byte {
	if from >= to {
		return nil
	}
	begin := int32(0)
	if from > 0 {
		begin = t.ends[from-1]
	}
	return t.data[begin:t.ends[to-1]]
}
