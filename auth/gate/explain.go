package gate

import (
	"context"
	"fmt"
	"net/netip"
	"strings"

	"jeton/auth/access"
	"jeton/auth/token"
)

// Query is what is asked of Explain: a token by its id or by its text, and what it would do.
type Query struct {
	TokenID string
	Secret  token.Secret // instead of TokenID where it is not zero
	// Repo is a path; "" asks about the token alone.
	Repo   string
	Access Access // "" is Read
	// View is the view that a web token would open; "" is any that is on the whitelist.
	View string
	// From is the client's address; the zero value is one that is not known.
	From netip.Addr
}

// Step is one check of a token, in the order in which the gate asks.
type Step struct {
	Name string
	OK   bool
	// Why is a sentence: what the client would be told, or for an operator's eyes what it would not.
	Why string
}

// Explanation is what a token may do now, and why not. What it tells is for operators: unlike a refusal it says whether a
// repository is there, which the token's owner must not learn of one that they may not read.
type Explanation struct {
	Token token.Token
	Owner string
	// Steps are all that were asked; those behind the first no are asked too, as far as that makes sense.
	Steps []Step
	// Allowed: every step is a yes.
	Allowed bool
}

// Explain asks each check of a token on its own. It counts as no use, raises no alarm and goes into no record.
// token.ErrNotFound.
func (g *Gate) Explain(ctx context.Context, q Query) (Explanation, error) {
	if err := g.fresh(ctx); err != nil {
		return Explanation{}, err
	}
	t, ok := g.o.Tokens.ByID(q.TokenID)
	if q.Secret != (token.Secret{}) {
		t, ok = g.o.Tokens.Find(q.Secret)
	}
	if !ok {
		return Explanation{}, token.ErrNotFound
	}
	if q.Access == "" {
		q.Access = Read
	}
	s, err := g.ownerOf(t)
	e := Explanation{Token: t, Owner: s.name()}
	if err != nil {
		e.say("genuine", err)
		return e, nil
	}
	e.say("genuine", nil)
	g.explainToken(&e, s, q)
	if q.Repo != "" {
		g.explainRepository(&e, s, q)
	}
	e.Allowed = true
	for _, step := range e.Steps {
		e.Allowed = e.Allowed && step.OK
	}
	return e, nil
}

// explainToken goes through the checks of the token at the door of its own kind.
func (g *Gate) explainToken(e *Explanation, s subject, q Query) {
	d := doorOf(s.token.Kind)
	way, _ := doorways(d)
	ask := question{door: d, way: way, res: Resource{Path: q.Repo, View: q.View}, access: q.Access}
	for _, c := range checks {
		if c.name == "switched on" && d == View && q.View == "" {
			continue // which view is not asked
		}
		e.say(c.name, c.ask(g, s, q.From, ask))
	}
	last := &e.Steps[1] // the kind is right at its own door; what that door is, is worth saying
	last.Why = fmt.Sprintf("It opens %s, and nothing else.", way.what)
}

// doorOf is the door that a kind of token opens.
func doorOf(k token.Kind) Door {
	for _, d := range []Door{Git, API, Feed, View} {
		if w, _ := doorways(d); w.kind == k {
			return d
		}
	}
	return ""
}

// explainRepository goes through scope and permission, telling apart what a client is not told apart.
func (g *Gate) explainRepository(e *Explanation, s subject, q Query) {
	r, there := g.o.Repositories.ByPath(q.Repo)
	if !there {
		e.Steps = append(e.Steps, Step{"repository", false, "There is no repository at this path; a client is told that it is not there, or that it may not read it."})
		return
	}
	e.Steps = append(e.Steps, Step{"repository", true, "Its path is " + r.Path + "."})
	if !s.token.Touches(r.ID, r.Groups) {
		e.Steps = append(e.Steps, Step{"scope", false, "The token is bound to other repositories or groups; a client is told the same as where nothing is."})
		return
	}
	e.Steps = append(e.Steps, Step{"scope", true, scopeOf(s)})
	level := g.level(s, r)
	e.Steps = append(e.Steps, Step{"permission", level >= access.Read, g.permissionOf(s, r, level)})
	if q.Access != Write || level < access.Read {
		return
	}
	d := doorOf(s.token.Kind)
	way, _ := doorways(d)
	if way.readOnly {
		e.say("write", readOnlyDoor())
		return
	}
	e.say("write", mayWrite(s, question{door: d, way: way, access: Write}, r, level))
	if refs := s.token.Refs; refs.Narrows() {
		e.Steps = append(e.Steps, Step{"refs", true, "It writes " + narrowed(refs) + "; rules of the repository may narrow it further."})
	}
}

func scopeOf(s subject) string {
	switch {
	case s.deployToken():
		return "It is a deploy token of this repository or of a group above it."
	case s.token.Bound:
		return "The token is bound to it, or to a group above it."
	}
	return "The token is bound to nothing: it reaches what its owner does."
}

func (g *Gate) permissionOf(s subject, r access.Repository, level access.Level) string {
	switch {
	case s.deployToken():
		return "A deploy token needs no person's permission."
	case level < access.Read:
		return fmt.Sprintf("%s may not read it; a client is told the same as where nothing is.", s.user.Name)
	}
	return fmt.Sprintf("%s has %s on it.", s.user.Name, level)
}

// narrowed is what a token may write, in words.
func narrowed(r token.Refs) string {
	words := "every ref"
	if len(r.Patterns) > 0 {
		words = "only " + strings.Join(r.Patterns, ", ")
	}
	if r.FastForwardOnly {
		words += ", fast-forward only"
	}
	if r.NoDelete {
		words += ", without deleting"
	}
	return words
}

// say adds a step from what a check has answered.
func (e *Explanation) say(name string, err error) {
	step := Step{Name: name, OK: err == nil, Why: "Yes."}
	if r := AsRefused(err); r != nil {
		step.Why = r.Sentence
		if r.Code == BadCredential { // a sentence that hides the reason from clients
			step.Why = "A client is told that it is no token: " + r.Reason + "."
		}
	} else if err != nil {
		step.Why = "The server could not tell: " + err.Error() + "."
	}
	if step.OK {
		step.Why = e.yes(name)
	}
	e.Steps = append(e.Steps, step)
}

// yes says in a sentence what a check has found to be right.
func (e *Explanation) yes(name string) string {
	t := e.Token
	switch name {
	case "genuine":
		return fmt.Sprintf("It is %s token of %s, called «%s».", article(t.Kind), e.Owner, t.Label)
	case "alive":
		if end := t.Ends(); !end.IsZero() {
			return "It is alive until " + end.UTC().Format("2006-01-02 15:04 MST") + "."
		}
		return "It is alive, and never ends."
	case "network":
		if len(t.Networks) == 0 {
			return "It is taken from everywhere."
		}
		return "The address lies in one of its networks."
	case "switched on":
		return "What it opens is switched on."
	case "owner active":
		return "The account is active."
	case "write":
		return "It may write."
	}
	return "Yes."
}
