package web

import (
	"net/http"
	"sync/atomic"
)

// Traffic counts answers by their status, for Options.Answered. The zero value is ready; it is safe for concurrent use.
type Traffic struct{ all, refused, failed atomic.Int64 }

// Count counts an answer. A client that went away before one has the status 0.
func (t *Traffic) Count(status int) {
	t.all.Add(1)
	switch {
	case status >= http.StatusInternalServerError:
		t.failed.Add(1)
	case status >= http.StatusBadRequest:
		t.refused.Add(1)
	}
}

// Counted is how many answers there were, how many of them with a status from 400 to 499, and how many from 500 on.
func (t *Traffic) Counted() (all, refused, failed int64) {
	return t.all.Load(), t.refused.Load(), t.failed.Load()
}
