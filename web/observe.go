package web

import (
	"context"
	"crypto/rand"
	"io"
	"net/http"
	"runtime/debug"
	"time"

	"jeton/web/door"
)

type requestKey struct{}

// RequestID is the id of the request that a context belongs to; "" outside of one.
func RequestID(ctx context.Context) string {
	id, _ := ctx.Value(requestKey{}).(string)
	return id
}

// observe gives every request an id, writes the access log, and turns a panic into a 500. The id is ours alone: one that
// the client sent could forge a line of the log.
func observe(next http.Handler, o Options) http.Handler {
	log, gate, patience := o.Log, o.Gate, o.Patience
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		begin, id := time.Now(), rand.Text()[:16]
		ctx, note := door.WithNote(context.WithValue(r.Context(), requestKey{}, id))
		r = r.WithContext(ctx)
		a := &answer{ResponseWriter: w, note: note}
		w.Header().Set("X-Request-Id", id)
		// What git sends and takes extends these for itself; everything else is short.
		control := http.NewResponseController(w)
		_ = control.SetReadDeadline(begin.Add(patience))
		_ = control.SetWriteDeadline(begin.Add(patience))
		defer func() {
			cause := recover()
			if cause != nil && cause != http.ErrAbortHandler {
				log.ErrorContext(ctx, "a request ended in a fault of the server", "request", id, "cause", cause, "stack", string(debug.Stack()))
				if a.status == 0 {
					a.Header().Del("Content-Length")
					if r.ProtoMajor == 1 {
						// Whoever failed may have left the request half read: the rest must not be taken for another one.
						a.Header().Set("Connection", "close")
					}
					door.Say(a, http.StatusInternalServerError, "The server made a mistake with this request; its log tells more under "+id+".")
					cause = nil
				} else {
					cause = http.ErrAbortHandler // what was begun must not look complete
				}
			}
			o.Answered(a.status)
			log.InfoContext(ctx, "request", "request", id, "method", r.Method, "path", maskAddress(r.URL.RequestURI()), "status", a.status,
				"bytes", a.bytes, "took", time.Since(begin).Round(time.Microsecond), "remote", gate.Remote(r).String(), "user", note.User)
			if cause != nil {
				panic(cause)
			}
		}()
		next.ServeHTTP(a, r)
	})
}

// answer notes what was answered. Unwrap gives http.ResponseController what lies below.
type answer struct {
	http.ResponseWriter
	note   *door.Note
	status int
	bytes  int64
}

// Unwrap is for http.ResponseController.
func (a *answer) Unwrap() http.ResponseWriter { return a.ResponseWriter }

// WriteHeader tells a token's holder when it ends, with the status.
func (a *answer) WriteHeader(status int) {
	if a.status == 0 && status >= 200 {
		a.status = status
		if !a.note.Expiry.IsZero() {
			a.Header().Set("Jeton-Token-Expiry", a.note.Expiry.UTC().Format(time.RFC3339))
		}
	}
	a.ResponseWriter.WriteHeader(status)
}

// Write implements http.ResponseWriter.
func (a *answer) Write(p []byte) (int, error) {
	if a.status == 0 {
		a.WriteHeader(http.StatusOK)
	}
	n, err := a.ResponseWriter.Write(p)
	a.bytes += int64(n)
	return n, err
}

// ReadFrom implements io.ReaderFrom, which lets a file be sent by the kernel.
func (a *answer) ReadFrom(r io.Reader) (int64, error) {
	to, ok := a.ResponseWriter.(io.ReaderFrom)
	if !ok {
		return io.Copy(struct{ io.Writer }{a}, r)
	}
	if a.status == 0 {
		a.WriteHeader(http.StatusOK)
	}
	n, err := to.ReadFrom(r)
	a.bytes += n
	return n, err
}

// Flush implements http.Flusher, for handlers that ask for it directly.
func (a *answer) Flush() {
	if f, ok := a.ResponseWriter.(http.Flusher); ok {
		f.Flush()
	}
}
