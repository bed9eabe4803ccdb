package schema

import (
	"bytes"
	_ "embed"
	"encoding/json"
	"fmt"
	"strings"

	"jeton/web/api/method"
)

// introduction is what docs/api.md says before its methods.
//
//go:embed introduction.md
var introduction string

// sections are the parts of the reference, by what methods are about.
var sections = []struct {
	title string
	kinds []method.Kind
}{
	{"Repositories", []method.Kind{method.Repository, method.NewRepository}},
	{"Groups of repositories", []method.Kind{method.RepositoryGroup, method.NewGroup}},
	{"User groups", []method.Kind{method.UserGroup}},
	{"People and their tokens", []method.Kind{method.Person}},
	{"The server, and lists of what the caller may see", []method.Kind{method.Server, method.Open}},
}

// Reference is docs/api.md: what holds for all calls, a list of all methods, and each of them.
func Reference(methods []method.Method) string {
	var b strings.Builder
	b.WriteString(introduction)
	methods = sorted(methods)
	for _, s := range sections {
		part := about(methods, s.kinds)
		if len(part) == 0 {
			continue
		}
		fmt.Fprintf(&b, "\n## %s\n\n| method | what it does |\n|---|---|\n", s.title)
		for _, m := range part {
			fmt.Fprintf(&b, "| [`%s`](#%s) | %s |\n", m.Name, m.Name, cell(Summary(m)))
		}
		for _, m := range part {
			b.WriteString(page(m))
		}
	}
	return b.String()
}

func about(methods []method.Method, kinds []method.Kind) []method.Method {
	var list []method.Method
	for _, m := range methods {
		for _, k := range kinds {
			if m.On.Kind == k {
				list = append(list, m)
			}
		}
	}
	return list
}

// page is one method of the reference.
func page(m method.Method) string {
	var b strings.Builder
	fmt.Fprintf(&b, "\n### %s\n\n%s\n\nNeeds %s.", m.Name, strings.TrimSpace(m.Doc), lower(Needs(m)))
	if m.REST != "" {
		verb, path, _ := strings.Cut(m.REST, " ")
		fmt.Fprintf(&b, " REST: `%s /_admin/rest/%s`.", verb, path)
	}
	if m.New {
		b.WriteString(" RhodeCode has no such method.")
	}
	b.WriteString("\n")
	if len(m.Args) > 0 {
		b.WriteString("\n| argument | type | |\n|---|---|---|\n")
	}
	for _, a := range m.Args {
		fmt.Fprintf(&b, "| `%s`%s | %s | %s |\n", a.Name, optional(a), cell(Type(a)), cell(Remarks(a)))
	}
	if m.Example != "" {
		fmt.Fprintf(&b, "\n```json\n%s\n```\n", call(m))
	}
	b.WriteString(result(m))
	for i, text := range m.Fails {
		if i == 0 {
			b.WriteString("\nErrors:\n\n")
		}
		fmt.Fprintf(&b, "- %s\n", code(text))
	}
	return b.String()
}

// code is a text as Markdown shows it letter by letter, backticks too.
func code(text string) string {
	if strings.Contains(text, "`") {
		return "`` " + text + " ``"
	}
	return "`" + text + "`"
}

func optional(a method.Arg) string {
	if a.Optional {
		return "?"
	}
	return ""
}

// Remarks are what is said of an argument beside its type.
func Remarks(a method.Arg) string {
	text := a.Doc
	if a.Default != "" {
		text += fmt.Sprintf(" Default: `%s`.", a.Default)
	}
	if len(a.Aliases) > 0 {
		text += fmt.Sprintf(" Also called `%s`.", strings.Join(a.Aliases, "`, `"))
	}
	return strings.TrimSpace(text)
}

// call is the example as a request.
func call(m method.Method) string {
	return fmt.Sprintf(`{"id": 1, "auth_token": "jet_api_…", "method": %q, "args": %s}`, m.Name, spaced(m.Example))
}

// spaced is JSON on one line, with a space behind each comma and colon.
func spaced(text string) string {
	var b bytes.Buffer
	if json.Indent(&b, []byte(text), "", "") != nil {
		return text
	}
	lines := strings.ReplaceAll(b.String(), ",\n", ", ")
	return strings.ReplaceAll(lines, "\n", "")
}

// result describes what a method answers.
func result(m method.Method) string {
	fields := Shape(m)
	if len(fields) == 1 && fields[0].Path == "" {
		return fmt.Sprintf("\nResult: %s.\n", fields[0].Type)
	}
	var b strings.Builder
	b.WriteString("\n")
	if len(fields) > 0 && fields[0].Path == "" {
		fmt.Fprintf(&b, "Result: %s.\n\n", fields[0].Type)
		fields = fields[1:]
	}
	if len(fields) == 0 {
		return "\nResult: an empty object.\n"
	}
	b.WriteString("| result | type | |\n|---|---|---|\n")
	for _, f := range fields {
		fmt.Fprintf(&b, "| `%s` | %s | %s |\n", f.Path, f.Type, cell(f.Doc))
	}
	return b.String()
}

// cell is a text within a table of Markdown, which takes < for HTML.
func cell(s string) string {
	parts := strings.Split(strings.Join(strings.Fields(s), " "), "`")
	for i := 0; i < len(parts); i += 2 { // outside of code
		parts[i] = strings.ReplaceAll(parts[i], "<", `\<`)
	}
	return strings.ReplaceAll(strings.Join(parts, "`"), "|", `\|`)
}
