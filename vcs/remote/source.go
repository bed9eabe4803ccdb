package remote

import (
	"context"
	"errors"
	"fmt"
	"io"
	"sort"
	"strings"
	"time"

	"github.com/go-git/go-git/v5/plumbing/protocol/packp"
	"github.com/go-git/go-git/v5/plumbing/protocol/packp/capability"
	"github.com/go-git/go-git/v5/plumbing/protocol/packp/sideband"
	"github.com/go-git/go-git/v5/plumbing/transport"

	"jeton/vcs/name"
	"jeton/vcs/oid"
	"jeton/vcs/storage"
	"jeton/vcs/wire"
)

// source is a repository on another server, while it is fetched from: refs, then met, then pack, then close.
type source interface {
	// refs are what it has. transport.ErrEmptyRemoteRepository where it has none.
	refs(ctx context.Context) (refs, error)
	// met is called once the server has shown that it speaks git.
	met(ctx context.Context) error
	// pack asks for what is wanted by one who has something, and answers where the pack begins.
	pack(ctx context.Context, r *packp.UploadPackRequest) (io.Reader, error)
	close()
}

// open makes a source; nothing may have been said over it yet.
func (f *Fetcher) open(ctx context.Context, m *meter, p Pull) (source, error) {
	switch p.From.Scheme() {
	case "http", "https":
		return f.openHTTP(m, p.From)
	case "git":
		return f.openGit(ctx, m, p.From)
	case "ssh":
		return f.openSSH(ctx, m, p)
	}
	return nil, errScheme
}

// refs are the branches and tags of another server, by name, and what its HEAD names; "" where it says nothing of that.
type refs struct {
	list []storage.Ref
	head string
	caps *capability.List
}

// kept tells whether a ref is one that is fetched.
func kept(ref string) bool {
	return strings.HasPrefix(ref, "refs/heads/") || strings.HasPrefix(ref, "refs/tags/")
}

// listed reads a list of refs out of what go-git has read. A name that is none, wherever it stands, is no mistake of an honest server.
func listed(ar *packp.AdvRefs, err error) (refs, error) {
	if errors.Is(err, transport.ErrEmptyRemoteRepository) || errors.Is(err, packp.ErrEmptyAdvRefs) {
		return refs{caps: capability.NewList()}, nil
	}
	if err != nil {
		return refs{}, err
	}
	if len(ar.Shallows) > 0 {
		return refs{}, fail("the repository on the other server is a shallow one; make it whole there (git fetch --unshallow)")
	}
	r := refs{caps: ar.Capabilities}
	for ref, id := range ar.References {
		switch {
		case ref == "HEAD":
		case !name.Ref(ref) || !strings.HasPrefix(ref, "refs/"):
			return refs{}, fail("the other server has a ref whose name is none: %s; nothing was fetched", short(ref))
		case id.IsZero():
			return refs{}, fail("the other server has a ref that points to nothing: %s; nothing was fetched", short(ref))
		case kept(ref):
			r.list = append(r.list, storage.Ref{Name: ref, ID: id})
		}
	}
	sort.Slice(r.list, func(i, k int) bool { return r.list[i].Name < r.list[k].Name })
	for _, symref := range ar.Capabilities.Get(capability.SymRef) {
		if target, ok := strings.CutPrefix(symref, "HEAD:"); ok && name.Ref(target) && strings.HasPrefix(target, "refs/heads/") {
			r.head = target
		}
	}
	return r, nil
}

// short is what a server said, as it may be told.
func short(s string) string { return wire.Escape(s[:min(len(s), 200)]) }

// maxPreamble is how much may be sent before the pack begins, in bytes.
const maxPreamble = 1 << 20

// pack asks for a pack, and answers it as it arrives; what is said beside it is dropped.
func (f *Fetcher) pack(ctx context.Context, m *meter, s source, p *plan) (io.Reader, error) {
	if len(p.want) == 0 {
		return empty(), nil
	}
	r := packp.NewUploadPackRequest()
	r.Wants, r.Haves = p.want, p.have
	bands := p.there.caps.Supports(capability.Sideband64k)
	for c, supported := range map[capability.Capability]bool{capability.Sideband64k: bands, capability.OFSDelta: p.there.caps.Supports(capability.OFSDelta)} {
		if supported {
			if err := r.Capabilities.Set(c); err != nil {
				return nil, err
			}
		}
	}
	if p.there.caps.Supports(capability.Agent) {
		if err := r.Capabilities.Set(capability.Agent, f.o.Agent); err != nil {
			return nil, err
		}
	}
	m.allow(maxPreamble, f.o.Limits.Silence, errPreamble)
	alarm := time.AfterFunc(m.patience(), func() { _ = m.fail(errSilent) }) // it may not read what is asked
	stream, err := s.pack(ctx, r)
	alarm.Stop()
	if err != nil {
		return nil, fail("the other server has refused to send what is there: %s", short(err.Error()))
	}
	m.allow(f.o.Limits.Answer, f.o.Limits.Silence, errAnswer)
	if bands {
		stream = sideband.NewDemuxer(sideband.Sideband64k, stream)
	}
	p.read = &heard{r: stream}
	return p.read, nil
}

// heard is a pack on its way, and what the other server said, or the line, where that ended too early.
type heard struct {
	r   io.Reader
	err error
}

// Read implements io.Reader.
func (h *heard) Read(b []byte) (int, error) {
	n, err := h.r.Read(b)
	if err != nil {
		h.err = err
	}
	return n, err
}

// empty is a pack without objects.
func empty() io.Reader {
	head := "PACK\x00\x00\x00\x02\x00\x00\x00\x00"
	sum := oid.NewSum()
	_, _ = io.WriteString(sum, head)
	return io.MultiReader(strings.NewReader(head), strings.NewReader(string(sum.Sum(nil))))
}

// said is what the other server's end of the pack has to do with a failure to take it; nil for nothing.
func (p *plan) said() error {
	if p.read == nil || p.read.err == nil || errors.Is(p.read.err, io.EOF) {
		return nil
	}
	var told *Failure
	if errors.As(p.read.err, &told) {
		return told
	}
	if text, ok := strings.CutPrefix(p.read.err.Error(), "unexpected error: "); ok { // in band 3
		return fail("the other server has given up: %s", short(strings.TrimSpace(text)))
	}
	return fmt.Errorf("%w (%w)", fail("the other server has broken off; nothing was fetched"), p.read.err)
}
