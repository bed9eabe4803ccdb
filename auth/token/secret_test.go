package token

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"regexp"
	"strings"
	"testing"
)

// The two vectors of the contract.
const (
	vectorVCS = "jet_vcs_0123456789ABCDEFGHIJabcdefghijKL45YjdM"
	vectorAPI = "jet_api_0123456789ABCDEFGHIJabcdefghijKL0yZQIv"
)

func TestParseTakesTheTestVectors(t *testing.T) {
	for text, kind := range map[string]Kind{vectorVCS: VCS, vectorAPI: API} {
		s, err := Parse(text)
		if err != nil || s.Kind() != kind || s.Reveal() != text {
			t.Errorf("Parse(%s): got %v of kind %s, %v", text, s, s.Kind(), err)
		}
	}
}

func TestParseTakesNothingButTheTokenItself(t *testing.T) {
	for name, text := range map[string]string{
		"empty":               "",
		"prefix alone":        "jet_",
		"kind alone":          "jet_vcs_",
		"space before":        " " + vectorVCS,
		"line end after":      vectorVCS + "\n",
		"NUL after":           vectorVCS + "\x00",
		"NUL within":          vectorVCS[:20] + "\x00" + vectorVCS[21:],
		"upper-case prefix":   "JET" + vectorVCS[3:],
		"upper-case kind":     "jet_VCS" + vectorVCS[7:],
		"folded":              strings.ToLower(vectorVCS),
		"kind unknown":        "jet_all" + vectorVCS[7:],
		"another kind":        "jet_web" + vectorVCS[7:],
		"one short":           vectorVCS[:len(vectorVCS)-1],
		"one long":            vectorVCS + "0",
		"a typo":              strings.Replace(vectorVCS, "ABC", "ABD", 1),
		"two swapped":         strings.Replace(vectorVCS, "ABC", "BAC", 1),
		"checksum wrong":      vectorVCS[:len(vectorVCS)-1] + "N",
		"not base 62":         strings.Replace(vectorVCS, "9A", "9-", 1),
		"full-width digit":    strings.Replace(vectorVCS, "012", "0\uff11", 1),
		"underscore in tail":  strings.Replace(vectorVCS, "9A", "9_", 1),
		"two tokens":          vectorVCS + vectorVCS,
		"very long":           "jet_vcs_" + strings.Repeat("0", 1<<20),
		"a password":          "correct horse battery staple",
		"a token of another":  "ghp_0123456789ABCDEFGHIJabcdefghijKL45Yj",
		"second line a token": "x\n" + vectorVCS,
	} {
		if _, err := Parse(text); !errors.Is(err, ErrMalformed) {
			t.Errorf("%s: got error %v, want ErrMalformed", name, err)
		} else if text != "" && strings.Contains(err.Error(), text) {
			t.Errorf("%s: the error quotes what was given", name)
		}
	}
}

func TestNewSecretMakesWhatScannersFind(t *testing.T) {
	shape := regexp.MustCompile(`\bjet_(api|feed|vcs|web)_[0-9A-Za-z]{38}\b`)
	seen := map[string]bool{}
	for _, kind := range []Kind{API, Feed, VCS, Web} {
		for range 500 {
			s, err := newSecret(kind, source())
			if err != nil {
				t.Fatal(err)
			}
			if got := shape.FindString("x " + s.Reveal() + " y"); got != s.Reveal() || seen[got] {
				t.Fatalf("got %q", s.Reveal())
			}
			seen[s.Reveal()] = true
			if again, err := Parse(s.Reveal()); err != nil || again.Reveal() != s.Reveal() {
				t.Fatalf("Parse of a new token: %v", err)
			}
		}
	}
}

func TestNewSecretThrowsBiasedBytesAway(t *testing.T) {
	// 248 to 255 would make the first eight characters likelier.
	from := append(bytes.Repeat([]byte{255, 248}, 32), bytes.Repeat([]byte{61, 62}, 32)...)
	got, err := randomDigits(bytes.NewReader(from), 32)
	if want := strings.Repeat("z0", 16); err != nil || got != want {
		t.Fatalf("got %q, %v, want %q", got, err, want)
	}
	if _, err := newSecret(VCS, io.LimitReader(bytes.NewReader(from), 70)); err == nil {
		t.Fatal("made a token from a source that ran dry")
	}
}

func TestRandomDigitsAreEven(t *testing.T) {
	const n = 62 * 2000
	digits, err := randomDigits(source(), n)
	if err != nil {
		t.Fatal(err)
	}
	for i := range len(alphabet) {
		// The standard deviation is 44; 300 is nearly seven of them.
		if got := strings.Count(digits, alphabet[i:i+1]); got < 1700 || got > 2300 {
			t.Errorf("%c comes %d times of %d, want about 2000", alphabet[i], got, n)
		}
	}
}

func TestSecretNeverPrintsItself(t *testing.T) {
	s, err := Parse(vectorVCS)
	if err != nil {
		t.Fatal(err)
	}
	holder := struct {
		Name   string
		Secret Secret
		Ptr    *Secret
		Any    any
		hidden Secret
	}{"x", s, &s, s, s}
	var out bytes.Buffer
	for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%q", "%x", "%X", "%d", "%T", "%10s", "%p"} {
		fmt.Fprintf(&out, verb+verb+verb, s, &s, holder)
	}
	slog.New(slog.NewTextHandler(&out, nil)).Info("text", "secret", s, "ptr", &s, "holder", holder)
	slog.New(slog.NewJSONHandler(&out, nil)).Info("json", "secret", s, "ptr", &s, "holder", holder)
	encoded, err := json.Marshal(map[Secret]any{s: holder})
	if err != nil {
		t.Fatal(err)
	}
	out.Write(encoded)
	out.WriteString(fmt.Sprint(fmt.Errorf("about %w: %v", ErrMalformed, s)))
	for _, part := range []string{vectorVCS, "456789AB", hex.EncodeToString([]byte("456789AB"))} {
		if strings.Contains(strings.ToLower(out.String()), strings.ToLower(part)) {
			t.Fatalf("%q appears in\n%s", part, out.String())
		}
	}
	if !strings.Contains(out.String(), "jet_vcs_0123…") {
		t.Errorf("no hint appears in\n%s", out.String())
	}
	if (Secret{}).String() != "no token" {
		t.Errorf("the zero value prints %q", Secret{})
	}
}

func TestHashIsSHA256OfTheText(t *testing.T) {
	s, err := Parse(vectorAPI)
	if err != nil {
		t.Fatal(err)
	}
	sum := sha256.Sum256([]byte(vectorAPI))
	if got, want := s.Hash(), hex.EncodeToString(sum[:]); got != want {
		t.Fatalf("got %s, want %s", got, want)
	}
}

func TestLooksGoesByThePrefixAlone(t *testing.T) {
	for text, want := range map[string]bool{vectorVCS: true, "jet_": true, "jet_x": true, "jet": false, "Jet_": false, "": false, " jet_": false} {
		if Looks(text) != want {
			t.Errorf("Looks(%q): got %v", text, !want)
		}
	}
}

func FuzzParse(f *testing.F) {
	for _, seed := range []string{vectorVCS, vectorAPI, "", "jet_", "jet_web_" + strings.Repeat("0", 38), vectorVCS + "\x00", "jet_vcs_\xff"} {
		f.Add(seed)
	}
	shape := regexp.MustCompile(`\Ajet_(api|feed|vcs|web)_[0-9A-Za-z]{38}\z`)
	f.Fuzz(func(t *testing.T, text string) {
		s, err := Parse(text)
		if err != nil {
			return
		}
		if !shape.MatchString(text) || s.Reveal() != text || checksum(text[:len(text)-check]) != text[len(text)-check:] {
			t.Errorf("took %q", text)
		}
	})
}

func BenchmarkParse(b *testing.B) {
	for b.Loop() {
		if _, err := Parse(vectorVCS); err != nil {
			b.Fatal(err)
		}
	}
}
