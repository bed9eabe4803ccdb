package hook

import (
	"context"
	"errors"
	"fmt"
	"time"

	"jeton/auth/audit"
)

// ErrBad: a hook cannot be so; the text says why.
var ErrBad = errors.New("such a hook cannot be")

// ErrOff: a hook that is switched off is sent nothing.
var ErrOff = errors.New("the hook is switched off; switch it on first")

// bad is an error for who asked.
func bad(err error) error {
	if err == nil {
		return nil
	}
	return fmt.Errorf("%w: %w", ErrBad, err)
}

// check is Check with what the settings ask for.
func (s *Server) check(h *Hook) error {
	if err := h.Check(); err != nil {
		return bad(err)
	}
	if _, err := keyOf(h.Old); err != nil && h.Form == Standard {
		h.Old, h.OldEnds = Secret{}, time.Time{} // an old secret of another form signs nothing here
	}
	if u, _ := address(h.URL); h.GivesToken && u.Scheme != "https" && !s.o.PlainTokens {
		return bad(errors.New("a token goes along to https:// addresses alone (setting hooks.plain_tokens)"))
	}
	return nil
}

// Create makes a hook with an id that is set. A Secret that is to be made is made by MakeSecret before. ErrBad, ErrTooMany,
// ErrNotFound where what it is of is gone.
func (s *Server) Create(ctx context.Context, by audit.Actor, h Hook) (Hook, error) {
	if err := s.check(&h); err != nil {
		return Hook{}, err
	}
	h.MakerID, h.MakerName, h.CreatedAt = by.UserID, by.Name, s.o.Now().UTC().Truncate(time.Microsecond)
	return h, s.o.Rows.Insert(ctx, by, h, s.o.MaxHooks)
}

// Hook finds one; ErrNotFound.
func (s *Server) Hook(ctx context.Context, id string) (Hook, error) { return s.o.Rows.ByID(ctx, id) }

// Of lists the hooks of a place, the oldest first.
func (s *Server) Of(ctx context.Context, p Place) ([]Hook, error) { return s.o.Rows.Of(ctx, p) }

// Update changes a hook. Switching one on forgets that it has failed, and switching it off ends what waits. A secret that would
// be sent as it is (Jenkins'), and was meant for another receiver, is dropped: only who knows it may send it anywhere. ErrBad,
// ErrNotFound.
func (s *Server) Update(ctx context.Context, by audit.Actor, id string, change func(h *Hook) error) (Hook, error) {
	return s.o.Rows.Change(ctx, by, id, "hook.update", func(h *Hook) error {
		was := *h
		if err := change(h); err != nil {
			return err
		}
		if h.Form == Jenkins && (was.Form != Jenkins || h.URL != was.URL) {
			h.Secret, h.Old, h.OldEnds = Secret{}, Secret{}, time.Time{}
		}
		if h.Active && !was.Active {
			h.Failures, h.FailingSince, h.OffAt, h.OffWhy = 0, time.Time{}, time.Time{}, ""
		}
		return s.check(h)
	})
}

// Overlap is how long an old secret signs too where nobody says, MaxOverlap how long it may at most.
const (
	Overlap    = 24 * time.Hour
	MaxOverlap = 30 * 24 * time.Hour
)

// Rotate gives a hook another secret; the old one signs too for a while. ErrBad, ErrNotFound.
func (s *Server) Rotate(ctx context.Context, by audit.Actor, id string, secret Secret, overlap time.Duration) (Hook, error) {
	return s.o.Rows.Change(ctx, by, id, "hook.rotate_secret", func(h *Hook) error {
		if overlap < 0 || overlap > MaxOverlap {
			return bad(fmt.Errorf("both secrets are used for at most %s", MaxOverlap))
		}
		if secret.Empty() {
			secret = MakeSecret(h.Form)
		}
		h.Old, h.OldEnds = h.Secret, s.o.Now().Add(overlap).UTC()
		if h.Old.Empty() || overlap == 0 {
			h.Old, h.OldEnds = Secret{}, time.Time{}
		}
		h.Secret = secret
		return s.check(h)
	})
}

// Remove removes a hook with its deliveries; ErrNotFound.
func (s *Server) Remove(ctx context.Context, by audit.Actor, id string) error {
	return s.o.Rows.Remove(ctx, by, id)
}

// Ping sends a test to a hook and answers its delivery. ErrOff, ErrNotFound.
func (s *Server) Ping(ctx context.Context, by audit.Actor, id string) (Delivery, error) {
	h, err := s.o.Rows.ByID(ctx, id)
	if err != nil {
		return Delivery{}, err
	}
	if !h.Active {
		return Delivery{}, ErrOff
	}
	e := Event{ID: newID(), Kind: Ping, At: s.o.Now().UTC(), Sender: s.o.Facts.Person(by.UserID, Person{ID: by.UserID, Name: by.Name}), GroupID: h.GroupID}
	if h.RepoID != "" {
		repo, ok := s.o.Facts.Repo(ctx, h.RepoID)
		if !ok {
			return Delivery{}, ErrNotFound
		}
		e.Repo = &repo
	}
	if err := s.o.Rows.Note(ctx, by, "hook.ping", h.ID, HostOf(h.URL)); err != nil {
		return Delivery{}, err
	}
	if err := s.post(ctx, e, []Hook{h}); err != nil {
		return Delivery{}, err
	}
	d, _, err := s.o.Rows.Delivery(ctx, DeliveryID(e.ID, h.ID))
	return d, err
}

// Deliveries lists those of a hook before a place ("" for the last), the newest first, at most limit.
func (s *Server) Deliveries(ctx context.Context, hookID, before string, limit int) ([]Delivery, error) {
	return s.o.Rows.Deliveries(ctx, hookID, before, limit)
}

// Delivery finds one of a hook, with the body that is sent, made anew as the hook is now. ErrNotFound.
func (s *Server) Delivery(ctx context.Context, hookID, id string) (d Delivery, body string, err error) {
	d, e, err := s.o.Rows.Delivery(ctx, id)
	if err != nil {
		return d, "", err
	}
	h, err := s.o.Rows.ByID(ctx, hookID)
	if err != nil {
		return d, "", err
	}
	if d.HookID != hookID {
		return d, "", ErrNotFound
	}
	_, _, content, _, err := payload{base: s.o.URL(), ssh: s.o.SSH(), e: e, h: h}.encode()
	return d, string(content.json), err
}

// Redeliver sends a delivery once more, under its id, as a new series of tries. ErrOff, ErrNotFound.
func (s *Server) Redeliver(ctx context.Context, by audit.Actor, hookID, id string) (Delivery, error) {
	d, _, err := s.o.Rows.Delivery(ctx, id)
	if err != nil {
		return d, err
	}
	h, err := s.o.Rows.ByID(ctx, hookID)
	switch {
	case err != nil:
		return d, err
	case d.HookID != hookID:
		return d, ErrNotFound
	case !h.Active:
		return d, ErrOff
	}
	if err := s.o.Rows.Again(ctx, by, d); err != nil {
		return d, err
	}
	s.lanes.mark(h.ID, HostOf(h.URL), s.o.Now())
	d, _, err = s.o.Rows.Delivery(ctx, id)
	return d, err
}
