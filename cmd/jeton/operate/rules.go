package operate

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"strings"

	"jeton/auth/audit"
	"jeton/cmd/jeton/control"
	"jeton/vcs/host"
	"jeton/vcs/rules"
)

// Rules are those of one repository as commands show them: what was laid down for it, and what holds together with the
// server's settings.
type Rules struct {
	Path    string  `json:"path"`
	Own     RuleSet `json:"own"`
	InForce RuleSet `json:"in_force"`
}

// RuleSet is rules. Wants is reachable or advertised; Secrets off, warn or refuse, "" where a repository says nothing.
type RuleSet struct {
	HideRefs    []string `json:"hide_refs"`
	Wants       string   `json:"wants"`
	Bundles     []Bundle `json:"bundles"`
	DenyDeletes bool     `json:"deny_deletes"`
	DenyForce   bool     `json:"deny_force"`
	Secrets     string   `json:"secrets"`
	NoSkip      bool     `json:"secrets_no_skip"`
	Exempt      []string `json:"exempt"`
	// Downloads is on or off: whether archives are given out.
	Downloads string      `json:"downloads"`
	Protected []Protected `json:"protected"`
}

// Bundle is a file that clients are told to begin a clone from.
type Bundle struct {
	Name string `json:"name"`
	URI  string `json:"uri"`
}

// Protected is a pattern of protected refs. Who is empty where everybody who may write may push.
type Protected struct {
	Pattern     string   `json:"pattern"`
	AllowForce  bool     `json:"allow_force"`
	AllowDelete bool     `json:"allow_delete"`
	NoCreate    bool     `json:"no_create"`
	Who         []Pusher `json:"who"`
	// ShadowedBy is a pattern before this one that matches all that this one does, so that this one is never looked at.
	ShadowedBy string `json:"shadowed_by,omitempty"`
}

// Pusher is somebody who may push. Name is empty where nobody has the id any more.
type Pusher struct {
	ID   string `json:"id"`
	Name string `json:"name"`
}

// Protecting are the arguments of repo.protect. Pattern without refs/ is of branches. Before is the pattern to stand
// before; "" means behind all others. Who are user names, or key:ID of deploy keys.
type Protecting struct {
	Path        string   `json:"path"`
	Pattern     string   `json:"pattern"`
	AllowForce  bool     `json:"allow_force"`
	AllowDelete bool     `json:"allow_delete"`
	NoCreate    bool     `json:"no_create"`
	Who         []string `json:"who"`
	Before      string   `json:"before"`
}

// Unprotecting are the arguments of repo.unprotect.
type Unprotecting struct {
	Path    string `json:"path"`
	Pattern string `json:"pattern"`
}

// Setting are the arguments of repo.set: KEY=VALUE each, as rules.Keys explains them.
type Setting struct {
	Path   string   `json:"path"`
	Values []string `json:"values"`
}

// rules registers the operations about what holds for the clients of one repository.
func (o operator) rules(r control.Registry) {
	handle(r, "repo.rules", func(ctx context.Context, _ audit.Actor, n Named) (Rules, error) {
		one, err := o.repo(ctx, n.Name)
		if err != nil {
			return Rules{}, err
		}
		return o.shownRules(ctx, one)
	})
	handle(r, "repo.protect", o.protect)
	handle(r, "repo.unprotect", func(ctx context.Context, by audit.Actor, u Unprotecting) (Nothing, error) {
		one, err := o.repo(ctx, u.Path)
		if err != nil {
			return Nothing{}, err
		}
		pattern := fullPattern(u.Pattern)
		return Nothing{}, o.s.Rules.Change(ctx, by, one, "repository.unprotect", pattern, func(r *rules.Rules) error {
			at := protectedAt(r, pattern)
			if at < 0 {
				return control.Fail(control.NotFound, "%q is not protected in %s", pattern, one.Path)
			}
			r.Branches = slices.Delete(r.Branches, at, at+1)
			return nil
		})
	})
	handle(r, "repo.set", func(ctx context.Context, by audit.Actor, s Setting) (Rules, error) {
		one, err := o.repo(ctx, s.Path)
		if err != nil {
			return Rules{}, err
		}
		err = o.s.Rules.Change(ctx, by, one, "repository.set", strings.Join(s.Values, " "), func(r *rules.Rules) error {
			for _, v := range s.Values {
				if err := r.Set(v); err != nil {
					return err
				}
			}
			return nil
		})
		if err != nil {
			return Rules{}, err
		}
		return o.shownRules(ctx, one)
	})
}

func (o operator) protect(ctx context.Context, by audit.Actor, p Protecting) (Protected, error) {
	one, err := o.repo(ctx, p.Path)
	if err != nil {
		return Protected{}, err
	}
	b := rules.Branch{Pattern: fullPattern(p.Pattern), Force: p.AllowForce, Delete: p.AllowDelete, NoCreate: p.NoCreate}
	for _, name := range p.Who {
		id, err := o.pusherID(one, name)
		if err != nil {
			return Protected{}, err
		}
		if !slices.Contains(b.Who, id) {
			b.Who = append(b.Who, id)
		}
	}
	shown := o.shownProtected(b)
	err = o.s.Rules.Change(ctx, by, one, "repository.protect", protectDetail(p, b.Pattern), func(r *rules.Rules) error {
		if err := place(r, b, p.Before); err != nil {
			return err
		}
		// Of a pattern without wildcards it can be told whether it is ever looked at.
		if first := r.Protects(b.Pattern); !strings.ContainsAny(b.Pattern, "*?") && first.Pattern != b.Pattern {
			shown.ShadowedBy = first.Pattern
		}
		return nil
	})
	return shown, err
}

// place puts a rule where it is to stand: before another, else where it stood, else behind all others.
func place(r *rules.Rules, b rules.Branch, before string) error {
	at := protectedAt(r, b.Pattern)
	if before == "" {
		if at < 0 {
			r.Branches = append(r.Branches, b)
		} else {
			r.Branches[at] = b
		}
		return nil
	}
	before = fullPattern(before)
	if before == b.Pattern {
		return control.Fail(control.Invalid, "%q cannot stand before itself", before)
	}
	if at >= 0 {
		r.Branches = slices.Delete(r.Branches, at, at+1)
	}
	to := protectedAt(r, before)
	if to < 0 {
		return control.Fail(control.NotFound, "%q is not protected, so nothing can stand before it", before)
	}
	r.Branches = slices.Insert(r.Branches, to, b)
	return nil
}

func protectDetail(p Protecting, pattern string) string {
	detail := pattern
	if p.AllowForce {
		detail += " force"
	}
	if p.AllowDelete {
		detail += " delete"
	}
	if p.NoCreate {
		detail += " no create"
	}
	if len(p.Who) > 0 {
		detail += " by " + strings.Join(p.Who, ",")
	}
	return detail
}

func protectedAt(r *rules.Rules, pattern string) int {
	return slices.IndexFunc(r.Branches, func(b rules.Branch) bool { return b.Pattern == pattern })
}

// fullPattern is a pattern as people type it, main for refs/heads/main.
func fullPattern(pattern string) string {
	if pattern == "" || strings.HasPrefix(pattern, "refs/") {
		return pattern
	}
	return "refs/heads/" + pattern
}

func (o operator) shownRules(ctx context.Context, one host.Repo) (Rules, error) {
	own, err := o.s.Rules.Own(one.ID)
	if err != nil {
		return Rules{}, err
	}
	inForce, err := o.s.Rules.Rules(ctx, one.ID)
	if err != nil {
		return Rules{}, fmt.Errorf("%s: %w", one.Path, err)
	}
	shown := Rules{Path: one.Path, Own: o.ruleSet(own), InForce: o.ruleSet(inForce)}
	shown.InForce.Secrets = cmp.Or(shown.InForce.Secrets, string(rules.SecretsWarn))
	return shown, nil
}

func (o operator) ruleSet(r rules.Rules) RuleSet {
	s := RuleSet{HideRefs: some(r.Hidden), Wants: "reachable", Bundles: []Bundle{}, DenyDeletes: r.DenyDeletes, DenyForce: r.DenyForce,
		Secrets: string(r.Secrets), NoSkip: r.NoSkip,
		Exempt: some(r.Exempt), Downloads: "on", Protected: []Protected{}}
	if r.AdvertisedOnly {
		s.Wants = "advertised"
	}
	if r.NoArchives {
		s.Downloads = "off"
	}
	for _, b := range r.Bundles {
		s.Bundles = append(s.Bundles, Bundle{Name: b.ID, URI: b.URI})
	}
	for _, b := range r.Branches {
		s.Protected = append(s.Protected, o.shownProtected(b))
	}
	return s
}

func (o operator) shownProtected(b rules.Branch) Protected {
	p := Protected{Pattern: b.Pattern, AllowForce: b.Force, AllowDelete: b.Delete, NoCreate: b.NoCreate, Who: []Pusher{}}
	for _, id := range b.Who {
		p.Who = append(p.Who, Pusher{ID: id, Name: o.pusherName(id)})
	}
	return p
}

// some is a list that JSON shows as one where it is empty.
func some(list []string) []string {
	if list == nil {
		return []string{}
	}
	return list
}
