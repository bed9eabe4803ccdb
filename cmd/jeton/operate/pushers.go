package operate

import (
	"slices"
	"strings"

	"jeton/auth/token"
	"jeton/cmd/jeton/control"
	"jeton/vcs/host"
)

// deployKey and tokenLine begin the names, and the ids, of deploy keys and tokens among those who may push.
const deployKey, tokenLine = "key:", "token:"

// pusherID is the id of an actor: of a user by the name, key:ID of a deploy key of the repository, or the line of a token
// by token:ID of any of its tokens.
func (o operator) pusherID(one host.Repo, name string) (string, error) {
	if id, ok := strings.CutPrefix(name, tokenLine); ok {
		t, ok := o.s.Tokens.ByID(id)
		switch {
		case !ok:
			return "", control.Fail(control.NotFound, "there is no token %q", id)
		case t.Kind != token.VCS || t.Access != token.Write:
			return "", control.Fail(control.Invalid, "token %s cannot push: that takes a vcs token that may write", id)
		}
		return tokenLine + t.Line, nil
	}
	id, isKey := strings.CutPrefix(name, deployKey)
	if !isKey {
		u, err := o.user(name)
		return u.ID, err
	}
	if k, ok := o.s.Keys.ByID(id); !ok || k.RepoID != one.ID {
		return "", control.Fail(control.NotFound, "%s has no deploy key %q", one.Path, id)
	}
	return name, nil
}

// pusherName is what an actor is called; "" where nobody has the id any more.
func (o operator) pusherName(id string) string {
	if u, ok := o.s.Users.ByID(id); ok {
		return u.Name
	}
	if line, ok := strings.CutPrefix(id, tokenLine); ok {
		return o.lineName(line)
	}
	if k, ok := o.s.Keys.ByID(strings.TrimPrefix(id, deployKey)); ok {
		return "deploy key " + k.Label
	}
	return ""
}

// lineName is what the tokens of a line are called; "" where none of them is left.
func (o operator) lineName(line string) string {
	first, ok := o.s.Tokens.ByID(line)
	if !ok { // it ended more than a year ago and was forgotten; its successors may live
		all := o.s.Tokens.List("")
		i := slices.IndexFunc(all, func(t token.Token) bool { return t.Line == line })
		if i < 0 {
			return ""
		}
		first = all[i]
	}
	v := o.shownToken(first)
	return "token " + v.Label + " of " + v.Owner()
}
