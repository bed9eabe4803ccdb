package hooks

import (
	"context"
	"encoding/json"
	"errors"
	"net/netip"
	"strings"
	"testing"
	"time"

	"jeton/auth/access"
	"jeton/auth/audit"
	"jeton/auth/gate"
	"jeton/auth/token"
	"jeton/web/api/method"
	"jeton/web/hook"
)

// allowed is a gate that lets in to some ids, and has a right or not.
type allowed struct {
	ids   string
	admin bool
}

// minting is a gate that has the right tokens alone.
type minting struct{ allowed }

func (minting) Has(_ gate.Identity, r token.Right) bool { return r == token.RightTokens }

func (a allowed) Sees(_ gate.Identity, id string, l access.Level) bool {
	return strings.Contains(a.ids, id) && l == access.Admin
}
func (a allowed) SeesGroup(_ gate.Identity, id string, l access.Level) bool {
	return strings.Contains(a.ids, id) && l == access.Admin
}
func (a allowed) SeesUserGroup(gate.Identity, string, access.Level) bool { return false }
func (a allowed) Has(_ gate.Identity, r token.Right) bool                { return a.admin && r == token.RightAdmin }

// places has the repository r and the group g.
type places struct{}

func (places) Find(ref string) (access.Repository, bool) {
	return access.Repository{ID: "r"}, ref == "r"
}
func (places) ByID(id string) (access.Repository, bool)  { return access.Repository{ID: "r"}, id == "r" }
func (places) FindGroup(ref string) (access.Group, bool) { return access.Group{ID: "g"}, ref == "g" }
func (places) GroupByID(id string) (access.Group, bool)  { return access.Group{ID: "g"}, id == "g" }

// tokens has one that is bound, and one that is not.
type tokens struct{}

func (tokens) ByID(id string) (token.Token, bool) {
	t := token.Token{ID: id, Bound: id == "bound"}
	if id == "inside" {
		t.Networks = []netip.Prefix{netip.MustParsePrefix("10.0.0.0/8")}
	}
	return t, id != ""
}

// people has u.
type people struct{}

func (people) ByID(id string) (access.User, bool) { return access.User{ID: id}, id == "u" }

func TestWhoAdministersWhat(t *testing.T) {
	for _, c := range []struct {
		name, repo, group, sees, token string
		admin                          bool
		want                           string
	}{
		{"a repository", "r", "", "r", "free", false, ""},
		{"a repository of others", "r", "", "", "free", true, "repository `r` does not exist"},
		{"no repository", "x", "", "x", "free", true, "repository `x` does not exist"},
		{"a group", "", "g", "g", "free", false, ""},
		{"a group of others", "", "g", "", "free", true, "repository group `g` does not exist"},
		{"both", "r", "g", "rg", "free", true, "not both"},
		{"the server", "", "", "", "free", true, ""},
		{"the server without the right", "", "", "rg", "free", false, "web hooks of the server are for"},
		{"the server with a bound token", "", "", "rg", "bound", true, "web hooks of the server are for"},
		{"the server with a token that is gone", "", "", "rg", "", true, "web hooks of the server are for"},
	} {
		o := Options{Places: places{}, Tokens: tokens{}}
		call := &method.Call{Gate: allowed{c.sees, c.admin}, Identity: gate.Identity{Proven: gate.Proven{TokenID: c.token}}}
		p, err := o.of(call, method.Ref(c.repo), method.Ref(c.group))
		if c.want == "" && (err != nil || p.RepoID != c.repo || p.GroupID != c.group) || c.want != "" && (err == nil || !strings.Contains(err.Error(), c.want)) {
			t.Errorf("%s: %+v, %v; want %q", c.name, p, err, c.want)
		}
	}
}

// TestAHookOfAGroupIsForWhoAdministersAllOfIt: something in the group may be kept from somebody who administers it.
func TestAHookOfAGroupIsForWhoAdministersAllOfIt(t *testing.T) {
	for _, c := range []struct {
		user, group string
		all, want   bool
	}{{"u", "", false, true}, {"u", "g", true, true}, {"u", "g", false, false}, {"nobody", "g", true, false}} {
		o := Options{People: people{}, ManagesAll: func(access.User, string) bool { return c.all }}
		err := o.tells(&method.Call{Identity: gate.Identity{UserID: c.user}}, c.group)
		if (err == nil) != c.want {
			t.Errorf("%+v: %v", c, err)
		}
	}
}

// shelf has one hook, and counts what was asked of it.
type shelf struct {
	Hooks
	h     hook.Hook
	asked int
}

func (s *shelf) Hook(context.Context, string) (hook.Hook, error) { return s.h, nil }
func (s *shelf) Deliveries(context.Context, string, string, int) ([]hook.Delivery, error) {
	s.asked++
	return nil, nil
}
func (s *shelf) Create(_ context.Context, _ audit.Actor, h hook.Hook) (hook.Hook, error) {
	s.asked++
	h.CreatedAt = time.Now()
	return h, nil
}
func (s *shelf) Redeliver(context.Context, audit.Actor, string, string) (hook.Delivery, error) {
	s.asked++
	return hook.Delivery{}, nil
}
func (s *shelf) Rotate(context.Context, audit.Actor, string, hook.Secret, time.Duration) (hook.Hook, error) {
	s.asked++
	return s.h, nil
}
func (s *shelf) Update(_ context.Context, _ audit.Actor, _ string, change func(*hook.Hook) error) (hook.Hook, error) {
	s.asked++
	return s.h, change(&s.h)
}

// asks calls a method about a shelf's hook.
func (s *shelf) asks(t *testing.T, name, args string, c *method.Call, all bool) error {
	t.Helper()
	o := Options{Hooks: s, Places: places{}, Tokens: tokens{}, People: people{}, ManagesAll: func(access.User, string) bool { return all }, NewID: func() string { return "new" }}
	for _, m := range Methods(o) {
		if m.Name == name {
			var v method.Values
			if err := json.Unmarshal([]byte(args), &v); err != nil {
				t.Fatal(err)
			}
			ready, err := m.Prepare(v)
			if err == nil {
				_, err = ready.Run(t.Context(), c)
			}
			return err
		}
	}
	t.Fatalf("there is no method %s", name)
	return nil
}

// TestWhatAGroupsHookWasSentIsForWhoAdministersAllOfIt: its deliveries tell of what may be kept from who administers the
// group, and its secret signs them.
func TestWhatAGroupsHookWasSentIsForWhoAdministersAllOfIt(t *testing.T) {
	c := &method.Call{Gate: allowed{"g", false}, Identity: gate.Identity{UserID: "u", Proven: gate.Proven{TokenID: "free"}}}
	for name, args := range map[string]string{"get_webhook_deliveries": `{"hookid":"h"}`, "redeliver_webhook": `{"hookid":"h","deliveryid":"d"}`,
		"rotate_webhook_secret": `{"hookid":"h"}`, "update_webhook": `{"hookid":"h","active":true}`} {
		s := &shelf{h: hook.Hook{ID: "h", GroupID: "g", CreatedAt: time.Now()}}
		var e *method.Error
		if err := s.asks(t, name, args, c, false); !errors.As(err, &e) || e.Code != method.Denied || s.asked != 0 {
			t.Errorf("%s by who is kept from something: %v, asked %d", name, err, s.asked)
		}
		if err := s.asks(t, name, args, c, true); err != nil || s.asked != 1 {
			t.Errorf("%s by who administers all: %v, asked %d", name, err, s.asked)
		}
	}
}

// TestHooksGiveTokensForThoseAloneWhoMakeSome: a token without the right would have one made by a detour, and sent to any address.
func TestHooksGiveTokensForThoseAloneWhoMakeSome(t *testing.T) {
	const create, update = `{"repoid":"r","url":"https://ci.example/","gives_token":true}`, `{"hookid":"h","gives_token":true}`
	for _, row := range []struct {
		name, args string
		gave       bool
		refused    bool
	}{
		{"create_webhook", create, false, true},
		{"create_webhook", `{"repoid":"r","url":"https://ci.example/"}`, false, false},
		{"update_webhook", update, false, true},
		{"update_webhook", update, true, false}, // which it did before
		{"update_webhook", `{"hookid":"h","url":"https://elsewhere.example/"}`, true, true},
		{"update_webhook", `{"hookid":"h","url":"https://elsewhere.example/"}`, false, false},
		{"update_webhook", `{"hookid":"h","url":"https://elsewhere.example/","gives_token":false}`, true, false},
	} {
		for who, may := range map[string]bool{"none": false, "tokens": true, "tokens from a network": false} {
			s := &shelf{h: hook.Hook{ID: "h", RepoID: "r", URL: "https://ci.example/", GivesToken: row.gave, CreatedAt: time.Now()}}
			c := &method.Call{Gate: allowed{"r", false}, Identity: gate.Identity{Proven: gate.Proven{TokenID: "free"}}}
			if who != "none" {
				c.Gate = minting{allowed{"r", false}}
			}
			if who == "tokens from a network" {
				c.Identity.Proven.TokenID = "inside"
			}
			err := s.asks(t, row.name, row.args, c, true)
			if refused := err != nil; refused != (row.refused && !may) || refused && err.Error() != makesNone {
				t.Errorf("%s %s with %s: %v", row.name, row.args, who, err)
			}
		}
	}
}

func TestExamplesAreCallsThatAreRead(t *testing.T) {
	names := map[string]bool{}
	for _, m := range Methods(Options{}) {
		var given map[string]any
		if err := json.Unmarshal([]byte(m.Example), &given); err != nil {
			t.Errorf("the example of %s: %v", m.Name, err)
		}
		for _, a := range m.Args {
			if _, there := given[a.Name]; !there && !a.Optional {
				t.Errorf("the example of %s lacks %s", m.Name, a.Name)
			}
			delete(given, a.Name)
		}
		if len(given) > 0 || names[m.Name] || !m.New || m.REST == "" || len(m.Fails) == 0 || m.Changes == strings.HasPrefix(m.Name, "get_") {
			t.Errorf("%s is declared wrongly, or its example has %v", m.Name, given)
		}
		names[m.Name] = true
	}
}
