package deadline

import (
	"context"
	"errors"
	"io"
	"testing"
	"time"
)

var errWhy = errors.New("it took too long")

func TestWhatFailsWhenTimeIsOverHasThatForItsReason(t *testing.T) {
	ctx, stop := Start(t.Context(), time.Nanosecond, errWhy)
	defer stop()
	<-ctx.Done()
	err := Reason(ctx, io.ErrUnexpectedEOF)
	if !errors.Is(err, errWhy) || !errors.Is(err, io.ErrUnexpectedEOF) || err.Error() != "it took too long (unexpected EOF)" {
		t.Errorf("got %v", err)
	}
	if again := Reason(ctx, err); again.Error() != err.Error() {
		t.Errorf("said twice: %v", again)
	}
	if Reason(ctx, nil) != nil {
		t.Error("success is a failure")
	}
}

func TestOtherErrorsKeepTheirReason(t *testing.T) {
	ctx, stop := Start(t.Context(), time.Hour, errWhy)
	if err := Reason(ctx, io.EOF); err != io.EOF {
		t.Errorf("within the time: %v", err)
	}
	stop()
	if err := Reason(ctx, context.Canceled); err != context.Canceled {
		t.Errorf("a client that hung up: %v", err)
	}
}
