package secrets

import (
	"encoding/base64"
	"fmt"
	"strings"
	"testing"
	"time"
	"unicode/utf16"

	"github.com/go-git/go-git/v5/plumbing"

	"jeton/vcs/oid"
)

func TestOwnTokensAreFoundInEveryForm(t *testing.T) {
	m := newMaker(11)
	secret := m.live()
	wide := func(big bool) string {
		var b strings.Builder
		for _, c := range utf16.Encode([]rune("x = " + secret + "\n")) {
			if big {
				b.Write([]byte{byte(c >> 8), byte(c)})
			} else {
				b.Write([]byte{byte(c), byte(c >> 8)})
			}
		}
		return b.String()
	}
	mail := base64.StdEncoding.EncodeToString([]byte("password=" + secret + " and more of it, so that the line is full"))
	for name, text := range map[string]string{
		"alone": secret, "in a word": "x" + secret + "y", "UTF-16": wide(false), "UTF-16, the other order": wide(true),
		"base64":                          base64.StdEncoding.EncodeToString([]byte(secret)),
		"base64, one byte before":         base64.StdEncoding.EncodeToString([]byte(":" + secret)),
		"base64, two bytes before":        base64.StdEncoding.EncodeToString([]byte("a:" + secret)),
		"base64 of a user":                "Authorization: Basic " + base64.StdEncoding.EncodeToString([]byte("git:"+secret)),
		"base64 for addresses":            base64.RawURLEncoding.EncodeToString([]byte("ada:" + secret)),
		"base64 on several lines":         mail[:30] + "\n" + mail[30:],
		"behind what only looks like one": "jet_vcs_ jet_ jet_vcs_short " + secret,
	} {
		n := begin(t, Options{Tokens: tokens{secret: "t1"}}, OwnTokens)
		n.Object(plumbing.BlobObject, oid.ID{1}, []byte("one\ntwo "+text))
		list := n.Found()[oid.ID{1}]
		if len(list) == 0 || list[0].Token != "t1" || list[0].What != secret[:12]+"…" {
			t.Errorf("%s: %+v", name, list)
		}
		if len(list) > 0 && strings.Contains(fmt.Sprintf("%v %+v", list, list), secret) {
			t.Errorf("%s: a finding tells the secret", name)
		}
	}
	for name, text := range map[string]string{"another token": newMaker(12).live(), "nothing": "jet_", "cut off": secret[:len(secret)-1], "of no word": "jet__" + secret[8:]} {
		n := begin(t, Options{Tokens: tokens{secret: "t1"}}, OwnTokens)
		n.Object(plumbing.BlobObject, oid.ID{1}, []byte(text))
		if len(n.Found()) != 0 {
			t.Errorf("%s: found %+v", name, n.Found())
		}
	}
}

func TestPlacesInFilesMessagesAndNames(t *testing.T) {
	m := newMaker(13)
	secret := m.live()
	n := begin(t, Options{Tokens: tokens{secret: "t1"}}, OwnTokens|Others)
	head := "tree " + oid.Zero.String() + "\nauthor " + secret + "\n\n"
	name := secret + ".txt"
	blob, above, message, names := oid.ID{1}, oid.ID{2}, oid.ID{3}, oid.ID{4}
	n.Object(plumbing.BlobObject, blob, []byte("1\n2\n3 "+secret+"\n"))
	n.Object(plumbing.CommitObject, above, []byte(head+"subject\n"))
	n.Object(plumbing.TagObject, message, []byte("object x\n\nsubject\n\nbody "+secret+"\n"))
	n.Object(plumbing.TreeObject, names, []byte("100644 a\x00"+string(m.bytes(oid.Size))+"100644 "+name+"\x00"+string(m.bytes(oid.Size))))
	for id, line := range map[oid.ID]int{blob: 3, above: 0, message: 3, names: 0} {
		list := n.Found()[id]
		if len(list) != 1 || list[0].Line != line {
			t.Errorf("%s: %+v, want one in line %d", id, list, line)
			continue
		}
		if in := list[0].InName(); in != (id == names) || in && !list[0].Names([]byte(name)) || list[0].Names([]byte("a")) {
			t.Errorf("%s: in a name: %v", id, in)
		}
	}
	if !n.Masked("keys-"+secret) || n.Masked("src") {
		t.Error("what has to be masked is not known")
	}
}

func TestIdsAreOfTheSecretAndTellNothingOfIt(t *testing.T) {
	secret := "gh" + "p_" + newMaker(14).of(alnum, 36)
	n := begin(t, Options{}, Others)
	n.Object(plumbing.BlobObject, oid.ID{1}, []byte("a "+secret+"\n"))
	n.Object(plumbing.BlobObject, oid.ID{2}, []byte("x\n\nelsewhere: "+secret+"\n"))
	other, err := New(Options{Key: []byte("another")}).Begin(t.Context(), Others)
	if err != nil {
		t.Fatal(err)
	}
	other.Object(plumbing.BlobObject, oid.ID{1}, []byte("a "+secret+"\n"))
	a, b, c := n.Found()[oid.ID{1}][0].ID, n.Found()[oid.ID{2}][0].ID, other.Found()[oid.ID{1}][0].ID
	if a != b || a == c || len(a) != 12 {
		t.Errorf("ids %s, %s, and under another key %s", a, b, c)
	}
}

func TestLargeFilesGoByInPieces(t *testing.T) {
	m := newMaker(15)
	secret := m.live()
	for _, size := range []int{1, 1000, atOnce + 7} {
		for _, step := range []int{97, 1 << 20} {
			for _, back := range []int{0, 10, ownSpread, ownSpread + 1} {
				before := strings.Repeat("line\n", size/5)
				text := before[:max(0, len(before)-back)] + "\n" + secret + strings.Repeat("y\n", 400)
				n := begin(t, Options{Tokens: tokens{secret: "t1"}}, OwnTokens)
				l := n.Large(int64(len(text)))
				for from := 0; from < len(text); from += step {
					_, _ = l.Write([]byte(text[from:min(len(text), from+step)]))
				}
				l.Done(oid.ID{1})
				list := n.Found()[oid.ID{1}]
				want := strings.Count(text[:strings.Index(text, secret)], "\n") + 1
				if len(list) != 1 || list[0].Line != want {
					t.Errorf("%d bytes in steps of %d: %+v, want one in line %d", len(text), step, list, want)
				}
			}
		}
	}
}

func TestLargeFilesHideNoBase64BetweenTwoPieces(t *testing.T) {
	secret := newMaker(16).live()
	for lead := range 3 { // how many bytes of a group stand before the token
		hidden := base64.StdEncoding.EncodeToString([]byte(strings.Repeat("-", lead) + secret + "--"))
		for at := -5; at < 5; at++ {
			text := strings.Repeat("\n", atOnce-ownSpread+at) + hidden + strings.Repeat("\n", 2*ownSpread)
			n := begin(t, Options{Tokens: tokens{secret: "t1"}}, OwnTokens)
			l := n.Large(int64(len(text)))
			_, _ = l.Write([]byte(text))
			l.Done(oid.ID{1})
			if list := n.Found()[oid.ID{1}]; len(list) != 1 || list[0].Line != atOnce-ownSpread+at+1 {
				t.Errorf("%d bytes before it, %d behind the border: %+v", lead, at, list)
			}
		}
	}
}

func TestWhatIsLeftIsSaid(t *testing.T) {
	line := "token: gh" + "p_" + newMaker(16).of(alnum, 36) + "\n"
	n := begin(t, Options{MaxBlob: 100, Time: time.Hour}, Others)
	n.Object(plumbing.BlobObject, oid.ID{1}, []byte(strings.Repeat("x\n", 100)+line))
	n.Object(plumbing.BlobObject, oid.ID{2}, []byte("\x00"+line)) // no text
	l := n.Large(60)
	_, _ = l.Write([]byte(line))
	l.Done(oid.ID{3})
	l = n.Large(1000)
	_, _ = l.Write([]byte(strings.Repeat(line, 20)))
	l.Done(oid.ID{4})
	if left := n.Left(); left != (Left{Large: 2}) || len(n.Found()) != 1 || len(n.Found()[oid.ID{3}]) == 0 {
		t.Errorf("left %+v, found %v", left, n.Found())
	}
	late := begin(t, Options{Time: 1}, Others)
	for i := range 3 {
		late.Object(plumbing.BlobObject, oid.ID{byte(i)}, []byte(line))
	}
	if left := late.Left(); left.Late < 2 {
		t.Errorf("when the time is over: %+v", left)
	}
	many := begin(t, Options{Time: time.Hour}, Others)
	for i := range maxFindings/maxMatches + 1 {
		many.Object(plumbing.BlobObject, oid.ID{byte(i), byte(i >> 8)}, []byte(strings.Repeat(line, maxMatches)))
	}
	if left := many.Left(); !left.More || left.Unasked {
		t.Errorf("when there is too much: %+v", left)
	}
}

func TestTextsThatAreMadeToTakeLongEndWithTheTime(t *testing.T) {
	for _, part := range []string{"-----BEGIN ", "curl ", "kind: secret data: ", "api_key=", "secret\n", "ey", "s.", "token: aaaaaaaaaaaa;", "curl -H \"Authorization: Basic \n"} {
		n := begin(t, Options{Time: 50 * time.Millisecond}, Others)
		begun := time.Now()
		n.Object(plumbing.BlobObject, oid.ID{1}, []byte(strings.Repeat(part, (1<<20)/len(part))))
		t.Logf("%q: %v, late %d", part, time.Since(begun), n.Left().Late)
		if took := time.Since(begun); took > 20*time.Second { // a busy machine has no say
			t.Errorf("%q: it took %v", part, took)
		}
	}
}

func BenchmarkScan(b *testing.B) {
	m := newMaker(17)
	var text strings.Builder
	for i := range 120 {
		_, part := m.innocent(i)
		text.WriteString(part)
	}
	content := []byte(text.String())
	n := begin(b, Options{Tokens: tokens{}, Time: 1 << 60, MaxBlob: 16 << 20}, OwnTokens|Others)
	n.Object(plumbing.BlobObject, oid.ID{}, content) // compiles what is needed
	b.SetBytes(int64(len(content)))
	for b.Loop() {
		n.Object(plumbing.BlobObject, oid.ID{}, content)
	}
}
