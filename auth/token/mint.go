package token

import (
	"context"
	"errors"
	"fmt"
	"net/netip"
	"slices"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"jeton/auth/audit"
	"jeton/db"
)

var (
	// ErrNotFound: there is no such token.
	ErrNotFound = errors.New("there is no such token")
	// ErrBadRequest: a token cannot be made so; the text says why.
	ErrBadRequest = errors.New("such a token cannot be made")
)

// maxLabel is how many characters a label may have.
const maxLabel = 100

// maxRepositories bounds what one token is bound to.
const maxRepositories = 1000

// Request is what is asked of Mint.
type Request struct {
	// UserID is whose token it is; "" for a deploy token, whose Deploy is set instead.
	UserID string
	Deploy Deploy
	Kind   Kind
	// Label tells people what it is for: 1-100 characters, nothing that does not print.
	Label string
	// Access is Read where it is empty. Feed and web tokens only read.
	Access Access
	// Repositories and Groups (ids) bind the token to them and to what lies in them; none leaves it all its owner's.
	Repositories, Groups []string
	// Refs narrows what a vcs token writes.
	Refs Refs
	// Rights are an api token's; none by default.
	Rights []Right
	// Networks are the only ones from which it is taken; none is all. See ParseNetworks.
	Networks []netip.Prefix
	// Decoy makes a token that opens nothing.
	Decoy bool
	// By is the token that asks; nil where a person or a command does. What it makes lies within it.
	By *Token
	// ExpiresAt is when it ends; zero is never. See ParseExpiry.
	ExpiresAt time.Time
}

// Mint makes a token, live when it returns. The Secret is the only copy of its text. ErrBadRequest.
func (s *Store) Mint(ctx context.Context, by audit.Actor, q Request) (Token, Secret, error) {
	if err := s.check(&q); err != nil {
		return Token{}, Secret{}, err
	}
	secret, err := newSecret(q.Kind, source())
	if err != nil {
		return Token{}, Secret{}, err
	}
	row := q.row(by, s.now())
	row.Hash, row.Hint = secret.Hash(), secret.first()
	err = s.db.Write(ctx, func(tx *db.Tx) error {
		if err := tx.Tokens().Insert(ctx, row); err != nil {
			return err
		}
		return audit.Done(ctx, tx, by, "token.mint", row.ID, fmt.Sprintf("%s token «%s» of %s", q.Kind, q.Label, q.UserID))
	})
	if errors.Is(err, db.ErrInUse) {
		return Token{}, Secret{}, fmt.Errorf("%w: its owner or a repository is not there", ErrBadRequest)
	}
	if err != nil {
		return Token{}, Secret{}, fmt.Errorf("store token: %w", err)
	}
	t, _ := s.ByID(row.ID)
	return t, secret, nil
}

// row is what is stored of a request, but for the token's text.
func (q Request) row(by audit.Actor, now time.Time) db.Token {
	id := db.NewID()
	r := db.Token{ID: id, Line: id, UserID: q.UserID, DeployRepositoryID: q.Deploy.RepositoryID,
		DeployGroupID: q.Deploy.GroupID, Kind: string(q.Kind), Label: q.Label, Access: string(q.Access),
		Bound: len(q.Repositories)+len(q.Groups) > 0, Repositories: q.Repositories, Groups: q.Groups,
		Refs: q.Refs.Patterns, FastForwardOnly: q.Refs.FastForwardOnly, NoDelete: q.Refs.NoDelete, Decoy: q.Decoy,
		CreatedAt: now, CreatedBy: by.Name}
	for _, right := range q.Rights {
		r.Rights = append(r.Rights, string(right))
	}
	for _, n := range q.Networks {
		r.Networks = append(r.Networks, n.String())
	}
	if by.Remote.IsValid() {
		r.CreatedFrom = by.Remote.String()
	}
	if q.By != nil {
		r.CreatedByToken = q.By.ID
	}
	if !q.ExpiresAt.IsZero() {
		r.ExpiresAt = &q.ExpiresAt
	}
	return r
}

// check completes a request and refuses what cannot be.
func (s *Store) check(q *Request) error {
	if _, err := ParseKind(string(q.Kind)); err != nil {
		return fmt.Errorf("%w: %w", ErrBadRequest, err)
	}
	if q.Access == "" {
		q.Access = Read
	}
	q.Repositories = slices.Compact(slices.Sorted(slices.Values(q.Repositories)))
	switch {
	case q.Access != Read && q.Access != Write:
		return fmt.Errorf("%w: access is %q; it is read or write", ErrBadRequest, string(q.Access))
	case q.Access == Write && (q.Kind == Feed || q.Kind == Web):
		return fmt.Errorf("%w: a %s token only reads", ErrBadRequest, q.Kind)
	case !goodLabel(q.Label):
		return fmt.Errorf("%w: a label of 1 to %d printable characters says what it is for", ErrBadRequest, maxLabel)
	case len(q.Repositories) > maxRepositories:
		return fmt.Errorf("%w: it is bound to more than %d repositories", ErrBadRequest, maxRepositories)
	case !q.ExpiresAt.IsZero() && !q.ExpiresAt.After(s.now()):
		return fmt.Errorf("%w: its expiry has passed", ErrBadRequest)
	}
	return nil
}

func goodLabel(label string) bool {
	n := utf8.RuneCountInString(label)
	return n >= 1 && n <= maxLabel && utf8.ValidString(label) && strings.TrimSpace(label) != "" &&
		!strings.ContainsFunc(label, func(r rune) bool { return !unicode.IsPrint(r) })
}

// Revoke ends a token from the next request on; again changes nothing. It stays in lists, marked. ErrNotFound.
func (s *Store) Revoke(ctx context.Context, by audit.Actor, id string) error {
	err := s.db.Write(ctx, func(tx *db.Tx) error {
		if err := tx.Tokens().Revoke(ctx, id, by.Name, s.now()); err != nil {
			return err
		}
		return audit.Done(ctx, tx, by, "token.revoke", id, "")
	})
	if errors.Is(err, db.ErrNotFound) {
		return ErrNotFound
	}
	if err != nil {
		return fmt.Errorf("revoke token %s: %w", id, err)
	}
	return nil
}

// kept is how long a token stays in lists after its end, so that people can see what was.
const kept = 365 * day

// Sweep removes tokens that ended a year ago or earlier, and tells how many. It is for a daily run.
func (s *Store) Sweep(ctx context.Context) (int, error) {
	n := 0
	for _, t := range s.List("") {
		if end := t.end(); end.IsZero() || s.now().Sub(end) < kept {
			continue
		}
		if err := s.db.Tokens().Delete(ctx, t.ID); err != nil && !errors.Is(err, db.ErrNotFound) {
			return n, fmt.Errorf("remove token %s: %w", t.ID, err)
		}
		n++
	}
	return n, nil
}
