package fsck

import (
	"os"
	"regexp"
	"testing"
)

// docs/checks.md is what administrators go by when they exempt a message: it has to be what is done.
func TestDocumentSaysWhatIsDone(t *testing.T) {
	text, err := os.ReadFile("../../../docs/checks.md")
	if err != nil {
		t.Fatal(err)
	}
	rows := map[string]string{}
	for _, m := range regexp.MustCompile("(?m)^\\| `(\\w+)` \\| ([a-z ]+) \\| .+ \\|$").FindAllStringSubmatch(string(text), -1) {
		rows[m[1]] = m[2]
	}
	for m := range All() {
		if rows[m.String()] != m.Rank().String() {
			t.Errorf("docs/checks.md: %s is %q, want %q", m, rows[m.String()], m.Rank())
		}
		delete(rows, m.String())
	}
	if len(rows) > 0 {
		t.Errorf("docs/checks.md has messages that are not looked for: %v", rows)
	}
}
