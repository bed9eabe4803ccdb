package db

import (
	"fmt"
	"net/url"
	"strings"
)

// storedToken is a row of tokens as the table holds it: who is not the owner is NULL, and all that no query asks for
// stands in Fields (see the migration).
type storedToken struct {
	ID                                        string
	UserID, DeployRepositoryID, DeployGroupID *string
	Hash, Fields                              string
}

// TableName names the table.
func (storedToken) TableName() string { return "tokens" }

func stored(t Token) storedToken {
	return storedToken{ID: t.ID, UserID: pointer(t.UserID), DeployRepositoryID: pointer(t.DeployRepositoryID),
		DeployGroupID: pointer(t.DeployGroupID), Hash: t.Hash, Fields: fieldsOf(t)}
}

// PackedToken is a token of which only what it is found by was read. A start, which looks into no token, reads them so.
type PackedToken struct {
	ID, UserID, DeployRepositoryID, DeployGroupID string
	// Hash is as in Token.
	Hash string
	// Repositories are as in Token.
	Repositories []string
	// Fields are the rest, as the table holds it.
	Fields string
}

// HasSealed tells whether the token's Sealed is not empty.
func (p PackedToken) HasSealed() bool { return strings.Contains(p.Fields, "&sealed=") }

// Token reads the rest, without LastUsed… and Uses. It fails where the row holds what this program does not know.
func (p PackedToken) Token() (Token, error) {
	t := Token{ID: p.ID, UserID: p.UserID, DeployRepositoryID: p.DeployRepositoryID, DeployGroupID: p.DeployGroupID, Hash: p.Hash,
		Repositories: p.Repositories}
	if err := t.read(p.Fields); err != nil {
		return Token{}, fmt.Errorf("token %s: %w", p.ID, err)
	}
	return t, nil
}

// fieldsOf writes what is set of a token's fields.
func fieldsOf(t Token) string {
	var b strings.Builder
	put := func(key, value string) {
		if value != "" {
			b.WriteString(words(b.Len() > 0, "&", "") + key + "=" + url.QueryEscape(value))
		}
	}
	put("kind", t.Kind)
	put("hint", t.Hint)
	put("access", t.Access)
	put("line", t.Line)
	put("label", t.Label)
	put("by", t.CreatedBy)
	put("from", t.CreatedFrom)
	put("token", t.CreatedByToken)
	put("created", instant(&t.CreatedAt))
	put("bound", words(t.Bound, "1", ""))
	put("groups", strings.Join(t.Groups, " "))
	put("refs", strings.Join(t.Refs, " "))
	put("forward", words(t.FastForwardOnly, "1", ""))
	put("keep", words(t.NoDelete, "1", ""))
	put("rights", strings.Join(t.Rights, " "))
	put("networks", strings.Join(t.Networks, " "))
	put("decoy", words(t.Decoy, "1", ""))
	put("expires", instant(t.ExpiresAt))
	put("revoked", instant(t.RevokedAt))
	put("revoker", t.RevokedBy)
	put("successor", t.Successor)
	put("overlap", instant(t.OverlapEndsAt))
	put("sealed", t.Sealed)
	put("key", t.RotationKey)
	put("fetched", instant(t.FetchedAt))
	return b.String()
}

// read reads what fieldsOf, or the migration, wrote.
func (t *Token) read(fields string) error {
	for pair := range strings.SplitSeq(fields, "&") {
		key, value, _ := strings.Cut(pair, "=")
		if strings.ContainsAny(value, "%+") {
			var err error
			if value, err = url.QueryUnescape(value); err != nil {
				return err
			}
		}
		if err := t.set(key, value); err != nil {
			return fmt.Errorf("field %s: %w", key, err)
		}
	}
	return nil
}

func (t *Token) set(key, value string) (err error) {
	switch key {
	case "kind":
		t.Kind = value
	case "hint":
		t.Hint = value
	case "access":
		t.Access = value
	case "line":
		t.Line = value
	case "label":
		t.Label = value
	case "by":
		t.CreatedBy = value
	case "from":
		t.CreatedFrom = value
	case "token":
		t.CreatedByToken = value
	case "bound":
		t.Bound = true
	case "forward":
		t.FastForwardOnly = true
	case "keep":
		t.NoDelete = true
	case "decoy":
		t.Decoy = true
	case "created":
		t.CreatedAt, err = parseInstant(value)
	default:
		return t.setRare(key, value)
	}
	return err
}

// setRare reads the fields that few tokens have. What it does not know is an error: a limit must not fall away.
func (t *Token) setRare(key, value string) (err error) {
	switch key {
	case "groups":
		t.Groups = strings.Fields(value)
	case "refs":
		t.Refs = strings.Split(value, " ") // names of refs may hold other blanks
	case "rights":
		t.Rights = strings.Fields(value)
	case "networks":
		t.Networks = strings.Fields(value)
	case "revoker":
		t.RevokedBy = value
	case "successor":
		t.Successor = value
	case "sealed":
		t.Sealed = value
	case "key":
		t.RotationKey = value
	case "expires":
		t.ExpiresAt, err = pointInstant(value)
	case "revoked":
		t.RevokedAt, err = pointInstant(value)
	case "overlap":
		t.OverlapEndsAt, err = pointInstant(value)
	case "fetched":
		t.FetchedAt, err = pointInstant(value)
	default:
		return fmt.Errorf("not known")
	}
	return err
}

// words picks a word by a condition.
func words(is bool, yes, no string) string {
	if is {
		return yes
	}
	return no
}
