package inflate

import "math/bits"

// An entry of a code's table: bits 0-4 how many bits the code takes, bits 8-12 how many extra bits follow it (or index
// the subtable), bits 16-30 the literal, the base of a length or distance, or where the subtable begins; and:
const (
	end     = 1 << 5 // of the block
	further = 1 << 6 // in the subtable
	bad     = 1 << 7 // no such code
	literal = 1 << 31
)

// RFC 1951, 3.2.5 and 3.2.7: what the symbols stand for.
var (
	literalSymbols  = literalTable()
	distanceSymbols = distanceTable()
	lengthSymbols   = lengthTable()
	lengthOrder     = [...]uint8{16, 17, 18, 0, 8, 7, 9, 6, 10, 5, 11, 4, 12, 3, 13, 2, 14, 1, 15}
)

func literalTable() (t [288]uint32) {
	for i := range 256 {
		t[i] = literal | uint32(i)<<16
	}
	t[256] = end
	base := uint32(3)
	for i := 257; i < 285; i++ {
		extra := uint32(max(i-261, 0) / 4)
		t[i] = base<<16 | extra<<8
		base += 1 << extra
	}
	t[285], t[286], t[287] = 258<<16, bad, bad
	return t
}

func distanceTable() (t [32]uint32) {
	base := uint32(1)
	for i := range 30 {
		extra := uint32(max(i-2, 0) / 2)
		t[i] = base<<16 | extra<<8
		base += 1 << extra
	}
	t[30], t[31] = bad, bad
	return t
}

func lengthTable() (t [19]uint32) {
	for i := range t {
		t[i] = uint32(i) << 16
	}
	return t
}

// fixedCode sets the tables to RFC 1951, 3.2.6.
func (z *Decoder) fixedCode() {
	if z.fixed {
		return
	}
	lens := z.lens[:288]
	for i := range lens {
		switch {
		case i < 144 || i >= 280:
			lens[i] = 8
		case i < 256:
			lens[i] = 9
		default:
			lens[i] = 7
		}
	}
	z.literals.build(lens, literalSymbols[:])
	lens = lens[:32]
	for i := range lens {
		lens[i] = 5
	}
	z.distances.build(lens, distanceSymbols[:])
	z.fixed = true
}

// dynamicCode reads the tables of a block (RFC 1951, 3.2.7).
func (z *Decoder) dynamicCode() error {
	literals, distances, lengths := int(z.take(5))+257, int(z.take(5))+1, int(z.take(4))+4
	if z.count < 0 {
		return ErrMore
	}
	if literals > 286 || distances > 30 {
		return ErrStream
	}
	clear(z.lens[:19])
	for _, i := range lengthOrder[:lengths] {
		z.lens[i] = uint8(z.take(3))
	}
	if z.count < 0 {
		return ErrMore
	}
	// The code of the lengths is short: the distances' table serves for it.
	if !z.distances.build(z.lens[:19], lengthSymbols[:]) {
		return ErrStream
	}
	lens := z.lens[:literals+distances]
	if err := z.codeLengths(lens); err != nil {
		return err
	}
	if lens[256] == 0 { // a block could not end
		return ErrStream
	}
	if !z.literals.build(lens[:literals], literalSymbols[:]) {
		return ErrStream
	}
	if !z.distances.build(lens[literals:], distanceSymbols[:]) {
		return ErrStream
	}
	return nil
}

// codeLengths reads the lengths of both codes, with runs packed.
func (z *Decoder) codeLengths(lens []uint8) error {
	for i := 0; i < len(lens); {
		if z.count < 16 {
			z.refill()
		}
		e := z.distances.table[z.hold&z.distances.mask&(1<<maxWidth-1)]
		z.take(int(e & 31))
		if z.count < 0 {
			return ErrMore
		}
		if e&bad != 0 {
			return ErrStream
		}
		symbol := uint8(e >> 16)
		if symbol < 16 {
			lens[i] = symbol
			i++
			continue
		}
		value, run := uint8(0), 0
		switch symbol {
		case 16:
			if i == 0 {
				return ErrStream
			}
			value, run = lens[i-1], 3+int(z.take(2))
		case 17:
			run = 3 + int(z.take(3))
		default:
			run = 11 + int(z.take(7))
		}
		if z.count < 0 {
			return ErrMore
		}
		if run > len(lens)-i {
			return ErrStream
		}
		for range run {
			lens[i] = value
			i++
		}
	}
	return nil
}

// code is how symbols are decoded: a table that is indexed by the next width bits of the input, and subtables behind it
// for symbols that take more.
type code struct {
	table [1 << maxWidth]uint32
	sub   []uint32
	width int
	mask  uint64 // of width bits
}

// build makes the code from the lengths of its symbols, with a table as narrow as they allow, because a small object
// costs more for filling the table than for using it. It is false for a code that is over-subscribed, or incomplete
// where zlib does not bear it.
func (c *code) build(lens []uint8, symbols []uint32) bool {
	var count [16]int
	for _, l := range lens {
		count[l]++
	}
	count[0] = 0
	longest, left := 0, 1
	for l := 1; l < 16; l++ {
		left = left<<1 - count[l]
		if left < 0 {
			return false
		}
		if count[l] > 0 {
			longest = l
		}
	}
	if left > 0 {
		if longest > 1 || len(symbols) == len(lengthSymbols) {
			return false
		}
		c.table[0], c.table[1] = bad, bad
	}
	c.width = max(min(longest, maxWidth), 1)
	c.mask = 1<<c.width - 1
	c.sub = c.sub[:0]
	b := builder{code: c, count: count, longest: longest, prefix: -1}
	b.fill(lens, symbols)
	return true
}

// builder is a code in the making; count is how many symbols of each length are still to come.
type builder struct {
	*code
	count   [16]int
	longest int
	prefix  int // of the subtable that is being filled, which begins at start and has 1<<more entries
	start   int
	more    int
}

func (b *builder) fill(lens []uint8, symbols []uint32) {
	var next [17]int // where symbols of a length go in sorted
	for l := 1; l < 16; l++ {
		next[l+1] = next[l] + b.count[l]
	}
	total := next[16]
	var sorted [288]uint16
	for i, l := range lens {
		if l > 0 {
			sorted[next[l]] = uint16(i)
			next[l]++
		}
	}
	code, before := 0, 0
	for _, s := range sorted[:total] {
		l := int(lens[s])
		code <<= l - before
		before = l
		b.set(int(bits.Reverse16(uint16(code))>>(16-l)), l, symbols[s])
		b.count[l]--
		code++
	}
}

// set enters a symbol whose code is l bits, lowest first.
func (b *builder) set(code, l int, symbol uint32) {
	if l <= b.width {
		for i := code; i < 1<<b.width; i += 1 << l {
			b.table[i] = symbol | uint32(l)
		}
		return
	}
	if prefix := code & (1<<b.width - 1); prefix != b.prefix {
		b.prefix = prefix
		b.open(l)
	}
	l -= b.width
	for i := code >> b.width; i < 1<<b.more; i += 1 << l {
		b.sub[b.start+i] = symbol | uint32(l)
	}
}

// open begins a subtable for codes from l bits on, as wide as the longest that share its prefix.
func (b *builder) open(l int) {
	b.more = l - b.width
	for left := 1 << b.more; b.more+b.width < b.longest; b.more++ {
		left -= b.count[b.more+b.width]
		if left <= 0 {
			break
		}
		left <<= 1
	}
	b.start = len(b.sub)
	for range 1 << b.more {
		b.sub = append(b.sub, bad)
	}
	b.table[b.prefix] = further | uint32(b.start)<<16 | uint32(b.more)<<8 | uint32(b.width)
}
