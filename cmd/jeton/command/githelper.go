package command

import (
	"errors"
	"fmt"
	"io"
	"os"
	"time"

	"github.com/spf13/cobra"
	"golang.org/x/term"

	"jeton/cmd/jeton/control"
	"jeton/cmd/jeton/credential"
	"jeton/cmd/jeton/secretfile"
	"jeton/vcs/wire"
)

// gitHelper is the credential helper of git, and what people do with its tokens. It works on the client's machine and
// needs no data folder.
func (a *app) gitHelper() *cobra.Command {
	file := ""
	helper := func(cmd *cobra.Command) (*credential.Helper, error) {
		path := file
		if path == "" {
			var err error
			if path, err = credential.DefaultPath(); err != nil {
				return nil, err
			}
		}
		return credential.New(credential.File{Path: path}, cmd.ErrOrStderr()), nil
	}
	c := group("credential", "Keep vcs tokens for git, and renew them where they were rotated",
		"  jeton credential install https://code.example.com\n  jeton credential add https://code.example.com\n  jeton credential list")
	c.Long = "A credential helper of git (gitcredentials(7)): it keeps one vcs token for each server and person in a file that only its\n" +
		"owner can read, fetches a rotated token's successor by itself, and tells git when a token ends. See docs/credential-helper.md."
	usual := c.RunE
	c.RunE = func(cmd *cobra.Command, args []string) error {
		// git may ask for operations of its later versions, and wants them passed over in silence.
		if in, ok := cmd.InOrStdin().(*os.File); len(args) == 1 && (!ok || !term.IsTerminal(int(in.Fd()))) {
			return nil
		}
		return usual(cmd, args)
	}
	c.PersistentFlags().StringVar(&file, "file", "", "where tokens are kept (default: jeton/credentials.json in the folder for settings)")
	for _, op := range []struct {
		use, short string
		run        func(h *credential.Helper, cmd *cobra.Command) error
	}{
		{"get", "For git: answer with the token for a server", func(h *credential.Helper, cmd *cobra.Command) error {
			return h.Get(cmd.Context(), cmd.InOrStdin(), cmd.OutOrStdout())
		}},
		{"store", "For git: keep a token that has worked", func(h *credential.Helper, cmd *cobra.Command) error {
			return h.Store(cmd.Context(), cmd.InOrStdin())
		}},
		{"erase", "For git: forget a token that was refused", func(h *credential.Helper, cmd *cobra.Command) error {
			return h.Erase(cmd.Context(), cmd.InOrStdin())
		}},
	} {
		c.AddCommand(&cobra.Command{Use: op.use, Short: op.short, Args: exactly(0),
			Example: "  printf 'protocol=https\\nhost=code.example.com\\n' | jeton credential " + op.use,
			RunE: func(cmd *cobra.Command, _ []string) error {
				h, err := helper(cmd)
				if err != nil {
					return err
				}
				return spelled(op.run(h, cmd))
			}})
	}
	c.AddCommand(a.credentialAdd(helper), a.credentialList(helper), credentialRemove(helper), credentialInstall(&file))
	return c
}

// spelled gives errors of the helper their codes.
func spelled(err error) error {
	var ended *credential.Ended
	switch {
	case errors.Is(err, credential.ErrBadDescription), errors.Is(err, credential.ErrNotVCS):
		return control.Fail(control.Invalid, "%v", err)
	case errors.Is(err, credential.ErrNotKept):
		return control.Fail(control.NotFound, "%v", err)
	case errors.Is(err, credential.ErrPlainHTTP), errors.Is(err, secretfile.ErrOpenToOthers), errors.As(err, &ended):
		return control.Fail(control.Refused, "%v", err)
	}
	return err
}

// helperOf opens the helper that the flags name.
type helperOf func(cmd *cobra.Command) (*credential.Helper, error)

func (a *app) credentialAdd(open helperOf) *cobra.Command {
	var k credential.Kept
	c := &cobra.Command{Use: "add SERVER", Short: "Keep a vcs token for a server; it is read from standard input", Args: exactly(1),
		Example: "  jeton credential add https://code.example.com\n  jeton credential add http://127.0.0.1:8418 < token",
		RunE: func(cmd *cobra.Command, args []string) error {
			h, err := open(cmd)
			if err != nil {
				return err
			}
			k.Server = args[0]
			if k.Token, err = secret(cmd); err != nil {
				return err
			}
			kept, err := h.Add(cmd.Context(), k)
			if err != nil {
				return spelled(err)
			}
			fmt.Fprintf(cmd.OutOrStdout(), "Kept %s for %s, %s.\n", kept.Hint(), kept.Server, until(kept.Expires))
			return nil
		}}
	c.Flags().BoolVar(&k.PlainHTTP, "plain-http", false, "send the token without TLS to a server that is not this machine")
	return c
}

// secret reads a token: a line of standard input, which a terminal does not show.
func secret(cmd *cobra.Command) (string, error) {
	in, ok := cmd.InOrStdin().(*os.File)
	if !ok || !term.IsTerminal(int(in.Fd())) {
		return password(cmd, true)
	}
	fmt.Fprint(cmd.ErrOrStderr(), "Token: ")
	b, err := term.ReadPassword(int(in.Fd()))
	fmt.Fprintln(cmd.ErrOrStderr())
	return string(b), err
}

// keptToken is a token as it is listed.
type keptToken struct {
	Server  string     `json:"server"`
	User    string     `json:"user"`
	Hint    string     `json:"hint"`
	Expires *time.Time `json:"expires"`
}

func (a *app) credentialList(open helperOf) *cobra.Command {
	return &cobra.Command{Use: "list", Short: "The tokens that are kept, without their secrets", Args: exactly(0), Example: "  jeton credential list --json",
		RunE: func(cmd *cobra.Command, _ []string) error {
			h, err := open(cmd)
			if err != nil {
				return err
			}
			all, err := h.List()
			if err != nil {
				return spelled(err)
			}
			list := []keptToken{}
			var rows [][]string
			for _, k := range all {
				list = append(list, keptToken{k.Server, k.User, k.Hint(), k.Expires})
				rows = append(rows, []string{wire.Escape(k.Server), wire.Escape(k.User), k.Hint(), until(k.Expires)})
			}
			return a.print(cmd.OutOrStdout(), list, func(w io.Writer) { table(w, "SERVER USER TOKEN ENDS", rows) })
		}}
}

func credentialRemove(open helperOf) *cobra.Command {
	user := ""
	c := &cobra.Command{Use: "remove SERVER", Short: "Forget the tokens for a server; they go on to work until they are revoked there", Args: exactly(1),
		Example: "  jeton credential remove https://code.example.com",
		RunE: func(cmd *cobra.Command, args []string) error {
			h, err := open(cmd)
			if err != nil {
				return err
			}
			n, err := h.Remove(args[0], user)
			if err != nil {
				return spelled(err)
			}
			fmt.Fprintf(cmd.OutOrStdout(), "Forgot %d.\n", n)
			return nil
		}}
	c.Flags().StringVar(&user, "user", "", "only this person's")
	return c
}

func credentialInstall(file *string) *cobra.Command {
	scope := ""
	c := &cobra.Command{Use: "install SERVER", Short: "Tell git to ask this program for the credentials of a server", Args: exactly(1),
		Long: "Writes credential.SERVER.helper into git's settings, with an empty value before it, so that helpers which were set for all\n" +
			"servers are not asked for this one and do not keep its tokens.",
		Example: "  jeton credential install https://code.example.com\n  jeton credential install --scope local http://127.0.0.1:8418",
		RunE: func(cmd *cobra.Command, args []string) error {
			program, err := os.Executable()
			if err != nil {
				return fmt.Errorf("find this program: %w", err)
			}
			if err := credential.Install(cmd.Context(), credential.Scope(scope), args[0], program, *file); err != nil {
				return err
			}
			fmt.Fprintf(cmd.OutOrStdout(), "git asks this program for the credentials of %s. Keep a token with: jeton credential add %s\n", args[0], args[0])
			return nil
		}}
	c.Flags().StringVar(&scope, "scope", "global", "which of git's files: global, local or system")
	return c
}
