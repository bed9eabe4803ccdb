package integration

import (
	"encoding/json"
	"path/filepath"
	"strings"
	"testing"

	"jeton/auth/audit"
	"jeton/db"
)

// entriesOf reads the record by the command line.
func (s *server) entriesOf(t *testing.T, args ...string) []audit.Entry {
	t.Helper()
	var list []audit.Entry
	s.ask(t, &list, append([]string{"audit", "log"}, args...)...)
	return list
}

// TestTheAuditRecordTellsWhatWasDoneAndHoldsNoSecret does a little of everything, with secrets that are known.
func TestTheAuditRecordTellsWhatWasDoneAndHoldsNoSecret(t *testing.T) {
	t.Parallel()
	s := start(t, "JETON_AUDIT_PULLS=true")
	dir := filepath.Join(t.TempDir(), "copy")
	id, secret := s.token(t, "--user", s.User, "--kind", "vcs")
	git(t, "", "clone", "-q", s.http(s.Repo, "git", secret), dir)
	env := []string{sshEnv(s.addKey(t, "ed25519"))}
	if out, err := tryGit("", env, "ls-remote", s.ssh(s.Repo)); err != nil {
		t.Fatalf("ls-remote over SSH: %v\n%s", err, out)
	}
	if out, err := tryGit("", env, "clone", "-q", s.ssh(s.Repo), filepath.Join(t.TempDir(), "copy")); err != nil {
		t.Fatalf("clone over SSH: %v\n%s", err, out)
	}
	before := head(t, dir)
	after := commit(t, dir, "audit.txt", "x")
	git(t, dir, "push", "-q", "origin", "HEAD:refs/heads/main")
	const dead = "jet_vcs_0123456789ABCDEFGHIJabcdefghijKL45YjdM"
	git(t, dir, "push", "-q", "origin", "HEAD:refs/heads/"+dead) // in a ref's name; push protection lets no live one in
	if out, err := s.tryInput("correct horse battery\n", "user", "create", "bob", "--password-stdin"); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	_, _ = tryGit("", nil, "ls-remote", s.http("nobody/"+secret, "git", secret)) // a token in a path
	_, _ = tryGit("", nil, "ls-remote", s.http(s.Repo, s.User, "a wrong password"))
	s.jeton(t, "token", "revoke", id, "--yes")
	for range 5 {
		_, _ = tryGit("", nil, "ls-remote", s.http(s.Repo, "git", secret))
	}
	eventually(t, "both pushes in the record", func() bool { return len(s.entriesOf(t, "--action", "repository.push")) == 2 })
	push := s.entriesOf(t, "--action", "repository.push")[1]
	if push.Detail != before+" "+after+" refs/heads/main" || push.Credential != "token:"+id || push.User != s.User || push.Resource != s.Repo {
		t.Errorf("the push is told as %+v", push)
	}
	eventually(t, "the rest", func() bool {
		return len(s.entriesOf(t, "--action", "repository.pull")) >= 2 && len(s.entriesOf(t, "--outcome", "revoked")) > 0
	})
	if list := s.entriesOf(t, "--outcome", "revoked", "--credential", "token:"+id); len(list) != 1 {
		t.Errorf("five refusals of one token are %d lines within a minute", len(list))
	}
	if list := s.entriesOf(t, "--action", "sign-in", "--outcome", "done"); len(list) != 1 || list[0].Door != "ssh" || list[0].Address != "127.0.0.1" || !strings.HasPrefix(list[0].Credential, "key:") {
		t.Errorf("two SSH connections with one key are told as %+v", list)
	}
	for _, action := range []string{"token.mint", "token.revoke", "user.create", "key.add"} {
		if len(s.entriesOf(t, "--action", action, "--outcome", "done")) == 0 {
			t.Errorf("nothing tells of %s", action)
		}
	}
	s.verifyAndExport(t)
	s.stop(t)
	s.wholeRecord(t, secret, dead, s.Password, "correct horse battery", "a wrong password", s.Tokens["vcs"], s.Tokens["api"], s.Tokens["web"], s.Tokens["feed"])
}

// verifyAndExport compares the commands with each other.
func (s *server) verifyAndExport(t *testing.T) {
	t.Helper()
	kept := strings.TrimSpace(s.jeton(t, "audit", "head"))
	if out := s.jeton(t, "audit", "verify", "--head", kept); !strings.Contains(out, "fit together") {
		t.Errorf("verify says %q", out)
	}
	last := audit.Head{}
	for line := range strings.Lines(s.jeton(t, "audit", "export")) {
		var e audit.Entry
		if err := json.Unmarshal([]byte(line), &e); err != nil {
			t.Fatal(err)
		}
		sum := db.AuditEntry{ID: e.ID, At: e.At, UserID: e.UserID, UserName: e.User, Credential: e.Credential, Door: e.Door, Action: e.Action, Resource: e.Resource,
			Outcome: e.Outcome, Detail: e.Detail, Remote: e.Address, Once: e.Once, Seq: e.Seq, Previous: e.Previous}.Sum()
		if e.Seq != last.Seq+1 || e.Previous != last.Hash || sum != e.Hash {
			t.Fatalf("entry %d of the export does not fit: %+v", e.Seq, e)
		}
		last = audit.Head{Seq: e.Seq, Hash: e.Hash}
	}
	if csv := s.jeton(t, "audit", "export", "--format", "csv", "--action", "token.*"); !strings.HasPrefix(csv, "seq,at,user,") || !strings.Contains(csv, ",token.mint,") || strings.Contains(csv, "repository.push") {
		t.Errorf("the CSV is\n%s", csv)
	}
	if out, err := s.try("audit", "verify", "--head", "99999:"+strings.Repeat("0", 64)); err == nil || !strings.Contains(out, "cut off") {
		t.Errorf("verify with a head that is not there: %v\n%s", err, out)
	}
}

// wholeRecord looks for secrets in every field of every entry, and through all files of the database.
func (s *server) wholeRecord(t *testing.T, secrets ...string) {
	t.Helper()
	d, err := db.Open(t.Context(), db.Options{Path: filepath.Join(s.data, "jeton.db")})
	if err != nil {
		t.Fatal(err)
	}
	defer d.Close()
	if _, err := audit.Verify(t.Context(), d, audit.Head{}); err != nil {
		t.Error(err)
	}
	list, err := audit.Find(t.Context(), d, audit.Query{}, 10000)
	if err != nil || len(list) < 10 {
		t.Fatalf("%d entries, %v", len(list), err)
	}
	for _, e := range list {
		text, err := json.Marshal(e)
		if err != nil {
			t.Fatal(err)
		}
		for _, secret := range secrets {
			if secret != "" && strings.Contains(string(text), secret) {
				t.Errorf("entry %d holds a secret: %s", e.Seq, e.Action)
			}
		}
	}
}
