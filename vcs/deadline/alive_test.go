package deadline

import (
	"context"
	"errors"
	"log/slog"
	"strings"
	"testing"
	"testing/synctest"
	"time"
)

func TestAliveGivesSignsUntilItEndsOrTheClientIsGone(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		for _, fails := range []int{0, 3} { // at which sign the client is gone; 0: never
			ctx, gone := context.WithCancel(t.Context())
			n := 0
			end := Alive(ctx, slog.New(slog.DiscardHandler), "a test", time.Second, func() error {
				if n++; n == fails {
					return errors.New("broken pipe")
				}
				return nil
			}, gone)
			time.Sleep(5*time.Second + time.Second/2)
			if err := end(); err != nil {
				t.Error(err)
			}
			if want := max(fails, 5*(1-min(fails, 1))); n != want || (ctx.Err() != nil) != (fails > 0) {
				t.Errorf("failing at %d: %d signs, context %v", fails, n, ctx.Err())
			}
			gone()
		}
	})
}

func TestAPanicOfASignEndsTheExchangeAlone(t *testing.T) {
	ctx, gone := context.WithCancel(t.Context())
	var log strings.Builder
	end := Alive(ctx, slog.New(slog.NewTextHandler(&log, nil)), "a test", time.Millisecond, func() error { panic("a bug") }, gone)
	<-ctx.Done()
	if err := end(); err == nil || err.Error() != "signs of life: panic: a bug" {
		t.Errorf("got %v", err)
	}
	if said := log.String(); !strings.Contains(said, "panic in a test") || !strings.Contains(said, "alive_test.go") {
		t.Errorf("the log says %s", said)
	}
}
