package command

import (
	"errors"
	"fmt"
	"io"

	"github.com/spf13/cobra"

	"jeton/cmd/jeton/control"
	"jeton/cmd/jeton/wire"
	"jeton/db"
)

// database is `jeton db`.
func (a *app) database() *cobra.Command {
	var to string
	cp := &cobra.Command{Use: "copy", Short: "Copy the database of a data folder into an empty one on a PostgreSQL server", Args: exactly(0),
		Long: "Copy the database of a data folder, which no server may be using, into an empty one on a PostgreSQL server, and compare both row for row.\n" +
			"All is copied, or nothing. The server uses the copy once db.url names it; the file jeton.db is left as it was. See docs/postgresql.md.",
		Example: "  JETON_DB_URL=postgres://jeton:PASSWORD@db.example.com/jeton jeton db copy --data /srv/jeton\n  jeton db copy --to postgres://jeton@db.example.com/jeton",
		RunE: func(cmd *cobra.Command, _ []string) error {
			set, err := a.load(cmd)
			if err != nil {
				return err
			}
			if to == "" {
				to = set.Text("db.url")
			}
			if to == "" {
				return control.Fail(control.Invalid, "where to? Set db.url, or give --to postgres://USER:PASSWORD@HOST/DATABASE")
			}
			rows, err := wire.CopyDatabase(cmd.Context(), a.data, to)
			if errors.Is(err, db.ErrNotEmpty) {
				return control.Fail(control.Taken, "there are people in that database already; give an empty one")
			}
			if err != nil {
				return err
			}
			return a.print(cmd.OutOrStdout(), map[string]int64{"rows": rows}, func(w io.Writer) {
				fmt.Fprintf(w, "Copied and compared %d rows. Set db.url, and start the server.\n", rows)
			})
		}}
	cp.Flags().StringVar(&to, "to", "", "address of the PostgreSQL database; empty: db.url")
	return group("db", "Move to a PostgreSQL database", "  jeton db copy --data /srv/jeton --to postgres://jeton@db.example.com/jeton", cp)
}
