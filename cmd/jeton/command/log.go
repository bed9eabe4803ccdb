package command

import (
	"fmt"
	"io"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"jeton/cmd/jeton/operate"
	"jeton/vcs/wire"
)

func (a *app) repoLog() *cobra.Command {
	var l operate.Log
	c := &cobra.Command{Use: "log PATH", Short: "The pushes that a repository has taken, newest first", Args: exactly(1),
		Long: "Lists the journal of pushes: when, by whom and with which credential, which refs moved from where to where, and what was said\n" +
			"along with it. Who signed a push is as the certificate names it: whoever has the key can check it, from --json. Pushes are\n" +
			"kept for journal.keep. What comes before the last push that is shown, --before its id lists.",
		Example: "  jeton repo log team/app\n  jeton repo log team/app --limit 100 --json\n  jeton repo log team/app --before ID",
		RunE: func(cmd *cobra.Command, args []string) error {
			l.Path = args[0]
			return call(a, cmd, "repo.log", l, func(w io.Writer, list []operate.Push) {
				for _, p := range list {
					showPush(w, p)
				}
				if len(list) == 0 {
					fmt.Fprintln(w, "No push is in the journal.")
				}
			})
		}}
	c.Flags().IntVar(&l.Limit, "limit", 20, "how many, 1000 at most")
	c.Flags().StringVar(&l.Before, "before", "", "the id of a push, of which those before are listed")
	return c
}

// showPush prints a push in some lines. What a client has sent is escaped: it must not command the terminal.
func showPush(w io.Writer, p operate.Push) {
	line := func(name, value string) { fmt.Fprintf(w, "    %-12s %s\n", name, wire.Escape(value)) }
	fmt.Fprintf(w, "%s  %s\n", p.At.UTC().Format(time.RFC3339), p.ID)
	who := p.User
	if p.Credential != "" {
		who += " with " + p.Credential
	}
	line("by", who)
	for _, m := range p.Refs {
		line("ref", movement(m))
	}
	if p.EndedAt == nil {
		line("state", "not ended yet")
	}
	for _, o := range p.Options {
		line("option", o)
	}
	if p.SignedBy != "" {
		line("signed by", p.SignedBy+" (nonce "+p.NonceStatus+")")
	}
	for _, n := range p.Notes {
		line("note", n)
	}
	fmt.Fprintln(w)
}

// movement is a ref's move in one line, with ids as short as people know them.
func movement(m operate.Moved) string {
	text := m.Ref
	switch {
	case m.To != "":
		text += " to " + m.To
	case zeros(m.Old):
		text += " new " + brief(m.New)
	case zeros(m.New):
		text += " deleted " + brief(m.Old)
	default:
		text += " " + brief(m.Old) + ".." + brief(m.New)
	}
	if m.Error != "" {
		text += " failed: " + m.Error
	}
	return text
}

// zeros reports whether an id stands for nothing.
func zeros(id string) bool { return strings.Trim(id, "0") == "" }

// brief is the beginning of an id that tells it from others for people.
func brief(id string) string { return id[:min(len(id), 12)] }
