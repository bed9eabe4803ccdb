// Package rest serves the API's methods under addresses of their own, with the verbs and statuses of HTTP:
//
//	GET /_admin/rest/repos/team/app ─► the table of routes ─► get_repo {"repoid": "team/app"} ─► 200, the result
//
// A route is a declaration (method.Method.REST) and nothing else; checking, permission and limits are those of JSON-RPC
// (web/api), which makes the call. Errors are application/problem+json (RFC 9457). The machine-readable documents of the
// API are handed out here too, to everybody: they tell what is declared, and nothing of what is kept.
package rest

import (
	"encoding/json"
	"log/slog"
	"net/http"
	"net/url"
	"slices"
	"strings"

	"jeton/vcs/wire"
	"jeton/web/api/method"
)

// Caller makes calls; *api.Handler does.
type Caller interface {
	// Serve lets a request in (limits), reads its body where it has one, and calls a method with args and what the body has.
	// Its error is a *method.Error. It may set headers, and writes nothing else.
	Serve(w http.ResponseWriter, r *http.Request, m method.Method, args method.Values) (any, error)
}

// Options are what New needs.
type Options struct {
	Methods []method.Method
	Caller  Caller
	// Documents are openapi.json and the like, by their addresses below the server's.
	Documents map[string][]byte
	// Base is the server's base path, "" or "/git".
	Base string
	// Log is told what the server fails in; nil drops it.
	Log *slog.Logger
}

// Address is where routes begin, below the server's address.
const Address = "/_admin/rest/"

// Handler serves the routes. It may be used by several at once.
type Handler struct {
	o      Options
	routes []Route
}

// New makes the handler. Its error is a declaration that is wrong.
func New(o Options) (*Handler, error) {
	routes, err := Routes(o.Methods)
	if err != nil {
		return nil, err
	}
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	return &Handler{o, routes}, nil
}

// ServeHTTP serves a request for a route or a document.
func (h *Handler) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	at, _ := strings.CutPrefix(r.URL.EscapedPath(), h.o.Base)
	if text, ok := h.o.Documents[at]; ok {
		document(w, r, text)
		return
	}
	w.Header().Set("Cache-Control", "no-store")
	route, result, err := h.call(w, r, strings.TrimPrefix(at, Address))
	if err == nil {
		err = h.answer(w, r, route, result)
	}
	if err != nil {
		h.fail(w, err)
	}
}

// call finds the route for a path, and calls its method.
func (h *Handler) call(w http.ResponseWriter, r *http.Request, path string) (Route, any, error) {
	route, inPath, allowed := find(h.routes, verbOf(r), split(path))
	switch {
	case len(allowed) == 0:
		return route, nil, method.Fail(method.NotFound, "There is no such address: %sopenapi.json describes all of them.", h.o.Base+Address)
	case route.Verb == "":
		return route, nil, onlyBy(w, allowed...)
	}
	args, err := given(r, route, inPath)
	if err != nil {
		return route, nil, err
	}
	result, err := h.o.Caller.Serve(w, r, route.Method, args)
	return route, result, err
}

// onlyBy is the answer to a verb that an address does not know.
func onlyBy(w http.ResponseWriter, allowed ...string) error {
	slices.Sort(allowed)
	list := strings.Join(allowed, ", ")
	w.Header().Set("Allow", list)
	return method.Fail(method.BadMethod, "This address answers %s alone.", list)
}

// verbOf is a request's verb; what GET answers HEAD does.
func verbOf(r *http.Request) string {
	if r.Method == http.MethodHead {
		return http.MethodGet
	}
	return r.Method
}

// Secret tells whether an argument is never taken from an address, which others log and remember.
func Secret(arg string) bool { return arg == "auth_token" || arg == "api_key" || arg == "password" }

// given are the arguments in the path and the query.
func given(r *http.Request, route Route, path map[string]string) (method.Values, error) {
	values := method.Values{}
	query, err := url.ParseQuery(r.URL.RawQuery)
	if err != nil {
		return nil, method.Fail(method.Invalid, "the query is not percent-encoded rightly")
	}
	for name, list := range query {
		switch {
		case Secret(name):
			return nil, method.Fail(method.Invalid, "`%s` is never taken from an address, which others log: send tokens as Authorization: Bearer", name)
		case route.HasBody():
			return nil, method.Fail(method.Invalid, "arguments come in the body of a %s, not in the query", route.Verb)
		case route.In(name):
			return nil, method.Fail(method.Invalid, "`%s` stands in the path already", wire.Escape(name))
		}
		if i := slices.IndexFunc(route.Method.Args, func(a method.Arg) bool { return a.Name == name || slices.Contains(a.Aliases, name) }); i >= 0 {
			if values[name], err = fromQuery(route.Method.Args[i], list); err != nil {
				return nil, err
			}
		}
	}
	for name, text := range path {
		values[name] = quoted(text)
	}
	return values, nil
}

// fromQuery is an argument out of the query as JSON. Digits, true and false are taken in quotes as well.
func fromQuery(a method.Arg, list []string) (json.RawMessage, error) {
	switch {
	case a.Type == method.Strings && len(list) > 1:
		return json.Marshal(list)
	case len(list) > 1:
		return nil, method.Fail(method.Invalid, "`%s` is there more than once", a.Name)
	case a.Type == method.Object || a.Type == method.Any:
		if text := []byte(list[0]); json.Valid(text) {
			return text, nil
		}
		if a.Type == method.Object {
			return nil, method.Fail(method.Invalid, "`%s` is an object, written as JSON", a.Name)
		}
	}
	return quoted(list[0]), nil
}

func quoted(text string) json.RawMessage {
	b, err := json.Marshal(text)
	if err != nil { // of a string
		panic(err)
	}
	return b
}
