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

// NewUserGroup is what UserGroups.Create needs.
type NewUserGroup struct {
	Name, Description string
	// OwnerID is "" for nobody.
	OwnerID string
}

// Create makes a user group without members. ErrBadName, ErrTaken, ErrNoUser.
func (s *UserGroups) Create(ctx context.Context, by audit.Actor, n NewUserGroup) (UserGroup, error) {
	if err := s.check(n.Name); err != nil {
		return UserGroup{}, err
	}
	if err := checkDescription(n.Description); err != nil {
		return UserGroup{}, err
	}
	r := db.UserGroup{ID: db.NewID(), Name: n.Name, FoldedName: name.Fold(n.Name), Description: n.Description,
		OwnerID: pointer(n.OwnerID), CreatedAt: now()}
	err := s.db.Write(ctx, func(tx *db.Tx) error {
		if n.OwnerID != "" {
			if _, err := tx.Users().ByID(ctx, n.OwnerID); err != nil {
				return instead(err, ErrNoUser)
			}
		}
		if err := tx.UserGroups().Insert(ctx, r); err != nil {
			return err
		}
		return audit.Done(ctx, tx, by, "usergroup.create", n.Name, n.OwnerID)
	})
	if err != nil {
		return UserGroup{}, changed("usergroup.create", groupError(err, n.Name))
	}
	g, _ := s.ByID(r.ID)
	return g, nil
}

// check sees that a name can be a user group's: one segment, by the rules of names.
func (s *UserGroups) check(groupName string) error {
	if strings.Contains(groupName, "/") {
		return fmt.Errorf("%w: %q holds a slash", ErrBadName, groupName)
	}
	if _, err := s.Names.Repository(groupName); err != nil {
		return fmt.Errorf("%w: %w", ErrBadName, err)
	}
	return nil
}

// Rename gives a user group another name. ErrNoUserGroup, ErrBadName, ErrTaken.
func (s *UserGroups) Rename(ctx context.Context, by audit.Actor, id, groupName string) error {
	if err := s.check(groupName); err != nil {
		return err
	}
	return s.change(ctx, by, id, "usergroup.rename", "now "+groupName, func(tx *db.Tx) error {
		return groupError(tx.UserGroups().Rename(ctx, id, groupName, name.Fold(groupName)), groupName)
	})
}

// UserGroupChange is what Edit changes of a user group; what is nil stays as it is. OwnerID is "" for nobody.
type UserGroupChange struct{ Name, Description, OwnerID *string }

// Edit changes several things of a user group together, or none of them. ErrNoUserGroup, ErrBadName, ErrBadText, ErrTaken,
// ErrNoUser.
func (s *UserGroups) Edit(ctx context.Context, by audit.Actor, id string, c UserGroupChange) (UserGroup, error) {
	if c.Name != nil {
		if err := s.check(*c.Name); err != nil {
			return UserGroup{}, err
		}
	}
	if c.Description != nil {
		if err := checkDescription(*c.Description); err != nil {
			return UserGroup{}, err
		}
	}
	var said []string
	if c.Name != nil {
		said = append(said, "now "+*c.Name)
	}
	if c.OwnerID != nil {
		said = append(said, "owner "+*c.OwnerID)
	}
	err := s.change(ctx, by, id, "usergroup.edit", strings.Join(said, ", "), func(tx *db.Tx) error {
		if c.Name != nil {
			if err := groupError(tx.UserGroups().Rename(ctx, id, *c.Name, name.Fold(*c.Name)), *c.Name); err != nil {
				return err
			}
		}
		if c.Description != nil {
			if err := tx.UserGroups().Describe(ctx, id, *c.Description); err != nil {
				return err
			}
		}
		return giveUserGroup(ctx, tx, id, c.OwnerID)
	})
	if err != nil {
		return UserGroup{}, err
	}
	g, _ := s.ByID(id)
	return g, nil
}

// giveUserGroup gives a user group to somebody, or with "" to nobody; nil changes nothing.
func giveUserGroup(ctx context.Context, tx *db.Tx, id string, userID *string) error {
	if userID == nil {
		return nil
	}
	if *userID != "" {
		if _, err := tx.Users().ByID(ctx, *userID); err != nil {
			return instead(err, ErrNoUser)
		}
	}
	return tx.UserGroups().SetOwner(ctx, id, pointer(*userID))
}

// Delete removes a user group with what its members were given through it. ErrNoUserGroup.
func (s *UserGroups) Delete(ctx context.Context, by audit.Actor, id string) error {
	return s.change(ctx, by, id, "usergroup.delete", "", func(tx *db.Tx) error { return tx.UserGroups().Delete(ctx, id) })
}

// SetOwner gives a user group to somebody, or with "" to nobody. ErrNoUserGroup, ErrNoUser.
func (s *UserGroups) SetOwner(ctx context.Context, by audit.Actor, id, userID string) error {
	return s.change(ctx, by, id, "usergroup.owner", userID, func(tx *db.Tx) error {
		return giveUserGroup(ctx, tx, id, &userID)
	})
}

// Add makes somebody a member; who is one stays one. ErrNoUserGroup, ErrNoUser.
func (s *UserGroups) Add(ctx context.Context, by audit.Actor, id, userID string) error {
	return s.change(ctx, by, id, "usergroup.add", userID, func(tx *db.Tx) error {
		if _, err := tx.Users().ByID(ctx, userID); err != nil {
			return instead(err, ErrNoUser)
		}
		return except(tx.UserGroups().Add(ctx, db.UserGroupMember{UserGroupID: id, UserID: userID, CreatedAt: now()}), db.ErrTaken)
	})
}

// Remove ends a membership; who is none stays none. ErrNoUserGroup.
func (s *UserGroups) Remove(ctx context.Context, by audit.Actor, id, userID string) error {
	return s.change(ctx, by, id, "usergroup.remove", userID, func(tx *db.Tx) error {
		return except(tx.UserGroups().Remove(ctx, id, userID), db.ErrNotFound)
	})
}

// RequireTokens has git take tokens and keys of members only, not their passwords. ErrNoUserGroup.
func (s *UserGroups) RequireTokens(ctx context.Context, by audit.Actor, id string) error {
	return s.change(ctx, by, id, "usergroup.tokens_only", "", func(tx *db.Tx) error {
		return tx.UserGroups().SetGitTokensOnly(ctx, id, true)
	})
}

// AllowPasswords has git take passwords of members again. ErrNoUserGroup.
func (s *UserGroups) AllowPasswords(ctx context.Context, by audit.Actor, id string) error {
	return s.change(ctx, by, id, "usergroup.passwords", "", func(tx *db.Tx) error {
		return tx.UserGroups().SetGitTokensOnly(ctx, id, false)
	})
}

// change makes one change about a user group and writes it into the audit record, both or neither.
func (s *UserGroups) change(ctx context.Context, by audit.Actor, id, action, detail string, do func(*db.Tx) error) error {
	err := s.db.Write(ctx, func(tx *db.Tx) error {
		g, err := tx.UserGroups().ByID(ctx, id)
		if err != nil {
			return instead(err, ErrNoUserGroup)
		}
		if err := do(tx); err != nil {
			return err
		}
		return audit.Done(ctx, tx, by, action, g.Name, detail)
	})
	return changed(action, err)
}

// except is nil for an error that says that there was nothing to do.
func except(err, nothingToDo error) error {
	if errors.Is(err, nothingToDo) {
		return nil
	}
	return err
}
