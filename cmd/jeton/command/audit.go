package command

import (
	"context"
	"fmt"
	"io"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"jeton/auth/audit"
	"jeton/cmd/jeton/control"
	"jeton/cmd/jeton/operate"
	"jeton/vcs/wire"
)

func (a *app) auditRecord() *cobra.Command {
	return group("audit", "The record of who did, and tried, what with which credential",
		"  jeton audit log --user ada --since 7d\n  jeton audit verify\n  jeton audit head >> /another/machine/heads", a.auditLog(), a.auditExport(), a.auditVerify(), a.auditHead())
}

// about are the flags that say which entries are meant.
type about struct {
	operate.AuditQuery
	since, until string
}

func (q *about) declare(c *cobra.Command) {
	f := c.Flags()
	f.StringVar(&q.User, "user", "", "who: a user name, or an id")
	f.StringVar(&q.Action, "action", "", "what, such as token.mint; token.* for all that begin so")
	f.StringVar(&q.Resource, "resource", "", "about what: a path, a user name, an id; team/* for all that begin so")
	f.StringVar(&q.Outcome, "outcome", "", "how it ended: done, or the code of a refusal such as expired")
	f.StringVar(&q.Credential, "credential", "", "with what, such as token:ID")
	f.StringVar(&q.Address, "address", "", "from which address")
	f.StringVar(&q.since, "since", "", "not before: a date, a time as 2026-11-25T12:00:00Z, or how long ago: 12h, 7d")
	f.StringVar(&q.until, "until", "", "before: likewise")
}

// read reads the times.
func (q *about) read(now time.Time) (err error) {
	if q.Since, err = moment(q.since, now); err != nil {
		return err
	}
	q.Until, err = moment(q.until, now)
	return err
}

// moment reads a time as people give one; nil for "".
func moment(s string, now time.Time) (*time.Time, error) {
	if s == "" {
		return nil, nil
	}
	for _, layout := range []string{time.RFC3339, time.DateOnly} {
		if t, err := time.Parse(layout, s); err == nil {
			return &t, nil
		}
	}
	days, ok := strings.CutSuffix(s, "d")
	text, unit := s, time.Duration(1)
	if ok {
		text, unit = days+"h", 24
	}
	d, err := time.ParseDuration(text)
	if err != nil || d < 0 || d > time.Duration(1<<62)/unit {
		return nil, control.Fail(control.Invalid, "%q is no time: a date, a time as 2026-11-25T12:00:00Z, or how long ago, such as 12h or 7d", s)
	}
	t := now.Add(-d * unit)
	return &t, nil
}

func (a *app) auditLog() *cobra.Command {
	var q about
	c := &cobra.Command{Use: "log", Short: "Entries, the youngest first", Args: exactly(0),
		Example: "  jeton audit log --action 'token.*' --since 7d\n  jeton audit log --resource team/app --limit 200 --json\n  jeton audit log --before 1234",
		RunE: func(cmd *cobra.Command, _ []string) error {
			if err := q.read(time.Now()); err != nil {
				return err
			}
			return call(a, cmd, "audit.list", q.AuditQuery, func(w io.Writer, list []audit.Entry) {
				for _, e := range list {
					showEntry(w, e)
				}
				if len(list) == 0 {
					fmt.Fprintln(w, "No entry is like that.")
				}
			})
		}}
	q.declare(c)
	c.Flags().IntVar(&q.Limit, "limit", 50, "how many, 1000 at most")
	c.Flags().Int64Var(&q.Before, "before", 0, "the number of an entry, of which those before are listed")
	return c
}

// showEntry prints an entry. What a client has sent is escaped: it must not command the terminal.
func showEntry(w io.Writer, e audit.Entry) {
	who := e.User
	if who == "" {
		who = "-"
	}
	for _, part := range []struct{ word, text string }{{" with ", e.Credential}, {" from ", e.Address}} {
		if part.text != "" {
			who += part.word + part.text
		}
	}
	fmt.Fprintf(w, "%d  %s  %s  %s  %s  (%s)\n", e.Seq, e.At.UTC().Format(time.RFC3339), wire.Escape(e.Action), wire.Escape(e.Resource), wire.Escape(e.Outcome), wire.Escape(who))
	for line := range strings.SplitSeq(e.Detail, "\n") {
		if line != "" {
			fmt.Fprintf(w, "        %s\n", wire.Escape(line))
		}
	}
}

func (a *app) auditExport() *cobra.Command {
	var q about
	format := ""
	c := &cobra.Command{Use: "export", Short: "Entries as JSON lines or CSV on standard output, the oldest first", Args: exactly(0),
		Long: "Writes all entries that the flags name, one a line. JSON holds everything that the chain's hashes are made of\n" +
			"(docs/audit.md); CSV is for spreadsheets, and has an apostrophe before what they would take for a formula.",
		Example: "  jeton audit export > audit.jsonl\n  jeton audit export --format csv --since 2026-01-01 --until 2026-02-01 > january.csv",
		RunE: func(cmd *cobra.Command, _ []string) error {
			if err := q.read(time.Now()); err != nil {
				return err
			}
			if format != "jsonl" && format != "csv" {
				return control.Fail(control.Invalid, "there is no format %q: jsonl or csv", format)
			}
			return a.with(cmd, func(c control.Caller) error {
				return export(cmd.Context(), c, cmd.OutOrStdout(), q.AuditQuery, format == "csv")
			})
		}}
	q.declare(c)
	c.Flags().StringVar(&format, "format", "jsonl", "jsonl or csv")
	return c
}

// export writes entries page by page.
func export(ctx context.Context, c control.Caller, w io.Writer, q operate.AuditQuery, csv bool) error {
	write := audit.WriteJSON
	if csv {
		write = audit.WriteCSV
		if err := audit.WriteCSVHead(w); err != nil {
			return err
		}
	}
	after := int64(0)
	q.Limit, q.After = 500, &after
	for {
		var list []audit.Entry
		if err := c.Call(ctx, "audit.list", q, &list); err != nil {
			return err
		}
		if err := write(w, list); err != nil {
			return fmt.Errorf("write the export: %w", err)
		}
		if len(list) < q.Limit {
			return nil
		}
		after = list[len(list)-1].Seq
	}
}

func (a *app) auditVerify() *cobra.Command {
	var k operate.KeptHead
	c := &cobra.Command{Use: "verify", Short: "Find out whether entries were removed or changed", Args: exactly(0),
		Long: "Reads the whole record and names the first entry that does not fit (exit code 5). That entries at its end are missing\n" +
			"shows only with --head, a head that `jeton audit head` printed earlier and that was kept on another machine.",
		Example: "  jeton audit verify\n  jeton audit verify --head 1234:5f0c…",
		RunE: func(cmd *cobra.Command, _ []string) error {
			return call(a, cmd, "audit.verify", k, func(w io.Writer, v operate.Verified) {
				fmt.Fprintf(w, "%d entries, from %d on, fit together", v.Entries, v.First)
				if v.Older > 0 {
					fmt.Fprintf(w, ", and so do %d that are older than the chain", v.Older)
				}
				fmt.Fprintf(w, ".\nhead %s\n", v.Head)
			})
		}}
	c.Flags().StringVar(&k.Head, "head", "", "a head that was kept elsewhere")
	return c
}

func (a *app) auditHead() *cobra.Command {
	return &cobra.Command{Use: "head", Short: "Print the number and hash of the last entry, to be kept elsewhere", Args: exactly(0),
		Example: "  jeton audit head >> /another/machine/heads",
		RunE: func(cmd *cobra.Command, _ []string) error {
			return call(a, cmd, "audit.head", operate.Nothing{}, func(w io.Writer, h operate.Head) { fmt.Fprintln(w, h.Head) })
		}}
}

func (a *app) notices() *cobra.Command {
	return group("notice", "Mail and web hooks that tell of alarms", "  jeton notice test",
		&cobra.Command{Use: "test", Short: "Send one notice by all ways that are set up, and say what went wrong", Args: exactly(0), Example: "  jeton notice test",
			RunE: func(cmd *cobra.Command, _ []string) error {
				return call(a, cmd, "notice.test", operate.Nothing{}, done("A notice was sent."))
			}})
}
