package receive

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"jeton/vcs/oid"
	"jeton/vcs/pack"
	"jeton/vcs/reach"
	"jeton/vcs/receive/secrets"
	"jeton/vcs/rules"
	"jeton/vcs/storage"
	"jeton/vcs/wire"
)

// leaks is what was found in a push that should not be there.
type leaks struct {
	scan *secrets.Scan
	// list are the secrets that the push brings, each once, where it is first brought; told that the client heard of them.
	list []leak
	told bool
	// skipped are the ids that the pusher goes past.
	skipped []string
}

// leak is one secret at the place where the push first brings it.
type leak struct {
	secrets.Finding
	place reach.Place
	where string // in words
}

// What is told, and kept in the journal: maxLeaks of them one by one, of the rest how many they are.
const maxLeaks = 20

// skipOption is the push option by which a pusher goes past a finding.
const skipOption = "secret.skip="

// look begins the looking for secrets. Where the server looks for none it does nothing.
func (p *push) look() error {
	if p.s.o.Secrets == nil {
		return nil
	}
	kinds := secrets.OwnTokens
	if p.rules.Secrets != rules.SecretsOff {
		kinds |= secrets.Others
	}
	var err error
	p.leaks.scan, err = p.s.o.Secrets.Begin(p.ctx, kinds)
	for _, o := range p.options {
		if ids, ok := strings.CutPrefix(o, skipOption); ok {
			p.leaks.skipped = append(p.leaks.skipped, strings.Split(ids, ",")...)
		}
	}
	return err
}

// names refuses refs whose name is a live token, and all of a push with such an option: both are kept and shown.
func (p *push) names() {
	if p.leaks.scan == nil {
		return
	}
	for _, c := range p.commands {
		if c.live() && !c.delete() {
			p.spoken(c.Name, "the name of a ref", c)
		}
	}
	for _, option := range p.options {
		p.spoken(option, "a push option", p.commands...)
	}
}

func (p *push) spoken(text, what string, refused ...*command) {
	for _, f := range p.leaks.scan.Text(text) {
		if !f.Own() {
			continue
		}
		for _, c := range refused {
			c.refuse(fmt.Sprintf("push protection: %s is %s, a live token of this server; choose another, and revoke the token", what, f.What))
		}
		p.revoke([]string{f.Token})
	}
}

// protect refuses the refs that bring a live token, or other people's secrets where the rules say so, or warns of these.
func (p *push) protect(view *storage.View, set *pack.Set, fresh *pack.Pack) error {
	if p.leaks.scan == nil || fresh == nil {
		return nil
	}
	if p.leaks.scan.Left().Unasked {
		return refuse("the push holds more texts that look like tokens of this server than can be asked for; push fewer commits at a time")
	}
	found := p.leaks.scan.Found()
	if len(found) == 0 {
		return nil
	}
	own, err := p.bring(view, set, fresh, found, func(f *secrets.Finding) bool { return f.Own() })
	if err != nil {
		return err
	}
	for _, c := range p.commands {
		if first := p.firstOf(own, c); first != nil {
			c.refuse(fmt.Sprintf("push protection: %s, a live token of this server, is in %s; take it out of the commit (git commit --amend, git rebase -i), and revoke it", first.What, first.where))
		}
	}
	if p.rules.Secrets == rules.SecretsOff {
		return nil
	}
	others, err := p.bring(view, set, fresh, found, func(f *secrets.Finding) bool { return !f.Own() && !p.skips(f.ID) })
	if err != nil || p.rules.Secrets != rules.SecretsRefuse {
		return err
	}
	for _, c := range p.commands {
		if first := p.firstOf(others, c); first != nil {
			c.refuse(fmt.Sprintf("push protection: a secret (%s) seems to be in %s; take it out of the commit%s", first.Rule, first.where, p.wayOn(first.ID)))
		}
	}
	return nil
}

// wayOn is how a pusher goes past a finding, where that is allowed.
func (p *push) wayOn(id string) string {
	if p.rules.NoSkip || p.taking != nil {
		return ""
	}
	return ", or, where it is none, push with -o " + skipOption + id
}

// skips reports whether the pusher goes past a finding, and may.
func (p *push) skips(id string) bool { return !p.rules.NoSkip && slices.Contains(p.leaks.skipped, id) }

// brought is what the push brings of some findings.
type brought struct {
	leaks   []leak
	reached map[oid.ID]bool // commits and tags from which one of them is reached
}

// bring finds out which findings the push brings, and where. What an object of the pack holds that was here before is not
// brought by it.
func (p *push) bring(view *storage.View, set *pack.Set, fresh *pack.Pack, found map[oid.ID][]secrets.Finding, which func(*secrets.Finding) bool) (brought, error) {
	wanted := reach.Wanted{Objects: map[oid.ID]bool{}}
	for id, list := range found {
		for i := range list {
			if which(&list[i]) {
				wanted.Objects[id] = true
			}
		}
	}
	var b brought
	if len(wanted.Objects) == 0 {
		return b, nil
	}
	wanted.Entry = func(tree oid.ID, name []byte) bool {
		return slices.ContainsFunc(found[tree], func(f secrets.Finding) bool { return which(&f) && f.Names(name) })
	}
	wanted.Counts = func(at reach.Place) bool {
		counts := false
		for _, f := range found[at.Object] {
			if which(&f) && f.Counts(at.Path) && (!f.InName() || f.Names([]byte(base(at.Path)))) {
				counts = true
				p.note(&b, f, at)
			}
		}
		return counts
	}
	var err error
	b.reached, err = reach.Introduced(p.ctx, set, fresh, p.tips(), p.visible(view), wanted, p.s.o.Limits.Walk)
	if errors.Is(err, reach.ErrBudget) {
		return b, refuse("there are secrets in this push, and it would take too long a walk to say in which commits; push fewer commits at a time")
	}
	if err != nil {
		return b, fmt.Errorf("find what brings a secret: %w", err)
	}
	p.remember(b.leaks)
	return b, nil
}

// base is the last part of a path.
func base(path string) string { return path[strings.LastIndexByte(path, '/')+1:] }

// note adds a leak, once for each secret.
func (p *push) note(b *brought, f secrets.Finding, at reach.Place) {
	if slices.ContainsFunc(b.leaks, func(l leak) bool { return l.ID == f.ID }) || len(b.leaks) == maxFound {
		return
	}
	b.leaks = append(b.leaks, leak{f, at, p.where(f, at)})
}

// maxFound is how many secrets of a push are told apart.
const maxFound = 1000

// where says where a finding stands, and never the secret itself, which may be a part of the path.
func (p *push) where(f secrets.Finding, at reach.Place) string {
	in := "an object that a ref points to"
	switch {
	case !at.Commit.IsZero():
		in = "commit " + at.Commit.String()
	case at.Path == "":
		in = "tag " + at.Object.String()
	}
	switch path := p.shown(at.Path); {
	case f.InName():
		return in + ", the name of the file " + path
	case at.Path == "" && f.Line == 0:
		return in + ", above its message"
	case at.Path == "":
		return fmt.Sprintf("%s, line %d of its message", in, f.Line)
	default:
		return fmt.Sprintf("%s, %s:%d", in, path, f.Line)
	}
}

// shown is a path as it may be told.
func (p *push) shown(path string) string {
	parts := strings.Split(path, "/")
	for i, part := range parts {
		if p.leaks.scan.Masked(part) {
			parts[i] = "***"
		}
	}
	return wire.Escape(strings.Join(parts, "/"))
}

// firstOf is the first leak that a command brings; nil for none.
func (p *push) firstOf(b brought, c *command) *leak {
	if !c.live() || c.delete() || !b.reached[c.New] || len(b.leaks) == 0 {
		return nil
	}
	return &b.leaks[0]
}

// remember keeps leaks for the report and the journal, those of this server first.
func (p *push) remember(list []leak) {
	for _, l := range list {
		if !slices.ContainsFunc(p.leaks.list, func(known leak) bool { return known.ID == l.ID }) {
			p.leaks.list = append(p.leaks.list, l)
		}
	}
	slices.SortStableFunc(p.leaks.list, func(a, b leak) int { return cmp.Compare(owned(a), owned(b)) })
}

func owned(l leak) int {
	if l.Own() {
		return 0
	}
	return 1
}

// revoke ends tokens that were found, where the server is set to. That it fails is the administrator's to know.
func (p *push) revoke(ids []string) bool {
	if len(ids) == 0 || !p.s.o.RevokeFound {
		return false
	}
	if err := p.s.o.Secrets.Revoke(context.WithoutCancel(p.ctx), ids); err != nil {
		p.s.o.Log.ErrorContext(p.ctx, "tokens found in a push cannot be revoked", "tokens", ids, "error", err)
		return false
	}
	return true
}
