package deadline

import (
	"context"
	"fmt"
	"log/slog"
	"runtime/debug"
	"sync"
	"time"
)

// Alive gives a sign of life whenever a time has passed, beside an exchange whose client is otherwise left in silence, and
// calls gone where that fails: nobody is there any more. The function that it returns ends it and waits for it; its error is
// a bug (Caught), of is what the exchange is called in the log.
func Alive(ctx context.Context, log *slog.Logger, of string, every time.Duration, sign func() error, gone context.CancelFunc) (end func() error) {
	stop := make(chan struct{}) // closed when the exchange is over
	var wg sync.WaitGroup
	var err error
	beat := func() {
		t := time.NewTicker(every)
		defer t.Stop()
		for {
			select {
			case <-stop:
				return
			case <-ctx.Done():
				return
			case <-t.C:
				if sign() != nil {
					gone()
					return
				}
			}
		}
	}
	wg.Go(func() {
		if err = Caught(log, of, "signs of life", beat); err != nil {
			gone()
		}
	})
	return func() error {
		close(stop)
		wg.Wait()
		return err
	}
}

// Caught runs what has a goroutine of its own, beyond the reach of whoever catches faults of the exchange: a panic there is a
// bug, which ends this exchange and not the process. The log gets the stack.
func Caught(log *slog.Logger, of, what string, fn func()) (err error) {
	defer func() {
		if r := recover(); r != nil {
			log.Error("panic in "+of, "what", what, "panic", fmt.Sprint(r), "stack", string(debug.Stack()))
			err = fmt.Errorf("%s: panic: %v", what, r)
		}
	}()
	fn()
	return nil
}
