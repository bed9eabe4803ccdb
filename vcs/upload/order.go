package upload

import (
	"crypto/sha256"
	"encoding/binary"
	"fmt"
	"slices"

	"jeton/vcs/filter"
	"jeton/vcs/oid"

	"jeton/vcs/storage"
)

// order is the normal form of a fetch: what is to be sent, whatever way the client took to say so. Two orders of one
// repository with the same key are served by the same bytes, so a pack that is kept is kept under it; what lies round
// the pack (acknowledgments, section headers, bands, progress) is no part of it.
type order struct {
	// Sorted, each id once. haves are the common ones. shallow is what the client said, known here or not: the walk only ends
	// there, and where one were left out, what lies behind it would be taken for being at the client.
	wants, haves, shallow []oid.ID
	// What a depth has come to (reach.Request).
	boundary, unshallow []oid.ID
	filter              filter.Filter
	// thin: deltas may stand on what the client has; ofs: bases are named by their distance.
	thin, ofs bool
	// tags is set where the annotated tags of what is sent go along: the refs of that moment decide which these are.
	tags storage.Basis
	// includeTag asks for them; a snapshot's basis may be empty.
	includeTag bool
}

// order brings a request whose negotiation has ended into its normal form.
func (c *conversation) order(q *request, n *negotiation, k cut) order {
	o := order{
		wants: normal(q.wants), haves: normal(n.common), shallow: normal(q.shallow), boundary: normal(k.boundary), unshallow: normal(k.unshallow),
		filter: q.filter, ofs: q.ofs, includeTag: q.includeTag,
	}
	o.thin = q.thin && len(o.haves) > 0 // a client that has nothing cannot complete a thin pack
	if q.includeTag {
		o.tags = c.view.Refs.Basis
	}
	return o
}

// normal is a sorted copy without repetitions.
func normal(list []oid.ID) []oid.ID {
	sorted := slices.Clone(list)
	slices.SortFunc(sorted, oid.Compare)
	return slices.Compact(sorted)
}

// key is a hash of the whole order.
func (o order) key() [sha256.Size]byte {
	h := sha256.New()
	for _, list := range [][]oid.ID{o.wants, o.haves, o.shallow, o.boundary, o.unshallow} {
		_ = binary.Write(h, binary.BigEndian, uint64(len(list))) // a hash takes everything
		for _, id := range list {
			_, _ = h.Write(id[:])
		}
	}
	_, _ = fmt.Fprintf(h, "%q %t %t %t %q", o.filter.String(), o.thin, o.ofs, o.includeTag, o.tags)
	return [sha256.Size]byte(h.Sum(nil))
}
