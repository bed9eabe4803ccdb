package signin

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"

	"jeton/auth/audit"
	"jeton/db"
)

// Change is what Registry.Change changes of a plug-in; what is nil stays as it is.
type Change struct {
	Enabled *bool
	// Position is its place in the order: lower ones are asked first.
	Position *int
	// Settings that are not named stay; "" gives one its default back.
	Settings Settings
}

// Change changes several things about a plug-in at once, or none of them, from the next request on. One that is on
// afterwards is tried first. ErrNoPlugin, ErrBadSetting; ErrUnfit where it would not work.
func (r *Registry) Change(ctx context.Context, by audit.Actor, id string, c Change) error {
	var edits []edit
	if c.Enabled != nil {
		edits = append(edits, switching(*c.Enabled))
	}
	if c.Settings != nil {
		edits = append(edits, r.setting(c.Settings))
	}
	if c.Position != nil {
		edits = append(edits, moving(*c.Position))
	}
	return r.change(ctx, by, id, edits...)
}

// edit is one thing that changes about a plug-in: what the record calls it, and the doing, which says what for the record.
type edit struct {
	action string
	do     func(*state) (said string, err error)
}

func switching(on bool) edit {
	action := "plugin.disable"
	if on {
		action = "plugin.enable"
	}
	return edit{action, func(s *state) (string, error) { s.enabled = on; return "", nil }}
}

func moving(position int) edit {
	return edit{"plugin.move", func(s *state) (string, error) {
		s.position = position
		return fmt.Sprint("to ", position), nil
	}}
}

// Enable switches a plug-in on, from the next request on. It is tried first: ErrUnfit where it would not work.
// ErrNoPlugin.
func (r *Registry) Enable(ctx context.Context, by audit.Actor, id string) error {
	return r.change(ctx, by, id, switching(true))
}

// Disable switches a plug-in off, from the next request on. ErrNoPlugin.
func (r *Registry) Disable(ctx context.Context, by audit.Actor, id string) error {
	return r.change(ctx, by, id, switching(false))
}

// Move gives a plug-in another place in the order. ErrNoPlugin.
func (r *Registry) Move(ctx context.Context, by audit.Actor, id string, position int) error {
	return r.change(ctx, by, id, moving(position))
}

// Order has the plug-ins that are named asked in this order, before all others. ErrNoPlugin, ErrBadSetting for one that is
// named twice.
func (r *Registry) Order(ctx context.Context, by audit.Actor, ids []string) error {
	seen := map[string]bool{}
	for _, id := range ids {
		s, err := r.state(id)
		if err != nil {
			return err
		}
		if seen[s.about.ID] {
			return fmt.Errorf("%w: %s is named twice", ErrBadSetting, s.about.ID)
		}
		seen[s.about.ID] = true
	}
	for _, s := range r.states() {
		if !seen[s.about.ID] {
			ids = append(ids, s.about.ID)
		}
	}
	for i, id := range ids {
		if err := r.Move(ctx, by, id, i+1); err != nil {
			return err
		}
	}
	return nil
}

// Set changes settings of a plug-in; those not named stay, "" gives one its default back. Where the plug-in is on it is
// tried with them first. ErrNoPlugin, ErrBadSetting, ErrUnfit.
func (r *Registry) Set(ctx context.Context, by audit.Actor, id string, given Settings) error {
	return r.change(ctx, by, id, r.setting(given))
}

func (r *Registry) setting(given Settings) edit {
	return edit{"plugin.set", func(s *state) (string, error) {
		all := maps.Clone(s.settings)
		maps.Copy(all, given)
		var err error
		if s.settings, err = complete(s.about.Keys, all); err != nil {
			return "", err
		}
		var said []string
		shown := s.settings.masked(s.about.Keys)
		for _, name := range slices.Sorted(maps.Keys(given)) {
			said = append(said, name+"="+shown[name])
		}
		if p := r.plugins[s.about.ID]; p != nil && !s.enabled && partial(p, s.settings) {
			return strings.Join(said, " "), nil
		}
		return strings.Join(said, " "), r.check(s)
	}}
}

// partial tells whether what is set is not whole yet, which a plug-in that is off may be while it is set up.
func partial(p Plugin, s Settings) bool {
	for _, k := range p.Describe().Keys {
		if k.Needed && s[k.Name] == "" {
			return true
		}
	}
	return false
}

func (r *Registry) check(s *state) error {
	if p := r.plugins[s.about.ID]; p != nil {
		return p.Check(s.settings)
	}
	return nil
}

// change makes changes of a plug-in and writes them into the audit record. A plug-in that is on afterwards is tried
// before: outside of the transaction, in which nobody else could write.
func (r *Registry) change(ctx context.Context, by audit.Actor, id string, edits ...edit) error {
	was, err := r.state(id)
	if err != nil {
		return err
	}
	then := was
	for _, e := range edits {
		if _, err := e.do(&then); err != nil {
			return err
		}
	}
	if then.enabled && (!was.enabled || !maps.Equal(was.settings, then.settings)) {
		if err := r.probe(ctx, then); err != nil {
			return err
		}
	}
	err = r.db.Write(ctx, func(tx *db.Tx) error {
		now, err := r.state(id) // no other change can come between: this transaction is the only one
		if err != nil {
			return err
		}
		if !maps.Equal(now.settings, was.settings) || now.enabled != was.enabled {
			return fmt.Errorf("%w: somebody else has changed it at the same time", ErrUnfit)
		}
		return now.save(ctx, tx, by, edits)
	})
	if err == nil || errors.Is(err, ErrNoPlugin) || errors.Is(err, ErrBadSetting) || errors.Is(err, ErrUnfit) {
		return err
	}
	return fmt.Errorf("change plug-in %s: %w", id, err)
}

// save stores a state with changes, and an entry for each.
func (s state) save(ctx context.Context, tx *db.Tx, by audit.Actor, edits []edit) error {
	for _, e := range edits {
		said, err := e.do(&s)
		if err != nil {
			return err
		}
		if err := audit.Done(ctx, tx, by, e.action, s.about.ID, said); err != nil {
			return err
		}
	}
	text, err := encode(s.about.Keys, s.settings)
	if err != nil {
		return err
	}
	return tx.Plugins().Save(ctx, db.Plugin{ID: s.about.ID, Enabled: s.enabled, Position: s.position, Settings: text})
}

// probe tries a plug-in with settings; ErrUnfit says what is wrong.
func (r *Registry) probe(ctx context.Context, s state) error {
	p := r.plugins[s.about.ID]
	if p == nil {
		return nil
	}
	if err := p.Check(s.settings); err != nil {
		return unfit(s.about.ID, err)
	}
	if err := p.Probe(ctx, s.settings); err != nil {
		return unfit(s.about.ID, err)
	}
	return nil
}
