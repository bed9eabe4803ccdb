package command

import (
	"bufio"
	"fmt"
	"io"
	"strings"

	"github.com/spf13/cobra"

	"jeton/auth/token"
	"jeton/cmd/jeton/control"
	"jeton/cmd/jeton/operate"
)

func (a *app) tokenExplain() *cobra.Command {
	var n operate.Explain
	c := &cobra.Command{Use: "explain ID|TOKEN|-", Short: "What a token may do now, and why not", Args: exactly(1),
		Long: "What a token may do now, check by check, in the order of the server. It is named by its id or by its text; - reads that from\n" +
			"standard input, so that it stays out of the shell's history. Nothing is counted as a use, and nobody is alarmed.",
		Example: "  jeton token explain ID --repo team/app --write --from 192.0.2.7\n  jeton token explain - < token.txt",
		RunE: func(cmd *cobra.Command, args []string) (err error) {
			switch n.Token = args[0]; {
			case n.Token == "-":
				if n.Token, err = firstLine(cmd.InOrStdin()); err != nil {
					return err
				}
			case token.Looks(n.Token):
				fmt.Fprintln(cmd.ErrOrStderr(), "The text of the token is in your shell's history now; name it by its id, or use - and standard input.")
			}
			return call(a, cmd, "token.explain", n, func(w io.Writer, e operate.Explanation) {
				var rows [][]string
				for _, c := range e.Checks {
					rows = append(rows, []string{c.Name, words(c.OK, "yes", "no"), c.Why})
				}
				table(w, "CHECK ANSWER WHY", rows)
				fmt.Fprintln(w, words(e.Allowed, "It is let in.", "It is refused."))
			})
		}}
	f := c.Flags()
	f.StringVar(&n.Repo, "repo", "", "the repository that it would open")
	f.StringVar(&n.View, "view", "", "the view that a web token would open")
	f.StringVar(&n.From, "from", "", "the client's address")
	f.BoolVar(&n.Write, "write", false, "it would write, not only read")
	return c
}

// firstLine reads one line, of a length that a token or an id can have.
func firstLine(r io.Reader) (string, error) {
	line, err := bufio.NewReader(io.LimitReader(r, 1000)).ReadString('\n')
	if err != nil && err != io.EOF {
		return "", fmt.Errorf("read standard input: %w", err)
	}
	if line = strings.TrimRight(line, "\r\n"); line == "" {
		return "", control.Fail(control.Invalid, "standard input holds no token and no id")
	}
	return line, nil
}
