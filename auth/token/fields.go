package token

import (
	"errors"
	"fmt"
	"net/netip"
	"slices"
	"strings"

	"jeton/vcs/name"
)

// Deploy is what a deploy token belongs to instead of a person: a repository, or a group of repositories with all that
// lies in it. One of the two ids is set, or neither.
type Deploy struct{ RepositoryID, GroupID string }

// Refs narrows what a vcs token writes; zero narrows nothing.
type Refs struct {
	// Patterns are of full ref names, as branch rules have them (* within a part, ** across parts, ? one character): a
	// push may move only refs that one of them matches. None is all.
	Patterns []string
	// FastForwardOnly refuses to move a ref to what does not follow it; NoDelete to remove one.
	FastForwardOnly, NoDelete bool
}

// Narrows tells whether anything is narrowed.
func (r Refs) Narrows() bool { return len(r.Patterns) > 0 || r.FastForwardOnly || r.NoDelete }

const (
	// maxList bounds patterns and networks of one token.
	maxList = 100
	// maxPattern bounds one pattern, in bytes.
	maxPattern = 1024
)

// check says what is wrong with the patterns, and puts them in order.
func (r *Refs) check() error {
	r.Patterns = sorted(r.Patterns)
	if len(r.Patterns) > maxList {
		return fmt.Errorf("it names more than %d patterns of refs", maxList)
	}
	for _, p := range r.Patterns {
		// A name that the pattern could stand for must be one that a ref can have.
		like := strings.NewReplacer("*", "x", "?", "x").Replace(p)
		if len(p) > maxPattern || !strings.HasPrefix(p, "refs/") || !name.Ref(like) {
			return fmt.Errorf("%.80q is no pattern of full ref names, such as refs/heads/renovate/* or refs/tags/**", p)
		}
	}
	return nil
}

// Right is something an api token may do besides calling methods about repositories.
type Right string

// The rights.
const (
	RightTokens  Right = "tokens"  // make tokens within its own fields, and rotate and revoke them
	RightAccount Right = "account" // change passwords, e-mails and keys of its owner's account
	RightAdmin   Right = "admin"   // methods reserved to administrators, where its owner is one
)

// AllRights are all there are.
func AllRights() []Right { return []Right{RightTokens, RightAccount, RightAdmin} }

// ParseRight reads a right's name.
func ParseRight(s string) (Right, error) {
	if r := Right(s); slices.Contains(AllRights(), r) {
		return r, nil
	}
	return "", fmt.Errorf("%q is no right of a token: it is one of tokens, account, admin", s)
}

func rightsOf(words []string) []Right {
	var list []Right
	for _, w := range words {
		list = append(list, Right(w))
	}
	return list
}

// ErrBadNetwork: a text is not a network.
var ErrBadNetwork = errors.New("not a network")

// ParseNetworks reads networks in CIDR notation, or single addresses. A network that maps IPv4 into IPv6 becomes the IPv4
// one, since addresses are compared so. The result is in order, without doubles and without those that lie in others.
// ErrBadNetwork.
func ParseNetworks(list []string) ([]netip.Prefix, error) {
	if len(list) > maxList {
		return nil, fmt.Errorf("%w: there are %d; at most %d are allowed", ErrBadNetwork, len(list), maxList)
	}
	var all []netip.Prefix
	for _, text := range list {
		p, err := parseNetwork(text)
		if err != nil {
			return nil, err
		}
		all = append(all, p)
	}
	return tidy(all), nil
}

func parseNetwork(text string) (netip.Prefix, error) {
	if a, err := netip.ParseAddr(text); err == nil && a.Zone() == "" {
		return netip.PrefixFrom(a.Unmap(), a.Unmap().BitLen()), nil
	}
	p, err := netip.ParsePrefix(text)
	if err == nil && p.Addr().Is4In6() && p.Bits() >= 96 {
		p = netip.PrefixFrom(p.Addr().Unmap(), p.Bits()-96)
	}
	switch {
	case err != nil || p.Addr().Is4In6():
		return netip.Prefix{}, fmt.Errorf("%w: %.50q; it is an address or as 192.0.2.0/24 or 2001:db8::/32", ErrBadNetwork, text)
	case p != p.Masked():
		return netip.Prefix{}, fmt.Errorf("%w: %s has digits behind its %d bits; did you mean %s?", ErrBadNetwork, text, p.Bits(), p.Masked())
	}
	return p, nil
}

// tidy puts networks in order and drops those that lie in another.
func tidy(list []netip.Prefix) []netip.Prefix {
	slices.SortFunc(list, func(a, b netip.Prefix) int {
		if c := a.Bits() - b.Bits(); c != 0 {
			return c
		}
		return a.Addr().Compare(b.Addr())
	})
	var kept []netip.Prefix
	for _, p := range list {
		if !liesIn(p, kept) {
			kept = append(kept, p)
		}
	}
	return kept
}

// liesIn tells whether a network lies wholly in one of a list.
func liesIn(p netip.Prefix, list []netip.Prefix) bool {
	return slices.ContainsFunc(list, func(q netip.Prefix) bool { return q.Bits() <= p.Bits() && q.Contains(p.Addr()) })
}

// networksOf reads what the database holds. What cannot be read becomes a network that no address is in: a limit that
// is not understood must not fall away.
func networksOf(words []string) []netip.Prefix {
	var list []netip.Prefix
	for _, w := range words {
		p, _ := netip.ParsePrefix(w)
		list = append(list, p)
	}
	return list
}

// sorted is a list in order and without doubles; nil where it is empty.
func sorted[T ~string](list []T) []T {
	if len(list) == 0 {
		return nil
	}
	return slices.Compact(slices.Sorted(slices.Values(list)))
}
