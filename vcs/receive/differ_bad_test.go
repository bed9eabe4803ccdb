package receive

import (
	"bytes"
	"encoding/binary"
	"strings"
	"testing"

	"github.com/go-git/go-git/v5/plumbing"

	"jeton/vcs/oid"
)

// refused is a push of one new ref that must not come to be.
func (d *differ) refused(name string, tip oid.ID, p []byte) *attempt {
	return &attempt{pack: p, bad: []string{name}, lines: []string{move(oid.Zero, tip, name)}}
}

// beside adds a ref that is good in itself to a push.
func (a *attempt) beside(d *differ) *attempt {
	name := d.fresh("refs/heads/b")
	a.lines, a.good = append(a.lines, move(oid.Zero, d.refs["refs/heads/main"], name)), append(a.good, name)
	return a
}

// badName is a name that no ref may have.
func (d *differ) badName() string {
	names := []string{"refs/heads/a..b", "refs/heads/.x", "refs/heads/x.lock", "refs/heads/x~1", "refs/heads/x^", "refs/heads/x:y", "refs/heads/[x", `refs/heads/x\y`,
		"refs/heads/x@{y", "refs/heads/x.", "refs//heads/x", "refs/heads/", "HEAD", "main", "refs/stash", "refs/heads", "refs/", "/refs/heads/x", "refs/heads/x.lock/y",
		"refs/heads/\x01x", "refs/heads/x\x7f", "refs/heads/?", "refs/heads/*", "heads/x", "refs/../x", "refs/heads/\x1b[31m"}
	return names[d.rnd.IntN(len(names))]
}

func badMakers() map[string]maker {
	return map[string]maker{
		"name, bad": func(_ *testing.T, d *differ) *attempt {
			tip := d.grow(d.tip())
			return d.refused(d.badName(), tip, d.packFor(tip))
		},
		"name, bad beside a good one": func(_ *testing.T, d *differ) *attempt {
			return d.refused(d.badName(), d.tip(), packOf()).beside(d)
		},
		"name, below a ref": func(_ *testing.T, d *differ) *attempt {
			return d.refused("refs/heads/main/x", d.tip(), packOf()).beside(d)
		},
		"name, above a ref": func(_ *testing.T, d *differ) *attempt {
			if d.some("refs/heads/dir/") == "" {
				return nil
			}
			return d.refused("refs/heads/dir", d.tip(), packOf()).beside(d)
		},
		"name, clashing within the push": func(_ *testing.T, d *differ) *attempt {
			a := d.created("refs/heads/b", d.grow(d.tip()))
			a.lines, a.bad = append(a.lines, move(oid.Zero, d.tip(), a.good[0]+"/x")), []string{a.good[0] + "/x"}
			return a
		},
		"name, hidden": func(_ *testing.T, d *differ) *attempt {
			return d.refused("refs/secret/x", d.tip(), packOf())
		},
		"name, hidden beside a good one": func(_ *testing.T, d *differ) *attempt {
			left := d.grow(d.tip())
			return d.refused("refs/secret/x", left, d.packFor(left)).beside(d)
		},
		"name, the server's own": func(_ *testing.T, d *differ) *attempt {
			return d.refused("refs/jeton/x", d.tip(), packOf()).beside(d)
		},
		"old value, another": func(_ *testing.T, d *differ) *attempt {
			main := d.refs["refs/heads/main"]
			return (&attempt{pack: packOf(), bad: []string{"refs/heads/main"}, lines: []string{move(d.links[main][0], main, "refs/heads/main")}}).beside(d)
		},
		"old value, none where one is": func(_ *testing.T, d *differ) *attempt {
			return d.refused("refs/heads/main", d.tip(), packOf()).beside(d)
		},
		"old value, one where none is": func(_ *testing.T, d *differ) *attempt {
			tip := d.grow(d.tip())
			return &attempt{pack: d.packFor(tip), bad: []string{"refs/heads/none"}, lines: []string{move(d.tip(), tip, "refs/heads/none")}}
		},
		"old value, another for a delete": func(_ *testing.T, d *differ) *attempt {
			name := d.some("refs/heads/b")
			if name == "" || d.refs[name] == d.refs["refs/heads/main"] {
				return nil
			}
			return &attempt{bad: []string{name}, lines: []string{move(d.refs["refs/heads/main"], oid.Zero, name)}}
		},
		"old value, of a race": func(t *testing.T, d *differ) *attempt {
			main := d.refs["refs/heads/main"]
			first := d.moved("refs/heads/main", d.grow(main), true)
			first.kind = "the winner of a race"
			second := d.grow(main)
			if !d.try(t, -1, first) {
				return first
			}
			return &attempt{pack: d.packFor(second), bad: []string{"refs/heads/main"}, lines: []string{move(main, second, "refs/heads/main")}}
		},
		"delete, of the current branch": func(_ *testing.T, d *differ) *attempt {
			return &attempt{bad: []string{"refs/heads/main"}, lines: []string{move(d.refs["refs/heads/main"], oid.Zero, "refs/heads/main")}}
		},
		"atomic, with a bad one": func(_ *testing.T, d *differ) *attempt {
			a := d.refused("refs/heads/main", d.tip(), packOf()).beside(d)
			a.caps, a.bad, a.good = "atomic", append(a.bad, a.good...), nil
			return a
		},
		"branch, of a blob": func(_ *testing.T, d *differ) *attempt {
			blob := d.blob()
			return d.refused("refs/heads/blob", blob, d.packFor(blob)).beside(d)
		},
		"branch, of a tag": func(_ *testing.T, d *differ) *attempt {
			tag := d.tag(d.tip())
			return d.refused("refs/heads/tag", tag, d.packFor(tag)).beside(d)
		},
		"ids, of 41 digits": func(_ *testing.T, d *differ) *attempt {
			return &attempt{pack: packOf(), bad: []string{"refs/heads/x"}, lines: []string{oid.Zero.String() + " " + d.tip().String() + "0 refs/heads/x"}}
		},
		"ids, of 64 digits": func(_ *testing.T, d *differ) *attempt {
			return &attempt{pack: packOf(), bad: []string{"refs/heads/x"}, lines: []string{strings.Repeat("0", 64) + " " + d.tip().String() + strings.Repeat("0", 24) + " refs/heads/x"}}
		},
		"ids, that are none": func(_ *testing.T, d *differ) *attempt {
			return &attempt{pack: packOf(), bad: []string{"refs/heads/x"}, lines: []string{oid.Zero.String() + " " + strings.Repeat("g", oid.HexSize) + " refs/heads/x"}}
		},
	}
}

// cut takes one object of a kind away that a push needs.
func (d *differ) cut(kind plumbing.ObjectType, tip oid.ID) *attempt {
	for _, id := range d.lacking(tip) {
		if d.made[id].kind == kind && id != tip {
			return d.refused(d.fresh("refs/heads/x"), tip, d.packWithout([]oid.ID{id}, tip))
		}
	}
	return nil
}

// hostile are trees that would hurt whoever checks them out.
func (d *differ) hostile() []oid.ID {
	a, b := d.blob(), d.blob()
	sub := d.tree(file{"100644", "x", a})
	return []oid.ID{
		d.tree(file{"40000", ".git", sub}), d.tree(file{"40000", ".GIT", sub}), d.tree(file{"40000", "git~1", sub}), d.tree(file{"100644", ".g\u200cit", a}),
		d.tree(file{"100644", "..", a}), d.tree(file{"100644", ".", a}), d.tree(file{"100644", "a/b", a}), d.tree(file{"100644", "", a}),
		d.tree(file{"100644", "b", a}, file{"100644", "a", b}), d.tree(file{"100644", "a", a}, file{"100644", "a", b}), d.tree(file{"100644", "a", a}, file{"40000", "a", sub}),
		d.tree(file{"120000", ".gitmodules", a}), d.tree(file{"100644", "x", oid.Zero}), d.make(plumbing.TreeObject, "100644 cut\x00abc"), d.make(plumbing.TreeObject, "no mode"),
	}
}

func packMakers() map[string]maker {
	broken := func(change func(d *differ, p []byte) []byte) maker {
		return func(_ *testing.T, d *differ) *attempt {
			tip := d.grow(d.tip())
			a := d.refused(d.fresh("refs/heads/x"), tip, change(d, d.packFor(tip)))
			if d.rnd.IntN(2) == 0 {
				a.caps = "atomic"
			}
			return a
		}
	}
	count := func(n int) func(*differ, []byte) []byte {
		return func(_ *differ, p []byte) []byte {
			p = bytes.Clone(p[:len(p)-oid.Size])
			binary.BigEndian.PutUint32(p[8:], uint32(int(binary.BigEndian.Uint32(p[8:]))+n))
			return sealed(p)
		}
	}
	return map[string]maker{
		"pack, none":               broken(func(*differ, []byte) []byte { return nil }),
		"pack, cut off":            broken(func(d *differ, p []byte) []byte { return p[:d.rnd.IntN(len(p)-1)+1] }),
		"pack, flipped":            broken(func(d *differ, p []byte) []byte { p[d.rnd.IntN(len(p))] ^= byte(1 + d.rnd.IntN(255)); return p }),
		"pack, too large a count":  broken(count(1)),
		"pack, too small a count":  broken(count(-1)),
		"pack, another signature":  broken(func(_ *differ, p []byte) []byte { return sealed(append([]byte("KCAP"), p[4:len(p)-oid.Size]...)) }),
		"pack, another version":    broken(func(_ *differ, p []byte) []byte { p[7] = 9; return sealed(p[:len(p)-oid.Size]) }),
		"pack, without the blob":   func(_ *testing.T, d *differ) *attempt { return d.cut(plumbing.BlobObject, d.grow(d.tip())) },
		"pack, without the tree":   func(_ *testing.T, d *differ) *attempt { return d.cut(plumbing.TreeObject, d.grow(d.tip())) },
		"pack, without the parent": func(_ *testing.T, d *differ) *attempt { return d.cut(plumbing.CommitObject, d.grow(d.grow(d.tip()))) },
		"pack, without the tagged": func(_ *testing.T, d *differ) *attempt { return d.cut(plumbing.CommitObject, d.tag(d.grow(d.tip()))) },
		"pack, without the tip": func(_ *testing.T, d *differ) *attempt {
			return d.refused("refs/heads/x", d.grow(d.tip()), packOf()).beside(d)
		},
		"pack, with more than is asked for": func(_ *testing.T, d *differ) *attempt {
			a, more := d.created("refs/heads/b", d.grow(d.tip())), d.grow()
			var entries []entry
			for _, id := range d.lacking(append([]oid.ID{more}, d.lacking(oid.FromBytes(mustHex(a.lines[0])))...)...) {
				entries = append(entries, d.made[id])
			}
			a.pack = packOf(entries...)
			return a
		},
		"thin": func(_ *testing.T, d *differ) *attempt {
			base, content := d.visibleBlob()
			a, tip := &attempt{}, d.grow(d.tip())
			name := d.fresh("refs/heads/b")
			a.pack, a.good, a.lines = d.thinPack(base, len(content), tip), []string{name}, []string{move(oid.Zero, tip, name)}
			return a
		},
		"thin, with another size": func(_ *testing.T, d *differ) *attempt {
			base, content := d.visibleBlob()
			tip := d.grow(d.tip())
			return d.refused("refs/heads/x", tip, d.thinPack(base, len(content)+1, tip))
		},
		"thin, over nothing": func(_ *testing.T, d *differ) *attempt {
			tip := d.grow(d.tip())
			return d.refused("refs/heads/x", tip, d.thinPack(oid.ID{1, byte(d.n)}, 5, tip))
		},
		"shallow, without its history": func(_ *testing.T, d *differ) *attempt {
			parent := d.grow()
			cut := d.grow(parent)
			tip := d.grow(cut)
			a := d.refused("refs/heads/x", tip, d.packWithout(d.lacking(parent), tip)).beside(d)
			a.head = []string{"shallow " + cut.String()}
			return a
		},
		"hostile tree": func(_ *testing.T, d *differ) *attempt {
			all := d.hostile()
			tip := d.commit(all[d.rnd.IntN(len(all))], d.tip())
			return d.refused("refs/heads/x", tip, d.packFor(tip))
		},
		"hostile tree, deeper": func(_ *testing.T, d *differ) *attempt {
			all := d.hostile()
			tip := d.commit(d.tree(file{"40000", "dir", all[d.rnd.IntN(len(all))]}), d.tip())
			return d.refused("refs/heads/x", tip, d.packFor(tip))
		},
		"broken commit": func(_ *testing.T, d *differ) *attempt {
			all := d.brokenHeaders()
			tip := all[d.rnd.IntN(len(all))]
			return d.refused("refs/heads/x", tip, d.packFor(tip))
		},
	}
}

// mustHex is the new value of a command.
func mustHex(line string) []byte {
	id, _ := oid.Parse(line[oid.HexSize+1 : 2*oid.HexSize+1])
	return id[:]
}

// visibleBlob is a blob that can be reached.
func (d *differ) visibleBlob() (oid.ID, string) {
	var found oid.ID
	for id := range d.reach(d.refs["refs/heads/main"]) {
		if e := d.made[id]; e.kind == plumbing.BlobObject && (found.IsZero() || oid.Compare(id, found) < 0) {
			found = id
		}
	}
	return found, d.made[found].content
}
