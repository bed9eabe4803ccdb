package hook_test

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"jeton/web/hook"
)

// events is how many events are kept.
func (w *world) events() int {
	w.t.Helper()
	n := 0
	for i := range w.pushes {
		known, err := w.rows.Known(w.t.Context(), fmt.Sprintf("push:push%04d:0:push", i+1))
		ok(w.t, err)
		if known {
			n++
		}
	}
	return n
}

func TestOtherEventsAreTold(t *testing.T) {
	w := newWorld(t, nil)
	for i, place := range []hook.Place{{RepoID: repoID}, {GroupID: groupID}, {}} {
		w.hook(func(h *hook.Hook) {
			h.RepoID, h.GroupID, h.URL = place.RepoID, place.GroupID, fmt.Sprint(w.r.URL, "/", i)
		})
	}
	repo, _ := w.Repo(t.Context(), repoID)
	facts := &hook.TokenFacts{ID: "t1", Label: "canary"}
	for _, c := range []struct {
		tell func() error
		want string
	}{
		{func() error { return w.s.Tell(t.Context(), hook.Event{Kind: hook.Fork, Repo: &repo, Forkee: &repo}) }, "/0 fork, /1 fork, /2 fork"},
		{func() error { return w.s.Tell(t.Context(), hook.Event{Kind: hook.Expiring, Token: facts}) }, "/2 token_expiring"},
		{func() error {
			return w.s.TellOnce(t.Context(), hook.Event{ID: "once", Kind: hook.Expiring, Token: facts, GroupID: groupID})
		}, "/1 token_expiring, /2 token_expiring"},
		{func() error {
			return w.s.TellOnce(t.Context(), hook.Event{ID: "once", Kind: hook.Expiring, Token: facts, GroupID: groupID})
		}, ""},
		{func() error { w.s.Alarm(hook.Event{Token: facts}); w.s.Alarm(hook.Event{Token: facts}); return nil }, "/2 token_decoy"},
	} {
		ok(t, c.tell())
		got := map[string]string{}
		for range strings.Count(c.want, "/") {
			r := w.r.next(t)
			got[r.path] = r.header.Get("X-GitHub-Event")
		}
		var lines []string
		for _, path := range []string{"/0", "/1", "/2"} {
			if got[path] != "" {
				lines = append(lines, path+" "+got[path])
			}
		}
		if strings.Join(lines, ", ") != c.want {
			t.Errorf("told are %v, want %s", lines, c.want)
		}
		w.r.none(t)
	}
}

func TestAReceiverThatDoesNotAnswer(t *testing.T) {
	w := newWorld(t, func(o *hook.Options) { o.Timeout, o.Waits = 50*time.Millisecond, []time.Duration{} })
	h := w.hook(func(h *hook.Hook) { h.Events = []hook.Kind{hook.Push} })
	w.r.set(func(_ int, _ http.ResponseWriter, r *http.Request) { <-r.Context().Done() })
	w.push("refs/heads/main " + w.commit("one", nil))
	if d := w.settled(h)[0]; d.State != hook.Failed || d.Status != 0 || d.Error != "the receiver did not answer within 50ms" {
		t.Errorf("got %+v", d)
	}
	if strings.Contains(w.settled(h)[0].Error, w.r.URL) {
		t.Error("the error holds the address")
	}
}

func TestATokenThatCannotBeMadeFailsTheDelivery(t *testing.T) {
	w := newWorld(t, func(o *hook.Options) {
		o.Mint = func(context.Context, string, hook.Hook) (hook.Bearer, error) { return hook.Bearer{}, errors.New("no") }
	})
	h := w.hook(func(h *hook.Hook) { h.GivesToken, h.Events = true, []hook.Kind{hook.Push} })
	w.push("refs/heads/main " + w.commit("one", nil))
	if d := w.settled(h)[0]; d.State != hook.Failed || !strings.Contains(d.Error, "token") {
		t.Errorf("got %+v", d)
	}
	w.r.none(t)
}
