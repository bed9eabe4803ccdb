package gate

import (
	"context"
	"errors"
	"maps"
	"slices"
	"testing"
	"time"

	"jeton/auth/signin"
	"jeton/auth/token"
)

func TestIdentifyProvesOnceForManyAdmissions(t *testing.T) {
	w := newWorld(t)
	_, text := w.mint(w.ada, token.VCS, until(noon.Add(time.Hour)))
	for name, c := range map[string]Credential{
		"token":    {User: "git", Secret: text, Scheme: "ssh-password"},
		"password": {User: "ada", Secret: password, Scheme: "ssh-password"},
	} {
		id, err := w.gate.Identify(t.Context(), c, Git)
		ok(t, err)
		if id.UserName != "ada" || id.Email != "ada@example.org" || id.Credential == "" || id.TokenExpiry.IsZero() != (name == "password") {
			t.Errorf("%s: got %+v", name, id)
		}
		carried, err := FromProof(id.Proven.Proof())
		ok(t, err)
		if got := w.ask(Credential{Proven: carried, Remote: remote}, Git, "ada/private", Write); got != "" {
			t.Errorf("%s: got %q", name, got)
		}
	}
}

func TestIdentifyRefusesWhatAdmitWould(t *testing.T) {
	w := newWorld(t)
	_, feed := w.mint(w.ada, token.Feed)
	_, vcs := w.mint(w.ada, token.VCS)
	for name, c := range map[string]struct {
		cred Credential
		want Code
	}{
		"guest":          {Credential{}, NoCredential},
		"wrong kind":     {by("ssh-password", feed), WrongKind},
		"another's name": {Credential{User: "bob", Secret: vcs, Scheme: "ssh-password"}, BadCredential},
		"wrong password": {Credential{User: "ada", Secret: "wrong horse", Scheme: "ssh-password"}, BadCredential},
		"a key unproven": {Credential{User: "git", Scheme: "ssh-key"}, BadCredential},
	} {
		if _, err := w.gate.Identify(t.Context(), c.cred, Git); code(t, nil, err) != c.want {
			t.Errorf("%s: got %v, want %q", name, err, c.want)
		}
	}
	ok(t, w.signin.Disable(t.Context(), root, signin.Token))
	if _, err := w.gate.Identify(t.Context(), by("ssh-password", vcs), Git); code(t, nil, err) != SwitchedOff {
		t.Errorf("plug-in off: got %v", err)
	}
}

func TestKeysOpenGitAlone(t *testing.T) {
	w := newWorld(t)
	_, wire := w.addKey(w.ada)
	id, err := w.gate.IdentifyKey(t.Context(), wire, "[2001:db8::1]:22")
	ok(t, err)
	if id.UserID != w.ada.ID || id.Credential != "key:"+id.Proven.KeyID {
		t.Fatalf("got %+v", id)
	}
	for door := range schemes {
		want := BadCredential
		if door == Git {
			want = ""
		}
		if got := w.ask(Credential{Proven: id.Proven}, door, "ada/private", Read); got != want {
			t.Errorf("%s: got %q, want %q", door, got, want)
		}
	}
	if _, err := w.gate.IdentifyKey(t.Context(), wire[:len(wire)-1], ""); code(t, nil, err) != BadCredential {
		t.Errorf("a cut key: got %v", err)
	}
	ok(t, w.users.Deactivate(t.Context(), root, w.ada.ID))
	if _, err := w.gate.IdentifyKey(t.Context(), wire, "not an address"); code(t, nil, err) != Inactive {
		t.Errorf("inactive: got %v", err)
	}
}

func TestProofThatWasLostIsNoGuest(t *testing.T) {
	for name, proof := range map[string]map[string]string{
		"none":       nil,
		"empty":      Proven{}.Proof(),
		"two":        {"jeton-token": "a", "jeton-key": "b"},
		"stamp only": {"jeton-stamp": "x"},
	} {
		if _, err := FromProof(proof); !errors.Is(err, ErrProof) {
			t.Errorf("%s: got %v", name, err)
		}
	}
	p := Proven{UserID: "u", Stamp: "s"}
	if again, err := FromProof(maps.Clone(p.Proof())); err != nil || again != p {
		t.Errorf("got %+v, %v", again, err)
	}
}

func TestForgedProofOpensNothing(t *testing.T) {
	w := newWorld(t)
	for _, p := range []Proven{{TokenID: "x"}, {KeyID: "x"}, {UserID: "x"}, {UserID: w.ada.ID}, {UserID: w.ada.ID, Stamp: "x"}, {Stamp: "x"}} {
		if got := w.ask(Credential{Proven: p}, Git, "ada/public", Read); got != BadCredential {
			t.Errorf("%+v: got %q", p, got)
		}
	}
}

func TestReadableListsWhatTheCredentialReaches(t *testing.T) {
	w := newWorld(t)
	identify := func(text string) Identity {
		id, err := w.gate.Identify(t.Context(), by("ssh-password", text), Git)
		ok(t, err)
		return id
	}
	_, all := w.mint(w.ada, token.VCS)
	boundID, bound := w.mint(w.ada, token.VCS, boundTo("team/app", "ada/old"))
	_, bobs := w.mint(w.bob, token.VCS)
	doomed := identify(bound)
	for name, c := range map[string]struct {
		id    Identity
		limit int
		want  []string
	}{
		"guest":        {Identity{}, 10, []string{"ada/public"}},
		"owner":        {identify(all), 10, []string{"ada/old", "ada/private", "ada/public", "team/app"}},
		"owner, two":   {identify(all), 2, []string{"ada/old", "ada/private"}},
		"owner, none":  {identify(all), 0, nil},
		"bound":        {doomed, 10, []string{"ada/old", "team/app"}},
		"given to bob": {identify(bobs), 10, []string{"ada/private", "ada/public", "team/app"}},
	} {
		list, err := w.gate.Readable(t.Context(), Credential{Proven: c.id.Proven}, c.limit)
		ok(t, err)
		var got []string
		for _, r := range list {
			got = append(got, r.Path)
		}
		if !slices.Equal(got, c.want) {
			t.Errorf("%s: got %v, want %v", name, got, c.want)
		}
	}
	ok(t, w.tokens.Revoke(t.Context(), root, boundID))
	if _, err := w.gate.Readable(t.Context(), Credential{Proven: doomed.Proven}, 10); code(t, nil, err) != Revoked {
		t.Errorf("revoked: got %v", err)
	}
}

func TestUsesOfATokenAreCounted(t *testing.T) {
	w := newWorld(t)
	id, text := w.mint(w.ada, token.VCS)
	g, err := w.gate.Admit(t.Context(), basic("git", text), Git, Resource{Path: "ada/private"}, Read)
	ok(t, err)
	ok(t, g.Again(t.Context())) // the same use
	w.ask(basic("git", text), Git, "no/where", Read)
	if got, _ := w.tokens.Show(id); got.Uses != 1 || got.LastUsedFrom != "192.0.2.1" || got.LastUsedDoor != "git" {
		t.Errorf("got %+v", got)
	}
}

func FuzzAdmit(f *testing.F) {
	w := newWorld(f)
	_, vcs := w.mint(w.ada, token.VCS)
	f.Add("git", vcs, "basic", "ada/private")
	f.Add(vcs, "", "basic", "ada/private")
	f.Add("", "jet_", "bearer", "../..")
	f.Add("ada", "x\x00", "ssh-password", "\xff/\u202e")
	f.Fuzz(func(t *testing.T, user, secret, scheme, path string) {
		if secret != vcs && user != vcs && scheme != "" && len(secret) < 40 {
			secret = "jet_" + secret // no hashing of passwords in here
		}
		g, err := w.gate.Admit(context.Background(), Credential{User: user, Secret: secret, Scheme: scheme}, Git, Resource{Path: path}, Read)
		genuine := secret == vcs || user == vcs || scheme == "" && user == "" && secret == ""
		if err == nil && (!genuine || g.Repo.ID == "") {
			t.Errorf("%q %q by %q at %q was let in: %+v", user, secret, scheme, path, g)
		}
	})
}

func BenchmarkAdmitInParallel(b *testing.B) {
	w := newWorld(b)
	_, text := w.mint(w.ada, token.VCS)
	c := basic("git", text)
	b.RunParallel(func(pb *testing.PB) {
		for pb.Next() {
			if _, err := w.gate.Admit(context.Background(), c, Git, Resource{Path: "ada/private"}, Read); err != nil {
				b.Fatal(err)
			}
		}
	})
}
