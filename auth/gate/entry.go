package gate

import (
	"strings"

	"jeton/auth/audit"
)

// OwnEntry is an entry of the record as the person in whose name it was may see it; false where they may not. The record
// says of a refusal what the client was not told: whether a repository is there, how it is called today, and that a token is
// a decoy. decoy tells whether the token with an id is one.
func OwnEntry(e audit.Entry, decoy func(tokenID string) bool) (audit.Entry, bool) {
	e.Hash, e.Previous = "", ""
	if e.Outcome == "done" {
		return e, true
	}
	e.Detail = ""
	if e.Outcome == string(NotFound) {
		e.Resource = ""
	}
	id, isToken := strings.CutPrefix(e.Credential, "token:")
	return e, !isToken || !decoy(id)
}
