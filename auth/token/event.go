package token

import (
	"errors"

	"jeton/db"
)

// Why says what has happened to a token.
type Why string

// What owners are told, besides what they did themselves.
const (
	Shortened Why = "shortened" // it ends earlier than was promised
	Unused    Why = "unused"    // it was revoked because nobody used it
	Found     Why = "found"     // it was revoked because somebody found its text
	// forgotten is told to nobody.
	forgotten Why = "forgotten"
)

// Event is something that happened to a token without its owner.
type Event struct {
	// Token is as it stands now.
	Token Token
	Why   Why
}

// told hands events on, after the transaction that made them true.
func (s *Store) told(events []Event) {
	for _, e := range events {
		if e.Why == forgotten || s.tell == nil {
			continue
		}
		if now, ok := s.Show(e.Token.ID); ok {
			e.Token = now
		}
		s.tell(e)
	}
}

// unlessGone lets what is not there any more pass.
func unlessGone(why Why, err error) (Why, error) {
	if errors.Is(err, db.ErrNotFound) {
		return "", nil
	}
	return why, err
}
