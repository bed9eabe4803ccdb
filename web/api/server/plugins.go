package server

import (
	"context"
	"errors"
	"slices"

	"jeton/auth/signin"
	"jeton/web/api/method"
)

func (o Options) plugins() []method.Method {
	return []method.Method{
		method.Of(admins(method.Method{Name: "get_auth_plugins", New: true, REST: "GET auth_plugins", Example: `{}`,
			Doc: "Lists the ways of signing in, in the order in which they are asked, with their settings. The value of a secret setting is never answered: it is `(set)`, or empty.",
		}), func(context.Context, *method.Call, struct{}) ([]plugin, error) {
			list := []plugin{}
			for _, i := range o.SignIn.List() {
				list = append(list, shown(i))
			}
			return list, nil
		}),
		method.Of(admins(method.Method{Name: "set_auth_plugin", Changes: true, New: true, REST: "PATCH auth_plugins/{plugin}",
			Doc: "Switches a way of signing in on or off, gives it another place, and changes its settings: all of it, or nothing where a part cannot be. What is left out stays. " +
				"One that is on afterwards is tried first. The last way by which people sign in is not switched off without `force`: after that tokens, SSH keys and the server's own command line are left. RhodeCode's ids of plug-ins are understood.",
			Example: `{"plugin": "token", "enabled": true}`,
			Fails:   []string{"auth plugin `…` does not exist", "not a setting of this plug-in: …", "the plug-in cannot work so: …", lastWay},
		}), o.setPlugin),
	}
}

const lastWay = "This is the last way by which people sign in. Switch another one on first, or send `force`: true"

type plugin struct {
	ID       string    `json:"plugin" doc:"Its id."`
	Title    string    `json:"title" doc:"What it is called."`
	Enabled  bool      `json:"enabled" doc:"Whether it is on."`
	Order    int       `json:"order" doc:"Its place; lower ones are asked first."`
	Settings []setting `json:"settings" doc:"What can be set."`
}

type setting struct {
	Name    string `json:"name" doc:"What it is set by."`
	Value   string `json:"value" doc:"The value in force, as text; (set) for a secret one."`
	Default string `json:"default" doc:"What it is where nothing is set."`
	Kind    string `json:"kind" doc:"text, number, switch or list."`
	Secret  bool   `json:"secret" doc:"Whether its value is never shown."`
	Meaning string `json:"meaning" doc:"What it does."`
}

func shown(i signin.Info) plugin {
	v := plugin{ID: i.ID, Title: i.Title, Enabled: i.Enabled, Order: i.Position, Settings: []setting{}}
	for _, k := range i.Keys {
		v.Settings = append(v.Settings, setting{k.Name, i.Settings[k.Name], k.Default, string(k.Kind), k.Secret, k.Meaning})
	}
	return v
}

type pluginArgs struct {
	Plugin   string         `arg:"plugin" max:"100" doc:"Its id, such as password, token, ldap or headers."`
	Enabled  *bool          `arg:"enabled,optional" doc:"Whether it is on."`
	Order    *int64         `arg:"order,optional" max:"1000000" doc:"Its place; lower ones are asked first."`
	Settings map[string]any `arg:"settings,optional" doc:"Values by name: texts, numbers, true or false, or lists of texts; null or an empty text gives a setting its default back."`
	Force    bool           `arg:"force,optional" default:"false" doc:"Whether the last way by which people sign in may be switched off."`
}

func (o Options) setPlugin(ctx context.Context, c *method.Call, in pluginArgs) (plugin, error) {
	was, err := o.SignIn.Get(in.Plugin)
	if err != nil {
		return plugin{}, unset(err, in.Plugin)
	}
	change := signin.Change{Enabled: in.Enabled}
	if in.Order != nil {
		position := int(*in.Order)
		if position < 0 {
			return plugin{}, method.Fail(method.Invalid, "Invalid `order` arg in JSON DATA: it must not be negative")
		}
		change.Position = &position
	}
	if in.Settings != nil {
		if change.Settings, err = settingsOf(was.Keys, in.Settings); err != nil {
			return plugin{}, err
		}
	}
	if in.Enabled != nil && !*in.Enabled && !in.Force && o.isLastWay(was) {
		return plugin{}, method.Fail(method.Conflict, "%s", lastWay)
	}
	if err := o.SignIn.Change(ctx, c.Actor, was.ID, change); err != nil {
		return plugin{}, unset(err, in.Plugin)
	}
	now, err := o.SignIn.Get(was.ID)
	return shown(now), err
}

// isLastWay tells whether a plug-in is on, and no other by which people sign in is. Tokens are none: they are made by who
// has signed in.
func (o Options) isLastWay(was signin.Info) bool {
	return was.Enabled && was.ID != signin.Token && !slices.ContainsFunc(o.SignIn.List(), func(i signin.Info) bool {
		return i.Enabled && i.ID != was.ID && i.ID != signin.Token
	})
}

// settingsOf are settings as the registry takes them. A secret that comes back as it was shown stays as it is.
func settingsOf(keys []signin.Key, given map[string]any) (signin.Settings, error) {
	settings := signin.Settings{}
	for name, value := range given {
		text, err := method.Setting(value, "\n")
		if err != nil {
			return nil, method.Fail(method.Invalid, "Invalid `settings` arg in JSON DATA: %s: %v", name, err)
		}
		secret := slices.ContainsFunc(keys, func(k signin.Key) bool { return k.Name == name && k.Secret })
		if secret && text == signin.Hidden {
			continue
		}
		settings[name] = text
	}
	return settings, nil
}

// unset says why a plug-in was not changed; a failure of the server stays one.
func unset(err error, id string) error {
	switch {
	case errors.Is(err, signin.ErrNoPlugin):
		return method.Fail(method.NotFound, "auth plugin `%s` does not exist", id)
	case errors.Is(err, signin.ErrBadSetting), errors.Is(err, signin.ErrUnfit):
		return method.Fail(method.Invalid, "%v", err)
	}
	return err
}
