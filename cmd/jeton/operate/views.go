package operate

import (
	"context"
	"slices"
	"strings"

	"jeton/auth/audit"
	"jeton/auth/whitelist"
	"jeton/cmd/jeton/control"
)

// Views is which views web tokens open.
type Views struct {
	Views []View `json:"views"`
	// Entries are the list as it was written, without what was left out; a token is named by its id.
	Entries []string `json:"entries"`
	// Source is where the list comes from.
	Source string `json:"source"`
	// Warnings tell what of a new list was left out.
	Warnings []string `json:"warnings,omitempty"`
}

// View is one view.
type View struct {
	Name string `json:"name"`
	// Open: every web token opens it.
	Open bool `json:"open"`
}

// ViewEntries are the arguments of views.set, views.add and views.remove.
type ViewEntries struct {
	Entries []string `json:"entries"`
}

// views registers the operations about the whitelist for web tokens.
func (o operator) views(r control.Registry) {
	handle(r, "views.list", func(context.Context, audit.Actor, Nothing) (Views, error) { return o.shownViews(nil), nil })
	handle(r, "views.set", func(ctx context.Context, by audit.Actor, n ViewEntries) (Views, error) {
		return o.changeViews(ctx, by, func([]string) ([]string, error) { return n.Entries, nil })
	})
	handle(r, "views.add", func(ctx context.Context, by audit.Actor, n ViewEntries) (Views, error) {
		return o.changeViews(ctx, by, func(have []string) ([]string, error) {
			for _, e := range entriesOf(n.Entries) {
				if !slices.Contains(have, e) {
					have = append(have, e)
				}
			}
			return have, nil
		})
	})
	handle(r, "views.remove", func(ctx context.Context, by audit.Actor, n ViewEntries) (Views, error) {
		return o.changeViews(ctx, by, func(have []string) ([]string, error) {
			for _, e := range entriesOf(n.Entries) {
				at := slices.Index(have, e)
				if at < 0 {
					return nil, control.Fail(control.NotFound, "the list has no entry %q; `jeton views list` shows them, and adding '!NAME' keeps a view closed that a * opens", e)
				}
				have = slices.Delete(have, at, at+1)
			}
			return have, nil
		})
	})
	handle(r, "views.reset", func(ctx context.Context, by audit.Actor, _ Nothing) (Views, error) {
		err := o.s.Whitelist.Reset(ctx, by)
		return o.shownViews(nil), err
	})
}

// entriesOf takes apart what was pasted as one.
func entriesOf(list []string) (entries []string) {
	for _, e := range strings.FieldsFunc(strings.Join(list, ","), func(r rune) bool { return r == ',' || r == '\n' }) {
		if e = strings.TrimSpace(e); e != "" {
			entries = append(entries, e)
		}
	}
	return entries
}

func (o operator) changeViews(ctx context.Context, by audit.Actor, change func(have []string) ([]string, error)) (Views, error) {
	warnings, err := o.s.Whitelist.Change(ctx, by, func(have []string) (string, error) {
		entries, err := change(have)
		return strings.Join(entries, ","), err
	})
	return o.shownViews(warnings), err
}

func (o operator) shownViews(warnings []string) Views {
	list, source := o.s.Whitelist.InForce()
	v := Views{Entries: list.Entries(), Source: source, Warnings: warnings}
	for _, name := range whitelist.Views() {
		v.Views = append(v.Views, View{Name: name, Open: list.Opens(name, "")})
	}
	return v
}
