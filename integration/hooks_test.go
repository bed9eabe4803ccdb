package integration

import (
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"
)

// inside lets web hooks lead to the tests' receivers.
const inside = "JETON_OUTGOING_ALLOW=127.0.0.0/8"

// told is an API call by the administrator that must succeed.
func (w *apiWorld) told(t *testing.T, method string, given args, into any) {
	t.Helper()
	a := w.call(t, apiCall{Method: method, Args: given})
	if a.text() != "" {
		t.Fatalf("%s answered %s", method, a.text())
	}
	if into != nil {
		if err := json.Unmarshal(a.Result, into); err != nil {
			t.Fatal(err)
		}
	}
}

// hookMade is what create_webhook answers, as far as tests look.
type hookMade struct {
	Hook struct {
		ID string `json:"hook_id"`
	} `json:"webhook"`
	Secret string `json:"secret"`
}

// hookSent is a delivery, as far as tests look.
type hookSent struct {
	ID     string `json:"delivery_id"`
	State  string `json:"state"`
	Status int    `json:"status"`
	Tries  int    `json:"tries"`
	Answer string `json:"response_body"`
	Error  string `json:"error"`
}

// pushes pushes a new commit to a branch of team/app, and returns its id and how long that took.
func (w *apiWorld) pushes(t *testing.T, work, branch string) (id string, took time.Duration) {
	t.Helper()
	id = commit(t, work, "file", time.Now().String())
	begun := time.Now()
	git(t, work, "push", "-q", w.mine("team/app"), "+HEAD:refs/heads/"+branch)
	return id, time.Since(begun)
}

// checkout is a clone of team/app to push from.
func (w *apiWorld) checkout(t *testing.T) string {
	t.Helper()
	work := t.TempDir()
	git(t, "", "clone", "-q", w.mine("team/app"), work)
	return work
}

// TestHooksAreTakenByDebiansWebhook has Debian's webhook check the signature of what is sent, and act upon it.
func TestHooksAreTakenByDebiansWebhook(t *testing.T) {
	t.Parallel()
	program, err := exec.LookPath("webhook")
	if err != nil {
		t.Fatal("Debian's package webhook is needed: scripts/test installs it")
	}
	w := newAPIWorld(t, inside)
	work, dir := w.checkout(t), t.TempDir()
	seen := filepath.Join(dir, "seen")
	listen, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	port := listen.Addr().(*net.TCPAddr).Port
	_ = listen.Close()
	var good, bad hookMade
	address := fmt.Sprintf("http://127.0.0.1:%d/hooks/ci", port)
	w.told(t, "create_webhook", args{"repoid": "team/app", "url": address, "form": "github"}, &good)
	w.told(t, "create_webhook", args{"repoid": "team/app", "url": address, "form": "gitea", "secret": "wrong"}, &bad)
	rules := fmt.Sprintf(`[{"id": "ci", "execute-command": "/usr/bin/tee", "pass-arguments-to-command": [{"source": "string", "name": %q}, {"source": "string", "name": "-a"}],
		"command-working-directory": %q, "response-message": "built",
		"pass-environment-to-command": [{"source": "payload", "name": "after"}], "trigger-rule": {"and": [
		{"match": {"type": "payload-hmac-sha256", "secret": %q, "parameter": {"source": "header", "name": "X-Hub-Signature-256"}}},
		{"match": {"type": "payload-hmac-sha1", "secret": %q, "parameter": {"source": "header", "name": "X-Hub-Signature"}}},
		{"match": {"type": "value", "value": "push", "parameter": {"source": "header", "name": "X-GitHub-Event"}}},
		{"match": {"type": "value", "value": "refs/heads/built", "parameter": {"source": "payload", "name": "ref"}}}]}}]`, seen, dir, good.Secret, good.Secret)
	if err := os.WriteFile(filepath.Join(dir, "hooks.json"), []byte(rules), 0o600); err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command(program, "-hooks", filepath.Join(dir, "hooks.json"), "-ip", "127.0.0.1", "-port", fmt.Sprint(port), "-verbose")
	log := &lockedBuffer{}
	cmd.Stdout, cmd.Stderr = log, log
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = cmd.Process.Kill(); _ = cmd.Wait() })
	eventually(t, "webhook listens", func() bool {
		c, err := net.Dial("tcp", fmt.Sprintf("127.0.0.1:%d", port))
		if err == nil {
			_ = c.Close()
		}
		return err == nil
	})
	w.pushes(t, work, "built")
	var list []hookSent
	eventually(t, "webhook has built it", func() bool {
		w.told(t, "get_webhook_deliveries", args{"hookid": good.Hook.ID}, &list)
		return len(list) == 1 && list[0].State == "done"
	})
	if list[0].Status != 200 || list[0].Answer != "built" {
		t.Errorf("webhook answered %+v\n%s", list, log)
	}
	eventually(t, "its command ran", func() bool { _, err := os.Stat(seen); return err == nil })
	eventually(t, "the other hook was refused", func() bool {
		w.told(t, "get_webhook_deliveries", args{"hookid": bad.Hook.ID}, &list)
		return len(list) == 1 && list[0].Tries > 0
	})
	if list[0].Status != 500 || list[0].State != "waiting" || !strings.Contains(list[0].Error, "answered 500") {
		t.Errorf("with the wrong secret: %+v\n%s", list, log)
	}
}

// TestHooksSurviveKilledServer kills the server while a receiver holds its first deliveries. After a start all arrive, the
// branch's in their order; those that were under way come again, under the same ids.
func TestHooksSurviveKilledServer(t *testing.T) {
	t.Parallel()
	w := newAPIWorld(t, inside)
	work := w.checkout(t)
	held, came := make(chan string, 100), make(chan [2]string, 100)
	hang := make(chan struct{})
	receiver := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		var v struct{ After string }
		body, _ := io.ReadAll(r.Body)
		_ = json.Unmarshal(body, &v)
		select {
		case <-hang:
			came <- [2]string{v.After, r.Header.Get("X-Gitea-Delivery")}
		default:
			held <- r.Header.Get("X-Gitea-Delivery")
			<-r.Context().Done()
		}
	}))
	t.Cleanup(receiver.Close)
	w.told(t, "create_webhook", args{"repoid": "team/app", "url": receiver.URL, "branches": "kept"}, nil)
	var want []string
	for range 4 {
		id, _ := w.pushes(t, work, "kept")
		want = append(want, id)
	}
	first := <-held
	w.kill(t)
	close(hang)
	w.server.run(t)
	var got []string
	for len(got) < len(want) {
		select {
		case one := <-came:
			if len(got) == 0 && one[1] != first {
				t.Errorf("first comes the delivery %s, want %s again", one[1], first)
			}
			if !slices.Contains(got, one[0]) { // at least once
				got = append(got, one[0])
			}
		case <-time.After(time.Minute):
			t.Fatalf("of %v came %v\n%s", want, got, tail(w.log.String()))
		}
	}
	if !slices.Equal(got, want) {
		t.Errorf("came %v, want %v", got, want)
	}
}

// TestAThousandHooksToADeadReceiverSlowNoPush compares the time of a push before there are any and while they all fail, and
// has a hook elsewhere told meanwhile.
func TestAThousandHooksToADeadReceiverSlowNoPush(t *testing.T) {
	t.Parallel()
	w := newAPIWorld(t, inside, "JETON_HOOKS_MAX=2000")
	work := w.checkout(t)
	median := func() time.Duration {
		var all []time.Duration
		for range 7 {
			_, took := w.pushes(t, work, "main")
			all = append(all, took)
		}
		slices.Sort(all)
		return all[len(all)/2]
	}
	before := median()
	for range 1000 {
		w.told(t, "create_webhook", args{"repoid": "team/app", "url": "http://127.0.0.1:1/dead", "secret": "known"}, nil)
	}
	came := make(chan struct{}, 100)
	receiver := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { came <- struct{}{} }))
	t.Cleanup(receiver.Close)
	w.told(t, "create_webhook", args{"repoid": "team/app", "url": receiver.URL}, nil)
	after := median()
	t.Logf("a push takes %s before, and %s with 1,000 hooks that fail", before, after)
	if after > 2*before+500*time.Millisecond {
		t.Errorf("a push takes %s with 1,000 hooks to a dead receiver, and %s without", after, before)
	}
	for range 7 {
		select {
		case <-came:
		case <-time.After(time.Minute):
			t.Fatal("a hook elsewhere is kept waiting")
		}
	}
}
