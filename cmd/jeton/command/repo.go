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
		a.repoCreate(), a.repoList(), a.repoPath(), a.rename("repo", "a repository"), a.move("repo", "a repository"), a.repoOwner(), a.repoMaintain(),
		a.grant("repo", "PATH", "a repository"), a.revoke("repo", "PATH", "a repository"), a.permissions("repo", "PATH", "a repository"),
		a.repoRules(), a.repoSet(), a.repoProtect(), a.repoUnprotect(), a.repoLog(),
		a.repoWatch("watch", "Tell somebody's journal of the pushes to a repository", "now watches"),
		a.repoWatch("unwatch", "Tell somebody's journal nothing of a repository any more", "no longer watches"), a.repoWatching(),
		a.change("repo", "delete PATH", "Take a repository away; it can come back for a while", "repo.delete", "This takes away, until it is restored, the repository"),
		a.repoDeleted(), a.repoRestore(),
		a.change("repo", "purge PATH-OR-ID", "Remove a deleted repository for good, before its time", "repo.purge", "This removes for good, with all its history, the deleted repository"),
		a.change("repo", "archive PATH", "Make a repository read-only", "repo.archive", ""),
		a.change("repo", "unarchive PATH", "Make a repository writable again", "repo.unarchive", ""),
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
	c.Flags().StringVar(&n.Owner, "owner", "", "whose it is (default: who the path begins with, else who owns the group)")
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

func (a *app) repoMaintain() *cobra.Command {
	return &cobra.Command{Use: "maintain PATH", Short: "Pack a repository anew, for fast clones", Args: exactly(1),
		Example: "  jeton repo maintain team/app",
		RunE: func(cmd *cobra.Command, args []string) error {
			return call(a, cmd, "repo.maintain", operate.Named{Name: args[0]}, func(w io.Writer, m operate.Maintained) {
				fmt.Fprintf(w, "%d packs became %d; %d objects in use, %d others kept, %d bytes.\n", m.PacksBefore, m.PacksAfter, m.Objects, m.Kept, m.Bytes)
			})
		}}
}
