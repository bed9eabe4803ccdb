package remote

import (
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"
	"text/tabwriter"

	"jeton/web/api/method"
	"jeton/web/api/schema"
)

// Find is the declaration of a method; nil where this program has none.
func Find(methods []method.Method, name string) *method.Method {
	i := slices.IndexFunc(methods, func(m method.Method) bool { return m.Name == name })
	if i < 0 {
		return nil
	}
	return &methods[i]
}

// List prints what methods there are, a line each.
func List(w io.Writer, methods []method.Method) {
	t := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	for _, m := range slices.SortedFunc(slices.Values(methods), func(a, b method.Method) int { return strings.Compare(a.Name, b.Name) }) {
		fmt.Fprintf(t, "%s\t%s\n", m.Name, schema.Summary(m))
	}
	_ = t.Flush() // what cannot be printed cannot be complained about either
}

// Describe prints what a method takes and answers.
func Describe(w io.Writer, m method.Method) {
	fmt.Fprintf(w, "%s\n\n%s\n\nNeeds %s.\n", m.Name, strings.TrimSpace(m.Doc), schema.Needs(m))
	t := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	if len(m.Args) > 0 {
		fmt.Fprint(w, "\nArguments:\n")
	}
	for _, a := range m.Args {
		optional := ""
		if a.Optional {
			optional = "?"
		}
		fmt.Fprintf(t, "  %s%s\t%s\t%s\n", a.Name, optional, schema.Type(a), schema.Remarks(a))
	}
	_ = t.Flush()
	fmt.Fprint(w, "\nResult:\n")
	for _, f := range schema.Shape(m) {
		fmt.Fprintf(t, "  %s\t%s\t%s\n", f.Path, f.Type, f.Doc)
	}
	_ = t.Flush()
	for i, text := range m.Fails {
		if i == 0 {
			fmt.Fprint(w, "\nErrors:\n")
		}
		fmt.Fprintf(w, "  %s\n", text)
	}
	fmt.Fprintf(w, "\nExample:\n  jeton api %s%s\n", m.Name, typedLike(schema.Example(m)))
	if m.REST != "" {
		verb, path, _ := strings.Cut(m.REST, " ")
		fmt.Fprintf(w, "\nREST: %s /_admin/rest/%s\n", verb, path)
	}
}

// typedLike are arguments as they are typed in a shell, each behind a space.
func typedLike(args string) string {
	var values map[string]json.RawMessage
	if json.Unmarshal([]byte(args), &values) != nil {
		return ""
	}
	var b strings.Builder
	for _, key := range slices.Sorted(maps.Keys(values)) {
		text := string(values[key])
		var s string
		switch isText := json.Unmarshal(values[key], &s) == nil; {
		case text == "null", isText && (s == "-" || strings.HasPrefix(s, "@") || strings.HasPrefix(s, "=")):
			text = "=" + text
		case isText:
			text = s
		}
		b.WriteString(" " + shellWord(key+":"+text))
	}
	return b.String()
}

// shellWord is a text as a shell takes it for one word.
func shellWord(s string) string {
	if strings.Trim(s, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-./:@,=+") == "" {
		return s
	}
	return "'" + strings.ReplaceAll(s, "'", `'\''`) + "'"
}

// Summary is a method in one line.
func Summary(m method.Method) string { return schema.Summary(m) }

// declaration is a method for programs.
type declaration struct {
	Name    string         `json:"name"`
	Doc     string         `json:"doc"`
	Needs   string         `json:"needs"`
	Changes bool           `json:"changes"`
	REST    string         `json:"rest"`
	Args    []argument     `json:"args"`
	Result  []schema.Field `json:"result"`
	Errors  []string       `json:"errors"`
}

type argument struct {
	Name     string `json:"name"`
	Type     string `json:"type"`
	Optional bool   `json:"optional"`
	Default  string `json:"default,omitempty"`
	Doc      string `json:"doc"`
}

// Declaration is a method's declaration as a value for JSON.
func Declaration(m method.Method) any {
	d := declaration{m.Name, m.Doc, schema.Needs(m), m.Changes, m.REST, []argument{}, schema.Shape(m), slices.Concat([]string{}, m.Fails)}
	for _, a := range m.Args {
		d.Args = append(d.Args, argument{a.Name, schema.Type(a), a.Optional, a.Default, a.Doc})
	}
	return d
}
