// Package gate decides, for every door of the server, who is let in: it is the only place that does.
//
//	Credential ─► form ─► kind ─► alive ─► network ─► plug-in or view on ─► person active ─► scope ─► permission ─► Grant
//
// A refusal takes as long as any other (pace.go), and one of a text that is no token reads like every other of these, a
// decoy's too; whoever holds a genuine one is told what is wrong with it.
//
// It knows no HTTP and no git: doors (web/door, the SSH server's wiring) turn what a client sent into a Credential and
// a Refused error back into the protocol's own words. It imports auth's other packages and db, never vcs or web.
package gate

import (
	"context"
	"errors"
	"net/netip"
	"time"

	"jeton/auth/signin"
	"jeton/auth/token"
)

// Door is a way into the server; each kind of token opens its own.
type Door string

// The doors.
const (
	Git  Door = "git"
	API  Door = "api"
	Feed Door = "feed"
	View Door = "view" // archive, diff, patch, raw: Resource.View names which
	Self Door = "self" // a token of any kind about itself: About
)

// Access is what is asked for.
type Access string

// Read and Write a repository. Write to a path where nothing is yet is a question to create it.
const (
	Read  Access = "read"
	Write Access = "write"
)

// Credential is what a client presented, as it came. The zero value is a guest.
type Credential struct {
	// User is the user name beside the secret; Basic and SSH only. Given tells a user name that is there but empty
	// from none at all (Basic sends both or nothing).
	User   string
	Secret string
	// Scheme is how it came: "basic", "bearer", "query", "header", "body", "ssh-password", "ssh-key", "vouched"; "" is a guest.
	Scheme string
	// Claim is set with "vouched", and nothing beside it: the request of a trusted proxy, which may say in a header who has
	// come. Whether it does, the plug-in headers knows; where it does not, this is a guest.
	Claim *signin.Claim
	// Proven names an identity that was proven earlier on the same connection (see Gate.Identify); it is asked again
	// at every Admit, so that a removed key or a revoked token ends there.
	Proven Proven
	// Remote is the client's address, after trusted proxies.
	Remote netip.Addr
}

// Proven is the lasting name of a credential that was proven: exactly one id is set. See Proof for carrying it.
type Proven struct {
	TokenID, KeyID string
	// UserID is set for a password, with Stamp, which is another as soon as the password is.
	UserID, Stamp string
	// Vouched tells that a proxy has said who UserID is, with no password.
	Vouched bool
	// Certificate is an SSH certificate in wire format, whole, since it is checked again at every question; Login is the
	// user name that came with it.
	Certificate, Login string
}

// Resource is what is asked about: a repository by its path as typed, or by id; View for the View door. Right is what a
// token needs besides, for an API method that is reserved; "" for none.
type Resource struct {
	Path, RepoID, View string
	// Below: Path may go on behind the repository's own, as an import path of Go does. The longest part of it that leads to
	// a repository which the subject may read is what counts; Grant.Asked tells how long that is. Reading only.
	Below bool
	Right token.Right
	// Object is what a method of the API is about, in the place of a path; the zero value at every other door.
	Object Object
}

// Repo is the repository that a Grant is about; ID is empty where Create is set.
type Repo struct {
	ID, Path string
	Public   bool
	Archived bool
}

// Identity is who was recognised. UserID is empty for a guest, and for a deploy key or token, which is nobody's.
type Identity struct {
	UserID, UserName, Email string
	// Admin tells that the person is an administrator. What is reserved to those is asked for with Resource.Right.
	Admin  bool
	Proven Proven
	// Credential names what was used, never the secret: "token:<id>", "key:<id>", "cert:<key id>:<serial>", "password",
	// "vouched", "". The key id of a certificate is percent-encoded, for its authority may have written anything there.
	Credential string
	// TokenExpiry is zero where the credential never expires.
	TokenExpiry time.Time
	// TokenLine names the token through all its rotations, TokenLabel is what its owner calls it; "" for other credentials.
	TokenLine, TokenLabel string
}

// Grant is a yes. Again asks the same question once more, now; it is called right before refs move.
type Grant struct {
	Identity Identity
	Repo     Repo
	Access   Access
	// Asked is the part of Resource.Path that has led to Repo; all of it but where Resource.Below is set.
	Asked string
	// Refs is what of the repository's refs the credential may write, where it may less than its owner.
	Refs token.Refs
	// Found is what Resource.Object has named.
	Found Found
	// Create is true for a write to a path where nothing is and where the identity may create.
	Create bool
	Again  func(ctx context.Context) error
}

// Code says why not, for machines; the audit record holds it, the client sees it only where docs/tokens.md allows ("Refusals").
type Code string

// The codes of refusals.
const (
	NoCredential  Code = "no_credential"  // none, and the resource is not public or not there
	BadCredential Code = "bad_credential" // checksum, unknown, wrong password, wrong person
	Expired       Code = "expired"
	Revoked       Code = "revoked"
	Rotated       Code = "rotated" // it has a successor, and the overlap is over
	WrongKind     Code = "wrong_kind"
	Inactive      Code = "inactive"
	WrongNetwork  Code = "wrong_network"
	SwitchedOff   Code = "switched_off" // plug-in or view
	TokensOnly    Code = "tokens_only"  // a password where git takes tokens and keys alone
	ReadOnly      Code = "read_only"
	NoRight       Code = "no_right"  // a right that the token has not
	BoundToken    Code = "bound"     // a token for some repositories, at what lies in none
	NotYourself   Code = "not_self"  // another person's account
	NotFound      Code = "not_found" // not there, out of scope, not readable: one and the same
	Gone          Code = "gone"      // a repository that was deleted, to who could read it, at the door of feeds alone
	Archived      Code = "archived"
	BadRequest    Code = "bad_request" // two credentials, a secret in the wrong place
	TooMany       Code = "too_many"
	Unavailable   Code = "unavailable" // a server that judges passwords does not answer
)

// Refused is every no. Sentence is what the client may be told; Reason is for the audit record alone.
type Refused struct {
	Code       Code
	Sentence   string
	Reason     string
	RetryAfter time.Duration
	// Told: the sentence tells nothing but what the client itself has sent, so that it may be said before it has proven
	// anything.
	Told bool
	// cause is the error behind it; nil where there is none.
	cause error
}

func (r *Refused) Error() string { return r.Sentence }

// Unwrap is the error behind the refusal.
func (r *Refused) Unwrap() error { return r.cause }

// AsRefused finds the refusal in an error; nil where the error is a failure of the server itself.
func AsRefused(err error) *Refused {
	var r *Refused
	if errors.As(err, &r) {
		return r
	}
	return nil
}
