package remote

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"net"

	"github.com/go-git/go-git/v5/plumbing/format/pktline"
	"github.com/go-git/go-git/v5/plumbing/protocol/packp"
)

// stream is a source over a connection on which one speaks after the other: git:// and SSH.
type stream struct {
	in  io.ReadCloser
	out io.Writer
	// asked says that a pack was asked for.
	asked bool
	// keep keeps what is to be known of the server from now on; nil for nothing.
	keep func(ctx context.Context) error
	end  func()
}

func (s *stream) refs(context.Context) (refs, error) {
	ar := packp.NewAdvRefs()
	err := ar.Decode(s.in)
	if err == nil && ar.IsEmpty() {
		err = packp.ErrEmptyAdvRefs
	}
	return listed(ar, err)
}

func (s *stream) met(ctx context.Context) error {
	if s.keep == nil {
		return nil
	}
	return s.keep(ctx)
}

// pack says all that is to be said at once, and then listens: no server waits for more after done.
func (s *stream) pack(_ context.Context, r *packp.UploadPackRequest) (io.Reader, error) {
	s.asked = true
	if err := r.UploadRequest.Encode(s.out); err != nil {
		return nil, err
	}
	if err := r.UploadHaves.Encode(s.out, false); err != nil {
		return nil, err
	}
	if err := pktline.NewEncoder(s.out).EncodeString("done\n"); err != nil {
		return nil, err
	}
	answer := packp.NewUploadPackResponse(r)
	return answer, answer.Decode(s.in)
}

// close takes leave of a server that was asked for nothing, and ends the connection.
func (s *stream) close() {
	if !s.asked {
		_ = pktline.NewEncoder(s.out).Flush() // whether it hears that is its own matter
	}
	s.end()
}

// buffered reads a stream in large pieces: what is read packet by packet would else be as many calls.
func buffered(r io.Reader) io.ReadCloser { return io.NopCloser(bufio.NewReaderSize(r, 32<<10)) }

// openGit makes a source over git:// (gitprotocol-pack, "Git Transport").
func (f *Fetcher) openGit(ctx context.Context, m *meter, a Address) (source, error) {
	conn, err := f.o.Dial(ctx, "tcp", a.HostPort())
	if err != nil {
		return nil, err
	}
	stop := context.AfterFunc(ctx, func() { _ = conn.Close() })
	s := &stream{in: buffered(metered{conn, m}), out: conn, end: func() {
		stop()
		_ = conn.Close()
	}}
	if _, err := fmt.Fprintf(conn, "%s", hello(a)); err != nil {
		s.end()
		return nil, err
	}
	return s, nil
}

// hello is the first line of git://. Neither path nor host hold a NUL.
func hello(a Address) string {
	host := a.u.Hostname()
	if p := a.u.Port(); p != "" {
		host = net.JoinHostPort(host, p)
	}
	line := "git-upload-pack " + a.u.Path + "\x00host=" + host + "\x00"
	return fmt.Sprintf("%04x%s", len(line)+4, line)
}
