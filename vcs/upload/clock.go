package upload

import (
	"context"
	"errors"
	"fmt"
	"time"
)

// farewell is how long a client may take to hear that its time is over before the connection is broken.
const farewell = 10 * time.Second

// errLate is a fetch that took longer than it may.
type errLate struct{ error }

func (e errLate) Unwrap() error { return e.error }

// clock bounds the time of one fetch. Work ends with the context; a connection on which nothing moves is broken a little
// later. The function that it returns stops the clock.
func (s *Server) clock(ctx context.Context, ses Session) (context.Context, func()) {
	late := errLate{refuse("the fetch took longer than %s; fetch fewer refs at a time, or a part of the history with --depth", s.o.Timeout)}
	ctx, cancel := context.WithTimeoutCause(ctx, s.o.Timeout, late)
	if ses.Hangup == nil {
		return ctx, cancel
	}
	t := time.AfterFunc(s.o.Timeout+farewell, ses.Hangup)
	return ctx, func() {
		t.Stop()
		cancel()
	}
}

// late is an error as the client shall hear it: where time was over, that is the reason of whatever failed.
func late(ctx context.Context, err error) error {
	var over errLate
	if err == nil || errors.As(err, &over) || !errors.As(context.Cause(ctx), &over) {
		return err
	}
	return fmt.Errorf("%w (%w)", over, err)
}
