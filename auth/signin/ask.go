package signin

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"time"

	"jeton/auth/token"
)

// rememberer is a plug-in that knows good passwords again without judging them anew.
type rememberer interface {
	Remembered(user, secret string) (Answer, bool)
}

// finder is a plug-in that can tell about a person without a password.
type finder interface {
	Find(ctx context.Context, user string) (Answer, error)
}

// SignIn asks the plug-ins that are switched on, in order, whose a user name and secret are. Whether the person is active
// is not asked here. ErrRefused, ErrOff, ErrBusy, ErrUnavailable.
//
// A plug-in that fails is passed over: the others are asked all the same, and ErrUnavailable is the answer where none
// accepts, since the credential is then not known to be wrong.
func (r *Registry) SignIn(ctx context.Context, a Attempt) (Result, error) {
	judges := r.judges()
	switch {
	case token.Looks(a.Secret):
		return Result{}, ErrRefused
	case len(judges) == 0:
		return Result{}, ErrOff
	case a.User == "" || a.Secret == "":
		return Result{}, ErrRefused
	}
	if got, err, ok := r.remembered(ctx, judges, a); ok {
		return got, err
	}
	leave, err := r.brake.enter(ctx, a)
	if err != nil {
		return Result{}, err
	}
	got, err := r.judge(ctx, judges, a)
	leave(err)
	return got, err
}

// judge is a plug-in that is asked about passwords.
type judge struct {
	id string
	Plugin
}

// judges are those switched on, in order.
func (r *Registry) judges() []judge {
	var list []judge
	for _, s := range r.states() {
		p := r.plugins[s.about.ID]
		if _, vouches := p.(Voucher); p != nil && s.enabled && !vouches {
			list = append(list, judge{s.about.ID, p})
		}
	}
	return list
}

// owner is the plug-in that signs the person of a name in; "" where nobody here has it.
func (r *Registry) owner(user string) string {
	if r.people == nil {
		return ""
	}
	u, ok := r.people.ByName(user)
	if !ok {
		return ""
	}
	if source := r.Source(u.ID); source != "" {
		return source
	}
	return Password
}

func (r *Registry) remembered(ctx context.Context, judges []judge, a Attempt) (Result, error, bool) {
	owner := r.owner(a.User)
	for _, p := range judges {
		known, ok := p.Plugin.(rememberer)
		if !ok || owner != "" && owner != p.id {
			continue
		}
		if answer, ok := known.Remembered(a.User, a.Secret); ok {
			got, err := r.result(ctx, p.id, answer)
			return got, err, true
		}
	}
	return Result{}, nil, false
}

// judge asks for a verdict. Where the name is somebody's of this server, that person's plug-in alone sees the secret; the
// others are asked about nobody afterwards, so that a refusal takes the same time whoever's the name is.
func (r *Registry) judge(ctx context.Context, judges []judge, a Attempt) (Result, error) {
	owner, failed := r.owner(a.User), error(nil)
	refused := false
	var others []judge
	for _, p := range judges {
		if refused || owner != "" && owner != p.id {
			others = append(others, p)
			continue
		}
		answer, err := p.SignIn(ctx, a.User, a.Secret)
		switch {
		case errors.Is(err, ErrBusy) || ctx.Err() != nil && err != nil:
			return Result{}, err
		case err != nil:
			r.tell(ctx, p.id, err)
			failed = errors.Join(failed, fmt.Errorf("%s: %w", p.id, err))
		case answer.Verdict == Accept:
			return r.result(ctx, p.id, answer)
		case answer.Verdict == Refuse:
			r.log.DebugContext(ctx, "a plug-in has refused a sign-in", "plugin", p.id, "reason", answer.Reason)
			refused = true
		}
	}
	for _, p := range others {
		if _, err := p.SignIn(ctx, rand.Text(), rand.Text()); err != nil {
			r.tell(ctx, p.id, err)
			failed = errors.Join(failed, fmt.Errorf("%s: %w", p.id, err))
		}
	}
	if failed != nil && !refused {
		return Result{}, fmt.Errorf("%w: %w", ErrUnavailable, failed)
	}
	return Result{}, ErrRefused
}

// result is the person whom an accepting plug-in means.
func (r *Registry) result(ctx context.Context, source string, a Answer) (Result, error) {
	id, err := a.UserID, error(nil)
	if id == "" {
		id, err = r.arrive(ctx, source, a.Person)
	}
	if err != nil {
		return Result{}, err
	}
	return Result{UserID: id, Stamp: Stamp(a.Stored)}, nil
}

// quiet is how long a plug-in that goes on failing is not told of again.
const quiet = time.Minute

// tell logs that a plug-in fails, once a minute.
func (r *Registry) tell(ctx context.Context, id string, err error) {
	if r.complaints.due(id) {
		r.log.ErrorContext(ctx, "a sign-in plug-in cannot judge", "plugin", id, "error", err)
	}
}

// Vouched asks the plug-ins that take a proxy's word who has sent a request; the zero Result is nobody, with no error. A
// request with a credential of its own is not to be asked about. ErrRefused where the one whom it names cannot sign in.
func (r *Registry) Vouched(ctx context.Context, c Claim) (Result, error) {
	for _, s := range r.states() {
		p, ok := r.plugins[s.about.ID].(Voucher)
		if !ok || !s.enabled {
			continue
		}
		switch a := p.Vouch(c); a.Verdict {
		case Accept:
			return r.result(ctx, s.about.ID, a)
		case Refuse:
			return Result{}, ErrRefused
		}
	}
	return Result{}, nil
}

// Test asks one plug-in, on or off, with its settings as they are: about a user name and secret, or without a secret
// whether it knows the name. Nobody is made, and nothing slows it. ErrNoPlugin, ErrUnfit.
func (r *Registry) Test(ctx context.Context, id, user, secret string) (Answer, error) {
	s, err := r.state(id)
	if err != nil {
		return Answer{}, err
	}
	p := r.plugins[s.about.ID]
	if p == nil {
		return Answer{}, fmt.Errorf("%w: tokens are tried with `jeton token explain`", ErrUnfit)
	}
	if err := r.probe(ctx, s); err != nil {
		return Answer{}, err
	}
	if !s.enabled {
		if err := p.Configure(s.settings); err != nil {
			return Answer{}, unfit(s.about.ID, err)
		}
	}
	f, finds := p.(finder)
	var a Answer
	switch {
	case user == "":
		return Answer{Reason: "it can be reached and its settings work"}, nil
	case secret == "" && finds:
		a, err = f.Find(ctx, user)
	case secret == "":
		return Answer{}, fmt.Errorf("%w: %s cannot be asked without a password", ErrUnfit, s.about.ID)
	default:
		a, err = p.SignIn(ctx, user, secret)
	}
	if err != nil {
		return Answer{}, unfit(s.about.ID, err)
	}
	return a, nil
}
