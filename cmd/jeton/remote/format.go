package remote

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"slices"
	"strings"
	"text/tabwriter"
	"unicode/utf8"

	"jeton/vcs/wire"
)

// Format is how a result is printed.
type Format string

// The formats.
const (
	Pretty Format = "pretty" // JSON over several lines
	JSON   Format = "json"   // JSON on one line
	Table  Format = "table"  // for people: lists of objects as lines and columns
	Whole  Format = "reply"  // the server's whole answer on one line: {"id": …, "result": …, "error": …}
)

// formats are all of them.
var formats = []Format{Pretty, JSON, Table, Whole}

// ParseFormat reads a format's name.
func ParseFormat(s string) (Format, error) {
	if !slices.Contains(formats, Format(s)) {
		return "", fail(Invalid, "--format is one of pretty, json, table, reply")
	}
	return Format(s), nil
}

// Write prints an answer. Characters that would act on a terminal are escaped in the way of JSON, so that it stays the
// same JSON.
func (f Format) Write(w io.Writer, r Reply) error {
	var b bytes.Buffer
	var err error
	switch f {
	case Whole:
		err = json.Compact(&b, r.Body)
	case JSON:
		err = json.Compact(&b, r.Result)
	case Table:
		return table(w, r.Result)
	default:
		err = json.Indent(&b, r.Result, "", "  ")
	}
	if err != nil {
		return fmt.Errorf("read the result: %w", err)
	}
	_, err = w.Write(append(quiet(b.Bytes()), '\n'))
	return err
}

// quiet escapes what JSON lets stand in strings and a terminal does not: characters of control and direction, and what is
// no UTF-8.
func quiet(text []byte) []byte {
	var out []byte
	for i := 0; i < len(text); {
		r, n := utf8.DecodeRune(text[i:])
		if r != '\n' && wire.Escape(string(text[i:i+n])) != string(text[i:i+n]) {
			out = fmt.Appendf(out, `\u%04x`, r)
		} else {
			out = append(out, text[i:i+n]...)
		}
		i += n
	}
	return out
}

// member is one of an object, whose order is kept.
type member struct {
	key   string
	value json.RawMessage
}

// members takes an object apart; false where it is none.
func members(raw json.RawMessage) ([]member, bool) {
	d := json.NewDecoder(bytes.NewReader(raw))
	if open, err := d.Token(); err != nil || open != json.Delim('{') {
		return nil, false
	}
	var list []member
	for d.More() {
		key, err := d.Token()
		if err != nil {
			return nil, false
		}
		m := member{key: key.(string)} // keys of objects are strings
		if d.Decode(&m.value) != nil {
			return nil, false
		}
		list = append(list, m)
	}
	return list, true
}

// table prints a list of objects in columns, an object in two, and whatever else line by line.
func table(w io.Writer, raw json.RawMessage) error {
	t := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	var list []json.RawMessage
	if json.Unmarshal(raw, &list) == nil && string(raw) != "null" {
		lines(t, list)
		return t.Flush()
	}
	if object, ok := members(raw); ok {
		for _, m := range object {
			fmt.Fprintf(t, "%s\t%s\n", wire.Escape(m.key), cell(m.value))
		}
		return t.Flush()
	}
	fmt.Fprintln(t, cell(raw))
	return t.Flush()
}

// lines prints the elements of a list; the columns are those that any of them has, in the order of their first.
func lines(w io.Writer, list []json.RawMessage) {
	var columns []string
	rows := make([][]member, len(list))
	for i, one := range list {
		object, ok := members(one)
		if !ok { // elements without names have one column
			object = []member{{"", one}}
		}
		rows[i] = object
		for _, m := range object {
			if !slices.Contains(columns, m.key) {
				columns = append(columns, m.key)
			}
		}
	}
	if len(columns) > 1 || len(columns) == 1 && columns[0] != "" {
		head := make([]string, len(columns))
		for i, c := range columns {
			head[i] = wire.Escape(strings.ToUpper(c))
		}
		fmt.Fprintln(w, strings.Join(head, "\t"))
	}
	for _, row := range rows {
		cells := make([]string, len(columns))
		for _, m := range row {
			cells[slices.Index(columns, m.key)] = cell(m.value)
		}
		fmt.Fprintln(w, strings.Join(cells, "\t"))
	}
}

// cell is a value in one cell: a text without its quotes, nothing for null, whatever else as JSON.
func cell(raw json.RawMessage) string {
	var text string
	if string(raw) == "null" {
		return ""
	}
	if json.Unmarshal(raw, &text) == nil {
		return wire.Escape(text)
	}
	var b bytes.Buffer
	if json.Compact(&b, raw) != nil {
		return ""
	}
	return string(quiet(b.Bytes()))
}
