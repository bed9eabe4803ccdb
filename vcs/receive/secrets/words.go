package secrets

// words finds many short words in a text in one pass, whatever their number (Aho and Corasick, 1975). ASCII letters are the
// same in both cases. It is immutable once made.
type words struct {
	class [256]uint8 // of each byte; 0 for those in no word
	width int        // how many classes there are
	next  []uint16   // by state and class
	// ends are, by state, the words that end there, as numbers; nil for most.
	ends [][]int
}

// newWords makes one for non-empty words; a word is told by its place in the list. No more than 65,535 letters together.
func newWords(list []string) *words {
	w := &words{width: 1}
	for _, word := range list {
		for _, c := range []byte(word) {
			if w.class[lower(c)] == 0 {
				w.class[lower(c)] = uint8(w.width)
				w.width++
			}
		}
	}
	for c := byte('A'); c <= 'Z'; c++ {
		w.class[c] = w.class[lower(c)]
	}
	w.state()
	for i, word := range list {
		w.plant(i, word)
	}
	w.link()
	return w
}

func lower(c byte) byte {
	if 'A' <= c && c <= 'Z' {
		return c + 'a' - 'A'
	}
	return c
}

// state adds a state and returns its number.
func (w *words) state() int {
	w.next = append(w.next, make([]uint16, w.width)...)
	w.ends = append(w.ends, nil)
	return len(w.ends) - 1
}

// plant adds a word to the trie.
func (w *words) plant(i int, word string) {
	at := 0
	for _, c := range []byte(word) {
		edge := at*w.width + int(w.class[lower(c)])
		if w.next[edge] == 0 {
			n := w.state()
			w.next[edge] = uint16(n)
		}
		at = int(w.next[edge])
	}
	w.ends[at] = append(w.ends[at], i)
}

// link makes of the trie an automaton: where a state has no edge it goes on as the longest other beginning that the text
// read so far ends in.
func (w *words) link() {
	back := make([]int, len(w.ends))
	queue := []int{0}
	for len(queue) > 0 {
		at := queue[0]
		queue = queue[1:]
		w.ends[at] = append(w.ends[at], w.ends[back[at]]...)
		for c := range w.width {
			edge, other := at*w.width+c, int(w.next[back[at]*w.width+c])
			switch to := int(w.next[edge]); {
			case to == 0:
				w.next[edge] = uint16(other)
			case at == 0:
				queue = append(queue, to)
			default:
				back[to] = other
				queue = append(queue, to)
			}
		}
		if at == 0 {
			w.ends[0] = nil
		}
	}
}

// each calls hit for each word in a text, with where the word ends; until it answers false.
func (w *words) each(text []byte, hit func(word, end int) bool) {
	at := 0
	for i, c := range text {
		at = int(w.next[at*w.width+int(w.class[c])])
		for _, word := range w.ends[at] {
			if !hit(word, i+1) {
				return
			}
		}
	}
}

// in reports whether one of the words stands in a text.
func (w *words) in(text []byte) bool {
	found := false
	w.each(text, func(int, int) bool { found = true; return false })
	return found
}
