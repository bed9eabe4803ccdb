package name

import (
	"fmt"
	"strings"
	"unicode"
	"unicode/utf8"

	"golang.org/x/text/cases"
	"golang.org/x/text/unicode/norm"
)

// Fold is the form in which names are compared: two names that look alike but for case, width or ligatures have one
// form. It is NFKC case folding (Unicode 3.13, "toNFKC_Casefold"), folded twice because normalizing brings letters in
// that can be folded again; the form of a form is itself.
func Fold(s string) string {
	if !strings.ContainsFunc(s, func(r rune) bool { return r >= utf8.RuneSelf }) {
		return strings.ToLower(s) // of ASCII that is all there is to it; every request comes by here
	}
	return foldAll(s)
}

func foldAll(s string) string {
	fold := cases.Fold()
	return norm.NFKC.String(fold.String(norm.NFKC.String(fold.String(norm.NFD.String(s)))))
}

// together are scripts that one language is written in (UTS 39, 5.1, "augmented script sets").
var together = [...][]string{{"Han", "Hiragana", "Katakana"}, {"Han", "Hangul"}, {"Han", "Bopomofo"}}

// scripts checks that a segment holds letters, marks and digits alone, of Latin and of one script more: names that mix
// scripts are how one name is made to look like another.
func scripts(s string) error {
	if !utf8.ValidString(s) {
		return fmt.Errorf("%q is not UTF-8", s)
	}
	if first, _ := utf8.DecodeRuneInString(s); unicode.IsMark(first) {
		return fmt.Errorf("%q begins with a mark, which needs a letter before it", s)
	}
	var seen []string
	for _, c := range s {
		if plain(c) {
			continue
		}
		if !unicode.IsLetter(c) && !unicode.IsMark(c) && !unicode.Is(unicode.Nd, c) || invisible(c) {
			return fmt.Errorf("%q holds %q; letters, marks, digits, dash, underscore and dot are allowed", s, c)
		}
		if script := scriptOf(c); script != "" {
			seen = append(seen, script)
		}
	}
	if !oneScript(seen) {
		return fmt.Errorf("%q mixes letters of several scripts; one besides Latin is allowed in each part", s)
	}
	return nil
}

// invisible reports whether a letter or mark shows nothing, so that two names could look the same.
func invisible(c rune) bool {
	return unicode.Is(unicode.Variation_Selector, c) || unicode.Is(unicode.Other_Default_Ignorable_Code_Point, c)
}

// scriptOf names the script of a character; empty for Latin and for what all scripts share.
func scriptOf(c rune) string {
	for script, table := range unicode.Scripts {
		if unicode.Is(table, c) {
			switch script {
			case "Latin", "Common", "Inherited":
				return ""
			}
			return script
		}
	}
	return ""
}

func oneScript(seen []string) bool {
	if within(seen, seen[:min(1, len(seen))]) {
		return true
	}
	for _, set := range together {
		if within(seen, set) {
			return true
		}
	}
	return false
}

// within reports whether every script of list is in set.
func within(list, set []string) bool {
	for _, script := range list {
		ok := false
		for _, other := range set {
			ok = ok || script == other
		}
		if !ok {
			return false
		}
	}
	return true
}
