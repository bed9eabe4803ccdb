package status

import (
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"net/url"
	"strings"
	"time"
	"unicode/utf8"

	"jeton/auth/audit"
	"jeton/vcs/revision"
	"jeton/web/door"
)

// Bounds of what a build says, in bytes.
const (
	maxBody        = 64 << 10
	maxContext     = 255
	maxTarget      = 2048
	maxDescription = 1000
)

// said is the body of a POST. What else clients send is passed over: Jenkins sends a whole status, with id and times.
type said struct {
	State       string `json:"state"`
	Status      string `json:"status"` // as some call the state
	TargetURL   string `json:"target_url"`
	Description string `json:"description"`
	Context     string `json:"context"`
}

// set takes a status.
func (h *Handler) set(w http.ResponseWriter, r *http.Request, at Address, v door.Visit) error {
	s, err := read(w, r)
	if err != nil {
		return err
	}
	if s.CommitID, err = h.commit(r.Context(), v.RepoID, at.Ref); err != nil {
		return err
	}
	if err := v.Recheck(r.Context()); err != nil {
		return err
	}
	s.RepoID, s.CreatorID, s.Creator, s.At = v.RepoID, v.Identity.UserID, v.Identity.UserName, time.Now()
	by := audit.Actor{UserID: v.Identity.UserID, Name: v.Identity.UserName, Credential: v.Identity.Credential, Door: "api", Remote: v.Remote}
	s, err = h.o.Store.Add(r.Context(), by, v.Path, s)
	if errors.Is(err, ErrFull) {
		return no(http.StatusUnprocessableEntity, "full", "This commit has as many contexts as are kept. Say it under one of them.")
	}
	if err != nil {
		return err
	}
	h.answer(w, r, http.StatusCreated, h.shape(at, s))
	return nil
}

// read reads what was said, and looks whether it can be kept.
func read(w http.ResponseWriter, r *http.Request) (Status, error) {
	body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, maxBody))
	var large *http.MaxBytesError
	if errors.As(err, &large) {
		return Status{}, no(http.StatusRequestEntityTooLarge, "too_large", "What is said of a commit is at most %d bytes.", maxBody)
	}
	if err != nil {
		return Status{}, no(http.StatusBadRequest, "bad_request", "The request's body could not be read.")
	}
	var in said
	if err := json.Unmarshal(body, &in); err != nil {
		return Status{}, no(http.StatusBadRequest, "bad_json", "The request's body is not an object of JSON with texts: state, target_url, description, context.")
	}
	s := Status{State: strings.ToLower(in.State), Target: in.TargetURL, Description: cut(in.Description), Context: in.Context}
	if s.State == "" {
		s.State = strings.ToLower(in.Status)
	}
	if s.Context == "" {
		s.Context = "default"
	}
	return s, s.check()
}

// check looks at a status.
func (s Status) check() error {
	switch s.State {
	case "pending", "success", "error", "failure", "warning":
	default:
		return no(http.StatusUnprocessableEntity, "bad_state", "«%s» is no state of a build: pending, success, error, failure or warning.", revision.Shown(s.State))
	}
	switch {
	case len(s.Context) > maxContext:
		return no(http.StatusUnprocessableEntity, "bad_context", "A context is at most %d bytes long.", maxContext)
	case len(s.Target) > maxTarget:
		return no(http.StatusUnprocessableEntity, "bad_target_url", "A target_url is at most %d bytes long.", maxTarget)
	case strings.ContainsRune(s.Context+s.Description+s.Target, 0):
		return no(http.StatusUnprocessableEntity, "bad_text", "No text of a status may hold a NUL character.")
	}
	if s.Target != "" {
		u, err := url.Parse(s.Target)
		if err != nil || u.Scheme != "http" && u.Scheme != "https" || u.Host == "" || u.User != nil {
			return no(http.StatusUnprocessableEntity, "bad_target_url", "A target_url begins with http:// or https://, and holds no password.")
		}
	}
	return nil
}

// cut keeps a description within its bound: builds are told of all the same.
func cut(s string) string {
	if len(s) <= maxDescription {
		return s
	}
	s = s[:maxDescription-len("…")]
	for !utf8.ValidString(s) {
		s = s[:len(s)-1]
	}
	return s + "…"
}
