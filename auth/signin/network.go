package signin

import "net/netip"

// Network is whom an address belongs to, an IPv4 address or a network of 64 bits: whoever has one IPv6 address has 2^64 of
// them. The zero value where there is no address.
func Network(a netip.Addr) netip.Prefix {
	bits := 32
	if a.Is6() {
		bits = 64
	}
	p, err := a.WithZone("").Prefix(bits)
	if err != nil {
		return netip.Prefix{}
	}
	return p
}
