// Package deadline bounds the time of one exchange with a client, gives signs of life meanwhile, and keeps the words in
// which the client is told of its end: whatever fails because time was over has that for its reason. It imports nothing of ours.
package deadline

import (
	"context"
	"errors"
	"time"
)

// over is an exchange that took longer than it may.
type over struct{ why error }

// Error implements error.
func (o over) Error() string { return o.why.Error() }

// Unwrap is what the client is told.
func (o over) Unwrap() error { return o.why }

// Start bounds a context by a time; why is what is told where it passes.
func Start(ctx context.Context, within time.Duration, why error) (context.Context, context.CancelFunc) {
	return context.WithTimeoutCause(ctx, within, over{why})
}

// failure is an error whose reason is that time was over.
type failure struct {
	over
	err error // for the log
}

// Error implements error.
func (f failure) Error() string { return f.over.Error() + " (" + f.err.Error() + ")" }

// Unwrap is what the client is told, and what failed.
func (f failure) Unwrap() []error { return []error{f.over, f.err} }

// Reason is an error as the client shall hear it: where the time that Start has bounded was over, that is the reason of
// whatever failed. nil stays nil.
func Reason(ctx context.Context, err error) error {
	var before, now over
	if err == nil || errors.As(err, &before) || !errors.As(context.Cause(ctx), &now) {
		return err
	}
	return failure{now, err}
}
