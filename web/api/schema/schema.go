// Package schema tells people and programs what methods the API has, out of their declarations (web/api/method) alone:
//
//	declarations ─┬─► Reference   docs/api.md, Markdown
//	              ├─► OpenRPC     /_admin/api/openrpc.json, the methods
//	              ├─► OpenAPI     /_admin/rest/openapi.json, the REST-shaped routes
//	              └─► Summary, Needs, Shape …   one method, for the client
//
// It calls no method and reads no request. What it writes depends on nothing but its arguments: the same declarations give
// the same bytes.
package schema

import (
	"bytes"
	"cmp"
	"encoding/json"
	"fmt"
	"slices"
	"strings"

	"jeton/web/api/method"
)

// Server is what the documents tell of the server that hands them out.
type Server struct {
	// URL is its address, without a slash at its end.
	URL string
	// Version is the program's.
	Version string
}

// Summary is the first sentence of what is said of a method, without its full stop.
func Summary(m method.Method) string {
	first, _, _ := strings.Cut(m.Doc, "\n\n")
	first = strings.Join(strings.Fields(first), " ")
	if end := strings.Index(first, ". "); end >= 0 {
		first = first[:end]
	}
	return strings.TrimSuffix(first, ".")
}

// Needs is what a token must be, and its owner must have, for a method: a sentence.
func Needs(m method.Method) string {
	token := "an api token"
	if m.Changes {
		token = "an api token with write access"
	}
	if m.Right != "" {
		token += fmt.Sprintf(" and the right `%s`", m.Right)
	}
	switch m.On.Kind {
	case method.Repository, method.RepositoryGroup, method.UserGroup:
		return fmt.Sprintf("%s, whose owner has %s on the %s `%s`", capital(token), m.On.Level, m.On.Kind, m.On.Arg)
	case method.NewRepository, method.NewGroup:
		return fmt.Sprintf("%s, whose owner may make something at `%s`", capital(token), m.On.Arg)
	case method.Person:
		return fmt.Sprintf("%s of the person `%s` or, with the right `admin`, of an administrator", capital(token), m.On.Arg)
	case method.Server:
		return capital(token) + " that is bound to no repository"
	}
	return capital(token)
}

// words are the types of arguments as people read them.
var words = map[method.Type]string{
	method.String: "string", method.Name: "name or id", method.Integer: "integer", method.Boolean: "true or false", method.Strings: "list of strings",
	method.Object: "object", method.Any: "any",
}

// Type is an argument's type in words: "string, at most 100 bytes", "one of `a`, `b`".
func Type(a method.Arg) string {
	text := words[a.Type]
	if len(a.Choices) > 0 {
		text = "one of `" + strings.Join(a.Choices, "`, `") + "`"
		if a.Type == method.Strings {
			text = "list of " + strings.TrimPrefix(text, "one of ")
		}
	}
	switch {
	case a.Max > 0 && a.Type == method.Integer:
		text += fmt.Sprintf(", at most %d", a.Max)
	case a.Max > 0:
		text += fmt.Sprintf(", at most %d bytes", a.Max)
	}
	return text
}

// Example is the example call of a method: its arguments as they are declared, in one line of JSON; {} where it has none.
func Example(m method.Method) string {
	var b bytes.Buffer
	if m.Example == "" || json.Compact(&b, []byte(m.Example)) != nil {
		return "{}"
	}
	return b.String()
}

// sorted are the methods by name.
func sorted(methods []method.Method) []method.Method {
	return slices.SortedFunc(slices.Values(methods), func(a, b method.Method) int { return cmp.Compare(a.Name, b.Name) })
}

// argument is the JSON Schema of what may be sent for an argument. Servers take a little more: the strings that RhodeCode's
// clients send for true and false, digits in quotes, and null for whatever may be left out.
func argument(a method.Arg) object {
	o := object{}
	switch a.Type {
	case method.String:
		o["type"] = "string"
	case method.Name:
		o["type"] = []string{"string", "integer"}
	case method.Integer:
		o["type"] = "integer"
		if a.Max > 0 {
			o["maximum"] = a.Max
		}
	case method.Boolean:
		o["type"] = "boolean"
	case method.Strings:
		o["type"], o["items"] = "array", object{"type": "string"}
	case method.Object:
		o["type"] = "object"
	}
	if len(a.Choices) > 0 {
		if items, ok := o["items"].(object); ok {
			items["enum"] = a.Choices
		} else {
			o["enum"] = a.Choices
		}
	}
	if a.Type == method.String && a.Max > 0 {
		o["maxLength"] = a.Max // of characters; a server counts bytes, which are at least as many
	}
	if v, ok := fallback(a); ok {
		o["default"] = v
	}
	return o
}

// fallback is an argument's default as JSON; false where it has none.
func fallback(a method.Arg) (any, bool) {
	switch {
	case a.Default == "":
		return nil, false
	case a.Type == method.Integer:
		return json.Number(a.Default), true
	case a.Type == method.Boolean:
		return a.Default == "true" || a.Default == "True" || a.Default == "1", true
	case a.Type == method.Strings && a.Sep != "":
		return strings.Split(a.Default, a.Sep), true
	case a.Type == method.Strings:
		return []string{a.Default}, true
	}
	return a.Default, true
}

// encode writes a document.
func encode(document object) ([]byte, error) {
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	e.SetIndent("", "  ")
	if err := e.Encode(document); err != nil {
		return nil, fmt.Errorf("write the document of the API: %w", err)
	}
	return b.Bytes(), nil
}
