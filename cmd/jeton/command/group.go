package command

import (
	"fmt"
	"io"

	"github.com/spf13/cobra"

	"jeton/cmd/jeton/operate"
)

func (a *app) groups() *cobra.Command {
	return group("group", "Groups of repositories and who may do what in them", "  jeton group create team/web --owner ada\n  jeton group grant team --usergroup devs write",
		a.groupCreate(), a.groupList(), a.groupShow(), a.rename("group", "a group"), a.move("group", "a group"), a.groupOwner(),
		a.grant("group", "PATH", "all that lies in a group"), a.revoke("group", "PATH", "a group"), a.permissions("group", "PATH", "a group"),
		a.change("group", "delete PATH", "Remove a group in which nothing lies", "group.delete", "This removes, with its permissions, the group"))
}

func (a *app) groupCreate() *cobra.Command {
	var n operate.Owning
	c := &cobra.Command{Use: "create PATH", Short: "Make a group of repositories, and the groups above it that are not there", Args: exactly(1),
		Long:    "Groups are also made by the way, where a repository is made whose path lacks them.",
		Example: "  jeton group create team/web --owner ada",
		RunE: func(cmd *cobra.Command, args []string) error {
			n.Name = args[0]
			return call(a, cmd, "group.create", n, func(w io.Writer, g operate.Group) {
				fmt.Fprintf(w, "Created the group %s%s.\n", g.Path, words(g.Owner == "", "", " of "+g.Owner))
			})
		}}
	c.Flags().StringVar(&n.Owner, "owner", "", "who owns it and all that lies in it (default: who is called so, else nobody)")
	return c
}

func (a *app) groupList() *cobra.Command {
	return &cobra.Command{Use: "list", Short: "All groups of repositories", Args: exactly(0), Example: "  jeton group list",
		RunE: func(cmd *cobra.Command, _ []string) error {
			return call(a, cmd, "group.list", operate.Nothing{}, func(w io.Writer, list []operate.Group) {
				var rows [][]string
				for _, g := range list {
					rows = append(rows, []string{g.Path, g.Owner})
				}
				table(w, "PATH OWNER", rows)
			})
		}}
}

func (a *app) groupShow() *cobra.Command {
	return &cobra.Command{Use: "show PATH", Short: "A group, what lies in it, and who was given what on it", Args: exactly(1),
		Example: "  jeton group show team",
		RunE: func(cmd *cobra.Command, args []string) error {
			return call(a, cmd, "group.show", operate.Named{Name: args[0]}, func(w io.Writer, g operate.ShownGroup) {
				for _, one := range g.Groups {
					fmt.Fprintf(w, "group       %s\n", one)
				}
				for _, one := range g.Repositories {
					fmt.Fprintf(w, "repository  %s\n", one)
				}
				table(w, "WHO LEVEL", permissionRows(g.Permissions))
			})
		}}
}

func (a *app) groupOwner() *cobra.Command {
	var nobody bool
	c := &cobra.Command{Use: "owner PATH [USER]", Short: "Give a group to another owner, or with --nobody to none", Args: cobra.RangeArgs(1, 2),
		Example: "  jeton group owner team ada\n  jeton group owner team --nobody",
		RunE: func(cmd *cobra.Command, args []string) error {
			n := operate.Owning{Name: args[0]}
			if nobody == (len(args) == 2) {
				return exactly(2)(cmd, args[:1])
			}
			if nobody {
				return call(a, cmd, "group.owner", n, done("Nobody owns %s.", n.Name))
			}
			n.Owner = args[1]
			return call(a, cmd, "group.owner", n, done("%s is the owner of %s.", n.Owner, n.Name))
		}}
	c.Flags().BoolVar(&nobody, "nobody", false, "let nobody own it")
	return c
}
