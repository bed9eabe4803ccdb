package web

import (
	"fmt"
	"strings"

	"jeton/auth/gate"
)

// Document is docs/addresses.md.
func Document() string {
	var b strings.Builder
	b.WriteString(`# Addresses

This file is generated from the table in web/routes.go; ` + "`go test ./web`" + ` says when it is not current, and
` + "`go test ./web -update`" + ` writes it anew. Nothing answers that is not in it; the first line that fits an address answers.

` + "`{repo}`" + ` is a repository's path, with the groups that it stands in; ` + "`.git`" + ` may stand behind it. ` + "`…`" + ` is whatever
comes there. [web-tokens.md](web-tokens.md) tells what stands in the place of ` + "`…`" + ` in views, [tokens.md](tokens.md) how tokens are sent.

| route | address | methods | door | opened by | view |
|---|---|---|---|---|---|
`)
	for _, r := range Routes() {
		var words []string
		for _, w := range r.Words {
			at := strings.TrimSuffix(string(r.At)+"/"+w, "/")
			if at == "" {
				at = "/"
			}
			words = append(words, "`"+at+r.asked()+"`")
		}
		methods := "—"
		if r.Methods != nil {
			methods = strings.Join(r.Methods, ", ")
		}
		fmt.Fprintf(&b, "| %s | %s | %s | %s | %s | %s |\n", r.Name, strings.Join(words, "<br>"), methods, r.Door, opened(r.Door), r.View)
	}
	b.WriteString("\nWhatever is public is also open to guests, but for a journal. A name in the column «view» must be on the whitelist where a web token comes.\n" +
		"Where no methods stand, the address itself answers which it takes.\n")
	return b.String()
}

// asked is what makes a request one for a line that takes any address.
func (r Route) asked() string {
	switch r.Name {
	case "go-import":
		return "?go-get=1"
	case "other-systems":
		return " as Mercurial and Subversion ask"
	}
	return ""
}

// opened is what opens a door, in words.
func opened(d gate.Door) string {
	kinds, password := d.Opens()
	var list []string
	for _, k := range kinds {
		list = append(list, string(k))
	}
	if password {
		list = append(list, "password")
	}
	if list == nil {
		return "nothing is needed"
	}
	return strings.Join(list, ", ")
}
