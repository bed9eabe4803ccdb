package door

import "strings"

// forwardedFor takes a line of Forwarded apart (RFC 7239 section 4): who each hop says the request is from, "" where it
// does not say.
//
//	for=192.0.2.60;proto=http, For="[2001:db8::17]:4711";by=_gate
//
// It is strict: false for whatever the grammar does not allow. A client may begin a string and leave it open, so that
// what our proxy writes behind it would be read as part of the client's.
func forwardedFor(line string) (hops []string, ok bool) {
	r := &pairs{rest: line}
	for {
		from, ok := r.element()
		if !ok {
			return nil, false
		}
		hops = append(hops, from)
		if r.rest == "" {
			return hops, true
		}
		r.rest = r.rest[1:] // a comma
	}
}

// pairs reads what is left of a line.
type pairs struct{ rest string }

// element reads one hop, up to a comma or the end, and returns its "for".
func (r *pairs) element() (from string, ok bool) {
	seen := false
	for {
		r.blanks()
		if r.rest == "" || r.rest[0] == ',' { // an empty element, or a ; before the end
			return from, true
		}
		if r.rest[0] != ';' {
			name, value, ok := r.pair()
			if !ok {
				return "", false
			}
			if strings.EqualFold(name, "for") {
				if seen {
					return "", false // each name stands once in a hop
				}
				from, seen = value, true
			}
			r.blanks()
		}
		switch {
		case r.rest == "" || r.rest[0] == ',':
			return from, true
		case r.rest[0] != ';':
			return "", false
		}
		r.rest = r.rest[1:]
	}
}

func (r *pairs) pair() (name, value string, ok bool) {
	name = r.token()
	if name == "" || !strings.HasPrefix(r.rest, "=") {
		return "", "", false
	}
	r.rest = r.rest[1:]
	if strings.HasPrefix(r.rest, `"`) {
		value, ok = r.quoted()
		return name, value, ok
	}
	value = r.token()
	return name, value, value != ""
}

func (r *pairs) blanks() { r.rest = strings.TrimLeft(r.rest, " \t") }

// token reads the characters of a token (RFC 9110 section 5.6.2), and the colons and brackets of an address, which some
// proxies write without quotes.
func (r *pairs) token() string {
	n := strings.IndexFunc(r.rest, func(c rune) bool {
		return !('a' <= c && c <= 'z' || 'A' <= c && c <= 'Z' || '0' <= c && c <= '9' || strings.ContainsRune("!#$%&'*+-.^_`|~:[]", c))
	})
	if n < 0 {
		n = len(r.rest)
	}
	token := r.rest[:n]
	r.rest = r.rest[n:]
	return token
}

// quoted reads a quoted string (RFC 9110 section 5.6.4).
func (r *pairs) quoted() (string, bool) {
	var b strings.Builder
	for i := 1; i < len(r.rest); i++ {
		switch c := r.rest[i]; {
		case c == '"':
			r.rest = r.rest[i+1:]
			return b.String(), true
		case c == '\\':
			if i++; i == len(r.rest) {
				return "", false
			}
			b.WriteByte(r.rest[i])
		default:
			b.WriteByte(c)
		}
	}
	return "", false
}
