package access

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"sort"
	"strings"
	"sync"
	"time"

	"jeton/db"
	"jeton/vcs/name"
)

// User is a person, or a machine that acts as one, without the password.
type User struct {
	ID, Name, Email string
	Active, Admin   bool
	HasPassword     bool
	// Service marks an account of a machine: it has no password and signs in to no page.
	Service bool
	// Source is the id of the sign-in method that made the person; "" where an administrator did.
	Source string
	// GitTokensOnly is what was laid down for this person alone; Users.TokensOnly asks the user groups too.
	GitTokensOnly     bool
	CreatedAt         time.Time
	PasswordChangedAt time.Time
	// Firstname, Lastname and Description are for people; "" where nobody has said.
	Firstname, Lastname, Description string
}

// NewUser is what Users.Create needs.
type NewUser struct {
	Name string
	// Email is optional, and nobody else's.
	Email string
	// Password is optional: without one, tokens and SSH keys are the ways in.
	Password string
	Admin    bool
	// Inactive: the person is not let in before somebody activates them.
	Inactive bool
	// Firstname, Lastname and Description are optional, for people.
	Firstname, Lastname, Description string
	// Within is done in the transaction that adds the person, for rows that must not be without it; nil does nothing.
	Within func(ctx context.Context, tx *db.Tx, id string) error
	// Service makes an account of a machine, which has no password.
	Service bool
	// Source is the id of the sign-in method that makes the person; "" for an administrator.
	Source string
}

// Hasher turns a password into what is stored; signin's does it with argon2id.
type Hasher interface {
	Hash(ctx context.Context, password string) (string, error)
}

// Users is everybody. It answers from memory, which follows the database at once, and is safe for concurrent use.
type Users struct {
	db     *db.DB
	hasher Hasher
	now    func() time.Time
	cancel func()

	names name.Rules

	// mu guards the maps. Keys of byName and byEmail are folded. tokensOnly are the user groups whose members may not use
	// passwords for git; words knows who is in which.
	mu              sync.RWMutex
	byID            map[string]*person
	byName, byEmail map[string]*person
	admins          map[string]*person // by id
	tokensOnly      map[string]bool
	words           words
}

// person is an entry of the maps; it is replaced, never changed.
type person struct {
	User
	hash                    string
	foldedName, foldedEmail string
}

// UserOptions are what NewUsers needs besides the database.
type UserOptions struct {
	Hasher Hasher
	// Now is the clock; nil means time.Now.
	Now func() time.Time
	// Names are the rules for user names; the zero value allows ASCII alone.
	Names name.Rules
}

// NewUsers reads everybody, without the rest of a Directory. Close ends its following of the database.
func NewUsers(ctx context.Context, d *db.DB, o UserOptions) (*Users, error) {
	s := newUsers(d, o)
	var err error
	if s.cancel, err = follow(ctx, d, s); err != nil {
		return nil, fmt.Errorf("read users: %w", err)
	}
	return s, nil
}

func newUsers(d *db.DB, o UserOptions) *Users {
	if o.Now == nil {
		o.Now = time.Now
	}
	return &Users{db: d, hasher: o.Hasher, now: o.Now, names: o.Names}
}

// Close ends the following of the database.
func (s *Users) Close() { s.cancel() }

func (s *Users) take(r reading) {
	s.mu.Lock()
	defer s.mu.Unlock()
	size := len(r.users)
	s.byID, s.byName, s.byEmail = make(map[string]*person, size), make(map[string]*person, size), make(map[string]*person, size)
	s.admins, s.tokensOnly, s.words = map[string]*person{}, map[string]bool{}, words{groups: maps.Clone(r.members)}
	for _, u := range r.users {
		s.put(u)
	}
	for _, g := range r.userGroups {
		s.putGroup(g)
	}
}

func (s *Users) follow(c db.Change) {
	s.mu.Lock()
	defer s.mu.Unlock()
	switch row := c.Row.(type) {
	case db.User:
		s.drop(row.ID)
		if c.Deleted {
			delete(s.words.groups, row.ID)
			return
		}
		s.put(row)
	case db.UserGroup:
		if c.Deleted {
			delete(s.tokensOnly, row.ID)
			s.words.disband(row.ID)
			return
		}
		s.putGroup(row)
	case db.UserGroupMember:
		if c.Deleted {
			s.words.leave(row)
			return
		}
		s.words.join(row)
	}
}

func (s *Users) putGroup(g db.UserGroup) {
	delete(s.tokensOnly, g.ID)
	if g.GitTokensOnly {
		s.tokensOnly[g.ID] = true
	}
}

func (s *Users) drop(id string) {
	if old := s.byID[id]; old != nil {
		delete(s.byID, id)
		delete(s.admins, id)
		delete(s.byName, old.foldedName)
		delete(s.byEmail, old.foldedEmail)
	}
}

func (s *Users) put(u db.User) {
	p := &person{hash: u.PasswordHash, foldedName: u.FoldedName, User: User{ID: u.ID, Name: u.Name, Email: u.Email,
		Active: u.Active, Admin: u.Admin, HasPassword: u.PasswordHash != "", Service: u.Service, Source: u.Source,
		GitTokensOnly: u.GitTokensOnly, CreatedAt: u.CreatedAt, PasswordChangedAt: u.PasswordChangedAt,
		Firstname: u.Firstname, Lastname: u.Lastname, Description: u.Description}}
	s.byID[u.ID], s.byName[u.FoldedName] = p, p
	if u.Admin {
		s.admins[u.ID] = p
	}
	if u.FoldedEmail != nil {
		p.foldedEmail = *u.FoldedEmail
		s.byEmail[p.foldedEmail] = p
	}
}

// ByID finds somebody.
func (s *Users) ByID(id string) (User, bool) {
	s.mu.RLock()
	defer s.mu.RUnlock()
	return found(s.byID[id])
}

// ByName finds somebody by the user name, compared as names are.
func (s *Users) ByName(userName string) (User, bool) {
	if len(userName) > maxName {
		return User{}, false
	}
	folded := name.Fold(userName)
	s.mu.RLock()
	defer s.mu.RUnlock()
	return found(s.byName[folded])
}

// ByEmail finds somebody by the e-mail, compared as names are.
func (s *Users) ByEmail(email string) (User, bool) {
	if email == "" || len(email) > maxName {
		return User{}, false
	}
	folded := name.Fold(email)
	s.mu.RLock()
	defer s.mu.RUnlock()
	return found(s.byEmail[folded])
}

// List is everybody, by name.
func (s *Users) List() []User {
	s.mu.RLock()
	defer s.mu.RUnlock()
	return byName(s.byID)
}

// Administrators are those of them who are administrators, whether active or not, by name.
func (s *Users) Administrators() []User {
	s.mu.RLock()
	defer s.mu.RUnlock()
	return byName(s.admins)
}

func byName(people map[string]*person) []User {
	all := make([]User, 0, len(people))
	for _, p := range people {
		all = append(all, p.User)
	}
	sort.Slice(all, func(i, j int) bool { return all[i].Name < all[j].Name })
	return all
}

// PasswordHash is what is stored of somebody's password; "" for none. It is for the password plug-in alone.
func (s *Users) PasswordHash(id string) string {
	s.mu.RLock()
	defer s.mu.RUnlock()
	if p := s.byID[id]; p != nil {
		return p.hash
	}
	return ""
}

// TokensOnly tells whether git takes somebody's tokens and keys only, and not the password: it was laid down for the person,
// or for a user group that they are in.
func (s *Users) TokensOnly(userID string) bool {
	s.mu.RLock()
	defer s.mu.RUnlock()
	if p := s.byID[userID]; p == nil || p.GitTokensOnly {
		return true
	}
	for _, id := range s.words.groups[userID] {
		if s.tokensOnly[id] {
			return true
		}
	}
	return false
}

// Is tells whether a name that came beside a token is the user's own: the user name or the e-mail.
func (u User) Is(given string) bool {
	if given == u.Name {
		return true
	}
	if len(given) > maxName {
		return false
	}
	folded := name.Fold(given)
	return folded == name.Fold(u.Name) || u.Email != "" && folded == name.Fold(u.Email)
}

func found(p *person) (User, bool) {
	if p == nil {
		return User{}, false
	}
	return p.User, true
}

// rowError turns the database's answer into a sentence about a user.
func rowError(err error, what, userName string) error {
	switch {
	case errors.Is(err, db.ErrNotFound):
		return ErrNoUser
	case errors.Is(err, db.ErrTaken):
		return fmt.Errorf("%w: %s", ErrTaken, userName)
	}
	return fmt.Errorf("%s: %w", what, err)
}

// TokenName tells whether a name is one that clients send beside a token when they mean no person; none at all is one.
func TokenName(given string) bool { return given == "" || name.TokenUser(strings.ToLower(given)) }
