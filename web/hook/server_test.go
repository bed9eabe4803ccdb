package hook_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"jeton/auth/audit"
	"jeton/db"
	"jeton/web/hook"
)

func TestADeliveryIsTriedUntilItIsTaken(t *testing.T) {
	w := newWorld(t, nil)
	h := w.hook(func(h *hook.Hook) { h.Events = []hook.Kind{hook.Push} })
	w.r.set(func(n int, rw http.ResponseWriter, _ *http.Request) {
		if n < 2 {
			rw.WriteHeader(http.StatusBadGateway)
		}
		fmt.Fprintf(rw, "answer %d", n)
	})
	w.push("refs/heads/main " + w.commit("one", nil))
	ids := map[string]bool{}
	for range 3 {
		ids[w.r.next(t).header.Get("X-GitHub-Delivery")] = true
	}
	list := w.settled(h)
	if len(list) != 1 || list[0].State != hook.Done || list[0].Tries != 3 || list[0].Status != 200 || list[0].Answer.Body != "answer 2" || list[0].Error != "" || len(ids) != 1 || !ids[list[0].ID] {
		t.Errorf("got %+v, with the ids %v", list, ids)
	}
	now, err := w.s.Hook(t.Context(), h.ID)
	if err != nil || now.Failures != 0 || !now.FailingSince.IsZero() || now.LastStatus != 200 || !now.Active {
		t.Errorf("the hook is %+v, %v", now, err)
	}
}

func TestADeliveryThatNobodyTakesIsGivenUp(t *testing.T) {
	w := newWorld(t, nil)
	h := w.hook(func(h *hook.Hook) { h.Events = []hook.Kind{hook.Push} })
	w.r.set(func(_ int, rw http.ResponseWriter, r *http.Request) {
		http.Redirect(rw, r, "/elsewhere", http.StatusFound)
	})
	w.push("refs/heads/main " + w.commit("one", nil))
	d := w.settled(h)[0]
	if d.State != hook.Failed || d.Tries != 3 || d.Status != 302 || !strings.Contains(d.Error, "redirects are not followed") {
		t.Errorf("got %+v", d)
	}
	for range 3 {
		if r := w.r.next(t); r.path != "/hook" {
			t.Errorf("the redirect to %s was followed", r.path)
		}
	}
	w.r.none(t)
	now, _ := w.s.Hook(t.Context(), h.ID)
	if now.Failures != 3 || now.FailingSince.IsZero() || !now.Active {
		t.Errorf("the hook is %+v", now)
	}
}

func TestAReceiverThatIsGoneSwitchesItsHookOff(t *testing.T) {
	w := newWorld(t, nil)
	h := w.hook(func(h *hook.Hook) { h.Events, h.MakerID = []hook.Kind{hook.Push}, "u-ada" })
	w.r.set(func(_ int, rw http.ResponseWriter, _ *http.Request) { rw.WriteHeader(http.StatusGone) })
	w.push("refs/heads/main " + w.commit("one", nil))
	off := <-w.off
	if off.ID != h.ID || off.Active || !strings.Contains(off.OffWhy, "410 Gone") || off.OffAt.IsZero() {
		t.Errorf("off is %+v", off)
	}
	w.push("refs/heads/main " + w.commit("two", nil))
	if list := w.settled(h); len(list) != 1 || list[0].State != hook.Failed || list[0].Status != 410 {
		t.Errorf("got %+v", list)
	}
	if _, err := w.s.Ping(t.Context(), by, h.ID); !errors.Is(err, hook.ErrOff) {
		t.Errorf("a ping: %v", err)
	}
	if _, err := w.s.Redeliver(t.Context(), by, h.ID, w.settled(h)[0].ID); !errors.Is(err, hook.ErrOff) {
		t.Errorf("a redelivery: %v", err)
	}
	w.r.next(t)
	w.r.set(nil)
	on, err := w.s.Update(t.Context(), by, h.ID, func(h *hook.Hook) error { h.Active = true; return nil })
	if err != nil || on.OffWhy != "" || !on.OffAt.IsZero() || on.Failures != 0 {
		t.Errorf("switched on it is %+v, %v", on, err)
	}
	w.push("refs/heads/main " + w.commit("three", nil))
	w.r.next(t)
	entries, err := audit.Find(t.Context(), w.db, audit.Query{Action: "hook.off"}, 10)
	if err != nil || len(entries) != 1 || entries[0].Resource != h.ID {
		t.Errorf("the record has %+v, %v", entries, err)
	}
}

func TestFailuresOverDaysSwitchAHookOff(t *testing.T) {
	var days atomic.Int64
	w := newWorld(t, func(o *hook.Options) {
		o.Now = func() time.Time { return time.Now().Add(time.Duration(days.Load()) * 24 * time.Hour) }
		o.Waits = []time.Duration{}
	})
	h := w.hook(func(h *hook.Hook) { h.URL, h.Events = "http://127.0.0.1:1/", []hook.Kind{hook.Push} })
	for i := range 11 {
		days.Store(int64(i) / 2)
		w.push(fmt.Sprint("refs/heads/main ", w.commit(fmt.Sprint(i), nil)))
		w.settled(h)
	}
	off := <-w.off
	if off.ID != h.ID || !strings.Contains(off.OffWhy, "nothing has come through since") {
		t.Errorf("off is %+v", off)
	}
}

func TestATokenGoesAlongAndIsKeptNowhere(t *testing.T) {
	w := newWorld(t, nil)
	h := w.hook(func(h *hook.Hook) { h.GivesToken, h.Events = true, []hook.Kind{hook.Push, hook.Repository} })
	w.r.set(func(_ int, rw http.ResponseWriter, r *http.Request) {
		fmt.Fprint(rw, "thanks for ", r.Header.Get(hook.TokenHeader))
	})
	w.push("refs/heads/main " + w.commit("one", nil))
	r := w.r.next(t)
	secret := r.header.Get(hook.TokenHeader)
	if !strings.HasPrefix(secret, "jet_vcs_") || <-w.minted != repoID || r.header.Get(hook.TokenExpires) == "" {
		t.Errorf("along goes %q", secret)
	}
	d := w.settled(h)[0]
	_, body, err := w.s.Delivery(t.Context(), h.ID, d.ID)
	text, _ := json.Marshal(d)
	if err != nil || strings.Contains(string(text)+body, secret) || d.Answer.Body != "thanks for …" || body != r.body {
		t.Errorf("kept is %s, %v", text, err)
	}
	repo, _ := w.Repo(t.Context(), repoID)
	ok(t, w.s.Tell(t.Context(), hook.Event{Kind: hook.Repository, Action: "deleted", Repo: &repo}))
	if r := w.r.next(t); r.header.Get(hook.TokenHeader) != "" || r.header.Get("X-GitHub-Event") != "repository" {
		t.Errorf("of a deleted repository is told %v", r.header)
	}
}

func TestPingAndRedelivery(t *testing.T) {
	w := newWorld(t, nil)
	h := w.hook(func(h *hook.Hook) { h.Events = []hook.Kind{hook.Push} })
	d, err := w.s.Ping(t.Context(), by, h.ID)
	ok(t, err)
	first := w.r.next(t)
	if v := of(t, first.body); first.header.Get("X-GitHub-Event") != "ping" || v["hook"].(map[string]any)["jeton_id"] != h.ID || first.header.Get("X-GitHub-Delivery") != d.ID {
		t.Errorf("the ping is %v %s", first.header, first.body)
	}
	w.settled(h)
	again, err := w.s.Redeliver(t.Context(), by, h.ID, d.ID)
	ok(t, err)
	if second := w.r.next(t); again.ID != d.ID || !again.Redelivery || second.body != first.body || second.header.Get("X-GitHub-Delivery") != d.ID {
		t.Errorf("sent again is %+v: %s", again, second.body)
	}
	other := w.hook(nil)
	for name, err := range map[string]error{
		"a delivery of another hook": third(w.s.Delivery(t.Context(), other.ID, d.ID)), "no delivery": third(w.s.Delivery(t.Context(), h.ID, "none")),
		"redelivery of another's": second(w.s.Redeliver(t.Context(), by, other.ID, d.ID)), "redelivery of none": second(w.s.Redeliver(t.Context(), by, h.ID, "none")),
		"ping of none": second(w.s.Ping(t.Context(), by, "none")), "removal of none": w.s.Remove(t.Context(), by, "none"),
		"update of none": second(w.s.Update(t.Context(), by, "none", func(*hook.Hook) error { return nil })),
	} {
		if !errors.Is(err, hook.ErrNotFound) {
			t.Errorf("%s: %v", name, err)
		}
	}
	ok(t, w.s.Remove(t.Context(), by, h.ID))
	if list, err := w.s.Deliveries(t.Context(), h.ID, "", 10); err != nil || len(list) != 0 {
		t.Errorf("of a removed hook is left %v, %v", list, err)
	}
}

func second[T any](_ T, err error) error        { return err }
func third[T, U any](_ T, _ U, err error) error { return err }

func TestBothSecretsSignWhileOneIsRotated(t *testing.T) {
	w := newWorld(t, nil)
	h := w.hook(nil)
	now, err := w.s.Rotate(t.Context(), by, h.ID, hook.Secret{}, time.Hour)
	ok(t, err)
	if now.Secret.Reveal() == "s3cret" || len(now.Secret.Reveal()) < 40 || now.Old.Reveal() != "s3cret" || time.Until(now.OldEnds) > time.Hour {
		t.Errorf("rotated is %+v", now)
	}
	_, err = w.s.Ping(t.Context(), by, h.ID)
	ok(t, err)
	r := w.r.next(t)
	if r.header.Get("X-Hub-Signature-256") != "sha256="+hook.HexMAC(now.Secret.Reveal(), r.body) || r.header.Get(hook.OldSignature) != "sha256="+hook.HexMAC("s3cret", r.body) {
		t.Errorf("signed is %v", r.header)
	}
	if _, err := w.s.Rotate(t.Context(), by, h.ID, hook.NewSecret("a b"), time.Hour); !errors.Is(err, hook.ErrBad) {
		t.Errorf("to a bad secret: %v", err)
	}
	if _, err := w.s.Rotate(t.Context(), by, h.ID, hook.NewSecret("ab"), hook.MaxOverlap+1); !errors.Is(err, hook.ErrBad) {
		t.Errorf("with a long overlap: %v", err)
	}
	if now, err = w.s.Rotate(t.Context(), by, h.ID, hook.NewSecret("ab"), 0); err != nil || !now.Old.Empty() {
		t.Errorf("without an overlap: %+v, %v", now, err)
	}
}

// TestASecretThatIsSentAsItIsGoesToNobodyElse: Jenkins' stands in the address. Who administers a hook that somebody else has
// made must not learn its secret by leading it to themselves.
func TestASecretThatIsSentAsItIsGoesToNobodyElse(t *testing.T) {
	jenkins := func(h *hook.Hook) error {
		h.Form, h.ContentType, h.Events, h.Secret = hook.Jenkins, hook.JSON, []hook.Kind{hook.Push}, hook.NewSecret("s3cret")
		return nil
	}
	for name, c := range map[string]struct {
		before, change func(h *hook.Hook) error
		kept           bool
	}{
		"it becomes one of Jenkins'":              {func(*hook.Hook) error { return nil }, func(h *hook.Hook) error { h.Form, h.Events = hook.Jenkins, []hook.Kind{hook.Push}; return nil }, false},
		"another address of Jenkins":              {jenkins, func(h *hook.Hook) error { h.URL = "http://elsewhere.example/"; return nil }, false},
		"the same address":                        {jenkins, func(h *hook.Hook) error { h.Label = "CI"; return nil }, true},
		"another address that is sent signatures": {func(*hook.Hook) error { return nil }, func(h *hook.Hook) error { h.URL = "http://elsewhere.example/"; return nil }, true},
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t, nil)
			h := w.hook(func(h *hook.Hook) { ok(t, c.before(h)) })
			now, err := w.s.Update(t.Context(), by, h.ID, c.change)
			if err != nil || h.Secret.Empty() || now.Secret.Empty() == c.kept {
				t.Errorf("its secret is kept: %v, want %v (%v)", !now.Secret.Empty(), c.kept, err)
			}
		})
	}
}

// TestWhatWasWrittenIsSentAfterAStart: nothing runs while pushes are followed, as if the process had been killed right behind.
func TestWhatWasWrittenIsSentAfterAStart(t *testing.T) {
	w := newWorld(t, nil)
	h := w.hook(func(h *hook.Hook) { h.Events = []hook.Kind{hook.Push} })
	w.stop()
	var want []string
	for i := range 5 {
		id := w.commit(fmt.Sprint(i), nil)
		w.push("refs/heads/main " + id)
		want = append(want, id)
	}
	w.run()
	for _, id := range want { // in their order
		if v := of(t, w.r.next(t).body); v["after"] != id {
			t.Errorf("told of %v, want %s", v["after"], id)
		}
	}
	w.settled(h)
	w.r.none(t)
}

func TestAStopBreaksOffAndSendsAgain(t *testing.T) {
	w := newWorld(t, nil)
	h := w.hook(func(h *hook.Hook) { h.Events = []hook.Kind{hook.Push} })
	begun := make(chan struct{})
	w.r.set(func(n int, _ http.ResponseWriter, r *http.Request) {
		if n == 0 {
			close(begun)
			<-r.Context().Done()
		}
	})
	w.push("refs/heads/main " + w.commit("one", nil))
	<-begun
	w.stop()
	if list, err := w.s.Deliveries(t.Context(), h.ID, "", 10); err != nil || list[0].State != hook.Waiting || list[0].Tries != 0 {
		t.Errorf("broken off it is %+v, %v", list, err)
	}
	w.run()
	if d := w.settled(h)[0]; d.State != hook.Done || d.Tries != 1 {
		t.Errorf("sent again it is %+v", d)
	}
}

// TestASlowHostKeepsNobodyWaiting: 100 hooks lead to one host that never answers, and one to another.
func TestASlowHostKeepsNobodyWaiting(t *testing.T) {
	w := newWorld(t, func(o *hook.Options) { o.MaxHooks, o.Workers, o.PerHost, o.Timeout = 200, 4, 2, time.Minute })
	slow := newReceiver(t)
	var at, most atomic.Int64
	release := make(chan struct{})
	slow.set(func(_ int, _ http.ResponseWriter, r *http.Request) {
		for n := at.Add(1); ; {
			old := most.Load()
			if n <= old || most.CompareAndSwap(old, n) {
				break
			}
		}
		defer at.Add(-1)
		select {
		case <-release:
		case <-r.Context().Done():
		}
	})
	for range 100 {
		w.hook(func(h *hook.Hook) { h.URL, h.Events = slow.URL, []hook.Kind{hook.Push} })
	}
	w.hook(func(h *hook.Hook) { h.Events = []hook.Kind{hook.Push} })
	w.push("refs/heads/main " + w.commit("one", nil))
	w.r.next(t)
	close(release)
	for range 100 {
		slow.next(t)
	}
	if most.Load() > 2 {
		t.Errorf("%d deliveries were under way to one host, want at most 2", most.Load())
	}
}

func TestOnlySoMuchIsKeptAndWaits(t *testing.T) {
	w := newWorld(t, func(o *hook.Options) {
		o.Keep, o.MaxWaiting, o.MaxHooks, o.Waits = 3, 2, 2, []time.Duration{time.Hour}
	})
	h := w.hook(func(h *hook.Hook) { h.Events = []hook.Kind{hook.Push} })
	for i := range 6 {
		w.push("refs/heads/main " + w.commit(fmt.Sprint(i), nil))
		w.r.next(t)
	}
	if list := w.settled(h); len(list) != 3 {
		t.Errorf("%d deliveries are kept, want 3", len(list))
	}
	if n := w.events(); n != 6 {
		t.Errorf("%d events are kept, want all until they are swept", n)
	}
	ok(t, w.rows.Sweep(t.Context(), time.Now().Add(time.Hour)))
	if n := w.events(); n != 3 {
		t.Errorf("%d events are kept, want those of deliveries", n)
	}
	w.r.set(func(_ int, rw http.ResponseWriter, _ *http.Request) { rw.WriteHeader(500) })
	for i := range 5 {
		w.push("refs/heads/main " + w.commit(fmt.Sprint("fails", i), nil))
		for end := time.Now().Add(20 * time.Second); time.Now().Before(end); time.Sleep(time.Millisecond) {
			if now, err := w.s.Hook(t.Context(), h.ID); err != nil || now.Failures > int64(min(i, 1)) {
				break
			}
		}
	}
	if n, err := w.rows.Waiting(t.Context(), []string{h.ID}); err != nil || n[h.ID] != 2 {
		t.Errorf("%v deliveries wait for a hook that fails, want 2; %v", n, err)
	}
	w.hook(nil)
	if _, err := w.s.Create(t.Context(), by, hook.Hook{ID: db.NewID(), RepoID: repoID, URL: "https://a.example", Form: hook.Gitea, ContentType: hook.JSON, Events: hook.Kinds()}); !errors.Is(err, hook.ErrTooMany) {
		t.Errorf("a third hook: %v", err)
	}
}
