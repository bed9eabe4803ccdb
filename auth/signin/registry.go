package signin

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"sort"
	"sync"

	"jeton/auth/audit"
	"jeton/auth/token"
	"jeton/db"
)

// Info is a plug-in as an administrator sees it.
type Info struct {
	ID      string
	Title   string
	Enabled bool
	// Position orders the plug-ins; lower is asked first.
	Position int
	Settings map[string]int
}

// Registry is the plug-ins of this server. It answers from memory, which follows the database at once, and is safe for
// concurrent use.
type Registry struct {
	db      *db.DB
	plugins map[string]Plugin // never changed; token has none, since the gate judges tokens
	cancel  func()

	// mu guards set, each plug-in's state by id.
	mu  sync.RWMutex
	set map[string]Info
}

// NewRegistry reads how the plug-ins are set. password is the plug-in of that id.
func NewRegistry(ctx context.Context, d *db.DB, password Plugin) (*Registry, error) {
	r := &Registry{db: d, plugins: map[string]Plugin{Password: password}, set: map[string]Info{
		Password: {ID: Password, Title: "User name and password", Enabled: true, Position: 1},
		Token:    {ID: Token, Title: "VCS tokens", Enabled: false, Position: 2},
	}}
	var err error
	r.cancel, err = d.Load(func() error { return r.load(ctx) }, r.follow)
	if err != nil {
		return nil, fmt.Errorf("read sign-in plug-ins: %w", err)
	}
	return r, nil
}

// Close ends the following of the database.
func (r *Registry) Close() { r.cancel() }

func (r *Registry) load(ctx context.Context) error {
	rows, err := r.db.Plugins().List(ctx)
	if err != nil {
		return err
	}
	for _, row := range rows {
		if err := r.put(row); err != nil {
			return fmt.Errorf("plug-in %s: %w", row.ID, err)
		}
	}
	return nil
}

func (r *Registry) follow(c db.Change) {
	row, ok := c.Row.(db.Plugin)
	if !ok {
		return
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	// What was written was checked before. A row that is wrong all the same leaves the plug-in as it was.
	_ = r.put(row)
}

// put takes over a row; one about a plug-in that this program does not have is left alone.
func (r *Registry) put(row db.Plugin) error {
	info, ok := r.set[row.ID]
	if !ok {
		return nil
	}
	settings, err := decode(row.Settings)
	if err != nil {
		return err
	}
	if p := r.plugins[row.ID]; p != nil {
		if err := p.Configure(settings); err != nil {
			return err
		}
	}
	info.Enabled, info.Position = row.Enabled, row.Position
	r.set[row.ID] = info
	return nil
}

// Enabled tells whether a plug-in is switched on, by its stable id.
func (r *Registry) Enabled(id string) bool {
	r.mu.RLock()
	defer r.mu.RUnlock()
	return r.set[id].Enabled
}

// List is all plug-ins in their order.
func (r *Registry) List() []Info {
	r.mu.RLock()
	defer r.mu.RUnlock()
	list := make([]Info, 0, len(r.set))
	for id, info := range r.set {
		if p := r.plugins[id]; p != nil {
			info.Settings = p.Settings()
		}
		list = append(list, info)
	}
	sort.Slice(list, func(i, j int) bool {
		if list[i].Position == list[j].Position {
			return list[i].ID < list[j].ID
		}
		return list[i].Position < list[j].Position
	})
	return list
}

// Get is one plug-in, by its id or an alias of it. ErrNoPlugin.
func (r *Registry) Get(id string) (Info, error) {
	id = Canonical(id)
	for _, info := range r.List() {
		if info.ID == id {
			return info, nil
		}
	}
	return Info{}, fmt.Errorf("%w: %q", ErrNoPlugin, id)
}

// Enable switches a plug-in on, from the next request on. ErrNoPlugin.
func (r *Registry) Enable(ctx context.Context, by audit.Actor, id string) error {
	return r.change(ctx, by, id, "plugin.enable", func(i *Info) error { i.Enabled = true; return nil })
}

// Disable switches a plug-in off, from the next request on. ErrNoPlugin.
func (r *Registry) Disable(ctx context.Context, by audit.Actor, id string) error {
	return r.change(ctx, by, id, "plugin.disable", func(i *Info) error { i.Enabled = false; return nil })
}

// Move gives a plug-in another place in the order. ErrNoPlugin.
func (r *Registry) Move(ctx context.Context, by audit.Actor, id string, position int) error {
	return r.change(ctx, by, id, "plugin.move", func(i *Info) error { i.Position = position; return nil })
}

// Set changes settings of a plug-in; those not named stay. ErrNoPlugin, ErrBadSetting.
func (r *Registry) Set(ctx context.Context, by audit.Actor, id string, settings map[string]int) error {
	return r.change(ctx, by, id, "plugin.set", func(i *Info) error {
		for key, value := range settings {
			if _, ok := i.Settings[key]; !ok {
				return fmt.Errorf("%w: %q", ErrBadSetting, key)
			}
			i.Settings[key] = value
		}
		if p := r.plugins[i.ID]; p != nil {
			return p.Check(i.Settings)
		}
		return nil
	})
}

// change reads a plug-in's row inside the transaction that writes it, so that two changes at once both count.
func (r *Registry) change(ctx context.Context, by audit.Actor, id, action string, edit func(*Info) error) error {
	err := r.db.Write(ctx, func(tx *db.Tx) error {
		info, err := r.Get(id) // no other change can come between: this transaction is the only one
		if err != nil {
			return err
		}
		if err := edit(&info); err != nil {
			return err
		}
		text, err := json.Marshal(info.Settings)
		if err != nil {
			return err
		}
		row := db.Plugin{ID: info.ID, Enabled: info.Enabled, Position: info.Position, Settings: string(text)}
		if err := tx.Plugins().Save(ctx, row); err != nil {
			return err
		}
		return audit.Done(ctx, tx, by, action, info.ID, string(text))
	})
	if err == nil || errors.Is(err, ErrNoPlugin) || errors.Is(err, ErrBadSetting) {
		return err
	}
	return fmt.Errorf("%s %s: %w", action, id, err)
}

// SignIn asks the plug-ins that are switched on, in order, whose a user name and secret are; the result is the user's
// id. Whether the person is active is not asked here. ErrRefused, ErrOff, ErrBusy.
func (r *Registry) SignIn(ctx context.Context, user, secret string) (string, error) {
	if token.Looks(secret) {
		return "", ErrRefused
	}
	asked := false
	for _, info := range r.List() {
		p := r.plugins[info.ID]
		if p == nil || !info.Enabled {
			continue
		}
		asked = true
		verdict, userID, err := p.SignIn(ctx, user, secret)
		switch {
		case err != nil:
			return "", err
		case verdict == Accept:
			return userID, nil
		case verdict == Refuse:
			return "", ErrRefused
		}
	}
	if !asked {
		return "", ErrOff
	}
	return "", ErrRefused
}

func decode(text string) (map[string]int, error) {
	settings := map[string]int{}
	if text == "" {
		return settings, nil
	}
	if err := json.Unmarshal([]byte(text), &settings); err != nil {
		return nil, fmt.Errorf("%w: %w", ErrBadSetting, err)
	}
	return settings, nil
}
