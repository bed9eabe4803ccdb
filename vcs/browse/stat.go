package browse

import (
	"bytes"
	"fmt"
	"strings"
	"unicode/utf8"
)

const (
	// statWidth is how wide a diffstat is in a mail, in columns; its parts besides name, number and graph take 6.
	statWidth = 72
	statFrame = 6
)

// writeStat writes which files changed by how much, in how many lines together, and what became of files as a whole
// (git-diff, --stat and --summary).
func writeStat(out *bytes.Buffer, all []printed) {
	w := widths(all)
	files, added, deleted := 0, 0, 0
	for _, f := range merged(all) {
		files++
		name := shorten(statName(f.pair), w.name)
		fmt.Fprintf(out, " %s%s |", name, strings.Repeat(" ", max(0, w.name-columns(name))))
		if f.binary {
			fmt.Fprintf(out, " %*s", w.number, "Bin")
			if f.before > 0 || f.after > 0 {
				fmt.Fprintf(out, " %d -> %d bytes", f.before, f.after)
			}
			out.WriteByte('\n')
			continue
		}
		added += f.added
		deleted += f.deleted
		plus, minus := w.graphOf(f)
		fmt.Fprintf(out, " %*d", w.number, f.added+f.deleted)
		if f.added+f.deleted > 0 {
			out.WriteByte(' ')
		}
		out.WriteString(strings.Repeat("+", plus) + strings.Repeat("-", minus) + "\n")
	}
	fmt.Fprintf(out, " %d file%s changed", files, plural(files))
	if added > 0 || deleted == 0 {
		fmt.Fprintf(out, ", %d insertion%s(+)", added, plural(added))
	}
	if deleted > 0 || added == 0 {
		fmt.Fprintf(out, ", %d deletion%s(-)", deleted, plural(deleted))
	}
	out.WriteByte('\n')
	for _, f := range merged(all) {
		summarize(out, f.pair)
	}
}

func plural(n int) string {
	if n == 1 {
		return ""
	}
	return "s"
}

// merged joins the two halves of a file that changed its kind: the diff prints them apart, a diffstat as one.
func merged(all []printed) []printed {
	var m []printed
	for _, f := range all {
		if n := len(m); n > 0 && f.origin == samePath && !f.from.there() && !m[n-1].to.there() && m[n-1].from.path == f.to.path {
			last := &m[n-1]
			last.to, last.after, last.binary = f.to, f.after, last.binary || f.binary
			last.added += f.added
			last.deleted += f.deleted
			continue
		}
		m = append(m, f)
	}
	return m
}

// width is how the columns of a diffstat are shared.
type width struct {
	name, number, graph int
	most                int // lines that changed in one file
}

// widths shares the columns: names and graph get what they need where there is room; else the graph three eighths and the
// names the rest.
func widths(all []printed) width {
	var w width
	bin := 0
	for _, f := range merged(all) {
		w.name = max(w.name, columns(statName(f.pair)))
		if f.binary {
			bin = max(bin, len(fmt.Sprintf("Bin %d -> %d bytes", f.before, f.after)))
			w.number = max(w.number, len("Bin"))
			continue
		}
		w.most = max(w.most, f.added+f.deleted)
	}
	w.number = max(w.number, len(fmt.Sprint(w.most)))
	w.graph = max(w.most, bin-len("Bin "))
	if w.name+w.number+statFrame+w.graph <= statWidth {
		return w
	}
	if limit := statWidth*3/8 - w.number - statFrame; w.graph > limit {
		w.graph = max(limit, statFrame)
	}
	if room := statWidth - w.number - statFrame - w.graph; w.name > room {
		w.name = room
	} else {
		w.graph = statWidth - w.number - statFrame - w.name
	}
	return w
}

// graphOf is how many signs stand for the lines of one file.
func (w width) graphOf(f printed) (plus, minus int) {
	plus, minus = f.added, f.deleted
	if w.graph > w.most {
		return plus, minus
	}
	total := w.scale(plus + minus)
	if total < 2 && plus > 0 && minus > 0 {
		total = 2
	}
	if plus < minus {
		plus = w.scale(plus)
		return plus, total - plus
	}
	minus = w.scale(minus)
	return total - minus, minus
}

// scale makes a number of lines one of signs; one line at least has one sign.
func (w width) scale(n int) int {
	if n == 0 {
		return 0
	}
	return 1 + n*(w.graph-1)/w.most
}

// columns is how wide a name is shown, taking each character for one column.
func columns(name string) int { return utf8.RuneCountInString(name) }

// shorten keeps the end of a name that is too long, from a slash on where there is one.
func shorten(name string, width int) string {
	if columns(name) <= width {
		return name
	}
	for width := width - len("..."); columns(name) > max(width, 0); {
		_, n := utf8.DecodeRuneInString(name)
		name = name[n:]
	}
	if slash := strings.IndexByte(name, '/'); slash >= 0 {
		name = name[slash:]
	}
	return "..." + name
}

// statName is a path, or the two of a rename with what they share written once.
func statName(q pair) string {
	if q.origin == samePath {
		if q.to.there() {
			return quote(q.to.path)
		}
		return quote(q.from.path)
	}
	return arrow(q.from.path, q.to.path)
}

// arrow writes "dir/{a => b}/name" for a file that came from another.
func arrow(from, to string) string {
	if quote(from) != from || quote(to) != to {
		return quote(from) + " => " + quote(to)
	}
	before := 0
	for i := 0; i < len(from) && i < len(to) && from[i] == to[i]; i++ {
		if from[i] == '/' {
			before = i + 1
		}
	}
	// The end may share the slash with the beginning: a/b.c => a/x/b.c is a/{ => x}/b.c.
	overlap := 0
	if before > 0 {
		overlap = 1
	}
	after := 0
	for i := 1; i <= len(from)-before+overlap && i <= len(to)-before+overlap && from[len(from)-i] == to[len(to)-i]; i++ {
		if from[len(from)-i] == '/' {
			after = i
		}
	}
	middleFrom := from[before:max(before, len(from)-after)]
	middleTo := to[before:max(before, len(to)-after)]
	if before+after == 0 {
		return from + " => " + to
	}
	return from[:before] + "{" + middleFrom + " => " + middleTo + "}" + from[len(from)-after:]
}

// summarize tells what became of a file as a whole.
func summarize(out *bytes.Buffer, q pair) {
	switch {
	case q.origin != samePath:
		verb := "rename"
		if q.origin == copied {
			verb = "copy"
		}
		fmt.Fprintf(out, " %s %s (%d%%)\n", verb, arrow(q.from.path, q.to.path), percent(q.score))
		if q.from.mode != q.to.mode {
			fmt.Fprintf(out, " mode change %06o => %06o\n", uint32(q.from.mode), uint32(q.to.mode))
		}
	case !q.from.there():
		fmt.Fprintf(out, " create mode %06o %s\n", uint32(q.to.mode), quote(q.to.path))
	case !q.to.there():
		fmt.Fprintf(out, " delete mode %06o %s\n", uint32(q.from.mode), quote(q.from.path))
	case q.from.mode != q.to.mode:
		fmt.Fprintf(out, " mode change %06o => %06o %s\n", uint32(q.from.mode), uint32(q.to.mode), quote(q.to.path))
	}
}
