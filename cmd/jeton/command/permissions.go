package command

import (
	"fmt"
	"io"
	"path"
	"strings"

	"github.com/spf13/cobra"

	"jeton/cmd/jeton/control"
	"jeton/cmd/jeton/operate"
)

// grant is the command that gives something on one kind of thing: repo, group or usergroup.
func (a *app) grant(noun, what, article string) *cobra.Command {
	var g operate.Giving
	c := &cobra.Command{Use: "grant " + what + " [USER] LEVEL", Short: "Say what a user, a user group or everyone may do with " + article,
		Long: "LEVEL is none, read, write or admin. What is said nearest counts: on the repository before its group, on the inner group before\n" +
			"the outer one. Of what a person's own name, user groups and everyone have, the best counts. Everyone are all who have signed in.",
		Example: examples(noun, "grant", " write", " read"),
		RunE: func(cmd *cobra.Command, args []string) error {
			if len(args) < 2 {
				return control.Fail(control.Invalid, "usage: %s", cmd.UseLine())
			}
			to, err := subject(&g, args[1:len(args)-1])
			if err != nil {
				return err
			}
			g.Path, g.Level = args[0], args[len(args)-1]
			return call(a, cmd, noun+".grant", g, done("%s now has %s on %s.", to, g.Level, g.Path))
		}}
	subjectFlags(c, &g)
	return c
}

// revoke is the command that takes away what was given.
func (a *app) revoke(noun, what, article string) *cobra.Command {
	var g operate.Giving
	c := &cobra.Command{Use: "revoke " + what + " [USER]", Short: "Take away what a user, a user group or everyone was given on " + article,
		Long:    "What a group above says then counts again.",
		Example: examples(noun, "revoke", "", ""),
		RunE: func(cmd *cobra.Command, args []string) error {
			if len(args) < 1 {
				return control.Fail(control.Invalid, "usage: %s", cmd.UseLine())
			}
			to, err := subject(&g, args[1:])
			if err != nil {
				return err
			}
			g.Path = args[0]
			return call(a, cmd, noun+".revoke", g, done("%s was given nothing on %s any more.", to, g.Path))
		}}
	subjectFlags(c, &g)
	return c
}

func subjectFlags(c *cobra.Command, g *operate.Giving) {
	c.Flags().StringVar(&g.UserGroup, "usergroup", "", "a user group in place of a user")
	c.Flags().BoolVar(&g.Everyone, "everyone", false, "all who have signed in, in place of a user")
}

// subject takes the user from the arguments, where no flag names somebody else, and is what to call them.
func subject(g *operate.Giving, names []string) (string, error) {
	switch {
	case len(names) == 1 && g.UserGroup == "" && !g.Everyone:
		g.User = names[0]
		return g.User, nil
	case len(names) == 0 && g.UserGroup != "" && !g.Everyone:
		return "user group " + g.UserGroup, nil
	case len(names) == 0 && g.UserGroup == "" && g.Everyone:
		return "everyone", nil
	}
	return "", control.Fail(control.Invalid, "name one user, or say --usergroup NAME, or --everyone")
}

func examples(noun, verb, one, other string) string {
	thing := map[string]string{"repo": "team/app", "group": "team", "usergroup": "devs"}[noun]
	begin := "  jeton " + noun + " " + verb + " " + thing
	return begin + " bob" + one + "\n" + begin + " --usergroup qa" + other + "\n" + begin + " --everyone" + other
}

// permissions is the command that shows what was given.
func (a *app) permissions(noun, what, article string) *cobra.Command {
	return &cobra.Command{Use: "permissions " + what, Short: "Who was given what on " + article, Args: exactly(1),
		Example: "  jeton " + noun + " permissions " + map[string]string{"repo": "team/app", "group": "team", "usergroup": "devs"}[noun],
		RunE: func(cmd *cobra.Command, args []string) error {
			return call(a, cmd, noun+".permissions", operate.Named{Name: args[0]}, func(w io.Writer, list []operate.Permission) {
				table(w, "WHO LEVEL", permissionRows(list))
			})
		}}
}

func permissionRows(list []operate.Permission) (rows [][]string) {
	for _, p := range list {
		who := p.User
		switch {
		case p.Everyone:
			who = "(everyone)"
		case p.UserGroup != "":
			who = "user group " + p.UserGroup
		}
		rows = append(rows, []string{who, p.Level})
	}
	return rows
}

// rename gives a repository or group another path.
func (a *app) rename(noun, article string) *cobra.Command {
	return &cobra.Command{Use: "rename PATH NEW-PATH", Short: "Give " + article + " another path; the old one leads on", Args: exactly(2),
		Example: "  jeton " + noun + " rename ada/lib team/lib",
		RunE: func(cmd *cobra.Command, args []string) error {
			return a.renameTo(cmd, noun, args[0], args[1])
		}}
}

// move puts a repository or group into another group, with the name that it has.
func (a *app) move(noun, article string) *cobra.Command {
	return &cobra.Command{Use: "move PATH GROUP", Short: "Put " + article + " into another group, / for none; the old path leads on", Args: exactly(2),
		Example: "  jeton " + noun + " move ada/lib team",
		RunE: func(cmd *cobra.Command, args []string) error {
			return a.renameTo(cmd, noun, args[0], strings.TrimPrefix(path.Join("/", args[1], path.Base(args[0])), "/"))
		}}
}

func (a *app) renameTo(cmd *cobra.Command, noun, from, to string) error {
	return call(a, cmd, noun+".rename", operate.Renaming{Path: from, To: to}, func(w io.Writer, r operate.Repo) {
		fmt.Fprintf(w, "%s is now %s.\n", from, r.Path)
	})
}
