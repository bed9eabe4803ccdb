package upload

import (
	"context"
	"time"

	"jeton/vcs/deadline"
)

// farewell is how long a client may take to hear that its time is over before the connection is broken.
const farewell = 10 * time.Second

// clock bounds the time of one fetch. Work ends with the context; a connection on which nothing moves is broken a little
// later. The function that it returns stops the clock.
func (s *Server) clock(ctx context.Context, ses Session) (context.Context, func()) {
	ctx, cancel := deadline.Start(ctx, s.o.Timeout,
		refuse("the fetch took longer than %s; fetch fewer refs at a time, or a part of the history with --depth", s.o.Timeout))
	if ses.Hangup == nil {
		return ctx, cancel
	}
	t := time.AfterFunc(s.o.Timeout+farewell, func() { _ = deadline.Caught(s.o.Log, "a fetch", "hang up", ses.Hangup) })
	return ctx, func() {
		t.Stop()
		cancel()
	}
}
