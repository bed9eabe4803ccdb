package rest

import (
	"bytes"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strconv"

	"jeton/vcs/host"
	"jeton/web/api/method"
	"jeton/web/etag"
)

// ProblemType is the media type of errors.
const ProblemType = "application/problem+json"

// answer writes a result.
func (h *Handler) answer(w http.ResponseWriter, r *http.Request, route Route, result any) error {
	body, err := encode(result)
	if err != nil {
		return fmt.Errorf("write the result of %s: %w", route.Method.Name, err)
	}
	status := http.StatusOK
	if route.Verb == http.MethodGet { // which begins no job
		w.Header().Set("Cache-Control", "private, no-cache")
		if known(w, r, body) {
			return nil
		}
	} else if job := h.jobAt(body); job != "" {
		status = http.StatusAccepted
		w.Header().Set("Location", job)
	} else if route.Makes() {
		status = http.StatusCreated
	}
	send(w, status, "application/json", body)
	return nil
}

// known answers for a client that has the body already.
func known(w http.ResponseWriter, r *http.Request, body []byte) bool {
	tag := tagOf(body)
	w.Header().Set("ETag", tag)
	if !etag.Known(r, tag) {
		return false
	}
	w.WriteHeader(http.StatusNotModified)
	return true
}

// jobAt is the address of the job that a result tells of; "" where it tells of none.
func (h *Handler) jobAt(body []byte) string {
	var made struct {
		Task *string `json:"task"`
	}
	if json.Unmarshal(body, &made) != nil || made.Task == nil {
		return ""
	}
	return h.o.Base + Address + "jobs/" + url.PathEscape(*made.Task)
}

func document(w http.ResponseWriter, r *http.Request, text []byte) {
	w.Header().Set("Cache-Control", "public, no-cache")
	if !known(w, r, text) {
		send(w, http.StatusOK, "application/json", text)
	}
}

// tagOf is the entity tag of a body.
func tagOf(body []byte) string {
	sum := sha256.Sum256(body)
	return `"` + base64.RawURLEncoding.EncodeToString(sum[:12]) + `"`
}

func encode(v any) ([]byte, error) {
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	err := e.Encode(v)
	return b.Bytes(), err
}

func send(w http.ResponseWriter, status int, kind string, body []byte) {
	h := w.Header()
	h.Set("Content-Type", kind)
	h.Set("X-Content-Type-Options", "nosniff")
	h.Set("Content-Length", strconv.Itoa(len(body)))
	w.WriteHeader(status)
	_, _ = w.Write(body) // whom it cannot be sent to cannot be told either
}

// Problem is an error as it is sent (RFC 9457). Its type is about:blank, so that title is the status in words.
type Problem struct {
	Title  string            `json:"title"`
	Status int               `json:"status"`
	Detail string            `json:"detail"`
	Code   method.Code       `json:"code"`
	Errors map[string]string `json:"errors,omitempty"`
}

// fail writes an error.
func (h *Handler) fail(w http.ResponseWriter, err error) {
	var e *method.Error
	if !errors.As(err, &e) {
		h.o.Log.Error("a route of the API failed", "error", err)
		e = &method.Error{Code: method.Failed, Text: host.Failed}
	}
	p := Problem{Title: http.StatusText(e.Code.Status()), Status: e.Code.Status(), Code: e.Code}
	p.Detail, p.Errors = e.Told()
	if p.Status == http.StatusUnauthorized {
		w.Header().Set("WWW-Authenticate", `Bearer realm="Jeton"`)
	}
	if wait := host.Wait(e.RetryAfter); wait != "" {
		w.Header().Set("Retry-After", wait)
	}
	w.Header().Set(method.CodeHeader, string(e.Code))
	body, err := encode(p)
	if err != nil { // of strings and a number
		panic(err)
	}
	send(w, p.Status, ProblemType, body)
}
