package db

import (
	"context"
	"time"
)

// SSHKey is a row of ssh_keys: a public key that opens SSH for a person, or for a repository as its deploy key. Exactly
// one of UserID and RepositoryID is set.
type SSHKey struct {
	ID           string
	UserID       *string
	RepositoryID *string
	// Access is read or write for a deploy key, "" for a person's.
	Access string
	Label  string
	// Public is the key as "type base64", without a comment.
	Public string
	// Fingerprint is "SHA256:" and the base64 of the key's hash; unique.
	Fingerprint string
	// NoTouch waives the proof that somebody touched a security key.
	NoTouch   bool
	CreatedAt time.Time
}

// TableName names the table.
func (SSHKey) TableName() string { return "ssh_keys" }

// SSHKeys is the store of ssh_keys.
type SSHKeys struct{ on conn }

// List is all keys, oldest first.
func (s SSHKeys) List(ctx context.Context) ([]SSHKey, error) {
	var rows []SSHKey
	err := s.on.reader(ctx).Order("created_at, id").Find(&rows).Error
	return rows, translate(err)
}

// Insert adds one; ErrTaken where it is in use already, ErrInUse where there is no such person or repository.
func (s SSHKeys) Insert(ctx context.Context, k SSHKey) error {
	k.CreatedAt = stamp(k.CreatedAt)
	return s.on.inTx(ctx, func(tx *Tx) error { return insert(ctx, tx, k) })
}

// Delete removes one; ErrNotFound.
func (s SSHKeys) Delete(ctx context.Context, id string) error {
	return s.on.inTx(ctx, func(tx *Tx) error { return remove[SSHKey](ctx, tx, "id = ?", id) })
}
