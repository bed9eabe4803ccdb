package outgoing

import "net/netip"

// refused are the networks of IPv4 that no stranger's address may lead to (IANA's special-purpose registry, RFC 6890, and
// what clouds answer at).
var refused = prefixes(
	"0.0.0.0/8",        // this host on this network (RFC 791); 0.0.0.0 dials the machine itself
	"10.0.0.0/8",       // private (RFC 1918)
	"100.64.0.0/10",    // shared by carriers (RFC 6598), a cloud's metadata at 100.100.100.200
	"127.0.0.0/8",      // loopback
	"168.63.129.16/32", // a cloud's own services, at an address that looks public
	"169.254.0.0/16",   // link-local (RFC 3927), clouds' metadata at 169.254.169.254
	"172.16.0.0/12",    // private
	"192.0.0.0/24",     // protocol assignments (RFC 6890), a cloud's metadata at 192.0.0.192
	"192.0.2.0/24",     // documentation (RFC 5737)
	"192.31.196.0/24",  // AS112 (RFC 7535)
	"192.52.193.0/24",  // AMT relays (RFC 7450)
	"192.88.99.0/24",   // 6to4 relays (RFC 7526)
	"192.168.0.0/16",   // private
	"192.175.48.0/24",  // AS112 (RFC 7534)
	"198.18.0.0/15",    // benchmarks (RFC 2544)
	"198.51.100.0/24",  // documentation
	"203.0.113.0/24",   // documentation
	"224.0.0.0/4",      // multicast
	"240.0.0.0/4",      // reserved, and broadcast
)

// global is all of IPv6 that is routed on the internet (RFC 4291, section 2.4). What lies outside is loopback, unspecified,
// link-local, unique local (fc00::/7, with clouds' metadata at fd00:ec2::254), site-local, multicast, discard (100::/64),
// segment routing (5f00::/16), IPv4 compatible (::/96) and mapped (::ffff:0:0/96, ::ffff:0:0:0/96), and NAT64 (64:ff9b::/96,
// 64:ff9b:1::/48), behind which private IPv4 may lie.
var global = netip.MustParsePrefix("2000::/3")

// refusedGlobal are the networks within it that are none of the internet's, or that hold IPv4 in disguise.
var refusedGlobal = prefixes(
	"2001::/23",         // protocol assignments (RFC 2928): Teredo (2001::/32), benchmarks, ORCHID
	"2001:db8::/32",     // documentation (RFC 3849)
	"2002::/16",         // 6to4 (RFC 3056), with an IPv4 address inside
	"2620:4f:8000::/48", // AS112
	"3fff::/20",         // documentation (RFC 9637)
)

// isatap is what an interface identifier begins with that holds an IPv4 address (RFC 5214, section 6.1), with and without
// the bit that says it is unique: any prefix may stand before it.
var isatap = [2]uint32{0x00005efe, 0x02005efe}

// public tells whether an address is one that anybody's name may lead to.
func public(a netip.Addr) bool {
	if a.Zone() != "" {
		return false // an interface of this machine is named: link-local, or meant so
	}
	a = a.Unmap()
	if a.Is4() {
		return a.IsValid() && !contains(refused, a)
	}
	if !global.Contains(a) || contains(refusedGlobal, a) {
		return false
	}
	b := a.As16()
	id := uint32(b[8])<<24 | uint32(b[9])<<16 | uint32(b[10])<<8 | uint32(b[11])
	return id != isatap[0] && id != isatap[1]
}

func contains(networks []netip.Prefix, a netip.Addr) bool {
	for _, n := range networks {
		if n.Contains(a) {
			return true
		}
	}
	return false
}

func prefixes(text ...string) []netip.Prefix {
	all := make([]netip.Prefix, 0, len(text))
	for _, t := range text {
		all = append(all, netip.MustParsePrefix(t))
	}
	return all
}
