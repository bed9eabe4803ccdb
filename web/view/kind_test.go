package view

import (
	"strings"
	"testing"
)

func FuzzContentType(f *testing.F) {
	f.Add("a.svg", "<svg>")
	f.Add("a.html", "<!DOCTYPE html>")
	f.Add("a.png", "\x89PNG\r\n\x1a\n")
	f.Add("a", "%!PS-Adobe-")
	f.Fuzz(func(t *testing.T, name, head string) {
		got := contentType(name, []byte(head))
		base, _, _ := strings.Cut(got, ";")
		switch base {
		case "text/plain", anything, "image/png", "image/jpeg", "image/gif", "image/webp", "image/bmp", "image/x-icon":
		case "image/svg+xml":
			if !strings.HasSuffix(strings.ToLower(name), ".svg") {
				t.Errorf("%q is taken for a picture", name)
			}
		default:
			t.Errorf("%q of %q is served as %s", name, head, got)
		}
	})
}
