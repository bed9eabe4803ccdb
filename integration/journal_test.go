package integration

import (
	"math/rand/v2"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"
)

// logged is an entry of `jeton repo log --json`.
type logged struct {
	ID          string  `json:"id"`
	EndedAt     *string `json:"ended_at"`
	User        string  `json:"user"`
	UserID      string  `json:"user_id"`
	Credential  string  `json:"credential"`
	Refs        []move  `json:"refs"`
	Options     []string
	SignedBy    string `json:"signed_by"`
	NonceStatus string `json:"nonce_status"`
	Certificate string
	Notes       []string
}

type move struct{ Ref, Old, New, To, Error string }

func (s *server) pushes(t *testing.T, repo string) []logged {
	t.Helper()
	var list []logged
	s.ask(t, &list, "repo", "log", repo, "--limit", "1000")
	return list
}

func TestTheJournalTellsWhatWasPushedByWhomAndHow(t *testing.T) {
	t.Parallel()
	s := start(t)
	dir := t.TempDir()
	git(t, "", "init", "-q", "-b", "main", dir)
	first := commit(t, dir, "file.txt", "one")
	git(t, dir, "push", "-q", s.mine("admin/journal"), "main", "main:topic")
	second := commit(t, dir, "file.txt", "two")
	tokenID, secret := s.token(t, "--user", "admin", "--kind", "vcs")
	git(t, dir, "push", "-q", "-o", "ci.skip", "-o", "\x1b[31mred", s.http("admin/journal", "git", secret), "main", ":topic")

	list := s.pushes(t, "admin/journal")
	if len(list) != 2 {
		t.Fatalf("two pushes are %+v", list)
	}
	newest, oldest := list[0], list[1]
	zero := strings.Repeat("0", len(first))
	for _, want := range []move{{Ref: "refs/heads/main", Old: first, New: second}, {Ref: "refs/heads/topic", Old: first, New: zero}} {
		if !holds(newest.Refs, want) {
			t.Errorf("the second push does not hold %+v: %+v", want, newest)
		}
	}
	for _, want := range []move{{Ref: "refs/heads/main", Old: zero, New: first}, {Ref: "refs/heads/topic", Old: zero, New: first}} {
		if !holds(oldest.Refs, want) {
			t.Errorf("the first push does not hold %+v: %+v", want, oldest)
		}
	}
	if newest.User != "admin" || newest.UserID == "" || newest.Credential != "token:"+tokenID || newest.EndedAt == nil {
		t.Errorf("the second push was by %+v", newest)
	}
	if len(newest.Options) != 2 || newest.Options[0] != "ci.skip" || newest.Options[1] != "\x1b[31mred" || len(oldest.Options) != 0 {
		t.Errorf("the options are %q and %q", newest.Options, oldest.Options)
	}
	out := s.jeton(t, "repo", "log", "admin/journal")
	for _, words := range []string{"admin with token:" + tokenID, "refs/heads/topic deleted " + first[:12], "refs/heads/main " + first[:12] + ".." + second[:12],
		"option       ci.skip", `\x1b[31mred`, "refs/heads/main new " + first[:12]} {
		if !strings.Contains(out, words) {
			t.Errorf("want the words %q in\n%s", words, out)
		}
	}
	if strings.Contains(out, "\x1b") {
		t.Errorf("what a client has sent commands the terminal: %q", out)
	}
	var one []logged
	s.ask(t, &one, "repo", "log", "admin/journal", "--limit", "1", "--before", newest.ID)
	if len(one) != 1 || one[0].ID != oldest.ID {
		t.Errorf("before the newest is %+v", one)
	}
}

func TestTheJournalKeepsTheCertificateOfASignedPush(t *testing.T) {
	t.Parallel()
	s := start(t)
	dir, keys := t.TempDir(), t.TempDir()
	key := filepath.Join(keys, "key")
	if out, err := exec.Command("ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", key).CombinedOutput(); err != nil {
		t.Fatalf("ssh-keygen: %v\n%s", err, out)
	}
	git(t, "", "init", "-q", "-b", "main", dir)
	commit(t, dir, "file.txt", "one")
	git(t, dir, "push", "-q", s.mine("admin/signed"), "main") // a nonce is given out for a repository that is there
	id := commit(t, dir, "file.txt", "two")
	git(t, dir, "-c", "gpg.format=ssh", "-c", "user.signingkey="+key, "push", "-q", "--signed", s.mine("admin/signed"), "main")
	list := s.pushes(t, "admin/signed")
	if len(list) != 2 || list[0].SignedBy == "" || list[0].NonceStatus == "" || !strings.Contains(list[0].Certificate, id+" refs/heads/main") ||
		!strings.Contains(list[0].Certificate, "BEGIN SSH SIGNATURE") {
		t.Errorf("a signed push is %+v", list)
	}
	if out := s.jeton(t, "repo", "log", "admin/signed"); !strings.Contains(out, "signed by") {
		t.Errorf("the log does not tell that it was signed:\n%s", out)
	}
}

func holds(list []move, want move) bool {
	for _, m := range list {
		if m == want {
			return true
		}
	}
	return false
}

// TestKilledServerLosesNoPushFromItsJournal kills the server while clients push, and reads the journal behind each start:
// nothing in it is left open, and what it says of each branch leads without a gap from nothing to where the branch is.
// In the end maintenance has looked at what was pushed last, though the server was killed right behind it.
func TestKilledServerLosesNoPushFromItsJournal(t *testing.T) {
	t.Parallel()
	seed := uint64(time.Now().UnixNano())
	t.Logf("seed %d", seed)
	rng := rand.New(rand.NewPCG(seed, seed))
	s := &server{binary: built(t), data: filepath.Join(short(t), "data"), env: []string{"JETON_MAINTAIN_PACKS=2"}}
	s.run(t)
	t.Cleanup(func() { s.stop(t) })
	secret := s.Tokens["vcs"]
	git(t, sampleHistory(t), "push", "-q", "--mirror", s.mine("admin/crash"))
	dir := s.dir(t, "admin/crash")
	pushers := []*pusher{newPusher(t, s, "one"), newPusher(t, s, "two")}
	for round := range 10 {
		before := came(pushers)
		var wg sync.WaitGroup
		stop := make(chan struct{})
		for _, p := range pushers {
			wg.Go(func() { p.pushUntil(s.http("admin/crash", "git", secret), stop) })
		}
		eventually(t, "a push", func() bool { return came(pushers) > before })
		time.Sleep(time.Duration(rng.IntN(400)) * time.Millisecond) // the moment of the kill is the point of the test
		s.kill(t)
		close(stop)
		wg.Wait()
		s.run(t)
		for _, p := range pushers {
			p.check(t, dir, round)
		}
		list := s.pushes(t, "admin/crash")
		for _, p := range pushers {
			unbroken(t, list, "refs/heads/"+p.branch, p.acknowledged)
		}
	}
	t.Logf("%d pushes acknowledged", came(pushers))
	eventually(t, "one pack, without another push", func() bool {
		packs, err := filepath.Glob(filepath.Join(dir, "objects/pack/*.pack"))
		return err == nil && len(packs) == 1
	})
}

// unbroken fails the test unless the journal, newest first, leads from nothing to where a branch is.
func unbroken(t *testing.T, list []logged, ref, tip string) {
	t.Helper()
	at := ""
	for i := len(list) - 1; i >= 0; i-- {
		if list[i].EndedAt == nil {
			t.Errorf("the entry %s is open behind a start", list[i].ID)
		}
		for _, m := range list[i].Refs {
			if m.Ref != ref || m.Error != "" {
				continue
			}
			if m.Old != at && strings.Trim(m.Old, "0")+at != "" {
				t.Fatalf("%s: the journal leads to %q and goes on from %s", ref, at, m.Old)
			}
			at = m.New
		}
	}
	if at != tip {
		t.Fatalf("%s is at %s, and the journal leads to %s", ref, tip, at)
	}
}

func TestRulesAreInForceAtTheNextRequest(t *testing.T) {
	t.Parallel()
	s := start(t)
	dir := t.TempDir()
	git(t, "", "init", "-q", "-b", "main", dir)
	commit(t, dir, "file.txt", "one")
	git(t, dir, "push", "-q", s.mine("admin/ruled"), "main", "main:secret", "main:topic")
	git(t, dir, "remote", "add", "origin", s.mine("admin/ruled"))

	s.jeton(t, "repo", "set", "admin/ruled", "fetch.hide_refs=refs/heads/secret")
	if out := git(t, dir, "ls-remote", "origin"); strings.Contains(out, "secret") || !strings.Contains(out, "refs/heads/topic") {
		t.Errorf("with refs/heads/secret hidden, ls-remote shows\n%s", out)
	}
	s.jeton(t, "repo", "set", "admin/ruled", "fetch.hide_refs=")
	if out := git(t, dir, "ls-remote", "origin"); !strings.Contains(out, "secret") {
		t.Errorf("shown again, ls-remote shows\n%s", out)
	}
	s.jeton(t, "user", "create", "bob")
	s.jeton(t, "repo", "protect", "admin/ruled", "main", "--who", "bob")
	commit(t, dir, "file.txt", "two")
	refuse(t, dir, nil, []string{"refs/heads/main"}, "push", "origin", "main")
	s.jeton(t, "repo", "protect", "admin/ruled", "main", "--who", "bob", "--who", "admin")
	git(t, dir, "push", "-q", "origin", "main")
	refuse(t, dir, nil, nil, "push", "origin", ":main")
	s.jeton(t, "repo", "set", "admin/ruled", "receive.deny_deletes=true")
	refuse(t, dir, nil, nil, "push", "origin", ":topic")
	s.jeton(t, "repo", "set", "admin/ruled", "receive.deny_deletes=")
	git(t, dir, "push", "-q", "origin", ":topic")
}

func TestADeployKeyPushesToAProtectedBranchThatNamesIt(t *testing.T) {
	t.Parallel()
	s := start(t)
	dir := t.TempDir()
	git(t, "", "init", "-q", "-b", "main", dir)
	commit(t, dir, "file.txt", "one")
	git(t, dir, "push", "-q", s.mine("admin/ci"), "main")
	id, key := s.addDeployKey(t, "admin/ci", "write")
	s.jeton(t, "repo", "protect", "admin/ci", "main", "--who", "admin")
	commit(t, dir, "file.txt", "two")
	refuse(t, dir, []string{sshEnv(key)}, []string{"does not let you push"}, "push", s.ssh("admin/ci"), "main")
	if out := s.jeton(t, "repo", "protect", "admin/ci", "main", "--who", "key:"+id); !strings.Contains(out, "only deploy key ci write") {
		t.Errorf("protect says %q", out)
	}
	if out, err := tryGit(dir, []string{sshEnv(key)}, "push", "-q", s.ssh("admin/ci"), "main"); err != nil {
		t.Errorf("the deploy key that is named: %v\n%s", err, out)
	}
	if list := s.pushes(t, "admin/ci"); list[0].UserID != "key:"+id || list[0].Credential != "key:"+id || list[0].User != "deploy key ci write" {
		t.Errorf("the journal tells of %+v", list[0])
	}
	commit(t, dir, "file.txt", "three")
	refuse(t, dir, nil, []string{"does not let you push"}, "push", s.mine("admin/ci"), "main")
	s.jeton(t, "key", "remove", id, "--yes")
	if out := s.jeton(t, "repo", "rules", "admin/ci"); !strings.Contains(out, "removed:key:"+id) {
		t.Errorf("a key that was removed is shown as\n%s", out)
	}
}
