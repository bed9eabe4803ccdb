package token

import (
	"iter"
	"strings"
)

// Pattern is how a token is found in a text, as an RE2 and PCRE expression; the checksum then tells a token from what
// only looks like one.
const Pattern = `\bjet_(api|feed|vcs|web)_[0-9A-Za-z]{38}\b`

// In finds the tokens in a text by shape and checksum, in their order. Unlike Pattern it minds nothing of what stands
// around them, such as the D of an escaped = (%3D) before one. It reads the text once.
func In(text string) iter.Seq[Secret] {
	return func(yield func(Secret) bool) {
		for {
			at := strings.Index(text, Prefix)
			if at < 0 {
				return
			}
			text = text[at:]
			secret, err := Parse(text[:min(len(text), length(text))])
			if err != nil {
				text = text[len(Prefix):]
				continue
			}
			if !yield(secret) {
				return
			}
			text = text[len(secret.Reveal()):]
		}
	}
}

// length is how long a token is that stands at the beginning of a text; without one, where its kind is looked for no
// further.
func length(text string) int {
	const longestKind = len(Feed)
	word, _, ok := strings.Cut(text[len(Prefix):min(len(text), len(Prefix)+longestKind+1)], "_")
	if !ok {
		return len(Prefix)
	}
	return len(Prefix) + len(word) + 1 + random + check
}
