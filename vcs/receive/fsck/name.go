package fsck

import "unicode/utf8"

// File is a file of a tree that git reads by itself.
type File uint8

// The files.
const (
	Gitmodules File = iota
	Gitattributes
	gitignore
	mailmap
)

// files are their names behind the dot, and how NTFS begins their short names once ~1 to ~4 are taken (six characters of
// the name's hash, in git's path.c; NTFS makes them when a folder has five names that begin alike).
var files = [...]struct{ name, short string }{
	Gitmodules:    {"gitmodules", "gi7eba"},
	Gitattributes: {"gitattributes", "gi7d29"},
	gitignore:     {"gitignore", "gi250a"},
	mailmap:       {"mailmap", "maba30"},
}

// harmless reports whether a name is ordinary: nothing in it makes it worth comparing with the names that matter.
func harmless(name []byte) bool {
	switch name[0] {
	case '.', '~', 'g', 'G', 'm', 'M':
		return false
	}
	for _, c := range name {
		if c >= utf8.RuneSelf || c == '/' || c == '\\' {
			return false
		}
	}
	return true
}

// dotGit reports whether some file system takes a name for .git.
func dotGit(name []byte) bool { return hfs(name, "git") || ntfsGit(name) }

// isFile reports whether some file system takes a name for that of a file.
func isFile(name []byte, f File) bool { return hfs(name, files[f].name) || ntfs(name, f) }

// hfs reports whether HFS+ takes name for a dot and want, which is lower case: it folds case, leaves some code points out
// when it compares, and git is careful to let a broken character end the name.
func hfs(name []byte, want string) bool {
	r, name := hfsRune(name)
	if r != '.' {
		return false
	}
	for i := range len(want) {
		if r, name = hfsRune(name); r >= utf8.RuneSelf || lower(byte(r)) != want[i] {
			return false
		}
	}
	r, _ = hfsRune(name)
	return r == 0 || r == '/'
}

// hfsRune is the next character that counts; 0 at the end, and where there is none in UTF-8.
func hfsRune(b []byte) (rune, []byte) {
	for len(b) > 0 {
		r, n := utf8.DecodeRune(b)
		if r == utf8.RuneError && n == 1 || r == 0xfffe || r == 0xffff {
			return 0, nil
		}
		b = b[n:]
		if !ignored(r) {
			return r, b
		}
	}
	return 0, nil
}

// ignored are the code points that HFS+ leaves out (Apple's Technical Note 1150, "Unicode Subtleties").
func ignored(r rune) bool {
	return 0x200c <= r && r <= 0x200f || 0x202a <= r && r <= 0x202e || 0x206a <= r && r <= 0x206f || r == 0xfeff
}

// ntfsGit reports whether Windows takes a name for .git, or for its short name git~1: it drops spaces and dots at the end,
// opens another stream of the same file behind a colon, and splits at backslashes.
func ntfsGit(name []byte) bool {
	rest, ok := cutFold(name, ".git")
	if !ok {
		rest, ok = cutFold(name, "git~1")
	}
	if !ok {
		return false
	}
	rest = trimEnd(rest)
	return len(rest) == 0 || rest[0] == '\\' || rest[0] == '/' || rest[0] == ':'
}

// ntfs reports whether Windows takes a name for that of a file, in its long form or in one of the short ones.
func ntfs(name []byte, f File) bool {
	rest, ok := cutFold(name, ".")
	if ok {
		rest, ok = cutFold(rest, files[f].name)
	}
	if !ok {
		rest, ok = shortName(name, f)
	}
	if !ok {
		return false
	}
	rest = trimEnd(rest)
	return len(rest) == 0 || rest[0] == ':'
}

// shortName cuts a short name of eight characters off: the first six of the long name with ~1 to ~4, or as many of the
// hash as the number behind the tilde leaves room for.
func shortName(name []byte, f File) ([]byte, bool) {
	if len(name) < 8 {
		return nil, false
	}
	if rest, ok := cutFold(name, files[f].name[:6]); ok && rest[0] == '~' && '1' <= rest[1] && rest[1] <= '4' {
		return rest[2:], true
	}
	i := 0
	for i < 6 && lower(name[i]) == files[f].short[i] {
		i++
	}
	if name[i] != '~' || name[i+1] < '1' {
		return nil, false
	}
	for _, c := range name[i+1 : 8] {
		if c < '0' || c > '9' {
			return nil, false
		}
	}
	return name[8:], true
}

// trimEnd drops the spaces and dots that NTFS does not see.
func trimEnd(b []byte) []byte {
	for len(b) > 0 && (b[0] == ' ' || b[0] == '.') {
		b = b[1:]
	}
	return b
}

// cutFold cuts a lower-case prefix off, in whatever case it comes.
func cutFold(b []byte, prefix string) ([]byte, bool) {
	if len(b) < len(prefix) {
		return b, false
	}
	for i := range len(prefix) {
		if lower(b[i]) != prefix[i] {
			return b, false
		}
	}
	return b[len(prefix):], true
}

func lower(c byte) byte {
	if 'A' <= c && c <= 'Z' {
		return c + 'a' - 'A'
	}
	return c
}
