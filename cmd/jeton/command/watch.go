package command

import (
	"io"

	"github.com/spf13/cobra"

	"jeton/cmd/jeton/control"
	"jeton/cmd/jeton/operate"
)

// repoWatch is repo watch, or repo unwatch.
func (a *app) repoWatch(verb, short, said string) *cobra.Command {
	var n operate.Watching
	c := &cobra.Command{Use: verb + " PATH --user USER", Short: short, Args: exactly(1),
		Long: "A person's journal, a feed, tells of the pushes to the repositories that the person watches. Whoever owns one watches it\n" +
			"until they say otherwise; what nobody may read any more is not told to them, watched or not.",
		Example: "  jeton repo " + verb + " team/app --user bob",
		RunE: func(cmd *cobra.Command, args []string) error {
			if n.User == "" {
				return control.Fail(control.Invalid, "whose journal? Say --user USER")
			}
			n.Path = args[0]
			return call(a, cmd, "repo."+verb, n, done("%s %s %s.", n.User, said, n.Path))
		}}
	c.Flags().StringVar(&n.User, "user", "", "who")
	return c
}

func (a *app) repoWatching() *cobra.Command {
	var n operate.Watching
	c := &cobra.Command{Use: "watching --user USER", Short: "The repositories that somebody watches", Args: exactly(0), Example: "  jeton repo watching --user bob",
		RunE: func(cmd *cobra.Command, _ []string) error {
			if n.User == "" {
				return control.Fail(control.Invalid, "who? Say --user USER")
			}
			return call(a, cmd, "repo.watching", n, func(w io.Writer, list []operate.Repo) {
				var rows [][]string
				for _, r := range list {
					rows = append(rows, []string{r.Path, r.Owner, words(r.Private, "private", "public")})
				}
				table(w, "PATH OWNER VISIBLE", rows)
			})
		}}
	c.Flags().StringVar(&n.User, "user", "", "who")
	return c
}
