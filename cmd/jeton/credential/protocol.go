// Package credential is a credential helper of git (gitcredentials(7)) that keeps vcs tokens of Jeton servers, and renews
// them by itself where they were rotated.
//
//	git ── get ──► tokens kept for this host? ── is it alive? ─► GET  /_admin/token ─┬─ yes ──────────► username, password,
//	                                                                                 │                  password_expiry_utc
//	                                                                                 ├─ replaced ─► POST /_admin/token/successor
//	                                                                                 │              kept in place of the old
//	                                                                                 └─ no ─► a sentence on stderr, no answer
//	git ── store ─► a token that worked and is one of Jeton's is kept; a password never is
//	git ── erase ─► a token that the server refused is forgotten, unless it was replaced meanwhile
//
// A token goes to the server that it is kept for and nowhere else: redirects are not followed, and what is not HTTPS is
// asked nothing, unless it is this machine or was allowed. Where the server cannot be asked, git gets the token as it is,
// and meets the server itself.
//
// The package knows nothing of the server's inside; it imports auth/token for the shape of a token alone.
package credential

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"net/url"
	"slices"
	"strings"
)

// Description is what git says about a credential: its attributes (git-credential(1), "INPUT/OUTPUT FORMAT"). Those with
// several values, whose names end in [], hold them in their order.
type Description map[string][]string

// ErrBadDescription: what came is not what git writes.
var ErrBadDescription = errors.New("this is not a description of a credential as git writes one")

// Bounds of a description, in bytes and lines.
const (
	maxDescription = 256 << 10
	maxLines       = 1000
)

// Read reads a description, up to an empty line or the end. A carriage return at a line's end belongs to the value, since
// git takes every byte as it is.
func Read(r io.Reader) (Description, error) {
	limited := &io.LimitedReader{R: r, N: maxDescription + 1}
	in := bufio.NewReader(limited)
	d := Description{}
	for n := 0; ; n++ {
		line, err := in.ReadString('\n')
		if err != nil && !errors.Is(err, io.EOF) {
			return nil, fmt.Errorf("read from git: %w", err)
		}
		if limited.N == 0 || n > maxLines {
			return nil, fmt.Errorf("%w: it is too long", ErrBadDescription)
		}
		line = strings.TrimSuffix(line, "\n")
		if line == "" {
			return d, nil
		}
		if bad := d.add(line); bad != nil {
			return nil, bad
		}
		if err != nil {
			return d, nil
		}
	}
}

func (d Description) add(line string) error {
	key, value, ok := strings.Cut(line, "=")
	if !ok || key == "" || strings.ContainsRune(line, 0) {
		return fmt.Errorf("%w: a line without a name and =", ErrBadDescription)
	}
	switch {
	case key == "url":
		return d.split(value)
	case !strings.HasSuffix(key, "[]"):
		d[key] = []string{value}
	case value == "": // begins the list anew
		delete(d, key)
	default:
		d[key] = append(d[key], value)
	}
	return nil
}

// split takes an address apart, as if its parts had been given.
func (d Description) split(address string) error {
	u, err := url.Parse(address)
	if err != nil || u.Scheme == "" {
		return fmt.Errorf("%w: an address that cannot be read", ErrBadDescription)
	}
	d["protocol"], d["host"] = []string{u.Scheme}, []string{u.Host}
	if path := strings.TrimPrefix(u.Path, "/"); path != "" {
		d["path"] = []string{path}
	}
	if u.User != nil {
		d["username"] = []string{u.User.Username()}
		if password, ok := u.User.Password(); ok {
			d["password"] = []string{password}
		}
	}
	return nil
}

// Get is an attribute's value; "" where there is none.
func (d Description) Get(key string) string {
	if len(d[key]) == 0 {
		return ""
	}
	return d[key][0]
}

// Write writes a description and the empty line at its end, in the order of names. What git could not read back is an
// error, and nothing is written.
func (d Description) Write(w io.Writer) error {
	var b strings.Builder
	keys := make([]string, 0, len(d))
	for k := range d {
		keys = append(keys, k)
	}
	slices.Sort(keys)
	for _, k := range keys {
		for _, v := range d[k] {
			if strings.ContainsAny(k, "=\n\x00") || strings.ContainsAny(v, "\n\x00") {
				return fmt.Errorf("%w: a line feed in %q", ErrBadDescription, k)
			}
			fmt.Fprintf(&b, "%s=%s\n", k, v)
		}
	}
	b.WriteString("\n")
	_, err := io.WriteString(w, b.String())
	return err
}
