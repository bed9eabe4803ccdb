package gate

import (
	"context"
	"crypto/ed25519"
	"crypto/rand"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"golang.org/x/crypto/ssh"

	"jeton/auth/sshcert"
	"jeton/auth/sshkey"
)

// authority signs certificates that a world trusts.
type authority struct {
	w       *world
	signer  ssh.Signer
	revoked string // the file
}

func newSigner(t testing.TB) ssh.Signer {
	t.Helper()
	_, key, err := ed25519.GenerateKey(rand.Reader)
	ok(t, err)
	s, err := ssh.NewSignerFromKey(key)
	ok(t, err)
	return s
}

func newAuthority(w *world) *authority {
	w.t.Helper()
	a := &authority{w: w, signer: newSigner(w.t), revoked: filepath.Join(w.t.TempDir(), "revoked")}
	trusted := filepath.Join(w.t.TempDir(), "trusted")
	ok(w.t, os.WriteFile(trusted, ssh.MarshalAuthorizedKey(a.signer.PublicKey()), 0o600))
	a.revoke("# nothing\n")
	clock := func() time.Time { return *w.now.Load() }
	certificates, err := sshcert.New(sshcert.Options{Authorities: trusted, Revoked: a.revoked, Now: clock})
	ok(w.t, err)
	o := w.options(clock)
	o.Certificates = certificates
	w.gate = New(o)
	return a
}

func (a *authority) revoke(text string) { ok(a.w.t, os.WriteFile(a.revoked, []byte(text), 0o600)) }

// sign makes a certificate that is valid for an hour, in wire format.
func (a *authority) sign(keyID string, principals ...string) []byte {
	a.w.t.Helper()
	c := &ssh.Certificate{Key: newSigner(a.w.t).PublicKey(), CertType: ssh.UserCert, KeyId: keyID, Serial: 7, ValidPrincipals: principals,
		ValidAfter: uint64(noon.Add(-time.Hour).Unix()), ValidBefore: uint64(noon.Add(time.Hour).Unix()),
		Permissions: ssh.Permissions{CriticalOptions: map[string]string{"source-address": "192.0.2.0/24"}}}
	ok(a.w.t, c.SignCert(rand.Reader, a.signer))
	return c.Marshal()
}

func TestACertificateIsUsedForTheUserNameItComesWith(t *testing.T) {
	w := newWorld(t)
	a := newAuthority(w)
	ok(t, w.users.Deactivate(t.Context(), root, w.eve.ID))
	for name, c := range map[string]struct {
		login      string
		principals []string
		user       string // "" for a refusal
		want       Code
		told       bool
	}{
		"as git, its only one":         {"git", []string{"ada"}, "ada", "", false},
		"as itself":                    {"ada", []string{"ada"}, "ada", "", false},
		"as itself, otherwise written": {"ADA", []string{"ada"}, "ada", "", false},
		"the second of two":            {"bob", []string{"ada", "bob"}, "bob", "", false},
		"as git, two":                  {"git", []string{"ada", "bob"}, "", BadCredential, true},
		"as somebody else":             {"chief", []string{"ada"}, "", BadCredential, true},
		"as nobody":                    {"", []string{"ada"}, "", BadCredential, true},
		"somebody who is not here":     {"git", []string{"zoe"}, "", BadCredential, false},
		"inactive":                     {"git", []string{"eve"}, "", Inactive, false},
	} {
		id, err := w.gate.IdentifyCertificate(t.Context(), a.sign("ada@laptop", c.principals...), c.login, "192.0.2.1:22")
		if r := AsRefused(err); id.UserName != c.user || code(t, granted(id, err), err) != c.want || r != nil && r.Told != c.told {
			t.Errorf("%s: got %+v, %v", name, id, err)
		}
	}
}

// granted is a grant for a yes, so that code can be asked about an Identity.
func granted(id Identity, err error) *Grant {
	if err != nil {
		return nil
	}
	return &Grant{Identity: id}
}

func TestACertificateIsNamedInOneWord(t *testing.T) {
	w := newWorld(t)
	a := newAuthority(w)
	for keyID, want := range map[string]string{
		"ada@laptop":                 "cert:ada@laptop:7",
		"":                           "cert::7",
		"two words\n\x1b[31m\u202e)": "cert:two%20words%0A%1B%5B31m%E2%80%AE%29:7",
		strings.Repeat("x", 1000):    "cert:" + strings.Repeat("x", maxKeyID) + "%E2%80%A6:7",
	} {
		id, err := w.gate.IdentifyCertificate(t.Context(), a.sign(keyID, "ada"), "git", "192.0.2.1:22")
		ok(t, err)
		if id.Credential != want || !id.TokenExpiry.Equal(noon.Add(time.Hour)) {
			t.Errorf("%q: got %q until %s", keyID, id.Credential, id.TokenExpiry)
		}
	}
}

// TestAskingAgainAboutACertificate admits somebody, changes one thing, and asks the Grant and the connection again.
func TestAskingAgainAboutACertificate(t *testing.T) {
	for name, c := range map[string]struct {
		change func(w *world, a *authority) error
		want   Code
	}{
		"nothing":         {func(*world, *authority) error { return nil }, ""},
		"expired":         {func(w *world, _ *authority) error { w.set(noon.Add(time.Hour)); return nil }, Expired},
		"serial revoked":  {func(_ *world, a *authority) error { a.revoke("serial: 7"); return nil }, Revoked},
		"deactivated":     {func(w *world, _ *authority) error { return w.users.Deactivate(w.t.Context(), root, w.bob.ID) }, Inactive},
		"deleted":         {func(w *world, _ *authority) error { return w.users.Delete(w.t.Context(), root, w.bob.ID) }, BadCredential},
		"permission gone": {func(w *world, _ *authority) error { return w.repos.Take(w.t.Context(), root, "id-team/app", w.bob.ID) }, NotFound},
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t)
			a := newAuthority(w)
			id, err := w.gate.IdentifyCertificate(t.Context(), a.sign("x", "bob"), "git", "192.0.2.1:22")
			ok(t, err)
			carried, err := FromProof(id.Proven.Proof())
			ok(t, err)
			g, err := w.gate.Admit(t.Context(), Credential{Proven: carried, Remote: remote}, Git, Resource{Path: "team/app"}, Write)
			ok(t, err)
			if g.Identity.UserID != w.bob.ID || g.Identity.Credential != "cert:x:7" {
				t.Errorf("acts as %+v", g.Identity)
			}
			ok(t, c.change(w, a))
			if got := again(t, g); got != c.want {
				t.Errorf("before refs move: got %q, want %q", got, c.want)
			}
			if got := w.ask(Credential{Proven: carried, Remote: remote}, Git, "team/app", Write); got != c.want {
				t.Errorf("at the next command: got %q, want %q", got, c.want)
			}
		})
	}
}

func TestACertificateOpensGitAloneFromItsAddresses(t *testing.T) {
	w := newWorld(t)
	a := newAuthority(w)
	id, err := w.gate.IdentifyCertificate(t.Context(), a.sign("x", "ada"), "git", "192.0.2.1:22")
	ok(t, err)
	for door := range schemes {
		want := BadCredential
		if door == Git {
			want = ""
		}
		if got := w.ask(Credential{Proven: id.Proven, Remote: remote}, door, "ada/private", Read); got != want {
			t.Errorf("%s: got %q, want %q", door, got, want)
		}
	}
	_, err = w.gate.IdentifyCertificate(t.Context(), a.sign("x", "ada"), "git", "203.0.113.1:22")
	if got := code(t, nil, err); got != WrongNetwork {
		t.Errorf("from elsewhere: got %q", got)
	}
	stranger := &authority{w: w, signer: newSigner(t)}
	if _, err = w.gate.IdentifyCertificate(t.Context(), stranger.sign("x", "ada"), "git", "192.0.2.1:22"); code(t, nil, err) != BadCredential || AsRefused(err).Told {
		t.Errorf("of a strange authority: got %v", err)
	}
	ok(t, w.audit.Close())
	list, err := w.db.Audit().Since(t.Context(), "", 100)
	ok(t, err)
	for _, e := range list {
		if strings.Contains(e.Detail, "not known here") {
			t.Errorf("a certificate of a strange authority was recorded: %+v", e)
		}
	}
}

func TestRevokedKeysOpenNothing(t *testing.T) {
	w := newWorld(t)
	a := newAuthority(w)
	_, wire := w.addKey(w.ada)
	_, deploys := w.addDeploy("team/app", sshkey.Read)
	id, err := w.gate.IdentifyKey(t.Context(), wire, "")
	ok(t, err)
	key, err := ssh.ParsePublicKey(wire)
	ok(t, err)
	a.revoke(ssh.FingerprintSHA256(key))
	if got := w.ask(Credential{Proven: id.Proven}, Git, "ada/private", Read); got != BadCredential {
		t.Errorf("on an open connection: got %q", got)
	}
	if _, err := w.gate.IdentifyKey(t.Context(), wire, ""); code(t, nil, err) != BadCredential {
		t.Errorf("on a new one: got %v", err)
	}
	if got := w.ask(deploys, Git, "team/app", Read); got != "" {
		t.Errorf("another key: got %q", got)
	}
	ok(t, os.Remove(a.revoked))
	if _, err := w.gate.Admit(context.Background(), deploys, Git, Resource{Path: "team/app"}, Read); err == nil || AsRefused(err) != nil {
		t.Errorf("without the list: got %v, want a failure", err)
	}
}
