package feed

import (
	"context"
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"

	"jeton/vcs/host"
	"jeton/vcs/storage"
	"jeton/web/door"
	"jeton/web/etag"
)

// edition is a part of every entity tag. It is another number when this package writes the same feed otherwise.
const edition = 1

// question is one feed in one format, as far as an answer depends on anything.
type question struct {
	format format
	// address tells one feed from another, for one reader.
	address string
	// key names all that the answer depends on, content included.
	key string
	// fixed tells that key follows from the content alone, so that the entity tag can be made of it; else it is made of the
	// answer.
	fixed bool
	build func(ctx context.Context) (Feed, error)
}

// digest is a short text for a long one.
func digest(parts ...any) string {
	h := sha256.New()
	for _, p := range parts {
		fmt.Fprintf(h, "%v\x00", p)
	}
	return base64.RawURLEncoding.EncodeToString(h.Sum(nil)[:18])
}

// answer answers a question, or says why not.
func (s *Server) answer(w http.ResponseWriter, r *http.Request, v door.Visit, q question) {
	h := w.Header()
	h.Set("Vary", "Accept-Encoding, Authorization")
	h.Set("Cache-Control", "public, no-cache") // asked again each time: what everybody may read today is perhaps private tomorrow
	if v.Private {
		h.Set("Cache-Control", "private, no-cache")
		h.Set("Referrer-Policy", "no-referrer")
	}
	if q.fixed && s.unchanged(w, r, q.address, q.key) {
		return
	}
	a, err := s.worked(r.Context(), v, q)
	if err != nil {
		s.fail(w, r, err)
		return
	}
	if !q.fixed && s.unchanged(w, r, q.address, a.tag) {
		return
	}
	h.Set("Content-Type", q.format.mime)
	h.Set("X-Content-Type-Options", "nosniff")
	body := a.plain
	if takesGzip(r.Header.Values("Accept-Encoding")) {
		h.Set("Content-Encoding", "gzip")
		h.Set("ETag", `"`+a.tag+gzipped+`"`)
		body = a.gzip
	}
	h.Set("Content-Length", strconv.Itoa(len(body)))
	if r.Method != http.MethodHead {
		_, _ = w.Write(body) // a client that has gone away needs no feed
	}
}

// gzipped ends the entity tag of the compressed form: one tag names one sequence of bytes (RFC 9110 section 8.8.3).
const gzipped = ".gz"

// unchanged sets what tells one answer from another, and answers 304 to whoever has this one. If-Modified-Since counts only
// without If-None-Match, and only where it is the very time that was told (RFC 9110 section 13.1.3 lets a server take it for
// an opaque validator).
func (s *Server) unchanged(w http.ResponseWriter, r *http.Request, address, tag string) bool {
	h := w.Header()
	h.Set("ETag", `"`+tag+`"`)
	at, told := s.moments.since(address, tag, s.o.Now())
	if told {
		h.Set("Last-Modified", at.UTC().Format(http.TimeFormat))
	}
	same := false
	if len(r.Header.Values("If-None-Match")) > 0 {
		same = etag.Known(r, `"`+tag+`"`, `"`+tag+gzipped+`"`) // in either form
	} else if since, err := http.ParseTime(r.Header.Get("If-Modified-Since")); err == nil {
		same = told && since.Equal(at)
	}
	if same {
		w.WriteHeader(http.StatusNotModified)
	}
	return same
}

// takesGzip reads Accept-Encoding (RFC 9110 section 12.5.3).
func takesGzip(values []string) bool {
	for _, value := range values {
		for one := range strings.SplitSeq(value, ",") {
			coding, weight, _ := strings.Cut(one, ";")
			if coding = strings.ToLower(strings.TrimSpace(coding)); coding != "gzip" && coding != "x-gzip" {
				continue
			}
			_, q, _ := strings.Cut(weight, "=")
			n, err := strconv.ParseFloat(strings.TrimSpace(q), 64)
			return err != nil || n > 0
		}
	}
	return false
}

// worked is the answer to a question, kept or worked out now. Others may wait for the same one, so it is not given up when
// this client goes away.
func (s *Server) worked(ctx context.Context, v door.Visit, q question) (*answer, error) {
	got, err := s.kept.get(ctx, q.key, func() (costly, error) {
		ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), s.o.Patience)
		defer cancel()
		leave, err := s.places.enter(ctx, v)
		if err != nil {
			return nil, err
		}
		defer leave()
		f, err := q.build(ctx)
		if err != nil {
			return nil, err
		}
		text, err := q.format.encode(f, s.o.TTL)
		if err != nil {
			return nil, fmt.Errorf("write a feed: %w", err)
		}
		tag := q.key
		if !q.fixed {
			tag = digest(text)
		}
		return pressed(tag, text)
	})
	if err != nil {
		return nil, err
	}
	return got.(*answer), nil
}

// fail says what went wrong, in one sentence.
func (s *Server) fail(w http.ResponseWriter, r *http.Request, err error) {
	h := w.Header()
	for _, name := range []string{"ETag", "Last-Modified"} { // they are the feed's, which there is none of
		h.Del(name)
	}
	var no *refused
	var elsewhere *host.Refusal
	switch {
	case errors.As(err, &no):
		door.Say(w, no.status, no.sentence)
	case errors.As(err, &elsewhere):
		if wait := elsewhere.Wait(); wait != "" {
			h.Set("Retry-After", wait)
		}
		door.Say(w, elsewhere.Status, elsewhere.Sentence)
	case errors.Is(err, host.ErrNotFound), errors.Is(err, storage.ErrClosed): // deleted since it was admitted
		door.Say(w, http.StatusNotFound, "There is nothing here.")
	case errors.Is(err, context.DeadlineExceeded):
		h.Set("Retry-After", "60")
		door.Say(w, http.StatusServiceUnavailable, "This feed could not be made in time; the server is busy, or the history is too long for a path. Try again in a minute.")
	case r.Context().Err() != nil: // nobody is there any more
		w.WriteHeader(http.StatusServiceUnavailable)
	default:
		s.o.Log.ErrorContext(r.Context(), "a feed could not be made", "path", r.URL.Path, "error", err)
		door.Say(w, http.StatusInternalServerError, "The server could not make this feed; its administrator finds the reason in the log.")
	}
}

// formatsNamed is for whoever asks for another one.
func formatsNamed() error {
	names := make([]string, len(formats))
	for i, f := range formats {
		names[i] = f.name
	}
	return missing("There is no such format of feeds: " + strings.Join(slices.Concat(names[:len(names)-1], []string{"and " + names[len(names)-1]}), ", ") + " are there.")
}

// past is when a feed without entries was updated: an instant that is always the same.
var past = time.Unix(0, 0).UTC()
