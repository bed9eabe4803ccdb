// Package hook tells others of what happens here: web hooks of a repository, of a group of repositories and all that lies
// below it, and of the whole server.
//
//	journal of pushes ─► Follow ─┐                       ┌─► worker ─► POST https://ci.example.com/…
//	Tell (created, decoy …) ─────┼─► event, deliveries ──┼─► worker ─► …          2xx: done
//	Ping, Redeliver ─────────────┘   rows, written once  └─► …                    else: again, later and later
//
// Whoever pushes waits for none of this: a follower of the journal writes what is to be sent, and workers send it. A delivery
// that was written is sent at least once, whenever the process is killed; its id stays the same, so that a receiver can tell
// that it has seen one. For each hook and repository one is under way at a time, the one that came first before the others; one
// that failed is tried again later, and those behind it do not wait for it.
//
// Payloads have the shape of Gitea's or GitHub's, Jenkins' git plugin is asked as it wants to be, and Standard Webhooks are
// spoken. docs/webhooks.md says all of it. The package knows no SQL and no gate; it imports vcs packages alone.
package hook

import (
	"errors"
	"fmt"
	"net/url"
	"slices"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"
)

// ErrNotFound: there is no such hook, or no such delivery of it.
var ErrNotFound = errors.New("not there")

// Form is how a hook is told.
type Form string

// The forms.
const (
	Gitea    Form = "gitea"    // JSON as Gitea sends it
	GitHub   Form = "github"   // JSON as GitHub sends it
	Jenkins  Form = "jenkins"  // a GET of /git/notifyCommit
	Standard Form = "standard" // Standard Webhooks 1.0
)

// Forms are all there are.
func Forms() []Form { return []Form{Gitea, GitHub, Jenkins, Standard} }

// Kind is what an event is about; a hook chooses by it.
type Kind string

// The kinds of event.
const (
	Push       Kind = "push"           // a branch was made, moved or removed
	Create     Kind = "create"         // a branch or a tag was made
	Delete     Kind = "delete"         // a branch or a tag was removed
	Tag        Kind = "tag"            // a tag was made, moved or removed; told in the shape of a push
	Repository Kind = "repository"     // a repository was created, deleted, restored or renamed
	Fork       Kind = "fork"           // a repository was forked
	Decoy      Kind = "decoy"          // somebody tried a token that is there to be found
	Expiring   Kind = "token_expiring" // a token ends soon
	Ping       Kind = "ping"           // a test, sent whatever a hook chooses
)

// Kinds are those among which a hook chooses.
func Kinds() []Kind { return []Kind{Push, Create, Delete, Tag, Repository, Fork, Decoy, Expiring} }

// Content types of what is posted.
const (
	JSON     = "json" // application/json
	FormData = "form" // application/x-www-form-urlencoded, with the JSON as payload=
)

// Secret is what a hook is signed with. It prints as nothing that helps; Reveal is for signing alone.
type Secret struct{ text string }

// NewSecret holds a secret.
func NewSecret(text string) Secret { return Secret{text} }

// Reveal is the text.
func (s Secret) Reveal() string { return s.text }

// Empty tells that there is none.
func (s Secret) Empty() bool { return s.text == "" }

func (s Secret) String() string {
	if s.text == "" {
		return ""
	}
	return "…"
}

// GoString keeps it out of %#v.
func (s Secret) GoString() string { return s.String() }

// MarshalText keeps it out of JSON.
func (s Secret) MarshalText() ([]byte, error) { return []byte(s.String()), nil }

// Hook is an address that is told of events.
type Hook struct {
	ID string
	// RepoID or GroupID is what it is of; the server where both are empty.
	RepoID, GroupID string
	// Label is what people call it; it may be empty.
	Label       string
	URL         string
	Form        Form
	ContentType string
	// Events are the kinds that it is told of.
	Events []Kind
	// Branches are patterns of branches (main, release/*, or full names) of which it is told; none is all. Tags are not asked.
	Branches []string
	Active   bool
	// GivesToken: a delivery about a repository brings a token that reads it.
	GivesToken bool
	// Secret signs; Old signs too until OldEnds.
	Secret, Old Secret
	OldEnds     time.Time
	// MakerID is who made it, "" for a command.
	MakerID, MakerName string
	CreatedAt          time.Time
	// OffAt and OffWhy tell that the server switched it off.
	OffAt  time.Time
	OffWhy string
	// Failures are tries in a row that failed, since FailingSince.
	Failures     int64
	FailingSince time.Time
	LastAt       time.Time
	LastStatus   int
}

const (
	maxURL      = 2048
	maxLabel    = 100
	maxSecret   = 256
	maxBranches = 100
	maxPattern  = 255
)

// Check says what is wrong with a hook, in a sentence for who made it, and puts its lists in order.
func (h *Hook) Check() error {
	if _, err := address(h.URL); err != nil {
		return err
	}
	if !slices.Contains(Forms(), h.Form) {
		return fmt.Errorf("form %.40q is not known: it is one of gitea, github, jenkins, standard", string(h.Form))
	}
	if h.ContentType != JSON && h.ContentType != FormData {
		return fmt.Errorf("content type %.40q is not known: it is json or form", h.ContentType)
	}
	if h.Form == Standard && h.ContentType != JSON {
		return errors.New("the form standard is JSON: its content type is json")
	}
	if len(h.Label) > 4*maxLabel || utf8.RuneCountInString(h.Label) > maxLabel || !printable(h.Label) {
		return fmt.Errorf("a label is at most %d printable characters", maxLabel)
	}
	if err := h.checkEvents(); err != nil {
		return err
	}
	if err := h.checkBranches(); err != nil {
		return err
	}
	return checkSecret(h.Form, h.Secret)
}

func (h *Hook) checkEvents() error {
	if len(h.Events) == 0 {
		return errors.New("say of which events: some of " + words(Kinds()))
	}
	for _, k := range h.Events {
		if !slices.Contains(Kinds(), k) {
			return fmt.Errorf("event %.40q is not known: it is one of %s", string(k), words(Kinds()))
		}
		if h.Form == Jenkins && k != Push && k != Tag {
			return errors.New("the form jenkins is told of commits alone: the events are push, or tag, or both")
		}
	}
	h.Events = slices.Compact(slices.Sorted(slices.Values(h.Events)))
	return nil
}

func (h *Hook) checkBranches() error {
	if len(h.Branches) > maxBranches {
		return fmt.Errorf("there are more than %d patterns of branches", maxBranches)
	}
	for _, p := range h.Branches {
		if p == "" || len(p) > maxPattern || !printable(p) || strings.ContainsAny(p, ", ") {
			return fmt.Errorf("%.80q is no pattern of branches, such as main or release/*", p)
		}
	}
	h.Branches = slices.Compact(slices.Sorted(slices.Values(h.Branches)))
	return nil
}

// address reads where a hook is; the error is for who wrote it.
func address(text string) (*url.URL, error) {
	u, err := url.Parse(text)
	switch {
	case err != nil || len(text) > maxURL || !printable(text) || u.Host == "" || u.Hostname() == "" || u.Scheme != "http" && u.Scheme != "https":
		return nil, fmt.Errorf("the address of a hook begins with http:// or https://, and has at most %d bytes", maxURL)
	case u.User != nil:
		return nil, errors.New("the address of a hook holds no user name and no password: they would be shown to all who may see the hook")
	case u.Fragment != "":
		return nil, errors.New("the address of a hook has no fragment (#…)")
	}
	return u, nil
}

func words[T ~string](list []T) string {
	all := make([]string, len(list))
	for i, w := range list {
		all[i] = string(w)
	}
	return strings.Join(all, ", ")
}

func printable(s string) bool {
	return utf8.ValidString(s) && !strings.ContainsFunc(s, func(r rune) bool { return !unicode.IsPrint(r) })
}
