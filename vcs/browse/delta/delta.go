// Package delta makes deltas as packs and binary patches hold them (gitformat-pack, "deltified representation"): how one
// text is made of pieces of another. vcs/pack applies them.
//
// The base is cut into blocks, which are found again in the result by a hash that rolls over it; each find is made as long
// as it goes. One block is remembered for each hash, so that the time follows the sizes and no content makes it longer.
// The package imports nothing of ours.
package delta

import "encoding/binary"

const (
	block     = 16 // bytes that must be equal to be found
	maxCopy   = 0xffff
	maxInsert = 127
	// prime is what the hash multiplies with for each byte.
	prime = 0x9E3779B1
)

// MaxSize is the largest base and result, in bytes.
const MaxSize = 1 << 30

// Make returns a delta that makes result of base, or nil where it would be no shorter than limit bytes, or one of both is
// larger than MaxSize.
func Make(base, result []byte, limit int) []byte {
	if len(base) > MaxSize || len(result) > MaxSize {
		return nil
	}
	m := &maker{base: base, result: result, limit: limit, index: newIndex(base)}
	m.out = binary.AppendUvarint(m.out, uint64(len(base)))
	m.out = binary.AppendUvarint(m.out, uint64(len(result)))
	return m.make()
}

// index finds a block of the base by its hash; 0 is none, else its offset + 1.
type index struct {
	at    []int32
	shift uint
}

func newIndex(base []byte) index {
	bits := uint(4)
	for 1<<bits < len(base)/block*2 {
		bits++
	}
	x := index{at: make([]int32, 1<<bits), shift: 32 - bits}
	for i := len(base)/block*block - block; i >= 0; i -= block {
		x.at[x.slot(sum(base[i:i+block]))] = int32(i) + 1
	}
	return x
}

// slot spreads a hash over the table.
func (x index) slot(h uint32) uint32 { return h * prime >> x.shift }

// sum is the hash of one block.
func sum(b []byte) uint32 {
	var h uint32
	for _, c := range b {
		h = h*prime + uint32(c) + 1
	}
	return h
}

// leaving is what the first byte of a block adds to its hash: prime to the power of block-1.
var leaving = func() uint32 {
	h := uint32(1)
	for range block - 1 {
		h *= prime
	}
	return h
}()

// maker is a delta being made: result up to done is in out, what stands between done and here is to be inserted.
type maker struct {
	base, result []byte
	index        index
	limit        int
	out          []byte
	done         int
}

func (m *maker) make() []byte {
	var h uint32
	rolling := false
	for here := 0; here+block <= len(m.result); {
		if !rolling {
			h, rolling = sum(m.result[here:here+block]), true
		}
		from, length, back := m.find(h, here)
		if length < block {
			if here+block < len(m.result) {
				h = (h-leaving*(uint32(m.result[here])+1))*prime + uint32(m.result[here+block]) + 1
			}
			here++
			continue
		}
		m.insert(here - back)
		m.copy(from-back, length+back)
		here = m.done
		rolling = false
		if len(m.out) >= m.limit {
			return nil
		}
	}
	m.insert(len(m.result))
	if len(m.out) >= m.limit {
		return nil
	}
	return m.out
}

// find returns where in the base the block at here stands, how long both are equal from there on, and how far back, up to
// what is done.
func (m *maker) find(h uint32, here int) (from, length, back int) {
	from = int(m.index.at[m.index.slot(h)]) - 1
	if from < 0 {
		return 0, 0, 0
	}
	for from+length < len(m.base) && here+length < len(m.result) && m.base[from+length] == m.result[here+length] {
		length++
	}
	for length >= block && from > back && here-back > m.done && m.base[from-back-1] == m.result[here-back-1] {
		back++
	}
	return from, length, back
}

// insert writes the result itself, up to end.
func (m *maker) insert(end int) {
	for m.done < end {
		n := min(end-m.done, maxInsert)
		m.out = append(m.out, byte(n))
		m.out = append(m.out, m.result[m.done:m.done+n]...)
		m.done += n
	}
}

// copy writes that a range of the base follows.
func (m *maker) copy(from, length int) {
	m.done += length
	for length > 0 {
		n := min(length, maxCopy)
		at := len(m.out)
		m.out = append(m.out, 0x80)
		for i := range 4 {
			if b := byte(from >> (8 * i)); b != 0 {
				m.out = append(m.out, b)
				m.out[at] |= 1 << i
			}
		}
		for i := range 2 {
			if b := byte(n >> (8 * i)); b != 0 {
				m.out = append(m.out, b)
				m.out[at] |= 0x10 << i
			}
		}
		from += n
		length -= n
	}
}
