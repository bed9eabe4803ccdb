package bearer

import (
	"io"
	"net/http"

	"jeton/auth/token"
)

// wellKnown is what scanners need to find tokens and to end them.
type wellKnown struct {
	Pattern  string `json:"pattern"`
	Checksum string `json:"checksum"`
	// Examples are texts that are tokens by shape and checksum, and were never made.
	Examples []string `json:"examples"`
	// Revoke takes any text with POST, without signing in.
	Revoke string `json:"revoke"`
}

// Examples are the test vectors of the documentation.
var examples = []string{"jet_vcs_0123456789ABCDEFGHIJabcdefghijKL45YjdM", "jet_api_0123456789ABCDEFGHIJabcdefghijKL0yZQIv"}

func (h *Handler) pattern(w http.ResponseWriter, _ *http.Request) {
	w.Header().Set("Cache-Control", "public, max-age=86400")
	write(w, http.StatusOK, wellKnown{
		Pattern: token.Pattern,
		Checksum: "the last 6 characters are the CRC-32 (IEEE) of the ASCII of all before them, as a number in base 62 " +
			"(0-9A-Za-z, most significant first, padded with 0)",
		Examples: examples, Revoke: h.o.URL + "/_admin/revoke",
	})
}

// renew says in words how a token is renewed.
func (h *Handler) renew(w http.ResponseWriter, _ *http.Request) {
	w.Header().Set("Content-Type", "text/plain; charset=utf-8")
	w.Header().Set("X-Content-Type-Options", "nosniff")
	_, _ = io.WriteString(w, "A token is renewed by rotating it: its successor has the same fields, and the old one works on for an hour.\n\n"+
		"    jeton token rotate ID      on the server; ask its administrator where you have no access to it\n"+
		"    jeton token create         makes another\n\n"+
		"The id of a token, and when it ends, are in the answer to this request, in which TOKEN is its text:\n\n"+
		"    curl -H 'Authorization: Bearer TOKEN' "+h.o.URL+"/_admin/token\n\n"+
		"Pages to do this in a browser are not served yet.\n") // a client that has gone away needs no words
}
