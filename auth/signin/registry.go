package signin

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"maps"
	"slices"
	"sort"
	"strings"
	"sync"
	"time"

	"jeton/auth/audit"
	"jeton/db"
)

// Info is a plug-in as an administrator sees it.
type Info struct {
	Description
	// Enabled and Position are those in force; lower positions are asked first.
	Enabled  bool
	Position int
	// Settings are all values in force, secrets masked.
	Settings Settings
}

// Options are what a Registry needs besides the database.
type Options struct {
	// Plugins are those of this server; the one of tokens is there without being named.
	Plugins []Plugin
	// People finds and makes those who a directory vouches for; without it nobody is made.
	People Directory
	// Brake slows wrong tries; the zero value slows nothing.
	Brake Brake
	// Log is told of plug-ins that fail; nil is slog's default.
	Log *slog.Logger
}

// Registry is the plug-ins of this server. It answers from memory, which follows the database at once, and is safe for
// concurrent use.
type Registry struct {
	db         *db.DB
	plugins    map[string]Plugin // never changed; token has none, since the gate judges tokens
	people     Directory
	identities *identities
	brake      *brake
	log        *slog.Logger
	complaints complaints
	cancel     func()

	// mu guards set, each plug-in's state by id.
	mu  sync.RWMutex
	set map[string]state
}

// state is how a plug-in is set; it is replaced, never changed.
type state struct {
	about    Description
	enabled  bool
	position int
	settings Settings // complete
}

// NewRegistry reads how the plug-ins are set and configures them so. Close ends its following of the database.
func NewRegistry(ctx context.Context, d *db.DB, o Options) (*Registry, error) {
	if o.Log == nil {
		o.Log = slog.Default()
	}
	r := &Registry{db: d, plugins: map[string]Plugin{}, people: o.People, identities: newIdentities(), brake: newBrake(o.Brake),
		log: o.Log, complaints: complaints{last: map[string]time.Time{}}, set: map[string]state{Token: {about: Description{ID: Token, Title: "VCS tokens", Position: 2}, position: 2}}}
	for _, p := range o.Plugins {
		about := p.Describe()
		settings, err := complete(about.Keys, nil)
		if err != nil {
			return nil, err
		}
		r.plugins[about.ID] = p
		r.set[about.ID] = state{about: about, enabled: about.Enabled, position: about.Position, settings: settings}
	}
	ctx = context.WithoutCancel(ctx) // everything may be read anew later
	var err error
	if r.cancel, err = d.Load(func() error { return r.load(ctx) }, r.follow); err != nil {
		return nil, fmt.Errorf("read sign-in plug-ins: %w", err)
	}
	return r, nil
}

// Close ends the following of the database.
func (r *Registry) Close() { r.cancel() }

// load reads everything; it is called again where changes of other processes were missed.
func (r *Registry) load(ctx context.Context) error {
	rows, err := r.db.Plugins().List(ctx)
	if err != nil {
		return err
	}
	people, err := r.db.Identities().List(ctx)
	if err != nil {
		return err
	}
	r.identities.reset(people)
	r.mu.Lock()
	defer r.mu.Unlock()
	for _, row := range rows {
		if err := r.put(row); err != nil {
			return fmt.Errorf("plug-in %s: %w", row.ID, err)
		}
	}
	return nil
}

func (r *Registry) follow(c db.Change) {
	r.identities.follow(c)
	row, ok := c.Row.(db.Plugin)
	if !ok {
		return
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	// What was written was checked before. A row that is wrong all the same leaves the plug-in as it was.
	_ = r.put(row)
}

// put takes over a row; one about a plug-in that this program does not have is left alone. A plug-in that is off may
// hold settings that no longer work (a file that is gone, say): it says so when it is switched on.
func (r *Registry) put(row db.Plugin) error {
	s, ok := r.set[row.ID]
	if !ok {
		return nil
	}
	given, err := decode(row.Settings)
	if err != nil {
		return err
	}
	was := s.settings
	if s.settings, err = complete(s.about.Keys, given); err != nil {
		return err
	}
	// One that stays as it is keeps what it remembers.
	if p := r.plugins[row.ID]; p != nil && row.Enabled && !(s.enabled && maps.Equal(was, s.settings)) {
		if err := p.Configure(s.settings); err != nil {
			// A file that it needs is gone, say. The server runs all the same, so that it can be set anew.
			r.log.Error("a sign-in plug-in cannot be set up as it is set; it judges nobody", "plugin", row.ID, "error", err)
		}
	}
	s.enabled, s.position = row.Enabled, row.Position
	r.set[row.ID] = s
	return nil
}

// Enabled tells whether a plug-in is switched on, by its stable id.
func (r *Registry) Enabled(id string) bool {
	r.mu.RLock()
	defer r.mu.RUnlock()
	return r.set[id].enabled
}

// List is all plug-ins in their order.
func (r *Registry) List() []Info {
	var list []Info
	for _, s := range r.states() {
		list = append(list, s.info())
	}
	return list
}

func (s state) info() Info {
	return Info{Description: s.about, Enabled: s.enabled, Position: s.position, Settings: s.settings.masked(s.about.Keys)}
}

// states are all plug-ins in their order.
func (r *Registry) states() []state {
	r.mu.RLock()
	list := slices.Collect(maps.Values(r.set))
	r.mu.RUnlock()
	sort.Slice(list, func(i, j int) bool {
		if list[i].position == list[j].position {
			return list[i].about.ID < list[j].about.ID
		}
		return list[i].position < list[j].position
	})
	return list
}

// Get is one plug-in, by its id or an alias of it. ErrNoPlugin.
func (r *Registry) Get(id string) (Info, error) {
	s, err := r.state(id)
	return s.info(), err
}

func (r *Registry) state(id string) (state, error) {
	r.mu.RLock()
	defer r.mu.RUnlock()
	s, ok := r.set[Canonical(id)]
	if !ok {
		return state{}, fmt.Errorf("%w: %q", ErrNoPlugin, id)
	}
	return s, nil
}

// Enable switches a plug-in on, from the next request on. It is tried first: ErrUnfit where it would not work.
// ErrNoPlugin.
func (r *Registry) Enable(ctx context.Context, by audit.Actor, id string) error {
	return r.change(ctx, by, id, "plugin.enable", func(s *state) (string, error) { s.enabled = true; return "", nil })
}

// Disable switches a plug-in off, from the next request on. ErrNoPlugin.
func (r *Registry) Disable(ctx context.Context, by audit.Actor, id string) error {
	return r.change(ctx, by, id, "plugin.disable", func(s *state) (string, error) { s.enabled = false; return "", nil })
}

// Move gives a plug-in another place in the order. ErrNoPlugin.
func (r *Registry) Move(ctx context.Context, by audit.Actor, id string, position int) error {
	return r.change(ctx, by, id, "plugin.move", func(s *state) (string, error) {
		s.position = position
		return fmt.Sprint("to ", position), nil
	})
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
	return r.change(ctx, by, id, "plugin.set", func(s *state) (string, error) {
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
	})
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

// change makes one change of a plug-in and writes it into the audit record. A plug-in that is on afterwards is tried
// before: outside of the transaction, in which nobody else could write.
func (r *Registry) change(ctx context.Context, by audit.Actor, id, action string, edit func(*state) (string, error)) error {
	was, err := r.state(id)
	if err != nil {
		return err
	}
	then := was
	if _, err := edit(&then); err != nil {
		return err
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
		said, err := edit(&now)
		if err != nil {
			return err
		}
		text, err := encode(now.about.Keys, now.settings)
		if err != nil {
			return err
		}
		row := db.Plugin{ID: now.about.ID, Enabled: now.enabled, Position: now.position, Settings: text}
		if err := tx.Plugins().Save(ctx, row); err != nil {
			return err
		}
		return audit.Done(ctx, tx, by, action, row.ID, said)
	})
	if err == nil || errors.Is(err, ErrNoPlugin) || errors.Is(err, ErrBadSetting) || errors.Is(err, ErrUnfit) {
		return err
	}
	return fmt.Errorf("%s %s: %w", action, id, err)
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
