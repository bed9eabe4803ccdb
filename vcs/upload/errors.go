package upload

import (
	"context"
	"errors"
	"fmt"
	"io"

	"jeton/vcs/wire"
)

// ErrBadRequest is wrapped by errors that are the client's: it was told on the protocol's channel.
var ErrBadRequest = errors.New("bad request")

// refusal is an error whose text is for the client.
type refusal string

func refuse(format string, args ...any) error { return refusal(fmt.Sprintf(format, args...)) }

func (r refusal) Error() string { return string(r) }
func (r refusal) Unwrap() error { return ErrBadRequest }

// quotation is a refusal whose words are git's own to the last, without the service's name before them.
type quotation struct{ refusal }

func quote(format string, args ...any) error { return quotation{refusal(fmt.Sprintf(format, args...))} }

func (q quotation) Unwrap() error { return q.refusal }

// errEmpty is a request over HTTP in which nothing stands, not even that nothing is wanted.
var errEmpty = refuse("the request is empty")

// errCutOff is a request that ends where something must follow.
var errCutOff = refuse("the request ends before its flush packet")

// brokenInput is an error of the connection, or of the body's encoding: whoever owns the connection answers it, over HTTP
// with a status, which could no longer be sent behind an ERR packet.
type brokenInput struct{ error }

func (b brokenInput) Unwrap() error { return b.error }

// input is what a client sends: bounded, and with errors that tell its faults from ours.
type input struct {
	ctx  context.Context // reading ends with it, at the latest when the client sends something
	r    io.Reader
	size int64 // the bound, in bytes
	left int64 // how much of it is left
}

// allow begins the bound of a request anew.
func (c *conversation) allow() {
	c.src.size = c.s.o.Limits.Request
	c.src.left = c.src.size
}

// Read implements io.Reader.
func (in *input) Read(p []byte) (int, error) {
	if err := context.Cause(in.ctx); err != nil {
		return 0, err
	}
	// One byte more than is left shows whether there is too much.
	n, err := in.r.Read(p[:min(int64(len(p)), in.left+1)])
	if in.left -= int64(n); in.left < 0 {
		return 0, refuse("the request is larger than %d bytes; fetch fewer refs at a time", in.size)
	}
	if err != nil && err != io.EOF {
		err = brokenInput{fmt.Errorf("read request: %w", err)}
	}
	return n, err
}

// tell puts an error onto the protocol's channel: a refusal with its own words, everything else without details, which
// are the log's.
func (c *conversation) tell(err error) error {
	var broken brokenInput
	if err == nil || c.out.Err() != nil || errors.As(err, &broken) || errors.Is(err, context.Canceled) {
		return err
	}
	text := c.words(err)
	switch {
	case c.band != nil && c.sending:
		_ = c.band.Fatal(text + "\n")
	case c.band != nil:
		_ = c.band.Fatal(text)
	case !c.sending: // else the client reads a bare pack, and can only be left with half of it
		_ = wire.Err(c.out, text)
	}
	return err
}

// words is what a client is told of an error: before the pack with the service's name, as git has it; then the client
// itself says where it comes from.
func (c *conversation) words(err error) string {
	var q quotation
	if errors.As(err, &q) {
		return q.Error()
	}
	var r refusal
	text := wire.ServerFailed
	switch {
	case errors.As(err, &r):
		text = string(r)
	case errors.Is(err, wire.ErrMalformed):
		text = err.Error()
	}
	if c.sending {
		return text
	}
	return "upload-pack: " + text
}
