package secrets

import (
	"bytes"
	"cmp"
	"math"
	"slices"
	"sync"
)

// match is where a rule has matched.
type match struct {
	rule *rule
	// from is where the match begins in the text. secret, whole and line are parts of the text, and not to be kept.
	from                int
	secret, whole, line []byte
	// unless are lists of the rule whose text was met: on their paths it is no secret.
	unless []*allow
}

// window is the part of a text round keywords of one rule that lie near each other.
type window struct{ from, to int }

const (
	// maxWindow is how long a window grows: between two of them the time is looked at.
	maxWindow = 32 << 10
	// between is how many keywords are looked behind before the time is looked at: a text may be nothing but keywords.
	between = 64
	// maxMatches is how many matches of one text count.
	maxMatches = 200
)

// search is one search through a text; it is used again.
type search struct {
	book    *Book
	text    []byte
	windows []window // by rule; empty where to is 0
	open    []int    // rules that have one
	found   []match
	// stop is asked between windows.
	stop func() bool
	done bool // stop has answered yes, or there were too many matches
	hits int  // keywords that were looked behind
}

var searches = sync.Pool{New: func() any { return &search{} }}

// each calls found for what looks like a secret in a text, in its order, until stop answers true, which is asked from time to
// time. It reports whether all of the text was looked at.
func (b *Book) each(text []byte, stop func() bool, found func(*match)) bool {
	s := searches.Get().(*search)
	s.book, s.text, s.stop, s.done, s.hits = b, text, stop, false, 0
	s.windows = slices.Grow(s.windows[:0], len(b.rules))[:len(b.rules)]
	clear(s.windows)
	b.keywords.each(text, s.keyword)
	for _, n := range s.open {
		if !s.done {
			s.try(n)
		}
	}
	slices.SortStableFunc(s.found, func(a, b match) int { return cmp.Compare(a.from, b.from) })
	for i := range s.found {
		if !s.special(&s.found[i]) {
			found(&s.found[i])
		}
	}
	complete := !s.done
	clear(s.found)
	s.text, s.open, s.found = nil, s.open[:0], s.found[:0]
	searches.Put(s)
	return complete
}

// special reports whether a match of a rule for anything is one that another rule knows for what it is.
func (s *search) special(m *match) bool {
	return m.rule.generic && slices.ContainsFunc(s.found, func(other match) bool {
		return !other.rule.generic && other.from < m.from+len(m.secret) && m.from < other.from+len(other.secret)
	})
}

// keyword widens the windows of the rules that a keyword leads to, or tries them where the next window begins.
func (s *search) keyword(word, end int) bool {
	for _, n := range s.book.of[word] {
		h, w := s.book.rules[n].form(), &s.windows[n]
		if s.hits++; s.hits%between == 0 && s.stop() {
			s.done = true
		}
		if s.done {
			return false
		}
		if h.tail != nil {
			start := end - len(s.book.list[word])
			if !h.tail.Match(s.text[start:min(len(s.text), start+h.after)]) {
				continue
			}
		}
		from, to := max(0, end-h.before), min(len(s.text), end+h.after)
		switch {
		case w.to == 0:
			s.open = append(s.open, n)
			*w = window{from, to}
		case from <= w.to && to-w.from <= maxWindow:
			w.to = to
		default:
			s.try(n)
			*w = window{from, to}
		}
	}
	return !s.done
}

// try looks for a rule in its window. The window grows to whole lines where they are short: an expression must not take its
// border for the beginning or the end of a line.
func (s *search) try(n int) {
	if s.done = s.done || s.stop(); s.done {
		return
	}
	r, w := s.book.rules[n], s.windows[n]
	if i := bytes.LastIndexByte(s.text[max(0, w.from-maxLine):w.from], '\n'); i >= 0 {
		w.from = max(0, w.from-maxLine) + i + 1
	} else {
		w.from = max(0, w.from-maxLine)
	}
	if i := bytes.IndexByte(s.text[w.to:min(len(s.text), w.to+maxLine)], '\n'); i >= 0 {
		w.to += i + 1
	} else {
		w.to = min(len(s.text), w.to+maxLine)
	}
	part := s.text[w.from:w.to]
	for at := 0; at < len(part); {
		groups := r.expr.get().FindSubmatchIndex(part[at:])
		if groups == nil {
			return
		}
		s.take(r, w.from+at, groups)
		if at += max(groups[1], groups[0]+1); len(s.found) >= maxMatches {
			s.done = true
			return
		}
	}
}

// take notes a match, whose groups are counted from base, unless something says that it is no secret.
func (s *search) take(r *rule, base int, groups []int) {
	m := match{rule: r, from: base + groups[0], whole: bytes.Trim(s.text[base+groups[0]:base+groups[1]], "\n")}
	m.secret = m.whole
	for g := 2; g+1 < len(groups); g += 2 {
		if groups[g] >= 0 && groups[g] < groups[g+1] && (r.group == 0 || g == 2*r.group) {
			m.secret = s.text[base+groups[g] : base+groups[g+1]]
			m.from = base + groups[g]
			break
		}
	}
	if r.generic && !bytes.ContainsAny(m.secret, "0123456789") || r.entropy > 0 && entropy(m.secret) <= r.entropy {
		return
	}
	m.line = lineOf(s.text, m.from)
	for _, same := range s.found {
		if same.rule == r && same.from == m.from {
			return // windows overlap
		}
	}
	if s.book.allow.text(&m) {
		return
	}
	for _, a := range r.allowed {
		if !a.text(&m) {
			continue
		}
		if !a.every || len(a.paths) == 0 {
			return
		}
		m.unless = append(m.unless, a)
	}
	s.found = append(s.found, m)
}

// maxBeside is how much of a line counts on either side of a match, in bytes: a text may be one line with many matches.
const maxBeside = 4096

// lineOf is the line in which a place lies, as far as it counts.
func lineOf(text []byte, at int) []byte {
	from, to := max(0, at-maxBeside), min(len(text), at+maxBeside)
	from += bytes.LastIndexByte(text[from:at], '\n') + 1
	if i := bytes.IndexByte(text[at:to], '\n'); i >= 0 {
		to = at + i
	}
	return text[from:to]
}

// entropy is that of the bytes of a text, in bits for each (Shannon, 1948).
func entropy(text []byte) float64 {
	var count [256]int
	for _, c := range text {
		count[c]++
	}
	bits := 0.0
	for _, n := range count {
		if n > 0 {
			p := float64(n) / float64(len(text))
			bits -= p * math.Log2(p)
		}
	}
	return bits
}

// counts reports whether a match counts in a file of this path; "" where it stands in no file.
func (b *Book) counts(r *rule, unless []*allow, path string) bool {
	if r.path != nil && (path == "" || !r.path.get().MatchString(path)) {
		return false
	}
	if path == "" {
		return true
	}
	if b.allow.path(path) {
		return false
	}
	for _, a := range r.allowed {
		if !a.every && a.path(path) {
			return false
		}
	}
	for _, a := range unless {
		if a.path(path) {
			return false
		}
	}
	return true
}
