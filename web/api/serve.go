package api

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"strconv"
	"time"

	"jeton/vcs/host"
	"jeton/web/api/method"
)

// reply is an answer in RhodeCode's shape.
type reply struct {
	ID     json.RawMessage `json:"id"`
	Result any             `json:"result"`
	// Error is null, a text, or texts by argument.
	Error any `json:"error"`
}

// ServeHTTP answers a call in JSON-RPC. Whatever reaches a method, or fails in its JSON, token or arguments, is answered
// 200; what is over a limit, and what is no POST, before that.
func (h *Handler) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	body, err := h.body(w, r)
	f := frame{ID: null}
	if err == nil {
		f, err = read(body)
	}
	var result any
	if err == nil {
		result, err = h.Do(w, r, Ask{Method: f.Method, Args: f.Args, Credentials: f.Credentials})
	}
	if err != nil {
		h.refuse(w, f.ID, err)
		return
	}
	h.write(w, http.StatusOK, reply{ID: f.ID, Result: result})
}

// body reads what was sent. Its error is a *method.Error.
func (h *Handler) body(w http.ResponseWriter, r *http.Request) ([]byte, error) {
	if r.Method != http.MethodPost {
		w.Header().Set("Allow", http.MethodPost)
		return nil, early(&method.Error{Code: method.BadMethod, Text: "unsupported request method \"" + r.Method + "\". Please use POST"})
	}
	leave, err := h.arrive(w, r)
	if err != nil {
		return nil, err
	}
	defer leave()
	return h.read(w, r)
}

// read reads a request's body, within its bounds of length and time. Its error holds a *method.Error.
func (h *Handler) read(w http.ResponseWriter, r *http.Request) ([]byte, error) {
	most := h.o.Limits.Request
	switch coding := r.Header.Get("Content-Encoding"); {
	case coding != "" && coding != "identity":
		return nil, method.Fail(method.Invalid, "The body came with a Content-Encoding. Send it as it is, not compressed.")
	case r.ContentLength > most:
		w.Header().Set("Connection", "close") // the rest is not read
		return nil, tooLarge(most)
	}
	control := http.NewResponseController(w)
	now := time.Now()
	end := now.Add(h.o.Limits.ReadTime + h.o.Limits.CallTime + time.Minute)
	until := now.Add(h.o.Limits.ReadTime)
	if r.Body == http.NoBody { // net/http reads on to see the client go, and takes a read that is too late for that
		until = end
	}
	_ = control.SetReadDeadline(until)
	_ = control.SetWriteDeadline(end)
	body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, most))
	var long *http.MaxBytesError
	switch {
	case errors.As(err, &long):
		return nil, tooLarge(most)
	case errors.Is(err, os.ErrDeadlineExceeded):
		return nil, early(&method.Error{Code: method.Unavailable, Text: fmt.Sprintf("The body did not arrive within %s. Send it faster.", h.o.Limits.ReadTime)})
	case err != nil:
		return nil, method.Fail(method.Invalid, "The body could not be read to its end.")
	}
	return body, nil
}

// earlyError is an error that has a status of its own: the call was not taken on at all.
type earlyError struct{ error }

// Unwrap is the *method.Error.
func (e *earlyError) Unwrap() error { return e.error }

func early(e *method.Error) error { return &earlyError{e} }

func tooLarge(most int64) error {
	return early(&method.Error{Code: method.TooLarge, Text: fmt.Sprintf("The body is longer than %d bytes, which is the most that is taken (setting api.max_request).", most)})
}

// refuse answers with an error.
func (h *Handler) refuse(w http.ResponseWriter, id json.RawMessage, err error) {
	var e *method.Error
	if !errors.As(err, &e) {
		e = failed()
	}
	status := http.StatusOK
	var before *earlyError
	if errors.As(err, &before) {
		status, id = e.Code.Status(), null
	}
	w.Header().Set(method.CodeHeader, string(e.Code))
	if wait := host.Wait(e.RetryAfter); wait != "" {
		w.Header().Set("Retry-After", wait)
	}
	answer := reply{ID: id}
	if text, fields := e.Told(); fields == nil {
		answer.Error = text
	} else {
		answer.Error = fields
	}
	h.write(w, status, answer)
}

// write answers in JSON, which nobody may keep.
func (h *Handler) write(w http.ResponseWriter, status int, v reply) {
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	if err := e.Encode(v); err != nil {
		h.o.Log.Error("a result of the API cannot be written as JSON", "error", err)
		b.Reset()
		_ = e.Encode(reply{ID: v.ID, Error: failed().Text})
	}
	header := w.Header()
	header.Set("Content-Type", "application/json")
	header.Set("X-Content-Type-Options", "nosniff")
	header.Set("Cache-Control", "no-store")
	header.Set("Content-Length", strconv.Itoa(b.Len()))
	w.WriteHeader(status)
	_, _ = w.Write(b.Bytes()) // a client that has gone away needs no answer
}
