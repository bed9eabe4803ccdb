package command

import (
	"fmt"
	"io"
	"strings"

	"github.com/spf13/cobra"

	"jeton/cmd/jeton/control"
	"jeton/cmd/jeton/operate"
)

func (a *app) views() *cobra.Command {
	return group("views", "Which views web tokens open: archives, diffs, patches, raw files …", "  jeton views add archive diff\n  jeton views list",
		a.viewsList(),
		a.viewsChange("set", "Open these views and no others, by Jeton's names or RhodeCode's",
			"  jeton views set archive diff patch\n  jeton views set 'ChangesetController:*, FilesController:archivefile'\n  jeton views set ''   # none"),
		a.viewsChange("add", "Open more views; NAME@ID opens one for a token alone, '!NAME' keeps one closed",
			"  jeton views add raw\n  jeton views add archive@k3v7r6ypkrc5pn2gyw5hp4x2aa"),
		a.viewsChange("remove", "Take entries off the list", "  jeton views remove raw"),
		a.viewsReset())
}

func (a *app) viewsList() *cobra.Command {
	return &cobra.Command{Use: "list", Short: "The views, which of them are open, and where that was laid down", Args: exactly(0), Example: "  jeton views list",
		RunE: func(cmd *cobra.Command, _ []string) error {
			return call(a, cmd, "views.list", operate.Nothing{}, showViews)
		}}
}

// viewsChange is a command that changes the list, at once and on every node.
func (a *app) viewsChange(verb, short, example string) *cobra.Command {
	return &cobra.Command{Use: verb + " ENTRY…", Short: short, Example: example, Args: cobra.ArbitraryArgs,
		Long: "The change is in force when the command returns, and holds in place of the setting web.token_views until `jeton views reset`.",
		RunE: func(cmd *cobra.Command, args []string) error {
			if len(args) == 0 {
				return control.Fail(control.Invalid, "usage: %s", cmd.UseLine())
			}
			return call(a, cmd, "views."+verb, operate.ViewEntries{Entries: args}, showViews)
		}}
}

func (a *app) viewsReset() *cobra.Command {
	return &cobra.Command{Use: "reset", Short: "Follow the setting web.token_views again", Args: exactly(0), Example: "  jeton views reset",
		RunE: func(cmd *cobra.Command, _ []string) error {
			return call(a, cmd, "views.reset", operate.Nothing{}, showViews)
		}}
}

func showViews(w io.Writer, v operate.Views) {
	var rows [][]string
	for _, view := range v.Views {
		rows = append(rows, []string{view.Name, words(view.Open, "open", "closed")})
	}
	table(w, "VIEW WEB-TOKENS", rows)
	fmt.Fprintf(w, "Entries: %s\nFrom: %s\n", words(len(v.Entries) > 0, strings.Join(v.Entries, ", "), "none"), v.Source)
	for _, warning := range v.Warnings {
		fmt.Fprintf(w, "Note: %s.\n", warning)
	}
}
