package rules

import (
	"cmp"
	"slices"
)

// Over is what holds in a repository where the server has rules too.
//
// Hidden: the server's patterns and then the repository's, of which later ones win. Switches (AdvertisedOnly,
// DenyDeletes, DenyForce, NoSkip, NoArchives): on where either says so. Secrets: the repository's word, where it has one. Branches: the repository's and then the server's, of which the first
// that matches holds. Bundles and Exempt: both together.
func (r Rules) Over(server Rules) Rules {
	return Rules{
		Hidden:         slices.Concat(server.Hidden, r.Hidden),
		AdvertisedOnly: server.AdvertisedOnly || r.AdvertisedOnly,
		Bundles:        slices.Concat(server.Bundles, r.Bundles),
		DenyDeletes:    server.DenyDeletes || r.DenyDeletes,
		DenyForce:      server.DenyForce || r.DenyForce,
		Branches:       slices.Concat(r.Branches, server.Branches),
		Exempt:         slices.Concat(server.Exempt, r.Exempt),
		Secrets:        cmp.Or(r.Secrets, server.Secrets),
		NoSkip:         server.NoSkip || r.NoSkip,
		NoArchives:     server.NoArchives || r.NoArchives,
		Lock:           r.Lock,
	}
}
