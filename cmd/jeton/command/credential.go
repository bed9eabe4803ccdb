package command

import (
	"fmt"
	"io"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"jeton/cmd/jeton/operate"
)

func (a *app) tokens() *cobra.Command {
	return group("token", "Tokens: api, feed, vcs and web", "  jeton token create --user ada --kind vcs --label laptop\n  jeton token list --user ada",
		a.tokenCreate(), a.tokenList(), a.tokenShow(), a.tokenExplain(),
		a.change("token", "revoke ID", "End a token, from the next request on", "token.revoke", "This ends the token"))
}

func (a *app) tokenCreate() *cobra.Command {
	var n operate.NewToken
	c := &cobra.Command{Use: "create", Short: "Make a token; it is printed once", Args: exactly(0),
		Example: "  jeton token create --user ada --kind vcs --label laptop\n  jeton token create --user ci --kind vcs --label build --repo team/app --access read --expires 30d",
		RunE: func(cmd *cobra.Command, _ []string) error {
			return call(a, cmd, "token.create", n, func(w io.Writer, t operate.Token) {
				fmt.Fprintln(w, t.Secret)
				fmt.Fprintf(cmd.ErrOrStderr(), "The %s token %s of %s, %s; it is not shown again.\n", t.Kind, t.ID, t.User, until(t.ExpiresAt))
			})
		}}
	f := c.Flags()
	f.StringVar(&n.User, "user", "", "whose it is")
	f.StringVar(&n.Kind, "kind", "vcs", "what it opens: api, feed, vcs or web")
	f.StringVar(&n.Label, "label", "", "what it is for, 1-100 characters")
	f.StringArrayVar(&n.Repositories, "repo", nil, "bind it to a repository; may be given again (default: all of the owner's)")
	f.StringVar(&n.Access, "access", "", "read or write (default: write for vcs and api, else read)")
	f.StringVar(&n.Expires, "expires", "90d", "when it ends: 5m, 1h, 30d, 1y, a date, or never")
	return c
}

func until(t *time.Time) string {
	if t == nil {
		return "without an end"
	}
	return "until " + t.Format(time.RFC3339)
}

func (a *app) tokenList() *cobra.Command {
	var n operate.Named
	c := &cobra.Command{Use: "list", Short: "Tokens, without their secrets", Args: exactly(0), Example: "  jeton token list --user ada",
		RunE: func(cmd *cobra.Command, _ []string) error {
			return call(a, cmd, "token.list", n, func(w io.Writer, list []operate.Token) {
				var rows [][]string
				for _, t := range list {
					rows = append(rows, []string{t.ID, t.User, t.Kind, t.Access, t.State, until(t.ExpiresAt), t.Label})
				}
				table(w, "ID USER KIND ACCESS STATE ENDS LABEL", rows)
			})
		}}
	c.Flags().StringVar(&n.Name, "user", "", "only this person's")
	return c
}

func (a *app) tokenShow() *cobra.Command {
	return &cobra.Command{Use: "show ID", Short: "One token, without its secret", Args: exactly(1), Example: "  jeton token show ID --json",
		RunE: func(cmd *cobra.Command, args []string) error {
			return call(a, cmd, "token.show", operate.Named{Name: args[0]}, func(w io.Writer, t operate.Token) {
				fmt.Fprintf(w, "%s: %s token %s of %s for %q, %s, %s; %s; used %d times\n", t.ID, t.Kind, t.Hint, t.User, t.Label, t.Access, t.State, until(t.ExpiresAt), t.Uses)
				if len(t.Repositories) > 0 {
					fmt.Fprintln(w, "only for", strings.Join(t.Repositories, ", "))
				}
			})
		}}
}
