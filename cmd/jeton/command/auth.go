package command

import (
	"fmt"
	"io"
	"strings"

	"github.com/spf13/cobra"

	"jeton/cmd/jeton/control"
	"jeton/cmd/jeton/operate"
)

func (a *app) signIn() *cobra.Command {
	return group("auth", "Ways of signing in: their switches, order and settings", "  jeton auth enable token\n  jeton auth show ldap",
		a.authList(), a.authShow(), a.authSet(), a.authOrder(), a.authTest(), a.authLink(),
		a.change("auth", "enable ID", "Switch a way of signing in on, after it was tried", "auth.enable", ""),
		a.change("auth", "disable ID", "Switch a way of signing in off", "auth.disable", ""))
}

func (a *app) authList() *cobra.Command {
	return &cobra.Command{Use: "list", Short: "Ways of signing in, in the order in which they are asked", Args: exactly(0), Example: "  jeton auth list",
		RunE: func(cmd *cobra.Command, _ []string) error {
			return call(a, cmd, "auth.list", operate.Nothing{}, func(w io.Writer, list []operate.Plugin) {
				var rows [][]string
				for _, p := range list {
					rows = append(rows, []string{p.ID, words(p.Enabled, "on", "off"), p.Title})
				}
				table(w, "ID STATE TITLE", rows)
			})
		}}
}

func (a *app) authShow() *cobra.Command {
	return &cobra.Command{Use: "show ID", Short: "One way of signing in, with its settings; secrets are not shown", Args: exactly(1),
		Example: "  jeton auth show ldap",
		RunE: func(cmd *cobra.Command, args []string) error {
			return call(a, cmd, "auth.show", operate.Named{Name: args[0]}, func(w io.Writer, p operate.Plugin) {
				fmt.Fprintf(w, "%s: %s, %s\n", p.ID, p.Title, words(p.Enabled, "on", "off"))
				var rows [][]string
				for _, s := range p.Settings {
					rows = append(rows, []string{s.Name, fmt.Sprintf("%q", s.Value), s.Meaning})
				}
				if rows != nil {
					table(w, "SETTING VALUE MEANING", rows)
				}
			})
		}}
}

func (a *app) authSet() *cobra.Command {
	return &cobra.Command{Use: "set ID KEY=VALUE…", Short: "Change settings of a way of signing in; KEY= gives the default back, KEY=- reads a line of standard input",
		Args:    cobra.ArbitraryArgs,
		Example: "  jeton auth set ldap url=ldaps://ldap.example.com base_dn=ou=people,dc=example,dc=com\n  jeton auth set ldap bind_dn=cn=jeton,dc=example,dc=com bind_password=- < secret",
		RunE: func(cmd *cobra.Command, args []string) error {
			if len(args) < 2 {
				return control.Fail(control.Invalid, "usage: %s", cmd.UseLine())
			}
			n := operate.PluginSettings{ID: args[0], Settings: map[string]string{}}
			for _, arg := range args[1:] {
				key, value, ok := strings.Cut(arg, "=")
				if _, twice := n.Settings[key]; !ok || twice {
					return control.Fail(control.Invalid, "%q is not KEY=VALUE, or comes twice", key)
				}
				if value == "-" {
					var err error
					if value, err = password(cmd, true); err != nil {
						return err
					}
				}
				n.Settings[key] = value
			}
			return call(a, cmd, "auth.set", n, done("Changed %s.", args[0]))
		}}
}

func (a *app) authOrder() *cobra.Command {
	return &cobra.Command{Use: "order ID…", Short: "Have ways of signing in asked in this order, before all others", Args: cobra.MinimumNArgs(1),
		Example: "  jeton auth order ldap password",
		RunE: func(cmd *cobra.Command, args []string) error {
			return call(a, cmd, "auth.order", operate.PluginOrder{IDs: args}, done("Changed the order."))
		}}
}

func (a *app) authTest() *cobra.Command {
	var n operate.PluginTest
	var stdin bool
	c := &cobra.Command{Use: "test ID", Short: "Try a way of signing in, on or off; nobody is made and nothing is changed", Args: exactly(1),
		Example: "  jeton auth test ldap\n  jeton auth test ldap --user ada\n  echo \"$PASSWORD\" | jeton auth test ldap --user ada --password-stdin",
		RunE: func(cmd *cobra.Command, args []string) (err error) {
			n.ID = args[0]
			if stdin {
				if n.Secret, err = password(cmd, true); err != nil {
					return err
				}
				if n.User == "" || n.Secret == "" {
					return control.Fail(control.Invalid, "a password needs a --user, and the other way round it must not be empty")
				}
			}
			return call(a, cmd, "auth.test", n, func(w io.Writer, p operate.PluginAnswer) {
				fmt.Fprintf(w, "%s: %s\n", p.Verdict, p.Reason)
				if p.Name != "" {
					table(w, "NAME EMAIL FULLNAME SUBJECT", [][]string{{p.Name, p.Email, p.FullName, p.Subject}})
				}
			})
		}}
	c.Flags().StringVar(&n.User, "user", "", "whom to ask about")
	c.Flags().BoolVar(&stdin, "password-stdin", false, "read the password from standard input, one line; without, only the name is looked for")
	return c
}

func (a *app) authLink() *cobra.Command {
	return &cobra.Command{Use: "link ID USER", Short: "Give an account to a directory, or with `password` back to this server", Args: exactly(2),
		Long:    "From then on that plug-in alone signs the person in; the first who comes from there by the user name is taken for them. Tokens and SSH keys stay.",
		Example: "  jeton auth link ldap ada",
		RunE: func(cmd *cobra.Command, args []string) error {
			return call(a, cmd, "auth.link", operate.PluginPerson{ID: args[0], User: args[1]}, done("%s is signed in by %s.", args[1], args[0]))
		}}
}
