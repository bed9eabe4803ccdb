package view

import (
	"context"
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"jeton/vcs/archive"
	"jeton/vcs/archive/kept"
	"jeton/vcs/host"
	"jeton/vcs/revision"
	"jeton/web/door"
	"jeton/web/etag"
)

// Archives are what archives need.
type Archives struct {
	Kept   *kept.Store
	Limits archive.Limits
	// Timeout is how long the assembly of one, and the sending, may take; 0 means 6 hours.
	Timeout time.Duration
	// URL is the server's address without a slash at its end, for addresses that never change.
	URL string
}

// download is an archive that somebody asks for.
type download struct {
	archive archive.Archive
	visit   door.Visit
	rev     revision.Revision
	suffix  string // with its dot, as it was asked for
	query   url.Values
	top     string // the folder that all is in, and the file's name
}

// Archive answers with an archive: Rest is "{revision}.zip", .tar, .tar.gz, .tgz or .tar.zst; ?path= (or at_path) names the
// part of the tree that is wanted, with_hash=1 puts the full id into the name and 0 nothing, v is the format number.
func (h *Handler) Archive(w http.ResponseWriter, r *http.Request, v door.Visit) {
	timeout := h.o.Archives.Timeout
	ctx, cancel := context.WithTimeoutCause(r.Context(), timeout, errTooLong)
	defer cancel()
	out := h.steady(w, timeout)
	d, err := h.wanted(ctx, out, r, v)
	if err == nil { // the view of the repository is closed: a client may take long
		err = h.send(ctx, out, r, d)
	}
	var bad *host.Refusal
	if errors.Is(err, archive.ErrBadRequest) && !errors.As(err, &bad) {
		err = no(http.StatusRequestEntityTooLarge, "too_large", "%s.", err)
	}
	h.end(ctx, out, r, err)
}

// wanted finds out which archive is asked for: that may take a long walk, for which a seat is needed.
func (h *Handler) wanted(ctx context.Context, w *steady, r *http.Request, v door.Visit) (d *download, err error) {
	leave, err := h.seat(v)
	if err != nil {
		return nil, err
	}
	defer leave()
	err = h.answer(ctx, w, r, v, func(q *request) (err error) {
		d, err = h.download(q)
		return err
	})
	return d, err
}

// archiveSuffixes are those of addresses, longer ones before those that they end in.
var archiveSuffixes = []struct {
	suffix string
	format archive.Format
	kind   string // Content-Type
}{
	{".tar.gz", archive.TarGz, "application/gzip"},
	{".tar.zst", archive.TarZst, "application/zstd"},
	{".tgz", archive.TarGz, "application/gzip"},
	{".tar", archive.Tar, "application/x-tar"},
	{".zip", archive.Zip, "application/zip"},
}

// download understands what is asked for.
func (h *Handler) download(q *request) (*download, error) {
	if q.rules.NoArchives {
		return nil, no(http.StatusForbidden, "no_downloads", "Downloads are switched off for this repository. Clone it with git.")
	}
	d := &download{visit: q.visit, query: url.Values{}}
	name := ""
	for _, s := range archiveSuffixes {
		if rest, ok := strings.CutSuffix(q.visit.Rest, s.suffix); ok {
			name, d.suffix, d.archive.Format = rest, s.suffix, s.format
			q.w.Header().Set("Content-Type", s.kind)
			break
		}
	}
	if name == "" {
		return nil, no(http.StatusNotFound, "no_format", "An archive's address ends in a revision with .zip, .tar, .tar.gz, .tgz or .tar.zst, such as archive/main.zip.")
	}
	d.archive.Level, d.archive.Limits = archive.Default, h.o.Archives.Limits
	var err error
	if d.archive.Number, err = formatNumber(q.URL.Query().Get("v")); err != nil {
		return nil, err
	}
	if d.rev, err = q.find.Find(q.ctx, name); err != nil {
		return nil, err
	}
	if d.rev.Tree.IsZero() {
		return nil, no(http.StatusNotFound, "no_tree", "«%s» has no files: it is neither a commit nor a folder.", revision.Shown(name))
	}
	d.archive.Tree, d.archive.Commit, d.archive.When = d.rev.Tree, d.rev.Commit, d.rev.When
	if err := d.inside(q); err != nil {
		return nil, err
	}
	if err := d.named(q, name); err != nil {
		return nil, err
	}
	d.archive.Prefix = d.top + "/"
	return d, nil
}

// formatNumber reads ?v=; nothing is the newest.
func formatNumber(v string) (int, error) {
	if v == "" {
		return archive.Number, nil
	}
	n, err := strconv.Atoi(v)
	if err != nil || !slices.Contains(archive.Numbers(), n) {
		return 0, no(http.StatusNotFound, "no_number", "This server keeps no archives of the format number %s. It has: %s.", revision.Shown(v), archive.NumberWords())
	}
	return n, nil
}

// inside reads ?path= or ?at_path=, which must be there.
func (d *download) inside(q *request) error {
	asked := q.URL.Query()
	at := strings.Trim(asked.Get("path"), "/")
	if other := strings.Trim(asked.Get("at_path"), "/"); at == "" {
		at = other
	} else if other != "" && other != at {
		return no(http.StatusBadRequest, "two_paths", "path and at_path are two names of one thing and differ. Leave one of them away.")
	}
	if at == "" {
		return nil
	}
	if _, err := q.find.Entry(q.ctx, d.rev.Tree, at); err != nil {
		return err
	}
	d.archive.Inside = at
	d.query.Set("path", at)
	return nil
}

// maxTop is how long the name of the top folder may be, in bytes; a longer one has the id in place of the revision.
const maxTop = 200

// named decides how the top folder and the file are called.
func (d *download) named(q *request, rev string) error {
	name := d.visit.Path[strings.LastIndexByte(d.visit.Path, '/')+1:]
	id := d.rev.Commit
	if id.IsZero() {
		id = d.rev.Tree
	}
	switch hash := q.URL.Query().Get("with_hash"); hash {
	case "":
		d.top = name + "-" + strings.NewReplacer("/", "-", `\`, "-").Replace(rev)
	case "1", "true":
		d.top = name + "-" + id.String()
	case "0", "false":
		d.top = name
		d.query.Set("with_hash", "0")
	default:
		return no(http.StatusBadRequest, "with_hash", "with_hash is 1 or 0.")
	}
	if len(d.top) > maxTop {
		d.top = name + "-" + id.String()
	}
	return nil
}

// key names the archive's bytes.
func (d *download) key() string {
	a := d.archive
	return strings.Join([]string{"archive", strconv.Itoa(a.Number), string(a.Format), a.Commit.String(), a.Tree.String(), a.Prefix, a.Inside}, "\x00")
}

// immutable is the Link to the address of just this for ever (Nix, "Lockable HTTP Tarball Protocol"): by the commit's full
// id, with its format number. Nix takes rev and lastModified out of it again; whoever else asks with them is not minded.
func (d *download) immutable(base string) string {
	if d.rev.Commit.IsZero() {
		return ""
	}
	d.query.Set("v", strconv.Itoa(d.archive.Number))
	d.query.Set("rev", d.rev.Commit.String())
	d.query.Set("lastModified", strconv.FormatInt(d.rev.When.Unix(), 10))
	at := url.URL{Path: "/" + d.visit.Path + "/archive/" + d.rev.Commit.String() + d.suffix}
	return "<" + base + at.EscapedPath() + "?" + d.query.Encode() + `>; rel="immutable"`
}

func (h *Handler) send(ctx context.Context, w *steady, r *http.Request, d *download) error {
	head, tag := w.Header(), strongTag(d.key())
	head.Set("ETag", tag)
	head.Set("Content-Disposition", disposition("attachment", d.top+d.suffix))
	if link := d.immutable(h.o.Archives.URL); link != "" {
		head.Set("Link", link)
	}
	keep(head, d.visit, d.rev.Fixed)
	protect(head, d.visit)
	if etag.Known(r, tag) {
		w.WriteHeader(http.StatusNotModified)
		return nil
	}
	key := kept.Key{Repository: d.visit.RepoID, Rest: d.key()}
	var a *kept.Answer
	if r.Method == http.MethodHead {
		if a = h.o.Archives.Kept.Find(ctx, key); a == nil { // it is not assembled for its length
			w.WriteHeader(http.StatusOK)
			return nil
		}
	} else {
		a = h.o.Archives.Kept.Get(ctx, key, h.assemble(d))
	}
	defer a.Close()
	// A part can be sent of what is kept alone; and a client of HTTP/1.0 cannot tell a stream that was cut off from a whole
	// one, unless it knows the length.
	if wantsPart(r, tag) || !r.ProtoAtLeast(1, 1) {
		a.Whole()
	}
	if file, sum, ok := a.Kept(); ok {
		head.Set("Repr-Digest", "sha-256=:"+base64.StdEncoding.EncodeToString(sum[:])+":")
		http.ServeContent(w, oneRange(r), "", time.Time{}, file)
	} else if err := stream(w, a); err != nil {
		return err
	}
	d.sent(ctx, w, r.Method)
	return nil
}

// sent has it recorded that somebody has got the archive, or a part of it.
func (d *download) sent(ctx context.Context, w *steady, method string) {
	told := d.visit.SentBy("git-upload-archive")
	if told == nil || method == http.MethodHead || ctx.Err() != nil {
		return
	}
	switch w.status {
	case 0, http.StatusOK:
		told(d.visit.Rest)
	case http.StatusPartialContent:
		told("a part of " + d.visit.Rest)
	}
}

// wantsPart reports whether one range is asked for, of the archive as it is.
func wantsPart(r *http.Request, tag string) bool {
	part := oneRange(r).Header.Get("Range") != ""
	same := r.Header.Get("If-Range")
	return part && (same == "" || same == tag)
}

// stream sends what is being assembled. Nothing is sent before the first piece is there, so that what is refused is refused
// with its status.
func stream(w io.Writer, a io.Reader) error {
	piece := make([]byte, 128<<10)
	for {
		n, err := a.Read(piece)
		if n > 0 {
			if _, err := w.Write(piece[:n]); err != nil {
				return fmt.Errorf("send archive: %w", err)
			}
		}
		switch {
		case err == io.EOF:
			return nil
		case errors.Is(err, kept.ErrBusy):
			return &host.Refusal{Status: http.StatusServiceUnavailable, Code: "busy", RetryAfter: 10 * time.Second,
				Sentence: "The server is assembling as many archives as it may. Ask again in a few seconds."}
		case err != nil:
			return err
		}
	}
}

// assemble writes the archive of a download from a view of its own: it may outlast the request that began it.
func (h *Handler) assemble(d *download) kept.Assemble {
	a, id := d.archive, d.visit.RepoID
	return func(ctx context.Context, w io.Writer) error {
		ctx, cancel := context.WithTimeout(ctx, h.o.Archives.Timeout)
		defer cancel()
		repo, err := h.o.Repos.Open(ctx, id)
		if err != nil {
			return fmt.Errorf("open repository: %w", err)
		}
		view, err := repo.View(ctx)
		if err != nil {
			return fmt.Errorf("open view: %w", err)
		}
		defer view.Close()
		return archive.Write(ctx, view.Objects, w, a)
	}
}
