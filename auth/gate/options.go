package gate

import (
	"time"

	"jeton/auth/access"
	"jeton/auth/audit"
	"jeton/auth/signin"
	"jeton/auth/sshcert"
	"jeton/auth/sshkey"
	"jeton/auth/token"
)

// Options are what a Gate decides by. All stores are required.
type Options struct {
	Users        *access.Users
	Repositories *access.Repositories
	Tokens       *token.Store
	Keys         *sshkey.Store
	SignIn       *signin.Registry
	// Certificates are the authorities whose SSH certificates are taken, and the revoked keys; nil takes none.
	Certificates *sshcert.Authorities
	// Audit gets refusals; nil records nothing.
	Audit *audit.Record
	// Create says who may make repositories (setting repos.create).
	Create access.CreateRule
	// PushToCreate lets a write to a free path be a question to create the repository.
	PushToCreate bool
	// ViewOn tells whether a view is on the whitelist of web tokens (setting web.token_views); nil means none is.
	ViewOn func(view, tokenID string) bool
	// HowToMint is a sentence that says where a token of a kind is made; nil names the command.
	HowToMint func(kind token.Kind) string
	// Now is the clock; nil means time.Now.
	Now func() time.Time
}

// Gate decides. It is safe for concurrent use, and holds nothing of its own that could be out of date.
type Gate struct{ o Options }

// New makes a gate.
func New(o Options) *Gate {
	if o.ViewOn == nil {
		o.ViewOn = func(string, string) bool { return false }
	}
	if o.HowToMint == nil {
		o.HowToMint = func(k token.Kind) string { return "Make one with: jeton token create --kind " + string(k) }
	}
	if o.Now == nil {
		o.Now = time.Now
	}
	return &Gate{o: o}
}
