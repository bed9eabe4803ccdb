package db

import (
	"context"
	"errors"
	"fmt"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"
)

// awkward are texts that a separator, or a count of characters, would trip over.
var awkward = []string{"", ":", "5:hello", "0:", "a\nb", "\x1f\x1e", "é", "🙂:3:", "'", `\`, "%_?", strings.Repeat("x", 3*bytesInOne/2)}

func TestAWholeTableIsReadAsItsRowsAre(t *testing.T) {
	d := fresh(t)
	want := map[string]User{}
	ok(t, d.Write(t.Context(), func(tx *Tx) error {
		for i := range 2*rowsInOne + 17 {
			u := User{ID: fmt.Sprint("u", i), Name: fmt.Sprint("n", i), FoldedName: fmt.Sprint("f", i), Email: awkward[i%(len(awkward)-1)],
				Active: i%2 == 0, Admin: i%3 == 0, Service: i%5 == 0, GitTokensOnly: i%7 == 0, Source: awkward[i%3],
				CreatedAt: time.Unix(int64(i), 1000*int64(i)).UTC()}
			if i%4 == 0 {
				u.FoldedEmail = &u.ID
			}
			if i == rowsInOne {
				u.Email = awkward[len(awkward)-1]
			}
			if err := tx.Users().Insert(t.Context(), u); err != nil {
				return err
			}
			want[u.ID] = u
		}
		return nil
	}))
	ok(t, d.Users().Delete(t.Context(), "u5")) // a gap
	delete(want, "u5")
	got := map[string]User{}
	each := func(u User) {
		if _, twice := got[u.ID]; twice {
			t.Errorf("%s is read twice", u.ID)
		}
		got[u.ID] = u
	}
	ok(t, d.Users().Each(t.Context(), each))
	if !reflect.DeepEqual(got, want) {
		t.Fatalf("%d people were read, want %d, each as it was written", len(got), len(want))
	}
	clear(got)
	ok(t, d.Write(t.Context(), func(tx *Tx) error {
		if err := tx.Users().Delete(t.Context(), "u6"); err != nil {
			return err
		}
		return tx.Users().Each(t.Context(), each)
	}))
	if delete(want, "u6"); len(got) != len(want) {
		t.Errorf("%d people were read in the transaction that removed one, want %d", len(got), len(want))
	}
	list, err := d.Users().List(t.Context())
	ok(t, err)
	if len(list) != len(want) || !slices.IsSortedFunc(list, func(a, b User) int { return strings.Compare(a.FoldedName, b.FoldedName) }) {
		t.Errorf("%d people are listed, want %d by name", len(list), len(want))
	}
}

func TestAWholeTableIsNarrowedByItsCondition(t *testing.T) {
	d := fresh(t)
	ok(t, d.Users().Insert(t.Context(), user("ada")))
	for i := range 5 {
		path := fmt.Sprint("r", i)
		ok(t, d.Repositories().Insert(t.Context(), Repository{ID: path, Path: path, FoldedPath: path, OwnerID: "u-ada"}))
	}
	ok(t, d.Repositories().Trash(t.Context(), "r3", time.Now()))
	var got []string
	w := whole{table: "repositories", columns: []string{"id", asText("private"), asText("deleted_at")}, where: "deleted_at IS NULL"}
	ok(t, w.each(t.Context(), d, func(v []string) error {
		if isTrue(v[1]) || v[2] != "" {
			t.Errorf("got %q", v)
		}
		got = append(got, v[0])
		return nil
	}))
	if slices.Sort(got); !slices.Equal(got, []string{"r0", "r1", "r2", "r4"}) {
		t.Errorf("got %q", got)
	}
	none := whole{table: "old_names", columns: []string{"id"}}
	ok(t, none.each(t.Context(), d, func(v []string) error { return fmt.Errorf("an empty table has %q", v) }))
}

// TestAReadingEndsWhereItFails sees to it that nobody waits for the other half of a reading that failed.
func TestAReadingEndsWhereItFails(t *testing.T) {
	d := fresh(t)
	ok(t, d.Write(t.Context(), func(tx *Tx) error {
		for i := range 5 * rowsInOne {
			name := fmt.Sprint("u", i)
			if err := tx.Users().Insert(t.Context(), User{ID: name, Name: name, FoldedName: name}); err != nil {
				return err
			}
		}
		return nil
	}))
	enough := errors.New("enough")
	w := whole{table: "users", columns: []string{"id"}}
	if err := w.each(t.Context(), d, func([]string) error { return enough }); !errors.Is(err, enough) {
		t.Errorf("got %v, want %v", err, enough)
	}
	ended, cancel := context.WithCancel(t.Context())
	if err := w.each(ended, d, func([]string) error { cancel(); return nil }); !errors.Is(err, context.Canceled) {
		t.Errorf("got %v, want %v", err, context.Canceled)
	}
	w.columns = []string{"nothing"}
	if err := w.each(t.Context(), d, func([]string) error { return nil }); err == nil {
		t.Error("a column that is not there was read")
	}
}

// writeRow is what the database makes of a row; a nil is NULL.
func writeRow(values ...*string) string {
	var b strings.Builder
	for _, v := range values {
		if v == nil {
			b.WriteString(":")
			continue
		}
		fmt.Fprintf(&b, "%d:%s", len(*v), *v)
	}
	return b.String()
}

func TestRowsThatAreCutShortAreNotTaken(t *testing.T) {
	values := make([]string, 2)
	for _, text := range []string{"", "1", "1:", "1:a", "1:a1", "1:a2:b", "-1:a1:b", "x:a1:b", "99999999999999999999:a", "1:a+", "٣:abc1:d"} {
		if rest, err := takeRow(text, values); err == nil {
			t.Errorf("%q is taken as %q and %q", text, values, rest)
		}
	}
}

func FuzzTakeRow(f *testing.F) {
	for _, text := range awkward[:len(awkward)-1] {
		f.Add(text, "1:a")
	}
	f.Add("12:", ":")
	f.Fuzz(func(t *testing.T, first, second string) {
		values := make([]string, 3)
		_, _ = takeRow(first, values) // no text makes it fail otherwise than by an error
		rest, err := takeRow(writeRow(&first, nil, &second)+second, values)
		if err != nil || rest != second || values[0] != first || values[1] != "" || values[2] != second {
			t.Errorf("got %q, %q, %v; want %q, nothing and %q", values, rest, err, first, second)
		}
	})
}
