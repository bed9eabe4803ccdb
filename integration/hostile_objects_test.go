package integration

import (
	"encoding/hex"
	"fmt"
	"strings"
)

// brings is a push of a new branch with a pack.
func (x *target) brings(name, id, pack, want string) attack {
	return attack{name, "git-receive-pack", "", command(zero, id, "refs/heads/evil") + pack, 0, want, "ok refs/"}
}

// packRows are pushes whose packs are wrong.
func (x *target) packRows() []attack {
	id := x.next
	bad := func(name string, pack []byte) attack { return x.brings(name, id, string(pack), "ng refs/heads/evil") }
	delta := func(base string, d string) []byte {
		raw, _ := hex.DecodeString(base)
		return rewrap(append(append(append(header(1), entryHeader(7, uint64(len(d)))...), raw...), deflated([]byte(d))...))
	}
	gigabyte := zeroStream(1024) // 1 MB
	flipped := []byte(strings.Clone(string(x.good)))
	flipped[len(flipped)/2] ^= 0x40
	rows := []attack{
		bad("no pack", nil),
		bad("words for a pack", []byte("this is not a pack, whatever it says")),
		bad("a pack of version 9", rewrap([]byte("PACK\x00\x00\x00\x09\x00\x00\x00\x00"))),
		bad("four billion objects declared", rewrap([]byte("PACK\x00\x00\x00\x02\xff\xff\xff\xff"))),
		bad("10 million objects declared", rewrap(append([]byte("PACK\x00\x00\x00\x02\x00\x98\x96\x80"), x.good[12:len(x.good)-20]...))),
		bad("one object more than there is", rewrap(append([]byte("PACK\x00\x00\x00\x02\x00\x00\x00\x04"), x.good[12:len(x.good)-20]...))),
		bad("one object fewer than there is", rewrap(append([]byte("PACK\x00\x00\x00\x02\x00\x00\x00\x02"), x.good[12:len(x.good)-20]...))),
		bad("a pack that brings nothing that is wanted", []byte(packed(forge(blobKind, "nobody asked")))),
		bad("a flipped bit", flipped),
		bad("a blob of 1 GB of zeros that says it has 5 bytes", rewrap(append(append(header(1), entryHeader(3, 5)...), gigabyte...))),
		bad("a blob of 1 GB of zeros that says so", rewrap(append(append(header(1), entryHeader(3, 1<<30)...), gigabyte...))),
		bad("a blob that says it has 1 TB", rewrap(entry(3, 1<<40, zeros(10)))),
		bad("a blob that says it has 2^63 bytes", rewrap(entry(3, 1<<63, zeros(10)))),
		bad("an entry of type 0", rewrap(append(header(1), 0x00, 0x78, 0x9c))),
		bad("an entry of type 5", rewrap(append(header(1), 0x50, 0x78, 0x9c))),
		bad("a delta without a base", delta(zero, "\x05\x05\x90\x05")),
		bad("a delta on what is hidden", delta(x.hiddenBlob, "\x16\x05\x90\x05")),
		bad("a delta on what another repository has", delta(x.foreign, "\x05\x05\x90\x05")),
		bad("a delta that makes 4 GB of 1 byte", rewrap(bomb())),
		bad("a chain of 5,000 deltas", chain(5000)),
		bad("two deltas that stand on each other", circle()),
		bad("the same object a thousand times", []byte(packed(repeated(1000, forge(blobKind, "again"))...))),
		bad("a trailer that is wrong", append(x.good[:len(x.good)-1:len(x.good)-1], x.good[len(x.good)-1]^1)),
		bad("bytes that are no zlib", rewrap(append(header(1), "\x35not zlib at all, for sure"...))),
	}
	for n := range len(x.good) {
		rows = append(rows, attack{fmt.Sprintf("the pack cut at %d", n), "git-receive-pack", "", command(x.tip, id, "refs/heads/main") + string(x.good[:n]), 0, "ng refs/heads/main", "ok refs/"})
	}
	return rows
}

func repeated(n int, o forged) []forged {
	all := make([]forged, n)
	for i := range all {
		all[i] = o
	}
	return all
}

// chain is a blob and a row of deltas, each on the one before.
func chain(n int) []byte {
	b := append(append(header(uint32(n)+1), entryHeader(3, 10)...), deflated([]byte("0123456789"))...)
	back := len(b) - 12
	for i := range n {
		d := deflated([]byte{10, 10, 0x90, 6, 4, byte(i >> 12), byte(i >> 8), byte(i >> 4), byte(i)})
		e := append(append(entryHeader(6, 9), distance(back)...), d...)
		b, back = append(b, e...), len(e)
	}
	return rewrap(b)
}

// distance encodes how far back the base of an OFS_DELTA lies (gitformat-pack).
func distance(n int) []byte {
	b := []byte{byte(n & 0x7f)}
	for n >>= 7; n > 0; n >>= 7 {
		n--
		b = append([]byte{0x80 | byte(n&0x7f)}, b...)
	}
	return b
}

// circle is two deltas that claim to be each other's base.
func circle() []byte {
	b := header(2)
	for _, c := range []string{"first", "second"} {
		b = append(append(b, entryHeader(7, 4)...), append([]byte(c), make([]byte, 20-len(c))...)...)
		b = append(b, deflated([]byte("\x05\x05\x90\x05"))...)
	}
	return rewrap(b)
}

// tree is a tree of lines MODE NAME, each entry naming the same object.
func tree(id string, entries ...string) forged {
	raw, _ := hex.DecodeString(id)
	var b strings.Builder
	for _, e := range entries {
		b.WriteString(e + "\x00" + string(raw))
	}
	return forge(treeKind, b.String())
}

func commitOf(tree string, lines ...string) forged {
	return forge(commitKind, "tree "+tree+"\n"+strings.Join(append(lines, "author E <e@example.com> 1 +0000", "committer E <e@example.com> 1 +0000"), "\n")+"\n\nevil\n")
}

// treeRows are pushes of trees that would hurt whoever checks them out.
func (x *target) treeRows() []attack {
	blob := forge(blobKind, "[core]\n\tfsmonitor = touch /tmp/owned\n")
	var rows []attack
	add := func(name, want string, t forged, also ...forged) {
		c := commitOf(t.id)
		rows = append(rows, x.brings("a tree with "+name, c.id, packed(append(also, t, c)...), want))
	}
	for _, n := range []struct{ name, want string }{
		{".git", "hasDotgit"}, {".GIT", "hasDotgit"}, {".Git", "hasDotgit"}, {"git~1", "hasDotgit"}, {"GIT~1", "hasDotgit"}, {".git ", "hasDotgit"}, {".git.", "hasDotgit"},
		{".git . .", "hasDotgit"}, {".git::$INDEX_ALLOCATION", "hasDotgit"}, {".g\u200cit", "hasDotgit"}, {"\ufeff.git", "hasDotgit"}, {".gi\u200dt", "hasDotgit"},
		{"..", "hasDotdot"}, {".", "hasDot"}, {"a/b", "fullPathname"}, {"/etc/passwd", "fullPathname"}, {"", "badTree"},
	} {
		add(fmt.Sprintf("the name %q", n.name), n.want, tree(blob.id, "100644 "+n.name), blob)
	}
	add("an entry twice", "duplicateEntries", tree(blob.id, "100644 a", "100644 a"), blob)
	add("entries out of order", "treeNotSorted", tree(blob.id, "100644 b", "100644 a"), blob)
	add("a file and a folder of one name", "duplicateEntries", tree(forge(treeKind, "").id, "100644 a", "40000 a"), forge(treeKind, ""))
	add("the zero id", "nullSha1", tree(zero, "100644 a"))
	add("no mode", "ng refs/heads/evil", forge(treeKind, " a\x00"+strings.Repeat("x", 20)))
	add("no id", "ng refs/heads/evil", forge(treeKind, "100644 a\x00short"))
	add("a blob called a tree", "ng refs/heads/evil", tree(blob.id, "40000 a"), blob)
	add("a tree called a blob", "ng refs/heads/evil", tree(forge(treeKind, "").id, "100644 a"), forge(treeKind, ""))
	add("an object that is nowhere", "ng refs/heads/evil", tree(x.absent, "100644 a"))
	add("an object that is hidden", "ng refs/heads/evil", tree(x.hiddenBlob, "100644 a"))
	add("an object of another repository", "ng refs/heads/evil", tree(x.foreign, "100644 a"))
	add("a symlinked .gitmodules", "gitmodulesSymlink", tree(blob.id, "120000 .gitmodules"), blob)
	for _, m := range []struct{ content, want string }{
		{"[submodule \"a\"]\n\tpath = a\n\turl = -u./payload\n", "gitmodulesUrl"},
		{"[submodule \"a\"]\n\tpath = -a\n\turl = https://example.com/a\n", "gitmodulesPath"},
		{"[submodule \"../../x\"]\n\tpath = a\n\turl = https://example.com/a\n", "gitmodulesName"},
		{"[submodule \"a\"]\n\tpath = a\n\turl = https://example.com/a\n\tupdate = !touch /tmp/owned\n", "gitmodulesUpdate"},
	} {
		b := forge(blobKind, m.content)
		add(".gitmodules: "+m.want, m.want, tree(b.id, "100644 .gitmodules"), b)
		add(".gitmodules as NTFS calls it: "+m.want, m.want, tree(b.id, "100644 GITMOD~1"), b)
	}
	return rows
}

// objectRows are pushes of commits and tags that are broken.
func (x *target) objectRows() []attack {
	empty := forge(treeKind, "")
	var rows []attack
	for _, c := range []struct {
		name string
		o    forged
	}{
		{"no header at all", forge(commitKind, "hello\n")},
		{"nothing in it", forge(commitKind, "")},
		{"a tree of 39 digits", forge(commitKind, "tree "+empty.id[:39]+"\n\n")},
		{"a parent that is nowhere", commitOf(empty.id, "parent "+x.absent)},
		{"a parent that is hidden", commitOf(empty.id, "parent "+x.hiddenCommit)},
		{"a parent that is a tree", commitOf(empty.id, "parent "+empty.id)},
		{"a parent of another repository", commitOf(empty.id, "parent "+x.foreign)},
		{"a tree that is a commit", commitOf(x.tip)},
		{"a NUL in its header", forge(commitKind, "tree "+empty.id+"\nauthor E\x00vil <e@example.com> 1 +0000\ncommitter E <e@example.com> 1 +0000\n\nx\n")},
	} {
		rows = append(rows, x.brings("a commit with "+c.name, c.o.id, packed(empty, c.o), "ng refs/heads/evil"))
	}
	for _, c := range []struct{ name, content string }{
		{"no object", "type commit\ntag x\ntagger E <e@example.com> 1 +0000\n\nx\n"},
		{"another type than it says", "object " + x.tip + "\ntype tree\ntag x\ntagger E <e@example.com> 1 +0000\n\nx\n"},
		{"an object that is hidden", "object " + x.hiddenCommit + "\ntype commit\ntag x\ntagger E <e@example.com> 1 +0000\n\nx\n"},
	} {
		o := forge(tagKind, c.content)
		rows = append(rows, attack{"a tag with " + c.name, "git-receive-pack", "", command(zero, o.id, "refs/tags/evil") + packed(o), 0, "ng refs/tags/evil", "ok refs/"})
	}
	return rows
}
