package remote

import (
	"context"
	"io"
	"sync"
	"time"
)

// What ends a pull whatever it is doing.
var (
	errAdvertisement = fail("the other server lists more refs than this server takes; nothing was fetched")
	errPreamble      = fail("the other server does not come to the point: it sends no pack; nothing was fetched")
	errAnswer        = fail("the other server sends more than this server takes; nothing was fetched")
	errSilent        = fail("the other server sends nothing, or too little; nothing was fetched")
)

// meter counts what another server sends and how long it lets us wait, over all connections of one pull. The context of the
// pull ends where it is too much.
type meter struct {
	ctx    context.Context
	cancel context.CancelFunc
	o      Limits

	// mu guards what follows.
	mu  sync.Mutex
	why error
	// left is how many bytes may still come, over what is said where there are more.
	left int64
	over error
	// silence is for how long next to nothing may come.
	silence time.Duration
	// waited is how long was waited since came was 0, and came how many bytes came meanwhile.
	waited time.Duration
	came   int64
}

func newMeter(ctx context.Context, o Limits) *meter {
	m := &meter{o: o, silence: o.Silence}
	m.ctx, m.cancel = context.WithCancel(ctx)
	return m
}

// stop ends the context of the pull.
func (m *meter) stop() { m.cancel() }

// allow lets so many bytes come from now on, and so much time go by without; over is what is said of more bytes.
func (m *meter) allow(bytes int64, silence time.Duration, over error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.left, m.over, m.silence = bytes, over, silence
	m.waited, m.came = 0, 0
}

// patience is for how long may be waited.
func (m *meter) patience() time.Duration {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.silence
}

// failed is why the meter has ended the pull; nil where it has not.
func (m *meter) failed() error {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.why
}

// fail ends the pull.
func (m *meter) fail(why error) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.why == nil {
		m.why = why
	}
	m.cancel()
	return m.why
}

// read reads once, for no longer than may be waited.
func (m *meter) read(r io.Reader, b []byte) (int, error) {
	if err := m.ctx.Err(); err != nil {
		if why := m.failed(); why != nil {
			return 0, why
		}
		return 0, err
	}
	begun := time.Now()
	alarm := time.AfterFunc(m.patience(), func() { _ = m.fail(errSilent) })
	n, err := r.Read(b)
	alarm.Stop()
	if why := m.count(int64(n), time.Since(begun)); why != nil {
		return 0, m.fail(why)
	}
	if why := m.failed(); err != nil && err != io.EOF && why != nil {
		err = why
	}
	return n, err
}

// count adds to what came, and answers what speaks against more.
func (m *meter) count(n int64, waited time.Duration) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.left -= n; m.left < 0 {
		return m.over
	}
	m.came += n
	if m.waited += waited; m.waited < m.silence {
		return nil
	}
	if m.came < m.o.Least {
		return errSilent
	}
	m.waited, m.came = 0, 0
	return nil
}

// metered is a stream of another server's.
type metered struct {
	io.ReadCloser
	m *meter
}

// Read implements io.Reader.
func (r metered) Read(b []byte) (int, error) { return r.m.read(r.ReadCloser, b) }
