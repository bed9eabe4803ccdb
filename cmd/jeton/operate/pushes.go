package operate

import (
	"context"
	"time"

	"jeton/auth/audit"
	"jeton/cmd/jeton/control"
	"jeton/vcs/receive/follow"
)

// Log are the arguments of repo.log. Limit 0 means 20, and 1,000 is the most; Before is the id of a push, and those
// before it are listed.
type Log struct {
	Path   string `json:"path"`
	Limit  int    `json:"limit"`
	Before string `json:"before"`
}

// Push is an entry of the journal of pushes. What a client has sent stands in it as it came.
type Push struct {
	ID string    `json:"id"`
	At time.Time `json:"at"`
	// EndedAt is nil while nobody knows yet how it went.
	EndedAt *time.Time `json:"ended_at"`
	// User is whose credential it was; the name is the one of today where the person is still there.
	User       string  `json:"user"`
	UserID     string  `json:"user_id"`
	Credential string  `json:"credential"`
	Refs       []Moved `json:"refs"`
	// Options are push options; SignedBy, Certificate and NonceStatus (OK or SLOP) are of a signed push, whose signature
	// the server does not check; Notes are faults in objects that were forgiven.
	Options     []string `json:"options"`
	SignedBy    string   `json:"signed_by,omitempty"`
	NonceStatus string   `json:"nonce_status,omitempty"`
	Certificate string   `json:"certificate,omitempty"`
	Notes       []string `json:"notes"`
}

// Moved is what a push wanted of one ref: from Old to New, zeros where it was not there before or is not after; or To,
// where a symbolic ref was pointed to another. Error is why it did not come about.
type Moved struct {
	Ref   string `json:"ref"`
	Old   string `json:"old,omitempty"`
	New   string `json:"new,omitempty"`
	To    string `json:"to,omitempty"`
	Error string `json:"error,omitempty"`
}

// Bounds of repo.log.
const (
	someEntries = 20
	mostEntries = 1000
)

// pushes registers the operations about the journal.
func (o operator) pushes(r control.Registry) {
	handle(r, "repo.log", func(ctx context.Context, _ audit.Actor, l Log) ([]Push, error) {
		one, err := o.repo(ctx, l.Path)
		if err != nil {
			return nil, err
		}
		switch {
		case l.Limit == 0:
			l.Limit = someEntries
		case l.Limit < 0 || l.Limit > mostEntries:
			return nil, control.Fail(control.Invalid, "%d pushes cannot be listed at once; 1 to %d can", l.Limit, mostEntries)
		}
		list, err := o.s.Pushes(ctx, one.ID, l.Before, l.Limit)
		shown := make([]Push, len(list))
		for i, p := range list {
			shown[i] = o.shownPush(p)
		}
		return shown, err
	})
}

func (o operator) shownPush(p follow.Push) Push {
	v := Push{ID: p.ID, At: p.At, EndedAt: when(p.EndedAt), User: p.Actor.Name, UserID: p.Actor.ID, Credential: p.Actor.Credential,
		Refs: []Moved{}, Options: some(p.Options), Notes: some(p.Notes)}
	if u, ok := o.s.Users.ByID(p.Actor.ID); ok {
		v.User = u.Name
	}
	if c := p.Certificate; c != nil {
		v.SignedBy, v.NonceStatus, v.Certificate = c.Signer, c.NonceStatus, c.Text
	}
	for i, u := range p.Updates {
		m := Moved{Ref: u.Name, To: u.Symref}
		if u.Symref == "" {
			m.Old, m.New = u.Old.String(), u.New.String()
		}
		if i < len(p.Results) && p.Results[i].Err != nil {
			m.Error = p.Results[i].Err.Error()
		}
		v.Refs = append(v.Refs, m)
	}
	return v
}
