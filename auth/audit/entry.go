package audit

import (
	"context"
	"encoding/csv"
	"encoding/json"
	"fmt"
	"io"
	"strconv"
	"strings"
	"time"

	"jeton/db"
)

// Entry is an entry as it is shown and exported. Everything that its hash is made of is in it.
type Entry struct {
	Seq int64     `json:"seq"`
	At  time.Time `json:"at"`
	// User and UserID are empty for the server itself; UserID also for its command line and for credentials of nobody.
	User       string `json:"user"`
	UserID     string `json:"user_id"`
	Credential string `json:"credential"`
	Door       string `json:"door"`
	Action     string `json:"action"`
	Resource   string `json:"resource"`
	Outcome    string `json:"outcome"`
	Detail     string `json:"detail"`
	Address    string `json:"address"`
	ID         string `json:"id"`
	Once       string `json:"once"`
	Previous   string `json:"previous"`
	Hash       string `json:"hash"`
}

func shown(rows []db.AuditEntry) []Entry {
	list := make([]Entry, len(rows))
	for i, e := range rows {
		list[i] = Entry{Seq: e.Seq, At: e.At.UTC(), User: e.UserName, UserID: e.UserID, Credential: e.Credential, Door: e.Door,
			Action: e.Action, Resource: e.Resource, Outcome: e.Outcome, Detail: e.Detail, Address: e.Remote,
			ID: e.ID, Once: e.Once, Previous: e.Previous, Hash: e.Hash}
	}
	return list
}

// Query says which entries are meant; see db.AuditQuery for its fields.
type Query = db.AuditQuery

// Find lists entries, the oldest first, at most limit.
func Find(ctx context.Context, d *db.DB, q Query, limit int) ([]Entry, error) {
	rows, err := d.Audit().Find(ctx, q, limit)
	if err != nil {
		return nil, fmt.Errorf("read the audit record: %w", err)
	}
	return shown(rows), nil
}

// Latest lists entries, the youngest first, at most limit.
func Latest(ctx context.Context, d *db.DB, q Query, limit int) ([]Entry, error) {
	rows, err := d.Audit().Latest(ctx, q, limit)
	if err != nil {
		return nil, fmt.Errorf("read the audit record: %w", err)
	}
	return shown(rows), nil
}

// WriteJSON writes entries as JSON, one a line.
func WriteJSON(w io.Writer, entries []Entry) error {
	e := json.NewEncoder(w)
	e.SetEscapeHTML(false)
	for _, one := range entries {
		if err := e.Encode(one); err != nil {
			return err
		}
	}
	return nil
}

// columns are the CSV's, in their order.
func columns() []string {
	return []string{"seq", "at", "user", "user_id", "credential", "door", "action", "resource", "outcome", "detail", "address", "hash"}
}

// WriteCSVHead writes the line with the columns' names.
func WriteCSVHead(w io.Writer) error { return lines(w, [][]string{columns()}) }

// WriteCSV writes entries as lines of CSV (RFC 4180, with LF). A text that a spreadsheet would take for a formula has an
// apostrophe before it; whoever needs texts as they are takes JSON.
func WriteCSV(w io.Writer, entries []Entry) error {
	rows := make([][]string, len(entries))
	for i, e := range entries {
		rows[i] = []string{strconv.FormatInt(e.Seq, 10), e.At.Format(time.RFC3339Nano), plain(e.User), plain(e.UserID), plain(e.Credential),
			plain(e.Door), plain(e.Action), plain(e.Resource), plain(e.Outcome), plain(e.Detail), plain(e.Address), e.Hash}
	}
	return lines(w, rows)
}

func lines(w io.Writer, rows [][]string) error {
	c := csv.NewWriter(w)
	if err := c.WriteAll(rows); err != nil { // it flushes
		return fmt.Errorf("write CSV: %w", err)
	}
	return nil
}

// plain keeps a spreadsheet from calculating: programs take a cell for a formula where it begins with one of these, some
// also behind blanks (OWASP, "CSV Injection").
func plain(cell string) string {
	begin := strings.TrimLeft(cell, " \u00a0")
	if begin != "" && strings.ContainsAny(begin[:1], "=+-@\t\r\n") || strings.HasPrefix(begin, "＝") || strings.HasPrefix(begin, "＋") ||
		strings.HasPrefix(begin, "－") || strings.HasPrefix(begin, "＠") {
		return "'" + cell
	}
	return cell
}
