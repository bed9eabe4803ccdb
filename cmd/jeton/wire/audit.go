package wire

import (
	"context"
	"fmt"
	"net"
	"net/http"
	"net/netip"
	"slices"
	"strings"
	"time"

	"jeton/auth/audit"
	"jeton/db"
	"jeton/vcs/host"
	"jeton/vcs/receive"
	"jeton/vcs/receive/follow"
	"jeton/vcs/smarthttp"
	"jeton/vcs/sshd"
	"jeton/vcs/storage"
)

// Record is the audit record of a store as operators read it.
type Record struct{ s *Store }

// Record is the audit record.
func (s *Store) Record() Record { return Record{s} }

// Find lists entries, the oldest first; see audit.Find.
func (r Record) Find(ctx context.Context, q audit.Query, limit int) ([]audit.Entry, error) {
	return audit.Find(ctx, r.s.db, q, limit)
}

// Latest lists entries, the youngest first; see audit.Latest.
func (r Record) Latest(ctx context.Context, q audit.Query, limit int) ([]audit.Entry, error) {
	return audit.Latest(ctx, r.s.db, q, limit)
}

// Verify reads the whole record; see audit.Verify.
func (r Record) Verify(ctx context.Context, kept audit.Head) (audit.Report, error) {
	return audit.Verify(ctx, r.s.db, kept)
}

// Head is the record's last entry.
func (r Record) Head(ctx context.Context) (audit.Head, error) { return audit.HeadOf(ctx, r.s.db) }

// openRecord begins the chain where there is none, and starts the writer of what is not written with a change.
func (s *Store) openRecord(ctx context.Context, d *db.DB) error {
	if err := audit.Seal(ctx, d); err != nil {
		return err
	}
	s.record = audit.New(d, audit.Options{Log: s.Log})
	s.closers = append(s.closers, s.record.Close)
	return nil
}

// sweepRecord removes what has been kept for audit.keep, and writes the head to the log, which may be kept elsewhere.
func (s *Store) sweepRecord(ctx context.Context) error {
	if keep := s.settings.Duration("audit.keep"); keep > 0 {
		if _, err := audit.Cut(ctx, s.db, time.Now().Add(-keep)); err != nil {
			return err
		}
	}
	head, err := audit.HeadOf(ctx, s.db)
	if err == nil {
		s.Log.InfoContext(ctx, "audit record", "head", head.String())
	}
	return err
}

// records is the name of the cursor of the follower that writes pushes into the audit record.
const records = "audit"

// refsInOne is how many refs of a push stand in one entry; a push of more has several.
const refsInOne = 50

// recordPush writes a push into the audit record. An entry names the push in the journal, so that a push that is seen
// again is written once.
func (s *Store) recordPush(ctx context.Context, p follow.Push) error {
	s.meters.pushes.Add(1)
	path := p.RepoID
	if r, ok := s.Access.ByID(p.RepoID); ok {
		path = r.Path
	}
	actor := audit.Actor{UserID: userOf(p.Actor), Name: p.Actor.Name, Credential: p.Actor.Credential, Door: "git"}
	var events []audit.Event
	for begin := 0; begin < len(p.Updates) || begin == 0; begin += refsInOne {
		lines, failed := movements(p, begin, min(begin+refsInOne, len(p.Updates)))
		e := audit.Event{Actor: actor, Action: "repository.push", Resource: path, Outcome: "done", Detail: strings.Join(lines, "\n"), At: p.EndedAt,
			Once: fmt.Sprintf("push:%s:%d", p.ID, begin/refsInOne)}
		if failed == len(lines) {
			e.Outcome = "failed"
		}
		events = append(events, e)
	}
	for i, lines := range slices.Collect(slices.Chunk(aboutSecrets(p.Notes), refsInOne)) {
		events = append(events, audit.Event{Actor: actor, Action: "repository.secrets", Resource: path, Outcome: events[0].Outcome,
			Detail: strings.Join(lines, "\n"), At: p.EndedAt, Once: fmt.Sprintf("secrets:%s:%d", p.ID, i)})
	}
	return audit.Append(ctx, s.db, events...)
}

// aboutSecrets are the notes of push protection: what the pusher went past or was warned of, and what was not looked at.
func aboutSecrets(notes []string) (list []string) {
	for _, n := range notes {
		if strings.HasPrefix(n, receive.SecretNote) {
			list = append(list, brief(n))
		}
	}
	return list
}

// userOf is the person that an actor is; "" for a key or token of nobody, whose id is as a credential is named.
func userOf(a storage.Actor) string {
	if strings.Contains(a.ID, ":") {
		return ""
	}
	return a.ID
}

// movements are some of a push's refs, one a line: the id before and after, and the name; zeros stand for nothing.
func movements(p follow.Push, from, to int) (lines []string, failed int) {
	for i, u := range p.Updates[from:to] {
		line := u.Old.String() + " " + u.New.String() + " " + brief(u.Name)
		if u.Symref != "" {
			line = brief(u.Name) + " -> " + brief(u.Symref)
		}
		if at := from + i; at < len(p.Results) && p.Results[at].Err != nil {
			line += " failed: " + brief(p.Results[at].Err.Error())
			failed++
		}
		lines = append(lines, line)
	}
	return lines, failed
}

// brief keeps the names of many refs within one entry.
func brief(s string) string {
	const most = 100
	if len(s) > most {
		return strings.ToValidUTF8(s[:most], "") + "…"
	}
	return s
}

// signedIn writes down that an SSH connection has signed in.
func (s *Store) signedIn(id sshd.Identity, remote net.Addr) {
	credential, user, _ := strings.Cut(id.Credential, " of ")
	e := audit.Event{Actor: audit.Actor{UserID: user, Name: id.Name, Credential: credential, Door: "ssh", Remote: address(remote)},
		Action: "sign-in", Outcome: "done"}
	if u, ok := s.Users.ByName(id.Name); ok {
		e.UserID = u.ID
	}
	s.record.SignIn(e)
}

// served writes down what was fetched out of a repository through a door ("git", "view"), where the setting audit.pulls is
// on; nil where it is not.
func (s *Store) served(adm host.Admission, door string, remote netip.Addr) func(service, detail string) {
	if !s.settings.On("audit.pulls") {
		return nil
	}
	return func(service, detail string) {
		action := "repository.pull"
		if service == smarthttp.UploadArchive {
			action = "repository.archive"
		}
		s.record.Event(audit.Event{Actor: audit.Actor{UserID: userOf(adm.Actor), Name: adm.Actor.Name, Credential: adm.Actor.Credential, Door: door, Remote: remote},
			Action: action, Resource: adm.Path, Outcome: "done", Detail: detail})
	}
}

// watchedSSH tells the record what is fetched over SSH.
type watchedSSH struct {
	sshd.Authenticator
	s *Store
}

// Admit implements sshd.Authenticator.
func (w watchedSSH) Admit(ctx context.Context, id sshd.Identity, path, service string, remote net.Addr) (host.Admission, error) {
	adm, err := w.Authenticator.Admit(ctx, id, path, service, remote)
	if err == nil {
		adm.Served = w.s.served(adm, "git", address(remote))
	}
	return adm, err
}

// watchedHTTP tells the record what is fetched over HTTP.
type watchedHTTP struct {
	smarthttp.Doorkeeper
	s *Store
	// remote is where a request comes from, behind proxies.
	remote func(r *http.Request) netip.Addr
}

// Admit implements smarthttp.Doorkeeper.
func (w watchedHTTP) Admit(r *http.Request, path, service string) (host.Admission, error) {
	adm, err := w.Doorkeeper.Admit(r, path, service)
	if err == nil {
		adm.Served = w.s.served(adm, "git", w.remote(r))
	}
	return adm, err
}
