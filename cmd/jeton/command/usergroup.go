package command

import (
	"fmt"
	"io"
	"strings"

	"github.com/spf13/cobra"

	"jeton/cmd/jeton/operate"
)

func (a *app) userGroups() *cobra.Command {
	return group("usergroup", "User groups: people who are given permissions together", "  jeton usergroup create devs\n  jeton usergroup add devs ada",
		a.userGroupCreate(), a.userGroupList(), a.userGroupShow(), a.userGroupRename(),
		a.membership("add NAME USER", "Take somebody into a user group", "usergroup.add", "%s is in %s."),
		a.membership("remove NAME USER", "Take somebody out of a user group", "usergroup.remove", "%s is not in %s any more."),
		a.membership("owner NAME USER", "Give a user group to another owner", "usergroup.owner", "%s is the owner of %s."),
		a.grant("usergroup", "NAME", "a user group"), a.revoke("usergroup", "NAME", "a user group"), a.permissions("usergroup", "NAME", "a user group"),
		a.change("usergroup", "require-tokens NAME", "Have git take tokens and keys of its members only, not passwords", "usergroup.require-tokens", ""),
		a.change("usergroup", "allow-passwords NAME", "Have git take passwords of its members again", "usergroup.allow-passwords", ""),
		a.change("usergroup", "delete NAME", "Remove a user group with what was given to it", "usergroup.delete", "This removes, with all that was given to it, the user group"))
}

func (a *app) userGroupCreate() *cobra.Command {
	var n operate.NewUserGroup
	c := &cobra.Command{Use: "create NAME", Short: "Make a user group without members", Args: exactly(1),
		Example: "  jeton usergroup create devs --owner ada",
		RunE: func(cmd *cobra.Command, args []string) error {
			n.Name = args[0]
			return call(a, cmd, "usergroup.create", n, func(w io.Writer, g operate.UserGroup) { fmt.Fprintf(w, "Created the user group %s.\n", g.Name) })
		}}
	c.Flags().StringVar(&n.Owner, "owner", "", "who may manage it, besides administrators")
	c.Flags().StringVar(&n.Description, "description", "", "what it is for")
	return c
}

func (a *app) userGroupList() *cobra.Command {
	return &cobra.Command{Use: "list", Short: "All user groups", Args: exactly(0), Example: "  jeton usergroup list",
		RunE: func(cmd *cobra.Command, _ []string) error {
			return call(a, cmd, "usergroup.list", operate.Nothing{}, func(w io.Writer, list []operate.UserGroup) {
				var rows [][]string
				for _, g := range list {
					rows = append(rows, []string{g.Name, fmt.Sprint(len(g.Members)), g.Owner, words(g.TokensOnly, "tokens only", "")})
				}
				table(w, "NAME MEMBERS OWNER GIT", rows)
			})
		}}
}

func (a *app) userGroupShow() *cobra.Command {
	return &cobra.Command{Use: "show NAME", Short: "Who is in a user group", Args: exactly(1), Example: "  jeton usergroup show devs",
		RunE: func(cmd *cobra.Command, args []string) error {
			return call(a, cmd, "usergroup.show", operate.Named{Name: args[0]}, func(w io.Writer, g operate.UserGroup) {
				fmt.Fprintln(w, strings.Join(g.Members, "\n"))
			})
		}}
}

func (a *app) userGroupRename() *cobra.Command {
	return &cobra.Command{Use: "rename NAME NEW-NAME", Short: "Give a user group another name", Args: exactly(2), Example: "  jeton usergroup rename devs developers",
		RunE: func(cmd *cobra.Command, args []string) error {
			return call(a, cmd, "usergroup.rename", operate.Renaming{Path: args[0], To: args[1]}, done("%s is now %s.", args[0], args[1]))
		}}
}

// membership is a command about a user group and one person; said is what is printed about the person and the group.
func (a *app) membership(use, short, op, said string) *cobra.Command {
	c := &cobra.Command{Use: use, Short: short, Args: exactly(2),
		RunE: func(cmd *cobra.Command, args []string) error {
			return call(a, cmd, op, operate.Membership{Name: args[0], User: args[1]}, done(said, args[1], args[0]))
		}}
	c.Example = "  jeton usergroup " + c.Name() + " devs ada"
	return c
}
