package sshcert

import (
	"crypto/ed25519"
	"crypto/rand"
	"crypto/rsa"
	"errors"
	"net/netip"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"golang.org/x/crypto/ssh"
)

var (
	noon = time.Date(2026, 11, 24, 12, 0, 0, 0, time.UTC)
	here = netip.MustParseAddr("192.0.2.1")
)

func ok(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatalf("got error %v, want none", err)
	}
}

func newSigner(t testing.TB) ssh.Signer {
	t.Helper()
	_, key, err := ed25519.GenerateKey(rand.Reader)
	ok(t, err)
	s, err := ssh.NewSignerFromKey(key)
	ok(t, err)
	return s
}

func line(k ssh.PublicKey) string { return string(ssh.MarshalAuthorizedKey(k)) }

func write(t testing.TB, text string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "file")
	ok(t, os.WriteFile(path, []byte(text), 0o600))
	return path
}

// sign makes a certificate for ada, valid from 11 to 13 o'clock, as change leaves it.
func sign(t testing.TB, ca ssh.Signer, change func(*ssh.Certificate)) *ssh.Certificate {
	t.Helper()
	c := &ssh.Certificate{Key: newSigner(t).PublicKey(), CertType: ssh.UserCert, KeyId: "ada@laptop", Serial: 7, ValidPrincipals: []string{"ada"},
		ValidAfter: uint64(noon.Add(-time.Hour).Unix()), ValidBefore: uint64(noon.Add(time.Hour).Unix())}
	if change != nil {
		change(c)
	}
	ok(t, c.SignCert(rand.Reader, ca))
	return c
}

func open(t testing.TB, authorities, revoked string) *Authorities {
	t.Helper()
	a, err := New(Options{Authorities: authorities, Revoked: revoked, Now: func() time.Time { return noon }})
	ok(t, err)
	return a
}

func TestACertificateOfAnAuthorityNamesItsPrincipals(t *testing.T) {
	ca := newSigner(t)
	a := open(t, write(t, "# the company's\n\n"+line(newSigner(t).PublicKey())+line(ca.PublicKey())), "")
	got, err := a.Check(sign(t, ca, nil).Marshal(), here)
	ok(t, err)
	if got.KeyID != "ada@laptop" || got.Serial != 7 || len(got.Principals) != 1 || got.Principals[0] != "ada" || !got.Expires.Equal(noon.Add(time.Hour)) {
		t.Errorf("got %+v", got)
	}
	got, err = a.Check(sign(t, ca, func(c *ssh.Certificate) { c.ValidAfter, c.ValidBefore = 0, ssh.CertTimeInfinity }).Marshal(), here)
	ok(t, err)
	if !got.Expires.IsZero() {
		t.Errorf("one without an end ends at %s", got.Expires)
	}
}

func TestCertificatesThatAreRefused(t *testing.T) {
	ca, rsaKey := newSigner(t), func() ssh.Signer {
		key, err := rsa.GenerateKey(rand.Reader, 2048)
		ok(t, err)
		s, err := ssh.NewSignerFromKey(key)
		ok(t, err)
		return s
	}()
	old, err := ssh.NewSignerWithAlgorithms(rsaKey.(ssh.AlgorithmSigner), []string{ssh.KeyAlgoRSA})
	ok(t, err)
	a := open(t, write(t, line(ca.PublicKey())+line(rsaKey.PublicKey())), "")
	at := func(from, to time.Duration) func(*ssh.Certificate) {
		return func(c *ssh.Certificate) {
			c.ValidAfter, c.ValidBefore = uint64(noon.Add(from).Unix()), uint64(noon.Add(to).Unix())
		}
	}
	option := func(name, value string) func(*ssh.Certificate) {
		return func(c *ssh.Certificate) { c.CriticalOptions = map[string]string{name: value} }
	}
	for name, c := range map[string]struct {
		ca     ssh.Signer
		change func(*ssh.Certificate)
		want   error
		says   string
	}{
		"nobody's authority":       {newSigner(t), nil, ErrUnknown, ""},
		"rsa-sha2 authority":       {rsaKey, nil, nil, ""},
		"SHA-1 authority":          {old, nil, ErrUnusable, "signed by ssh-rsa"},
		"expired":                  {ca, at(-2*time.Hour, -time.Second), ErrExpired, ""},
		"expires this second":      {ca, at(-2*time.Hour, 0), ErrExpired, ""},
		"not yet":                  {ca, at(time.Second, time.Hour), ErrNotYet, ""},
		"begins this second":       {ca, at(0, time.Second), nil, ""},
		"valid after the universe": {ca, func(c *ssh.Certificate) { c.ValidAfter, c.ValidBefore = 1<<63, ssh.CertTimeInfinity }, ErrNotYet, ""},
		"a host's":                 {ca, func(c *ssh.Certificate) { c.CertType = ssh.HostCert }, ErrUnusable, "not a user's"},
		"no principals":            {ca, func(c *ssh.Certificate) { c.ValidPrincipals = nil }, ErrUnusable, "no principal"},
		"force-command":            {ca, option("force-command", "git-upload-pack 'x'"), ErrUnusable, "force-command"},
		"unknown critical option":  {ca, option("verify-required", ""), ErrUnusable, "verify-required"},
		"its address":              {ca, option("source-address", "192.0.2.1"), nil, ""},
		"its network":              {ca, option("source-address", "10.0.0.0/8,192.0.2.0/24"), nil, ""},
		"another network":          {ca, option("source-address", "10.0.0.0/8,2001:db8::/32"), ErrAddress, ""},
		"no network":               {ca, option("source-address", ""), ErrUnusable, ""},
		"a broken network":         {ca, option("source-address", "10.0.0.0/99,192.0.2.1"), ErrUnusable, ""},
		"unknown extension":        {ca, func(c *ssh.Certificate) { c.Extensions = map[string]string{"permit-pty": "", "x@y": "z"} }, nil, ""},
		"a weak key": {ca, func(c *ssh.Certificate) {
			key, err := rsa.GenerateKey(rand.Reader, 1024) //nolint:gosec // the key that must be refused
			ok(t, err)
			c.Key, err = ssh.NewPublicKey(&key.PublicKey)
			ok(t, err)
		}, ErrUnusable, "1024"},
	} {
		_, err := a.Check(sign(t, c.ca, c.change).Marshal(), here)
		if !errors.Is(err, c.want) || err != nil && !strings.Contains(err.Error(), c.says) {
			t.Errorf("%s: got %v, want %v with %q", name, err, c.want, c.says)
		}
	}
}

func TestForgedCertificatesAreRefused(t *testing.T) {
	ca := newSigner(t)
	a := open(t, write(t, line(ca.PublicKey())), "")
	for name, change := range map[string]func(*ssh.Certificate){
		"principal": func(c *ssh.Certificate) { c.ValidPrincipals = []string{"root"} },
		"time":      func(c *ssh.Certificate) { c.ValidBefore++ },
		"serial":    func(c *ssh.Certificate) { c.Serial++ },
		"key":       func(c *ssh.Certificate) { c.Key = newSigner(t).PublicKey() },
		"signature": func(c *ssh.Certificate) { c.Signature.Blob[3] ^= 1 },
	} {
		c := sign(t, ca, nil)
		change(c)
		if _, err := a.Check(c.Marshal(), here); !errors.Is(err, ErrUnusable) {
			t.Errorf("with another %s: got %v", name, err)
		}
	}
	whole := sign(t, ca, nil).Marshal()
	for n := range whole {
		if _, err := a.Check(whole[:n], here); err == nil {
			t.Fatalf("cut after %d bytes it was taken", n)
		}
	}
	big := sign(t, ca, func(c *ssh.Certificate) { c.KeyId = strings.Repeat("x", maxCertificate) })
	for name, wire := range map[string][]byte{"a plain key": ca.PublicKey().Marshal(), "nothing": nil, "a book": big.Marshal()} {
		if _, err := a.Check(wire, here); !errors.Is(err, ErrUnknown) {
			t.Errorf("%s: got %v", name, err)
		}
	}
	if _, err := (*Authorities)(nil).Check(whole, here); !errors.Is(err, ErrUnknown) {
		t.Errorf("without authorities: got %v", err)
	}
}

func TestWhatIsOnTheListOpensNothing(t *testing.T) {
	ca := newSigner(t)
	c := sign(t, ca, nil)
	hash := ssh.FingerprintSHA256(c.Key)
	for text, revoked := range map[string]bool{
		"":                                    false,
		"# serial: 7\n":                       false,
		"serial: 7":                           true,
		"serial: 0x7":                         true,
		"serial: 5-7\n":                       true,
		"Serial: 8-9\nserial:6":               false,
		"id: ada@laptop":                      true,
		"id: ada":                             false,
		"hash: " + hash:                       true,
		hash:                                  true,
		"key: " + line(c.Key):                 true,
		"sha256: " + line(c.Key):              true,
		line(c.Key):                           true,
		line(c):                               true,
		"key: " + line(ca.PublicKey()):        true,
		line(newSigner(t).PublicKey()):        false,
		"\r\n  serial: 7  \r\n":               true,
		ssh.FingerprintSHA256(ca.PublicKey()): true,
	} {
		a := open(t, write(t, line(ca.PublicKey())), write(t, text))
		if _, err := a.Check(c.Marshal(), here); errors.Is(err, ErrRevoked) != revoked {
			t.Errorf("%q: got %v, want revoked %v", text, err, revoked)
		}
	}
	a := open(t, "", write(t, hash))
	if gone, err := a.KeyRevoked(hash); err != nil || !gone {
		t.Errorf("the plain key: %v, %v", gone, err)
	}
	if gone, err := a.KeyRevoked(ssh.FingerprintSHA256(ca.PublicKey())); err != nil || gone {
		t.Errorf("another key: %v, %v", gone, err)
	}
}

func TestFilesThatCannotBeUsedAreErrors(t *testing.T) {
	key := line(newSigner(t).PublicKey())
	for name, o := range map[string]Options{
		"no file":                 {Authorities: filepath.Join(t.TempDir(), "none")},
		"nonsense":                {Authorities: write(t, key+"nonsense")},
		"a certificate":           {Authorities: write(t, line(sign(t, newSigner(t), nil)))},
		"an option":               {Authorities: write(t, "cert-authority "+key)},
		"no list":                 {Revoked: filepath.Join(t.TempDir(), "none")},
		"a binary list":           {Revoked: write(t, "SSHKRL\n\x00\x00")},
		"unknown word":            {Revoked: write(t, "user: ada")},
		"no number":               {Revoked: write(t, "serial: seven")},
		"range the wrong way":     {Revoked: write(t, "serial: 7-5")},
		"a hash of another kind":  {Revoked: write(t, "hash: MD5:00")},
		"a short hash":            {Revoked: write(t, "SHA256:AAAA")},
		"a hash with a return in": {Revoked: write(t, "SHA256:000000\r0000000000000000000000000000000000000")},
		"a huge list":             {Revoked: write(t, strings.Repeat("#\n", maxFile/2+1))},
	} {
		if _, err := New(o); err == nil {
			t.Errorf("%s: taken", name)
		}
	}
}

func TestFilesAreReadAnewWhenTheyChange(t *testing.T) {
	ca := newSigner(t)
	authorities, revoked := write(t, line(ca.PublicKey())), write(t, "")
	a, wire := open(t, authorities, revoked), sign(t, ca, nil).Marshal()
	check := func(what string, want error) {
		t.Helper()
		if _, err := a.Check(wire, here); !errors.Is(err, want) {
			t.Errorf("%s: got %v, want %v", what, err, want)
		}
	}
	check("at first", nil)
	ok(t, os.WriteFile(revoked, []byte("serial: 7\n"), 0o600))
	check("revoked", ErrRevoked)
	ok(t, os.Remove(revoked))
	check("without the list", os.ErrNotExist)
	if gone, err := a.KeyRevoked("SHA256:x"); err == nil || !gone {
		t.Error("a key is taken while the list cannot be read")
	}
	ok(t, os.WriteFile(revoked, nil, 0o600))
	check("with an empty list again", nil)
	ok(t, os.WriteFile(authorities, []byte("# nobody\n"), 0o600))
	check("the authority is taken out", ErrUnknown)
}

func FuzzParseRevoked(f *testing.F) {
	f.Add("serial: 1-5\nid: x\n# y")
	f.Add("hash: SHA256:47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU")
	f.Add("SSHKRL\n")
	f.Add("ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIJ1W0tYcEBJk0KLVz2AP1pJ2ptDL3pTKMBcM6lmQ1cHb ada")
	f.Fuzz(func(t *testing.T, text string) {
		r, err := parseRevoked([]byte(text))
		if err != nil {
			return
		}
		for fingerprint := range r.keys {
			if len(fingerprint) != len("SHA256:")+43 {
				t.Errorf("%q revokes %q", text, fingerprint)
			}
		}
		for _, s := range r.serials {
			if s[0] > s[1] {
				t.Errorf("%q revokes the serials %v", text, s)
			}
		}
	})
}

func FuzzCheck(f *testing.F) {
	ca := newSigner(f)
	a := open(f, write(f, line(ca.PublicKey())), "")
	whole := sign(f, ca, nil).Marshal()
	f.Add(whole)
	f.Add(whole[:100])
	f.Add(ca.PublicKey().Marshal())
	f.Fuzz(func(t *testing.T, wire []byte) {
		if got, err := a.Check(wire, here); err == nil && (got.KeyID != "ada@laptop" || got.Serial != 7) {
			t.Errorf("%x was taken: %+v", wire, got)
		}
	})
}
