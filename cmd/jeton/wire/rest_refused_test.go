package wire

import (
	"maps"
	"net/http"
	"testing"

	"jeton/web/api/method"
	"jeton/web/api/rest"
)

// Whatever a route is about: without a token, with one that is none, with one of another kind, with an argument of the
// wrong type, and for what is not there, it answers what JSON-RPC does, with the status that belongs to it.
func TestEachRouteRefusesAsItsMethodDoes(t *testing.T) {
	w := newTwin(t)
	for _, r := range routes(t) {
		args := example(t, r.Method)
		for _, s := range r.Method.Args {
			if r.In(s.Name) && args[s.Name] == nil {
				args[s.Name] = "ada"
			}
			if !r.HasBody() && !r.In(s.Name) && rest.Secret(s.Name) {
				delete(args, s.Name)
			}
		}
		rows := []refusal{
			{"without a token", "", args, http.StatusUnauthorized},
			{"with a token that is none", "jet_api_0123456789ABCDEFGHIJabcdefghijKL0yZQIv", args, http.StatusUnauthorized},
			{"with a token of another kind", "jet_vcs_0123456789ABCDEFGHIJabcdefghijKL45YjdM", args, http.StatusUnauthorized},
		}
		rows = append(rows, wrong(r, w.secret, args)...)
		for _, row := range rows {
			want, got := w.rpc(r.Method, row.secret, row.args), w.rest(r, row.secret, row.args)
			if got.text != want.text || got.code != want.code || got.status != row.status {
				t.Errorf("%s %s %s\n got %d %s %s\nwant %d %s %s", r.Verb, r.Path, row.name, got.status, got.code, got.text, row.status, want.code, want.text)
			}
			if asks := got.header.Get("WWW-Authenticate"); (got.status == http.StatusUnauthorized) != (asks != "") {
				t.Errorf("%s %s %s: WWW-Authenticate is %q", r.Verb, r.Path, row.name, asks)
			}
		}
	}
}

// refusal is a call that is refused.
type refusal struct {
	name, secret string
	args         map[string]any
	status       int
}

// wrong are calls with something wrong in their arguments, as far as a route's arguments can be wrong.
func wrong(r rest.Route, secret string, args map[string]any) []refusal {
	var rows []refusal
	with := func(name string, value any) map[string]any {
		changed := maps.Clone(args)
		changed[name] = value
		return changed
	}
	for _, a := range r.Method.Args {
		switch {
		case a.Type == method.Integer:
			rows = append(rows, refusal{"with letters for " + a.Name, secret, with(a.Name, "many"), http.StatusBadRequest})
		case a.Type == method.Boolean:
			rows = append(rows, refusal{"with a word for " + a.Name, secret, with(a.Name, "perhaps"), http.StatusBadRequest})
		case a.Type == method.String && r.HasBody() && !r.In(a.Name):
			rows = append(rows, refusal{"with a list for " + a.Name, secret, with(a.Name, []int{1}), http.StatusBadRequest})
		}
		if !a.Optional && !r.In(a.Name) {
			less := maps.Clone(args)
			delete(less, a.Name)
			rows = append(rows, refusal{"without " + a.Name, secret, less, http.StatusBadRequest})
		}
	}
	switch on := r.Method.On; on.Kind {
	case method.Repository, method.RepositoryGroup, method.UserGroup, method.Person:
		rows = append(rows, refusal{"for what is not there", secret, with(on.Arg, "nobody-has-this"), http.StatusNotFound})
	}
	return rows
}
