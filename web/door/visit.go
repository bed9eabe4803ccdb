package door

import (
	"errors"
	"io"
	"net/http"
	"net/netip"

	"jeton/auth/gate"
	"jeton/auth/mask"
	"jeton/vcs/host"
)

// Visit is what the door let in to a view or a feed.
type Visit struct {
	// Admission is who may read what. RepoID and Path are empty at a place without a repository (journals); nothing is
	// ever written, so that Writes and Create are empty too.
	host.Admission
	// Rest is what stands behind the route's word, decoded: "v1.2.zip", "main/src/a.go"; of a feed its format: "rss", "atom",
	// "json". "" for nothing. It is as the client wrote it, and escaped before it is echoed.
	Rest string
	// Private: a credential opened it. The answer carries Cache-Control: private and Referrer-Policy: no-referrer, which the
	// router has set already; a handler that sets Cache-Control anew keeps private in it.
	Private bool
	// Public: everybody may read the repository.
	Public bool
	// Identity is who was recognised; the zero value is a guest.
	Identity gate.Identity
	// Remote is the client's address, after trusted proxies; set by Program.
	Remote netip.Addr
}

// View decides whether a request may see a view (archive, diff …; the names of the whitelist) of the repository at path.
// Guests see those of public repositories; web tokens those that are on the whitelist. Its error is a *host.Refusal with
// the status of docs/web-tokens.md ("Refusals"), or a failure of the server.
func (d *Door) View(r *http.Request, path, view string) (Visit, error) {
	return d.visit(r, gate.View, gate.Resource{Path: path, View: view})
}

// Feed decides whether a request may read the feeds of the repository at path; "" is the journal of the token's owner, which
// guests have none of. Its error is as View's.
func (d *Door) Feed(r *http.Request, path string) (Visit, error) {
	return d.visit(r, gate.Feed, gate.Resource{Path: path})
}

// PublicFeed decides whether a request may read a feed of what is public. Everybody may; but a credential that comes along
// must be good. Its error is as View's.
func (d *Door) PublicFeed(r *http.Request) (Visit, error) {
	c, err := d.carried(r)
	if err != nil {
		return Visit{}, err
	}
	if c.Scheme == "" {
		return Visit{Public: true, Admission: host.Admission{Client: d.client(r, host.Admission{})}}, nil
	}
	id, err := d.o.Gate.Identify(r.Context(), c, gate.Feed)
	if err != nil {
		d.guesses.note(c, err)
		return Visit{}, Refusal(err)
	}
	note(r, id)
	v := Visit{Public: true, Private: true, Identity: id}
	v.Admission = Admission(&gate.Grant{Identity: id}, "", nil)
	v.Client = d.client(r, v.Admission)
	return v, nil
}

func (d *Door) visit(r *http.Request, at gate.Door, res gate.Resource) (Visit, error) {
	c, err := d.carried(r)
	if err != nil {
		return Visit{}, err
	}
	grant, err := d.o.Gate.Admit(r.Context(), c, at, res, gate.Read)
	if err != nil {
		d.guesses.note(c, err)
		return Visit{}, hidden(err, res)
	}
	note(r, grant.Identity)
	v := Visit{Admission: Admission(grant, res.Path, nil), Private: c.Scheme != "", Public: grant.Repo.Public, Identity: grant.Identity}
	v.Client = d.client(r, v.Admission)
	return v, nil
}

// hidden is Refusal where nobody is asked to sign in: without a credential a repository that is not public is not there.
// A journal hides nothing, so that whoever wants one is told that a credential is missing.
func hidden(err error, res gate.Resource) error {
	if no := gate.AsRefused(err); no != nil && no.Code == gate.NoCredential && res.Path != "" {
		return &host.Refusal{Status: http.StatusNotFound, Code: string(gate.NotFound), Sentence: gate.NotThere}
	}
	return Refusal(err)
}

// Refuse answers a request to a view or a feed that was not let in, or that failed; err is of View, Feed or PublicFeed, or
// what a handler has met.
func (d *Door) Refuse(w http.ResponseWriter, r *http.Request, err error) {
	challenge := bearerChallenge
	var no *host.Refusal
	if errors.As(err, &no) && no.Code == string(gate.NoCredential) {
		challenge = basicChallenge
	}
	d.refuse(w, r, err, challenge)
}

// The challenges of 401. Basic asks for a user name and a secret (RFC 7617): git does, and a feed reader takes the token as
// the password. Bearer (RFC 6750 section 3) asks nobody: a browser must not open a window for passwords that are no use.
const (
	basicChallenge  = `Basic realm="Jeton", charset="UTF-8"`
	bearerChallenge = `Bearer realm="Jeton", error="invalid_token"`
)

func (d *Door) refuse(w http.ResponseWriter, r *http.Request, err error, challenge string) {
	var no *host.Refusal
	if !errors.As(err, &no) {
		if r.Context().Err() == nil { // else the client has gone, which is no failure
			d.o.Log.ErrorContext(r.Context(), "a request could not be answered", "error", err)
		}
		no = &host.Refusal{Status: http.StatusInternalServerError, Sentence: host.Failed}
	}
	h := w.Header()
	if no.Status == http.StatusUnauthorized {
		h.Set("WWW-Authenticate", challenge)
	}
	if wait := no.Wait(); wait != "" {
		h.Set("Retry-After", wait)
	}
	h.Set("Referrer-Policy", "no-referrer")
	Say(w, no.Status, no.Sentence)
}

// Say answers with a status and a sentence, which no cache keeps. It is text/plain: git shows an error's body only as that
// type, and no browser takes anything in it for a page. What a client sent is escaped before it gets here; a token that it
// has sent as something else, a revision say, is masked here.
func Say(w http.ResponseWriter, status int, sentence string) {
	h := w.Header()
	h.Set("Content-Type", "text/plain; charset=utf-8")
	h.Set("X-Content-Type-Options", "nosniff")
	h.Set("Cache-Control", "no-store")
	w.WriteHeader(status)
	_, _ = io.WriteString(w, mask.Tokens(sentence)+"\n") // a client that has gone away needs no sentence
}
