package hooks

import (
	"encoding/json"
	"strings"
	"testing"

	"jeton/auth/access"
	"jeton/auth/gate"
	"jeton/auth/token"
	"jeton/web/api/method"
)

// allowed is a gate that lets in to some ids, and has a right or not.
type allowed struct {
	ids   string
	admin bool
}

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
	return token.Token{ID: id, Bound: id == "bound"}, id != ""
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
