package receive

import (
	"slices"
	"strings"
	"testing"
	"time"

	"jeton/vcs/oid"
)

// signature is the form of one; who reads a certificate here does not know the key.
const signature = "-----BEGIN SSH SIGNATURE-----\nU1NIU0lH\n-----END SSH SIGNATURE-----\n"

// certificateOf is a certificate as git writes it.
func certificateOf(nonce string, options []string, commands ...string) string {
	text := certificateVersion + "\npusher key 1700000000 +0000\npushee http://host/team/app\nnonce " + nonce + "\n"
	for _, o := range options {
		text += "push-option " + o + "\n"
	}
	return text + "\n" + strings.Join(commands, "\n") + "\n" + signature
}

func TestCertificatesAreReadStrictly(t *testing.T) {
	id := strings.Repeat("a", oid.HexSize)
	command := oid.Zero.String() + " " + id + " refs/heads/main"
	good := certificateOf("1-ab", []string{"ci.skip", "a=b c"}, command, command+"2")
	c, err := parseCertificate(good)
	if err != nil || c.signer != "key 1700000000 +0000" || c.pushee != "http://host/team/app" || c.nonce != "1-ab" || c.signature != signature {
		t.Errorf("read %+v, %v", c, err)
	}
	if !slices.Equal(c.options, []string{"ci.skip", "a=b c"}) || !slices.Equal(c.commands, []string{command, command + "2"}) {
		t.Errorf("options %q, commands %q", c.options, c.commands)
	}
	if _, err := parseCertificate(strings.Replace(good, "pushee http://host/team/app\n", "", 1)); err != nil {
		t.Errorf("without a pushee: %v", err)
	}
	if _, err := parseCertificate(strings.ReplaceAll(good, "SSH SIGNATURE", "PGP SIGNATURE")); err != nil {
		t.Errorf("of PGP: %v", err)
	}
	for name, bad := range map[string]string{
		"nothing":                        "",
		"another version":                strings.Replace(good, "0.1", "0.2", 1),
		"no version":                     strings.TrimPrefix(good, certificateVersion+"\n"),
		"no pusher":                      strings.Replace(good, "pusher key 1700000000 +0000\n", "", 1),
		"an empty pusher":                strings.Replace(good, "pusher key 1700000000 +0000\n", "pusher \n", 1),
		"pushers twice":                  strings.Replace(good, "pushee", "pusher b\npushee", 1),
		"an empty pushee":                strings.Replace(good, "pushee http://host/team/app", "pushee ", 1),
		"pushee behind the nonce":        strings.Replace(good, "nonce 1-ab\n", "nonce 1-ab\npushee x\n", 1),
		"no nonce":                       strings.Replace(good, "nonce 1-ab\n", "", 1),
		"nonces twice":                   strings.Replace(good, "nonce 1-ab\n", "nonce 1-ab\nnonce 2-ab\n", 1),
		"a line that is not known":       strings.Replace(good, "nonce 1-ab\n", "nonce 1-ab\nfuture x\n", 1),
		"no commands":                    certificateOf("1-ab", nil),
		"no empty line":                  strings.Replace(good, "\n\n", "\n", 1),
		"no signature":                   strings.TrimSuffix(good, signature),
		"a signature that is cut off":    strings.TrimSuffix(good, "-----END SSH SIGNATURE-----\n"),
		"another end":                    strings.Replace(good, "END SSH", "END PGP", 1),
		"another kind":                   strings.ReplaceAll(good, "SSH SIGNATURE", "MY SIGNATURE"),
		"something behind the signature": good + command + "\n",
		"a signature in a signature":     strings.Replace(good, "U1NIU0lH\n", "x\n-----BEGIN PGP SIGNATURE-----\ny\n-----END PGP SIGNATURE-----\n", 1),
		"two signatures":                 good + signature,
		"no last line feed":              strings.TrimSuffix(good, "\n"),
		"a NUL":                          strings.Replace(good, "main", "ma\x00in", 1),
		"a carriage return":              strings.Replace(good, "\n", "\r\n", 1),
	} {
		if bad == good {
			t.Fatalf("%s: is the good one", name)
		}
		if c, err := parseCertificate(bad); err == nil && name != "no commands" || err == nil && len(c.commands) > 0 && c.commands[0] != "" {
			t.Errorf("%s: read as %+v", name, c)
		}
	}
}

func FuzzCertificate(f *testing.F) {
	f.Add(certificateOf("1-ab", []string{"x"}, oid.Zero.String()+" "+strings.Repeat("a", oid.HexSize)+" refs/heads/main"))
	f.Add(certificateVersion + "\n\n\n" + signature)
	f.Fuzz(func(t *testing.T, text string) {
		c, err := parseCertificate(text)
		if err != nil {
			return
		}
		head := certificateVersion + "\npusher " + c.signer + "\n"
		if c.pushee != "" {
			head += "pushee " + c.pushee + "\n"
		}
		head += "nonce " + c.nonce + "\n"
		for _, o := range c.options {
			head += "push-option " + o + "\n"
		}
		if again := head + "\n" + strings.Join(c.commands, "\n") + "\n" + c.signature; again != text {
			t.Errorf("%q was read as what writes %q", text, again)
		}
	})
}

func TestNonces(t *testing.T) {
	n := nonces{key: []byte("secret"), slop: time.Minute}
	now := time.Unix(1_700_000_000, 0)
	mint := func(ago time.Duration) string { return n.mint("repo", now.Add(-ago)) }
	other := nonces{key: []byte("another"), slop: time.Minute}.mint("repo", now)
	for _, c := range []struct {
		name, nonce, given, status, words string
	}{
		{"of this very exchange", mint(time.Hour), mint(time.Hour), nonceOK, ""},
		{"of another exchange of this server", mint(0), mint(time.Second), "", "not the one that was given out"},
		{"nothing, where something was given out", "", mint(0), "", "not the one"},
		{"of this second", mint(0), "", nonceSlop, ""},
		{"of a moment ago", mint(30 * time.Second), "", nonceSlop, ""},
		{"too old", mint(2 * time.Minute), "", "", "receive.cert_nonce_slop"},
		{"of a clock that is ahead", mint(-30 * time.Second), "", nonceSlop, ""},
		{"of the future", mint(-2 * time.Minute), "", "", "future"},
		{"of another repository", n.mint("other", now), "", "", "not of this server"},
		{"of another server", other, "", "", "not of this server"},
		{"with another time", strings.Replace(mint(0), "1700000000", "1700000001", 1), "", "", "not of this server"},
		{"cut off", mint(0)[:30], "", "", "not of this server"},
		{"longer", mint(0) + "0", "", "", "not of this server"},
		{"a time alone", "1700000000", "", "", "not of this server"},
		{"a time that is written otherwise", "+" + mint(0), "", "", "not of this server"},
		{"empty", "", "", "", "not of this server"},
		{"words", "nonce", "", "", "not of this server"},
	} {
		status, err := n.judge(c.nonce, "repo", c.given, now)
		if status != c.status || (err == nil) != (c.words == "") || err != nil && !strings.Contains(err.Error(), c.words) {
			t.Errorf("%s: %q, %v; want %q, %q", c.name, status, err, c.status, c.words)
		}
	}
}
