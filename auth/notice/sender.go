package notice

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	gomail "github.com/wneessen/go-mail"

	"jeton/auth/mask"
)

// farewell is how long Close lets a delivery that runs, and what waits behind it, go on.
const farewell = 5 * time.Second

// Bounds of one message, in bytes: its subject and fields, and its text.
const (
	maxLine = 300
	maxText = 16 << 10
)

// Sender delivers messages in the background. It is safe for concurrent use.
type Sender struct {
	o       Options
	queue   chan Message
	dropped atomic.Int64
	folds   folds
	once    sync.Once
	end     chan struct{} // closed by Close
	done    chan struct{} // closed when nothing is delivered any more
	// farewell is how long Close waits; tests shorten it.
	farewell time.Duration
}

// New starts a sender, which Close ends. The error says what is wrong with the settings.
func New(o Options) (*Sender, error) {
	if err := errors.Join(o.Mail.Check(), o.Hook.Check()); err != nil {
		return nil, err
	}
	if o.Queue <= 0 {
		o.Queue = 256
	}
	if o.Wait <= 0 {
		o.Wait = 5 * time.Second
	}
	if o.Tries <= 0 {
		o.Tries = 4
	}
	if o.Log == nil {
		o.Log = slog.Default()
	}
	s := &Sender{o: o, queue: make(chan Message, o.Queue), end: make(chan struct{}), done: make(chan struct{}), farewell: farewell}
	go s.run()
	return s, nil
}

// Configured reports whether messages leave the server.
func (s *Sender) Configured() bool { return s.o.Mail.Host != "" || s.o.Hook.URL != "" }

// Send queues a message. It never waits: what does not fit is counted and logged, what is like those before it folded.
func (s *Sender) Send(m Message) {
	if !s.folds.take(&m, time.Now()) {
		return
	}
	m = s.tidy(m)
	s.o.Log.Info("notice", "kind", m.Kind, "user", m.UserID, "subject", m.Subject, "fields", fmt.Sprint(m.Fields))
	if !s.Configured() {
		return
	}
	select {
	case <-s.end:
		s.dropped.Add(1)
		return
	default:
	}
	select {
	case s.queue <- m:
	default:
		s.dropped.Add(1)
	}
}

// SendNow delivers a message once, without the queue, and says what went wrong: for trying the settings.
func (s *Sender) SendNow(ctx context.Context, m Message) error {
	if !s.Configured() {
		return ErrNotConfigured
	}
	m = s.tidy(m)
	return errors.Join(s.mail(ctx, m), s.hook(ctx, m))
}

// ErrNotConfigured: neither a mail server nor a web hook is set.
var ErrNotConfigured = errors.New("no notices leave this server: set notice.smtp_host or notice.hook_url")

// Close delivers what waits, for a few seconds, and waits for that. Messages that come later are lost.
func (s *Sender) Close() error {
	s.once.Do(func() { close(s.end) })
	<-s.done
	return nil
}

func (s *Sender) run() {
	defer close(s.done)
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	go func() { // ends with ctx
		select {
		case <-s.end:
			timer := time.NewTimer(s.farewell)
			defer timer.Stop()
			select {
			case <-timer.C:
				cancel()
			case <-ctx.Done():
			}
		case <-ctx.Done():
		}
	}()
	for {
		select {
		case m := <-s.queue:
			s.deliver(ctx, m)
			continue
		default:
		}
		select {
		case m := <-s.queue:
			s.deliver(ctx, m)
		case <-s.end:
			if len(s.queue) == 0 {
				return
			}
		}
	}
}

// deliver sends a message by both ways. What one could not take is tried again there alone.
func (s *Sender) deliver(ctx context.Context, m Message) {
	if n := s.dropped.Swap(0); n > 0 {
		s.o.Log.ErrorContext(ctx, "notices were lost because too many waited", "lost", n)
	}
	s.persist(ctx, "mail", m, s.mail)
	s.persist(ctx, "web hook", m, s.hook)
}

// persist tries until it works, is no use, or has been tried often enough.
func (s *Sender) persist(ctx context.Context, way string, m Message, send func(context.Context, Message) error) {
	wait := s.o.Wait
	for try := 1; ; try++ {
		err := safely(ctx, m, send)
		if err == nil {
			return
		}
		if ctx.Err() != nil || try >= s.o.Tries || hopeless(err) {
			s.o.Log.ErrorContext(ctx, "a notice could not be delivered", "way", way, "kind", m.Kind, "subject", m.Subject, "tries", try, "error", err)
			return
		}
		s.o.Log.WarnContext(ctx, "a notice could not be delivered; it is tried again", "way", way, "kind", m.Kind, "in", wait, "error", err)
		timer := time.NewTimer(wait)
		select {
		case <-timer.C:
		case <-s.end: // the last try
			try = s.o.Tries - 1
		}
		timer.Stop()
		wait *= 2
	}
}

// safely keeps a fault in a delivery from ending the server.
func safely(ctx context.Context, m Message, send func(context.Context, Message) error) (err error) {
	defer func() {
		if r := recover(); r != nil {
			err = fmt.Errorf("panic: %v", r)
		}
	}()
	return send(ctx, m)
}

// hopeless reports whether another try would end the same way.
func hopeless(err error) bool {
	var refused refusedError
	var mail *gomail.SendError
	return errors.As(err, &refused) || errors.As(err, &mail) && !mail.IsTemp()
}

func (s *Sender) mail(ctx context.Context, m Message) error {
	if s.o.Mail.Host == "" {
		return nil
	}
	to := m.To
	if s.o.Address != nil && m.UserID != "" {
		if address := s.o.Address(m.UserID); address != "" {
			to = append(to[:len(to):len(to)], address)
		}
	}
	ctx, cancel := context.WithTimeout(ctx, mailTime)
	defer cancel()
	return s.o.Mail.send(ctx, to, m)
}

func (s *Sender) hook(ctx context.Context, m Message) error {
	if s.o.Hook.URL == "" {
		return nil
	}
	ctx, cancel := context.WithTimeout(ctx, hookTime)
	defer cancel()
	return s.o.Hook.send(ctx, s.o.Server, m)
}

// tidy masks secrets, bounds every text, and keeps a subject in one line.
func (s *Sender) tidy(m Message) Message {
	if m.At.IsZero() {
		m.At = time.Now()
	}
	m.At = m.At.UTC().Truncate(time.Second)
	line := func(t string) string {
		return strings.Map(func(r rune) rune {
			if r < ' ' || r == 0x7f {
				return ' '
			}
			return r
		}, clip(t, maxLine))
	}
	fields := make(map[string]string, len(m.Fields))
	for k, v := range m.Fields {
		fields[line(k)] = line(v)
	}
	m.Fields, m.Kind, m.Subject, m.Text = fields, line(m.Kind), line(m.Subject), clip(m.Text, maxText)
	if s.o.Server != "" {
		m.Text = strings.TrimRight(m.Text, "\n") + "\n\n" + s.o.Server + "\n"
	}
	return m
}

func clip(s string, most int) string {
	s = mask.Tokens(strings.ToValidUTF8(s, "\uFFFD"))
	if len(s) > most {
		s = strings.ToValidUTF8(s[:most], "") + "…"
	}
	return s
}
