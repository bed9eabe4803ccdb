package remote

import (
	"context"
	"crypto/ed25519"
	"errors"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"golang.org/x/crypto/ssh"

	"jeton/vcs/rules"
)

// signer is a new host key.
func signer(t *testing.T) ssh.Signer {
	t.Helper()
	_, key, err := ed25519.GenerateKey(nil)
	if err != nil {
		t.Fatal(err)
	}
	s, err := ssh.NewSignerFromKey(key)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func TestPullsFromGitsOwnServers(t *testing.T) {
	root, work := there(t)
	branches := func() string {
		return git(t, work, "for-each-ref", "--format=%(objectname) %(refname)", "refs/heads", "refs/tags") + "\nHEAD refs/heads/trunk\n"
	}
	for scheme, address := range map[string]string{
		"http": backend(t, root).URL + "/app", "git": "git://" + daemon(t, root) + "/app",
		"ssh": "ssh://git:secret@" + shell(t, root, "secret", signer(t)) + "/app",
	} {
		t.Run(scheme, func(t *testing.T) {
			s := newStand(t)
			report, err := s.pull(address)
			if err != nil || report != (Report{Refs: 4, Moved: 4}) {
				t.Fatalf("%+v, %v; %s", report, err, s.log)
			}
			if got := s.refs(); got != branches() {
				t.Errorf("got\n%swant\n%s", got, branches())
			}
			git(t, s.repo.Dir(), "fsck", "--strict")
			if s.journal.begun != 1 || s.journal.ended != 1 || len(s.journal.last.Updates) != 5 || s.journal.last.Actor.Name != "ada" {
				t.Errorf("the journal has %d entries, the last %+v", s.journal.begun, s.journal.last)
			}
			if report, err = s.pull(address); err != nil || report != (Report{Refs: 4}) || s.journal.begun != 1 {
				t.Errorf("once more: %+v, %v, %d entries", report, err, s.journal.begun)
			}
		})
	}
}

func TestPullsWhatIsNewAndMovesBackToo(t *testing.T) {
	root, work := there(t)
	address := backend(t, root).URL + "/app"
	s := newStand(t)
	if _, err := s.pull(address); err != nil {
		t.Fatal(err)
	}
	old := git(t, work, "rev-parse", "HEAD")
	write(t, work, "new", "new\n")
	git(t, work, "branch", "-f", "side", "HEAD~3")
	git(t, work, "branch", "late", old)
	git(t, work, "tag", "-d", "v1")
	report, err := s.pull(address)
	if err != nil || report != (Report{Refs: 4, Moved: 3}) {
		t.Fatalf("%+v, %v", report, err)
	}
	for ref, want := range map[string]string{"trunk": git(t, work, "rev-parse", "trunk"), "side": git(t, work, "rev-parse", "side"), "late": old, "v1": old} {
		if got := git(t, s.repo.Dir(), "rev-parse", ref); got != want {
			t.Errorf("%s is %s, want %s", ref, got, want)
		}
	}
	// Where all that is new is here already no pack is asked for.
	git(t, work, "branch", "later", old)
	if report, err = s.pull(address); err != nil || report.Moved != 1 {
		t.Errorf("%+v, %v", report, err)
	}
	git(t, s.repo.Dir(), "fsck", "--strict")
}

func TestAnIncrementalPullDoesNotFetchAllAgain(t *testing.T) {
	root, work := there(t)
	for i := range 8 {
		write(t, work, fmt.Sprint("more", i), strings.Repeat(fmt.Sprint(i), 1000))
	}
	address := "git://" + daemon(t, root) + "/app"
	s := newStand(t)
	if _, err := s.pull(address); err != nil {
		t.Fatal(err)
	}
	git(t, s.repo.Dir(), "update-ref", "refs/heads/ours", git(t, s.repo.Dir(), "rev-parse", "trunk~5"))
	write(t, work, "new", "new\n")
	most := 0
	a, _ := Parse(address)
	if _, err := New(s.o).Pull(t.Context(), Pull{From: a, Session: s.ses, Progress: func(text string) {
		var n, of int
		if _, err := fmt.Sscanf(text, "Receiving objects: %d of %d", &n, &of); err == nil {
			most = max(most, of)
		}
	}}); err != nil {
		t.Fatal(err)
	}
	if most != 3 {
		t.Errorf("%d objects came, want the 3 that are new", most)
	}
}

func TestAnEmptyRepositoryIsNothingToFetch(t *testing.T) {
	root := t.TempDir()
	git(t, root, "init", "-q", "--bare", "none.git")
	for _, address := range []string{
		backend(t, root).URL + "/none.git", "git://" + daemon(t, root) + "/none.git", "ssh://git:secret@" + shell(t, root, "secret", signer(t)) + "/none.git",
	} {
		s := newStand(t)
		if report, err := s.pull(address); err != nil || report != (Report{}) {
			t.Errorf("%s: %+v, %v; %s", address, report, err, s.log)
		}
	}
}

func TestTheRepositorysRulesHold(t *testing.T) {
	root, work := there(t)
	address := backend(t, root).URL + "/app"
	s := newStand(t)
	s.refused = archived
	s.fails(address, "archived")
	s.refused = nil
	if _, err := s.pull(address); err != nil {
		t.Fatal(err)
	}
	git(t, work, "branch", "-f", "side", "HEAD~2")
	write(t, work, "new", "new\n")
	s.ses.Rules = rules.Rules{DenyForce: true}
	s.fails(address, "refs/heads/side: non-fast-forward")
	s.ses.Rules = rules.Rules{Branches: []rules.Branch{{Pattern: "refs/heads/trunk", Who: []string{"u9"}}}}
	s.fails(address, "refs/heads/trunk: protected branch")
	s.ses.Rules = rules.Rules{Hidden: []string{"refs/heads/side"}}
	s.fails(address, "refs/heads/side: deny updating a hidden ref")
}

func TestHostKeysAreKeptAndMissed(t *testing.T) {
	root, _ := there(t)
	one, two := signer(t), signer(t)
	at := shell(t, root, "secret", one)
	other := shell(t, root, "secret", two)
	address := "ssh://git:secret@" + at + "/app"
	s := newStand(t)
	s.fails("ssh://git:secret-and-wrong@"+at+"/app", "other credentials")
	s.fails("ssh://git@"+at+"/app", "other credentials")
	s.fails("ssh://git:secret@"+at+"/nothing", "no git repository")
	if len(s.keys.keys) != 0 {
		t.Errorf("a key was kept of a server that has shown nothing: %v", s.keys.keys)
	}
	if _, err := s.pull(address); err != nil || len(s.keys.keys[at]) != 1 {
		t.Fatalf("%v, keys %v", err, s.keys.keys)
	}
	if _, err := s.pull(address); err != nil || len(s.keys.keys[at]) != 1 {
		t.Errorf("%v, keys %v", err, s.keys.keys)
	}
	s.keys.keys[other] = s.keys.keys[at]
	s.fails("ssh://git:secret@"+other+"/app", "somebody may stand between")
	// What the file says counts.
	s.o.KnownHosts = filepath.Join(t.TempDir(), "known_hosts")
	line := func(key ssh.Signer, host string) string {
		h, p, _ := strings.Cut(host, ":")
		return "[" + h + "]:" + p + " " + string(ssh.MarshalAuthorizedKey(key.PublicKey()))
	}
	if err := os.WriteFile(s.o.KnownHosts, []byte(line(two, other)+line(two, at)), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := s.pull("ssh://git:secret@" + other + "/app"); err != nil {
		t.Errorf("the file has this key: %v", err)
	}
	s.fails(address, "somebody may stand between")
}

func TestCredentialsOverHTTP(t *testing.T) {
	root, _ := there(t)
	b := backend(t, root)
	inner := b.Config.Handler
	b.Config.Handler = signedIn(inner)
	for user, words := range map[string]string{"ada:secret": "", "ada:secret-and-wrong": "other credentials", "": "other credentials"} {
		s := newStand(t)
		address := strings.Replace(b.URL, "://", "://"+user+"@", 1) + "/app"
		if user == "" {
			address = b.URL + "/app"
		}
		if words != "" {
			s.fails(address, words)
			continue
		}
		if _, err := s.pull(address); err != nil {
			t.Errorf("%s: %v", user, err)
		}
	}
}

func TestAPullThatIsGivenUpChangesNothing(t *testing.T) {
	root, _ := there(t)
	s := newStand(t)
	a, _ := Parse(backend(t, root).URL + "/app")
	ctx, cancel := context.WithCancelCause(t.Context())
	why := errors.New("somebody has cancelled it")
	_, err := New(s.o).Pull(ctx, Pull{From: a, Session: s.ses, Progress: func(string) { cancel(why) }})
	if !errors.Is(err, why) || s.journal.begun != 0 {
		t.Errorf("%v, %d entries", err, s.journal.begun)
	}
	if _, err := New(s.o).Pull(t.Context(), Pull{Session: s.ses}); err == nil {
		t.Error("nowhere was fetched from")
	}
}

// signedIn lets in who knows the password, and asks others for it.
func signedIn(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if user, password, _ := r.BasicAuth(); user != "ada" || password != "secret" {
			w.Header().Set("WWW-Authenticate", "Basic")
			w.WriteHeader(http.StatusUnauthorized)
			return
		}
		next.ServeHTTP(w, r)
	})
}
