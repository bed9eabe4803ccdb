package gate

import (
	"context"
	"crypto/ed25519"
	"crypto/rand"
	"testing"

	"golang.org/x/crypto/ssh"

	"jeton/auth/sshkey"
)

// addDeploy makes a deploy key of a repository and proves it.
func (w *world) addDeploy(path string, a sshkey.Access) (id string, c Credential) {
	w.t.Helper()
	public, _, err := ed25519.GenerateKey(rand.Reader)
	ok(w.t, err)
	key, err := ssh.NewPublicKey(public)
	ok(w.t, err)
	e, err := w.keys.AddDeploy(context.Background(), root, "id-"+path, a, "ci <build>", string(ssh.MarshalAuthorizedKey(key)))
	ok(w.t, err)
	who, err := w.gate.IdentifyKey(context.Background(), key.Marshal(), "192.0.2.1:22")
	ok(w.t, err)
	return e.ID, Credential{Proven: who.Proven, Remote: remote}
}

func TestADeployKeyOpensItsRepositoryAlone(t *testing.T) {
	w := newWorld(t)
	_, reads := w.addDeploy("team/app", sshkey.Read)
	_, writes := w.addDeploy("team/app", sshkey.Write)
	_, old := w.addDeploy("ada/old", sshkey.Write)
	for name, c := range map[string]struct {
		cred   Credential
		path   string
		access Access
		want   Code
	}{
		"reading its own":                 {reads, "team/app", Read, ""},
		"its own, otherwise written":      {reads, "Team/APP", Read, ""},
		"writing with read":               {reads, "team/app", Write, ReadOnly},
		"writing with write":              {writes, "team/app", Write, ""},
		"another":                         {writes, "ada/private", Read, NotFound},
		"a public one":                    {writes, "ada/public", Read, NotFound},
		"one that is not there":           {writes, "ada/none", Read, NotFound},
		"a push that would make one":      {writes, "ada/new", Write, NotFound},
		"a push that would make a folder": {writes, "team/new", Write, NotFound},
		"archived, reading":               {old, "ada/old", Read, ""},
		"archived, writing":               {old, "ada/old", Write, Archived},
	} {
		if got := w.ask(c.cred, Git, c.path, c.access); got != c.want {
			t.Errorf("%s: got %q, want %q", name, got, c.want)
		}
	}
	for door := range schemes {
		if got := w.ask(writes, door, "team/app", Read); door != Git && got != BadCredential {
			t.Errorf("%s: got %q", door, got)
		}
	}
	list, err := w.gate.Readable(t.Context(), Credential{Proven: writes.Proven}, 10)
	ok(t, err)
	if len(list) != 1 || list[0].Path != "team/app" {
		t.Errorf("it may read %+v", list)
	}
}

func TestADeployKeyActsInItsOwnName(t *testing.T) {
	w := newWorld(t)
	id, c := w.addDeploy("team/app", sshkey.Write)
	g, err := w.gate.Admit(t.Context(), c, Git, Resource{Path: "team/app"}, Write)
	ok(t, err)
	if i := g.Identity; i.UserID != "" || i.UserName != "deploy key ci <build>" || i.Credential != "key:"+id || i.Email != "" || i.Admin {
		t.Errorf("acts as %+v", i)
	}
	w.ask(c, Git, "ada/private", Read)
	ok(t, w.audit.Close())
	list, err := w.db.Audit().Since(t.Context(), "", 100)
	ok(t, err)
	last := list[len(list)-1]
	if last.UserID != "" || last.UserName != "deploy key ci <build>" || last.Credential != "key:"+id || last.Outcome != string(NotFound) {
		t.Errorf("recorded %+v", last)
	}
}

func TestAskingAgainAboutADeployKey(t *testing.T) {
	for name, c := range map[string]struct {
		change func(w *world, keyID string) error
		want   Code
	}{
		"nothing":    {func(*world, string) error { return nil }, ""},
		"removed":    {func(w *world, id string) error { return w.keys.Remove(w.t.Context(), root, id) }, BadCredential},
		"archived":   {func(w *world, _ string) error { return w.repos.Archive(w.t.Context(), root, "id-team/app") }, Archived},
		"deleted":    {func(w *world, _ string) error { return w.db.Repositories().Delete(w.t.Context(), "id-team/app") }, BadCredential},
		"owner gone": {func(w *world, _ string) error { return w.users.Deactivate(w.t.Context(), root, w.ada.ID) }, ""},
		"renamed": {func(w *world, _ string) error {
			return w.db.Repositories().Rename(w.t.Context(), "id-team/app", "team/other", "team/other")
		}, ""},
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t)
			id, cred := w.addDeploy("team/app", sshkey.Write)
			g, err := w.gate.Admit(t.Context(), cred, Git, Resource{Path: "team/app"}, Write)
			ok(t, err)
			ok(t, c.change(w, id))
			if got := again(t, g); got != c.want {
				t.Errorf("got %q, want %q", got, c.want)
			}
		})
	}
}
