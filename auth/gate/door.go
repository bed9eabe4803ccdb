package gate

import "jeton/auth/token"

// doorway is what one door takes.
type doorway struct {
	// kind is "" where every kind of token opens it.
	kind token.Kind
	// schemes are the places in which a credential may come.
	schemes []string
	// password tells that a password opens it too; asUser that a token may stand where the user name does.
	password, asUser bool
	// readOnly tells that nothing is changed through it.
	readOnly bool
	// what is the door in a sentence.
	what string
}

// doorways is the first table of docs/tokens.md.
func doorways(d Door) (doorway, bool) {
	switch d {
	case Git:
		return doorway{kind: token.VCS, schemes: []string{"basic", "bearer", "ssh-password", "ssh-key", "vouched"},
			password: true, asUser: true, what: "git"}, true
	case API:
		return doorway{kind: token.API, schemes: []string{"body", "bearer"}, what: "the API"}, true
	case Feed:
		return doorway{kind: token.Feed, schemes: []string{"query", "basic", "bearer"}, readOnly: true, what: "a feed"}, true
	case View:
		return doorway{kind: token.Web, schemes: []string{"query", "header", "basic", "bearer"}, readOnly: true,
			what: "this address"}, true
	case Self:
		return doorway{schemes: []string{"header", "basic", "bearer"}, asUser: true, what: "this address"}, true
	}
	return doorway{}, false
}

// Opens is what opens a door: the kinds of token, and whether a password does too (as SSH keys then do over SSH). Nothing
// opens what is no door.
func (d Door) Opens() (kinds []token.Kind, password bool) {
	w, ok := doorways(d)
	switch {
	case !ok:
		return nil, false
	case w.kind == "":
		return []token.Kind{token.API, token.Feed, token.VCS, token.Web}, w.password
	}
	return []token.Kind{w.kind}, w.password
}
