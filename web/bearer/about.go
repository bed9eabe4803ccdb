package bearer

import (
	"net/http"
	"strings"
	"time"

	"jeton/auth/gate"
	"jeton/auth/token"
)

// introspection is what a token is told of itself: the members of RFC 7662 section 2.2, and behind them the fields that
// only a token of Jeton has.
type introspection struct {
	Active bool `json:"active"`
	// Scope are words: KIND:read, KIND:write, and right:RIGHT for each right.
	Scope     string `json:"scope"`
	TokenType string `json:"token_type"`
	// Expires and Issued are unix seconds; without Expires it never ends.
	Expires int64  `json:"exp,omitempty"`
	Issued  int64  `json:"iat"`
	Subject string `json:"sub"`
	// Username is whose it is; a deploy token is nobody's.
	Username string `json:"username,omitempty"`
	Issuer   string `json:"iss"`
	ID       string `json:"jti"`

	Kind   token.Kind   `json:"kind"`
	Label  string       `json:"label"`
	Access token.Access `json:"access"`
	// Bound tells that it opens only Repositories, and what lies in groups.
	Bound        bool     `json:"bound"`
	Repositories []string `json:"repositories,omitempty"`
	Groups       []string `json:"groups,omitempty"`
	Refs         *refs    `json:"refs,omitempty"`
	Networks     []string `json:"networks,omitempty"`
	// Replaced tells that it was rotated and works on for an overlap.
	Replaced bool `json:"replaced"`
}

type refs struct {
	Patterns        []string `json:"patterns,omitempty"`
	FastForwardOnly bool     `json:"fast_forward_only"`
	NoDelete        bool     `json:"no_delete"`
}

func (h *Handler) about(w http.ResponseWriter, r *http.Request) {
	a, _, err := h.o.Door.About(r)
	if err != nil {
		h.refuse(w, r, err)
		return
	}
	write(w, http.StatusOK, h.introspect(a))
}

func (h *Handler) introspect(a gate.About) introspection {
	t := a.Token
	i := introspection{Active: true, Scope: scope(t), TokenType: "Bearer", Expires: seconds(a.TokenExpiry), Issued: t.CreatedAt.Unix(),
		Subject: subject(t), Username: a.UserName, Issuer: h.o.URL, ID: t.ID, Kind: t.Kind, Label: t.Label, Access: t.Access,
		Bound: t.Bound || t.UserID == "", Repositories: a.Repositories, Groups: a.Groups, Replaced: t.Successor != ""}
	if t.UserID == "" {
		i.Username = ""
	}
	if t.Refs.Narrows() {
		i.Refs = &refs{t.Refs.Patterns, t.Refs.FastForwardOnly, t.Refs.NoDelete}
	}
	for _, n := range t.Networks {
		i.Networks = append(i.Networks, n.String())
	}
	return i
}

func scope(t token.Token) string {
	words := []string{string(t.Kind) + ":read"}
	if t.Access == token.Write {
		words = append(words, string(t.Kind)+":write")
	}
	for _, r := range t.Rights {
		words = append(words, "right:"+string(r))
	}
	return strings.Join(words, " ")
}

// subject is the id of whose a token is: a person, or the repository or group of a deploy token.
func subject(t token.Token) string {
	switch {
	case t.Deploy.RepositoryID != "":
		return "repository:" + t.Deploy.RepositoryID
	case t.Deploy.GroupID != "":
		return "group:" + t.Deploy.GroupID
	}
	return t.UserID
}

func seconds(at time.Time) int64 {
	if at.IsZero() {
		return 0
	}
	return at.Unix()
}
