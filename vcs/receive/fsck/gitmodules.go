package fsck

import (
	"bytes"
	"strings"
)

// MaxFile is how large a .gitmodules or .gitattributes file may be, in bytes. (git draws the line for .gitattributes at
// 100 MiB, and for .gitmodules where it no longer reads a blob into memory; nobody's file comes near to either.)
const MaxFile = 16 << 20

// maxLine is from how many bytes on a line of .gitattributes is too long (git's attr.h, since 2.39.1).
const maxLine = 2048

// Finding is a fault with what it was found in.
type Finding struct {
	Message Message
	// Detail is the value that is at fault, as the client sent it: to be escaped before it is shown.
	Detail string
}

// Modules finds what is wrong with a .gitmodules file: names, addresses, paths and commands by which a clone with its
// submodules would write or run what it must not. Each message is found at most once, with its first value.
func Modules(content []byte) []Finding {
	var list []Finding
	var found Set
	add := func(m Message, detail string) {
		if !found.Has(m) {
			found.add(m)
			list = append(list, Finding{m, detail})
		}
	}
	whole := settings(content, func(s setting) {
		if s.section != "submodule" || !s.hasSub {
			return
		}
		if !moduleName(s.sub) {
			add(GitmodulesName, s.sub)
		}
		switch {
		case !s.has:
		case s.key == "url" && !moduleURL(s.value):
			add(GitmodulesURL, s.value)
		case s.key == "path" && strings.HasPrefix(s.value, "-"):
			add(GitmodulesPath, s.value)
		case s.key == "update" && strings.HasPrefix(s.value, "!"):
			add(GitmodulesUpdate, s.value)
		}
	})
	if !whole {
		add(GitmodulesParse, "")
	}
	return list
}

// moduleName reports whether a submodule may have a name: it becomes a folder below .git/modules, and must not lead out.
func moduleName(s string) bool {
	for part := range strings.FieldsFuncSeq(s, slash) {
		if part == ".." {
			return false
		}
	}
	return s != ""
}

func slash(c rune) bool { return c == '/' || c == '\\' }

// Attributes finds what is wrong with a .gitattributes file: lines that overflowed the counters of older gits.
func Attributes(content []byte) []Finding {
	content, _, _ = bytes.Cut(content, []byte{0}) // git reads no further
	for line := range bytes.Lines(content) {
		if len(bytes.TrimSuffix(line, []byte{'\n'})) >= maxLine {
			return []Finding{{GitattributesLineLength, ""}}
		}
	}
	return nil
}
