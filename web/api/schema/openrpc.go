package schema

import (
	"encoding/json"
	"maps"
	"slices"

	"jeton/web/api/method"
)

// frame says how calls of these methods look, which OpenRPC cannot: it describes JSON-RPC 2.0, and RhodeCode's frame is
// older.
const frame = "Calls are POST requests of {\"id\": any, \"auth_token\": \"…\", \"method\": \"…\", \"args\": {…}}, answered by " +
	"{\"id\": the same, \"result\": …, \"error\": null or a text}: the params of this document are the args, by name. " +
	"The token may stand in Authorization: Bearer instead. See docs/api.md."

// OpenRPC describes the methods in OpenRPC 1.3 (https://spec.open-rpc.org).
func OpenRPC(methods []method.Method, s Server) ([]byte, error) {
	shapes := newShapes()
	list := []any{}
	for _, m := range sorted(methods) {
		list = append(list, rpcMethod(m, shapes))
	}
	return encode(object{
		"openrpc":    "1.3.2",
		"info":       object{"title": "Jeton's API", "version": s.Version, "description": frame, "license": object{"name": "Apache-2.0"}},
		"servers":    []any{object{"name": "this server", "url": s.URL + "/_admin/api"}},
		"methods":    list,
		"components": object{"schemas": shapes.all},
	})
}

func rpcMethod(m method.Method, s *shapes) object {
	params := []any{}
	for _, a := range requiredFirst(m.Args) {
		params = append(params, object{"name": a.Name, "description": a.Doc, "required": !a.Optional, "schema": argument(a)})
	}
	o := object{
		"name": m.Name, "summary": Summary(m), "description": m.Doc + "\n\nNeeds " + lower(Needs(m)) + ".", "paramStructure": "by-name", "params": params,
		"result":        object{"name": "result", "schema": s.of(m.Result)},
		"x-changes":     m.Changes,
		"x-of-jeton":    m.New,
		"x-error-texts": slices.Concat([]string{}, m.Fails),
	}
	if m.REST != "" {
		o["x-rest"] = m.REST
	}
	if m.Example != "" {
		o["examples"] = []any{example(m)}
	}
	return o
}

// example is a call, argument by argument.
func example(m method.Method) object {
	var args map[string]json.RawMessage
	params := []any{}
	if json.Unmarshal([]byte(m.Example), &args) == nil {
		for _, name := range slices.Sorted(maps.Keys(args)) {
			params = append(params, object{"name": name, "value": args[name]})
		}
	}
	return object{"name": "a call", "params": params}
}

// requiredFirst are arguments as OpenRPC wants them: those that may be left out stand last.
func requiredFirst(args []method.Arg) []method.Arg {
	return slices.SortedStableFunc(slices.Values(args), func(a, b method.Arg) int {
		switch {
		case a.Optional == b.Optional:
			return 0
		case a.Optional:
			return 1
		}
		return -1
	})
}
