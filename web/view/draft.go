package view

import (
	"bytes"
	"net/http"
	"strconv"
)

// draftLen is how much of a text is held before it goes out, in bytes.
const draftLen = 1 << 20

// draft is the beginning of a text of which it is not known yet whether it will be whole: until it is longer than draftLen
// nothing is answered. A text of which something was left out, for lack of time perhaps, is not to be kept by anybody and
// bears no tag; nor does one that is sent before that is known.
type draft struct {
	q    *request
	held bytes.Buffer
	sent bool // what was held has gone out
}

// Write implements io.Writer.
func (d *draft) Write(b []byte) (int, error) {
	if !d.sent && d.held.Len()+len(b) <= draftLen {
		return d.held.Write(b)
	}
	if err := d.send(); err != nil {
		return 0, err
	}
	return d.q.w.Write(b)
}

// send sends what was held, as the beginning of an answer of unknown length.
func (d *draft) send() error {
	if d.sent {
		return nil
	}
	d.sent = true
	d.unkept()
	d.q.w.WriteHeader(http.StatusOK)
	_, err := d.q.w.Write(d.held.Bytes())
	d.held = bytes.Buffer{}
	return err
}

// unkept has the answer asked for again each time.
func (d *draft) unkept() {
	d.q.w.Header().Del("ETag")
	keep(d.q.w.Header(), d.q.visit, false)
}

// finish ends the text; notice says what was left out of it.
func (d *draft) finish(notice string) error {
	if d.sent {
		return nil
	}
	if notice != "" {
		d.unkept()
	}
	d.q.w.Header().Set("Content-Length", strconv.Itoa(d.held.Len()))
	_, err := d.q.w.Write(d.held.Bytes())
	return err
}
