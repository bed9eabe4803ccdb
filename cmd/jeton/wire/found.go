package wire

import (
	"context"
	"errors"
	"time"

	"jeton/auth/audit"
	"jeton/auth/token"
)

// found is secrets.Tokens over the tokens of this server.
type found struct{ tokens *token.Store }

// Live implements secrets.Tokens.
func (f found) Live(_ context.Context, text string) (string, bool) {
	s, err := token.Parse(text)
	if err != nil {
		return "", false
	}
	t, ok := f.tokens.Find(s)
	return t.ID, ok && t.State(time.Now()) == token.Live
}

// Revoke implements secrets.Tokens. One that was revoked meanwhile is none the worse.
func (f found) Revoke(ctx context.Context, ids []string) error {
	var errs error
	for _, id := range ids {
		err := f.tokens.Revoke(ctx, audit.Actor{Name: "push protection", Door: "git"}, id)
		if err != nil && !errors.Is(err, token.ErrNotFound) {
			errs = errors.Join(errs, err)
		}
	}
	return errs
}
