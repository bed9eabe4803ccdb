package server

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"jeton/auth/audit"
	"jeton/auth/gate"
	"jeton/auth/signin"
	"jeton/auth/token"
	"jeton/vcs/host"
	"jeton/web/api/apitest"
)

// record is the audit record of a world.
type record struct{ w *apitest.World }

func (r record) Find(ctx context.Context, q audit.Query, limit int) ([]audit.Entry, error) {
	return audit.Find(ctx, r.w.DB, q, limit)
}

func (r record) Latest(ctx context.Context, q audit.Query, limit int) ([]audit.Entry, error) {
	return audit.Latest(ctx, r.w.DB, q, limit)
}

// shelf is a catalogue of which some repositories' folders are gone.
type shelf struct {
	gone []host.Repo
	of   int
	// deleted are ids that were deleted.
	deleted []string
	fails   error
}

func (s *shelf) Missing(context.Context) ([]host.Repo, int, error) { return s.gone, s.of, s.fails }

func (s *shelf) Delete(_ context.Context, id string) error {
	if id == "faster" {
		return host.ErrNotFound
	}
	s.deleted = append(s.deleted, id)
	return nil
}

func world(t *testing.T, c Catalogue) *apitest.World {
	t.Helper()
	w := apitest.New(t)
	w.Serve(Methods(Options{Version: "1.2.3", Database: "sqlite", Store: "/srv/jeton/repos", SignIn: w.SignIn, Record: record{w}, Tokens: w.Tokens, Catalogue: c,
		Note: func(ctx context.Context, by audit.Actor, action, resource, detail string) error {
			return audit.Append(ctx, w.DB, audit.Event{Actor: by, Action: action, Resource: resource, Detail: detail, Outcome: "done"})
		},
		Gauge: func(context.Context) (Metrics, error) {
			return Metrics{Version: "1.2.3", StartedOn: time.Now().Add(-time.Hour), Objects: Objects{Repositories: 7}}, nil
		}}))
	return w
}

func ok(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func TestOnlyAdministratorsAskAboutTheServer(t *testing.T) {
	w := world(t, &shelf{})
	w.API("plain chief", "chief", nil)
	app := w.Repo("app", "chief")
	w.API("bound chief", "chief", func(q *token.Request) { q.Rights, q.Repositories = token.AllRights(), []string{app.ID} })
	for _, m := range Methods(Options{}) {
		if m.Name == "get_audit_log" {
			continue
		}
		for _, as := range []string{"ada", "plain chief", "bound chief"} {
			if _, fault := w.Call(as, m.Name, `{"plugin":"token","enabled":true}`); !strings.HasPrefix(fault, "Access was denied to this resource.") {
				t.Errorf("%s as %s: got %q", m.Name, as, fault)
			}
		}
		if _, fault := w.Call("chief", m.Name, `{"plugin":"token"}`); fault != "" {
			t.Errorf("%s: %s", m.Name, fault)
		}
	}
	if w.SignIn.Enabled(signin.Token) {
		t.Error("a refused call has changed a plug-in")
	}
}

func TestTheServerTellsWhatItIs(t *testing.T) {
	w := world(t, &shelf{})
	var i info
	w.Into(&i, "chief", "get_server_info", `{}`)
	if i.Version != "1.2.3" || i.RhodeCode != "1.2.3" || !strings.HasPrefix(i.Python, "go") || !strings.Contains(i.Platform, "-") || i.Storage != "/srv/jeton/repos" {
		t.Errorf("got %+v", i)
	}
	if result, _ := w.Call("chief", "get_repo_store", `{}`); string(result) != `{"path":"/srv/jeton/repos"}` {
		t.Errorf("got %s", result)
	}
	var m Metrics
	w.Into(&m, "chief", "get_server_metrics", `{}`)
	if m.Objects.Repositories != 7 || m.Process.Uptime < 3600 || m.Process.Goroutines < 1 || m.Process.Heap == 0 || m.Process.Memory < m.Process.Heap {
		t.Errorf("got %+v", m)
	}
}

func TestRescanTakesOutWhatIsGoneAndNothingWhereAllIs(t *testing.T) {
	gone := []host.Repo{{ID: "a", Path: "team/a"}, {ID: "faster", Path: "team/b"}}
	for _, row := range []struct {
		name, args, result, fault, deleted string
		of                                 int
	}{
		{"looking", `{}`, `{"added":[],"removed":[],"missing":["team/a","team/b"]}`, "", "[]", 9},
		{"removing", `{"remove_obsolete":"True"}`, `{"added":[],"removed":["team/a"],"missing":[]}`, "", "[a]", 9},
		{"where nothing is left", `{"remove_obsolete":true}`, "", noStore, "[]", 2},
	} {
		s := &shelf{gone: gone, of: row.of}
		w := world(t, s)
		result, fault := w.Call("chief", "rescan_repos", row.args)
		if string(result) != row.result || fault != row.fault || fmt.Sprint(s.deleted) != row.deleted {
			t.Errorf("%s: got %s %q, deleted %v", row.name, result, fault, s.deleted)
		}
	}
	w := world(t, &shelf{fails: errors.New("the database is gone")})
	w.Refuses("chief", "rescan_repos", `{}`, host.Failed)
}

func TestPluginsAreListedAndChanged(t *testing.T) {
	w := world(t, &shelf{})
	var list []plugin
	w.Into(&list, "chief", "get_auth_plugins", `{}`)
	if len(list) != 2 || list[0].ID != "password" || !list[0].Enabled || list[1].ID != "token" || list[1].Enabled || list[0].Settings[0].Name != "memory_kib" {
		t.Errorf("got %+v", list)
	}
	var p plugin
	w.Into(&p, "chief", "set_auth_plugin", `{"plugin":"rhodecode.lib.auth_modules.auth_token","enabled":true,"order":0}`)
	if p.ID != "token" || !p.Enabled || p.Order != 0 || !w.SignIn.Enabled("token") {
		t.Errorf("got %+v", p)
	}
	w.Into(&p, "chief", "set_auth_plugin", `{"plugin":"password","settings":{"passes":3,"remember_seconds":"60","threads":null}}`)
	values := map[string]string{}
	for _, s := range p.Settings {
		values[s.Name] = s.Value
	}
	if values["passes"] != "3" || values["remember_seconds"] != "60" || values["threads"] != "1" || !p.Enabled {
		t.Errorf("got %+v", p)
	}
	for args, want := range map[string]string{
		`{}`:                "Missing non optional `plugin` arg in JSON DATA",
		`{"plugin":"saml"}`: "auth plugin `saml` does not exist",
		`{"plugin":"password","settings":{"colour":"red"}}`:                 "not a setting of this plug-in: there is no \"colour\"; there are memory_kib, passes, threads, remember_seconds",
		`{"plugin":"password","settings":{"passes":{"a":1}}}`:               "Invalid `settings` arg in JSON DATA: passes: a setting is a string, a boolean, a number, or a list of strings",
		`{"plugin":"password","settings":{"passes":[1]}}`:                   "Invalid `settings` arg in JSON DATA: passes: a list holds strings without \"\\n\"",
		`{"plugin":"password","order":-1}`:                                  "Invalid `order` arg in JSON DATA: it must not be negative",
		`{"plugin":"password","settings":{"passes":0},"order":5}`:           "not a setting of this plug-in: passes is \"0\"; it is a number from 1 to 20",
		`{"plugin":"password","enabled":"perhaps","settings":{"passes":4}}`: "Invalid `enabled` arg in JSON DATA: it must be true or false",
	} {
		w.Refuses("chief", "set_auth_plugin", args, want)
	}
	if i, _ := w.SignIn.Get("password"); i.Settings["passes"] != "3" || i.Position != 1 {
		t.Errorf("what was refused has changed it to %+v", i)
	}
}

func TestTheLastWayInIsNotSwitchedOffSilently(t *testing.T) {
	w := world(t, &shelf{})
	ok(t, w.SignIn.Enable(t.Context(), apitest.Root, signin.Token))
	w.Refuses("chief", "set_auth_plugin", `{"plugin":"password","enabled":false}`, lastWay)
	w.Refuses("chief", "set_auth_plugin", `{"plugin":"auth_rhodecode","enabled":false,"settings":{"passes":3}}`, lastWay)
	if i, _ := w.SignIn.Get(signin.Password); !i.Enabled || i.Settings["passes"] != "2" {
		t.Errorf("it is %+v", i)
	}
	w.Refuses("chief", "set_auth_plugin", `{"plugin":"password","enabled":false,"force":true}`, "")
	w.Refuses("chief", "set_auth_plugin", `{"plugin":"password","enabled":false}`, "") // it is off already
	w.Refuses("chief", "set_auth_plugin", `{"plugin":"token","enabled":false}`, "")    // nobody signs in by it
	w.Refuses("chief", "set_auth_plugin", `{"plugin":"password","enabled":true}`, "")
}

// vault is a plug-in with a secret setting.
type vault struct{ signin.Plugin }

func (vault) Describe() signin.Description {
	return signin.Description{ID: "vault", Title: "Vault", Position: 7, Keys: []signin.Key{
		{Name: "password", Kind: signin.Text, Secret: true, Meaning: "What it binds with."}, {Name: "url", Kind: signin.Text, Meaning: "Where."}}}
}
func (vault) Check(signin.Settings) error                  { return nil }
func (vault) Probe(context.Context, signin.Settings) error { return nil }
func (vault) Configure(signin.Settings) error              { return nil }

func TestSecretSettingsAreNeverAnsweredAndSurviveBeingSentBack(t *testing.T) {
	w := world(t, &shelf{})
	plugins, err := signin.NewRegistry(t.Context(), w.DB, signin.Options{Plugins: []signin.Plugin{vault{}}})
	ok(t, err)
	t.Cleanup(plugins.Close)
	w.Serve(Methods(Options{SignIn: plugins, Record: record{w}, Tokens: w.Tokens}))
	for _, args := range []string{`{"plugin":"vault","settings":{"password":"hunter2","url":"a"}}`, `{"plugin":"vault","settings":{"password":"(set)","url":"b"}}`} {
		result, fault := w.Call("chief", "set_auth_plugin", args)
		if fault != "" || strings.Contains(string(result), "hunter2") || !strings.Contains(string(result), `"name":"password","value":"(set)"`) {
			t.Errorf("got %s %s", result, fault)
		}
	}
	rows, err := w.DB.Plugins().List(t.Context())
	ok(t, err)
	if len(rows) != 1 || !strings.Contains(rows[0].Settings, "hunter2") || !strings.Contains(rows[0].Settings, `"url":"b"`) {
		t.Errorf("the row is %+v", rows)
	}
	for _, call := range []string{"get_auth_plugins", "get_audit_log"} {
		if result, fault := w.Call("chief", call, `{}`); fault != "" || strings.Contains(string(result), "hunter2") {
			t.Errorf("%s: %s %s", call, result, fault)
		}
	}
}

func actions(list []entry) string {
	var all []string
	for _, e := range list {
		all = append(all, e.Action+":"+e.Outcome+":"+e.Resource)
	}
	return strings.Join(all, " ")
}

func TestTheRecordIsShownToAdministratorsWholeAndToOthersTheirOwn(t *testing.T) {
	w := world(t, &shelf{})
	ada, bob := w.User("ada"), w.User("bob")
	decoy := w.Token("decoy", token.Request{UserID: ada.ID, Kind: token.VCS, Decoy: true})
	by := func(id, credential string) audit.Actor {
		return audit.Actor{UserID: id, Name: id, Credential: credential, Door: "git"}
	}
	events := []audit.Event{
		{Actor: by(ada.ID, "token:1"), Action: "x.one", Resource: "lib", Outcome: "done", Detail: "all"},
		{Actor: by(bob.ID, "token:2"), Action: "x.two", Resource: "bobs", Outcome: "done"},
		{Actor: by(ada.ID, "token:1"), Action: "x.three", Resource: "renamed/secret", Outcome: string(gate.NotFound), Detail: "not readable"},
		{Actor: by(ada.ID, "token:1"), Action: "x.four", Resource: "lib", Outcome: string(gate.ReadOnly), Detail: "a read-only token"},
		{Actor: by(ada.ID, "token:"+decoy.ID), Action: "x.five", Resource: "lib", Outcome: string(gate.BadCredential), Detail: "a decoy"},
		{Actor: audit.Actor{Name: ada.ID}, Action: "x.six", Outcome: "done"}}
	for i := range events {
		events[i].At = time.Now()
	}
	ok(t, audit.Append(t.Context(), w.DB, events...))
	for _, row := range []struct{ as, args, want string }{
		{"ada", `{"after":0,"action":"x.*"}`, "x.one:done:lib x.three:not_found: x.four:read_only:lib"},
		{"ada", `{"userid":"ada","action":"x.*","limit":1}`, ""}, // the youngest is the decoy's
		{"bob", `{"action":"x.*"}`, "x.two:done:bobs"},
		{"eve", `{}`, ""},
		{"chief", `{"after":0,"action":"x.*"}`, "x.one:done:lib x.two:done:bobs x.three:not_found:renamed/secret x.four:read_only:lib x.five:bad_credential:lib x.six:done:"},
		{"chief", `{"after":0,"action":"x.*","userid":"bob"}`, "x.two:done:bobs"},
		{"chief", `{"action":"x.*","limit":2}`, "x.six:done: x.five:bad_credential:lib"},
		{"chief", `{"action":"x.*","resource":"renamed/*"}`, "x.three:not_found:renamed/secret"},
		{"chief", `{"action":"x.*","until":"2020-01-01"}`, ""},
		{"chief", `{"after":0,"action":"x.o*","since":"1h"}`, "x.one:done:lib"},
	} {
		var list []entry
		w.Into(&list, row.as, "get_audit_log", row.args)
		if got := actions(list); got != row.want {
			t.Errorf("%s %s: got %s, want %s", row.as, row.args, got, row.want)
		}
		for _, e := range list {
			if row.as != "chief" && (e.Hash != "" || e.Outcome != "done" && e.Detail != "") {
				t.Errorf("%s is told %+v", row.as, e)
			}
		}
	}
	w.Refuses("ada", "get_audit_log", `{"userid":"bob"}`, "userid is not the same as your user")
	w.Refuses("ada", "get_audit_log", `{"userid":"nobody"}`, "userid is not the same as your user")
	w.Refuses("ada", "get_audit_log", `{"resource":"renamed/*"}`, "Only an administrator's token with the right admin asks by `resource`")
	w.Refuses("chief", "get_audit_log", `{"userid":"nobody"}`, "user `nobody` does not exist")
	w.Refuses("chief", "get_audit_log", `{"limit":0}`, "Invalid `limit` arg in JSON DATA: it must be 1 to 1000")
	w.Refuses("chief", "get_audit_log", `{"limit":1001}`, "Invalid `limit` arg in JSON DATA: it is greater than 1000")
	if _, fault := w.Call("chief", "get_audit_log", `{"since":"soon"}`); !strings.HasPrefix(fault, "Invalid `since` arg in JSON DATA") {
		t.Errorf("got %q", fault)
	}
}

// TestTheRecordIsPagedByNumber reads it in parts, as a script that ships it elsewhere does.
func TestTheRecordIsPagedByNumber(t *testing.T) {
	w := world(t, &shelf{})
	all, err := audit.Find(t.Context(), w.DB, audit.Query{}, 1000)
	ok(t, err)
	after, seen := int64(0), 0
	for {
		result, _ := w.Call("chief", "get_audit_log", fmt.Sprintf(`{"after":%d,"limit":3}`, after))
		var list []entry
		ok(t, json.Unmarshal(result, &list))
		if len(list) == 0 {
			break
		}
		seen, after = seen+len(list), list[len(list)-1].Seq
	}
	if seen != len(all) || seen == 0 {
		t.Errorf("seen %d, there are %d", seen, len(all))
	}
}
