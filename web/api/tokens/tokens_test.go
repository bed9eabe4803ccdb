package tokens

import (
	"encoding/json"
	"fmt"
	"net/netip"
	"slices"
	"strings"
	"testing"
	"time"

	"jeton/auth/access"
	"jeton/auth/token"
	"jeton/web/api/apitest"
)

// world has ada's team/app and lib, eve's secret, and tokens of ada's: minter, which makes others, and narrow, which does
// so in team/app alone, for a week, and from the network that calls come from.
func world(t *testing.T) *apitest.World {
	t.Helper()
	w := apitest.New(t)
	w.Group("team", "ada")
	app := w.Repo("team/app", "ada")
	w.Repo("lib", "ada")
	w.Repo("secret", "eve")
	w.API("minter", "ada", func(q *token.Request) { q.Rights = []token.Right{token.RightTokens, token.RightAccount} })
	w.API("narrow", "ada", func(q *token.Request) {
		q.Rights, q.Repositories = []token.Right{token.RightTokens}, []string{app.ID}
		q.Networks, q.ExpiresAt = []netip.Prefix{netip.MustParsePrefix("192.0.2.0/24")}, time.Now().Add(7*24*time.Hour)
	})
	w.Serve(Methods(Options{Tokens: w.Tokens, Keys: w.Keys, People: w.Users, Places: w.Repositories, Gate: w.Gate}))
	return w
}

func ok(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// labels are the labels of listed tokens.
func labels(list []shown) string {
	var all []string
	for _, v := range list {
		all = append(all, v.Label)
	}
	slices.Sort(all)
	return fmt.Sprint(all)
}

func TestATokenMakesOneThatIsAnsweredOnce(t *testing.T) {
	w := world(t)
	var made issued
	w.Into(&made, "minter", "create_auth_token", `{"label":"build","kind":"vcs","repositories":"team/app, team/**","access":"write","refs":["refs/heads/renovate/*"],`+
		`"fast_forward_only":true,"no_delete":"1","expires":"30d","networks":["10.0.0.0/8"]}`)
	secret, err := token.Parse(made.Token)
	ok(t, err)
	row, found := w.Tokens.Find(secret)
	if !found || row.ID != made.ID || row.UserID != w.User("ada").ID || row.CreatedByToken != w.IDs["minter"] || row.CreatedBy != "ada" || row.CreatedFrom != "192.0.2.7" {
		t.Errorf("the row is %+v", row)
	}
	if fmt.Sprintf("%v %v %v %v %v %s %s %s %s", made.Repositories, made.Refs, made.FastForwardOnly, made.NoDelete, made.Networks, made.Kind, made.Access, made.State, *made.User) !=
		"[team/app team/**] [refs/heads/renovate/*] true true [10.0.0.0/8] vcs write live ada" {
		t.Errorf("got %+v", made)
	}
	if days := time.Until(*made.ExpiresOn).Hours() / 24; days < 29.9 || days > 30 {
		t.Errorf("it ends in %v days", days)
	}
	result, _ := w.Call("minter", "get_auth_tokens", `{}`)
	if strings.Contains(string(result), made.Token) || !strings.Contains(string(result), made.ID) {
		t.Errorf("the list has %s", result)
	}
}

func TestTheDefaultsOfANewTokenAreThoseOfTheCommandLine(t *testing.T) {
	w := world(t)
	for kind, want := range map[string]string{"vcs": "write", "api": "write", "feed": "read", "web": "read"} {
		var made issued
		w.Into(&made, "minter", "create_auth_token", `{"label":"x","kind":"`+kind+`"}`)
		if days := time.Until(*made.ExpiresOn).Hours() / 24; made.Access != want || made.Bound || len(made.Rights) > 0 || days < 89.9 || days > 90 {
			t.Errorf("%s: got %+v", kind, made)
		}
	}
	for expires, hours := range map[string]float64{`3600`: 1, `"3600"`: 1, `"1h"`: 1, `"2d"`: 48} {
		var made issued
		w.Into(&made, "minter", "create_auth_token", `{"label":"x","kind":"feed","expires":`+expires+`}`)
		if got := time.Until(*made.ExpiresOn).Hours(); got < hours-0.1 || got > hours {
			t.Errorf("%s: it ends in %v hours", expires, got)
		}
	}
	var made issued
	w.Into(&made, "minter", "create_auth_token", `{"label":"x","kind":"feed","expires":"never"}`)
	if made.ExpiresOn != nil {
		t.Errorf("never: it ends %v", made.ExpiresOn)
	}
}

func TestACredentialMakesNoStrongerOne(t *testing.T) {
	w := world(t)
	const beyond = "a token makes none that gives more than it does itself: "
	w.API("reader", "ada", func(q *token.Request) { q.Access, q.Rights = token.Read, []token.Right{token.RightTokens} })
	for _, row := range []struct{ name, as, args, want string }{
		{"without the right", "ada", `{"label":"x","kind":"vcs"}`, `Access was denied to this resource. This token has not the right "tokens", which is needed here. Make one with it.`},
		{"by one that reads", "reader", `{"label":"x","kind":"vcs"}`, ""},
		{"for somebody else", "minter", `{"label":"x","kind":"vcs","userid":"bob"}`, "userid is not the same as your user"},
		{"for nobody", "minter", `{"label":"x","kind":"vcs","userid":"nobody"}`, "userid is not the same as your user"},
		{"for a service account", "minter", `{"label":"x","kind":"vcs","service":"ci"}`, "Only an administrator's token with the right admin, bound to nothing, makes tokens of service accounts"},
		{"a right that it has not", "minter", `{"label":"x","kind":"api","rights":["admin"]}`, beyond + "it has not the right admin"},
		{"in another repository", "narrow", `{"label":"x","kind":"vcs","repositories":["lib"],"expires":"1d"}`, "repository `lib` does not exist"},
		{"in the whole group", "narrow", `{"label":"x","kind":"vcs","repositories":["team/**"],"expires":"1d"}`, beyond + "a group lies outside of those that it is bound to"},
		{"for ever", "narrow", `{"label":"x","kind":"vcs","expires":"never"}`, ""},
		{"for longer", "narrow", `{"label":"x","kind":"vcs","expires":"8d"}`, ""},
		{"from everywhere", "narrow", `{"label":"x","kind":"vcs","expires":"1d","networks":["0.0.0.0/0"]}`, beyond + "it is not taken from 0.0.0.0/0"},
		{"with another right", "narrow", `{"label":"x","kind":"api","expires":"1d","rights":["account"]}`, beyond + "it has not the right account"},
		{"a repository that is not theirs", "minter", `{"label":"x","kind":"vcs","repositories":["secret"]}`, "repository `secret` does not exist"},
		{"a repository that is not there", "minter", `{"label":"x","kind":"vcs","repositories":["nowhere"]}`, "repository `nowhere` does not exist"},
		{"a group that is not there", "minter", `{"label":"x","kind":"vcs","repositories":["nowhere/**"]}`, "repository group `nowhere` does not exist"},
		{"a deploy token of another's repository", "minter", `{"label":"x","kind":"vcs","deploy_repoid":"secret"}`, "repository `secret` does not exist"},
		{"a deploy token out of scope", "narrow", `{"label":"x","kind":"vcs","deploy_repoid":"lib","expires":"1d"}`, "repository `lib` does not exist"},
		{"a deploy token of its group", "narrow", `{"label":"x","kind":"vcs","deploy_repogroupid":"team","expires":"1d"}`, "repository group `team` does not exist"},
	} {
		before := len(w.Tokens.List(""))
		result, fault := w.Call(row.as, "create_auth_token", row.args)
		if fault == "" || row.want != "" && fault != row.want {
			t.Errorf("%s: got %s, error %q, want %q", row.name, result, fault, row.want)
		}
		if len(w.Tokens.List("")) != before {
			t.Errorf("%s: a token was made", row.name)
		}
	}
}

func TestWhatIsLeftOpenIsAsTheCallingToken(t *testing.T) {
	w := world(t)
	var made issued
	w.Into(&made, "narrow", "create_auth_token", `{"label":"inner","kind":"vcs"}`)
	if got := fmt.Sprint(made.Bound, made.Repositories, made.Networks); got != "true [team/app] [192.0.2.0/24]" {
		t.Errorf("got %s", got)
	}
	maker, _ := w.Tokens.ByID(w.IDs["narrow"])
	if made.ExpiresOn.After(maker.ExpiresAt) {
		t.Errorf("it ends %v, its maker %v", made.ExpiresOn, maker.ExpiresAt)
	}
}

func TestWhatCannotBeMadeIsSaid(t *testing.T) {
	w := world(t)
	for args, want := range map[string]string{
		`{"kind":"vcs"}`:                                                  "Missing non optional `label` arg in JSON DATA",
		`{"label":"x"}`:                                                   "Missing non optional `kind` arg in JSON DATA",
		`{"label":"x","kind":"all"}`:                                      "Invalid `kind` arg in JSON DATA: it must be one of api, feed, vcs, web",
		`{"label":" ","kind":"vcs"}`:                                      "such a token cannot be made: a label of 1 to 100 printable characters says what it is for",
		`{"label":"x","kind":"feed","access":"write"}`:                    "such a token cannot be made: a feed token only reads",
		`{"label":"x","kind":"vcs","rights":["tokens"]}`:                  "such a token cannot be made: rights are for api tokens",
		`{"label":"x","kind":"vcs","userid":"ada","deploy_repoid":"lib"}`: "A token belongs to a person, a service account, a repository or a group: name one of these",
	} {
		w.Refuses("minter", "create_auth_token", args, want)
	}
	for _, args := range []string{`"yesterday"`, `""`, `true`, `-5`, `0`, `"2020-01-01"`, `[1]`} {
		_, fault := w.Call("minter", "create_auth_token", `{"label":"x","kind":"vcs","expires":`+args+`}`)
		if !strings.HasPrefix(fault, "Invalid `expires` arg in JSON DATA") {
			t.Errorf("expires %s: got %q", args, fault)
		}
	}
	if _, fault := w.Call("minter", "create_auth_token", `{"label":"x","kind":"vcs","networks":["10.0.0.1/8"]}`); !strings.HasPrefix(fault, "not a network") {
		t.Errorf("networks: got %q", fault)
	}
}

func TestAdministratorsMakeTokensForOthersAndForServices(t *testing.T) {
	w := world(t)
	var made issued
	w.Into(&made, "chief", "create_auth_token", `{"label":"for bob","kind":"vcs","userid":"bob"}`)
	if *made.User != "bob" || *made.CreatedByToken != w.IDs["chief"] {
		t.Errorf("got %+v", made)
	}
	w.Into(&made, "chief", "create_auth_token", `{"label":"ci","kind":"vcs","service":"ci"}`)
	if ci := w.User("ci"); !ci.Service || *made.User != "ci" {
		t.Errorf("the account is %+v, the token %+v", ci, made)
	}
	w.Into(&made, "chief", "create_auth_token", `{"label":"ci again","kind":"vcs","service":"ci"}`)
	w.Refuses("chief", "create_auth_token", `{"label":"x","kind":"vcs","service":"bob"}`, "user `bob` is a person and no service account; name them by `userid`")
	w.Refuses("chief", "create_auth_token", `{"label":"x","kind":"vcs","userid":"nobody"}`, "user `nobody` does not exist")
	w.Into(&made, "minter", "create_auth_token", `{"label":"deploy","kind":"vcs","access":"read","deploy_repoid":"team/app"}`)
	if made.User != nil || *made.DeployRepository != "team/app" {
		t.Errorf("a deploy token: %+v", made)
	}
}

// TestAnAdministratorsTokenWithoutTheRightIsAPersonsToken: what is reserved needs both.
func TestAnAdministratorsTokenWithoutTheRightIsAPersonsToken(t *testing.T) {
	w := world(t)
	w.API("plain chief", "chief", func(q *token.Request) { q.Rights = []token.Right{token.RightTokens, token.RightAccount} })
	app, _ := w.Repositories.ByPath("team/app")
	w.API("bound chief", "chief", func(q *token.Request) { q.Rights, q.Repositories = token.AllRights(), []string{app.ID} })
	for _, as := range []string{"plain chief", "bound chief"} {
		w.Refuses(as, "create_auth_token", `{"label":"x","kind":"vcs","userid":"bob"}`, others)
		w.Refuses(as, "get_auth_tokens", `{"userid":"bob"}`, others)
		w.Refuses(as, "revoke_auth_token", `{"auth_token_id":"`+w.IDs["bob"]+`"}`, "auth token `"+w.IDs["bob"]+"` does not exist")
		if _, fault := w.Call(as, "get_auth_tokens", `{"all":true}`); fault == "" {
			t.Errorf("%s lists everybody's tokens", as)
		}
	}
}

func TestTokensAreListedToWhomTheyBelong(t *testing.T) {
	w := world(t)
	app, _ := w.Repositories.ByPath("team/app")
	w.Token("decoy", token.Request{UserID: w.User("ada").ID, Kind: token.VCS, Decoy: true})
	w.Token("deploy", token.Request{Kind: token.VCS, Deploy: token.Deploy{RepositoryID: app.ID}})
	var made issued
	w.Into(&made, "narrow", "create_auth_token", `{"label":"inner","kind":"vcs","expires":"1d"}`)
	for _, row := range []struct{ as, args, want string }{
		{"minter", `{}`, "[ada inner minter narrow]"},
		{"minter", `{"userid":"ada"}`, "[ada inner minter narrow]"},
		{"minter", `{"kind":"vcs"}`, "[inner]"},
		{"minter", `{"made_by":"` + w.IDs["narrow"] + `"}`, "[inner]"},
		{"minter", `{"repoid":"team/app"}`, "[deploy]"},
		{"minter", `{"expires_within":"30d"}`, "[inner narrow]"},
		{"minter", `{"expires_within":"2d"}`, "[inner]"},
		{"minter", `{"state":"revoked"}`, "[]"},
		{"narrow", `{}`, "[inner narrow]"},
		{"chief", `{"userid":"ada"}`, "[ada decoy inner minter narrow]"},
		{"chief", `{"all":true,"state":"decoy"}`, "[decoy]"},
		{"chief", `{"all":true,"kind":"vcs","state":"live"}`, "[deploy inner]"},
		{"minter", `{"limit":2}`, "[inner narrow]"},
	} {
		var list []shown
		w.Into(&list, row.as, "get_auth_tokens", row.args)
		if got := labels(list); got != row.want {
			t.Errorf("%s %s: got %s, want %s", row.as, row.args, got, row.want)
		}
	}
	w.Refuses("ada", "get_auth_tokens", `{}`, `Access was denied to this resource. This token has not the right "tokens", which is needed here. Make one with it.`)
	w.Refuses("minter", "get_auth_tokens", `{"userid":"bob"}`, others)
	w.Refuses("minter", "get_auth_tokens", `{"repoid":"secret"}`, "repository `secret` does not exist")
	w.Refuses("minter", "get_auth_tokens", `{"repogroupid":"nowhere"}`, "repository group `nowhere` does not exist")
	w.Refuses("minter", "get_auth_tokens", `{"userid":"ada","repoid":"lib"}`, "Name one of `userid`, `all`, `repoid` and `repogroupid`")
	w.Refuses("minter", "get_auth_tokens", `{"expires_within":"soon"}`, "Invalid `expires_within` arg in JSON DATA: it is a time such as 14d, 12h or 1y")
	w.Refuses("minter", "get_auth_tokens", `{"limit":0}`, "Invalid `limit` arg in JSON DATA: it must be 1 to 1000")
	w.Refuses("chief", "get_auth_tokens", `{"userid":"nobody"}`, "user `nobody` does not exist")
}

func TestListsOfTokensHavePages(t *testing.T) {
	w := world(t)
	seen, after := []string{}, ""
	for range 10 {
		var list []shown
		w.Into(&list, "chief", "get_auth_tokens", `{"all":true,"limit":2,"after":"`+after+`"}`)
		if len(list) == 0 {
			break
		}
		for _, v := range list {
			seen = append(seen, v.ID)
		}
		after = seen[len(seen)-1]
	}
	all := w.Tokens.List("")
	if slices.Sort(seen); len(seen) != len(all) || len(slices.Compact(seen)) != len(all) {
		t.Errorf("seen %d, there are %d", len(seen), len(all))
	}
	w.Refuses("chief", "get_auth_tokens", `{"after":"gone"}`, "auth token `gone` does not exist in this list")
}

func TestPlacesThatTheCallerMayNotReadAnyMoreAreNotTold(t *testing.T) {
	w := world(t)
	r := w.Repo("eves", "eve")
	ok(t, w.Repositories.Give(t.Context(), apitest.Root, r.ID, w.User("ada").ID, access.Read))
	w.Token("old", token.Request{UserID: w.User("ada").ID, Kind: token.VCS, Repositories: []string{r.ID}})
	ok(t, w.Repositories.Take(t.Context(), apitest.Root, r.ID, w.User("ada").ID))
	result, _ := w.Call("minter", "get_auth_tokens", `{}`)
	if strings.Contains(string(result), "eves") {
		t.Errorf("got %s", result)
	}
}

func TestTokensThatNobodyUsesAreReported(t *testing.T) {
	w := world(t)
	later := Methods(Options{Tokens: w.Tokens, Keys: w.Keys, People: w.Users, Places: w.Repositories, Gate: w.Gate,
		Now: func() time.Time { return time.Now().Add(100 * 24 * time.Hour) }})
	w.Tokens.Used(w.IDs["minter"], "api", "192.0.2.7")
	report := func() string {
		var list []shown
		w.Into(&list, "chief", "get_auth_tokens", `{"userid":"ada","unused_for":"90d"}`)
		return labels(list)
	}
	if got := report(); got != "[]" {
		t.Errorf("now: got %s", got)
	}
	w.Serve(later)
	if got := report(); got != "[ada minter]" { // narrow has ended by then
		t.Errorf("in 100 days: got %s", got)
	}
}

// steps are the names of an explanation's checks, those that are a no in capitals.
func steps(e explained) string {
	var all []string
	for _, s := range e.Steps {
		if s.OK {
			all = append(all, s.Name)
			continue
		}
		all = append(all, strings.ToUpper(s.Name))
	}
	return strings.Join(all, ", ")
}

func TestExplainingTellsNobodyWhatTheyMayNotRead(t *testing.T) {
	w := world(t)
	w.Repo("bobs", "bob")
	w.Token("vcs", token.Request{UserID: w.User("ada").ID, Kind: token.VCS, Repositories: []string{repoID(w, "team/app")}})
	ok(t, w.SignIn.Enable(t.Context(), apitest.Root, "token"))
	id := `"auth_token_id":"` + w.IDs["vcs"] + `"`
	const token = "genuine, kind, alive, network, switched on, owner active"
	for _, row := range []struct{ as, repo, want string }{
		{"minter", "team/app", token + ", repository, scope, permission"},
		{"minter", "lib", token + ", repository, SCOPE"},
		{"minter", "secret", token + ", REPOSITORY"},
		{"minter", "nowhere", token + ", REPOSITORY"},
		{"chief", "secret", token + ", repository, SCOPE"},
		{"chief", "nowhere", token + ", REPOSITORY"},
	} {
		var e explained
		w.Into(&e, row.as, "explain_auth_token", `{`+id+`,"repoid":"`+row.repo+`"}`)
		if got := steps(e); got != row.want || e.Allowed != (row.repo == "team/app") {
			t.Errorf("%s, %s: got %s (%v), want %s", row.as, row.repo, got, e.Allowed, row.want)
		}
	}
	// To the letter, there is no difference between what is not there and what may not be read.
	there, _ := w.Call("minter", "explain_auth_token", `{`+id+`,"repoid":"secret"}`)
	gone, _ := w.Call("minter", "explain_auth_token", `{`+id+`,"repoid":"nowhere"}`)
	byID, _ := w.Call("minter", "explain_auth_token", `{`+id+`,"repoid":"`+repoID(w, "secret")+`"}`)
	if string(there) != string(gone) || string(byID) != string(gone) {
		t.Errorf("of a repository that is there:\n%s\n%s\nof one that is not:\n%s", there, byID, gone)
	}
	// A bound token asks about its own token of the same person, for a repository outside of its scope.
	var inner issued
	w.Into(&inner, "narrow", "create_auth_token", `{"label":"inner","kind":"vcs","expires":"1d"}`)
	out, _ := w.Call("narrow", "explain_auth_token", `{"auth_token_id":"`+inner.ID+`","repoid":"lib","ip":"192.0.2.7"}`)
	out2, _ := w.Call("narrow", "explain_auth_token", `{"auth_token_id":"`+inner.ID+`","repoid":"nowhere","ip":"192.0.2.7"}`)
	if string(out) != string(out2) {
		t.Errorf("out of scope:\n%s\nnot there:\n%s", out, out2)
	}
	var e explained
	w.Into(&e, "minter", "explain_auth_token", `{"auth_token_id":"`+inner.ID+`","ip":"198.51.100.1"}`)
	if got := steps(e); !strings.Contains(got, "NETWORK") || e.Allowed {
		t.Errorf("from elsewhere: %s", got)
	}
	w.Into(&e, "minter", "explain_auth_token", `{`+id+`,"repoid":"team/app","access":"write"}`)
	if got := steps(e); !strings.HasSuffix(got, "WRITE") {
		t.Errorf("to write: %s", got)
	}
	w.Refuses("minter", "explain_auth_token", `{`+id+`,"ip":"here"}`, "Invalid `ip` arg in JSON DATA: it is no address, such as 192.0.2.7 or 2001:db8::7")
}

func repoID(w *apitest.World, path string) string {
	r, _ := w.Repositories.ByPath(path)
	return r.ID
}

func TestEveryMethodHereNeedsTheRight(t *testing.T) {
	w := world(t)
	for _, name := range []string{"get_auth_tokens", "create_auth_token", "rotate_auth_token", "revoke_auth_token", "explain_auth_token"} {
		args, _ := json.Marshal(map[string]any{"auth_token": w.Secrets["ada"], "label": "x", "kind": "vcs"})
		if name == "get_auth_tokens" {
			args = []byte(`{}`)
		}
		if _, fault := w.Call("ada", name, string(args)); !strings.Contains(fault, `has not the right "tokens"`) {
			t.Errorf("%s: got %q", name, fault)
		}
	}
}
