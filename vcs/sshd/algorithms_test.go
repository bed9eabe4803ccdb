package sshd

import (
	"net"
	"testing"

	gossh "golang.org/x/crypto/ssh"
)

func TestWeakAlgorithmsAreRefused(t *testing.T) {
	ada := newSigner(t)
	addr := serve(t, &keeper{keys: map[string]string{string(ada.PublicKey().Marshal()): "ada"}}, nil)
	for name, config := range map[string]gossh.Config{
		"SHA-1 key exchange": {KeyExchanges: []string{gossh.InsecureKeyExchangeDH14SHA1}},
		"CBC":                {Ciphers: []string{gossh.InsecureCipherAES128CBC}},
		"SHA-1 MAC":          {Ciphers: []string{gossh.CipherAES128CTR}, MACs: []string{gossh.HMACSHA1}},
	} {
		if _, err := dial(addr, config, gossh.PublicKeys(ada)); err == nil {
			t.Errorf("%s was accepted", name)
		}
	}
	if c, err := dial(addr, gossh.Config{KeyExchanges: []string{gossh.KeyExchangeMLKEM768X25519}}, gossh.PublicKeys(ada)); err != nil {
		t.Errorf("the post-quantum key exchange: %v", err)
	} else {
		_ = c.Close()
	}
}

// TestAnOldJavaClientFindsWhatItKnows offers what JSch 0.1.54 does, first what it prefers: it knows no ed25519, no
// rsa-sha2 and no authenticated cipher.
func TestAnOldJavaClientFindsWhatItKnows(t *testing.T) {
	ada := newSigner(t)
	addr := serve(t, &keeper{passwords: map[string]string{"ada's": "ada"}, keys: map[string]string{string(ada.PublicKey().Marshal()): "ada"}}, nil)
	var kind string
	client, err := gossh.Dial("tcp", addr, &gossh.ClientConfig{User: "git", Auth: []gossh.AuthMethod{gossh.Password("ada's")},
		Config: gossh.Config{
			KeyExchanges: []string{gossh.KeyExchangeECDHP256, gossh.KeyExchangeECDHP384, gossh.KeyExchangeECDHP521, gossh.InsecureKeyExchangeDH14SHA1},
			Ciphers:      []string{gossh.CipherAES128CTR, gossh.InsecureCipherAES128CBC, gossh.InsecureCipherTripleDESCBC},
			MACs:         []string{gossh.HMACSHA1, gossh.HMACSHA256},
		},
		HostKeyAlgorithms: []string{gossh.KeyAlgoRSA, gossh.KeyAlgoECDSA256, gossh.KeyAlgoECDSA384, gossh.KeyAlgoECDSA521},
		HostKeyCallback:   func(_ string, _ net.Addr, key gossh.PublicKey) error { kind = key.Type(); return nil }})
	if err != nil {
		t.Fatal(err)
	}
	defer client.Close()
	if got := greeted(t, client); got != "ada" || kind != gossh.KeyAlgoECDSA256 {
		t.Errorf("greeted as %q by a host key of %s", got, kind)
	}
}
