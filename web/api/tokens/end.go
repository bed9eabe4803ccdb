package tokens

import (
	"context"
	"errors"
	"slices"
	"time"

	"jeton/auth/access"
	"jeton/auth/gate"
	"jeton/auth/token"
	"jeton/web/api/method"
)

type rotateArgs struct {
	whichArg
	Overlap any    `arg:"overlap,optional" doc:"How long the old one works on: seconds, or a time such as 1h or 2d; 0 ends it at once. An hour where it is left out, 30 days at most."`
	Key     string `arg:"idempotency_key,optional" max:"200" doc:"Any text of the caller's: asked again with the same one while the overlap lasts, the method answers the same successor."`
}

// replaced is a successor, with what it replaces.
type replaced struct {
	issued
	Replaces string     `json:"replaces" doc:"The id of the old token."`
	Until    *time.Time `json:"replaces_until" doc:"Until when the old token works."`
}

func (o Options) rotate() method.Method {
	return method.Of(method.Method{Name: "rotate_auth_token", On: method.On{Kind: method.Open}, Changes: true, Right: token.RightTokens, New: true, REST: "POST auth_tokens/{auth_token_id}/rotate",
		Doc: "Makes a token's successor, with the same fields and as long a life from now on, and answers it, once; the old one works on for the overlap. " +
			"A token may rotate itself. What the successor gives lies within what the calling token gives. The successor of a token that belongs to branch rules belongs to them too.",
		Example: `{"auth_token_id": "u6vd3gq2zj5c7x4mlp2nq3rsta", "overlap": "2d", "idempotency_key": "2026-11"}`,
		Fails: []string{noToken, "the token was rotated already: its successor is …", "such a token cannot be made: …",
			"a token makes none that gives more than it does itself: …"},
	}, o.succeed)
}

func (o Options) succeed(ctx context.Context, c *method.Call, in rotateArgs) (replaced, error) {
	by, err := o.asking(c)
	if err != nil {
		return replaced{}, err
	}
	old, err := o.find(c, by, in.whichArg)
	if err != nil {
		return replaced{}, err
	}
	r := token.Rotation{IdempotencyKey: in.Key, By: &by}
	if in.Overlap != nil {
		text, err := timeOf(in.Overlap)
		if err == nil {
			r.Overlap, err = token.ParseSpan(text)
		}
		if err != nil {
			return replaced{}, method.Fail(method.Invalid, "Invalid `overlap` arg in JSON DATA: it is seconds, or a time such as 1h or 2d")
		}
		if r.Overlap == 0 {
			r.Overlap = token.NoOverlap
		}
	}
	next, secret, err := o.Tokens.Rotate(ctx, c.Actor, old.ID, r)
	if err != nil {
		return replaced{}, unmade(err)
	}
	v := replaced{issued: issued{o.shown(c, next), secret.Reveal()}, Replaces: old.ID}
	if now, ok := o.Tokens.ByID(old.ID); ok {
		v.Until = when(now.OverlapEnds)
	}
	return v, nil
}

type revokeArgs struct {
	whichArg
	Made bool `arg:"with_made,optional" default:"false" doc:"Whether what the token has made ends too, what that has made, and so on."`
}

type revoked struct {
	Msg     string   `json:"msg" doc:"What was done, in a sentence."`
	ID      string   `json:"auth_token_id" doc:"The token's id."`
	Revoked []string `json:"revoked" doc:"Ids of the tokens that ended by this call; none where it was revoked before."`
	Made    []string `json:"made" doc:"Ids of live tokens that it has made and that live on; with_made ends these too."`
}

func (o Options) revoke() method.Method {
	return method.Of(method.Method{Name: "revoke_auth_token", On: method.On{Kind: method.Open}, Changes: true, Right: token.RightTokens, New: true, REST: "DELETE auth_tokens/{auth_token_id}",
		Doc: "Ends a token, from the next request on; again changes nothing. It answers which live tokens it had made: after a theft these should end too. " +
			"Whoever has found somebody else's token hands it in at /_admin/revoke instead, without signing in.",
		Example: `{"auth_token_id": "u6vd3gq2zj5c7x4mlp2nq3rsta", "with_made": true}`, Fails: []string{noToken},
	}, o.finish)
}

func (o Options) finish(ctx context.Context, c *method.Call, in revokeArgs) (revoked, error) {
	by, err := o.asking(c)
	if err != nil {
		return revoked{}, err
	}
	t, err := o.find(c, by, in.whichArg)
	if err != nil {
		return revoked{}, err
	}
	// What a token of a caller's own has made for them goes with it, even where a bound caller is not shown it.
	made := slices.DeleteFunc(o.Tokens.Made(t.ID), func(m token.Token) bool { return m.UserID != c.Identity.UserID && !o.sees(c, by, m) })
	end := []token.Token{t}
	if in.Made {
		end, made = append(end, made...), nil
	}
	ended, err := o.Tokens.RevokeEach(ctx, c.Actor, end)
	if err != nil {
		return revoked{}, err
	}
	v := revoked{Msg: "Revoked auth token `" + t.Label + "`", ID: t.ID, Revoked: idsOf(ended), Made: idsOf(made)}
	if len(ended) == 0 {
		v.Msg = "Auth token `" + t.Label + "` was revoked before"
	}
	return v, nil
}

func idsOf(list []token.Token) []string {
	ids := []string{}
	for _, t := range list {
		ids = append(ids, t.ID)
	}
	return ids
}

type explainArgs struct {
	whichArg
	Repo   *method.Ref `arg:"repoid,optional" max:"255" doc:"A repository that it would be used for."`
	IP     string      `arg:"ip,optional" max:"64" doc:"The address that it would be used from; one that is not known where it is left out."`
	Access string      `arg:"access,optional" default:"read" choices:"read,write" doc:"What it would do with the repository."`
	View   string      `arg:"view,optional" max:"100" doc:"The view that a web token would open, such as archive."`
}

type explained struct {
	ID      string `json:"auth_token_id" doc:"The token's id."`
	Owner   string `json:"owner" doc:"Whose it is, in words."`
	Allowed bool   `json:"allowed" doc:"Whether every check is a yes."`
	Steps   []step `json:"steps" doc:"The checks, in the order in which the server asks them."`
}

type step struct {
	Name string `json:"name" doc:"What is checked."`
	OK   bool   `json:"ok" doc:"Whether it is right."`
	Why  string `json:"why" doc:"A sentence."`
}

func (o Options) explain() method.Method {
	return method.Of(method.Method{Name: "explain_auth_token", On: method.On{Kind: method.Open}, Right: token.RightTokens, New: true, REST: "GET auth_tokens/{auth_token_id}/explain",
		Doc: "Tells what a token may do now and why not, check by check. It counts as no use of the token. " +
			"Of a repository that the caller may not read only administrators learn whether it is there; others hear what they would hear of any other.",
		Example: `{"auth_token_id": "u6vd3gq2zj5c7x4mlp2nq3rsta", "repoid": "team/app", "access": "write"}`, Fails: []string{noToken},
	}, o.tell)
}

func (o Options) tell(ctx context.Context, c *method.Call, in explainArgs) (explained, error) {
	by, err := o.asking(c)
	if err != nil {
		return explained{}, err
	}
	t, err := o.find(c, by, in.whichArg)
	if err != nil {
		return explained{}, err
	}
	q := gate.Query{TokenID: t.ID, Access: gate.Access(in.Access), View: in.View}
	if q.From, err = address(in.IP); err != nil {
		return explained{}, err
	}
	hidden := false
	if in.Repo != nil {
		r, ok := o.Places.Find(string(*in.Repo))
		switch {
		case ok && (rules(c, by) || c.Sees(r.ID, access.Read)):
			q.Repo = r.Path
		case rules(c, by):
			q.Repo = string(*in.Repo)
		default:
			hidden = true
		}
	}
	e, err := o.Gate.Explain(ctx, q)
	if errors.Is(err, token.ErrNotFound) { // swept since it was found
		return explained{}, method.Fail(method.NotFound, "auth token `%s` does not exist", t.ID)
	}
	if err != nil {
		return explained{}, err
	}
	v := explained{ID: e.Token.ID, Owner: e.Owner, Allowed: e.Allowed && !hidden, Steps: []step{}}
	for _, s := range e.Steps {
		v.Steps = append(v.Steps, step(s))
	}
	if hidden {
		v.Steps = append(v.Steps, step{"repository", false, gate.NotThere})
	}
	return v, nil
}
