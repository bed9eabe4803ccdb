package browse

import (
	"hash/maphash"
	"slices"

	"jeton/vcs/browse/lines"
	"jeton/vcs/oid"
)

const (
	// maxPieces is how many pieces of files are held to find renames (16 bytes each), maxRead how many bytes are read and
	// maxCompared how many pieces compared for it. Beyond, a file that came is new.
	maxPieces   = 4 << 20
	maxRead     = 256 << 20
	maxCompared = 256 << 20
	// longest is how long a piece is at most: lines are cut there.
	longest = 64
)

// piece is a line, or a part of a long one, and how many bytes of a file are such pieces.
type piece struct {
	sum   uint64
	bytes int64
}

// outline is a file as its pieces, in order of their sums.
type outline struct {
	size   int64
	known  bool // size is
	pieces []piece
	cut    bool // pieces are
}

// measure tells how alike files are, and remembers their outlines.
type measure struct {
	*comparison
	seed                   maphash.Seed
	outlines               map[oid.ID]*outline
	pieces, read, compared int
}

func newMeasure(c *comparison) *measure {
	return &measure{comparison: c, seed: maphash.MakeSeed(), outlines: map[oid.ID]*outline{}}
}

// score is how alike two files are, 0 to maxScore: how many bytes of the second stand in the first too, of the larger's
// size (gitdiffcore, "diffcore-rename"). Only regular files are alike.
func (m *measure) score(a, b file) (int, error) {
	if !a.regular() || !b.regular() {
		return 0, nil
	}
	x, err := m.sized(a)
	if err != nil {
		return 0, err
	}
	y, err := m.sized(b)
	if err != nil {
		return 0, err
	}
	small, large := min(x.size, y.size), max(x.size, y.size)
	if small == 0 || large > m.o.Blob || large*(maxScore-leastScore) < (large-small)*maxScore {
		return 0, nil
	}
	if ok, err := m.outline(x, a); !ok || err != nil {
		return 0, err
	}
	if ok, err := m.outline(y, b); !ok || err != nil {
		return 0, err
	}
	if m.compared += len(x.pieces) + len(y.pieces); m.compared > maxCompared {
		return 0, nil
	}
	return int(common(x.pieces, y.pieces, y.size, (large*leastScore+maxScore-1)/maxScore) * maxScore / large), nil
}

// sized is the outline of a file, of which at least the size is known.
func (m *measure) sized(f file) (*outline, error) {
	o := m.outlines[f.id]
	if o == nil {
		o = &outline{}
		m.outlines[f.id] = o
	}
	if !o.known {
		_, size, err := m.set.Header(f.id)
		if err != nil {
			return nil, err
		}
		o.size, o.known = size, true
	}
	return o, nil
}

// outline cuts a file into pieces; false where more would be held or read than may be.
func (m *measure) outline(o *outline, f file) (bool, error) {
	if o.cut {
		return true, nil
	}
	if m.read += int(o.size); m.read > maxRead || m.pieces > maxPieces {
		return false, nil
	}
	data, large, err := m.content(f)
	if err != nil || large || lines.Count(data)+len(data)/longest > maxPieces/4 {
		return false, err
	}
	o.pieces, o.cut = m.cut(data), true
	m.pieces += len(o.pieces)
	return true, nil
}

// cut cuts text at its newlines and after 64 bytes. In text a CR before a newline does not count.
func (m *measure) cut(data []byte) []piece {
	text := !isBinary(data)
	var all []piece
	var part []byte
	for i := 0; i < len(data); {
		part = part[:0]
		for i < len(data) && len(part) < longest {
			c := data[i]
			i++
			if text && c == '\r' && i < len(data) && data[i] == '\n' {
				continue
			}
			part = append(part, c)
			if c == '\n' {
				break
			}
		}
		all = append(all, piece{maphash.Bytes(m.seed, part), int64(len(part))})
	}
	slices.SortFunc(all, func(a, b piece) int {
		switch {
		case a.sum < b.sum:
			return -1
		case a.sum > b.sum:
			return 1
		}
		return 0
	})
	return merge(all)
}

// merge adds up pieces that are equal.
func merge(all []piece) []piece {
	merged := all[:0]
	for _, p := range all {
		if n := len(merged); n > 0 && merged[n-1].sum == p.sum {
			merged[n-1].bytes += p.bytes
		} else {
			merged = append(merged, p)
		}
	}
	return slices.Clip(slices.Clone(merged))
}

// common is how many bytes two files share, or 0 as soon as it is known to be less than least. size is that of the second.
func common(a, b []piece, size, least int64) int64 {
	shared, left := int64(0), size
	i := 0
	for _, p := range b {
		for i < len(a) && a[i].sum < p.sum {
			i++
		}
		if i == len(a) {
			break
		}
		left -= p.bytes
		if a[i].sum == p.sum {
			shared += min(a[i].bytes, p.bytes)
		} else if shared+left < least {
			return 0
		}
	}
	return shared
}
