package browse

import (
	"bytes"
	"fmt"

	"jeton/vcs/browse/lines"
)

// hunks prints changes with their context, in the unified format.
type hunks struct {
	out     *bytes.Buffer
	a, b    *lines.Text
	context int
	// searched is the line of a down to which a name of a function was looked for, function the last that was found.
	searched int
	function []byte
}

// print prints the changes of one file. Those between which no more than two contexts lie share a hunk.
func (h *hunks) print(changes []lines.Change) {
	for len(changes) > 0 {
		n := 1
		for n < len(changes) && changes[n].A0-changes[n-1].A1 <= 2*h.context {
			n++
		}
		h.hunk(changes[:n])
		changes = changes[n:]
	}
}

func (h *hunks) hunk(changes []lines.Change) {
	first, last := changes[0], changes[len(changes)-1]
	a0, b0 := max(first.A0-h.context, 0), max(first.B0-h.context, 0)
	after := min(h.context, h.a.Len()-last.A1, h.b.Len()-last.B1)
	h.find(a0 - 1)
	h.out.WriteString("@@ -")
	h.span(a0, last.A1+after)
	h.out.WriteString(" +")
	h.span(b0, last.B1+after)
	h.out.WriteString(" @@")
	if len(h.function) > 0 {
		h.out.WriteByte(' ')
		h.out.Write(h.function)
	}
	h.out.WriteByte('\n')
	for _, c := range changes {
		h.lines(' ', h.b, b0, c.B0)
		h.lines('-', h.a, c.A0, c.A1)
		h.lines('+', h.b, c.B0, c.B1)
		b0 = c.B1
	}
	h.lines(' ', h.b, b0, b0+after)
}

// span writes first line and number of lines; of none, the line before.
func (h *hunks) span(from, to int) {
	n := to - from
	if n > 0 {
		from++
	}
	fmt.Fprintf(h.out, "%d", from)
	if n != 1 {
		fmt.Fprintf(h.out, ",%d", n)
	}
}

func (h *hunks) lines(sign byte, t *lines.Text, from, to int) {
	for i := from; i < to; i++ {
		line := t.Line(i)
		h.out.WriteByte(sign)
		h.out.Write(line)
		if line[len(line)-1] != '\n' {
			h.out.WriteString("\n\\ No newline at end of file\n")
		}
	}
}

// maxFunction is how much is shown of the line that a hunk stands below, in bytes.
const maxFunction = 80

// find looks upwards from a line for one that begins something: with a letter, "_" or "$" in its first column
// (gitattributes, "Defining a custom hunk-header").
func (h *hunks) find(from int) {
	for i := from; i > h.searched; i-- {
		line := h.a.Line(i)
		if c := line[0]; c|0x20 >= 'a' && c|0x20 <= 'z' || c == '_' || c == '$' {
			h.function = bytes.TrimRight(line[:min(len(line), maxFunction)], " \t\n\r\v\f")
			break
		}
	}
	h.searched = max(from, h.searched)
}
