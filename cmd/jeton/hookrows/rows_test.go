package hookrows

import (
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"reflect"
	"strings"
	"testing"
	"time"

	"jeton/auth/audit"
	"jeton/auth/seal"
	"jeton/db"
	"jeton/db/dbtest"
	"jeton/web/hook"
)

var (
	by   = audit.Command("test")
	noon = time.Date(2026, 11, 26, 12, 0, 0, 0, time.UTC)
)

func ok(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// each runs a test over each kind of database, with a group and a repository in it.
func each(t *testing.T, test func(t *testing.T, d *db.DB, r *Rows)) {
	t.Helper()
	dbtest.Each(t, func(t *testing.T, open func() *db.DB) {
		d := open()
		ctx := t.Context()
		ok(t, d.Users().Insert(ctx, db.User{ID: "u", Name: "ada", FoldedName: "ada", CreatedAt: noon}))
		ok(t, d.Groups().Insert(ctx, db.Group{ID: "g", ParentID: db.RootGroup, Name: "team", FoldedName: "team", CreatedAt: noon}))
		ok(t, d.Repositories().Insert(ctx, db.Repository{ID: "r", Path: "team/app", FoldedPath: "team/app", OwnerID: "u", CreatedAt: noon}))
		test(t, d, New(d, seal.Random(), slog.New(slog.DiscardHandler)))
	})
}

func full(id string) hook.Hook {
	return hook.Hook{ID: id, RepoID: "r", Label: "CI", URL: "https://ci.example.com/x", Form: hook.Standard, ContentType: hook.JSON, Events: []hook.Kind{hook.Push, hook.Tag},
		Branches: []string{"main", "release/*"}, Active: true, GivesToken: true, Secret: hook.NewSecret("new"), Old: hook.NewSecret("old"), OldEnds: noon, MakerID: "u",
		MakerName: "ada", CreatedAt: noon}
}

func TestHooksAreKeptAsTheyAre(t *testing.T) {
	each(t, func(t *testing.T, d *db.DB, r *Rows) {
		ctx := t.Context()
		want := full("h1")
		ok(t, r.Insert(ctx, by, want, 2))
		got, err := r.ByID(ctx, "h1")
		if err != nil || !reflect.DeepEqual(got, want) {
			t.Fatalf("got  %#v, %v\nwant %#v", got, err, want)
		}
		row, err := d.Hooks().ByID(ctx, "h1")
		if err != nil || strings.Contains(fmt.Sprint(row), "new") || row.Secret == row.OldSecret || row.Secret == "" {
			t.Errorf("the row is %+v, %v", row, err)
		}
		group, server := full("h2"), full("h3")
		group.RepoID, group.GroupID, server.RepoID = "", "g", ""
		ok(t, r.Insert(ctx, by, group, 1))
		ok(t, r.Insert(ctx, by, server, 1))
		for _, c := range []struct {
			err, want error
		}{
			{r.Insert(ctx, by, full("h4"), 1), hook.ErrTooMany},
			{r.Insert(ctx, by, func() hook.Hook { h := full("h5"); h.RepoID = "gone"; return h }(), 9), hook.ErrNotFound},
			{r.Remove(ctx, by, "gone"), hook.ErrNotFound},
		} {
			if !errors.Is(c.err, c.want) {
				t.Errorf("got %v, want %v", c.err, c.want)
			}
		}
		for p, want := range map[hook.Place]string{{RepoID: "r"}: "h1", {GroupID: "g"}: "h2", {}: "h3", {RepoID: "gone"}: ""} {
			list, err := r.Of(ctx, p)
			if got := ids(list); err != nil || got != want {
				t.Errorf("of %+v: %q, %v; want %s", p, got, err, want)
			}
		}
		for _, c := range []struct {
			repo   string
			groups []string
			want   string
		}{{"r", []string{"g"}, "h1 h2 h3"}, {"", []string{"g"}, "h2 h3"}, {"", nil, "h3"}, {"other", nil, "h3"}} {
			list, err := r.Told(ctx, c.repo, c.groups)
			if got := ids(list); err != nil || got != c.want {
				t.Errorf("told of %s in %v: %q, %v; want %s", c.repo, c.groups, got, err, c.want)
			}
		}
		changed, err := r.Change(ctx, by, "h1", "hook.update", func(h *hook.Hook) error { h.Active, h.Label = false, "x"; return nil })
		if err != nil || changed.Active || changed.Label != "x" {
			t.Errorf("changed is %+v, %v", changed, err)
		}
		if list, _ := r.Told(ctx, "r", nil); ids(list) != "h3" {
			t.Errorf("told while one is off: %s", ids(list))
		}
		no := errors.New("no")
		if _, err := r.Change(ctx, by, "h1", "hook.update", func(h *hook.Hook) error { h.Label = "y"; return no }); !errors.Is(err, no) {
			t.Errorf("got %v", err)
		}
		if now, _ := r.ByID(ctx, "h1"); now.Label != "x" {
			t.Error("a change that failed was written")
		}
		ok(t, r.Remove(ctx, by, "h1"))
		var actions []string
		entries, err := audit.Find(ctx, d, audit.Query{}, 50)
		ok(t, err)
		for _, e := range entries {
			actions = append(actions, e.Action+" "+e.Resource)
		}
		if got, want := strings.Join(actions, ", "), "hook.create h1, hook.create h2, hook.create h3, hook.update h1, hook.delete h1"; got != want {
			t.Errorf("the record has %s\nwant %s", got, want)
		}
		if e := entries[0]; !strings.Contains(e.Detail, "standard hook of the repository r to ci.example.com, of push,tag, gives a token") || strings.Contains(e.Detail, "/x") {
			t.Errorf("the detail is %q", e.Detail)
		}
	})
}

func ids(list []hook.Hook) string {
	var all []string
	for _, h := range list {
		all = append(all, h.ID)
	}
	return strings.Join(all, " ")
}

func TestDeliveriesComeInTheirOrder(t *testing.T) {
	each(t, func(t *testing.T, _ *db.DB, r *Rows) {
		ctx := t.Context()
		ok(t, r.Insert(ctx, by, full("h"), 9))
		ok(t, r.Insert(ctx, by, func() hook.Hook { h := full("other"); h.RepoID = ""; return h }(), 9))
		event := func(n int, repo string) hook.Event {
			return hook.Event{ID: fmt.Sprint("e", n), Kind: hook.Push, At: noon, Repo: &hook.Repo{ID: repo, Path: "p"}, Ref: &hook.Ref{Name: "refs/heads/main"}}
		}
		for n, repo := range []string{"r", "r", "s", "r"} {
			for range 2 {
				ok(t, r.Post(ctx, event(n, repo), []string{"h", "other"}))
			}
		}
		now := time.Now().Add(time.Minute)
		if n, err := r.Waiting(ctx, []string{"h", "other", "none"}); err != nil || n["h"] != 4 || n["other"] != 4 || n["none"] != 0 {
			t.Errorf("%v wait, %v", n, err)
		}
		due, err := r.Due(ctx)
		if err != nil || len(due) != 2 || due[0].URL != "https://ci.example.com/x" || time.Since(due[0].At) > time.Minute {
			t.Errorf("due are %+v, %v", due, err)
		}
		next := func(not ...string) string {
			t.Helper()
			d, e, h, err := r.Next(ctx, "h", now, not)
			if errors.Is(err, hook.ErrNotFound) {
				return "none"
			}
			ok(t, err)
			if d.EventID != e.ID || h.ID != "h" || h.Secret.Reveal() != "new" || d.ID != hook.DeliveryID(e.ID, "h") || e.Ref == nil {
				t.Errorf("got %+v %+v", d, e)
			}
			return e.ID
		}
		if got := next() + next("r") + next("s") + next("r", "s"); got != "e0e2e0none" {
			t.Errorf("next are %s", got)
		}
		d, _, _, err := r.Next(ctx, "h", now, nil)
		ok(t, err)
		d.State, d.NextAt, d.Tries, d.TriedAt, d.Took, d.Status, d.Error = hook.Waiting, noon.AddDate(50, 0, 0), 1, noon, 5*time.Millisecond, 500, "no"
		d.Request, d.Answer = hook.Request{Method: "POST", URL: "https://x", Headers: map[string]string{"A": "b"}}, hook.Answer{Headers: map[string]string{"C": "d"}, Body: "ü", More: true}
		h, err := r.Tried(ctx, d, 100, func(h *hook.Hook) { h.Failures, h.FailingSince, h.LastAt, h.LastStatus = 1, noon, noon, 500 })
		if err != nil || h.Failures != 1 {
			t.Fatal(h, err)
		}
		back, _, err := r.Delivery(ctx, d.ID)
		if d.NextAt = d.NextAt.UTC(); err != nil || !reflect.DeepEqual(back, d) {
			t.Errorf("got  %+v, %v\nwant %+v", back, err, d)
		}
		if now, _ := r.ByID(ctx, "h"); now.Failures != 1 || !now.FailingSince.Equal(noon) || now.LastStatus != 500 {
			t.Errorf("the hook is %+v", now)
		}
		if got := next(); got != "e1" {
			t.Errorf("behind one that failed comes %s", got)
		}
		if at, err := r.Soonest(ctx, "h", []string{"r", "s"}); err != nil || !at.IsZero() {
			t.Errorf("soonest is %v, %v", at, err)
		}
		if at, err := r.Soonest(ctx, "h", nil); err != nil || time.Since(at) > time.Minute {
			t.Errorf("soonest is %v, %v", at, err)
		}
		ok(t, r.Again(ctx, by, d))
		if got := next(); got != "e0" {
			t.Errorf("after it was asked for again comes %s", got)
		}
		list, err := r.Deliveries(ctx, "h", "", 3)
		if err != nil || len(list) != 3 || list[0].EventID != "e3" || list[2].EventID != "e1" {
			t.Fatalf("got %+v, %v", list, err)
		}
		if list, err = r.Deliveries(ctx, "h", list[2].Place, 3); err != nil || len(list) != 1 || !list[0].Redelivery || list[0].Tries != 0 {
			t.Errorf("got %+v, %v", list, err)
		}
	})
}

func TestWhatEndsIsTrimmedAndSwept(t *testing.T) {
	each(t, func(t *testing.T, d *db.DB, r *Rows) {
		ctx := t.Context()
		ok(t, r.Insert(ctx, by, full("h"), 9))
		for n := range 6 {
			ok(t, r.Post(ctx, hook.Event{ID: fmt.Sprint("e", n), Kind: hook.Push, At: noon}, []string{"h"}))
		}
		for n := range 4 {
			one, _, _, err := r.Next(ctx, "h", time.Now(), nil)
			ok(t, err)
			if one.State = hook.Done; n == 1 {
				one.State = hook.Waiting
				one.NextAt = noon.AddDate(50, 0, 0)
			}
			_, err = r.Tried(ctx, one, 3, func(*hook.Hook) {})
			ok(t, err)
		}
		list, err := r.Deliveries(ctx, "h", "", 10)
		var kept []string
		for _, one := range list {
			kept = append(kept, one.EventID)
		}
		if got := fmt.Sprint(kept); err != nil || got != "[e5 e4 e3 e1]" {
			t.Errorf("kept are %s, %v: the newest three, and what waits", got, err)
		}
		ok(t, r.Sweep(ctx, noon))
		if known, err := r.Known(ctx, "e0"); err != nil || !known {
			t.Errorf("an event was swept before its time: %v", err)
		}
		ok(t, r.Sweep(ctx, noon.Add(time.Second)))
		for id, want := range map[string]bool{"e0": false, "e1": true, "e2": false, "e5": true, "none": false} {
			if known, err := r.Known(ctx, id); err != nil || known != want {
				t.Errorf("%s is known: %v, %v", id, known, err)
			}
		}
		one, _, _, err := r.Next(ctx, "h", time.Now(), nil)
		ok(t, err)
		one.State = hook.Waiting
		h, err := r.Tried(ctx, one, 3, func(h *hook.Hook) { h.Active, h.OffAt, h.OffWhy = false, noon, "gone" })
		if err != nil || h.Active {
			t.Fatal(h, err)
		}
		if n, err := r.Waiting(ctx, []string{"h"}); err != nil || n["h"] != 0 {
			t.Errorf("%v wait for a hook that is off, %v", n, err)
		}
		entries, err := audit.Find(ctx, d, audit.Query{Action: "hook.off"}, 5)
		if err != nil || len(entries) != 1 || entries[0].Detail != "gone" {
			t.Errorf("the record has %+v, %v", entries, err)
		}
		ok(t, d.Repositories().Delete(ctx, "r"))
		if _, err := r.ByID(ctx, "h"); !errors.Is(err, hook.ErrNotFound) {
			t.Errorf("the hook of a deleted repository: %v", err)
		}
		if _, err := r.Tried(ctx, one, 3, func(*hook.Hook) {}); !errors.Is(err, hook.ErrNotFound) {
			t.Errorf("a try of a hook that is gone: %v", err)
		}
		ok(t, r.Note(ctx, by, "hook.ping", "h", ""))
	})
}

func TestASecretOfAnotherRowOrKeyIsNoSecret(t *testing.T) {
	d := dbtest.New(t)
	r := New(d, seal.Random(), slog.New(slog.DiscardHandler))
	h := full("h")
	h.RepoID = ""
	ok(t, r.Insert(t.Context(), by, h, 9))
	if _, err := New(d, seal.Random(), slog.New(slog.DiscardHandler)).ByID(t.Context(), "h"); !errors.Is(err, seal.ErrSealed) {
		t.Errorf("with another key: %v", err)
	}
	row, err := d.Hooks().ByID(t.Context(), "h")
	ok(t, err)
	row.Secret, row.OldSecret = row.OldSecret, row.Secret
	ok(t, d.Hooks().Save(t.Context(), row))
	if _, err := r.ByID(t.Context(), "h"); !errors.Is(err, seal.ErrSealed) {
		t.Errorf("with two columns changed for each other: %v", err)
	}
	if text, err := json.Marshal(h); err != nil || strings.Contains(string(text), `"new"`) {
		t.Errorf("JSON shows %s, %v", text, err)
	}
}
