// Package rest serves the API's methods under addresses of their own, with the verbs and statuses of HTTP:
//
//	GET /_admin/rest/repos/team/app ─► the table of routes ─► get_repo {"repoid": "team/app"} ─► 200, the result
//
// A route is a declaration (method.Method.REST) and nothing else; checking, permission and limits are those of the JSON-RPC
// door (web/api), which makes the call. Errors are application/problem+json (RFC 9457).
package rest

import (
	"bytes"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"jeton/vcs/wire"
	"jeton/web/api/method"
	"jeton/web/etag"
)

// ProblemType is the media type of errors.
const ProblemType = "application/problem+json"

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
	// Document is openapi.json.
	Document []byte
	// Base is what stands before a route in an address, "/_admin/rest/" with the server's base path before it.
	Base string
}

// Handler serves the routes. It may be used by several at once.
type Handler struct {
	o      Options
	routes []Route
	tag    string // of the document
}

// New makes the handler. Its error is a declaration that is wrong.
func New(o Options) (*Handler, error) {
	routes, err := Routes(o.Methods)
	if err != nil {
		return nil, err
	}
	return &Handler{o, routes, tagOf(o.Document)}, nil
}

// ServeHTTP serves a request below Options.Base.
func (h *Handler) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	w.Header().Set("Cache-Control", "private, no-cache")
	escaped, _ := strings.CutPrefix(r.URL.EscapedPath(), h.o.Base)
	if escaped == "openapi.json" {
		h.document(w, r)
		return
	}
	route, args, allowed := find(h.routes, verbOf(r), split(escaped))
	switch {
	case len(allowed) == 0:
		fail(w, method.Fail(method.NotFound, "there is no such address: %sopenapi.json describes all of them", h.o.Base))
		return
	case route.Verb == "":
		slices.Sort(allowed)
		w.Header().Set("Allow", strings.Join(allowed, ", "))
		fail(w, method.Fail(method.BadMethod, "this address answers %s alone", strings.Join(allowed, ", ")))
		return
	}
	values, err := given(r, route, args)
	if err != nil {
		fail(w, err)
		return
	}
	result, err := h.o.Caller.Serve(w, r, route.Method, values)
	if err != nil {
		fail(w, err)
		return
	}
	h.answer(w, r, route, result)
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

// answer writes a result.
func (h *Handler) answer(w http.ResponseWriter, r *http.Request, route Route, result any) {
	body, err := encode(result)
	if err != nil {
		fail(w, fmt.Errorf("write the result of %s: %w", route.Method.Name, err))
		return
	}
	status := http.StatusOK
	switch {
	case route.Verb == http.MethodGet:
		tag := tagOf(body)
		w.Header().Set("ETag", tag)
		if etag.Known(r, tag) {
			w.WriteHeader(http.StatusNotModified)
			return
		}
	case h.jobAt(body) != "":
		status = http.StatusAccepted
		w.Header().Set("Location", h.jobAt(body))
	case route.Makes():
		status = http.StatusCreated
	}
	send(w, status, "application/json", body)
}

// jobAt is the address of the job that a result tells of; "" where it tells of none.
func (h *Handler) jobAt(body []byte) string {
	var made struct {
		Task *string `json:"task"`
	}
	if json.Unmarshal(body, &made) != nil || made.Task == nil {
		return ""
	}
	return h.o.Base + "jobs/" + url.PathEscape(*made.Task)
}

func (h *Handler) document(w http.ResponseWriter, r *http.Request) {
	if verbOf(r) != http.MethodGet {
		w.Header().Set("Allow", "GET, HEAD")
		fail(w, method.Fail(method.BadMethod, "this address answers GET and HEAD alone"))
		return
	}
	w.Header().Set("Cache-Control", "public, no-cache")
	w.Header().Set("ETag", h.tag)
	if etag.Known(r, h.tag) {
		w.WriteHeader(http.StatusNotModified)
		return
	}
	send(w, http.StatusOK, "application/json", h.o.Document)
}

// tagOf is the entity tag of a body.
func tagOf(body []byte) string {
	sum := sha256.Sum256(body)
	return `"` + base64.RawURLEncoding.EncodeToString(sum[:12]) + `"`
}

func encode(v any) ([]byte, error) {
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	err := e.Encode(v)
	return b.Bytes(), err
}

func send(w http.ResponseWriter, status int, kind string, body []byte) {
	h := w.Header()
	h.Set("Content-Type", kind)
	h.Set("X-Content-Type-Options", "nosniff")
	h.Set("Content-Length", strconv.Itoa(len(body)))
	w.WriteHeader(status)
	_, _ = w.Write(body) // whom it cannot be sent to cannot be told either
}

// Problem is an error as it is sent (RFC 9457). Its type is about:blank, so that title is the status in words.
type Problem struct {
	Title  string            `json:"title"`
	Status int               `json:"status"`
	Detail string            `json:"detail"`
	Code   method.Code       `json:"code"`
	Errors map[string]string `json:"errors,omitempty"`
}

// fail writes an error.
func fail(w http.ResponseWriter, err error) {
	var e *method.Error
	if !errors.As(err, &e) {
		e = &method.Error{Code: method.Failed, Text: "the server failed"}
	}
	status := e.Code.Status()
	switch {
	case status == http.StatusUnauthorized:
		w.Header().Set("WWW-Authenticate", `Bearer realm="Jeton"`)
	case e.RetryAfter > 0:
		w.Header().Set("Retry-After", strconv.Itoa(int((e.RetryAfter+time.Second-1)/time.Second)))
	}
	body, err := encode(Problem{http.StatusText(status), status, wire.Escape(e.Error()), e.Code, e.Fields})
	if err != nil { // of strings and a number
		panic(err)
	}
	send(w, status, ProblemType, body)
}
