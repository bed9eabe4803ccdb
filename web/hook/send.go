package hook

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"
	"time"
)

const (
	// maxRead is how much of an answer is read, maxKept how much of it is kept, in bytes; maxHeaders how many of its headers.
	maxRead    = 64 << 10
	maxKept    = 4 << 10
	maxHeaders = 30
	// stubborn is how many tries in a row must have failed before a hook is switched off.
	stubborn = 10
)

// try sends a delivery once, and says in it how that went. The error is of the rows, or that of a context that has ended: then
// nothing was written, and it is sent again.
func (s *Server) try(ctx context.Context, h Hook, d Delivery, e Event) error {
	begun := s.o.Now()
	asked := s.exchange(ctx, h, &d, e)
	if ctx.Err() != nil {
		return ctx.Err()
	}
	now := s.o.Now()
	d.Tries++
	d.TriedAt, d.Took = begun.UTC(), now.Sub(begun)
	good := d.Status >= 200 && d.Status < 300 && d.Error == ""
	d.State = Done
	if !good {
		var more bool
		d.State = Failed
		if d.NextAt, more = s.next(d.Tries, asked, now); more && d.Status != http.StatusGone {
			d.State = Waiting
		}
	}
	was := true
	after, err := s.o.Rows.Tried(ctx, d, s.o.Keep, func(h *Hook) {
		was = h.Active
		s.judge(h, d, good, now)
	})
	if errors.Is(err, ErrNotFound) {
		return nil // it was removed meanwhile
	}
	if err != nil {
		return fmt.Errorf("write how a delivery went: %w", err)
	}
	if was && !after.Active && s.o.Off != nil {
		s.o.Off(after)
	}
	return nil
}

// judge changes what a hook says of its tries, and switches it off where its receiver wants that, or has failed for days.
func (s *Server) judge(h *Hook, d Delivery, good bool, now time.Time) {
	h.LastAt, h.LastStatus = now.UTC(), d.Status
	if good {
		h.Failures, h.FailingSince = 0, time.Time{}
		return
	}
	if h.Failures++; h.FailingSince.IsZero() {
		h.FailingSince = now.UTC()
	}
	why := ""
	switch {
	case !h.Active:
	case d.Status == http.StatusGone:
		why = "its receiver answered 410 Gone, which asks to be told no more"
	case h.Failures >= stubborn && now.Sub(h.FailingSince) >= s.o.GiveUp:
		why = fmt.Sprintf("nothing has come through since %s, in %d tries", h.FailingSince.UTC().Format("2006-01-02 15:04 MST"), h.Failures)
	}
	if why != "" {
		h.Active, h.OffAt, h.OffWhy = false, now.UTC(), why
	}
}

// exchange sends the request and reads the answer. asked is how long the receiver wants to be left alone.
func (s *Server) exchange(ctx context.Context, h Hook, d *Delivery, e Event) (asked time.Duration) {
	d.Status, d.Answer, d.Error = 0, Answer{}, ""
	ctx, cancel := context.WithTimeout(ctx, s.o.Timeout)
	defer cancel()
	bearer, err := s.bearer(ctx, h, e)
	if err != nil {
		s.o.Log.ErrorContext(ctx, "the token of a web hook could not be made", "hook", h.ID, "error", err)
		d.Error = "the token that should have gone along could not be made"
		return 0
	}
	out, err := s.request(ctx, h, *d, e, bearer, s.o.Now())
	if err != nil {
		s.o.Log.ErrorContext(ctx, "the request of a web hook could not be made", "hook", h.ID, "error", err)
		d.Error = "the request could not be made"
		return 0
	}
	d.Request = out.kept
	answer, err := s.o.Client.Do(out.http)
	if err != nil {
		d.Error = s.whyNot(ctx, &out, err)
		return 0
	}
	defer func() { _ = answer.Body.Close() }()
	d.Status = answer.StatusCode
	body, err := io.ReadAll(io.LimitReader(answer.Body, maxRead))
	d.Answer = out.answer(answer.Header, body)
	switch {
	case d.Status >= 200 && d.Status < 300 && err == nil:
	case d.Status >= 300 && d.Status < 400:
		d.Error = "the receiver leads elsewhere, and redirects are not followed: enter the address that it leads to"
	case err != nil:
		d.Error = s.whyNot(ctx, &out, err)
	default:
		d.Error = fmt.Sprintf("the receiver answered %d", d.Status)
	}
	return retryAfter(answer.Header.Get("Retry-After"), s.o.Now())
}

// whyNot says in a sentence why there was no answer, without the address, and without secrets that a receiver has sent back.
func (s *Server) whyNot(ctx context.Context, out *sent, err error) string {
	if ctx.Err() != nil {
		return fmt.Sprintf("the receiver did not answer within %s", s.o.Timeout)
	}
	var told *url.Error
	if errors.As(err, &told) {
		err = told.Err
	}
	return clip(out.clean(err.Error()), 300) // cleaned first: half a secret is not found any more
}

// answer is what is kept of one.
func (s *sent) answer(h http.Header, body []byte) Answer {
	a := Answer{Headers: map[string]string{}}
	for name, values := range h {
		if len(a.Headers) < maxHeaders && name != "Set-Cookie" {
			a.Headers[name] = clip(s.clean(strings.Join(values, ", ")), 300)
		}
	}
	text := s.clean(string(body))
	if a.More = len(text) > maxKept || len(body) == maxRead; a.More {
		text = text[:min(len(text), maxKept)]
	}
	a.Body = strings.ReplaceAll(strings.ToValidUTF8(text, "\uFFFD"), "\x00", "\uFFFD")
	return a
}

// bearer is the token that goes along, where the hook gives one: it reads the repository that the event is about, if that is
// there. No token leaves over a connection that others can read, unless a setting allows it.
func (s *Server) bearer(ctx context.Context, h Hook, e Event) (Bearer, error) {
	if !h.GivesToken || s.o.Mint == nil || e.Repo == nil || e.Kind == Repository && e.Action == "deleted" {
		return Bearer{}, nil
	}
	if !s.o.PlainTokens && !strings.HasPrefix(strings.ToLower(h.URL), "https://") {
		return Bearer{}, nil
	}
	return s.o.Mint(ctx, e.Repo.ID, h)
}
