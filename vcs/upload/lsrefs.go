package upload

import (
	"sort"
	"strings"

	"jeton/vcs/oid"
	"jeton/vcs/sight"
	"jeton/vcs/storage"
	"jeton/vcs/wire"
)

// listing is what ls-refs is asked for.
type listing struct {
	peel, symrefs, unborn bool
	prefixes              []string
	all                   bool // there were more prefixes than are looked at
}

// line takes in one argument of ls-refs.
func (l *listing) line(line string, most int) error {
	if prefix, ok := strings.CutPrefix(line, "ref-prefix "); ok {
		l.prefixes, l.all = append(l.prefixes, prefix), l.all || len(l.prefixes) >= most
		if l.all {
			l.prefixes = nil
		}
		return nil
	}
	switch line {
	case "peel":
		l.peel = true
	case "symrefs":
		l.symrefs = true
	case "unborn":
		l.unborn = true
	default:
		return refuse("unexpected line: '%s'", wire.Escape(line))
	}
	return nil
}

// lsRefs answers ls-refs (gitprotocol-v2, "ls-refs").
func (c *conversation) lsRefs(more bool) error {
	var l listing
	err := c.arguments("ls-refs", more, func(line string) error { return l.line(line, c.s.o.Limits.Prefixes) })
	if err != nil {
		return err
	}
	// Refs are sorted, so each prefix is one range of them, and ranges of prefixes that do not cover each other never meet.
	prefixes := minimal(l.prefixes)
	lists := [][]storage.Ref{c.view.Refs.Refs}
	if len(prefixes) > 0 {
		lists = lists[:0]
	}
	for _, prefix := range prefixes {
		lists = append(lists, c.view.Refs.WithPrefix(prefix))
	}
	if err := c.s.listable(c.sight, lists...); err != nil {
		return err
	}
	p := page{out: c.out}
	if wanted("HEAD", prefixes) {
		l.head(&p, c.sight)
	}
	for _, refs := range lists {
		l.refs(&p, c.sight, refs)
	}
	p.send()
	_ = c.out.Flush()
	return c.out.Send()
}

// minimal sorts prefixes and drops those that another one covers, so that no ref is listed twice.
func minimal(prefixes []string) []string {
	sort.Strings(prefixes)
	kept := prefixes[:0]
	for _, p := range prefixes {
		if len(kept) == 0 || !strings.HasPrefix(p, kept[len(kept)-1]) {
			kept = append(kept, p)
		}
	}
	return kept
}

// wanted reports whether one of the prefixes, or none at all, asks for a ref.
func wanted(refName string, prefixes []string) bool {
	for _, p := range prefixes {
		if strings.HasPrefix(refName, p) {
			return true
		}
	}
	return len(prefixes) == 0
}

// head writes HEAD; one without a commit yet only where the client asks for both (as C git's ls-refs does).
func (l *listing) head(p *page, see sight.Sight) {
	head := &see.Refs.Head
	if see.Shows(head) {
		l.ref(p, head)
		return
	}
	if target := see.Unborn(); l.unborn && l.symrefs && target != "" {
		p.begin()
		p.b = append(append(p.b, "unborn HEAD symref-target:"...), target...)
		p.end()
	}
}

func (l *listing) refs(p *page, see sight.Sight, refs []storage.Ref) {
	for i := range refs {
		if see.Shows(&refs[i]) {
			l.ref(p, &refs[i])
		}
	}
}

func (l *listing) ref(p *page, ref *storage.Ref) {
	p.begin()
	p.b = oid.Append(p.b, ref.ID)
	p.b = append(append(p.b, ' '), ref.Name...)
	if l.symrefs && ref.Target != "" {
		p.b = append(append(p.b, " symref-target:"...), ref.Target...)
	}
	if l.peel && !ref.Peeled.IsZero() {
		p.b = oid.Append(append(p.b, " peeled:"...), ref.Peeled)
	}
	p.end()
}
