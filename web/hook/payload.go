package hook

import (
	"net/url"
	"strings"
	"time"
)

// payload makes what is posted of an event. A field's JSON is the shape that receivers know; numbers of ids are those of
// number, and the ids themselves stand beside them as jeton_id.
type payload struct {
	// base is the server's address without a slash at its end, ssh that of SSH, "" for none.
	base, ssh string
	e         Event
	h         Hook
}

// at is an address below the server's.
func (p payload) at(segments ...string) string { return below(p.base, segments...) }

// sshURL is where a repository is cloned from over SSH; "" without it.
func (p payload) sshURL(r *Repo) string {
	if p.ssh == "" {
		return ""
	}
	return below(p.ssh, r.Path) + ".git"
}

func below(base string, segments ...string) string {
	var b strings.Builder
	b.WriteString(base)
	for _, some := range segments {
		for segment := range strings.SplitSeq(some, "/") {
			b.WriteByte('/')
			b.WriteString(url.PathEscape(segment))
		}
	}
	return b.String()
}

// compare is the page that shows what a move has changed.
func (p payload) compare() string {
	r := p.e.Ref
	switch {
	case r.Removed():
		return p.at(p.e.Repo.Path)
	case r.Made():
		return p.at(p.e.Repo.Path, "changeset", r.New)
	}
	return p.at(p.e.Repo.Path, "compare", r.Old+"..."+r.New)
}

// body is what is posted, before it is written as JSON. Standard Webhooks wrap the shape of Gitea.
func (p payload) body() any {
	switch p.h.Form {
	case GitHub:
		return p.github()
	case Standard:
		return standard{Type: p.typ(), Timestamp: p.e.At, Data: p.gitea()}
	}
	return p.gitea()
}

// standard is the envelope that Standard Webhooks recommend ("Payload structure").
type standard struct {
	Type      string    `json:"type"`
	Timestamp time.Time `json:"timestamp"`
	Data      any       `json:"data"`
}

// typ is the event's type in an envelope: groups of words with dots between.
func (p payload) typ() string {
	switch p.e.Kind {
	case Repository:
		return "repository." + p.e.Action
	case Fork:
		return "repository.forked"
	case Decoy:
		return "token.decoy_tried"
	case Expiring:
		return "token.expiring"
	case Create, Delete:
		return refType(p.e.Ref.Name) + "." + map[Kind]string{Create: "created", Delete: "deleted"}[p.e.Kind]
	}
	return string(p.e.Kind)
}

// name is the event's in headers.
func (p payload) name() string {
	if p.e.Kind == Tag {
		return string(Push)
	}
	if p.e.Kind == Decoy {
		return "token_decoy"
	}
	return string(p.e.Kind)
}

func refType(ref string) string {
	if isTag(ref) {
		return "tag"
	}
	return "branch"
}

// owner and name are the parts of a repository's path as receivers take a full name apart: all groups, and the last segment.
// What lies in no group is its owner's.
func (r *Repo) split() (owner, name string) {
	if i := strings.LastIndexByte(r.Path, '/'); i >= 0 {
		return r.Path[:i], r.Path[i+1:]
	}
	return r.Owner.Name, r.Path
}

// signature is a commit's person as both shapes have it.
type signature struct {
	Name     string `json:"name"`
	Email    string `json:"email"`
	Username string `json:"username"`
}

func signed(p Person) signature { return signature{Name: p.Name, Email: p.Email} }

// tokenFacts is what both shapes say of a token.
type tokenFacts struct {
	Action     string     `json:"action"`
	Token      tokenAbout `json:"token"`
	Repository any        `json:"repository,omitempty"`
}

type tokenAbout struct {
	TokenFacts
	At time.Time `json:"at"`
}

func (p payload) token(repo func(*Repo) any) tokenFacts {
	f := tokenFacts{Action: "expiring", Token: tokenAbout{*p.e.Token, p.e.At}}
	if p.e.Kind == Decoy {
		f.Action = "tried"
	}
	if p.e.Repo != nil {
		f.Repository = repo(p.e.Repo)
	}
	return f
}

// change is what was renamed, as GitHub tells it.
type change struct {
	Repository struct {
		Name struct {
			From string `json:"from"`
		} `json:"name"`
	} `json:"repository"`
}

func (p payload) changes() *change {
	if p.e.From == "" {
		return nil
	}
	c := &change{}
	c.Repository.Name.From = p.e.From
	return c
}

// hookAbout is what a ping says of the hook, as GitHub does.
type hookAbout struct {
	Type    string   `json:"type"`
	ID      int64    `json:"id"`
	JetonID string   `json:"jeton_id"`
	Name    string   `json:"name"`
	Active  bool     `json:"active"`
	Events  []string `json:"events"`
	Config  struct {
		ContentType string `json:"content_type"`
		InsecureSSL string `json:"insecure_ssl"`
		URL         string `json:"url"`
	} `json:"config"`
	CreatedAt time.Time `json:"created_at"`
}

// ping is a test. Zen is a sentence, as GitHub sends one.
type ping struct {
	Zen        string    `json:"zen"`
	HookID     int64     `json:"hook_id"`
	Hook       hookAbout `json:"hook"`
	Repository any       `json:"repository,omitempty"`
	Sender     any       `json:"sender,omitempty"`
}

func (p payload) ping(repo func(*Repo) any, sender any) ping {
	h := p.h
	a := hookAbout{Type: h.target(), ID: number(h.ID), JetonID: h.ID, Name: "web", Active: h.Active, Events: make([]string, len(h.Events)), CreatedAt: h.CreatedAt.UTC()}
	for i, k := range h.Events {
		a.Events[i] = string(k)
	}
	a.Config.ContentType, a.Config.InsecureSSL, a.Config.URL = h.ContentType, "0", h.URL
	out := ping{Zen: "A hook that answers is a hook that works.", HookID: number(h.ID), Hook: a, Sender: sender}
	if p.e.Repo != nil {
		out.Repository = repo(p.e.Repo)
	}
	return out
}

// target is what a hook is of, in GitHub's words for it.
func (h *Hook) target() string {
	switch {
	case h.RepoID != "":
		return "Repository"
	case h.GroupID != "":
		return "Organization"
	}
	return "System"
}
