package command

import (
	"fmt"
	"io"
	"os"
	"strings"

	"github.com/spf13/cobra"

	"jeton/cmd/jeton/control"
	"jeton/cmd/jeton/operate"
)

func (a *app) keys() *cobra.Command {
	return group("key", "SSH keys of people, and deploy keys of repositories",
		"  jeton key add --user ada --label laptop ~/.ssh/id_ed25519.pub\n  jeton key add --repo team/app --access read --label ci ci.pub\n  jeton key list",
		a.keyAdd(), a.keyList(), a.change("key", "remove ID", "Take a key out, from its next command on", "key.remove", "This takes out the key"))
}

func (a *app) keyAdd() *cobra.Command {
	var n operate.NewKey
	c := &cobra.Command{Use: "add FILE", Short: "Let a public key sign somebody in, or open one repository; - reads standard input", Args: exactly(1),
		Example: "  jeton key add --user ada --label laptop ~/.ssh/id_ed25519.pub\n  jeton key add --repo team/app --access write --label release release.pub",
		RunE: func(cmd *cobra.Command, args []string) error {
			var err error
			if n.Line, err = keyLine(cmd, args[0]); err != nil {
				return err
			}
			return call(a, cmd, "key.add", n, func(w io.Writer, k operate.Key) { fmt.Fprintf(w, "Added %s for %s.\n", k.Fingerprint, k.Owner()) })
		}}
	f := c.Flags()
	f.StringVar(&n.User, "user", "", "whose it is")
	f.StringVar(&n.Repository, "repo", "", "make it a deploy key: it belongs to nobody and opens this repository alone")
	f.StringVar(&n.Access, "access", "", "what a deploy key may do: read or write (default: read)")
	f.StringVar(&n.Label, "label", "", "what it is for (default: the key's comment)")
	return c
}

// keyLine reads a public key from a file, or from standard input for "-".
func keyLine(cmd *cobra.Command, path string) (string, error) {
	in := cmd.InOrStdin()
	if path != "-" {
		f, err := os.Open(path)
		if err != nil {
			return "", control.Fail(control.Invalid, "read the key: %v", err)
		}
		defer func() { _ = f.Close() }()
		in = f
	}
	line, err := io.ReadAll(io.LimitReader(in, maxLine))
	if err != nil {
		return "", fmt.Errorf("read the key: %w", err)
	}
	return strings.TrimSpace(string(line)), nil
}

func (a *app) keyList() *cobra.Command {
	var of operate.KeysOf
	c := &cobra.Command{Use: "list", Short: "SSH keys", Args: exactly(0), Example: "  jeton key list --user ada\n  jeton key list --repo team/app",
		RunE: func(cmd *cobra.Command, _ []string) error {
			return call(a, cmd, "key.list", of, func(w io.Writer, list []operate.Key) {
				var rows [][]string
				for _, k := range list {
					rows = append(rows, []string{k.ID, k.Owner(), k.Fingerprint, k.Label})
				}
				table(w, "ID OWNER FINGERPRINT LABEL", rows)
			})
		}}
	c.Flags().StringVar(&of.User, "user", "", "only this person's")
	c.Flags().StringVar(&of.Repository, "repo", "", "only the deploy keys of this repository")
	return c
}
