package feed

import (
	"context"
	"errors"
	"testing"
	"testing/synctest"
	"time"

	"jeton/vcs/host"
	"jeton/web/door"
)

func visitor(client string, private bool) door.Visit {
	return door.Visit{Private: private, Admission: host.Admission{Client: client}}
}

func TestOneClientDoesNotKeepOthersFromTheirFeeds(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorkshop(4)
		soon := func(v door.Visit) (func(), error) {
			ctx, cancel := context.WithTimeout(t.Context(), time.Second)
			defer cancel()
			return w.enter(ctx, v)
		}
		ada, err := soon(visitor("ada", true))
		if err != nil {
			t.Fatal(err)
		}
		if _, err := soon(visitor("ada", true)); !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("a client has a second place: %v", err)
		}
		for _, guest := range []string{"192.0.2.1/32", "192.0.2.2/32"} {
			if _, err := soon(visitor(guest, false)); err != nil {
				t.Errorf("guest %s: %v", guest, err)
			}
		}
		if _, err := soon(visitor("192.0.2.3/32", false)); !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("guests have more than half of the places: %v", err)
		}
		if _, err := soon(visitor("bob", true)); err != nil {
			t.Errorf("no place is left for bob: %v", err)
		}
		again := make(chan error)
		go func() {
			_, err := soon(visitor("ada", true))
			again <- err
		}()
		synctest.Wait()
		ada()
		if err := <-again; err != nil {
			t.Errorf("who waits gets no place that becomes free: %v", err)
		}
	})
}

func TestNotMoreThanSomeWaitForAFeed(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithCancel(t.Context())
		w := newWorkshop(1)
		leave, err := w.enter(ctx, visitor("ada", true))
		if err != nil {
			t.Fatal(err)
		}
		for range maxWaiting {
			go func() { _, _ = w.enter(ctx, visitor("bob", true)) }()
		}
		synctest.Wait()
		if _, err := w.enter(ctx, visitor("eve", true)); !errors.Is(err, errBusy) {
			t.Errorf("one more may wait: %v", err)
		}
		cancel()
		synctest.Wait()
		leave()
		if leave, err = w.enter(t.Context(), visitor("eve", true)); err != nil {
			t.Fatalf("who waited no more still counts: %v", err)
		}
		leave()
		if w.seats.Busy() != 0 || w.waiting != 0 {
			t.Errorf("left behind: %+v", w)
		}
	})
}
