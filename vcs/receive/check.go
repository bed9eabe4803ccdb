package receive

import (
	"bytes"
	"fmt"
	"strings"

	"github.com/go-git/go-git/v5/plumbing"

	"jeton/vcs/object"
	"jeton/vcs/oid"
)

// checkObject refuses commits, trees and tags that do not parse, and trees that would hurt whoever checks them out: the
// names by which a tree writes into .git, or outside of it, and entries twice or out of order, by which two programs
// would see different files. It is the part of git-fsck that no repository may go without; the rest comes with settings.
func checkObject(kind plumbing.ObjectType, _ oid.ID, content []byte) error {
	switch kind {
	case plumbing.CommitObject:
		_, err := object.ParseCommit(content)
		return err
	case plumbing.TagObject:
		_, _, err := object.ParseTag(content)
		return err
	case plumbing.TreeObject:
		return checkTree(content)
	}
	return nil
}

func checkTree(content []byte) error {
	t := object.NewTree(content)
	var before object.Entry
	for e, ok := t.Next(); ok; e, ok = t.Next() {
		if what := badName(string(e.Name)); what != "" {
			return fmt.Errorf("%w: it has an entry %s", object.ErrMalformed, what)
		}
		if before.Name != nil {
			if bytes.Equal(before.Name, e.Name) {
				return fmt.Errorf("%w: it has an entry twice (duplicateEntries)", object.ErrMalformed)
			}
			if !ordered(before, e) {
				return fmt.Errorf("%w: its entries are out of order (treeNotSorted)", object.ErrMalformed)
			}
		}
		before = e
	}
	return t.Err()
}

// ordered compares neighbours as git sorts trees: the name of a tree counts as if it ended in a slash.
func ordered(a, b object.Entry) bool { return bytes.Compare(key(a), key(b)) < 0 }

func key(e object.Entry) []byte {
	if e.IsTree() {
		return append(append(make([]byte, 0, len(e.Name)+1), e.Name...), '/')
	}
	return e.Name
}

// badName says what is wrong with the name of an entry; empty for nothing.
func badName(s string) string {
	switch {
	case s == "." || s == "..":
		return "called " + s + " (hasDot, hasDotdot)"
	case strings.Contains(s, "/"):
		return "with a slash in its name (fullPathname)"
	case dotGit(s):
		return "that some systems take for .git (hasDotgit)"
	}
	return ""
}

// ignored are the code points that HFS+ leaves out when it compares names.
var ignored = strings.NewReplacer("\u200c", "", "\u200d", "", "\u200e", "", "\u200f", "", "\u202a", "", "\u202b", "", "\u202c", "", "\u202d", "", "\u202e", "",
	"\u206a", "", "\u206b", "", "\u206c", "", "\u206d", "", "\u206e", "", "\u206f", "", "\ufeff", "")

// dotGit reports whether a name is .git on some file system: in any case, with HFS+'s ignored characters, with what NTFS
// drops at the end or puts behind (":stream"), in the short form git~1, or behind a backslash.
func dotGit(s string) bool {
	for part := range strings.SplitSeq(s, `\`) {
		part, _, _ = strings.Cut(ignored.Replace(part), ":")
		part = strings.ToLower(strings.TrimRight(part, " ."))
		if part == ".git" || part == "git~1" {
			return true
		}
	}
	return false
}
