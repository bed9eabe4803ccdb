package integration

import (
	"encoding/json"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"
)

// apiPullRows are the rows of pull. What is fetched is told by TestPull.
func apiPullRows() []apiRow {
	const inside = "nothing could be fetched: there is no git repository at this address, or it wants other credentials, or the server cannot be reached " +
		"or is one that this server does not speak to (an administrator allows networks by the setting outgoing.allow, and finds the reason in the log)"
	return []apiRow{
		{Name: "from inside", Method: "pull", Args: args{"repoid": "team/app", "remote_uri": "http://ada:secret@127.0.0.1:1/x"},
			Error: "Unable to pull changes from `http://ada:*****@127.0.0.1:1/x`: " + inside},
		{Name: "from a file", Method: "pull", Args: args{"repoid": "team/app", "remote_uri": "file:///etc"},
			Error: "Invalid `remote_uri`: the address of a remote must begin with https://, http://, ssh:// or git://"},
		{Name: "from nowhere", Method: "pull", Args: args{"repoid": "team/app"},
			Error: "Unable to pull changes from `None`: the repository has no clone_uri; set it by update_repo, or name remote_uri"},
		{Name: "into an archived repository", Method: "pull", Args: args{"repoid": "team/old", "remote_uri": "https://code.example/x"},
			Error: "This repository is archived: it can be read, but what it holds cannot be changed."},
		{Name: "by who may only read", Method: "pull", As: "reader", Args: args{"repoid": "team/app", "remote_uri": "https://code.example/x"},
			Error: "repository `team/app` does not exist"},
		{Name: "waited for by nobody", Method: "pull", As: "owner", Args: args{"repoid": "team/app", "remote_uri": "http://ada:secret@127.0.0.1:1/x", "wait_completion": false},
			Golden: "pull/pull.json"},
	}
}

// gitDaemon serves a folder over git://, and answers where.
func gitDaemon(t *testing.T, root string) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	var all sync.WaitGroup
	all.Go(func() {
		for {
			conn, err := l.Accept()
			if err != nil {
				return
			}
			all.Go(func() {
				defer conn.Close()
				cmd := exec.Command("git", "daemon", "--inetd", "--export-all", "--base-path="+root, root)
				cmd.Stdin, cmd.Stdout = conn, conn
				_ = cmd.Run()
			})
		}
	})
	t.Cleanup(func() {
		_ = l.Close()
		all.Wait()
	})
	return "git://" + l.Addr().String()
}

// apiOn is a world of a server that was started already.
func apiOn(s *server) *apiWorld {
	w := &apiWorld{server: s, saves: map[string]json.RawMessage{}}
	w.Tokens["admin"] = w.Tokens["api"]
	return w
}

// job waits until a job has ended.
func (w *apiWorld) job(t *testing.T, id string) (state, why string) {
	t.Helper()
	var j struct{ State, Error string }
	eventually(t, "the job has ended", func() bool {
		a := w.call(t, apiCall{Method: "get_job", Args: args{"jobid": id}})
		if err := json.Unmarshal(a.Result, &j); err != nil {
			t.Fatalf("%v: %s %s", err, a.Result, a.Error)
		}
		return j.State != "queued" && j.State != "running"
	})
	return j.State, j.Error
}

func TestPull(t *testing.T) {
	t.Parallel()
	there := start(t)
	work := t.TempDir()
	git(t, "", "init", "-q", "-b", "trunk", work)
	commit(t, work, "a", "a\n")
	git(t, work, "tag", "-m", "one", "v1")
	git(t, work, "push", "-q", there.mine("peer"), "trunk", "v1")
	git(t, "", "clone", "-q", "--bare", work, filepath.Join(filepath.Dir(work), "bare.git"))
	secret := there.Tokens["vcs"]
	here := apiOn(start(t, inside, "JETON_LOG_LEVEL=debug"))
	addresses := map[string]string{"http": there.http("peer", "git", secret), "git": gitDaemon(t, filepath.Dir(work)) + "/bare.git",
		"ssh": strings.Replace(there.ssh("peer"), "git@", "git:"+secret+"@", 1)}
	for name, address := range addresses {
		masked := strings.Replace(address, secret, "*****", 1)
		repo := "mirrors/" + name
		if a := here.call(t, apiCall{Method: "create_repo", Args: args{"repo_name": repo, "repo_type": "git", "clone_uri": address}}); a.text() != "" {
			t.Fatalf("%s: %s", name, a.text())
		}
		eventually(t, "it is fetched", func() bool { return refs(t, here.dir(t, repo)) == refs(t, there.dir(t, "peer")) })
		if got := strings.TrimSpace(git(t, here.dir(t, repo), "symbolic-ref", "HEAD")); got != "refs/heads/trunk" {
			t.Errorf("%s: HEAD names %s", name, got)
		}
		a := here.call(t, apiCall{Method: "get_repo", Args: args{"repoid": repo}})
		var shown struct {
			CloneURI string `json:"clone_uri"`
		}
		if err := json.Unmarshal(a.Result, &shown); err != nil || shown.CloneURI != masked {
			t.Errorf("%s: it is shown as %q, want %q", name, shown.CloneURI, masked)
		}
		here.fsck(t, repo)
	}
	commit(t, work, "b", "b\n")
	git(t, work, "push", "-q", there.mine("peer"), "trunk")
	for _, name := range []string{"http", "ssh"} {
		a := here.call(t, apiCall{Method: "pull", Args: args{"repoid": "mirrors/" + name}})
		masked := strings.Replace(addresses[name], secret, "*****", 1)
		if a.text() != "" || !strings.Contains(string(a.Result), "from url `"+masked+"` on repo `mirrors/"+name+"`") {
			t.Fatalf("%s: %s %s", name, a.Result, a.Error)
		}
		eventually(t, "it is fetched", func() bool { return refs(t, here.dir(t, "mirrors/"+name)) == refs(t, there.dir(t, "peer")) })
	}
	// What was fetched stands in the journal, and in no place is the secret.
	if log := here.jeton(t, "repo", "log", "mirrors/http"); strings.Count(log, "refs/heads/trunk") < 2 {
		t.Errorf("the journal has\n%s", log)
	}
	for what, text := range map[string]string{"the log": here.log.String(), "jobs": string(here.call(t, apiCall{Method: "get_jobs"}).Result), "the record": here.jeton(t, "audit", "log")} {
		if strings.Contains(text, secret[8:]) {
			t.Errorf("the secret stands in %s:\n%s", what, tail(text))
		}
	}
	data, err := exec.Command("grep", "-rlF", secret, here.data).Output()
	if err == nil {
		t.Errorf("the secret stands in %s", data)
	}
}

// A server that is killed while it fetches begins anew at its next start, and ends once.
func TestAPullThatAKilledServerLeftIsTakenUp(t *testing.T) {
	t.Parallel()
	there := start(t)
	work := t.TempDir()
	git(t, "", "init", "-q", "-b", "main", work)
	commit(t, work, "a", "a\n")
	git(t, work, "push", "-q", there.mine("peer"), "main")
	to, err := url.Parse(there.URL)
	if err != nil {
		t.Fatal(err)
	}
	held, asked := make(chan struct{}), make(chan struct{}, 8)
	proxy := httputil.NewSingleHostReverseProxy(to)
	slow := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Method == http.MethodPost {
			asked <- struct{}{}
			body, _ := io.ReadAll(r.Body)
			r.Body = io.NopCloser(strings.NewReader(string(body)))
			select {
			case <-held:
			case <-r.Context().Done():
				return
			}
		}
		proxy.ServeHTTP(w, r)
	}))
	t.Cleanup(slow.Close)
	here := apiOn(start(t, inside))
	here.jeton(t, "repo", "create", "mirror", "--owner", here.User)
	address := strings.Replace(there.mine("peer"), to.Host, strings.TrimPrefix(slow.URL, "http://"), 1)
	a := here.call(t, apiCall{Method: "pull", Args: args{"repoid": "mirror", "remote_uri": address, "wait_completion": false}})
	var begun struct{ Task string }
	if err := json.Unmarshal(a.Result, &begun); err != nil || begun.Task == "" {
		t.Fatalf("%s %s", a.Result, a.Error)
	}
	select {
	case <-asked:
	case <-time.After(30 * time.Second):
		t.Fatal("nothing is fetched")
	}
	here.kill(t)
	here.server.run(t)
	close(held)
	if state, why := here.job(t, begun.Task); state != "done" {
		t.Fatalf("the job is %s: %s", state, why)
	}
	if got, want := refs(t, here.dir(t, "mirror")), refs(t, there.dir(t, "peer")); got != want {
		t.Errorf("got %s, want %s", got, want)
	}
	if log := here.jeton(t, "repo", "log", "mirror"); strings.Count(log, "refs/heads/main") != 1 {
		t.Errorf("the journal has\n%s", log)
	}
}
