package receive

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"

	"github.com/go-git/go-git/v5/plumbing"

	"jeton/vcs/oid"
)

// maker makes a push of one kind; nil where that has no sense with the refs and rules of the moment.
type maker func(t *testing.T, d *differ) *attempt

// makers are all kinds of pushes.
func makers() map[string]maker {
	all := map[string]maker{}
	for _, some := range []map[string]maker{goodMakers(), badMakers(), packMakers(), differentMakers()} {
		maps.Copy(all, some)
	}
	return all
}

// begin is the first push of a pair.
func (d *differ) begin() *attempt {
	root := d.grow()
	tip, side := d.grow(d.grow(root)), d.grow(root)
	return &attempt{kind: "first", pack: d.packFor(tip, side), good: []string{"refs/heads/main", "refs/heads/dir/side", "refs/heads/lone/side"},
		lines: []string{move(oid.Zero, tip, "refs/heads/main"), move(oid.Zero, side, "refs/heads/dir/side"), move(oid.Zero, side, "refs/heads/lone/side")}}
}

// some picks a ref whose name begins with prefix, main only where it is the prefix; "" where there is none.
func (d *differ) some(prefix string) string {
	var names []string
	for _, name := range slices.Sorted(maps.Keys(d.refs)) {
		if strings.HasPrefix(name, prefix) && (name != "refs/heads/main" || name == prefix) {
			names = append(names, name)
		}
	}
	if len(names) == 0 {
		return ""
	}
	return names[d.rnd.IntN(len(names))]
}

// fresh is a name that no ref has.
func (d *differ) fresh(prefix string) string {
	d.n++
	return fmt.Sprintf("%s%d", prefix, d.n)
}

// tip is the commit of some branch.
func (d *differ) tip() oid.ID {
	if name := d.some("refs/heads/"); name != "" {
		return d.refs[name]
	}
	return d.refs["refs/heads/main"]
}

// created is a push that makes refs.
func (d *differ) created(prefix string, tips ...oid.ID) *attempt {
	a := &attempt{pack: d.packFor(tips...)}
	for _, tip := range tips {
		name := d.fresh(prefix)
		a.lines, a.good = append(a.lines, move(oid.Zero, tip, name)), append(a.good, name)
	}
	return a
}

// moved is a push that moves one ref, good where allowed.
func (d *differ) moved(name string, to oid.ID, allowed bool) *attempt {
	if name == "" {
		return nil
	}
	a := &attempt{lines: []string{move(d.refs[name], to, name)}}
	if !to.IsZero() {
		a.pack = d.packFor(to)
	}
	if allowed {
		a.good = []string{name}
	} else {
		a.bad = []string{name}
	}
	return a
}

func goodMakers() map[string]maker {
	return map[string]maker{
		"branch, new":      func(_ *testing.T, d *differ) *attempt { return d.created("refs/heads/b", d.grow(d.tip())) },
		"branch, in a dir": func(_ *testing.T, d *differ) *attempt { return d.created("refs/heads/dir/b", d.grow(d.grow(d.tip()))) },
		"branch, of a merge": func(_ *testing.T, d *differ) *attempt {
			return d.created("refs/heads/b", d.grow(d.refs["refs/heads/main"], d.tip(), d.grow(d.tip())))
		},
		"branch, of a new root": func(_ *testing.T, d *differ) *attempt { return d.created("refs/heads/b", d.grow()) },
		"branch, of what is there": func(_ *testing.T, d *differ) *attempt {
			return d.created("refs/heads/b", d.refs["refs/heads/main"])
		},
		"branch, forward": func(_ *testing.T, d *differ) *attempt {
			return d.moved("refs/heads/main", d.grow(d.refs["refs/heads/main"]), true)
		},
		"branch, forward by a merge": func(_ *testing.T, d *differ) *attempt {
			return d.moved("refs/heads/main", d.grow(d.tip(), d.refs["refs/heads/main"]), true)
		},
		"branch, not moved": func(_ *testing.T, d *differ) *attempt {
			return d.moved("refs/heads/main", d.refs["refs/heads/main"], true)
		},
		"branch, forced": func(_ *testing.T, d *differ) *attempt {
			return d.moved("refs/heads/main", d.grow(d.links[d.refs["refs/heads/main"]][:1]...), !d.rules.DenyForce)
		},
		"branch, forced to a new root": func(_ *testing.T, d *differ) *attempt {
			return d.moved(d.some("refs/heads/"), d.grow(), !d.rules.DenyForce)
		},
		"branch, deleted": func(_ *testing.T, d *differ) *attempt {
			return d.moved(d.some("refs/heads/b"), oid.Zero, !d.rules.DenyDeletes)
		},
		"tag":                          func(_ *testing.T, d *differ) *attempt { return d.created("refs/tags/v", d.tag(d.grow(d.tip()))) },
		"tag, of a tag of a tree":      func(_ *testing.T, d *differ) *attempt { return d.created("refs/tags/v", d.tag(d.tag(d.folder()))) },
		"tag, of a blob without a tag": func(_ *testing.T, d *differ) *attempt { return d.created("refs/tags/v", d.blob()) },
		"other refs": func(_ *testing.T, d *differ) *attempt {
			return d.created("refs/notes/n", d.grow(d.tip()), d.folder())
		},
		"several": func(_ *testing.T, d *differ) *attempt {
			return d.created("refs/heads/b", d.grow(d.tip()), d.grow(), d.refs["refs/heads/main"], d.grow(d.tip()))
		},
		"atomic": func(_ *testing.T, d *differ) *attempt {
			a := d.created("refs/heads/b", d.grow(d.tip()), d.grow(d.tip()), d.grow())
			a.caps = "atomic"
			return a
		},
		"upper case ids": func(_ *testing.T, d *differ) *attempt {
			tip, name := d.grow(d.tip()), d.fresh("refs/heads/b")
			return &attempt{pack: d.packFor(tip), good: []string{name}, lines: []string{oid.Zero.String() + " " + strings.ToUpper(tip.String()) + " " + name}}
		},
		"deleted, and one made below its name": func(_ *testing.T, d *differ) *attempt {
			name := d.some("refs/heads/b")
			if name == "" || d.rules.DenyDeletes {
				return nil
			}
			tip := d.grow(d.tip())
			return &attempt{pack: d.packFor(tip), good: []string{name, name + "/x"}, lines: []string{move(d.refs[name], oid.Zero, name), move(oid.Zero, tip, name+"/x")}}
		},
		"shallow, with its history here": func(_ *testing.T, d *differ) *attempt {
			a := d.moved("refs/heads/main", d.grow(d.refs["refs/heads/main"]), true)
			a.head = []string{"shallow " + d.refs["refs/heads/main"].String()}
			return a
		},
	}
}

// differentMakers are the kinds in which Jeton and C git differ on purpose.
func differentMakers() map[string]maker {
	return map[string]maker{
		"zero to zero": func(_ *testing.T, d *differ) *attempt {
			return (&attempt{lines: []string{move(oid.Zero, oid.Zero, "refs/heads/none")}}).different("zero to zero", "ng ok")
		},
		"delete of nothing": func(_ *testing.T, d *differ) *attempt {
			if d.rules.DenyDeletes {
				return nil
			}
			return (&attempt{lines: []string{move(oid.ID{9, byte(d.n)}, oid.Zero, "refs/heads/none")}}).different("delete of nothing", "ng ok")
		},
		"twice in one push": func(_ *testing.T, d *differ) *attempt {
			tip, name := d.grow(d.tip()), d.fresh("refs/heads/b")
			a := &attempt{pack: d.packFor(tip), lines: []string{move(oid.Zero, tip, name), move(oid.Zero, tip, name)}}
			return a.different("twice in one push", "ng ng") // the last word of C git's report counts here; the ref moves
		},
		"unreachable, left behind": func(t *testing.T, d *differ) *attempt {
			left := d.grow(d.tip())
			leave := d.refused("refs/secret/x", left, d.packFor(left)).beside(d)
			leave.kind = "an object is left behind"
			if !d.try(t, -1, leave) {
				return leave
			}
			return (&attempt{pack: packOf(), lines: []string{move(oid.Zero, left, "refs/heads/left")}}).different("left behind", "ng ok")
		},
		"created where one goes": func(_ *testing.T, d *differ) *attempt {
			if d.rules.DenyDeletes {
				return nil
			}
			a := &attempt{pack: packOf(), lines: []string{move(oid.Zero, d.refs["refs/heads/main"], "refs/heads/lone"), move(d.refs["refs/heads/lone/side"], oid.Zero, "refs/heads/lone/side")}}
			return a.different("created where one goes", "ok ng", "ok ok")
		},
		"atomic swap of a folder": func(_ *testing.T, d *differ) *attempt {
			name := d.some("refs/heads/b")
			if name == "" || d.rules.DenyDeletes {
				return nil
			}
			a := &attempt{caps: "atomic", pack: packOf(), lines: []string{move(d.refs[name], oid.Zero, name), move(oid.Zero, d.refs["refs/heads/main"], name+"/x")}}
			return a.different("atomic swap of a folder", "ok ng", "ok ng")
		},
		"tags are no exception": func(t *testing.T, d *differ) *attempt {
			name := d.some("refs/tags/v")
			if name == "" {
				return nil
			}
			d.rules.DenyDeletes = true
			d.set(t, "[receive]\n\tdenyDeletes = true\n")
			return (&attempt{lines: []string{move(d.refs[name], oid.Zero, name)}}).different("tags are no exception", "ng ok")
		},
		"pack, without the blob of one ref": func(_ *testing.T, d *differ) *attempt {
			return d.cut(plumbing.BlobObject, d.grow(d.tip())).beside(d).different("others need not suffer", "ng ng", "ok ng")
		},
		"faults of old histories": func(_ *testing.T, d *differ) *attempt {
			tip, name := d.commit(d.tree(file{"040000", "old", d.folder()}), d.tip()), d.fresh("refs/heads/b")
			return (&attempt{pack: d.packFor(tip), lines: []string{move(oid.Zero, tip, name)}}).different("faults of old histories", "ok ng")
		},
	}
}

// different says what Jeton and C git say of each ref, in the order of the commands.
func (a *attempt) different(why string, words ...string) *attempt {
	a.differs, a.jeton, a.git = why, map[string]string{}, map[string]string{}
	for i, l := range a.lines {
		name := l[2*oid.HexSize+2:]
		a.jeton[name], a.git[name], _ = strings.Cut(words[i%len(words)], " ")
	}
	return a
}

// brokenHeaders are commits that are no commits.
func (d *differ) brokenHeaders() []oid.ID {
	tree := d.folder()
	who := "A <a@example.com> 1700000000 +0000\n"
	var all []oid.ID
	for _, content := range []string{
		"author " + who + "committer " + who + "\nno tree\n",
		"tree " + tree.String() + "\ncommitter " + who + "\nno author\n",
		"tree " + tree.String() + "\nauthor " + who + "\nno committer\n",
		"tree " + strings.Repeat("x", oid.HexSize) + "\nauthor " + who + "committer " + who + "\nbad tree\n",
		"tree " + tree.String() + "\nparent 12\nauthor " + who + "committer " + who + "\nbad parent\n",
	} {
		all = append(all, d.make(plumbing.CommitObject, content, tree))
	}
	return all
}
