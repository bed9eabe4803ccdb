package integration

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"

	"jeton/auth/token"
	"jeton/cmd/jeton/wire"
	"jeton/web/api/method"
)

// fitting is a value that an argument takes, whatever it means.
func fitting(a method.Arg) any {
	switch {
	case len(a.Choices) > 0 && a.Type == method.Strings:
		return a.Choices[:1]
	case len(a.Choices) > 0:
		return a.Choices[0]
	}
	switch a.Type {
	case method.Integer:
		return 1
	case method.Boolean:
		return true
	case method.Strings:
		return []string{"x"}
	case method.Object:
		return args{}
	}
	return "x"
}

// unfitting are values that an argument does not take.
func unfitting(a method.Arg) []any {
	switch a.Type {
	case method.String:
		return []any{7, args{}, "a\x00b"}
	case method.Name:
		return []any{[]string{}, 1.5, json.Number("9007199254740993")}
	case method.Integer:
		return []any{"many", 1.5, json.Number("9007199254740993")}
	case method.Boolean:
		return []any{"perhaps", 7, []string{}}
	case method.Strings:
		return []any{7, args{}, []int{1}}
	case method.Object:
		return []any{7, []string{}, args{"a": "b\x00"}}
	}
	return nil
}

// required are values for all arguments that must be given; more are set besides.
func required(m method.Method, more args) args {
	given := args{}
	for _, a := range m.Args {
		if !a.Optional {
			given[a.Name] = fitting(a)
		}
	}
	for name, v := range more {
		given[name] = v
	}
	return given
}

// calls are calls by the errors that they must be answered with; a text that ends in … is the error's beginning.
type calls map[string]apiCall

func (l calls) add(m method.Method, what, as string, given args, want string) {
	l[what+": "+want] = apiCall{As: as, Method: m.Name, Args: given}
}

// misspoken are calls of a method with arguments that are missing or of a wrong type.
func misspoken(m method.Method) calls {
	list := calls{}
	for _, a := range m.Args {
		if !a.Optional {
			given := required(m, nil)
			delete(given, a.Name)
			list.add(m, "without "+a.Name, "admin", given, fmt.Sprintf("Missing non optional `%s` arg in JSON DATA", a.Name))
		}
		for _, v := range unfitting(a) {
			list.add(m, fmt.Sprintf("%s is %q", a.Name, fmt.Sprint(v)), "admin", required(m, args{a.Name: v}), fmt.Sprintf("Invalid `%s` arg in JSON DATA: …", a.Name))
		}
	}
	return list
}

// forbidden are calls of a method by who may not make them, and about what is not there.
func forbidden(m method.Method) calls {
	list := calls{}
	add := func(what, as string, given args, want string) { list.add(m, what, as, given, want) }
	add("without a token", "nobody", required(m, nil), "Incorrect JSON data. Missing 'api_key or auth_token'")
	add("with a feed token", "feed", required(m, nil), "API KEY has bad role for an API call. …")
	if m.Changes {
		add("with a read-only token", "read-only", required(m, nil), "Access was denied to this resource. This token may only read…")
	}
	about := func(name string) args { return required(m, args{m.On.Arg: name}) }
	switch m.On.Kind {
	case method.Repository:
		add("a stranger", "stranger", about("team/app"), "repository `team/app` does not exist")
		add("unknown", "admin", about("no/such"), "repository `no/such` does not exist")
		add("outside of the token's repositories", "bound", about("team/old"), "repository `team/old` does not exist")
	case method.RepositoryGroup:
		add("a stranger", "stranger", about("team"), "repository group `team` does not exist")
		add("unknown", "admin", about("no/such"), "repository group `no/such` does not exist")
		add("a bound token", "bound", about("team"), "Access was denied to this resource. This token is bound…")
	case method.UserGroup:
		add("a stranger", "stranger", about("crew"), "user group `crew` does not exist")
		add("unknown", "admin", about("no-such"), "user group `no-such` does not exist")
		add("a bound token", "bound", about("crew"), "Access was denied to this resource. This token is bound…")
	case method.Person:
		add("a stranger", "stranger", about("ada"), "userid is not the same as your user")
		add("a stranger about nobody", "stranger", about("nobody-at-all"), "userid is not the same as your user")
		add("unknown", "admin", about("nobody-at-all"), "user `nobody-at-all` does not exist")
	case method.NewRepository:
		add("a stranger", "stranger", about("team/new"), "{\"repo_group\":\"Repository group `team` does not exist\"}")
		add("a stranger in a group that is not there", "stranger", about("nothing/new"), "{\"repo_group\":\"Repository group `nothing` does not exist\"}")
	case method.NewGroup:
		add("a stranger", "stranger", about("team/new"), "{\"repo_group\":\"Parent repository group `team` does not exist\"}")
		add("a stranger in a group that is not there", "stranger", about("nothing/new"), "{\"repo_group\":\"Parent repository group `nothing` does not exist\"}")
	case method.Server:
		add("a bound token", "bound", required(m, nil), "Access was denied to this resource. This token is bound…")
	}
	if m.Right != "" && (m.On.Kind == method.Server || m.On.Kind == method.Open || m.Right == token.RightAdmin && m.On.Kind == method.Person) {
		given := required(m, nil)
		if m.On.Kind == method.Person { // oneself: about others it is refused before
			given = about("ada")
		}
		add("without the right", "owner", given, "Access was denied to this resource. …")
	}
	return list
}

// refuses makes calls, each of which must be refused as it says.
func (w *apiWorld) refuses(t *testing.T, list calls) {
	for what, c := range list {
		_, want, _ := strings.Cut(what, ": ")
		got := w.call(t, c).text()
		if begin, open := strings.CutSuffix(want, "…"); got != want && (!open || !strings.HasPrefix(got, begin)) {
			t.Errorf("%s\nanswered %q", what, got)
		}
	}
}

// TestAPIRefuses calls every declared method in all ways that it must refuse. Arguments are read before any database is
// asked, and so over one of them.
func TestAPIRefuses(t *testing.T) {
	t.Parallel()
	onBothDatabases(t, func(t *testing.T, env ...string) {
		w := newAPIWorld(t, env...)
		for _, m := range wire.Declared() {
			t.Run(m.Name, func(t *testing.T) {
				w.refuses(t, forbidden(m))
				if strings.HasSuffix(t.Name(), "sqlite/"+m.Name) {
					w.refuses(t, misspoken(m))
				}
			})
		}
	})
}
