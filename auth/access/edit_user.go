package access

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"jeton/auth/audit"
	"jeton/db"
	"jeton/vcs/name"
)

var (
	// ErrBadText: a name or description of a person or user group is too long, or holds characters that end lines.
	ErrBadText = errors.New("not a text that can be used")
	// ErrLastAdmin: nobody would be left who administers the server.
	ErrLastAdmin = errors.New("it is the last administrator who is let in")
)

// MaxName and MaxDescription bound first and last names, and descriptions, in bytes.
const (
	MaxName        = 255
	MaxDescription = 10_000
)

// UserChange is what Edit changes of somebody; what is nil stays as it is.
type UserChange struct {
	Name, Email                      *string
	Firstname, Lastname, Description *string
	// Password is the new one; "" takes it away.
	Password      *string
	Active, Admin *bool
}

// Edit changes several things of somebody together, or none of them. ErrNoUser, ErrBadName, ErrBadEmail, ErrBadText,
// ErrBadPassword, ErrTaken, ErrLastAdmin.
func (s *Users) Edit(ctx context.Context, by audit.Actor, id string, c UserChange) (User, error) {
	u, ok := s.ByID(id)
	if !ok {
		return User{}, ErrNoUser
	}
	e, err := s.edits(ctx, u, c)
	if err != nil {
		return User{}, err
	}
	err = s.db.Write(ctx, func(tx *db.Tx) error {
		if err := keepsAdmin(ctx, tx, id, c); err != nil {
			return err
		}
		for _, one := range e {
			if err := one.do(tx); err != nil {
				return err
			}
			if err := audit.Done(ctx, tx, by, one.action, u.Name, one.detail); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil && !errors.Is(err, ErrLastAdmin) {
		err = rowError(err, "change user", or(c.Name, u.Name))
	}
	if err != nil {
		return User{}, err
	}
	u, _ = s.ByID(id)
	return u, nil
}

// edit is one change, and what the audit record says of it.
type edit struct {
	action, detail string
	do             func(tx *db.Tx) error
}

// edits checks what is to be changed.
func (s *Users) edits(ctx context.Context, u User, c UserChange) (list []edit, err error) {
	add := func(action, detail string, do func(tx *db.Tx) error) { list = append(list, edit{action, detail, do}) }
	if c.Name != nil && *c.Name != u.Name {
		clean, err := s.checkName(*c.Name)
		if err != nil {
			return nil, err
		}
		add("user.rename", "now "+clean, func(tx *db.Tx) error { return tx.Users().Rename(ctx, u.ID, clean, name.Fold(clean)) })
	}
	if c.Email != nil && *c.Email != u.Email {
		folded, err := checkEmail(*c.Email)
		if err != nil {
			return nil, err
		}
		add("user.email", *c.Email, func(tx *db.Tx) error { return tx.Users().SetEmail(ctx, u.ID, *c.Email, folded) })
	}
	first, last, about := or(c.Firstname, u.Firstname), or(c.Lastname, u.Lastname), or(c.Description, u.Description)
	if first != u.Firstname || last != u.Lastname || about != u.Description {
		if err := checkTexts(first, last, about); err != nil {
			return nil, err
		}
		add("user.describe", "", func(tx *db.Tx) error { return tx.Users().Describe(ctx, u.ID, first, last, about) })
	}
	if c.Active != nil && *c.Active != u.Active {
		add(map[bool]string{true: "user.activate", false: "user.deactivate"}[*c.Active], "", func(tx *db.Tx) error { return tx.Users().SetActive(ctx, u.ID, *c.Active) })
	}
	if c.Admin != nil && *c.Admin != u.Admin {
		add(map[bool]string{true: "user.promote", false: "user.demote"}[*c.Admin], "", func(tx *db.Tx) error { return tx.Users().SetAdmin(ctx, u.ID, *c.Admin) })
	}
	if c.Password == nil {
		return list, nil
	}
	hash, detail, err := s.newHash(ctx, u, *c.Password)
	add("user.password", detail, func(tx *db.Tx) error { return tx.Users().SetPassword(ctx, u.ID, hash, s.now()) })
	return list, err
}

// newHash is what is stored of a password that somebody is given; "" takes the old one away.
func (s *Users) newHash(ctx context.Context, u User, password string) (hash, detail string, err error) {
	if password == "" {
		return "", "taken away", nil
	}
	if u.Service {
		return "", "", errServicePassword()
	}
	hash, err = s.hash(ctx, password)
	return hash, "set", err
}

// keepsAdmin fails where a change would leave no administrator who is let in.
func keepsAdmin(ctx context.Context, tx *db.Tx, id string, c UserChange) error {
	if (c.Admin == nil || *c.Admin) && (c.Active == nil || *c.Active) {
		return nil
	}
	admins, err := tx.Users().Admins(ctx)
	if err == nil && len(admins) == 1 && admins[0].ID == id {
		return ErrLastAdmin
	}
	return err
}

// checkTexts bounds what people are told of somebody.
func checkTexts(first, last, about string) error {
	line := func(r rune) bool { return r < ' ' || r == 0x7f }
	switch {
	case len(first) > MaxName || len(last) > MaxName:
		return fmt.Errorf("%w: a first or last name is longer than %d bytes", ErrBadText, MaxName)
	case strings.ContainsFunc(first+last, line):
		return fmt.Errorf("%w: a first or last name holds a control character", ErrBadText)
	}
	return checkDescription(about)
}

func checkDescription(about string) error {
	switch {
	case len(about) > MaxDescription:
		return fmt.Errorf("%w: a description is longer than %d bytes", ErrBadText, MaxDescription)
	case strings.ContainsRune(about, 0):
		return fmt.Errorf("%w: a description holds a NUL", ErrBadText)
	}
	return nil
}

// or is a text that was given, or else another.
func or(given *string, otherwise string) string {
	if given == nil {
		return otherwise
	}
	return *given
}
