package command

import (
	"fmt"
	"io"
	"time"

	"github.com/spf13/cobra"

	"jeton/cmd/jeton/operate"
)

func (a *app) repoDeleted() *cobra.Command {
	return &cobra.Command{Use: "deleted", Short: "Deleted repositories that can come back", Args: exactly(0), Example: "  jeton repo deleted",
		RunE: func(cmd *cobra.Command, _ []string) error {
			return call(a, cmd, "repo.deleted", operate.Nothing{}, func(w io.Writer, list []operate.Deleted) {
				var rows [][]string
				for _, r := range list {
					rows = append(rows, []string{r.Path, r.Owner, r.DeletedAt.Local().Format(time.DateTime), r.ID})
				}
				table(w, "PATH OWNER DELETED ID", rows)
			})
		}}
}

func (a *app) repoRestore() *cobra.Command {
	var n operate.Restoring
	c := &cobra.Command{Use: "restore PATH-OR-ID", Short: "Bring a deleted repository back, with all that it had", Args: exactly(1),
		Long: "Bring a deleted repository back: its history, permissions, tokens, keys and rules. Of several that had the same path the one comes\n" +
			"back that was deleted last; `jeton repo deleted` shows the ids of all.",
		Example: "  jeton repo restore team/app\n  jeton repo restore team/app --as team/app-of-old",
		RunE: func(cmd *cobra.Command, args []string) error {
			n.Name = args[0]
			return call(a, cmd, "repo.restore", n, func(w io.Writer, r operate.Repo) { fmt.Fprintf(w, "%s is back.\n", r.Path) })
		}}
	c.Flags().StringVar(&n.As, "as", "", "another path, where somebody has taken the one it had")
	return c
}

func (a *app) repoOwner() *cobra.Command {
	return &cobra.Command{Use: "owner PATH USER", Short: "Give a repository to another owner", Args: exactly(2),
		Example: "  jeton repo owner team/app bob",
		RunE: func(cmd *cobra.Command, args []string) error {
			return call(a, cmd, "repo.owner", operate.Owning{Name: args[0], Owner: args[1]}, done("%s is the owner of %s.", args[1], args[0]))
		}}
}
