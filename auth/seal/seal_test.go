package seal

import (
	"bytes"
	"crypto/aes"
	"crypto/cipher"
	"encoding/base64"
	"errors"
	"strings"
	"testing"
)

func TestOpensWhatItSealed(t *testing.T) {
	key := [KeySize]byte{1, 2, 3}
	for _, secret := range []string{"", "x", "https://ada:secret@code.example", strings.Repeat("long ", 10_000), "\x00\xff"} {
		sealed := New(key).Seal([]byte(secret), "row/column")
		if len(secret) > 3 && strings.Contains(sealed, secret) {
			t.Error("it stands there for all to read")
		}
		got, err := New(key).Open(sealed, "row/column")
		if err != nil || string(got) != secret {
			t.Errorf("%.20q came back as %.20q, %v", secret, got, err)
		}
	}
}

func TestOpensNothingElse(t *testing.T) {
	b := Random()
	sealed := b.Seal([]byte("secret"), "row 1/url")
	flipped := func(i int) string {
		raw, _ := base64.StdEncoding.DecodeString(sealed)
		raw[i] ^= 1
		return base64.StdEncoding.EncodeToString(raw)
	}
	for name, c := range map[string]struct {
		box           *Box
		sealed, about string
	}{
		"another key":           {Random(), sealed, "row 1/url"},
		"another row":           {b, sealed, "row 2/url"},
		"another column":        {b, sealed, "row 1/secret"},
		"about nothing":         {b, sealed, ""},
		"a changed nonce":       {b, flipped(0), "row 1/url"},
		"a changed secret":      {b, flipped(12), "row 1/url"},
		"a changed tag":         {b, flipped(12 + 6 + 15), "row 1/url"},
		"cut off":               {b, sealed[:len(sealed)-4], "row 1/url"},
		"cut off in the nonce":  {b, sealed[:8], "row 1/url"},
		"nothing":               {b, "", "row 1/url"},
		"what is no base64":     {b, "!!!", "row 1/url"},
		"a sealed text, longer": {b, sealed + "AAAA", "row 1/url"},
	} {
		if got, err := c.box.Open(c.sealed, c.about); !errors.Is(err, ErrSealed) || got != nil {
			t.Errorf("%s: %q, %v", name, got, err)
		}
	}
}

func TestTheSameSecretIsNotSealedAlikeTwice(t *testing.T) {
	b := Random()
	one, two := b.Seal([]byte("secret"), "x"), b.Seal([]byte("secret"), "x")
	if one == two {
		t.Error("two sealed texts are equal")
	}
}

// The format is one that anybody can open who has the key: nonce, text, tag.
func TestTheFormatIsPlainGCM(t *testing.T) {
	key := [KeySize]byte{9}
	raw, err := base64.StdEncoding.DecodeString(New(key).Seal([]byte("secret"), "about"))
	if err != nil {
		t.Fatal(err)
	}
	block, err := aes.NewCipher(key[:])
	if err != nil {
		t.Fatal(err)
	}
	gcm, err := cipher.NewGCM(block)
	if err != nil {
		t.Fatal(err)
	}
	got, err := gcm.Open(nil, raw[:12], raw[12:], []byte("about"))
	if err != nil || !bytes.Equal(got, []byte("secret")) {
		t.Errorf("%q, %v", got, err)
	}
}
