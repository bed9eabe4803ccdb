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
	// ErrNoUser: there is nobody of that name or id.
	ErrNoUser = errors.New("there is no such user")
	// ErrTaken: the name, path or e-mail is somebody else's.
	ErrTaken = errors.New("the name, path or e-mail is taken")
	// ErrBadName: not a name that a user or group can have; the text says which rule.
	ErrBadName = errors.New("not a name that can be used")
	// ErrBadEmail: not an e-mail address.
	ErrBadEmail = errors.New("not an e-mail address")
	// ErrBadPassword: too short, too long, or it looks like a token.
	ErrBadPassword = errors.New("not a password that can be used")
	// ErrOwns: the user owns repositories.
	ErrOwns = errors.New("the user still owns repositories")
)

const (
	// maxName bounds a user name or e-mail that somebody typed, in bytes.
	maxName = 320
	// MinPassword and MaxPassword bound a password, in bytes.
	MinPassword, MaxPassword = 8, 1024
)

// Create adds somebody, active. ErrBadName, ErrBadEmail, ErrBadPassword, ErrTaken.
func (s *Users) Create(ctx context.Context, by audit.Actor, n NewUser) (User, error) {
	row, err := s.newRow(ctx, n)
	if err != nil {
		return User{}, err
	}
	err = s.db.Write(ctx, func(tx *db.Tx) error {
		if err := tx.Users().Insert(ctx, row); err != nil {
			return err
		}
		if n.Within != nil {
			if err := n.Within(ctx, tx, row.ID); err != nil {
				return err
			}
		}
		return audit.Done(ctx, tx, by, "user.create", row.Name, role(row.Admin))
	})
	if err != nil {
		return User{}, rowError(err, "create user", n.Name)
	}
	u, _ := s.ByID(row.ID)
	return u, nil
}

func (s *Users) newRow(ctx context.Context, n NewUser) (db.User, error) {
	clean, err := s.checkName(n.Name)
	if err != nil {
		return db.User{}, err
	}
	folded, err := checkEmail(n.Email)
	if err == nil {
		err = checkTexts(n.Firstname, n.Lastname, n.Description)
	}
	if err != nil {
		return db.User{}, err
	}
	row := db.User{ID: db.NewID(), Name: clean, FoldedName: name.Fold(clean), Email: n.Email, FoldedEmail: folded,
		Firstname: n.Firstname, Lastname: n.Lastname, Description: n.Description,
		Active: !n.Inactive, Admin: n.Admin, Service: n.Service, Source: n.Source, CreatedAt: s.now(), PasswordChangedAt: s.now()}
	switch {
	case n.Password != "" && n.Service:
		return db.User{}, errServicePassword()
	case n.Password != "":
		row.PasswordHash, err = s.hash(ctx, n.Password)
	}
	return row, err
}

// SetPassword gives somebody another password; "" takes it away. Connections that the old one opened end at their next
// request. ErrNoUser, ErrBadPassword.
func (s *Users) SetPassword(ctx context.Context, by audit.Actor, id, password string) error {
	hash, detail := "", "taken away"
	if password != "" {
		if u, ok := s.ByID(id); ok && u.Service {
			return errServicePassword()
		}
		var err error
		if hash, err = s.hash(ctx, password); err != nil {
			return err
		}
		detail = "set"
	}
	return s.change(ctx, by, id, "user.password", detail, func(tx *db.Tx) error {
		return tx.Users().SetPassword(ctx, id, hash, s.now())
	})
}

// SetHash gives somebody the password whose hash another program has stored; signin.CheckHash has taken it. ErrNoUser,
// ErrBadPassword.
func (s *Users) SetHash(ctx context.Context, by audit.Actor, id, hash string) error {
	if u, ok := s.ByID(id); ok && u.Service {
		return errServicePassword()
	}
	return s.change(ctx, by, id, "user.password", "taken over", func(tx *db.Tx) error {
		return tx.Users().SetPassword(ctx, id, hash, s.now())
	})
}

func errServicePassword() error {
	return fmt.Errorf("%w: a service account has none; tokens and SSH keys are its ways in", ErrBadPassword)
}

// RequireTokens has git take somebody's tokens and keys only, not the password. ErrNoUser.
func (s *Users) RequireTokens(ctx context.Context, by audit.Actor, id string) error {
	return s.change(ctx, by, id, "user.tokens_only", "", func(tx *db.Tx) error { return tx.Users().SetGitTokensOnly(ctx, id, true) })
}

// AllowPassword has git take somebody's password again, where no user group of theirs forbids it. ErrNoUser.
func (s *Users) AllowPassword(ctx context.Context, by audit.Actor, id string) error {
	return s.change(ctx, by, id, "user.password_allowed", "", func(tx *db.Tx) error {
		return tx.Users().SetGitTokensOnly(ctx, id, false)
	})
}

// Activate lets somebody in again. ErrNoUser.
func (s *Users) Activate(ctx context.Context, by audit.Actor, id string) error {
	return s.change(ctx, by, id, "user.activate", "", func(tx *db.Tx) error { return tx.Users().SetActive(ctx, id, true) })
}

// Deactivate shuts somebody out, with every token and key, from the next request on. ErrNoUser.
func (s *Users) Deactivate(ctx context.Context, by audit.Actor, id string) error {
	return s.change(ctx, by, id, "user.deactivate", "", func(tx *db.Tx) error {
		return tx.Users().SetActive(ctx, id, false)
	})
}

// Promote makes somebody an administrator. ErrNoUser.
func (s *Users) Promote(ctx context.Context, by audit.Actor, id string) error {
	return s.change(ctx, by, id, "user.promote", "", func(tx *db.Tx) error { return tx.Users().SetAdmin(ctx, id, true) })
}

// Demote makes an administrator an ordinary person. ErrNoUser.
func (s *Users) Demote(ctx context.Context, by audit.Actor, id string) error {
	return s.change(ctx, by, id, "user.demote", "", func(tx *db.Tx) error { return tx.Users().SetAdmin(ctx, id, false) })
}

// SetEmail changes the e-mail; "" for none. ErrNoUser, ErrBadEmail, ErrTaken.
func (s *Users) SetEmail(ctx context.Context, by audit.Actor, id, email string) error {
	folded, err := checkEmail(email)
	if err != nil {
		return err
	}
	return s.change(ctx, by, id, "user.email", email, func(tx *db.Tx) error {
		return tx.Users().SetEmail(ctx, id, email, folded)
	})
}

// Delete removes somebody with tokens, keys and permissions. ErrNoUser; ErrOwns names the repositories in the way.
func (s *Users) Delete(ctx context.Context, by audit.Actor, id string) error {
	return s.change(ctx, by, id, "user.delete", "", func(tx *db.Tx) error {
		owned, err := tx.Repositories().OwnedBy(ctx, id)
		if err != nil {
			return err
		}
		if len(owned) > 0 {
			return fmt.Errorf("%w: %s. Give them to somebody else, or delete and purge them first", ErrOwns, paths(owned))
		}
		return tx.Users().Delete(ctx, id)
	})
}

// change makes one change to somebody and writes it into the audit record, both or neither.
func (s *Users) change(ctx context.Context, by audit.Actor, id, action, detail string, do func(*db.Tx) error) error {
	u, ok := s.ByID(id)
	if !ok {
		return ErrNoUser
	}
	err := s.db.Write(ctx, func(tx *db.Tx) error {
		if err := do(tx); err != nil {
			return err
		}
		return audit.Done(ctx, tx, by, action, u.Name, detail)
	})
	if err == nil || errors.Is(err, ErrOwns) {
		return err
	}
	return rowError(err, action, u.Name)
}

// Rehash stores another hash of the password that somebody has, where it is still the one that old is a hash of; the
// result tells. It is for the password plug-in alone, and no change that anybody would notice.
func (s *Users) Rehash(ctx context.Context, id, old, hash string) (bool, error) {
	return s.db.Users().ReplaceHash(ctx, id, old, hash)
}

func (s *Users) hash(ctx context.Context, password string) (string, error) {
	switch {
	case len(password) < MinPassword:
		return "", fmt.Errorf("%w: it has fewer than %d characters", ErrBadPassword, MinPassword)
	case len(password) > MaxPassword:
		return "", fmt.Errorf("%w: it is longer than %d bytes", ErrBadPassword, MaxPassword)
	case strings.ContainsAny(password, "\x00\r\n"):
		return "", fmt.Errorf("%w: it holds a line end or a NUL", ErrBadPassword)
	case strings.HasPrefix(password, "jet_"):
		return "", fmt.Errorf("%w: what begins with jet_ is taken for a token", ErrBadPassword)
	}
	return s.hasher.Hash(ctx, password)
}

func (s *Users) checkName(userName string) (string, error) {
	clean, err := s.names.User(userName)
	switch {
	case err != nil:
		return "", fmt.Errorf("%w: %w", ErrBadName, err)
	case strings.HasPrefix(name.Fold(clean), "jet_"):
		return "", fmt.Errorf("%w: what begins with jet_ is taken for a token", ErrBadName)
	}
	return clean, nil
}

// checkEmail asks for one @ with something on either side and nothing that ends a line: mail itself proves the rest.
// The result is the folded form, nil for no e-mail.
func checkEmail(email string) (*string, error) {
	if email == "" {
		return nil, nil
	}
	local, domain, ok := strings.Cut(email, "@")
	bad := !ok || local == "" || domain == "" || strings.Contains(domain, "@") || len(email) > 254 ||
		strings.ContainsFunc(email, func(r rune) bool { return r <= ' ' || r == 0x7f || r == '<' || r == '>' })
	if bad {
		return nil, fmt.Errorf("%w: %q", ErrBadEmail, email)
	}
	folded := name.Fold(email)
	return &folded, nil
}

func role(admin bool) string {
	if admin {
		return "administrator"
	}
	return ""
}

// paths names at most five repositories.
func paths(rows []db.Repository) string {
	var list []string
	for _, r := range rows {
		path := r.Path
		if r.DeletedAt != nil {
			path += " (deleted, id " + r.ID + ")"
		}
		list = append(list, path)
	}
	if len(list) > 5 {
		return fmt.Sprintf("%s and %d more", strings.Join(list[:5], ", "), len(list)-5)
	}
	return strings.Join(list, ", ")
}
