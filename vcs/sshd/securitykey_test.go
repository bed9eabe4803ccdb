package sshd

import (
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/sha256"
	"io"
	"math/big"
	"testing"

	gossh "golang.org/x/crypto/ssh"
)

// authenticator is a security key without hardware: it signs as PROTOCOL.u2f of OpenSSH writes, with the flags that it
// is told to set.
type authenticator struct {
	public gossh.PublicKey
	sign   func(message []byte) []byte
	flags  byte
}

const application = "ssh:"

// touched and verified are the flags "user present" and "user verified".
const touched, verified = 0x01, 0x04

func newAuthenticator(t testing.TB, algorithm string, flags byte) *authenticator {
	t.Helper()
	a := &authenticator{flags: flags}
	var wire []byte
	if algorithm == gossh.KeyAlgoSKED25519 {
		public, key, err := ed25519.GenerateKey(rand.Reader)
		if err != nil {
			t.Fatal(err)
		}
		wire = gossh.Marshal(struct{ Type, Key, App string }{algorithm, string(public), application})
		a.sign = func(message []byte) []byte { return ed25519.Sign(key, message) }
	} else {
		key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
		if err != nil {
			t.Fatal(err)
		}
		point, err := key.PublicKey.Bytes()
		if err != nil {
			t.Fatal(err)
		}
		wire = gossh.Marshal(struct{ Type, Curve, Key, App string }{algorithm, "nistp256", string(point), application})
		a.sign = func(message []byte) []byte {
			sum := sha256.Sum256(message)
			r, s, err := ecdsa.Sign(rand.Reader, key, sum[:])
			if err != nil {
				t.Fatal(err)
			}
			return gossh.Marshal(struct{ R, S *big.Int }{r, s})
		}
	}
	var err error
	if a.public, err = gossh.ParsePublicKey(wire); err != nil {
		t.Fatal(err)
	}
	return a
}

// PublicKey implements gossh.Signer.
func (a *authenticator) PublicKey() gossh.PublicKey { return a.public }

// Sign implements gossh.Signer.
func (a *authenticator) Sign(_ io.Reader, data []byte) (*gossh.Signature, error) {
	app, message := sha256.Sum256([]byte(application)), sha256.Sum256(data)
	state := struct {
		Flags   byte
		Counter uint32
	}{a.flags, 7}
	signed := append(append(app[:], gossh.Marshal(state)...), message[:]...)
	return &gossh.Signature{Format: a.public.Type(), Blob: a.sign(signed), Rest: gossh.Marshal(state)}, nil
}

func TestASecurityKeyMustBeTouched(t *testing.T) {
	for _, algorithm := range []string{gossh.KeyAlgoSKED25519, gossh.KeyAlgoSKECDSA256} {
		for name, c := range map[string]struct {
			flags   byte
			noTouch bool
			in      bool
		}{
			"touched":                       {touched, false, true},
			"touched and verified":          {touched | verified, false, true},
			"not touched":                   {0, false, false},
			"verified, yet not touched":     {verified, false, false},
			"touched, which was not needed": {touched, true, true},
			"not touched, nor needed":       {0, true, true},
		} {
			t.Run(algorithm+" "+name, func(t *testing.T) {
				key := newAuthenticator(t, algorithm, c.flags)
				k := &keeper{keys: map[string]string{string(key.public.Marshal()): "ada"}, noTouch: c.noTouch}
				client, err := dial(serve(t, k, nil), gossh.Config{}, gossh.PublicKeys(key))
				if (err == nil) != c.in {
					t.Fatalf("let in: %v, want %v (%v)", err == nil, c.in, err)
				}
				if err == nil {
					if got := greeted(t, client); got != "ada" {
						t.Errorf("greeted as %q", got)
					}
					_ = client.Close()
				}
			})
		}
	}
}

func TestASecurityKeysSignatureIsVerified(t *testing.T) {
	key, other := newAuthenticator(t, gossh.KeyAlgoSKED25519, touched), newAuthenticator(t, gossh.KeyAlgoSKED25519, touched)
	addr := serve(t, &keeper{keys: map[string]string{string(key.public.Marshal()): "ada"}}, nil)
	key.sign = other.sign
	if c, err := dial(addr, gossh.Config{}, gossh.PublicKeys(key)); err == nil {
		t.Errorf("the signature of another key let in %s", greeted(t, c))
	}
}

// TestNoTouchHoldsForItsOwnKeyOnly offers a key that needs no touch, then signs with one that does.
func TestNoTouchHoldsForItsOwnKeyOnly(t *testing.T) {
	first, second := newAuthenticator(t, gossh.KeyAlgoSKED25519, 0), newAuthenticator(t, gossh.KeyAlgoSKED25519, 0)
	k := &keeper{keys: map[string]string{string(first.public.Marshal()): "ada", string(second.public.Marshal()): "bob"}}
	k.noTouchOf = string(first.public.Marshal())
	addr := serve(t, k, nil)
	client, err := dial(addr, gossh.Config{}, gossh.PublicKeys(first))
	if err != nil {
		t.Fatalf("the key that needs no touch: %v", err)
	}
	_ = client.Close()
	// A key that is offered and refused in the end (its owner went away between the two questions), then the other.
	k.mu.Lock()
	k.forget, k.seen = string(first.public.Marshal()), nil
	k.mu.Unlock()
	if c, err := dial(addr, gossh.Config{}, gossh.PublicKeys(first, second)); err == nil {
		t.Errorf("%s was let in without a touch", greeted(t, c))
	}
}
