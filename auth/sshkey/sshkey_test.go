package sshkey

import (
	"crypto/dsa" //lint:ignore SA1019 the keys that must be refused
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"encoding/base64"
	"errors"
	"math/big"
	"strings"
	"testing"
	"time"

	"golang.org/x/crypto/ssh"

	"jeton/auth/audit"
	"jeton/db"
	"jeton/db/dbtest"
)

var (
	root = audit.Command("root")
	noon = time.Date(2026, 11, 24, 12, 0, 0, 0, time.UTC)
)

func ok(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatalf("got error %v, want none", err)
	}
}

func public(t *testing.T, key any) ssh.PublicKey {
	t.Helper()
	p, err := ssh.NewPublicKey(key)
	ok(t, err)
	return p
}

func line(p ssh.PublicKey) string { return strings.TrimSpace(string(ssh.MarshalAuthorizedKey(p))) }

func newEd25519(t *testing.T) ssh.PublicKey {
	t.Helper()
	key, _, err := ed25519.GenerateKey(rand.Reader)
	ok(t, err)
	return public(t, key)
}

// newRSA makes a public key of so many bits; nobody will ever sign with it.
func newRSA(t *testing.T, bits int) ssh.PublicKey {
	t.Helper()
	n := new(big.Int).Lsh(big.NewInt(1), uint(bits-1))
	return public(t, &rsa.PublicKey{N: n.Add(n, big.NewInt(1)), E: 65537})
}

func newECDSA(t *testing.T, c elliptic.Curve) ssh.PublicKey {
	t.Helper()
	key, err := ecdsa.GenerateKey(c, rand.Reader)
	ok(t, err)
	return public(t, &key.PublicKey)
}

// security writes the wire format of a security key (PROTOCOL.u2f of OpenSSH).
func security(t *testing.T, algorithm string) string {
	t.Helper()
	var wire []byte
	if algorithm == ssh.KeyAlgoSKED25519 {
		key, _, err := ed25519.GenerateKey(rand.Reader)
		ok(t, err)
		wire = ssh.Marshal(struct{ Type, Key, App string }{algorithm, string(key), "ssh:"})
	} else {
		key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
		ok(t, err)
		point, err := key.PublicKey.Bytes()
		ok(t, err)
		wire = ssh.Marshal(struct{ Type, Curve, Key, App string }{algorithm, "nistp256", string(point), "ssh:"})
	}
	return algorithm + " " + base64.StdEncoding.EncodeToString(wire)
}

func TestParseTakesGoodKeys(t *testing.T) {
	for name, text := range map[string]string{
		"ed25519":    line(newEd25519(t)),
		"rsa 2048":   line(newRSA(t, 2048)),
		"rsa 4096":   line(newRSA(t, 4096)),
		"ecdsa 256":  line(newECDSA(t, elliptic.P256())),
		"ecdsa 384":  line(newECDSA(t, elliptic.P384())),
		"ecdsa 521":  line(newECDSA(t, elliptic.P521())),
		"sk ed25519": security(t, ssh.KeyAlgoSKED25519),
		"sk ecdsa":   security(t, ssh.KeyAlgoSKECDSA256),
	} {
		key, err := Parse("  " + text + " ada@laptop with words \n")
		if err != nil || key.Public != text || key.Comment != "ada@laptop with words" || !strings.HasPrefix(key.Fingerprint, "SHA256:") {
			t.Errorf("%s: got %+v, %v", name, key, err)
		}
	}
}

func TestParseRefusesWithWords(t *testing.T) {
	good := line(newEd25519(t))
	old := public(t, &dsa.PublicKey{Parameters: dsa.Parameters{P: new(big.Int).Lsh(big.NewInt(1), 1023),
		Q: new(big.Int).Lsh(big.NewInt(1), 159), G: big.NewInt(2)}, Y: big.NewInt(3)})
	for name, c := range map[string]struct{ text, says string }{
		"DSA":            {line(old), "DSA is broken"},
		"RSA of 1024":    {line(newRSA(t, 1024)), "this has 1024"},
		"RSA of 2047":    {line(newRSA(t, 2047)), "this has 2047"},
		"RSA of 16385":   {line(newRSA(t, 16385)), "cannot be used"},
		"certificate":    {certificate(t), "it is a certificate"},
		"options":        {`command="rm",no-pty ` + good, "options in front"},
		"private key":    {"-----BEGIN OPENSSH PRIVATE KEY-----", "ends in .pub"},
		"two lines":      {good + "\n" + good, "more than one line"},
		"nothing":        {"", "not a line such as"},
		"a comment":      {"# nothing", "not a line such as"},
		"type only":      {"ssh-ed25519", "not a line such as"},
		"cut":            {good[:len(good)-8], "not a line such as"},
		"type that lies": {strings.Replace(good, "ssh-ed25519", "ssh-rsa", 1), "not a line such as"},
		"a book":         {strings.Repeat("A", maxLine+1), "longer than"},
	} {
		_, err := Parse(c.text)
		if !errors.Is(err, ErrBadKey) || !strings.Contains(err.Error(), c.says) {
			t.Errorf("%s: got %v, want a refusal that says %q", name, err, c.says)
		}
	}
}

func TestOnlySecurityKeysDoWithoutATouch(t *testing.T) {
	sk := security(t, ssh.KeyAlgoSKED25519)
	for text, want := range map[string]bool{sk: false, noTouch + " " + sk: true, noTouch + " " + security(t, ssh.KeyAlgoSKECDSA256): true} {
		if key, err := Parse(text); err != nil || key.NoTouch != want {
			t.Errorf("%s: got %+v, %v", text, key, err)
		}
	}
	for text, says := range map[string]string{
		noTouch + " " + line(newEd25519(t)): "for security keys",
		noTouch + ",restrict " + sk:         "options in front",
		`from="192.0.2.0/24" ` + sk:         "options in front",
		"verify-required " + sk:             "options in front",
		noTouch + "," + noTouch + " " + sk:  "options in front",
	} {
		if _, err := Parse(text); !errors.Is(err, ErrBadKey) || !strings.Contains(err.Error(), says) {
			t.Errorf("%s: got %v", text, err)
		}
	}
}

func certificate(t *testing.T) string {
	t.Helper()
	_, private, err := ed25519.GenerateKey(rand.Reader)
	ok(t, err)
	signer, err := ssh.NewSignerFromKey(private)
	ok(t, err)
	cert := &ssh.Certificate{Key: newEd25519(t), CertType: ssh.UserCert, ValidBefore: ssh.CertTimeInfinity}
	ok(t, cert.SignCert(rand.Reader, signer))
	return line(cert)
}

func FuzzParse(f *testing.F) {
	f.Add("ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIJ1W0tYcEBJk0KLVz2AP1pJ2ptDL3pTKMBcM6lmQ1cHb ada")
	f.Add("ssh-rsa AAAAB3NzaC1yc2EAAAADAQABAAAAgQ")
	f.Add(`command="a b" ssh-ed25519 AAAA`)
	f.Fuzz(func(t *testing.T, text string) {
		key, err := Parse(text)
		if err != nil {
			if !errors.Is(err, ErrBadKey) {
				t.Errorf("got error %v", err)
			}
			return
		}
		again, err := Parse(key.Public)
		if err != nil || again.Fingerprint != key.Fingerprint {
			t.Errorf("what was made of %q is read as %+v, %v", text, again, err)
		}
	})
}

func newStore(t *testing.T) (*Store, *db.DB) {
	t.Helper()
	d := dbtest.New(t)
	for _, name := range []string{"ada", "bob"} {
		ok(t, d.Users().Insert(t.Context(), db.User{ID: name, Name: name, FoldedName: name}))
	}
	return openStore(t, d), d
}

func openStore(t *testing.T, d *db.DB) *Store {
	t.Helper()
	s, err := NewStore(t.Context(), d, func() time.Time { return noon })
	ok(t, err)
	t.Cleanup(s.Close)
	return s
}

func TestAddedKeyIsFoundByWhatAClientOffers(t *testing.T) {
	s, d := newStore(t)
	key := newEd25519(t)
	added, err := s.Add(t.Context(), root, "ada", "", line(key)+" ada@laptop")
	ok(t, err)
	for name, s := range map[string]*Store{"at once": s, "after a restart": openStore(t, d)} {
		got, found := s.Find(key.Marshal())
		if !found || got != added || got.UserID != "ada" || got.Label != "ada@laptop" || got.Fingerprint != ssh.FingerprintSHA256(key) {
			t.Errorf("%s: got %+v", name, got)
		}
		if _, found := s.Find(newEd25519(t).Marshal()); found {
			t.Errorf("%s: found a key that nobody has", name)
		}
	}
}

func TestAKeyBelongsToOnePerson(t *testing.T) {
	s, _ := newStore(t)
	text := line(newEd25519(t))
	_, err := s.Add(t.Context(), root, "ada", "laptop", text)
	ok(t, err)
	for _, who := range []string{"ada", "bob"} {
		if _, err := s.Add(t.Context(), root, who, "", text+" another comment"); !errors.Is(err, ErrTaken) {
			t.Errorf("%s: got error %v, want ErrTaken", who, err)
		}
	}
	if _, err := s.Add(t.Context(), root, "nobody", "", line(newEd25519(t))); !errors.Is(err, ErrBadKey) {
		t.Errorf("nobody's: got error %v", err)
	}
	if _, err := s.Add(t.Context(), root, "ada", "", "nonsense"); !errors.Is(err, ErrBadKey) {
		t.Errorf("nonsense: got error %v", err)
	}
}

func TestADeployKeyBelongsToOneRepository(t *testing.T) {
	s, d := newStore(t)
	for _, id := range []string{"app", "lib"} {
		ok(t, d.Repositories().Insert(t.Context(), db.Repository{ID: id, Path: id, FoldedPath: id, OwnerID: "ada"}))
	}
	key := newEd25519(t)
	made, err := s.AddDeploy(t.Context(), root, "app", Write, "release", line(key))
	ok(t, err)
	for name, s := range map[string]*Store{"at once": s, "after a restart": openStore(t, d)} {
		got, found := s.Find(key.Marshal())
		if !found || got != made || !got.Deploys() || got.RepoID != "app" || got.Access != Write || got.UserID != "" {
			t.Errorf("%s: got %+v", name, got)
		}
		if len(s.OfRepository("app")) != 1 || len(s.OfRepository("lib")) != 0 || len(s.OfRepository("")) != 0 || len(s.List("ada")) != 0 || len(s.List("")) != 1 {
			t.Errorf("%s: it is listed where it does not belong", name)
		}
	}
	if _, err := s.AddDeploy(t.Context(), root, "lib", Read, "", line(key)); !errors.Is(err, ErrTaken) {
		t.Errorf("for a second repository: got %v, want ErrTaken", err)
	}
	if _, err := s.Add(t.Context(), root, "ada", "", line(key)); !errors.Is(err, ErrTaken) {
		t.Errorf("for a person: got %v, want ErrTaken", err)
	}
	for _, a := range []Access{"", "admin"} {
		if _, err := s.AddDeploy(t.Context(), root, "lib", a, "", line(newEd25519(t))); !errors.Is(err, ErrBadKey) {
			t.Errorf("with the access %q: got %v", a, err)
		}
	}
	if _, err := s.AddDeploy(t.Context(), root, "none", Read, "", line(newEd25519(t))); !errors.Is(err, ErrBadKey) {
		t.Errorf("of no repository: got %v", err)
	}
	ok(t, d.Repositories().Delete(t.Context(), "app"))
	if _, found := s.Find(key.Marshal()); found {
		t.Error("it outlives its repository")
	}
	_, err = s.Add(t.Context(), root, "ada", "", line(key)) // free again
	ok(t, err)
}

func TestRemovedKeyIsGoneAtOnce(t *testing.T) {
	s, d := newStore(t)
	key := newEd25519(t)
	added, err := s.Add(t.Context(), root, "ada", "", line(key))
	ok(t, err)
	other := openStore(t, d)
	ok(t, s.Remove(t.Context(), root, added.ID))
	for _, s := range []*Store{s, other} {
		if _, found := s.Find(key.Marshal()); found {
			t.Error("still found")
		}
	}
	if err := s.Remove(t.Context(), root, added.ID); !errors.Is(err, ErrNotFound) {
		t.Errorf("got error %v, want ErrNotFound", err)
	}
	list, err := d.Audit().Since(t.Context(), "", 10)
	ok(t, err)
	if len(list) != 2 || list[1].Action != "key.remove" || list[1].Resource != added.Fingerprint {
		t.Errorf("got record %+v", list)
	}
}

func TestKeysGoWithTheirOwner(t *testing.T) {
	s, d := newStore(t)
	key := newEd25519(t)
	_, err := s.Add(t.Context(), root, "bob", "", line(key))
	ok(t, err)
	_, err = s.Add(t.Context(), root, "ada", "", line(newEd25519(t)))
	ok(t, err)
	ok(t, d.Users().Delete(t.Context(), "bob"))
	if _, found := s.Find(key.Marshal()); found || len(s.List("")) != 1 || len(s.List("bob")) != 0 {
		t.Errorf("got %+v", s.List(""))
	}
	_, err = s.Add(t.Context(), root, "ada", "", line(key)) // free again
	ok(t, err)
}

func TestLabelsAreMadePresentable(t *testing.T) {
	key := Key{Type: "ssh-ed25519", Comment: "ada\x1b[31m@laptop\u202e"}
	for label, want := range map[string]string{"": "ada[31m@laptop", " my key ": "my key", "\x00\n": "ada[31m@laptop",
		strings.Repeat("ü", 200): strings.Repeat("ü", 100)} {
		if got := labelFor(label, key); got != want {
			t.Errorf("%q: got %q, want %q", label, got, want)
		}
	}
	if got := labelFor("", Key{Type: "ssh-ed25519"}); got != "ssh-ed25519" {
		t.Errorf("without any: got %q", got)
	}
}
