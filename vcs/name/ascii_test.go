package name

import "testing"

// TestFoldOfASCIIIsTheFold of everything else: the short way and the long one come to the same.
func TestFoldOfASCIIIsTheFold(t *testing.T) {
	all := make([]byte, 0x80)
	for i := range all {
		all[i] = byte(i)
		if one := string(rune(i)); Fold(one) != foldAll(one) {
			t.Errorf("%q: got %q, want %q", one, Fold(one), foldAll(one))
		}
	}
	for _, s := range []string{"", string(all), "Team/App-1.X", "a\xff", "\x80Z"} {
		if Fold(s) != foldAll(s) {
			t.Errorf("%q: got %q, want %q", s, Fold(s), foldAll(s))
		}
	}
}
