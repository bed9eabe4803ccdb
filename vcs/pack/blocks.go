package pack

const (
	blockLen = 16 << 10
	// blockCount blocks are kept for each Set: 1 MiB.
	blockCount = 64
)

// block is a piece of a pack that begins at a multiple of blockLen; b is nil while it holds none.
type block struct {
	pack *Pack
	at   int64
	b    []byte
}

// blocks are the pieces of packs that were read last. A walk of a history reads entries that lie near one another, a few
// hundred bytes each: without blocks, asking the system for them would cost more than inflating them.
type blocks [blockCount]block

// from returns what lies in a block from off on, at least one byte; off lies in the pack.
func (s *blocks) from(p *Pack, off int64) ([]byte, error) {
	at := off &^ (blockLen - 1)
	k := &s[(off/blockLen)%blockCount]
	if k.pack != p || k.at != at {
		if k.b == nil {
			k.b = make([]byte, blockLen)
		}
		k.pack = nil
		k.b = k.b[:min(blockLen, p.end()-at)]
		if err := readFull(p.Data, k.b, at); err != nil {
			return nil, err
		}
		k.pack, k.at = p, at
	}
	return k.b[off-at:], nil
}
