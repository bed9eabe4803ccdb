package fsck

import (
	"strconv"
	"strings"
)

// moduleURL reports whether the address of a submodule is harmless. What is forbidden has each broken into a client once:
// an option in place of an address; a line's end, which splits what is said to a credential helper; a relative address
// that eats up the host of the one that it is relative to; an address that two programs take for two hosts.
func moduleURL(s string) bool {
	switch {
	case strings.HasPrefix(s, "-"):
		return false
	case relative(s) || strings.HasPrefix(s, "git://"):
		return !strings.Contains(unescaped(s), "\n") && !eatsHost(s)
	}
	for _, scheme := range []string{"http", "https", "ftp", "ftps"} {
		if rest, ok := strings.CutPrefix(s, scheme+"::"); ok {
			return curlURL(rest)
		}
		if strings.HasPrefix(s, scheme+"://") {
			return curlURL(s)
		}
	}
	return true
}

// relative reports whether an address begins at that of the repository with the submodule.
func relative(s string) bool {
	_, _, ok := step(s)
	return ok
}

// step cuts ./ or ../ off the beginning of an address, with either slash.
func step(s string) (rest string, up, ok bool) {
	rest, up = strings.CutPrefix(s, "..")
	if !up {
		if rest, ok = strings.CutPrefix(s, "."); !ok {
			return s, false, false
		}
	}
	if rest == "" || !slash(rune(rest[0])) {
		return s, false, false
	}
	return rest[1:], up, true
}

// eatsHost reports whether a relative address goes up, and then on with what would stand in the place of a host.
func eatsHost(s string) bool {
	ups := 0
	for {
		rest, up, ok := step(s)
		if !ok {
			return ups > 0 && (strings.HasPrefix(s, ":") || strings.HasPrefix(s, "/"))
		}
		if up {
			ups++
		}
		s = rest
	}
}

// unescaped is s with each %XX read, where it can be, and cut where a NUL comes to stand: it is a string of C then.
func unescaped(s string) string {
	var b strings.Builder
	for i := 0; i < len(s); i++ {
		c := s[i]
		if n, ok := escape(s[i:]); ok && n > 0 {
			c = n
			i += 2
		}
		b.WriteByte(c)
	}
	return b.String()
}

// escape reads a %XX at the beginning of s.
func escape(s string) (byte, bool) {
	if len(s) < 3 || s[0] != '%' {
		return 0, false
	}
	n, err := strconv.ParseUint(s[1:3], 16, 8)
	return byte(n), err == nil
}

// curlURL reports whether an absolute address can be brought into one normal form (RFC 3986, section 6.2) and has no line's
// end in it.
func curlURL(s string) bool {
	scheme, rest, ok := strings.Cut(s, "://")
	if !ok || scheme == "" || !letter(scheme[0]) || !only(scheme, "+.-") {
		return false
	}
	authority, path := rest, ""
	if i := strings.IndexAny(rest, "/?#"); i >= 0 {
		authority, path = rest[:i], rest[i:]
	}
	user, host, ok := strings.Cut(authority, "@")
	if !ok {
		user, host = "", authority
	}
	return escapes(user) && hostPort(host) && insideRoot(path) && escapes(path) && !strings.Contains(unescaped(s), "\n")
}

// hostPort checks HOST or HOST:PORT.
func hostPort(s string) bool {
	host, port := s, ""
	if i := strings.LastIndexAny(s, ":]"); i > 0 && s[i] == ':' {
		host, port = s[:i], strings.TrimLeft(s[i+1:], "0")
		if n, err := strconv.ParseUint(port, 10, 16); s[i+1:] != "" && (err != nil || n == 0) {
			return false
		}
	}
	return host != "" && host[0] != ':' && only(host, ".-_[:]")
}

// insideRoot reports whether the path of an address stays below its root.
func insideRoot(path string) bool {
	if i := strings.IndexAny(path, "?#"); i >= 0 {
		path = path[:i]
	}
	depth := 0
	path = strings.TrimPrefix(path, "/")
	for len(path) > 0 {
		part, rest, more := strings.Cut(path, "/")
		path = rest
		switch unescaped(part) {
		case ".":
		case "..":
			if depth--; depth < 0 {
				return false
			}
		default:
			if more {
				depth++
			}
		}
	}
	return true
}

// escapes reports whether each % begins an escape.
func escapes(s string) bool {
	for i := range len(s) {
		if _, ok := escape(s[i:]); s[i] == '%' && !ok {
			return false
		}
	}
	return true
}

// only reports whether s is of letters, digits and some characters more.
func only(s, more string) bool {
	for i := range len(s) {
		if c := s[i]; !letter(c) && (c < '0' || c > '9') && strings.IndexByte(more, c) < 0 {
			return false
		}
	}
	return true
}
