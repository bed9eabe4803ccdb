package rules

import (
	"errors"
	"fmt"
	"net/url"
	"strings"

	"jeton/vcs/name"
)

// ErrBad is wrapped by what is wrong with rules. The sentence is for whoever lays them down.
var ErrBad = errors.New("not a valid rule")

// Bounds of the rules of one repository: they are read at each request. Patterns and addresses are measured in bytes.
const (
	maxEntries = 500
	maxPattern = 1024
	maxURI     = 2048
)

// Check tells what is wrong with rules. exemptable answers an error for what is no id of fsck's messages that an
// administrator may forgive. ErrBad.
func (r *Rules) Check(exemptable func(id string) error) error {
	if n := max(len(r.Hidden), len(r.Bundles), len(r.Branches), len(r.Exempt)); n > maxEntries {
		return bad("a list of %d entries is too long; at most %d are allowed", n, maxEntries)
	}
	for _, p := range r.Hidden {
		if err := checkHidden(p); err != nil {
			return err
		}
	}
	for i, b := range r.Branches {
		if err := b.check(); err != nil {
			return err
		}
		for _, other := range r.Branches[:i] {
			if other.Pattern == b.Pattern {
				return bad("%q is protected twice; one rule for a pattern is enough", b.Pattern)
			}
		}
	}
	for i, b := range r.Bundles {
		if err := b.check(); err != nil {
			return err
		}
		for _, other := range r.Bundles[:i] {
			if other.ID == b.ID {
				return bad("two bundles are called %q; each needs a name of its own", b.ID)
			}
		}
	}
	switch r.Secrets {
	case "", SecretsOff, SecretsWarn, SecretsRefuse:
	default:
		return bad("secrets are off, warn or refuse, not %q", r.Secrets)
	}
	for _, id := range r.Exempt {
		if err := exemptable(id); err != nil {
			return bad("%v", err)
		}
	}
	return nil
}

func bad(format string, args ...any) error {
	return fmt.Errorf("%w: %s", ErrBad, fmt.Sprintf(format, args...))
}

// checkHidden tells what is wrong with a pattern of Hidden: after its ! and ^, a prefix of ref names in whole parts.
func checkHidden(pattern string) error {
	prefix := strings.TrimPrefix(strings.TrimPrefix(pattern, "!"), "^")
	prefix = strings.TrimSuffix(prefix, "/")
	switch {
	case len(pattern) > maxPattern:
		return bad("the pattern %.40q… is %d bytes long; at most %d are allowed", pattern, len(pattern), maxPattern)
	case strings.ContainsAny(prefix, "*?["):
		return bad("%q holds a wildcard; hidden refs are named by how they begin, such as refs/pull", pattern)
	case prefix == "refs":
		return nil
	case !strings.HasPrefix(prefix, "refs/") || !name.Ref(prefix):
		return bad("%q is not how a full ref name can begin, such as refs/pull or !refs/pull/1", pattern)
	}
	return nil
}

// check tells what is wrong with a protected pattern.
func (b Branch) check() error {
	// A name that the pattern could stand for must be one that a ref can have.
	like := strings.NewReplacer("*", "x", "?", "x").Replace(b.Pattern)
	switch {
	case len(b.Pattern) > maxPattern:
		return bad("the pattern %.40q… is %d bytes long; at most %d are allowed", b.Pattern, len(b.Pattern), maxPattern)
	case strings.HasPrefix(b.Pattern, Own):
		return bad("%q is the server's own and needs no protection", b.Pattern)
	case !strings.HasPrefix(b.Pattern, "refs/") || !name.Ref(like):
		return bad("%q is not a pattern of full ref names, such as refs/heads/main, refs/heads/release/* or refs/tags/**", b.Pattern)
	case len(b.Who) > maxEntries:
		return bad("%q names %d who may push; at most %d are allowed", b.Pattern, len(b.Who), maxEntries)
	}
	for _, id := range b.Who {
		if id == "" {
			return bad("%q lets somebody without an id push", b.Pattern)
		}
	}
	return nil
}

// check tells what is wrong with a bundle. Ids are letters, digits and dashes, since they become part of a key
// (git's Documentation/technical/bundle-uri).
func (b Bundle) check() error {
	for _, c := range b.ID {
		if !('a' <= c && c <= 'z' || 'A' <= c && c <= 'Z' || '0' <= c && c <= '9' || c == '-') {
			return bad("%q can be no name of a bundle; letters, digits and dashes are allowed", b.ID)
		}
	}
	if b.ID == "" || len(b.ID) > 100 {
		return bad("a bundle's name has 1 to 100 letters, digits and dashes")
	}
	if len(b.URI) > maxURI {
		return bad("the address of bundle %q is %d bytes long; at most %d are allowed", b.ID, len(b.URI), maxURI)
	}
	u, err := url.Parse(b.URI)
	switch {
	case err != nil || u.Host == "" || u.Scheme != "http" && u.Scheme != "https" || strings.ContainsFunc(b.URI, blank):
		return bad("%q is no address of a bundle; it begins with https:// or http:// and names a host", b.URI)
	case u.User != nil:
		// Everybody who may read the repository is told the address.
		return bad("the address of bundle %q holds a user or a password, which every reader would see; leave it away", b.ID)
	}
	return nil
}

// blank is what would end a line or a word in what clients are told.
func blank(c rune) bool { return c <= ' ' || c == 0x7f }
