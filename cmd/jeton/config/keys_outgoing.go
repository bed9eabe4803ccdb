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
		{Name: "pull.timeout", Default: "2h", Type: Duration,
			Meaning: "How long one fetch from another server (pull, create_repo with clone_uri) may take in all. The limits of pushes (receive.*) hold for it too. See docs/pull.md."},
		{Name: "pull.silence", Default: "5m", Type: Duration,
			Meaning: "For how long the other server may send next to nothing (less than 16KiB); one that has not yet shown that it speaks git has a minute at most."},
		{Name: "pull.max_advertisement", Default: "32MiB", Type: Size,
			Meaning: "Longest list of refs of another server. It is held in memory, a few times as large. 0: 32MiB."},
		{Name: "pull.known_hosts", Type: Text,
			Meaning: "File with keys of SSH servers that are fetched from, in OpenSSH's form. The key of a server that does not stand in it is kept at the first fetch, for each repository. Empty: there is none."},
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
