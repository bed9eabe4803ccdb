package view

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"path"
	"regexp"
	"time"

	"github.com/go-git/go-git/v5/plumbing"

	"jeton/vcs/oid"
	"jeton/vcs/pack"
	"jeton/vcs/revision"
	"jeton/web/door"
	"jeton/web/etag"
)

// Raw answers with a file as it is, for a browser to show: Rest is "{revision}/{path}".
func (h *Handler) Raw(w http.ResponseWriter, r *http.Request, v door.Visit) {
	h.serve(w, r, v, func(q *request) error { return h.raw(q, "inline") })
}

// RawFile is Raw for a browser to save.
func (h *Handler) RawFile(w http.ResponseWriter, r *http.Request, v door.Visit) {
	h.serve(w, r, v, func(q *request) error { return h.raw(q, "attachment") })
}

// file is a blob with the name that it has.
type file struct {
	rev  revision.Revision
	name string
	id   oid.ID
	size int64
}

// file finds the file that the address names. Symbolic links are files whose text is where they point to: they are never
// followed, so that none leads round in a circle, or out.
func (h *Handler) file(q *request) (file, error) {
	rev, at, err := q.find.Split(q.ctx, q.visit.Rest)
	if err != nil {
		return file{}, err
	}
	if rev.Tree.IsZero() {
		return file{}, no(http.StatusNotFound, "no_tree", "«%s» has no files: it is neither a commit nor a folder.", revision.Shown(rev.Name))
	}
	e, err := q.find.Entry(q.ctx, rev.Tree, at)
	switch {
	case err != nil:
		return file{}, err
	case e.Kind == plumbing.TreeObject:
		return file{}, no(http.StatusNotFound, "folder", "«%s» is a folder. Name a file in it, or download it with archive/….zip?path=.", revision.Shown(cmp.Or(at, rev.Name)))
	case e.Kind != plumbing.BlobObject:
		return file{}, no(http.StatusNotFound, "submodule", "«%s» is a submodule: its files are in another repository.", revision.Shown(at))
	}
	f := file{rev: rev, name: path.Base(at), id: e.ID}
	if _, f.size, err = q.set.Header(e.ID); err == nil && f.size > h.o.Limits.File {
		err = tooLarge(h.o.Limits.File)
	}
	return f, err
}

func tooLarge(limit int64) error {
	return no(http.StatusRequestEntityTooLarge, "too_large", "This file is larger than the %d bytes that this server sends raw. Clone the repository instead.", limit)
}

func (h *Handler) raw(q *request, kind string) error {
	f, err := h.file(q)
	if err != nil {
		return err
	}
	head := q.w.Header()
	tag := strongTag("raw 1", kind, f.id.String(), f.name)
	head.Set("ETag", tag)
	head.Set("Content-Disposition", disposition(kind, f.name))
	keep(head, q.visit, f.rev.Fixed)
	protect(head, q.visit)
	if etag.Known(q.Request, tag) {
		q.w.WriteHeader(http.StatusNotModified)
		return nil
	}
	c := &content{ctx: q.ctx, set: q.set, id: f.id, size: f.size, limit: h.o.Limits.File}
	defer c.Close()
	head.Set("Content-Type", anything)
	if kind == "inline" {
		first, err := c.peek(sniffed)
		if err != nil {
			return err
		}
		head.Set("Content-Type", contentType(f.name, first))
	}
	http.ServeContent(q.w, oneRange(q.Request), "", time.Time{}, c)
	return c.failed
}

// singleRange is the one kind of range that is answered as one (RFC 9110, section 14.1.2).
var singleRange = regexp.MustCompile(`^bytes=(?:[0-9]{1,18}-(?:[0-9]{1,18})?|-0*[1-9][0-9]{0,17})$`)

// oneRange is a request without its Range where that is more than one, or something else: a server may answer with the
// whole then (RFC 9110, section 14.2), and a packed file is read once, forward.
func oneRange(r *http.Request) *http.Request {
	if fields := r.Header.Values("Range"); len(fields) == 0 || len(fields) == 1 && singleRange.MatchString(fields[0]) {
		return r
	}
	r = r.Clone(r.Context())
	r.Header.Del("Range")
	return r
}

// content is a blob as http.ServeContent reads it: from one place on, forward. Nothing of it is read before it is asked for.
type content struct {
	ctx   context.Context
	set   *pack.Set
	id    oid.ID
	size  int64 // in bytes, as its header says
	limit int64

	o      *pack.Object // nil until something is read
	first  []byte       // what was read of it and not yet handed out
	read   int64        // how far what was handed out, or passed over, goes
	at     int64        // where the next Read begins
	failed error        // why it ended early
}

// peek reads the first bytes, at most n, without moving on.
func (c *content) peek(n int) ([]byte, error) {
	if err := c.open(); err != nil {
		return nil, err
	}
	c.first = make([]byte, min(int64(n), c.size))
	if _, err := io.ReadFull(c.o, c.first); err != nil {
		return nil, fmt.Errorf("read %s: %w", c.id, err)
	}
	return c.first, nil
}

func (c *content) open() (err error) {
	if c.o != nil {
		return nil
	}
	c.o, err = c.set.Open(c.id, c.limit)
	if errors.Is(err, pack.ErrTooLarge) {
		return tooLarge(c.limit)
	}
	return err
}

// Seek implements io.Seeker; it only notes where.
func (c *content) Seek(offset int64, whence int) (int64, error) {
	switch whence {
	case io.SeekCurrent:
		offset += c.at
	case io.SeekEnd:
		offset += c.size
	}
	c.at = offset
	return offset, nil
}

// Read implements io.Reader.
func (c *content) Read(b []byte) (n int, _ error) {
	for c.failed == nil {
		if c.failed = c.ctx.Err(); c.failed != nil {
			break
		}
		if c.at >= c.size {
			return 0, io.EOF
		}
		if c.failed = c.open(); c.failed != nil {
			break
		}
		if n = c.next(b[:min(int64(len(b)), c.size-c.at)]); n > 0 {
			break
		}
	}
	return n, c.failed
}

// next reads on, or passes over some of what lies before the place that is asked for; then, and where it fails, n is 0.
func (c *content) next(b []byte) (n int) {
	over := c.at - c.read
	if over < 0 {
		c.failed = errors.New("a blob was to be read backward")
		return 0
	}
	if over > 0 {
		b = b[:min(int64(len(b)), over)]
	}
	if len(c.first) > 0 {
		n = copy(b, c.first)
		c.first = c.first[n:]
	} else {
		var err error
		if n, err = c.o.Read(b); err != nil && err != io.EOF || n == 0 && err != nil {
			// What came with it is kept back: where the fault shows at the very end, the length alone would look whole.
			c.failed = fmt.Errorf("read %s: %w", c.id, errors.Join(err, io.ErrUnexpectedEOF))
			return 0
		}
	}
	c.read += int64(n)
	if over > 0 {
		return 0
	}
	c.at = c.read
	return n
}

// Close implements io.Closer.
func (c *content) Close() error {
	if c.o == nil {
		return nil
	}
	return c.o.Close()
}
