package operate

import (
	"context"

	"jeton/auth/audit"
	"jeton/auth/signin"
	"jeton/cmd/jeton/control"
)

// Plugin is a way of signing in.
type Plugin struct {
	ID       string          `json:"id"`
	Title    string          `json:"title"`
	Enabled  bool            `json:"enabled"`
	Position int             `json:"position"`
	Settings []PluginSetting `json:"settings,omitempty"`
}

// PluginSetting is one setting of a plug-in; the value of a secret one is "(set)" or "".
type PluginSetting struct {
	Name    string `json:"name"`
	Value   string `json:"value"`
	Default string `json:"default"`
	Kind    string `json:"kind"`
	Secret  bool   `json:"secret,omitempty"`
	Meaning string `json:"meaning"`
}

// PluginSettings are the arguments of auth.set; "" gives a setting its default back.
type PluginSettings struct {
	ID       string            `json:"id"`
	Settings map[string]string `json:"settings"`
}

// PluginOrder are the arguments of auth.order.
type PluginOrder struct {
	IDs []string `json:"ids"`
}

// PluginTest are the arguments of auth.test: nobody tries the settings alone, no secret whether the user is known.
type PluginTest struct {
	ID     string `json:"id"`
	User   string `json:"user"`
	Secret string `json:"secret"`
}

// PluginAnswer is what a plug-in says about somebody.
type PluginAnswer struct {
	Verdict  string `json:"verdict"`
	Reason   string `json:"reason"`
	Name     string `json:"name,omitempty"`
	Email    string `json:"email,omitempty"`
	FullName string `json:"full_name,omitempty"`
	Subject  string `json:"subject,omitempty"`
}

// PluginPerson are the arguments of auth.link.
type PluginPerson struct {
	ID   string `json:"id"`
	User string `json:"user"`
}

// signIn registers the operations about ways of signing in.
func (o operator) signIn(r control.Registry) {
	handle(r, "auth.list", func(context.Context, audit.Actor, Nothing) ([]Plugin, error) {
		list := []Plugin{}
		for _, p := range o.s.SignIn.List() {
			list = append(list, plugin(p))
		}
		return list, nil
	})
	handle(r, "auth.show", func(_ context.Context, _ audit.Actor, n Named) (Plugin, error) {
		info, err := o.s.SignIn.Get(n.Name)
		return plugin(info), err
	})
	handle(r, "auth.enable", func(ctx context.Context, by audit.Actor, n Named) (Nothing, error) {
		return Nothing{}, o.s.SignIn.Enable(ctx, by, n.Name)
	})
	handle(r, "auth.disable", func(ctx context.Context, by audit.Actor, n Named) (Nothing, error) {
		return Nothing{}, o.s.SignIn.Disable(ctx, by, n.Name)
	})
	handle(r, "auth.order", func(ctx context.Context, by audit.Actor, n PluginOrder) (Nothing, error) {
		return Nothing{}, o.s.SignIn.Order(ctx, by, n.IDs)
	})
	handle(r, "auth.set", func(ctx context.Context, by audit.Actor, n PluginSettings) (Nothing, error) {
		return Nothing{}, o.s.SignIn.Set(ctx, by, n.ID, n.Settings)
	})
	handle(r, "auth.test", o.testPlugin)
	handle(r, "auth.link", func(ctx context.Context, by audit.Actor, n PluginPerson) (Nothing, error) {
		u, err := o.user(n.User)
		if err != nil {
			return Nothing{}, err
		}
		return Nothing{}, o.s.SignIn.Link(ctx, by, n.ID, u.ID, u.Name)
	})
	handle(r, "user.hash", o.importHash)
}

func plugin(p signin.Info) Plugin {
	v := Plugin{ID: p.ID, Title: p.Title, Enabled: p.Enabled, Position: p.Position}
	for _, k := range p.Keys {
		v.Settings = append(v.Settings, PluginSetting{Name: k.Name, Value: p.Settings[k.Name], Default: k.Default, Kind: string(k.Kind),
			Secret: k.Secret, Meaning: k.Meaning})
	}
	return v
}

func (o operator) testPlugin(ctx context.Context, _ audit.Actor, n PluginTest) (PluginAnswer, error) {
	a, err := o.s.SignIn.Test(ctx, n.ID, n.User, n.Secret)
	if err != nil {
		return PluginAnswer{}, err
	}
	verdict := map[signin.Verdict]string{signin.Accept: "accept", signin.Refuse: "refuse", signin.NotMine: "not mine"}[a.Verdict]
	if n.User == "" {
		verdict = "works"
	}
	return PluginAnswer{Verdict: verdict, Reason: a.Reason, Name: a.Person.Name, Email: a.Person.Email, FullName: a.Person.FullName,
		Subject: a.Person.Subject}, nil
}

// importHash stores a password's hash that another program has made.
func (o operator) importHash(ctx context.Context, by audit.Actor, n NewPassword) (Nothing, error) {
	u, err := o.user(n.Name)
	if err != nil {
		return Nothing{}, err
	}
	if err := signin.CheckHash(n.Password); err != nil {
		return Nothing{}, control.Fail(control.Invalid, "not a hash that can be taken over: see docs/authentication.md, \"Passwords from elsewhere\"")
	}
	return Nothing{}, o.s.Users.SetHash(ctx, by, u.ID, n.Password)
}
