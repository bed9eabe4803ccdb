package gate

import (
	"errors"
	"fmt"
	"net/netip"
	"strings"
	"time"

	"jeton/auth/sshcert"
	"jeton/auth/token"
)

// Each refusal is made here: its code, the sentence that the client may read, the reason that only the record holds.

func noCredential() error {
	return &Refused{Code: NoCredential, Sentence: "Sign in: there is nothing here that everybody may see.",
		Reason: "no credential"}
}

func badCredential(reason string) error {
	return &Refused{Code: BadCredential, Sentence: "Wrong user name, password or token.", Reason: reason}
}

func badRequest(reason string) error {
	return &Refused{Code: BadRequest, Sentence: "This request cannot be answered.", Reason: reason}
}

func twoCredentials() error {
	return &Refused{Code: BadRequest, Sentence: "Two credentials came with one request. Send one.",
		Reason: "two credentials"}
}

func badPlace(w doorway) error {
	return &Refused{Code: BadRequest, Reason: "a credential in the wrong place",
		Sentence: fmt.Sprintf("A credential for %s must not come in this place. See the documentation on tokens.", w.what)}
}

func wrongKind(have token.Kind, w doorway, how string) error {
	return &Refused{Code: WrongKind, Reason: fmt.Sprintf("a %s token at the door of %s", have, w.what),
		Sentence: fmt.Sprintf("This is %s token; %s needs %s token. %s", article(have), w.what, article(w.kind), how)}
}

func article(k token.Kind) string {
	if k == token.API {
		return "an api"
	}
	return "a " + string(k)
}

func expired(at time.Time) error {
	return &Refused{Code: Expired, Reason: "expired",
		Sentence: fmt.Sprintf("This token expired on %s. Make a new one.", at.UTC().Format("2006-01-02 15:04 MST"))}
}

func revoked(at time.Time) error {
	return &Refused{Code: Revoked, Reason: "revoked",
		Sentence: fmt.Sprintf("This token was revoked on %s. Make a new one.", at.UTC().Format("2006-01-02 15:04 MST"))}
}

func rotated(at time.Time) error {
	return &Refused{Code: Rotated, Reason: "used after the overlap of its rotation",
		Sentence: fmt.Sprintf("This token was replaced by a newer one and ended on %s. Use that one; its owner is told of this.",
			at.UTC().Format("2006-01-02 15:04 MST"))}
}

// wrongNetwork names the address that the server sees, so that a proxy that hides it is found. It does not name the
// networks: whoever has stolen the token would learn where to use it.
func wrongNetwork(from netip.Addr) error {
	where := "Your address is " + from.String()
	if !from.IsValid() {
		where = "Your address is not known to the server"
	}
	return &Refused{Code: WrongNetwork, Reason: "from outside of the token's networks",
		Sentence: where + ", and this token may not be used from there. Its owner chose its networks."}
}

func tokensOff() error {
	return &Refused{Code: SwitchedOff, Reason: "the token plug-in is off", Sentence: "VCS tokens are switched off on " +
		"this server. An administrator can turn them on under Admin → Authentication."}
}

func notVouched() error {
	return &Refused{Code: BadCredential, Reason: "a proxy has named somebody who cannot be taken for a person here",
		Sentence: "The user name that the proxy in front of this server tells cannot be used here. Ask an administrator, or use a token."}
}

func vouchingOff() error {
	return &Refused{Code: SwitchedOff, Reason: "a proxy's word is not taken for git",
		Sentence: "The proxy's word for who you are is not taken for git any more. Use a token or an SSH key, or ask an administrator."}
}

func passwordsOff() error {
	return &Refused{Code: SwitchedOff, Reason: "the password plug-in is off", Sentence: "Passwords are switched off on " +
		"this server. Use a token or an SSH key, or ask an administrator."}
}

// tokensOnly says how to go on with git. It may be said before anything was proven where it holds for the whole server.
func tokensOnly(how string, told bool) error {
	return &Refused{Code: TokensOnly, Told: told, Reason: "git takes tokens and keys only",
		Sentence: "Passwords do not open git here: use a VCS token in place of the password, or an SSH key. " + how}
}

func viewOff(view string) error {
	return &Refused{Code: SwitchedOff, Reason: "view " + view + " is not on the whitelist",
		Sentence: fmt.Sprintf("The view %q is not open to web tokens on this server. "+
			"An administrator can open it with jeton views add %s, or by the setting web.token_views.", view, view)}
}

func inactive(name string) error {
	return &Refused{Code: Inactive, Reason: "inactive",
		Sentence: fmt.Sprintf("The account %s is not active. Ask an administrator.", name)}
}

// badCertificate says what is wrong with a certificate; whoever holds it may know. A failure of the server stays one.
func badCertificate(err error) error {
	r := &Refused{Code: BadCredential, Sentence: spoken(err), Reason: err.Error(), Told: true, cause: err}
	switch {
	case errors.Is(err, sshcert.ErrUnknown):
		r.Sentence, r.Told = "Wrong user name, password or token.", false
	case errors.Is(err, sshcert.ErrExpired):
		r.Code, r.Sentence = Expired, r.Sentence+" Have a new one signed."
	case errors.Is(err, sshcert.ErrNotYet):
		r.Code = Expired
	case errors.Is(err, sshcert.ErrRevoked):
		r.Code = Revoked
	case errors.Is(err, sshcert.ErrAddress):
		r.Code = WrongNetwork
	case !errors.Is(err, sshcert.ErrUnusable):
		return err
	}
	return r
}

// spoken is an error's text as people write.
func spoken(err error) string {
	text := err.Error()
	return strings.ToUpper(text[:1]) + text[1:] + "."
}

func wrongPrincipal() error {
	return &Refused{Code: BadCredential, Reason: "the user name is none of the certificate's principals", Told: true,
		Sentence: "This certificate is not for this user name. Connect with the user name that stands in it, as in ssh://ada@host."}
}

func readOnlyToken() error {
	return &Refused{Code: ReadOnly, Reason: "a read-only token",
		Sentence: "This token may only read. Make one with write access to push."}
}

func noRight(r token.Right) error {
	return &Refused{Code: NoRight, Reason: "the token has not the right " + string(r),
		Sentence: fmt.Sprintf("This token has not the right %q, which is needed here. Make one with it.", string(r))}
}

func notAdministrator() error {
	return &Refused{Code: NoRight, Reason: "the token's owner is no administrator",
		Sentence: "Only an administrator may do this."}
}

func readOnlyCall() error {
	return &Refused{Code: ReadOnly, Reason: "a read-only token",
		Sentence: "This token may only read, and this method changes something. Make one with write access."}
}

func boundToken(k Kind) error {
	return &Refused{Code: BoundToken, Reason: "a bound token at the API, about a " + string(k),
		Sentence: "This token is bound to repositories, and this method is about something else. Use a token that is bound to nothing."}
}

func notYourself() error {
	return &Refused{Code: NotYourself, Reason: "another person's account, whether it is there or not",
		Sentence: "You may ask for your own account only. An administrator's token with the right \"admin\" may ask for others."}
}

func mayNotMake() error {
	return &Refused{Code: NoRight, Reason: "may not make anything at this path", Sentence: "You may not make this here. " +
		"Choose a group of repositories that you may write to, or ask an administrator."}
}

func badName(err error) error {
	return &Refused{Code: BadRequest, Reason: "a name that cannot be", Sentence: spoken(err), Told: true, cause: err}
}

func archivedContent() error {
	return &Refused{Code: Archived, Reason: "archived",
		Sentence: "This repository is archived: it can be read, but what it holds cannot be changed."}
}

func readOnlyPerson(name string) error {
	return &Refused{Code: ReadOnly, Reason: "no permission to write",
		Sentence: fmt.Sprintf("%s may read this repository, but not push to it. Ask its owner for write permission.", name)}
}

func readOnlyDeployKey() error {
	return &Refused{Code: ReadOnly, Reason: "a read-only deploy key", Sentence: "This deploy key may only read. An " +
		"administrator of the repository can remove it and add it again with write access."}
}

func readOnlyDoor() error {
	return &Refused{Code: ReadOnly, Reason: "a write through a door that only reads",
		Sentence: "Nothing can be changed at this address."}
}

func archived() error {
	return &Refused{Code: Archived, Reason: "archived",
		Sentence: "This repository is archived: it can be read, but not pushed to."}
}

// NotThere is what is said of a repository that is not there, and of one that this client must not know of.
const NotThere = "There is no such repository, or you may not read it."

func notFound(reason string) error {
	return &Refused{Code: NotFound, Sentence: NotThere, Reason: reason}
}

func tooMany(wait time.Duration) error {
	return &Refused{Code: TooMany, Sentence: "Too many people are signing in at this moment. Try again in a few seconds.",
		Reason: "the queue for passwords is full", RetryAfter: wait}
}

// unavailable: a server that judges passwords does not answer. The credential may be right, so that a client should keep it.
func unavailable(cause error) error {
	return &Refused{Code: Unavailable, Reason: "a sign-in plug-in cannot be asked", RetryAfter: 10 * time.Second, cause: cause,
		Sentence: "Passwords cannot be checked at this moment. Try again soon, or use a token."}
}
