package schema

import (
	"fmt"
	"net/http"
	"strconv"
	"strings"

	"jeton/web/api/method"
	"jeton/web/api/rest"
)

// OpenAPI describes the REST-shaped routes in OpenAPI 3.1 (https://spec.openapis.org/oas/v3.1.1).
func OpenAPI(methods []method.Method, s Server) ([]byte, error) {
	shapes := newShapes()
	routes, err := rest.Routes(sorted(methods))
	if err != nil {
		return nil, err
	}
	paths := object{}
	for _, r := range routes {
		at, ok := paths["/"+r.Path].(object)
		if !ok {
			at = object{}
			paths["/"+r.Path] = at
		}
		at[strings.ToLower(r.Verb)] = operation(r, shapes)
	}
	shapes.all["Problem"] = problem()
	return encode(object{
		"openapi": "3.1.1",
		"info": object{"title": "Jeton's API, REST-shaped", "version": s.Version, "license": object{"name": "Apache-2.0", "identifier": "Apache-2.0"},
			"description": "The methods of the API under addresses of their own. Names that hold slashes are percent-encoded, or an id stands in their place. See docs/api.md."},
		"servers":  []any{object{"url": s.URL + "/_admin/rest"}},
		"security": []any{object{"token": []string{}}},
		"paths":    paths,
		"components": object{"schemas": shapes.all, "responses": responses(),
			"securitySchemes": object{"token": object{"type": "http", "scheme": "bearer", "description": "An api token, jet_api_…"}}},
	})
}

func operation(r rest.Route, s *shapes) object {
	m := r.Method
	o := object{
		"operationId": m.Name, "summary": Summary(m), "description": m.Doc + "\n\nNeeds " + lower(Needs(m)) + ".", "tags": []string{string(m.On.Kind)},
		"responses": answers(r, s.of(m.Result)),
	}
	parameters, members, required := []any{}, object{}, []string{}
	for _, a := range m.Args {
		switch {
		case r.In(a.Name):
			parameters = append(parameters, parameter(a, "path"))
		case r.HasBody():
			members[a.Name] = described(argument(a), a.Doc)
			if !a.Optional {
				required = append(required, a.Name)
			}
		case !rest.Secret(a.Name):
			parameters = append(parameters, parameter(a, "query"))
		}
	}
	if len(parameters) > 0 {
		o["parameters"] = parameters
	}
	if len(members) > 0 {
		o["requestBody"] = object{"required": len(required) > 0,
			"content": object{"application/json": object{"schema": object{"type": "object", "properties": members, "required": required}}}}
	}
	return o
}

func described(o object, doc string) object {
	if doc != "" {
		o["description"] = doc
	}
	return o
}

// parameter is an argument in the path or in the query. Lists come as the same name several times, objects as JSON.
func parameter(a method.Arg, in string) object {
	o := described(object{"name": a.Name, "in": in, "required": in == "path" || !a.Optional}, a.Doc)
	schema := argument(a)
	switch a.Type {
	case method.Name:
		schema["type"] = "string"
	case method.Object, method.Any:
		o["content"] = object{"application/json": object{"schema": schema}}
		return o
	}
	if in == "path" {
		delete(schema, "default")
	}
	o["schema"] = schema
	return o
}

// answers are what a route may answer.
func answers(r rest.Route, result object) object {
	content := object{"application/json": object{"schema": result}}
	all := object{"default": object{"$ref": "#/components/responses/Problem"}}
	done := http.StatusOK
	if r.Makes() {
		done = http.StatusCreated
	}
	all[strconv.Itoa(done)] = object{"description": "The method's result.", "content": content}
	if r.Verb == http.MethodGet {
		all["304"] = object{"description": "As If-None-Match has it."}
	} else {
		all["202"] = object{"description": "A job does it: its id is `task`, and its address is in Location.", "content": content}
	}
	for _, c := range []method.Code{method.Invalid, method.Credential, method.Denied, method.NotFound, method.Conflict, method.Limited, method.Unavailable} {
		if c == method.Conflict && !r.Method.Changes {
			continue
		}
		all[strconv.Itoa(c.Status())] = object{"$ref": "#/components/responses/Problem"}
	}
	return all
}

// problem is the one shape of errors (RFC 9457).
func problem() object {
	text := func(doc string) object { return object{"type": "string", "description": doc} }
	return object{"type": "object", "required": []string{"title", "status", "detail", "code"}, "properties": object{
		"title":  text("The status in words."),
		"status": object{"type": "integer", "description": "The HTTP status."},
		"detail": text("What went wrong: the text of JSON-RPC's `error`."),
		"code":   object{"type": "string", "description": "What sort of error it is.", "enum": codes()},
		"errors": object{"type": "object", "additionalProperties": object{"type": "string"}, "description": "Texts by argument."},
	}}
}

func codes() []method.Code {
	return []method.Code{method.Invalid, method.Credential, method.Denied, method.NotFound, method.BadMethod, method.Conflict, method.TooLarge, method.Limited,
		method.Unavailable, method.Failed}
}

func responses() object {
	return object{"Problem": object{
		"description": "An error.",
		"headers":     object{"Retry-After": object{"description": "When to come again, in seconds (429, 503).", "schema": object{"type": "integer"}}},
		"content":     object{rest.ProblemType: object{"schema": object{"$ref": componentsAt + "Problem"}}},
	}}
}

func lower(s string) string { return fmt.Sprint(strings.ToLower(s[:1]), s[1:]) }
