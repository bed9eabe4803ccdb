package upload

import (
	"context"
	"fmt"

	"jeton/vcs/wire"
)

// say writes a line of an answer: bare, or in band 1 where the client asked for everything in bands.
func (c *conversation) say(format string, args ...any) {
	line := fmt.Sprintf(format, args...)
	if c.band != nil {
		_ = c.band.Line(line) // the writer below remembers what goes wrong, here and below
		return
	}
	_ = c.out.Line(line)
}

// delim ends a section, and another follows.
func (c *conversation) delim() {
	if c.band != nil {
		_ = c.band.Delim()
		return
	}
	_ = c.out.Delim()
}

// end ends an answer and sends it.
func (c *conversation) end() error {
	if c.band != nil {
		return c.band.Close()
	}
	_ = c.out.Flush()
	return c.out.Send()
}

// everythingInBands puts the whole answer to a command of protocol 2 into bands (gitprotocol-v2, "sideband-all"), so that
// signs of life can be sent while wants are checked and haves looked at; nothing may be written past the band meanwhile. The
// function that it returns ends that; the band stays, for an error to be told on it. An error of it is a bug.
func (c *conversation) everythingInBands() (end func() error) {
	before := c.ctx
	ctx, gone := context.WithCancel(before)
	c.ctx, c.band = ctx, wire.NewSideBandAll(c.out)
	stop := c.keepAlive(ctx, gone)
	c.alive = true
	return func() error {
		err := stop()
		gone()
		c.ctx, c.alive = before, false
		return err
	}
}
