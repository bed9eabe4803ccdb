package status

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"time"

	"jeton/auth/mask"
	"jeton/vcs/host"
	"jeton/vcs/storage"
	"jeton/web/door"
)

// Shape is a status as clients of Gitea and of GitHub read it.
type Shape struct {
	ID          int64     `json:"id"`
	URL         string    `json:"url"`
	State       string    `json:"state"`  // GitHub's name
	Status      string    `json:"status"` // Gitea's
	Context     string    `json:"context"`
	TargetURL   string    `json:"target_url"`
	Description string    `json:"description"`
	Creator     Creator   `json:"creator"`
	CreatedAt   time.Time `json:"created_at"`
	UpdatedAt   time.Time `json:"updated_at"`
}

// Creator is who has said it. It has no id: Jeton's are no integers, which these clients take ids for.
type Creator struct {
	Login    string `json:"login"`
	UserName string `json:"username"`
}

// Combined is what all builds of a commit say.
type Combined struct {
	State      string     `json:"state"`
	SHA        string     `json:"sha"`
	Total      int        `json:"total_count"`
	Statuses   []Shape    `json:"statuses"`
	Repository Repository `json:"repository"`
	CommitURL  string     `json:"commit_url"`
	URL        string     `json:"url"`
}

// Repository is the repository of a commit.
type Repository struct {
	Name     string  `json:"name"`
	FullName string  `json:"full_name"`
	Owner    Creator `json:"owner"`
	Private  bool    `json:"private"`
	HTMLURL  string  `json:"html_url"`
	CloneURL string  `json:"clone_url"`
	URL      string  `json:"url"`
}

func (h *Handler) shape(at Address, s Status) Shape {
	when := s.At.UTC().Truncate(time.Second)
	return Shape{ID: s.Number, URL: at.repoURL(h.o.URL) + "/statuses/" + s.CommitID, State: s.State, Status: s.State, Context: s.Context, TargetURL: s.Target,
		Description: s.Description, Creator: Creator{s.Creator, s.Creator}, CreatedAt: when, UpdatedAt: when}
}

func (h *Handler) shapes(at Address, all []Status) []Shape {
	list := make([]Shape, len(all))
	for i, s := range all {
		list[i] = h.shape(at, s)
	}
	return list
}

func (h *Handler) repository(at Address, v door.Visit) Repository {
	page := h.o.URL + (&url.URL{Path: "/" + v.Path}).EscapedPath()
	return Repository{Name: v.Path[strings.LastIndexByte(v.Path, '/')+1:], FullName: v.Path, Owner: Creator{at.Owner, at.Owner}, Private: !v.Public,
		HTMLURL: page, CloneURL: page + ".git", URL: at.repoURL(h.o.URL)}
}

// answer writes JSON.
func (h *Handler) answer(w http.ResponseWriter, r *http.Request, status int, body any) {
	text, err := json.Marshal(body)
	if err != nil {
		h.refuse(w, r, err)
		return
	}
	write(w, status, text)
}

func write(w http.ResponseWriter, status int, text []byte) {
	head := w.Header()
	head.Set("Content-Type", "application/json; charset=utf-8")
	head.Set("X-Content-Type-Options", "nosniff")
	head.Set("Cache-Control", "private, no-store")
	head.Set("Referrer-Policy", "no-referrer")
	w.WriteHeader(status)
	_, _ = w.Write(append(text, '\n')) // a client that has gone away needs no answer
}

// no refuses with a status and a sentence.
func no(status int, code, format string, args ...any) error {
	return &host.Refusal{Status: status, Code: code, Sentence: fmt.Sprintf(format, args...)}
}

// refuse answers with what went wrong, in the shape that both kinds of client read.
func (h *Handler) refuse(w http.ResponseWriter, r *http.Request, err error) {
	var refusal *host.Refusal
	switch {
	case errors.As(err, &refusal):
	case errors.Is(err, host.ErrNotFound), errors.Is(err, storage.ErrClosed): // deleted since the door looked
		refusal = &host.Refusal{Status: http.StatusNotFound, Sentence: "There is no such repository."}
	case errors.Is(err, context.DeadlineExceeded):
		refusal = &host.Refusal{Status: http.StatusServiceUnavailable, RetryAfter: time.Minute, Sentence: "This took longer than the server works on one status. Name the commit by its full id."}
	default:
		if r.Context().Err() == nil {
			h.o.Log.ErrorContext(r.Context(), "a status could not be answered", "error", err)
		}
		refusal = &host.Refusal{Status: http.StatusInternalServerError, Sentence: host.Failed}
	}
	if refusal.Status == http.StatusUnauthorized {
		w.Header().Set("WWW-Authenticate", `Bearer realm="Jeton"`)
	}
	if wait := refusal.Wait(); wait != "" {
		w.Header().Set("Retry-After", wait)
	}
	for _, name := range []string{"Link", "X-Total-Count"} {
		w.Header().Del(name)
	}
	text, _ := json.Marshal(map[string]string{"message": mask.Tokens(refusal.Sentence)}) // a map of texts has JSON
	write(w, refusal.Status, text)
}

func (h *Handler) notAllowed(w http.ResponseWriter, methods string) {
	w.Header().Set("Allow", methods)
	text, _ := json.Marshal(map[string]string{"message": "This address answers " + methods + " alone."}) // as above
	write(w, http.StatusMethodNotAllowed, text)
}
