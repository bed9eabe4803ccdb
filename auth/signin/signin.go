// Package signin holds the ways of proving who one is: plug-ins with a stable id, a switch, an order and settings, which
// an administrator changes on a running server.
//
//	secret ──► begins with jet_ ? ──► token     (asked of no other; auth/token finds it, auth/gate judges it)
//	              └─ else ──────────► password ─► …  in order, those switched on, until one accepts
//
// On a fresh database password is on and token is off. Every plug-in answers accept, refuse or not-mine; which one said
// what is not told to the client. The package knows no door and no permission.
package signin

import (
	"context"
	"errors"
	"strings"
)

// The plug-ins' stable ids.
const (
	Password = "password"
	Token    = "token"
)

var (
	// ErrRefused: nobody accepted the credential. It never says whether the user exists.
	ErrRefused = errors.New("wrong user name or password")
	// ErrOff: every plug-in that could judge the credential is switched off.
	ErrOff = errors.New("this way of signing in is switched off")
	// ErrBusy: too many people are signing in at this moment.
	ErrBusy = errors.New("too many sign-ins at once")
	// ErrNoPlugin: there is no plug-in of this id.
	ErrNoPlugin = errors.New("there is no such sign-in plug-in")
	// ErrBadSetting: a plug-in does not know a setting, or not this value of it.
	ErrBadSetting = errors.New("not a setting of this plug-in")
)

// Verdict is what a plug-in says.
type Verdict int

// The verdicts.
const (
	NotMine Verdict = iota
	Refuse
	Accept
)

// Plugin judges a user name and a secret that is no token. It is safe for concurrent use.
type Plugin interface {
	// SignIn judges; userID is set with Accept alone. Its error is ErrBusy, the context's, or a failure.
	SignIn(ctx context.Context, user, secret string) (v Verdict, userID string, err error)
	// Check tells whether it could be configured so. ErrBadSetting.
	Check(settings map[string]int) error
	// Configure takes settings in force from the next sign-in on; nil is the defaults. ErrBadSetting, and then
	// nothing changes.
	Configure(settings map[string]int) error
	// Settings are all that it knows, with the values in force.
	Settings() map[string]int
}

// Canonical finds the stable id that a name means: RhodeCode's names for its own plug-ins mean ours.
func Canonical(id string) string {
	switch id {
	case "rhodecode.lib.auth_modules.auth_token", "egg:rhodecode-enterprise-ce#token":
		return Token
	case "rhodecode.lib.auth_modules.auth_rhodecode", "egg:rhodecode-enterprise-ce#rhodecode":
		return Password
	}
	return strings.ToLower(id)
}
