package door

import (
	"errors"
	"io"
	"net/http"
	"strconv"
	"time"

	"jeton/vcs/host"
)

// Pass lets whoever may read a repository pass, for addresses that belong to git's door and are not served yet. It
// answers everybody else and returns false.
func (d *Door) Pass(w http.ResponseWriter, r *http.Request, repoPath string) bool {
	_, err := d.Admit(r, repoPath, "git-upload-pack")
	if err == nil {
		return true
	}
	var refusal *host.Refusal
	if !errors.As(err, &refusal) {
		refusal = &host.Refusal{Status: http.StatusInternalServerError,
			Sentence: "The server has failed; its administrator finds the reason in the log."}
	}
	h := w.Header()
	if refusal.Status == http.StatusUnauthorized {
		h.Set("WWW-Authenticate", `Basic realm="Jeton", charset="UTF-8"`)
	}
	if refusal.RetryAfter > 0 {
		h.Set("Retry-After", strconv.Itoa(int((refusal.RetryAfter+time.Second-1)/time.Second)))
	}
	h.Set("Content-Type", "text/plain; charset=utf-8")
	h.Set("Cache-Control", "no-store")
	w.WriteHeader(refusal.Status)
	_, _ = io.WriteString(w, refusal.Sentence+"\n") // a client that has gone away needs no sentence
	return false
}
