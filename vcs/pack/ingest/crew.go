package ingest

import (
	"context"
	"fmt"

	"github.com/go-git/go-git/v5/plumbing"

	"jeton/vcs/oid"
)

// crew is the goroutines that compute ids and have objects checked, and the batches that go to them and come back.
// A batch is many objects, since handing one over costs more than a small object's hash.
type crew struct {
	ctx   context.Context // ends when one of them has failed
	jobs  chan *batch
	free  chan *batch
	batch *batch // being filled by the scanner
}

// batch is objects one behind the other.
type batch struct {
	data    []byte
	entries []*entry
}

const batchLen = 1 << 20

func newCrew(ctx context.Context, workers int) *crew {
	n := workers + 2
	c := &crew{ctx: ctx, jobs: make(chan *batch, n), free: make(chan *batch, n)}
	for range n {
		c.free <- &batch{}
	}
	return c
}

// alive is an error when work has to end.
func (c *crew) alive() error {
	if c.ctx.Err() != nil {
		return fmt.Errorf("%w: %w", errStopped, c.ctx.Err())
	}
	return nil
}

// room is n bytes for the next object, which add then puts into the batch.
func (c *crew) room(n int) ([]byte, error) {
	if c.batch != nil && (len(c.batch.data)+n > batchLen || len(c.batch.entries) == 1024) {
		if err := c.send(); err != nil {
			return nil, err
		}
	}
	if c.batch == nil {
		select {
		case c.batch = <-c.free:
		case <-c.ctx.Done():
			return nil, c.alive()
		}
	}
	b := c.batch
	from := len(b.data)
	if from+n > cap(b.data) {
		b.data = append(make([]byte, 0, min(batchLen, max(4*(from+n), 32<<10))), b.data...)
	}
	b.data = b.data[:from+n]
	return b.data[from:], nil
}

func (c *crew) add(e *entry) { c.batch.entries = append(c.batch.entries, e) }

// send gives the batch to the crew.
func (c *crew) send() error {
	if c.batch == nil {
		return nil
	}
	c.jobs <- c.batch // has room for all
	c.batch = nil
	return c.alive()
}

func (c *crew) dismiss() { close(c.jobs) }

// work is one of the crew.
func (c *crew) work(in *intake) error {
	h := oid.NewHasher()
	for b := range c.jobs {
		at := int64(0)
		for _, e := range b.entries {
			if err := c.alive(); err != nil {
				return in.ctx.Err()
			}
			id, err := in.name(h, e.kind, b.data[at:at+e.size])
			if err != nil {
				return err
			}
			e.id = id
			at += e.size
		}
		b.data, b.entries = b.data[:0], b.entries[:0]
		c.free <- b
	}
	return nil
}

// name computes an object's id and has the caller check it.
func (in *intake) name(h *oid.Hasher, kind plumbing.ObjectType, data []byte) (oid.ID, error) {
	h.Reset(kind, int64(len(data)))
	_, _ = h.Write(data)
	id, err := h.Sum()
	if err != nil {
		return id, err
	}
	if kind == plumbing.BlobObject {
		if in.o.Blobs != nil {
			in.o.Blobs.Blob(id, data)
		}
		return id, nil
	}
	if in.o.Check != nil {
		if err := in.o.Check(kind, id, data); err != nil {
			return id, fmt.Errorf("%s %s: %w", kind, id, err)
		}
	}
	return id, nil
}
