package db

import (
	"context"
	"errors"
	"slices"
	"strings"
	"time"
)

// User is a row of users: a person, or a machine that acts as one.
type User struct {
	ID   string
	Name string
	// FoldedName is the form in which names are compared; unique.
	FoldedName string
	Email      string
	// FoldedEmail is nil where there is no e-mail; else unique.
	FoldedEmail *string
	// PasswordHash is a PHC string, or "" for a person without a password.
	PasswordHash      string
	PasswordChangedAt time.Time
	Active            bool
	Admin             bool
	// Service marks an account of a machine: it has no password and signs in to no page.
	Service bool
	// Source is the id of the sign-in method that made the person; "" for an administrator.
	Source string
	// GitTokensOnly: git takes the person's tokens and keys, not the password.
	GitTokensOnly bool
	CreatedAt     time.Time
	// Firstname, Lastname and Description are for people; "" where nobody has said.
	Firstname, Lastname, Description string
}

// Users is the store of users.
type Users struct{ on conn }

// List is everybody, by name.
func (s Users) List(ctx context.Context) ([]User, error) {
	var rows []User
	err := s.Each(ctx, func(u User) { rows = append(rows, u) })
	slices.SortFunc(rows, func(a, b User) int { return strings.Compare(a.FoldedName, b.FoldedName) })
	return rows, err
}

// Each calls fn with everybody, in no order.
func (s Users) Each(ctx context.Context, fn func(User)) error {
	w := whole{table: "users", columns: []string{"id", "name", "folded_name", "email", "folded_email", "password_hash", "source", "firstname", "lastname", "description",
		asText("active"), asText("admin"), asText("service"), asText("git_tokens_only"), asText("password_changed_at"), asText("created_at")}}
	return w.each(ctx, s.on, func(v []string) error {
		u := User{ID: v[0], Name: v[1], FoldedName: v[2], Email: v[3], FoldedEmail: pointer(v[4]), PasswordHash: v[5], Source: v[6],
			Firstname: v[7], Lastname: v[8], Description: v[9],
			Active: isTrue(v[10]), Admin: isTrue(v[11]), Service: isTrue(v[12]), GitTokensOnly: isTrue(v[13])}
		var errs [2]error
		u.PasswordChangedAt, errs[0] = parseInstant(v[14])
		u.CreatedAt, errs[1] = parseInstant(v[15])
		fn(u)
		return errors.Join(errs[:]...)
	})
}

// ByID finds one; ErrNotFound.
func (s Users) ByID(ctx context.Context, id string) (User, error) {
	return take[User](ctx, s.on, "id = ?", id)
}

// Admins is the administrators who are let in.
func (s Users) Admins(ctx context.Context) ([]User, error) {
	var rows []User
	err := s.on.reader(ctx).Where("admin = ? AND active = ?", true, true).Order("folded_name").Find(&rows).Error
	return rows, translate(err)
}

// ByFoldedName finds one; ErrNotFound.
func (s Users) ByFoldedName(ctx context.Context, folded string) (User, error) {
	return take[User](ctx, s.on, "folded_name = ?", folded)
}

// Insert adds one; ErrTaken where the name or e-mail is another's.
func (s Users) Insert(ctx context.Context, u User) error {
	u.CreatedAt, u.PasswordChangedAt = stamp(u.CreatedAt), stamp(u.PasswordChangedAt)
	return s.on.inTx(ctx, func(tx *Tx) error { return insert(ctx, tx, u) })
}

// SetPassword stores a new hash; "" takes the password away. ErrNotFound.
func (s Users) SetPassword(ctx context.Context, id, hash string, at time.Time) error {
	return s.set(ctx, id, map[string]any{"password_hash": hash, "password_changed_at": stamp(at)})
}

// Rename gives somebody another user name; ErrNotFound, ErrTaken.
func (s Users) Rename(ctx context.Context, id, name, folded string) error {
	return s.set(ctx, id, map[string]any{"name": name, "folded_name": folded})
}

// Describe changes what people are told of somebody; ErrNotFound.
func (s Users) Describe(ctx context.Context, id, firstname, lastname, description string) error {
	return s.set(ctx, id, map[string]any{"firstname": firstname, "lastname": lastname, "description": description})
}

// SetActive lets somebody in, or no longer; ErrNotFound.
func (s Users) SetActive(ctx context.Context, id string, active bool) error {
	return s.set(ctx, id, map[string]any{"active": active})
}

// SetAdmin makes somebody an administrator, or no longer; ErrNotFound.
func (s Users) SetAdmin(ctx context.Context, id string, admin bool) error {
	return s.set(ctx, id, map[string]any{"admin": admin})
}

// SetGitTokensOnly bars the password from git, or no longer; ErrNotFound.
func (s Users) SetGitTokensOnly(ctx context.Context, id string, only bool) error {
	return s.set(ctx, id, map[string]any{"git_tokens_only": only})
}

// SetEmail changes the e-mail; folded is nil for none. ErrNotFound, ErrTaken.
func (s Users) SetEmail(ctx context.Context, id, email string, folded *string) error {
	return s.set(ctx, id, map[string]any{"email": email, "folded_email": folded})
}

// Delete removes somebody with tokens, keys and permissions; ErrNotFound, ErrInUse while they own repositories.
func (s Users) Delete(ctx context.Context, id string) error {
	return s.on.inTx(ctx, func(tx *Tx) error { return remove[User](ctx, tx, "id = ?", id) })
}

func (s Users) set(ctx context.Context, id string, columns map[string]any) error {
	return s.on.inTx(ctx, func(tx *Tx) error { return update[User](ctx, tx, id, columns) })
}

// ReplaceHash stores another hash of the same password: it changes nothing where the password is another by now, and
// tells whether it has. The time of the password stays.
func (s Users) ReplaceHash(ctx context.Context, id, old, hash string) (replaced bool, err error) {
	err = s.on.inTx(ctx, func(tx *Tx) error {
		u, err := take[User](ctx, tx, "id = ?", id)
		if err != nil || u.PasswordHash != old {
			return err
		}
		replaced = true
		return update[User](ctx, tx, id, map[string]any{"password_hash": hash})
	})
	return replaced, err
}
