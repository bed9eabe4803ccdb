package wire

import (
	"context"
	"errors"
	"fmt"
	"path"
	"time"

	"jeton/auth/access"
	"jeton/auth/audit"
	"jeton/auth/gate"
	"jeton/auth/notice"
	"jeton/auth/token"
	"jeton/cmd/jeton/hookrows"
	"jeton/db"
	"jeton/vcs/host"
	"jeton/vcs/receive/follow"
	"jeton/web/api/hooks"
	"jeton/web/api/repos"
	"jeton/web/hook"
	"jeton/web/outgoing"
)

// hooked is the name of the cursor of the follower that writes what web hooks are sent.
const hooked = "hooks"

// openHooks makes the server of web hooks, and has it follow the journal. Server.Run sends.
func (s *Store) openHooks(d *db.DB, version string) {
	timeout := s.settings.Duration("hooks.timeout")
	s.Hooks = hook.New(hook.Options{Rows: hookrows.New(d, s.Seal, s.Log), Repositories: s.Host, Facts: hookFacts{s},
		Client: s.Outgoing.Client(outgoing.ClientOptions{Timeout: timeout, AnswerIn: timeout}), URL: s.at, SSH: s.sshAt, Version: version, Mint: s.mintForHook,
		PlainTokens: s.settings.On("hooks.plain_tokens"), Off: s.hookOff, Timeout: timeout, Workers: s.bounded("hooks.concurrent"),
		PerHost: s.bounded("hooks.per_host"), Keep: s.bounded("hooks.keep"), MaxWaiting: s.bounded("hooks.max_waiting"), MaxHooks: s.bounded("hooks.max"),
		GiveUp: s.settings.Duration("hooks.give_up"), Commits: s.bounded("hooks.commits"), Log: s.Log})
	s.journal.followers = append(s.journal.followers, follow.New(follow.Options{Name: hooked, Journal: s.journal, Handle: s.Hooks.Follow, Log: s.Log}))
}

// places of this server as clients reach it, once its ports are open.
type addresses struct{ http, ssh string }

// at is the server's address, without a slash at its end; "" before its ports are open.
func (s *Store) at() string {
	if a := s.addresses.Load(); a != nil {
		return a.http
	}
	return ""
}

// sshAt is that of SSH; "" without it.
func (s *Store) sshAt() string {
	if a := s.addresses.Load(); a != nil {
		return a.ssh
	}
	return ""
}

// hookTokenLife is how long the token works that goes along with a delivery.
const hookTokenLife = time.Hour

// mintForHook implements hook.Options.Mint: a token of the repository's own, which reads it and nothing else.
func (s *Store) mintForHook(ctx context.Context, repoID string, h hook.Hook) (hook.Bearer, error) {
	life := hookTokenLife
	if longest := s.settings.Duration("token.longest_life"); longest > 0 {
		life = min(life, longest)
	}
	end := time.Now().Add(life).UTC()
	_, secret, err := s.Tokens.Mint(ctx, audit.Actor{Name: "jeton", Door: "hook"}, token.Request{Deploy: token.Deploy{RepositoryID: repoID}, Kind: token.VCS,
		Label: "web hook " + h.ID, Access: token.Read, ExpiresAt: end})
	if err != nil {
		return hook.Bearer{}, fmt.Errorf("make the token of hook %s: %w", h.ID, err)
	}
	return hook.Bearer{Secret: hook.NewSecret(secret.Reveal()), Expires: end}, nil
}

// hookOff tells the maker of a hook that the server has switched it off.
func (s *Store) hookOff(h hook.Hook) {
	name := h.Label
	if name == "" {
		name = h.ID
	}
	s.notices.Send(notice.Message{Kind: "hook.off", UserID: h.MakerID, Subject: "Jeton: the web hook «" + name + "» was switched off",
		Text: "The web hook «" + name + "» to " + hook.HostOf(h.URL) + " was switched off: " + h.OffWhy + ".\n\nWhen its receiver works again, switch it on with " +
			"the API's method update_webhook.\n\nWeb hook: " + h.ID + "\n", Fields: map[string]string{"hook_id": h.ID, "why": h.OffWhy}})
}

// hookFacts is hook.Facts over people and repositories.
type hookFacts struct{ s *Store }

// Repo implements hook.Facts.
func (f hookFacts) Repo(_ context.Context, id string) (hook.Repo, bool) {
	r, ok := f.s.Access.ByID(id)
	if !ok {
		return hook.Repo{}, false
	}
	about, _ := f.s.Access.About(id)
	return hook.Repo{ID: r.ID, Path: r.Path, Private: r.Private, Archived: r.Archived, Fork: about.ForkOf != "", Description: about.Description,
		Owner: f.Person(r.OwnerID, hook.Person{ID: r.OwnerID}), CreatedAt: about.CreatedAt, Groups: r.Groups}, true
}

// Person implements hook.Facts.
func (f hookFacts) Person(id string, recorded hook.Person) hook.Person {
	if u, ok := f.s.Users.ByID(id); ok {
		return hook.Person{ID: u.ID, Name: u.Name, Email: u.Email}
	}
	return recorded
}

// Group implements hook.Facts.
func (f hookFacts) Group(id string) (path string, above []string, ok bool) {
	g, ok := f.s.Access.GroupByID(id)
	return g.Path, g.Groups, ok
}

// TellRepository has web hooks told that a repository was created, deleted or renamed (action), by somebody; from is the path
// that it had. What cannot be written is logged: it undoes nothing.
func (s *Store) TellRepository(ctx context.Context, by audit.Actor, action string, r host.Repo, from string) {
	s.tell(ctx, hook.Event{Kind: hook.Repository, Action: action, From: from, Repo: s.hookRepo(ctx, r), Sender: s.hookSender(by)})
}

// TellFork has web hooks told that a repository was forked: those of the fork that it was created, too. Told twice, by a job
// that was begun anew, it is one event.
func (s *Store) TellFork(ctx context.Context, by audit.Actor, of, fork host.Repo) {
	s.tell(ctx, hook.Event{ID: "fork:" + fork.ID, Kind: hook.Fork, Repo: s.hookRepo(ctx, of), Forkee: s.hookRepo(ctx, fork), Sender: s.hookSender(by)})
	s.tell(ctx, hook.Event{ID: "created:" + fork.ID, Kind: hook.Repository, Action: "created", Repo: s.hookRepo(ctx, fork), Sender: s.hookSender(by)})
}

// happened is repos.Events: web hooks are told.
type happened struct{ s *Store }

// Happened implements repos.Events. What cannot be written is logged.
func (h happened) Happened(ctx context.Context, e repos.Happened) error {
	if e.What == repos.Forked {
		h.s.TellFork(ctx, e.By, h.known(e.Repo), h.known(e.Fork))
		return nil
	}
	h.s.TellRepository(ctx, e.By, e.What, h.known(e.Repo), e.From)
	return nil
}

func (happened) known(r access.Repository) host.Repo {
	return host.Repo{ID: r.ID, Path: r.Path, OwnerID: r.OwnerID, Private: r.Private, Archived: r.Archived}
}

func (s *Store) tell(ctx context.Context, e hook.Event) {
	if err := s.Hooks.Tell(context.WithoutCancel(ctx), e); err != nil {
		s.Log.ErrorContext(ctx, "web hooks could not be told", "event", string(e.Kind), "error", err)
	}
}

func (s *Store) hookSender(by audit.Actor) hook.Person {
	return hookFacts{s}.Person(by.UserID, hook.Person{ID: by.UserID, Name: by.Name})
}

// hookRepo is what is told of a repository, which may just have been deleted.
func (s *Store) hookRepo(ctx context.Context, r host.Repo) *hook.Repo {
	if now, ok := (hookFacts{s}).Repo(ctx, r.ID); ok {
		return &now
	}
	gone := hook.Repo{ID: r.ID, Path: r.Path, Private: r.Private, Archived: r.Archived, Fork: r.ForkOf != "", Description: r.Description,
		Owner: hookFacts{s}.Person(r.OwnerID, hook.Person{ID: r.OwnerID}), CreatedAt: r.CreatedAt}
	if g, ok := s.Access.Group(path.Dir(r.Path)); ok {
		gone.Groups = append([]string{g.ID}, g.Groups...)
	}
	return &gone
}

// hookAlarm has web hooks told that a decoy was tried: the server's, and where it is a deploy token those of what it belongs to.
func (s *Store) hookAlarm(a gate.Alarm) {
	if a.Kind != gate.DecoyTried || s.Hooks == nil {
		return
	}
	e := s.aboutToken(a.TokenID)
	e.At = a.At
	e.Token.Label, e.Token.Door, e.Token.Resource = a.Label, string(a.Door), a.Resource
	if a.Remote.IsValid() {
		e.Token.Address = a.Remote.String()
	}
	s.Hooks.Alarm(e)
}

// aboutToken is an event about a token.
func (s *Store) aboutToken(id string) hook.Event {
	e := hook.Event{Token: &hook.TokenFacts{ID: id}}
	t, ok := s.Tokens.ByID(id)
	if !ok {
		return e
	}
	e.Token.Label, e.Token.Kind, e.Token.ExpiresAt = t.Label, string(t.Kind), t.ExpiresAt
	if u, ok := s.Users.ByID(t.UserID); ok {
		e.Token.Owner = u.Name
	}
	if r, ok := (hookFacts{s}).Repo(context.Background(), t.Deploy.RepositoryID); ok {
		e.Repo = &r
	}
	e.GroupID = t.Deploy.GroupID
	return e
}

// tellExpiring has web hooks told once of each token that ends soon. One that lives for less than twice as long as the notice
// is made to end soon.
func (s *Store) tellExpiring(ctx context.Context) error {
	notice := time.Duration(min(s.settings.Number("hooks.expiring_days"), 365)) * 24 * time.Hour
	if notice == 0 {
		return nil
	}
	now := time.Now()
	var errs error
	for _, t := range s.Tokens.List("") {
		if t.State(now) != token.Live || t.ExpiresAt.IsZero() || t.ExpiresAt.Sub(now) > notice || t.ExpiresAt.Sub(t.CreatedAt) < 2*notice {
			continue
		}
		e := s.aboutToken(t.ID)
		e.ID, e.Kind = fmt.Sprintf("expiring:%s:%d", t.ID, t.ExpiresAt.Unix()), hook.Expiring
		errs = errors.Join(errs, s.Hooks.TellOnce(ctx, e))
	}
	return errs
}

// sweepHooks tells of tokens that end soon, and removes events that nobody looks at any more.
func (s *Store) sweepHooks(ctx context.Context) error {
	return errors.Join(s.tellExpiring(ctx), s.Hooks.Sweep(ctx))
}

// hookOptions are what the API's methods about web hooks need.
func (s *Store) hookOptions() hooks.Options {
	return hooks.Options{Hooks: s.Hooks, Places: s.Access, People: s.Users, Tokens: s.Tokens, ManagesAll: s.ManagesAll, NewID: db.NewID}
}

// ManagesAll tells whether somebody administers a group and all that lies in it.
func (s *Store) ManagesAll(u access.User, groupID string) bool {
	return places{s.Access, s.Users}.managesAll(u, groupID)
}
