package db

import (
	"errors"
	"fmt"

	"gorm.io/gorm"
)

var (
	// ErrNotFound: there is no such row.
	ErrNotFound = errors.New("not there")
	// ErrTaken: another row has this name, path or key already.
	ErrTaken = errors.New("already taken")
	// ErrInUse: another row refers to this one, or this one to a row that is not there.
	ErrInUse = errors.New("refers to, or is referred to by, another row")
	// ErrFull: as many rows are there as are kept of this.
	ErrFull = errors.New("there are as many as are kept")
	// ErrNewer: a later version of Jeton has changed the tables.
	ErrNewer = errors.New("database is newer than this program")
	// ErrUnreachable: the PostgreSQL server is not there, or cannot answer now; what was asked may work later.
	ErrUnreachable = errors.New("the database cannot be reached")
)

// errNoText: a value holds bytes that no row can hold, such as NUL. SQLite takes them; no row was ever written with them.
var errNoText = errors.New("not text in UTF-8")

// translate turns the library's errors into this package's; all others pass as they are.
func translate(err error) error {
	switch {
	case err == nil:
		return nil
	case errors.Is(err, gorm.ErrRecordNotFound):
		return ErrNotFound
	case errors.Is(err, gorm.ErrDuplicatedKey):
		return ErrTaken
	case errors.Is(err, gorm.ErrForeignKeyViolated):
		return ErrInUse
	case noText(err):
		return fmt.Errorf("%w: %w", errNoText, err)
	case !errors.Is(err, ErrUnreachable) && lost(err):
		return fmt.Errorf("%w: %w", ErrUnreachable, err)
	}
	return err
}
