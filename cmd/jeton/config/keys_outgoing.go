package config

import (
	"fmt"
	"net/netip"
	"strings"
)

// outgoingKeys are the settings of what the server itself connects to because people or other servers have named it.
func outgoingKeys() []Key {
	return []Key{
		{Name: "outgoing.allow", Type: List, Check: networks,
			Meaning: "Networks (CIDR) and addresses that may be fetched from and told by web hooks although they are inside: loopback, private, link-local, shared by carriers, NAT64 and the like are refused otherwise, whatever name leads there. See docs/outgoing.md."},
		{Name: "outgoing.timeout", Default: "10s", Type: Duration,
			Meaning: "How long it may take to be connected to another server."},
	}
}

// networks checks a list of networks, of which an address is the smallest.
func networks(value string) error {
	for part := range strings.SplitSeq(value, ",") {
		if part = strings.TrimSpace(part); part == "" {
			continue
		}
		if _, err := netip.ParseAddr(part); err == nil {
			continue
		}
		if _, err := netip.ParsePrefix(part); err != nil {
			return fmt.Errorf("%q is neither a network such as 10.0.0.0/8 nor an address", part)
		}
	}
	return nil
}
