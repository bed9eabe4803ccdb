package lines

import (
	"bytes"
	"flag"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"
)

// apply makes b of a and the changes, and fails where they do not fit both.
func apply(t testing.TB, a, b []byte, changes []Change) {
	t.Helper()
	x, y := Split(a), Split(b)
	var out bytes.Buffer
	at, last := 0, Change{A1: -1, B1: -1}
	for _, c := range changes {
		if c.A0 > c.A1 || c.B0 > c.B1 || c.A0 == c.A1 && c.B0 == c.B1 || c.A0 <= last.A1 || c.B0 <= last.B1 {
			t.Fatalf("change %v does not come after %v with a line between them", c, last)
		}
		out.Write(x.Range(at, c.A0))
		out.Write(y.Range(c.B0, c.B1))
		at, last = c.A1, c
	}
	out.Write(x.Range(at, x.Len()))
	if !bytes.Equal(out.Bytes(), b) {
		t.Fatalf("%q with %v is %q, want %q", a, changes, out.Bytes(), b)
	}
}

func TestDiff(t *testing.T) {
	for _, c := range []struct {
		name, a, b string
		want       []Change
	}{
		{"nothing", "", "", nil},
		{"equal", "a\nb\n", "a\nb\n", nil},
		{"all new", "", "a\nb\n", []Change{{0, 0, 0, 2}}},
		{"all gone", "a\nb", "", []Change{{0, 2, 0, 0}}},
		{"last newline", "a\nb", "a\nb\n", []Change{{1, 2, 1, 2}}},
		{"two places", "a\nb\nc\nd\n", "a\nx\nc\n", []Change{{1, 2, 1, 2}, {3, 4, 3, 3}}},
		{"slides to the end of its like", "a\na\nb\n", "a\na\na\nb\n", []Change{{2, 2, 2, 3}}},
		{"a function between two that end alike",
			"f {\n\tx\n}\n\nh {\n\tx\n}\n", "f {\n\tx\n}\n\ng {\n\tx\n}\n\nh {\n\tx\n}\n", []Change{{4, 4, 4, 8}}},
	} {
		t.Run(c.name, func(t *testing.T) {
			got := Diff(Split([]byte(c.a)), Split([]byte(c.b)), Options{})
			apply(t, []byte(c.a), []byte(c.b), got)
			if !slices.Equal(got, c.want) {
				t.Errorf("got %v, want %v", got, c.want)
			}
		})
	}
}

func TestIgnoreSpace(t *testing.T) {
	a, b := "a b\n\tc\r\nd \n", "ab  \nc\nD\n"
	if got := Diff(Split([]byte(a)), Split([]byte(b)), Options{Compare: IgnoreSpace}); !slices.Equal(got, []Change{{2, 3, 2, 3}}) {
		t.Errorf("got %v", got)
	}
}

func TestText(t *testing.T) {
	x := Split([]byte("one\n\nthree"))
	if x.Len() != 3 || Count([]byte("one\n\nthree")) != 3 || Count(nil) != 0 || Count([]byte("\n")) != 1 {
		t.Fatalf("got %d lines", x.Len())
	}
	if string(x.Line(0)) != "one\n" || string(x.Line(1)) != "\n" || string(x.Line(2)) != "three" || string(x.Range(1, 3)) != "\nthree" || x.Range(2, 2) != nil {
		t.Errorf("lines are %q %q %q", x.Line(0), x.Line(1), x.Line(2))
	}
}

var sizeFlag = flag.Int("lines.size", 1<<15, "how large the hostile texts are, in bytes")

// hostile are pairs of texts that make a careless comparison quadratic.
func hostile(size int) map[string][2][]byte {
	r := rand.New(rand.NewPCG(1, 2))
	random := func(alphabet, size int) []byte {
		var b bytes.Buffer
		for b.Len() < size {
			fmt.Fprintf(&b, "%c\n", 'a'+r.IntN(alphabet))
		}
		return b.Bytes()
	}
	numbered := func(prefix string) []byte {
		var b bytes.Buffer
		for i := 0; b.Len() < size; i++ {
			fmt.Fprintf(&b, "%s%d\n", prefix, i)
		}
		return b.Bytes()
	}
	shuffled := strings.SplitAfter(string(numbered("x")), "\n")
	r.Shuffle(len(shuffled), func(i, j int) { shuffled[i], shuffled[j] = shuffled[j], shuffled[i] })
	return map[string][2][]byte{
		"all lines different": {numbered("a"), numbered("b")},
		"two lines mixed":     {random(2, size), random(2, size)},
		"ten lines mixed":     {random(10, size), random(10, size)},
		"the same, shuffled":  {numbered("x"), []byte(strings.Join(shuffled, ""))},
		"empty lines":         {bytes.Repeat([]byte("\n"), size), bytes.Repeat([]byte("\n"), size/2)},
		"blocks turned round": {bytes.Repeat([]byte("a\nb\nc\n"), size/6), bytes.Repeat([]byte("c\nb\na\n"), size/6)},
		"one long line":       {bytes.Repeat([]byte("a"), size), bytes.Repeat([]byte("b"), size)},
	}
}

// A search that is quadratic takes as many steps as there are lines for each line.
func TestNoTextMakesItQuadratic(t *testing.T) {
	for name, c := range hostile(*sizeFlag) {
		start := time.Now()
		x, y := Split(c[0]), Split(c[1])
		apply(t, c[0], c[1], Diff(x, y, Options{}))
		took := time.Since(start)
		t.Logf("%s: %s", name, took)
		if *sizeFlag > 1<<17 {
			continue // Steps bound these, and their time is looked at
		}
		n, m := number(x, y, Exact)
		most := 3 * leastPatience * (x.Len() + y.Len() + 1)
		if got := 1<<40 - search(n, m, 1<<40); got > most {
			t.Errorf("%s: %d steps for %d lines, want at most %d", name, got, x.Len()+y.Len(), most)
		}
	}
}

func TestStepsBoundTheWork(t *testing.T) {
	c := hostile(*sizeFlag)["two lines mixed"]
	changes := Diff(Split(c[0]), Split(c[1]), Options{Steps: 1})
	apply(t, c[0], c[1], changes)
	if len(changes) > 3 {
		t.Errorf("%d changes are found in one step", len(changes))
	}
}

func FuzzDiff(f *testing.F) {
	f.Add([]byte("a\nb\nc\n"), []byte("a\nc\nd"), 0)
	f.Add([]byte("\n\n \n"), []byte("\n"), 3)
	f.Add([]byte("a\na\nb\na\na\n"), []byte("a\nb\na\n\ta\n"), 0)
	f.Fuzz(func(t *testing.T, a, b []byte, steps int) {
		apply(t, a, b, Diff(Split(a), Split(b), Options{Steps: steps}))
		for _, c := range Diff(Split(a), Split(b), Options{Compare: IgnoreSpace}) {
			if c.A1 > Count(a) || c.B1 > Count(b) {
				t.Fatalf("%v lies beyond the texts", c)
			}
		}
	})
}

func TestRandomTexts(t *testing.T) {
	r := rand.New(rand.NewPCG(3, 4))
	for range 3000 {
		text := func() []byte {
			var b bytes.Buffer
			for range r.IntN(60) {
				b.WriteString(strings.Repeat("\t", r.IntN(3)) + []string{"a", "b", "c", "", "}"}[r.IntN(5)])
				if r.IntN(20) > 0 {
					b.WriteByte('\n')
				}
			}
			return b.Bytes()
		}
		a, b := text(), text()
		apply(t, a, b, Diff(Split(a), Split(b), Options{}))
	}
}

func BenchmarkDiff(b *testing.B) {
	for name, c := range hostile(1 << 20) {
		b.Run(strings.ReplaceAll(name, " ", "-"), func(b *testing.B) {
			b.SetBytes(int64(len(c[0]) + len(c[1])))
			for b.Loop() {
				Diff(Split(c[0]), Split(c[1]), Options{})
			}
		})
	}
}
