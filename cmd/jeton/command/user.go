package command

import (
	"fmt"
	"io"

	"github.com/spf13/cobra"

	"jeton/cmd/jeton/control"
	"jeton/cmd/jeton/operate"
)

func (a *app) users() *cobra.Command {
	return group("user", "People and machine accounts", "  jeton user create ada --email ada@example.com\n  jeton user list",
		a.userCreate(), a.userList(), a.userPassword(), a.userAdmin(),
		a.userChange("activate NAME", "Let somebody in again", "user.activate", ""),
		a.userChange("deactivate NAME", "Shut somebody out, with every token and key", "user.deactivate", "This shuts out"),
		a.userChange("require-tokens NAME", "Have git take somebody's tokens and keys only, not the password", "user.require-tokens", ""),
		a.userChange("allow-password NAME", "Have git take somebody's password again", "user.allow-password", ""),
		a.userChange("delete NAME", "Remove somebody who owns no repository", "user.delete", "This removes, with tokens and keys,"))
}

func (a *app) userCreate() *cobra.Command {
	var n operate.NewUser
	var stdin bool
	c := &cobra.Command{Use: "create NAME", Short: "Add a person or a machine account", Args: exactly(1),
		Example: "  echo \"$PASSWORD\" | jeton user create ada --email ada@example.com --password-stdin\n  jeton user create ci --service",
		RunE: func(cmd *cobra.Command, args []string) (err error) {
			n.Name = args[0]
			if n.Service && !stdin {
				return a.createUser(cmd, n) // nobody is asked for a password that cannot be
			}
			if n.Password, err = password(cmd, stdin); err != nil {
				return err
			}
			return a.createUser(cmd, n)
		}}
	c.Flags().StringVar(&n.Email, "email", "", "e-mail address, which may stand for the name")
	c.Flags().BoolVar(&stdin, "password-stdin", false, "read the password from standard input, one line")
	c.Flags().BoolVar(&n.Admin, "admin", false, "make an administrator")
	c.Flags().BoolVar(&n.Service, "service", false, "make a service account: no password, no sign-in page")
	return c
}

func (a *app) createUser(cmd *cobra.Command, n operate.NewUser) error {
	return call(a, cmd, "user.create", n, func(w io.Writer, u operate.User) {
		fmt.Fprintf(w, "Created %s%s.\n", u.Name, words(u.Password, "", ", without a password: tokens and SSH keys are the ways in"))
	})
}

func (a *app) userList() *cobra.Command {
	return &cobra.Command{Use: "list", Short: "Everybody", Args: exactly(0), Example: "  jeton user list --json",
		RunE: func(cmd *cobra.Command, _ []string) error {
			return call(a, cmd, "user.list", operate.Nothing{}, func(w io.Writer, list []operate.User) {
				var rows [][]string
				for _, u := range list {
					rows = append(rows, []string{u.Name, u.Email, words(u.Active, "active", "inactive"), role(u)})
				}
				table(w, "NAME EMAIL STATE ROLE", rows)
			})
		}}
}

func role(u operate.User) string {
	return words(u.Admin, "admin", words(u.Service, "service", "user"))
}

func (a *app) userPassword() *cobra.Command {
	var stdin, hash bool
	c := &cobra.Command{Use: "password NAME", Short: "Set somebody's password", Args: exactly(1),
		Example: "  echo \"$PASSWORD\" | jeton user password ada --password-stdin\n  echo '$2b$10$…' | jeton user password ada --hash-stdin",
		RunE: func(cmd *cobra.Command, args []string) error {
			secret, err := password(cmd, stdin || hash)
			if err != nil {
				return err
			}
			if secret == "" {
				return control.Fail(control.Invalid, "no password was given; use --password-stdin where there is no terminal")
			}
			if hash {
				return call(a, cmd, "user.hash", operate.NewPassword{Name: args[0], Password: secret}, done("Took over the password of %s.", args[0]))
			}
			return call(a, cmd, "user.password", operate.NewPassword{Name: args[0], Password: secret}, done("Changed the password of %s.", args[0]))
		}}
	c.Flags().BoolVar(&stdin, "password-stdin", false, "read the password from standard input, one line")
	c.Flags().BoolVar(&hash, "hash-stdin", false, "read a hash that RhodeCode, Gitea or another program stored: see docs/authentication.md")
	return c
}

func (a *app) userAdmin() *cobra.Command {
	var remove bool
	c := &cobra.Command{Use: "admin NAME", Short: "Make somebody an administrator, or with --remove no longer", Args: exactly(1),
		Example: "  jeton user admin ada\n  jeton user admin ada --remove",
		RunE: func(cmd *cobra.Command, args []string) error {
			if remove {
				return call(a, cmd, "user.demote", operate.Named{Name: args[0]}, done("%s is no administrator any more.", args[0]))
			}
			return call(a, cmd, "user.promote", operate.Named{Name: args[0]}, done("%s is an administrator.", args[0]))
		}}
	c.Flags().BoolVar(&remove, "remove", false, "take the role away")
	return c
}

// userChange is a command that does one operation on one person; question is asked first, unless it is empty.
func (a *app) userChange(use, short, op, question string) *cobra.Command {
	return a.change("user", use, short, op, question)
}

// change is a command that does one operation on one named thing; question is asked first, unless it is empty.
func (a *app) change(noun, use, short, op, question string) *cobra.Command {
	var yes bool
	c := &cobra.Command{Use: use, Short: short, Args: exactly(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			if question != "" {
				if err := confirm(cmd, yes, question+" "+args[0]); err != nil {
					return err
				}
			}
			return call(a, cmd, op, operate.Named{Name: args[0]}, done("Done: %s %s.", op, args[0]))
		}}
	c.Example = "  jeton " + noun + " " + c.Name() + " " + map[string]string{"user": "ada", "repo": "team/app", "group": "team", "usergroup": "devs", "token": "ID", "key": "ID", "auth": "token"}[noun]
	if question != "" {
		c.Flags().BoolVar(&yes, "yes", false, "do not ask")
		c.Example += " --yes"
	}
	return c
}
