package command

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"
	"text/tabwriter"

	"github.com/spf13/cobra"
	"golang.org/x/term"

	"jeton/cmd/jeton/control"
)

// confirm asks before something is destroyed: --yes answers, or a person at a terminal; nobody else.
func confirm(cmd *cobra.Command, yes bool, what string) error {
	if yes {
		return nil
	}
	in, ok := cmd.InOrStdin().(*os.File)
	if !ok || !term.IsTerminal(int(in.Fd())) {
		return control.Fail(control.Refused, "%s: say --yes", what)
	}
	fmt.Fprintf(cmd.ErrOrStderr(), "%s? Type yes: ", what)
	answer, err := bufio.NewReader(in).ReadString('\n')
	if err != nil || strings.TrimSpace(answer) != "yes" {
		return control.Fail(control.Refused, "not confirmed; nothing was changed")
	}
	return nil
}

// maxLine bounds a password or a key on standard input, in bytes.
const maxLine = 64 << 10

// password reads a password: a line of standard input, or from a person at a terminal; "" where there is neither.
func password(cmd *cobra.Command, stdin bool) (string, error) {
	if stdin {
		line, err := bufio.NewReader(io.LimitReader(cmd.InOrStdin(), maxLine)).ReadString('\n')
		if err != nil && !errors.Is(err, io.EOF) {
			return "", fmt.Errorf("read the password: %w", err)
		}
		return strings.TrimSuffix(strings.TrimSuffix(line, "\n"), "\r"), nil
	}
	in, ok := cmd.InOrStdin().(*os.File)
	if !ok || !term.IsTerminal(int(in.Fd())) {
		return "", nil
	}
	var typed [2]string
	for i, prompt := range []string{"Password (empty for none): ", "Once more: "} {
		fmt.Fprint(cmd.ErrOrStderr(), prompt)
		b, err := term.ReadPassword(int(in.Fd()))
		fmt.Fprintln(cmd.ErrOrStderr())
		if err != nil {
			return "", fmt.Errorf("read the password: %w", err)
		}
		typed[i] = string(b)
	}
	if typed[0] != typed[1] {
		return "", control.Fail(control.Invalid, "the two are not the same; nothing was changed")
	}
	return typed[0], nil
}

// table writes rows in columns.
func table(w io.Writer, head string, rows [][]string) {
	t := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	fmt.Fprintln(t, strings.ReplaceAll(head, " ", "\t"))
	for _, r := range rows {
		fmt.Fprintln(t, strings.Join(r, "\t"))
	}
	_ = t.Flush() // what cannot be printed cannot be complained about either
}

// words picks a word by a condition.
func words(is bool, yes, no string) string {
	if is {
		return yes
	}
	return no
}

// exactly wants n arguments, with words for what was wrong.
func exactly(n int) cobra.PositionalArgs {
	return func(cmd *cobra.Command, args []string) error {
		if len(args) != n {
			return control.Fail(control.Invalid, "usage: %s", cmd.UseLine())
		}
		return nil
	}
}

// group is a command that only holds others; an unknown word below it is an error.
func group(use, short, example string, sub ...*cobra.Command) *cobra.Command {
	c := &cobra.Command{Use: use, Short: short, Example: example, RunE: func(cmd *cobra.Command, args []string) error {
		if len(args) > 0 {
			return control.Fail(control.Invalid, "there is no command %q; see %s --help", strings.Join(append([]string{cmd.CommandPath()}, args[0]), " "), cmd.CommandPath())
		}
		return cmd.Help()
	}}
	c.AddCommand(sub...)
	return c
}
