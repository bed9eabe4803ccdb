package credential

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"time"

	"golang.org/x/sys/unix"

	"jeton/auth/token"
	"jeton/cmd/jeton/secretfile"
)

// Kept is one token and what it is for.
type Kept struct {
	// Server is the server's address, with its base path, without a slash at its end.
	Server string `json:"server"`
	// User is whose it is, as the server says; "" where that is not known, and for a token of nobody.
	User  string `json:"user,omitempty"`
	Token string `json:"token"`
	// Expires is when it ends; nil: never, or not known.
	Expires *time.Time `json:"expires,omitempty"`
	// PlainHTTP allows an address without TLS that is not this machine.
	PlainHTTP bool `json:"plain_http,omitempty"`
	// Replaced are hashes of the tokens that this one came after, the last few: git may still speak of one.
	Replaced []string `json:"replaced,omitempty"`
}

// Hint is the beginning of the token, for people.
func (k Kept) Hint() string {
	s, err := token.Parse(k.Token)
	if err != nil {
		return "(damaged)"
	}
	return s.Hint()
}

// replacedKept is how many predecessors are remembered.
const replacedKept = 8

// came reports whether this token came after one with that text.
func (k Kept) came(after string) bool { return slices.Contains(k.Replaced, hash(after)) }

// follow puts a successor in the token's place.
func (k *Kept) follow(next string, expires *time.Time) {
	k.Replaced = append(k.Replaced, hash(k.Token))
	k.Replaced = k.Replaced[max(0, len(k.Replaced)-replacedKept):]
	k.Token, k.Expires = next, expires
}

func hash(text string) string {
	sum := sha256.Sum256([]byte(text))
	return hex.EncodeToString(sum[:])
}

// File holds tokens. Several processes may use it at once.
type File struct{ Path string }

// DefaultPath is $XDG_CONFIG_HOME/jeton/credentials.json, or the system's folder for settings in its place.
func DefaultPath() (string, error) {
	dir, err := os.UserConfigDir()
	if err != nil {
		return "", fmt.Errorf("find the folder for settings: %w", err)
	}
	return filepath.Join(dir, "jeton", "credentials.json"), nil
}

// maxFile bounds the file, in bytes.
const maxFile = 4 << 20

// Read is what is kept; nothing where there is no file. secretfile.ErrOpenToOthers where others can read it.
func (f File) Read() ([]Kept, error) {
	text, err := secretfile.Read(f.Path, maxFile)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("read tokens: %w", err)
	}
	var kept struct {
		Tokens []Kept `json:"tokens"`
	}
	if err := json.Unmarshal(text, &kept); err != nil {
		return nil, fmt.Errorf("read tokens: %s is damaged; remove it, and add the tokens again", f.Path)
	}
	return kept.Tokens, nil
}

// Change lets change work on what is kept, and writes what it returns in the file's place, whole or not at all. Others
// wait meanwhile; change must be quick. With an error nothing is written.
func (f File) Change(change func([]Kept) ([]Kept, error)) error {
	if err := os.MkdirAll(filepath.Dir(f.Path), 0o700); err != nil {
		return fmt.Errorf("keep tokens: %w", err)
	}
	lock, err := os.OpenFile(f.Path+".lock", os.O_RDWR|os.O_CREATE, 0o600)
	if err != nil {
		return fmt.Errorf("keep tokens: %w", err)
	}
	defer func() { _ = lock.Close() }() // which gives the lock back
	if err := flock(lock); err != nil {
		return fmt.Errorf("lock %s: %w", lock.Name(), err)
	}
	before, err := f.Read()
	if err != nil {
		return err
	}
	after, err := change(slices.Clone(before))
	if err != nil {
		return err
	}
	return f.write(after)
}

// flock waits for the lock.
func flock(f *os.File) error {
	for {
		if err := unix.Flock(int(f.Fd()), unix.LOCK_EX); !errors.Is(err, unix.EINTR) {
			return err
		}
	}
}

func (f File) write(kept []Kept) error {
	text, err := json.MarshalIndent(map[string]any{"tokens": kept}, "", "  ")
	if err != nil {
		return err
	}
	if err := secretfile.Write(f.Path, append(text, '\n')); err != nil {
		return fmt.Errorf("keep tokens: %w", err)
	}
	return nil
}
