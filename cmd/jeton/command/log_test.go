package command

import (
	"bytes"
	"strings"
	"testing"
	"time"

	"jeton/cmd/jeton/operate"
)

func TestAPushIsShownSoThatItCommandsNoTerminal(t *testing.T) {
	ended := time.Date(2026, 11, 25, 12, 0, 1, 0, time.UTC)
	old, now, zero := strings.Repeat("a", 40), strings.Repeat("b", 40), strings.Repeat("0", 40)
	for _, c := range []struct {
		name string
		push operate.Push
		want string
	}{
		{"everything", operate.Push{ID: "e1", At: ended, EndedAt: &ended, User: "ada", Credential: "token:t1",
			Refs: []operate.Moved{{Ref: "refs/heads/main", Old: old, New: now}, {Ref: "refs/heads/new", Old: zero, New: now},
				{Ref: "refs/heads/gone", Old: old, New: zero}, {Ref: "HEAD", To: "refs/heads/main"},
				{Ref: "refs/heads/no", Old: old, New: now, Error: "ref has moved"}},
			Options: []string{"ci.skip"}, SignedBy: "Ada", NonceStatus: "OK", Notes: []string{"zeroPaddedFilemode x"}},
			`2026-11-25T12:00:01Z  e1
    by           ada with token:t1
    ref          refs/heads/main aaaaaaaaaaaa..bbbbbbbbbbbb
    ref          refs/heads/new new bbbbbbbbbbbb
    ref          refs/heads/gone deleted aaaaaaaaaaaa
    ref          HEAD to refs/heads/main
    ref          refs/heads/no aaaaaaaaaaaa..bbbbbbbbbbbb failed: ref has moved
    option       ci.skip
    signed by    Ada (nonce OK)
    note         zeroPaddedFilemode x

`},
		{"what is not ended", operate.Push{ID: "e2", At: ended, User: "ada"}, "2026-11-25T12:00:01Z  e2\n    by           ada\n    state        not ended yet\n\n"},
		{"a hostile client", operate.Push{ID: "e3", At: ended, EndedAt: &ended, User: "a\x1b[2J", Refs: []operate.Moved{{Ref: "refs/heads/\u202e", Old: "x", New: "y"}},
			Options: []string{"a\nb"}, SignedBy: "\x07"},
			"2026-11-25T12:00:01Z  e3\n    by           a\\x1b[2J\n    ref          refs/heads/<U+202E> x..y\n    option       a\\x0ab\n    signed by    \\x07 (nonce )\n\n"},
	} {
		var b bytes.Buffer
		showPush(&b, c.push)
		if b.String() != c.want {
			t.Errorf("%s: got\n%s\nwant\n%s", c.name, b.String(), c.want)
		}
	}
}
