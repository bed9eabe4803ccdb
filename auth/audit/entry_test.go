package audit

import (
	"bytes"
	"encoding/csv"
	"encoding/json"
	"fmt"
	"net/netip"
	"reflect"
	"strings"
	"testing"
	"time"

	"jeton/db"
	"jeton/db/dbtest"
)

// resources are what a query finds, in its order.
func resources(list []Entry) string {
	var all []string
	for _, e := range list {
		all = append(all, e.Resource)
	}
	return strings.Join(all, " ")
}

func TestQueriesFindWhatIsMeant(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, open func() *db.DB) {
		d := open()
		at := func(h int) time.Time { return noon.Add(time.Duration(h) * time.Hour) }
		ada := Actor{UserID: "u1", Name: "ada", Credential: "token:t1", Remote: netip.MustParseAddr("192.0.2.1")}
		eve := Actor{UserID: "u2", Name: "eve", Credential: "key:k1", Remote: netip.MustParseAddr("2001:db8::1")}
		err := Append(t.Context(), d,
			Event{Actor: ada, Action: "token.mint", Resource: "a", Outcome: "done", At: at(0)},
			Event{Actor: eve, Action: "token.revoke", Resource: "b", Outcome: "done", At: at(1)},
			Event{Actor: ada, Action: "repository.read", Resource: "team/app", Outcome: "expired", At: at(2)},
			Event{Actor: eve, Action: "Token.x", Resource: "team_app", Outcome: "done", At: at(3)},
			Event{Actor: eve, Action: "repository.write", Resource: "50%/ä", Outcome: "done", At: at(4)})
		if err != nil {
			t.Fatal(err)
		}
		for name, c := range map[string]struct {
			q    Query
			want string
		}{
			"everything":       {Query{}, "a b team/app team_app 50%/ä"},
			"by name":          {Query{User: "ada"}, "a team/app"},
			"by id":            {Query{User: "u2"}, "b team_app 50%/ä"},
			"by id alone":      {Query{UserID: "u2"}, "b team_app 50%/ä"},
			"no id but a name": {Query{UserID: "ada"}, ""},
			"name and action":  {Query{User: "ada", Action: "token.mint"}, "a"},
			"an action":        {Query{Action: "token"}, ""},
			"actions":          {Query{Action: "token.*"}, "a b"},
			"resources":        {Query{Resource: "team_*"}, "team_app"},
			"percent":          {Query{Resource: "50%/ä*"}, "50%/ä"},
			"all resources":    {Query{Resource: "*"}, "a b team/app team_app 50%/ä"},
			"outcome":          {Query{Outcome: "expired"}, "team/app"},
			"credential":       {Query{Credential: "key:k1", Action: "token.*"}, "b"},
			"address":          {Query{Remote: "2001:db8::1"}, "b team_app 50%/ä"},
			"since":            {Query{Since: at(3)}, "team_app 50%/ä"},
			"until":            {Query{Until: at(1)}, "a"},
			"between":          {Query{Since: at(1), Until: at(3)}, "b team/app"},
			"after and before": {Query{After: 1, Before: 4}, "b team/app"},
			"injected":         {Query{User: "x' OR '1'='1"}, ""},
		} {
			list, err := Find(t.Context(), d, c.q, 100)
			if got := resources(list); err != nil || got != c.want {
				t.Errorf("%s: got %q, %v, want %q", name, got, err, c.want)
			}
		}
		list, err := Latest(t.Context(), d, Query{Action: "token.*"}, 1)
		if err != nil || resources(list) != "b" {
			t.Errorf("the latest is %+v, %v", list, err)
		}
	})
}

// TestTheChainHoldsOnBothDatabases has two nodes write at once, cuts, and spoils.
func TestTheChainHoldsOnBothDatabases(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, open func() *db.DB) {
		nodes := []*db.DB{open()}
		if !strings.HasSuffix(t.Name(), "sqlite") {
			nodes = append(nodes, open())
		}
		const each = 40
		done := make(chan error, len(nodes))
		for n, d := range nodes {
			go func() {
				for i := range each {
					if err := Append(t.Context(), d, Event{Action: "test", Resource: fmt.Sprint(n, i), At: noon}, Event{Action: "once", Once: fmt.Sprint("x", i)}); err != nil {
						done <- err
						return
					}
				}
				done <- nil
			}()
		}
		for range nodes {
			if err := <-done; err != nil {
				t.Fatal(err)
			}
		}
		want := int64(each*len(nodes) + each)
		report, err := Verify(t.Context(), nodes[0], Head{})
		if err != nil || report.Entries != want || report.Head.Seq != want {
			t.Fatalf("got %+v, %v, want %d entries", report, err, want)
		}
		if _, err := Verify(t.Context(), nodes[len(nodes)-1], report.Head); err != nil {
			t.Errorf("with the head of the other node: %v", err)
		}
		if err := Append(t.Context(), nodes[0], Event{Action: "young", At: noon.Add(time.Hour)}); err != nil {
			t.Fatal(err)
		}
		if n, err := Cut(t.Context(), nodes[len(nodes)-1], noon.Add(time.Minute)); err != nil || n == 0 {
			t.Fatalf("cut %d, %v", n, err)
		}
		if report, err = Verify(t.Context(), nodes[0], Head{}); err != nil || report.First == 1 {
			t.Errorf("after the cut: %+v, %v", report, err)
		}
		if err := Append(t.Context(), nodes[0], Event{Action: "last"}); err != nil {
			t.Fatal(err)
		}
		if _, err := nodes[0].Audit().CutTo(t.Context(), report.First); err != nil { // without an entry about it
			t.Fatal(err)
		}
		if _, err := Verify(t.Context(), nodes[0], Head{}); err == nil {
			t.Error("a missing entry was not found")
		}
	})
}

func TestExportsSayWhatWasWritten(t *testing.T) {
	d := open(t)
	evil := []string{"=1+1", "+1", "-1", "@SUM(A1)", "\t=1", "\r=1", " =1", "\n=1", "＝1", "a=1", "it's \"quoted\", with commas\nand lines", ""}
	for _, text := range evil {
		if err := Append(t.Context(), d, Event{Actor: Actor{Name: text}, Action: "test", Resource: text, Detail: text, Outcome: "done", At: noon}); err != nil {
			t.Fatal(err)
		}
	}
	list, err := Find(t.Context(), d, Query{}, 100)
	if err != nil {
		t.Fatal(err)
	}
	var lines, table bytes.Buffer
	if err := WriteJSON(&lines, list); err != nil {
		t.Fatal(err)
	}
	for i, line := range strings.Split(strings.TrimSuffix(lines.String(), "\n"), "\n") {
		var e Entry
		if err := json.Unmarshal([]byte(line), &e); err != nil || !reflect.DeepEqual(e, list[i]) {
			t.Fatalf("got %+v, %v, want %+v", e, err, list[i])
		}
	}
	if err := WriteCSVHead(&table); err != nil {
		t.Fatal(err)
	}
	if err := WriteCSV(&table, list); err != nil {
		t.Fatal(err)
	}
	rows, err := csv.NewReader(&table).ReadAll()
	if err != nil || len(rows) != len(evil)+1 || !reflect.DeepEqual(rows[0], columns()) {
		t.Fatalf("%d rows, %v", len(rows), err)
	}
	for i, text := range evil {
		row := rows[i+1]
		dangerous := i < 9
		want := text
		if dangerous {
			want = "'" + text
		}
		if row[2] != want || row[7] != want || row[9] != want || row[0] != fmt.Sprint(i+1) || row[11] != list[i].Hash {
			t.Errorf("%q: got %q", text, row)
		}
	}
}
