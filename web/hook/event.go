package hook

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"encoding/binary"
	"fmt"
	"time"
)

// Event is something that came to pass, as it is kept: every form is made of it when it is sent. Its JSON is the form in
// which it is stored.
type Event struct {
	// ID is made of what the event is about, so that one that is told twice is one; "" asks for a new one.
	ID   string    `json:"-"`
	Kind Kind      `json:"kind"`
	At   time.Time `json:"at"`
	// Repo is the repository that it is about; nil where it is about none.
	Repo *Repo `json:"repo,omitempty"`
	// GroupID names a group whose hooks are told, with those of the groups above, where the event is about no repository.
	GroupID string `json:"group,omitempty"`
	// Sender is who did it; the zero value is nobody who is known.
	Sender Person `json:"sender"`
	// Ref is set for push, create, delete and tag.
	Ref *Ref `json:"ref,omitempty"`
	// Action is created, deleted, restored or renamed, for a repository.
	Action string `json:"action,omitempty"`
	// From is the path that a repository had before it was renamed.
	From string `json:"from,omitempty"`
	// Forkee is what a fork has made; Repo is what was forked.
	Forkee *Repo `json:"forkee,omitempty"`
	// Token is what decoy and token_expiring are about.
	Token *TokenFacts `json:"token,omitempty"`
}

// Person is somebody with an account, or who has signed a commit.
type Person struct {
	ID    string `json:"id,omitempty"`
	Name  string `json:"name,omitempty"`
	Email string `json:"email,omitempty"`
}

// Repo is a repository as it was when the event was written.
type Repo struct {
	ID            string    `json:"id"`
	Path          string    `json:"path"`
	Private       bool      `json:"private"`
	Archived      bool      `json:"archived,omitempty"`
	Fork          bool      `json:"fork,omitempty"`
	Description   string    `json:"description,omitempty"`
	DefaultBranch string    `json:"default_branch,omitempty"`
	Owner         Person    `json:"owner"`
	CreatedAt     time.Time `json:"created_at"`
	// Groups are the ids of the groups that it lies in; they choose the hooks, and are told to nobody.
	Groups []string `json:"-"`
}

// Ref is a ref's move. Ids are hexadecimal digits; a ref that was not there is all zeros.
type Ref struct {
	// Name is full, such as refs/heads/main.
	Name string `json:"name"`
	Old  string `json:"old"`
	New  string `json:"new"`
	// Forced: what was there before does not lead to it.
	Forced bool `json:"forced,omitempty"`
	// Commits are what came, the oldest first; the newest of them where there are more than are told. Total counts all, as far
	// as they were counted.
	Commits []Commit `json:"commits,omitempty"`
	Total   int      `json:"total,omitempty"`
	// Head is the commit to which it points now; nil where there is none, or none that may be shown any more.
	Head *Commit `json:"head,omitempty"`
}

// Made tells that it was not there before.
func (r *Ref) Made() bool { return zeros(r.Old) }

// Removed tells that it is not there any more.
func (r *Ref) Removed() bool { return zeros(r.New) }

func zeros(id string) bool {
	for i := range len(id) {
		if id[i] != '0' {
			return false
		}
	}
	return true
}

// Commit is a commit as it is told. Texts are bounded.
type Commit struct {
	ID        string    `json:"id"`
	Tree      string    `json:"tree"`
	Message   string    `json:"message"`
	At        time.Time `json:"at"`
	Author    Person    `json:"author"`
	Committer Person    `json:"committer"`
	// Paths of files against the first parent, as many as are told.
	Added    []string `json:"added,omitempty"`
	Removed  []string `json:"removed,omitempty"`
	Modified []string `json:"modified,omitempty"`
}

// TokenFacts are what may be said of a token, which is never its text.
type TokenFacts struct {
	ID    string `json:"id"`
	Label string `json:"label"`
	Kind  string `json:"kind,omitempty"`
	Owner string `json:"owner,omitempty"`
	// ExpiresAt is set where it ends soon.
	ExpiresAt time.Time `json:"expires_at,omitzero"`
	// Door, Address and Resource tell where a decoy was tried, from where, and for what.
	Door     string `json:"door,omitempty"`
	Address  string `json:"address,omitempty"`
	Resource string `json:"resource,omitempty"`
}

// Events is told of what came to pass besides pushes. Whoever does it tells; nil is nobody.
type Events interface {
	// Tell writes what hooks are to be sent. An error is logged by whoever told, and undoes nothing.
	Tell(ctx context.Context, e Event) error
}

// number is an id as the whole number that receivers of GitHub's and Gitea's payloads expect: the same one for the same id,
// of 52 bits, so that no JavaScript rounds it. 0 is nobody's.
func number(id string) int64 {
	if id == "" {
		return 0
	}
	sum := sha256.Sum256([]byte("jeton id " + id))
	return int64(binary.BigEndian.Uint64(sum[:8])>>12) | 1
}

// guid is an id of a delivery, in the form of a UUID (RFC 9562, version 8), made of what it is about.
func guid(parts ...string) string {
	h := sha256.New()
	for _, p := range parts {
		fmt.Fprintf(h, "%d %s", len(p), p)
	}
	b := h.Sum(nil)[:16]
	b[6], b[8] = b[6]&0x0f|0x80, b[8]&0x3f|0x80
	return fmt.Sprintf("%x-%x-%x-%x-%x", b[:4], b[4:6], b[6:8], b[8:10], b[10:])
}

// newID is an id for an event that is told once.
func newID() string { return "event:" + rand.Text() }
