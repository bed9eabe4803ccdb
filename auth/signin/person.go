package signin

import (
	"context"
	"errors"
	"fmt"

	"jeton/auth/access"
	"jeton/auth/audit"
	"jeton/db"
)

// Directory finds and makes people; access.Users is one.
type Directory interface {
	ByID(id string) (access.User, bool)
	ByName(name string) (access.User, bool)
	Create(ctx context.Context, by audit.Actor, n access.NewUser) (access.User, error)
	SetEmail(ctx context.Context, by audit.Actor, id, email string) error
}

// Source is the plug-in that a person belongs to; "" for this server's own, whom password signs in.
func (r *Registry) Source(userID string) string { return r.identities.of(userID).Source }

// Open tells whether the plug-in that signs a person in is switched on: a connection that a password has opened ends with
// the switch.
func (r *Registry) Open(userID string) bool {
	source := r.Source(userID)
	if source == "" {
		source = Password
	}
	return r.Enabled(source)
}

// arrive finds the person whom a plug-in vouches for, or makes one: whoever comes first makes the row, and others who
// come at the same time find it. ErrRefused where the name belongs to somebody of another source.
func (r *Registry) arrive(ctx context.Context, source string, a Attributes) (string, error) {
	if a.Subject == "" || r.people == nil {
		return "", fmt.Errorf("%s: no lasting name came with the person, or nobody can be made", source)
	}
	if id := r.identities.find(source, a.Subject); id != "" {
		r.keepEmail(ctx, source, id, a.Email)
		return id, nil
	}
	if u, ok := r.people.ByName(a.Name); ok {
		return r.adopt(ctx, source, u, a)
	}
	if a.KnownOnly {
		r.log.WarnContext(ctx, "a sign-in was refused: the person is not known here, and the plug-in makes nobody", "plugin", source, "user", a.Name)
		return "", ErrRefused
	}
	id, err := r.make(ctx, source, a)
	if errors.Is(err, access.ErrTaken) {
		// Somebody came first; the database knows also whom another node has just made.
		row, err := r.db.Identities().BySubject(ctx, source, a.Subject)
		if errors.Is(err, db.ErrNotFound) {
			return "", ErrRefused
		}
		return row.UserID, err
	}
	return id, err
}

// adopt signs in somebody who is there already and not known by this subject, where an administrator has given the person
// to the source (Link).
func (r *Registry) adopt(ctx context.Context, source string, u access.User, a Attributes) (string, error) {
	if own := r.identities.of(u.ID); own.Source != source || own.Subject != nil {
		r.log.WarnContext(ctx, "a sign-in was refused: the user name is another person's here; see docs/authentication.md, \"Names\"",
			"plugin", source, "user", u.Name)
		return "", ErrRefused
	}
	err := r.db.Write(ctx, func(tx *db.Tx) error {
		if err := tx.Identities().Save(ctx, db.Identity{UserID: u.ID, Source: source, Subject: &a.Subject}); err != nil {
			return err
		}
		return audit.Done(ctx, tx, vouching(source), "user.adopt", u.Name, source)
	})
	if err != nil {
		return "", fmt.Errorf("keep who %s is: %w", u.Name, err)
	}
	return u.ID, nil
}

// make adds the person and the identity in one transaction.
func (r *Registry) make(ctx context.Context, source string, a Attributes) (string, error) {
	n := access.NewUser{Name: a.Name, Email: a.Email, Source: source,
		Within: func(ctx context.Context, tx *db.Tx, id string) error {
			return tx.Identities().Save(ctx, db.Identity{UserID: id, Source: source, Subject: &a.Subject})
		}}
	u, err := r.people.Create(ctx, vouching(source), n)
	if n.Email != "" && (errors.Is(err, access.ErrTaken) || errors.Is(err, access.ErrBadEmail)) {
		n.Email = ""
		u, err = r.people.Create(ctx, vouching(source), n)
	}
	switch {
	case errors.Is(err, access.ErrBadName):
		r.log.WarnContext(ctx, "a sign-in was refused: the directory's user name cannot be one here", "plugin", source, "error", err)
		return "", ErrRefused
	case err != nil:
		return "", fmt.Errorf("make the person of a first sign-in: %w", err)
	case n.Email != a.Email:
		r.log.WarnContext(ctx, "a person was made without the e-mail, which cannot be used or is somebody else's", "plugin", source, "user", u.Name)
	}
	return u.ID, nil
}

// keepEmail takes over a changed e-mail; one that cannot be had stays away and is told.
func (r *Registry) keepEmail(ctx context.Context, source, id, email string) {
	u, ok := r.people.ByID(id)
	if !ok || email == "" || email == u.Email {
		return
	}
	if err := r.people.SetEmail(ctx, vouching(source), id, email); err != nil {
		r.log.WarnContext(ctx, "a person's e-mail could not be kept in step", "plugin", source, "user", u.Name, "error", err)
	}
}

// vouching is the actor of what a plug-in makes.
func vouching(source string) audit.Actor { return audit.Actor{Name: source, Door: "sign-in"} }

// Vouches tells whether the plug-in that a person belongs to is one that takes a proxy's word, is switched on, and would
// take a word now.
func (r *Registry) Vouches(userID string, git bool) bool {
	source := r.Source(userID)
	p, ok := r.plugins[source].(Voucher)
	return ok && r.Enabled(source) && p.Listens(git)
}

// Link gives somebody who is there to a source: from now on that plug-in alone signs the person in, and the first who comes
// from there by that user name is taken for them. "" as id makes the person this server's own again. ErrNoPlugin.
func (r *Registry) Link(ctx context.Context, by audit.Actor, id, userID, userName string) error {
	source := Canonical(id)
	if source == Password {
		source = ""
	}
	if source != "" && (r.plugins[source] == nil || source == Token) {
		return fmt.Errorf("%w: %q", ErrNoPlugin, id)
	}
	err := r.db.Write(ctx, func(tx *db.Tx) error {
		err := tx.Identities().Delete(ctx, userID)
		if source != "" {
			err = tx.Identities().Save(ctx, db.Identity{UserID: userID, Source: source})
		}
		if err != nil && !errors.Is(err, db.ErrNotFound) {
			return err
		}
		return audit.Done(ctx, tx, by, "user.link", userName, source)
	})
	if err != nil {
		return fmt.Errorf("link %s: %w", userName, err)
	}
	return nil
}
