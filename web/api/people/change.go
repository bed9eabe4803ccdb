package people

import (
	"context"
	"errors"
	"fmt"

	"jeton/auth/access"
	"jeton/auth/token"
	"jeton/web/api/method"
	"jeton/web/api/person"
)

func (o Options) changes() []method.Method {
	return []method.Method{
		method.Of(method.Method{Name: "create_user", On: method.On{Kind: method.Server}, Changes: true, Right: token.RightAdmin, REST: "POST users",
			Example: `{"username": "ada", "email": "ada@example.com", "firstname": "Ada"}`,
			Fails: []string{denied, "user `…` already exist", "email `…` already exist", "failed to create user `…`: …",
				"{\"username\": …}, {\"email\": …}, {\"password\": …}, {\"firstname\": …}, {\"description\": …}: what is wrong with an argument"},
			Doc: "Makes an account. Without a password, tokens and SSH keys are the ways in. People of other sign-in methods (LDAP, a proxy) get their accounts when they come first, and cannot be made here; nor can a password be made to be changed at the next sign-in."}, o.create),
		method.Of(method.Method{Name: "update_user", On: onPerson(), Changes: true, REST: "PATCH users/{userid}", Example: `{"userid": "ada", "lastname": "Lovelace"}`,
			Fails: []string{noUser, notYourself, denied, "failed to update user `…`: …"},
			Doc:   "Changes a person; what is left out stays. Administrators change everything of everybody. Others change names, description, e-mail and password of themselves, by a token with the right account. An empty password takes it away. The last administrator stays one."}, o.update),
		method.Of(method.Method{Name: "delete_user", On: method.On{Kind: method.Server}, Changes: true, Right: token.RightAdmin, REST: "DELETE users/{userid}", Example: `{"userid": "ada", "handle_repos": "detach"}`,
			Fails: []string{noUser, denied, "failed to delete user ID:… …: …"},
			Doc:   "Deletes an account with its tokens, keys and permissions. Whoever owns repositories, repository groups or user groups is not deleted unless the call says what becomes of them."}, o.remove),
	}
}

type createArgs struct {
	Name        string `arg:"username" max:"320" doc:"User name."`
	Email       string `arg:"email" max:"254" doc:"E-mail; empty for none."`
	Password    string `arg:"password,optional" max:"1024" doc:"Password of at least 8 characters; empty for none."`
	First       string `arg:"firstname,optional" doc:"First name."`
	Last        string `arg:"lastname,optional" doc:"Last name."`
	Description string `arg:"description,optional" doc:"A few words about the person."`
	Active      bool   `arg:"active,optional" default:"true" doc:"Is let in."`
	Admin       bool   `arg:"admin,optional" default:"false" doc:"Administers the server."`
	ExternName  string `arg:"extern_name,optional" default:"rhodecode" doc:"rhodecode alone."`
	ExternType  string `arg:"extern_type,optional" default:"rhodecode" doc:"rhodecode alone."`
	Force       bool   `arg:"force_password_change,optional" default:"false" doc:"false alone."`
	Group       bool   `arg:"create_personal_repo_group,optional" default:"false" doc:"Make a repository group of the user name, which the person owns."`
	Service     bool   `arg:"service,optional" default:"false" doc:"The account of a machine, which has no password (Jeton's own)."`
}

// Changed is what is answered to a change of a person.
type Changed struct {
	Message string       `json:"msg" doc:"What was done, for people."`
	User    *person.User `json:"user" doc:"The person as they are then; null where they are gone."`
}

func (o Options) create(ctx context.Context, c *method.Call, in createArgs) (Changed, error) {
	if err := o.mayCreate(in); err != nil {
		return Changed{}, err
	}
	u, err := o.Users.Create(ctx, c.Actor, access.NewUser{Name: in.Name, Email: in.Email, Password: in.Password, Admin: in.Admin, Inactive: !in.Active,
		Firstname: in.First, Lastname: in.Last, Description: in.Description, Service: in.Service})
	if err != nil {
		return Changed{}, told(err, "failed to create user `%s`", in.Name)
	}
	if in.Group {
		if _, err := o.Repositories.CreateGroup(ctx, c.Actor, u.Name, u.ID); err != nil {
			return Changed{}, told(err, "created new user `%s`, but no repository group", in.Name)
		}
	}
	s := person.Show(c, u)
	return Changed{fmt.Sprintf("created new user `%s`", u.Name), &s}, nil
}

// mayCreate answers what is known beforehand, in RhodeCode's words.
func (o Options) mayCreate(in createArgs) error {
	if _, taken := o.Users.ByName(in.Name); taken {
		return method.Fail(method.Conflict, "user `%s` already exist", in.Name)
	}
	if _, taken := o.Users.ByEmail(in.Email); taken {
		return method.Fail(method.Conflict, "email `%s` already exist", in.Email)
	}
	if _, taken := o.Repositories.Group(in.Name); in.Group && taken {
		return method.Fail(method.Conflict, "failed to create user `%s`: there is a repository group of this name already", in.Name)
	}
	if err := sourced(in.ExternType, in.ExternName); err != nil {
		return err
	}
	if in.Force {
		return method.Fields(method.Invalid, map[string]string{"force_password_change": "This server cannot make anybody change a password. Leave it out."})
	}
	return nil
}

// sourced refuses accounts of other sign-in methods.
func sourced(given ...string) error {
	for _, s := range given {
		if s != person.Local {
			return method.Fields(method.Invalid, map[string]string{"extern_type": "People of other sign-in methods get their accounts when they sign in first. Leave extern_type and extern_name out."})
		}
	}
	return nil
}

type updateArgs struct {
	User        method.Ref `arg:"userid" doc:"Name or id of the person."`
	Name        *string    `arg:"username,optional" max:"320" doc:"The new user name."`
	Email       *string    `arg:"email,optional" max:"254" doc:"The new e-mail; empty for none."`
	Password    *string    `arg:"password,optional" max:"1024" doc:"The new password; empty takes it away."`
	First       *string    `arg:"firstname,optional" doc:"The new first name."`
	Last        *string    `arg:"lastname,optional" doc:"The new last name."`
	Description *string    `arg:"description,optional" doc:"A few words about the person."`
	Active      *bool      `arg:"active,optional" doc:"Is let in."`
	Admin       *bool      `arg:"admin,optional" doc:"Administers the server."`
	ExternType  *string    `arg:"extern_type,optional" doc:"What it is already; it cannot be changed."`
	ExternName  *string    `arg:"extern_name,optional" doc:"What it is already; it cannot be changed."`
}

func (o Options) update(ctx context.Context, c *method.Call, in updateArgs) (Changed, error) {
	if err := mayUpdate(c, in); err != nil {
		return Changed{}, err
	}
	now := person.Show(c, c.Person)
	if in.ExternType != nil && *in.ExternType != now.Extern || in.ExternName != nil && *in.ExternName != now.ExternName {
		return Changed{}, method.Fail(method.Invalid, "failed to update user `%s`: extern_type and extern_name cannot be changed. Leave them out", in.User)
	}
	u, err := o.Users.Edit(ctx, c.Actor, c.Person.ID, access.UserChange{Name: in.Name, Email: in.Email, Firstname: in.First, Lastname: in.Last,
		Description: in.Description, Password: in.Password, Active: in.Active, Admin: in.Admin})
	if err != nil {
		return Changed{}, failed(err, "failed to update user `%s`", in.User)
	}
	s := person.Show(c, u)
	return Changed{fmt.Sprintf("updated user ID:%s %s", u.ID, u.Name), &s}, nil
}

// mayUpdate asks for the right that a change needs: nobody makes a stronger credential of the one that they have.
func mayUpdate(c *method.Call, in updateArgs) error {
	switch {
	case c.Admin():
		return nil
	case in.Name != nil || in.Active != nil || in.Admin != nil:
		return method.Fail(method.Denied, "Access was denied to this resource. User names, active and admin are for administrators to change.")
	case !c.Has(token.RightAccount):
		return method.Fail(method.Denied, "Access was denied to this resource. Changing one's own account needs a token with the right account.")
	}
	return nil
}

type deleteArgs struct {
	User   method.Ref `arg:"userid" doc:"Name or id of the person."`
	Repos  string     `arg:"handle_repos,optional" choices:"detach,delete" doc:"What becomes of repositories: detach gives them to the caller, delete deletes them, from which they can come back as long as the trash is kept (they are the caller's then)."`
	Groups string     `arg:"handle_repo_groups,optional" choices:"detach,delete" doc:"What becomes of repository groups: delete deletes those that are empty, and else nothing."`
	Crews  string     `arg:"handle_user_groups,optional" choices:"detach,delete" doc:"What becomes of user groups."`
}

func (o Options) remove(ctx context.Context, c *method.Call, in deleteArgs) (Changed, error) {
	u, there := o.Users.Find(string(in.User))
	if !there {
		return Changed{}, method.NoUser(in.User)
	}
	c.Person = u
	fail := func(code method.Code, why string) error {
		return method.Fail(code, "failed to delete user ID:%s %s: %s", u.ID, u.Name, why)
	}
	if u.ID == c.Identity.UserID {
		return Changed{}, fail(method.Conflict, "nobody deletes themselves")
	}
	owns, err := o.Users.OwnedBy(ctx, u.ID)
	if err != nil {
		return Changed{}, err
	}
	left := access.Owned{}
	if in.Repos == "" {
		left.Repositories = owns.Repositories
	}
	if in.Groups == "" {
		left.Groups = owns.Groups
	}
	if in.Crews == "" {
		left.UserGroups = owns.UserGroups
	}
	if !left.None() {
		return Changed{}, fail(method.Conflict, "still owns "+left.String()+", deleted ones that can still come back included. Give them to somebody else, or say what becomes of them: handle_repos, handle_repo_groups, handle_user_groups")
	}
	if err := o.clear(ctx, c, owns, in); err != nil {
		return Changed{}, failed(err, "failed to delete user ID:%s %s", u.ID, u.Name)
	}
	if err := o.Users.DeleteTo(ctx, c.Actor, u.ID, c.Identity.UserID); err != nil {
		return Changed{}, failed(err, "failed to delete user ID:%s %s", u.ID, u.Name)
	}
	return Changed{Message: fmt.Sprintf("deleted user ID:%s %s", u.ID, u.Name)}, nil
}

// clear deletes what a call wants deleted of what somebody owns. Where it fails, the person is still there, with the rest.
func (o Options) clear(ctx context.Context, c *method.Call, owns access.Owned, in deleteArgs) error {
	const remove = "delete"
	for _, path := range owns.Repositories {
		if r, lives := o.Repositories.ByPath(path); lives && r.OwnerID == c.Person.ID && in.Repos == remove {
			if err := o.Host.Delete(ctx, r.ID); err != nil {
				return err
			}
			if err := o.Note(ctx, c.Actor, "repository.delete", path, "with its owner "+c.Person.Name); err != nil {
				return err
			}
		}
	}
	if in.Groups == remove {
		if err := o.clearGroups(ctx, c, owns.Groups); err != nil {
			return err
		}
	}
	for _, name := range owns.UserGroups {
		if g, there := o.UserGroups.ByName(name); there && in.Crews == remove {
			if err := o.UserGroups.Delete(ctx, c.Actor, g.ID); err != nil && !errors.Is(err, access.ErrNoUserGroup) {
				return err
			}
		}
	}
	return nil
}

// clearGroups deletes groups of repositories, the inner ones first.
func (o Options) clearGroups(ctx context.Context, c *method.Call, paths []string) error {
	for _, path := range innermost(paths) {
		g, there := o.Repositories.Group(path)
		if !there {
			continue
		}
		if err := o.Repositories.DeleteGroup(ctx, c.Actor, g.ID); err != nil {
			return fmt.Errorf("repository group %s: %w", path, err)
		}
	}
	return nil
}
