package audit

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"jeton/db"
)

// told is what entries say, in short.
func told(list []db.AuditEntry) string {
	var lines []string
	for _, e := range list {
		lines = append(lines, fmt.Sprintf("%s %s %s %s %s", e.At.Format("04:05"), e.Credential, e.Action, e.Outcome, e.Detail))
	}
	return strings.Join(lines, "\n")
}

func TestRefusalsOfOneTokenAreOneLineAMinute(t *testing.T) {
	d := open(t)
	r := New(d, Options{Now: func() time.Time { return noon.Add(5 * time.Minute) }})
	at := func(s int, change func(*Event)) {
		e := refusal("192.0.2.1", noon.Add(time.Duration(s)*time.Second))
		if change != nil {
			change(&e)
		}
		r.put(r.refusals, item{e, refused})
	}
	same := func(*Event) {}
	at(0, same)
	at(7, func(e *Event) { e.Resource = "another" })
	at(31, func(e *Event) { e.Action = "sign-in" })
	at(31, func(e *Event) { e.Outcome = "wrong_kind" })      // another reason
	at(32, func(e *Event) { e.Credential = "token:t2" })     // another token
	at(59, same)                                             // the first minute ends with it
	at(72, same)                                             // a minute that began with the line of the first
	at(200, func(e *Event) { e.Credential = "token:other" }) // brings the line that is due
	at(201, same)
	r.Close()
	want := `00:00 token:t1 repository.read expired expired
00:31 token:t1 repository.read wrong_kind expired
00:32 token:t2 repository.read expired expired
01:12 token:t1 repository.read expired expired (and 3 more like it since 12:00:00)
03:20 token:t1 repository.read expired expired (and 1 more like it since 12:01:12)
03:20 token:other repository.read expired expired
05:00 token:t1 repository.read expired expired (and 1 more like it since 12:03:20)`
	if got := told(entries(t, d)); got != want {
		t.Errorf("got\n%s\nwant\n%s", got, want)
	}
}

func TestPasswordsOfTwoPeopleAreTwoLines(t *testing.T) {
	d := open(t)
	r := New(d, Options{})
	for _, user := range []string{"u1", "u2", "u1"} {
		e := refusal("192.0.2.1", noon)
		e.Credential, e.UserID = "password", user
		r.Refusal(e)
	}
	r.Close()
	if list := entries(t, d); len(list) != 3 || list[0].UserID != "u1" || list[1].UserID != "u2" || !strings.Contains(list[2].Detail, "1 more") {
		t.Errorf("got\n%s", told(list))
	}
}

func TestSignInsAreFoldedByAddressAndEventsNever(t *testing.T) {
	d := open(t)
	r := New(d, Options{PerMinute: 1, PerRemote: 1})
	for _, from := range []string{"192.0.2.1", "192.0.2.1", "192.0.2.2"} {
		e := refusal(from, noon)
		e.Action, e.Outcome, e.Detail = "sign-in", "done", ""
		r.SignIn(e)
	}
	for range 100 {
		e := refusal("192.0.2.1", noon)
		e.Action, e.Outcome = "repository.pull", "done"
		r.Event(e)
	}
	r.Close()
	got := map[string]int{}
	for _, e := range entries(t, d) {
		got[e.Action]++
		if strings.Contains(e.Detail, "more") && e.Remote != "192.0.2.1" {
			t.Errorf("counted %+v", e)
		}
	}
	if got["sign-in"] != 3 || got["repository.pull"] != 100 || len(got) != 2 {
		t.Errorf("got %v, want 3 lines of sign-ins and 100 pulls", got)
	}
}

func TestABoundedNumberOfFoldsIsHeld(t *testing.T) {
	f := folds{by: map[key]*fold{}}
	held := 0
	for i := range 2 * kept {
		e := refusal("192.0.2.1", noon)
		e.Credential = fmt.Sprint("token:", i)
		for range 2 { // the second is counted with the first, where there is room
			if f.hold(e, "") == counted {
				held++
			}
		}
	}
	if len(f.by) != kept || held != kept {
		t.Errorf("%d folds, %d held, want %d", len(f.by), held, kept)
	}
	if rows := f.due(noon.Add(time.Minute)); len(rows) != kept || len(f.by) != kept {
		t.Errorf("%d lines, %d folds", len(rows), len(f.by))
	}
	if rows := f.due(noon.Add(2 * time.Minute)); len(rows) != 0 || len(f.by) != 0 || !f.next.IsZero() {
		t.Errorf("%d lines, %d folds, next %s, want nothing left", len(rows), len(f.by), f.next)
	}
}

func TestSecretsAreMaskedWhereverTheyStand(t *testing.T) {
	const token = "jet_vcs_0123456789ABCDEFGHIJabcdefghijKL45YjdM"
	d := open(t)
	err := Append(t.Context(), d, Event{Actor: Actor{Name: token}, Action: "x" + token, Resource: "https://ada:" + token + "@host/" + token,
		Outcome: token, Detail: strings.Repeat("ä", maxDetail/2-10) + token + " https://ada:hunter2@host/x"})
	if err != nil {
		t.Fatal(err)
	}
	e := entries(t, d)[0]
	all := e.UserName + e.Action + e.Resource + e.Outcome + e.Detail
	if strings.Contains(all, token[8:16]) || strings.Contains(all, "hunter2") || !strings.Contains(e.Resource, "@host/jet_vcs_0123…") {
		t.Errorf("got %q", all[len(all)-200:]+e.Resource)
	}
}

// TestAFloodOfMadeUpCredentialsHidesNoGenuineOne: what strangers send uses up the budget, which is theirs alone.
func TestAFloodOfMadeUpCredentialsHidesNoGenuineOne(t *testing.T) {
	d := open(t)
	r := New(d, Options{PerMinute: 5, PerRemote: 5})
	for range 50 {
		r.Refusal(stranger("192.0.2.7", noon))
	}
	for range 3 {
		r.Refusal(refusal("192.0.2.7", noon))
	}
	r.Close()
	var genuine []db.AuditEntry
	for _, e := range entries(t, d) {
		if e.Credential == "token:t1" {
			genuine = append(genuine, e)
		}
	}
	if len(genuine) != 2 || !strings.Contains(genuine[1].Detail, "2 more") {
		t.Errorf("got\n%s", told(genuine))
	}
}
