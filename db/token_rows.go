package db

import (
	"strings"
	"time"
)

// storedToken is a row of tokens as the table holds it: who is not the owner is NULL, lists have blanks between.
type storedToken struct {
	ID                                        string
	UserID, DeployRepositoryID, DeployGroupID *string
	Hash, Kind, Hint, Label, Access           string
	Bound                                     bool
	GroupIDs                                  string `gorm:"column:group_ids"`
	Refs                                      string
	FastForwardOnly, NoDelete                 bool
	Rights, Networks                          string
	Decoy                                     bool
	Line                                      string
	CreatedAt                                 time.Time
	CreatedBy, CreatedFrom, CreatedByToken    string
	ExpiresAt, RevokedAt                      *time.Time
	RevokedBy, Successor                      string
	OverlapEndsAt                             *time.Time
	Sealed, RotationKey                       string
	FetchedAt, LastUsedAt                     *time.Time
	LastUsedFrom, LastUsedDoor                string
	Uses                                      int64
}

// TableName names the table.
func (storedToken) TableName() string { return "tokens" }

func (r storedToken) token() Token {
	return Token{ID: r.ID, UserID: orEmpty(r.UserID), DeployRepositoryID: orEmpty(r.DeployRepositoryID),
		DeployGroupID: orEmpty(r.DeployGroupID), Hash: r.Hash, Kind: r.Kind, Hint: r.Hint, Label: r.Label, Access: r.Access,
		Bound: r.Bound, Groups: members(r.GroupIDs), Refs: members(r.Refs), FastForwardOnly: r.FastForwardOnly,
		NoDelete: r.NoDelete, Rights: members(r.Rights), Networks: members(r.Networks), Decoy: r.Decoy,
		Line: r.Line, CreatedAt: r.CreatedAt, CreatedBy: r.CreatedBy, CreatedFrom: r.CreatedFrom,
		CreatedByToken: r.CreatedByToken, ExpiresAt: r.ExpiresAt, RevokedAt: r.RevokedAt, RevokedBy: r.RevokedBy,
		TokenRotation: TokenRotation{Successor: r.Successor, OverlapEndsAt: r.OverlapEndsAt, Sealed: r.Sealed, RotationKey: r.RotationKey},
		FetchedAt:     r.FetchedAt, LastUsedAt: r.LastUsedAt, LastUsedFrom: r.LastUsedFrom, LastUsedDoor: r.LastUsedDoor, Uses: r.Uses}
}

func rowOf(t Token) storedToken {
	return storedToken{ID: t.ID, UserID: orNull(t.UserID), DeployRepositoryID: orNull(t.DeployRepositoryID),
		DeployGroupID: orNull(t.DeployGroupID), Hash: t.Hash, Kind: t.Kind, Hint: t.Hint, Label: t.Label, Access: t.Access,
		Bound: t.Bound, GroupIDs: listed(t.Groups), Refs: listed(t.Refs), FastForwardOnly: t.FastForwardOnly,
		NoDelete: t.NoDelete, Rights: listed(t.Rights), Networks: listed(t.Networks), Decoy: t.Decoy, Line: t.Line,
		CreatedAt: t.CreatedAt, CreatedBy: t.CreatedBy, CreatedFrom: t.CreatedFrom, CreatedByToken: t.CreatedByToken,
		ExpiresAt: t.ExpiresAt, RevokedAt: t.RevokedAt, RevokedBy: t.RevokedBy, Successor: t.Successor,
		OverlapEndsAt: stampPtr(t.OverlapEndsAt), Sealed: t.Sealed, RotationKey: t.RotationKey, FetchedAt: stampPtr(t.FetchedAt),
		LastUsedAt: t.LastUsedAt, LastUsedFrom: t.LastUsedFrom, LastUsedDoor: t.LastUsedDoor, Uses: t.Uses}
}

// listed writes a list into one column; its members hold no blanks.
func listed(list []string) string { return strings.Join(list, " ") }

// members reads a list out of one column; nil where it is empty.
func members(column string) []string {
	if column == "" {
		return nil
	}
	return strings.Fields(column)
}

func orEmpty(s *string) string {
	if s == nil {
		return ""
	}
	return *s
}

func orNull(s string) *string {
	if s == "" {
		return nil
	}
	return &s
}
