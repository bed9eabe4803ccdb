package gate

import (
	"context"
	"errors"
	"net/netip"
	"net/url"
	"strings"
	"time"

	"jeton/auth/access"
	"jeton/auth/sshcert"
)

// Key is what IdentifyKey has found.
type Key struct {
	Identity
	// NoTouch: signatures of this security key need not tell that somebody touched it.
	NoTouch bool
}

// IdentifyKey finds whose an SSH public key is (wire format, RFC 4253 section 6.6). It does not prove anything: SSH does.
// A key that nobody has is refused and not recorded, since clients offer all that they hold. remote is for the record.
func (g *Gate) IdentifyKey(ctx context.Context, wire []byte, remote string) (Key, error) {
	began := time.Now()
	if err := g.fresh(ctx); err != nil {
		return Key{}, err
	}
	key, ok := g.o.Keys.Find(wire)
	if !ok {
		return Key{}, badCredential("unknown SSH key")
	}
	s, err := g.recallKey(Proven{KeyID: key.ID})
	if err != nil {
		g.refuse(ctx, began, s, Credential{Remote: address(remote)}, question{door: Git}, err)
		return Key{}, err
	}
	return Key{Identity: s.identity(), NoTouch: key.NoTouch}, nil
}

// IdentifyCertificate finds whom an SSH certificate (wire format, PROTOCOL.certkeys of OpenSSH) names who came with this
// user name. Like IdentifyKey it proves nothing, and does not record what is unknown.
func (g *Gate) IdentifyCertificate(ctx context.Context, wire []byte, login, remote string) (Identity, error) {
	began := time.Now()
	if err := g.fresh(ctx); err != nil {
		return Identity{}, err
	}
	c := Credential{Remote: address(remote)}
	s, err := g.recallCertificate(Proven{Certificate: string(wire), Login: login}, c.Remote)
	if err != nil {
		if !errors.Is(err, sshcert.ErrUnknown) {
			g.refuse(ctx, began, s, c, question{door: Git}, err)
		}
		return Identity{}, err
	}
	return s.identity(), nil
}

func (g *Gate) recallKey(p Proven) (subject, error) {
	key, ok := g.o.Keys.ByID(p.KeyID)
	if !ok {
		return subject{proven: p}, badCredential("the SSH key was removed")
	}
	switch revoked, err := g.o.Certificates.KeyRevoked(key.Fingerprint); {
	case err != nil:
		return subject{proven: p}, err
	case revoked:
		return subject{proven: p}, badCredential("the SSH key is on the list of revoked keys")
	}
	if key.Deploys() {
		return subject{deploy: &key, proven: p}, nil
	}
	u, _ := g.o.Users.ByID(key.UserID)
	return g.person(subject{user: u, proven: p})
}

// recallCertificate checks a certificate from its first byte to its last, as if it came for the first time.
func (g *Gate) recallCertificate(p Proven, remote netip.Addr) (subject, error) {
	c, err := g.o.Certificates.Check([]byte(p.Certificate), remote)
	if err != nil {
		return subject{proven: p}, badCertificate(err)
	}
	s := subject{proven: p, certificate: &c}
	name, ok := principal(c.Principals, p.Login)
	if !ok {
		return s, wrongPrincipal()
	}
	s.user, _ = g.o.Users.ByName(name)
	return g.person(s)
}

// anybody is the user name that stands in addresses such as ssh://git@host and means nobody in particular.
const anybody = "git"

// principal finds the user name for which a certificate is used: the one that the client came with, where the
// certificate names it, else its only one for a client that came as git.
func principal(named []string, login string) (string, bool) {
	u := access.User{Name: login}
	for _, n := range named {
		if u.Is(n) {
			return n, true
		}
	}
	if login == anybody && len(named) == 1 {
		return named[0], true
	}
	return "", false
}

// maxKeyID bounds the key id of a certificate in records, in bytes.
const maxKeyID = 100

// escapeKeyID makes the key id of a certificate one word.
func escapeKeyID(id string) string {
	if len(id) > maxKeyID {
		id = strings.ToValidUTF8(id[:maxKeyID], "") + "…"
	}
	return url.PathEscape(id)
}
