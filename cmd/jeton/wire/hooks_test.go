package wire

import (
	"strings"
	"testing"
	"time"

	"jeton/auth/access"
	"jeton/auth/audit"
	"jeton/auth/gate"
	"jeton/auth/token"
	"jeton/db"
	"jeton/vcs/host"
	"jeton/web/hook"
)

// hooksOf makes hooks of the server and of a repository, and tells what the first, or the second, is sent.
func hooksOf(t *testing.T, s *Store, r host.Repo) (server, repo func() string) {
	t.Helper()
	of := func(repoID string) func() string {
		h, err := s.Hooks.Create(t.Context(), audit.Command("test"), hook.Hook{ID: db.NewID(), RepoID: repoID, URL: "https://ci.invalid/", Form: hook.Standard,
			ContentType: hook.JSON, Events: hook.Kinds(), Active: true, Secret: hook.MakeSecret(hook.Standard)})
		if err != nil {
			t.Fatal(err)
		}
		return func() string {
			list, err := s.Hooks.Deliveries(t.Context(), h.ID, "", 100)
			if err != nil {
				t.Fatal(err)
			}
			var types []string
			for _, d := range list {
				_, body, err := s.Hooks.Delivery(t.Context(), h.ID, d.ID)
				if err != nil {
					t.Fatal(err)
				}
				_, rest, _ := strings.Cut(body, `{"type":"`)
				name, _, _ := strings.Cut(rest, `"`)
				types = append([]string{name}, types...)
			}
			return strings.Join(types, " ")
		}
	}
	return of(""), of(r.ID)
}

func TestHooksAreToldOfRepositoriesAndTokens(t *testing.T) {
	s, r := owned(t)
	server, repo := hooksOf(t, s, r)
	by := audit.Actor{UserID: r.OwnerID, Name: "ada"}
	s.TellRepository(t.Context(), by, "renamed", r, "ada/old")
	s.TellFork(t.Context(), by, r, host.Repo{ID: "gone", Path: "ada/fork", OwnerID: r.OwnerID})
	mint := func(q token.Request) token.Token {
		t.Helper()
		q.Kind, q.Label = token.VCS, "test"
		made, _, err := s.Tokens.Mint(t.Context(), by, q)
		if err != nil {
			t.Fatal(err)
		}
		return made
	}
	deploy := token.Deploy{RepositoryID: r.ID}
	soon := mint(token.Request{Deploy: deploy, ExpiresAt: time.Now().Add(6 * 24 * time.Hour)}) // made to end soon
	own := mint(token.Request{UserID: r.OwnerID, Decoy: true})
	mint(token.Request{Deploy: deploy, ExpiresAt: time.Now().Add(90 * 24 * time.Hour)})
	for range 2 {
		if err := s.sweepHooks(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
	if got, want := server(), "repository.renamed repository.forked repository.created"; got != want {
		t.Errorf("the server's hook is sent %q, want %q", got, want)
	}
	if got, want := repo(), "repository.renamed repository.forked"; got != want {
		t.Errorf("the repository's hook is sent %q, want %q", got, want)
	}
	if e := s.aboutToken(soon.ID); e.Repo == nil || e.Repo.Path != "ada/app" || e.Token.Label != "test" || e.Token.Kind != "vcs" {
		t.Errorf("about a deploy token: %+v", e)
	}
	if e := s.aboutToken(own.ID); e.Repo != nil || e.Token.Owner != "ada" {
		t.Errorf("about a person's: %+v", e)
	}
	s.hookAlarm(gate.Alarm{Kind: gate.DecoyTried, TokenID: own.ID, Label: "test", Door: gate.Git, At: time.Now()})
}

func TestTheTokenOfAHookReadsOneRepositoryForAnHour(t *testing.T) {
	s, r := owned(t)
	b, err := s.mintForHook(t.Context(), r.ID, hook.Hook{ID: "h"})
	if err != nil {
		t.Fatal(err)
	}
	secret, err := token.Parse(b.Secret.Reveal())
	if err != nil {
		t.Fatal(err)
	}
	made, ok := s.Tokens.Find(secret)
	if left := time.Until(made.ExpiresAt); !ok || made.Deploy.RepositoryID != r.ID || made.Access != token.Read || made.Kind != token.VCS || made.Label != "web hook h" ||
		left > time.Hour || left < 59*time.Minute || b.Expires.Sub(made.ExpiresAt).Abs() > time.Millisecond {
		t.Errorf("the token is %+v, %v", made, ok)
	}
	if _, err := s.mintForHook(t.Context(), "gone", hook.Hook{ID: "h"}); err == nil {
		t.Error("there is a token of a repository that is gone")
	}
}

func TestAHooksFactsAreThoseOfNow(t *testing.T) {
	s, r := owned(t)
	f := hookFacts{s}
	got, ok := f.Repo(t.Context(), r.ID)
	if !ok || got.Path != "ada/app" || !got.Private || got.Owner.Name != "ada" || len(got.Groups) == 0 || got.CreatedAt.IsZero() {
		t.Errorf("the repository is %+v", got)
	}
	if path, _, ok := f.Group(got.Groups[0]); !ok || path != "ada" {
		t.Errorf("its group is %q", path)
	}
	if _, ok := f.Repo(t.Context(), "gone"); ok {
		t.Error("a repository that is gone is told of")
	}
	if p := f.Person("key:x", hook.Person{Name: "deploy key"}); p.Name != "deploy key" {
		t.Errorf("somebody without an account is %+v", p)
	}
	ada, _ := s.Users.ByName("ada")
	if !s.ManagesAll(ada, got.Groups[0]) || s.ManagesAll(access.User{ID: "eve"}, got.Groups[0]) {
		t.Error("who administers all of a group is not known")
	}
}
