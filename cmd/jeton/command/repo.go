package command

import (
	"fmt"
	"io"

	"github.com/spf13/cobra"

	"jeton/cmd/jeton/control"
	"jeton/cmd/jeton/operate"
)

func (a *app) repos() *cobra.Command {
	return group("repo", "Repositories and who may do what with them", "  jeton repo create team/app --owner ada\n  jeton repo grant team/app bob write",
		a.repoCreate(), a.repoList(), a.repoPath(), a.repoRename(), a.repoMaintain(), a.repoGrant(), a.repoRevoke(), a.repoPermissions(),
		a.repoRules(), a.repoSet(), a.repoProtect(), a.repoUnprotect(), a.repoLog(),
		a.change("repo", "delete PATH", "Remove a repository with all its history", "repo.delete", "This removes, with all its history, the repository"),
		a.change("repo", "rescan PATH", "Take in what another program changed in the folder", "repo.rescan", ""),
		a.change("repo", "publish PATH", "Let everybody read it, without signing in", "repo.publish", ""),
		a.change("repo", "hide PATH", "Show it only to those who were given it", "repo.hide", ""))
}

func (a *app) repoCreate() *cobra.Command {
	var n operate.NewRepo
	var private bool
	c := &cobra.Command{Use: "create PATH", Short: "Make an empty repository, private unless --public", Args: exactly(1),
		Example: "  jeton repo create ada/app\n  jeton repo create team/app --owner ada --public",
		RunE: func(cmd *cobra.Command, args []string) error {
			if n.Public && private {
				return control.Fail(control.Invalid, "a repository is public or private, not both")
			}
			n.Path = args[0]
			return call(a, cmd, "repo.create", n, func(w io.Writer, r operate.Repo) {
				fmt.Fprintf(w, "Created %s of %s, %s.\n", r.Path, r.Owner, words(r.Private, "private", "public"))
			})
		}}
	c.Flags().StringVar(&n.Owner, "owner", "", "whose it is (default: who the path begins with)")
	c.Flags().BoolVar(&n.Public, "public", false, "everybody may read it")
	c.Flags().BoolVar(&private, "private", false, "only those who were given it may read it (the default)")
	return c
}

func (a *app) repoList() *cobra.Command {
	return &cobra.Command{Use: "list", Short: "All repositories", Args: exactly(0), Example: "  jeton repo list",
		RunE: func(cmd *cobra.Command, _ []string) error {
			return call(a, cmd, "repo.list", operate.Nothing{}, func(w io.Writer, list []operate.Repo) {
				var rows [][]string
				for _, r := range list {
					rows = append(rows, []string{r.Path, r.Owner, words(r.Private, "private", "public")})
				}
				table(w, "PATH OWNER VISIBLE", rows)
			})
		}}
}

func (a *app) repoPath() *cobra.Command {
	return &cobra.Command{Use: "path PATH", Short: "Print the folder of a repository on this machine's disk", Args: exactly(1),
		Example: "  git -C \"$(jeton repo path team/app)\" fsck",
		RunE: func(cmd *cobra.Command, args []string) error {
			return call(a, cmd, "repo.show", operate.Named{Name: args[0]}, func(w io.Writer, r operate.Repo) { fmt.Fprintln(w, r.Dir) })
		}}
}

func (a *app) repoRename() *cobra.Command {
	return &cobra.Command{Use: "rename PATH NEW-PATH", Short: "Give a repository another path", Args: exactly(2),
		Example: "  jeton repo rename ada/app team/app",
		RunE: func(cmd *cobra.Command, args []string) error {
			return call(a, cmd, "repo.rename", operate.Renaming{Path: args[0], To: args[1]}, func(w io.Writer, r operate.Repo) {
				fmt.Fprintf(w, "%s is now %s.\n", args[0], r.Path)
			})
		}}
}

func (a *app) repoMaintain() *cobra.Command {
	return &cobra.Command{Use: "maintain PATH", Short: "Pack a repository anew, for fast clones", Args: exactly(1),
		Example: "  jeton repo maintain team/app",
		RunE: func(cmd *cobra.Command, args []string) error {
			return call(a, cmd, "repo.maintain", operate.Named{Name: args[0]}, func(w io.Writer, m operate.Maintained) {
				fmt.Fprintf(w, "%d packs became %d; %d objects in use, %d others kept, %d bytes.\n", m.PacksBefore, m.PacksAfter, m.Objects, m.Kept, m.Bytes)
			})
		}}
}

func (a *app) repoGrant() *cobra.Command {
	return &cobra.Command{Use: "grant PATH USER LEVEL", Short: "Let somebody read, write or admin a repository", Args: exactly(3),
		Example: "  jeton repo grant team/app bob write",
		RunE: func(cmd *cobra.Command, args []string) error {
			return call(a, cmd, "repo.grant", operate.Giving{Path: args[0], User: args[1], Level: args[2]},
				done("%s now has %s on %s.", args[1], args[2], args[0]))
		}}
}

func (a *app) repoRevoke() *cobra.Command {
	return &cobra.Command{Use: "revoke PATH USER", Short: "Take away what somebody was given on a repository", Args: exactly(2),
		Example: "  jeton repo revoke team/app bob",
		RunE: func(cmd *cobra.Command, args []string) error {
			return call(a, cmd, "repo.revoke", operate.Giving{Path: args[0], User: args[1]}, done("%s was given nothing on %s any more.", args[1], args[0]))
		}}
}

func (a *app) repoPermissions() *cobra.Command {
	return &cobra.Command{Use: "permissions PATH", Short: "Who was given what on a repository", Args: exactly(1),
		Example: "  jeton repo permissions team/app",
		RunE: func(cmd *cobra.Command, args []string) error {
			return call(a, cmd, "repo.permissions", operate.Named{Name: args[0]}, func(w io.Writer, list []operate.Permission) {
				var rows [][]string
				for _, p := range list {
					rows = append(rows, []string{p.User, p.Level})
				}
				table(w, "USER LEVEL", rows)
			})
		}}
}
