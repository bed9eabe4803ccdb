package signin

import (
	"context"
	"fmt"
	"log/slog"
	"maps"
	"slices"
	"sort"
	"sync"
	"time"

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
