package command

import (
	"fmt"
	"io"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"jeton/cmd/jeton/control"
	"jeton/cmd/jeton/operate"
)

func (a *app) tokens() *cobra.Command {
	return group("token", "Tokens: api, feed, vcs and web", "  jeton token create --user ada --kind vcs --label laptop\n  jeton token list --user ada",
		a.tokenCreate(), a.tokenList(), a.tokenShow(), a.tokenExplain(), a.tokenRotate(), a.tokenRevoke(), a.tokenRevokeAll())
}

func (a *app) tokenCreate() *cobra.Command {
	var n operate.NewToken
	c := &cobra.Command{Use: "create", Short: "Make a token; it is printed once", Args: exactly(0),
		Long: "Create makes a token for a person, or a deploy token for a repository or a group of repositories, and prints it. It is not shown again.\n" +
			"A decoy opens nothing: put it where no one should look, and be told when somebody tries it.",
		Example: `  jeton token create --user ada --kind vcs --label laptop
  jeton token create --user ci --kind vcs --label build --repo team/app --group libs/** --access read --expires 30d
  jeton token create --user bot --kind vcs --label renovate --ref 'refs/heads/renovate/*' --no-delete --network 192.0.2.0/24
  jeton token create --deploy-repo team/app --kind vcs --label production --access read
  jeton token create --user ada --kind vcs --label bait --decoy`,
		RunE: func(cmd *cobra.Command, _ []string) error {
			return call(a, cmd, "token.create", n, printSecret(cmd))
		}}
	f := c.Flags()
	f.StringVar(&n.User, "user", "", "whose it is")
	f.StringVar(&n.DeployRepo, "deploy-repo", "", "make a deploy token of this repository instead")
	f.StringVar(&n.DeployGroup, "deploy-group", "", "make a deploy token of this group of repositories and all below it instead")
	f.StringVar(&n.Kind, "kind", "vcs", "what it opens: api, feed, vcs or web")
	f.StringVar(&n.Label, "label", "", "what it is for, 1-100 characters")
	f.StringArrayVar(&n.Repositories, "repo", nil, "bind it to a repository; may be given again (default: all of the owner's)")
	f.StringArrayVar(&n.Groups, "group", nil, "bind it to all repositories below a group, such as libs/**; may be given again")
	f.StringVar(&n.Access, "access", "", "read or write (default: write for vcs and api, else read)")
	f.StringArrayVar(&n.Refs, "ref", nil, "let it push only to refs like this, such as 'refs/heads/bot/*'; may be given again")
	f.BoolVar(&n.FastForwardOnly, "fast-forward-only", false, "let it not force a push")
	f.BoolVar(&n.NoDelete, "no-delete", false, "let it not delete refs")
	f.StringArrayVar(&n.Rights, "right", nil, "tokens, account or admin; for api tokens; may be given again")
	f.StringArrayVar(&n.Networks, "network", nil, "take it only from this network (CIDR) or address; may be given again")
	f.StringVar(&n.Expires, "expires", "", "when it ends: 5m, 1h, 30d, 1y, a date, or never (default: 90d, or as long as the server allows)")
	f.BoolVar(&n.Decoy, "decoy", false, "make a decoy, which opens nothing and raises an alarm")
	return c
}

// printSecret prints a token's text to standard output, and what it is to standard error.
func printSecret(cmd *cobra.Command) func(io.Writer, operate.Token) {
	return func(w io.Writer, t operate.Token) {
		fmt.Fprintln(w, t.Secret)
		fmt.Fprintf(cmd.ErrOrStderr(), "The %s token %s of %s, %s; it is not shown again.\n", t.Kind, t.ID, t.Owner(), until(t.ExpiresAt))
	}
}

func until(t *time.Time) string {
	if t == nil {
		return "without an end"
	}
	return "until " + t.Format(time.RFC3339)
}

// whichFlags declares the flags that name many tokens.
func whichFlags(c *cobra.Command, n *operate.WhichTokens) {
	f := c.Flags()
	f.StringVar(&n.Name, "user", "", "this person's")
	f.StringVar(&n.Repo, "repo", "", "bound to this repository by its name, or its deploy tokens")
	f.StringVar(&n.Group, "group", "", "bound to this group of repositories by its name, or its deploy tokens")
	f.StringVar(&n.Before, "before", "", "made before a date, a time, or so long ago (90d)")
	f.StringVar(&n.MadeBy, "made-by", "", "made by the token with this id")
}

func (a *app) tokenList() *cobra.Command {
	var n operate.WhichTokens
	c := &cobra.Command{Use: "list", Short: "Tokens, without their secrets", Args: exactly(0),
		Long:    "List shows tokens, newest first; those that have ended stay in it for a year. Flags narrow it together.",
		Example: "  jeton token list --user ada\n  jeton token list --repo team/app --state live",
		RunE: func(cmd *cobra.Command, _ []string) error {
			return call(a, cmd, "token.list", n, printTokens)
		}}
	whichFlags(c, &n)
	c.Flags().StringVar(&n.Kind, "kind", "", "api, feed, vcs or web")
	c.Flags().StringVar(&n.State, "state", "", "live, expired, revoked, rotated or decoy")
	return c
}

func printTokens(w io.Writer, list []operate.Token) {
	var rows [][]string
	for _, t := range list {
		used := "never"
		if t.LastUsedAt != nil {
			used = t.LastUsedAt.Format(time.DateOnly)
		}
		rows = append(rows, []string{t.ID, t.Owner(), t.Kind, t.Access, t.State, until(t.ExpiresAt), used, t.Label})
	}
	table(w, "ID OWNER KIND ACCESS STATE ENDS USED LABEL", rows)
}

func (a *app) tokenShow() *cobra.Command {
	return &cobra.Command{Use: "show ID", Short: "One token, without its secret", Args: exactly(1), Example: "  jeton token show ID --json",
		RunE: func(cmd *cobra.Command, args []string) error {
			return call(a, cmd, "token.show", operate.Named{Name: args[0]}, printToken)
		}}
}

func printToken(w io.Writer, t operate.Token) {
	fmt.Fprintf(w, "%s: %s token %s of %s for %q, %s, %s; %s; used %d times\n", t.ID, t.Kind, t.Hint, t.Owner(), t.Label, t.Access, t.State, until(t.ExpiresAt), t.Uses)
	line := func(is bool, words string, what ...string) {
		if is {
			fmt.Fprintln(w, strings.TrimSpace(words+" "+strings.Join(what, ", ")))
		}
	}
	line(t.Bound, "only for", append(t.Repositories, t.Groups...)...)
	line(len(t.Refs) > 0, "pushes only to", t.Refs...)
	line(t.FastForwardOnly, "forces no push")
	line(t.NoDelete, "deletes no ref")
	line(len(t.Rights) > 0, "with the rights", t.Rights...)
	line(len(t.Networks) > 0, "only from", t.Networks...)
	line(true, "made "+t.CreatedAt.Format(time.RFC3339)+" by "+t.CreatedBy)
	line(t.CreatedFrom != "", "made from", t.CreatedFrom)
	line(t.CreatedByToken != "", "made by the token", t.CreatedByToken)
	line(t.Line != t.ID, "in branch rules it is", t.Line)
	if t.Successor != "" {
		line(true, "rotated to "+t.Successor+", itself "+until(t.OverlapEnds))
	}
	if t.RevokedAt != nil {
		line(true, "revoked "+t.RevokedAt.Format(time.RFC3339)+": "+t.RevokedBy)
	}
	if t.LastUsedAt != nil {
		line(true, strings.TrimSpace("last used "+t.LastUsedAt.Format(time.RFC3339)+" for "+t.LastUsedDoor+" "+t.LastUsedFrom))
	}
	line(len(t.Made) > 0, "made the live tokens", t.Made...)
}

func (a *app) tokenRotate() *cobra.Command {
	var n operate.RotateToken
	c := &cobra.Command{Use: "rotate ID", Short: "Make a token's successor; it is printed once", Args: exactly(1),
		Long: "Rotate makes a token with the same fields and as long a life, and prints it. The old one works on for the overlap. Branch rules that name\n" +
			"it hold for the successor. With a key, asking again within the overlap prints the same successor.",
		Example: "  jeton token rotate ID --overlap 2d\n  jeton token rotate ID --key \"$JOB_ID\"",
		RunE: func(cmd *cobra.Command, args []string) error {
			n.ID = args[0]
			return call(a, cmd, "token.rotate", n, printSecret(cmd))
		}}
	c.Flags().StringVar(&n.Overlap, "overlap", "1h", "how long the old one works on, such as 30m or 2d; 0: not at all")
	c.Flags().StringVar(&n.Key, "key", "", "makes it safe to ask again: any text that is new for each rotation")
	return c
}

func (a *app) tokenRevoke() *cobra.Command {
	var yes, withMade bool
	c := &cobra.Command{Use: "revoke ID", Short: "End a token, from the next request on", Args: exactly(1),
		Example: "  jeton token revoke ID --yes\n  jeton token revoke ID --with-made --yes",
		RunE: func(cmd *cobra.Command, args []string) error {
			question, n := "This ends the token "+args[0], operate.Named{Name: args[0]}
			if withMade {
				question += " and all that it made"
			}
			if err := confirm(cmd, yes, question); err != nil {
				return err
			}
			if withMade {
				return call(a, cmd, "token.revoke-with-made", n, printTokens)
			}
			return call(a, cmd, "token.revoke", n, func(w io.Writer, t operate.Token) {
				fmt.Fprintf(w, "Done: token.revoke %s.\n", t.ID)
				if t.Successor != "" {
					fmt.Fprintf(w, "It was rotated, and its successor is another token, which whoever had this one may have fetched. To end it too: jeton token revoke %s\n", t.Successor)
				}
				if len(t.Made) > 0 {
					fmt.Fprintf(w, "It made tokens that live on: %s. To end them too: jeton token revoke %s --with-made\n", strings.Join(t.Made, ", "), t.ID)
				}
			})
		}}
	c.Flags().BoolVar(&yes, "yes", false, "do not ask")
	c.Flags().BoolVar(&withMade, "with-made", false, "end what it made too, and what that made, and so on")
	return c
}

func (a *app) tokenRevokeAll() *cobra.Command {
	var n operate.WhichTokens
	var yes bool
	c := &cobra.Command{Use: "revoke-all", Short: "End many tokens at once", Args: exactly(0),
		Long:    "Revoke-all ends the live tokens for which all that is given holds, and lists them. Tokens that reach a repository as all their owner's, or\nthrough a group, are not bound to it by its name.",
		Example: "  jeton token revoke-all --user ada --yes\n  jeton token revoke-all --repo team/app --before 2027-01-31 --yes\n  jeton token revoke-all --made-by ID --yes",
		RunE: func(cmd *cobra.Command, _ []string) error {
			return a.with(cmd, func(c control.Caller) error {
				var list []operate.Token
				if err := c.Call(cmd.Context(), "token.which", n, &list); err != nil {
					return err
				}
				if len(list) > 0 {
					if err := confirm(cmd, yes, fmt.Sprintf("This ends %d tokens", len(list))); err != nil {
						return err
					}
					if err := c.Call(cmd.Context(), "token.revoke-all", n, &list); err != nil {
						return err
					}
				}
				return a.print(cmd.OutOrStdout(), list, func(w io.Writer) { printTokens(w, list) })
			})
		}}
	whichFlags(c, &n)
	c.Flags().BoolVar(&yes, "yes", false, "do not ask")
	return c
}
