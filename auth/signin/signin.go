// Package signin holds the ways of proving who one is: plug-ins with a stable id, a switch, an order and settings, which
// an administrator changes on a running server.
//
//	secret ──► begins with jet_ ? ──► token     (asked of no other; auth/token finds it, auth/gate judges it)
//	              └─ else ──────────► password ─► ldap ─► …  in order, those switched on, until one accepts
//	header of a trusted proxy ──────► headers
//	                                     └─► Attributes ──► Registry: the person of that source, found or made
//
// On a fresh database password is on and the others are off. Every plug-in answers accept, refuse or not-mine; which one
// said what is not told to the client. A person belongs to one source: whoever ldap has made is signed in by ldap alone,
// and a password that was typed for a person of one source is never shown to another. The package knows no door and no
// permission.
package signin

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"net/http"
	"net/netip"
	"strings"
)

// The plug-ins' stable ids.
const (
	Password = "password"
	Token    = "token"
	LDAP     = "ldap"
	Headers  = "headers"
)

var (
	// ErrRefused: nobody accepted the credential. It never says whether the user exists.
	ErrRefused = errors.New("wrong user name or password")
	// ErrOff: every plug-in that could judge the credential is switched off.
	ErrOff = errors.New("this way of signing in is switched off")
	// ErrBusy: too many people are signing in at this moment.
	ErrBusy = errors.New("too many sign-ins at once")
	// ErrUnavailable: nobody accepted, and a plug-in could not be asked: the credential is neither right nor wrong.
	ErrUnavailable = errors.New("a sign-in plug-in cannot be asked at this moment")
	// ErrNoPlugin: there is no plug-in of this id.
	ErrNoPlugin = errors.New("there is no such sign-in plug-in")
	// ErrBadSetting: a plug-in does not know a setting, or not this value of it.
	ErrBadSetting = errors.New("not a setting of this plug-in")
	// ErrUnfit: with its settings the plug-in would not work; the text says why.
	ErrUnfit = errors.New("the plug-in cannot work so")
)

// Verdict is what a plug-in says.
type Verdict int

// The verdicts.
const (
	NotMine Verdict = iota
	Refuse
	Accept
)

// Answer is what a plug-in says about a credential.
type Answer struct {
	Verdict Verdict
	// UserID is set with Accept by a plug-in that judges people of this server; else Person is.
	UserID string
	// Stored is the password hash that an accepted password was held against; "" where it was none of ours.
	Stored string
	// Person is whom a directory vouches for, with Accept.
	Person Attributes
	// Reason says why not, or what was found, for administrators alone; never a secret.
	Reason string
}

// Attributes are what a directory tells about a person.
type Attributes struct {
	// Subject is the directory's lasting name of the person, which a rename does not change; never empty.
	Subject string
	// Name is the user name that the person gets here at the first sign-in.
	Name string
	// Email is kept in step at every sign-in; "" where the directory tells none, and then it is left alone.
	Email string
	// KnownOnly tells that only somebody who is known here already is signed in: nobody is made.
	KnownOnly bool
	// FullName is for people who test the settings: accounts have none.
	FullName string
}

// Description is what a plug-in is, whatever its settings are.
type Description struct {
	// ID is stable; rows and scripts hold it.
	ID, Title string
	// Enabled and Position hold until an administrator says otherwise.
	Enabled  bool
	Position int
	Keys     []Key
}

// Plugin judges a user name and a secret that is no token, or what a proxy tells (Voucher). It is safe for concurrent use.
type Plugin interface {
	Describe() Description
	// SignIn judges. Its error is ErrBusy, the context's, or a failure: then the credential is neither right nor wrong.
	SignIn(ctx context.Context, user, secret string) (Answer, error)
	// Check tells whether it could be configured so, without asking anybody. Settings are complete, and each is as its
	// Key says. ErrBadSetting.
	Check(s Settings) error
	// Probe tries whether it would work with settings that Check has taken; it reaches out to servers. Its error is for
	// the administrator, and tells no secret.
	Probe(ctx context.Context, s Settings) error
	// Configure takes settings in force from the next sign-in on. ErrBadSetting, and then nothing changes.
	Configure(s Settings) error
}

// Attempt is one try to sign in with a user name and a secret.
type Attempt struct {
	User, Secret string
	// Remote is the client's address; the zero value is slowed by the account alone.
	Remote netip.Addr
}

// Result is who signed in.
type Result struct {
	UserID string
	// Stamp is Stamp of the stored password that was right; of "" where another server has judged.
	Stamp string
}

// Claim is what came with an HTTP request whose sender may be a proxy that vouches for people.
type Claim struct {
	// Peer is the address of the connection itself, not one that a header tells.
	Peer netip.Addr
	// Header are the request's headers.
	Header http.Header
	// Git tells that the request is git's, which needs a setting of its own.
	Git bool
}

// Voucher is a plug-in that takes a proxy's word. NotMine is the answer where there is no word, or from anybody else.
type Voucher interface {
	Vouch(c Claim) Answer
	// Listens tells whether a word about such a request would be taken at all; what it is, is not looked at.
	Listens(git bool) bool
}

// Stamp is short for a stored password; it is another when the password is, and tells nothing about it, since every
// stored password is salted.
func Stamp(stored string) string {
	sum := sha256.Sum256([]byte(stored))
	return hex.EncodeToString(sum[:8])
}

// Canonical finds the stable id that a name means: RhodeCode's names for its own plug-ins mean ours.
func Canonical(id string) string {
	folded := strings.ToLower(id)
	for _, prefix := range []string{"rhodecode.lib.auth_modules.auth_", "egg:rhodecode-enterprise-ce#", "egg:rhodecode-enterprise-ee#", "auth_"} {
		if own, ok := strings.CutPrefix(folded, prefix); ok {
			folded = own
			break
		}
	}
	if folded == "rhodecode" {
		return Password
	}
	return folded
}

// unfit is why a plug-in would not work, as ErrUnfit.
func unfit(id string, err error) error {
	if errors.Is(err, ErrBadSetting) {
		return fmt.Errorf("%w: %s: %w", ErrUnfit, id, err)
	}
	return fmt.Errorf("%w: %s: %v", ErrUnfit, id, err)
}
