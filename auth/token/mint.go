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

// maxPlaces bounds how many repositories and groups one token is bound to.
const maxPlaces = 1000

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
	// ExpiresAt is when it ends; zero is never. See ParseExpiry and Store.DefaultEnd.
	ExpiresAt time.Time
	// Decoy makes a token that opens nothing.
	Decoy bool
	// By is the token that asks; nil where a person or a command does. What it makes lies within it, and what is left
	// open of places and networks is as its own.
	By *Token
}

// Mint makes a token, live when it returns. The Secret is the only copy of its text. ErrBadRequest, ErrBeyond.
func (s *Store) Mint(ctx context.Context, by audit.Actor, q Request) (Token, Secret, error) {
	if err := s.check(&q); err != nil {
		return Token{}, Secret{}, err
	}
	secret, err := newSecret(q.Kind, source())
	if err != nil {
		return Token{}, Secret{}, err
	}
	var row db.Token
	err = s.db.Write(ctx, func(tx *db.Tx) error {
		if q.By != nil {
			maker, err := s.maker(ctx, tx, q.By.ID, &q)
			if err != nil {
				return err
			}
			inherit(maker, &q)
			if err := s.covers(maker, q); err != nil {
				return err
			}
		}
		row = q.row(by, s.now(), secret)
		return s.insert(ctx, tx, by, row, "token.mint")
	})
	if err != nil {
		return Token{}, Secret{}, minting(err)
	}
	t, _ := s.ByID(row.ID)
	return t, secret, nil
}

// insert stores a new token and writes it into the audit record.
func (s *Store) insert(ctx context.Context, tx *db.Tx, by audit.Actor, row db.Token, action string) error {
	if row.UserID != "" {
		owner, err := tx.Users().ByID(ctx, row.UserID)
		if err != nil {
			return unlessMissing(err, db.ErrInUse)
		}
		if !owner.Admin && slices.Contains(row.Rights, string(RightAdmin)) {
			return fmt.Errorf("%w: %s is no administrator, and so no token of theirs has the right %s", ErrBadRequest, owner.Name, RightAdmin)
		}
	}
	if err := tx.Tokens().Insert(ctx, row); err != nil {
		return err
	}
	return audit.Done(ctx, tx, by, action, row.ID, about(fromRow(row)))
}

// about says in a line for the audit record what a token is.
func about(t Token) string {
	whose := "of " + t.UserID
	switch {
	case t.Deploy.RepositoryID != "":
		whose = "of the repository " + t.Deploy.RepositoryID
	case t.Deploy.GroupID != "":
		whose = "of the group " + t.Deploy.GroupID
	}
	text := fmt.Sprintf("%s token «%s» %s", t.Kind, t.Label, whose)
	if t.Decoy {
		text = "decoy, " + text
	}
	if len(t.Rights) > 0 {
		text += fmt.Sprintf(", rights %v", t.Rights)
	}
	return text
}

// minting words an error of a transaction that makes a token.
func minting(err error) error {
	switch {
	case errors.Is(err, db.ErrInUse):
		return fmt.Errorf("%w: its owner or a repository is not there", ErrBadRequest)
	case errors.Is(err, ErrBeyond), errors.Is(err, ErrBadRequest), errors.Is(err, ErrNotFound), errors.Is(err, ErrRotated):
		return err
	}
	return fmt.Errorf("store token: %w", err)
}

// row is what is stored of a request.
func (q Request) row(by audit.Actor, now time.Time, secret Secret) db.Token {
	id := db.NewID()
	r := db.Token{ID: id, Line: id, UserID: q.UserID, DeployRepositoryID: q.Deploy.RepositoryID,
		DeployGroupID: q.Deploy.GroupID, Hash: secret.Hash(), Hint: secret.first(), Kind: string(q.Kind), Label: q.Label,
		Access: string(q.Access), Bound: len(q.Repositories)+len(q.Groups) > 0, Repositories: q.Repositories,
		Groups: q.Groups, Refs: q.Refs.Patterns, FastForwardOnly: q.Refs.FastForwardOnly, NoDelete: q.Refs.NoDelete,
		Decoy: q.Decoy, CreatedAt: now, CreatedBy: by.Name}
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

// check completes a request and refuses what cannot be, whoever asks.
func (s *Store) check(q *Request) error {
	if _, err := ParseKind(string(q.Kind)); err != nil {
		return bad("%v", err)
	}
	if q.Access == "" {
		q.Access = Read
	}
	switch {
	case q.Access != Read && q.Access != Write:
		return bad("access is %.40q; it is read or write", string(q.Access))
	case q.Access == Write && (q.Kind == Feed || q.Kind == Web):
		return bad("a %s token only reads", q.Kind)
	case !goodLabel(q.Label):
		return bad("a label of 1 to %d printable characters says what it is for", maxLabel)
	case !q.ExpiresAt.IsZero() && !q.ExpiresAt.After(s.now()):
		return bad("its expiry has passed")
	}
	if err := s.checkPlaces(q); err != nil {
		return err
	}
	if err := checkNarrowing(q); err != nil {
		return err
	}
	if q.Decoy {
		return nil
	}
	return s.policy.check(s.now(), q.ExpiresAt)
}

// checkPlaces refuses owners and bounds that cannot be.
func (s *Store) checkPlaces(q *Request) error {
	q.Repositories, q.Groups = sorted(q.Repositories), sorted(q.Groups)
	deploy, bound := q.Deploy != Deploy{}, len(q.Repositories)+len(q.Groups)
	switch {
	case deploy == (q.UserID != ""), q.Deploy.RepositoryID != "" && q.Deploy.GroupID != "":
		return bad("it belongs to a person, a repository or a group: to one of these")
	case deploy && q.Kind == API:
		return bad("a deploy token is a vcs, feed or web token: the API is for people and service accounts")
	case deploy && bound > 0:
		return bad("a deploy token is bound by what it belongs to, and to nothing else")
	case bound > maxPlaces:
		return bad("it is bound to more than %d repositories and groups", maxPlaces)
	}
	for _, id := range slices.Concat(q.Groups, []string{q.Deploy.GroupID}) {
		if _, ok := s.places.GroupsAbove(id); id != "" && !ok {
			return bad("a group of repositories is not there")
		}
	}
	return nil
}

// checkNarrowing refuses refs, rights and networks that cannot be.
func checkNarrowing(q *Request) error {
	q.Rights, q.Networks = sorted(q.Rights), tidy(slices.Clone(q.Networks))
	for _, r := range q.Rights {
		if _, err := ParseRight(string(r)); err != nil {
			return bad("%v", err)
		}
	}
	for _, n := range q.Networks {
		if !n.IsValid() || n != n.Masked() || n.Addr().Is4In6() {
			return bad("%v is no network", n)
		}
	}
	switch {
	case len(q.Rights) > 0 && q.Kind != API:
		return bad("rights are for api tokens")
	case len(q.Networks) > maxList:
		return bad("it names more than %d networks", maxList)
	case q.Refs.Narrows() && (q.Kind != VCS || q.Access != Write):
		return bad("refs narrow what a vcs token with write access writes")
	}
	if err := q.Refs.check(); err != nil {
		return bad("%v", err)
	}
	return nil
}

func bad(format string, args ...any) error {
	return fmt.Errorf("%w: %s", ErrBadRequest, fmt.Sprintf(format, args...))
}

func goodLabel(label string) bool {
	n := utf8.RuneCountInString(label)
	return n >= 1 && n <= maxLabel && utf8.ValidString(label) && strings.TrimSpace(label) != "" &&
		!strings.ContainsFunc(label, func(r rune) bool { return !unicode.IsPrint(r) })
}
