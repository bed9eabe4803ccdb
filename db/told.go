package db

import (
	"encoding/json"
	"fmt"
	"reflect"
	"time"
)

// toldRows are the rows that changes tell: those that others keep in memory. Another process takes them out of the changes
// table by their type's name.
func toldRows() []any {
	return []any{User{}, UserGroup{}, UserGroupMember{}, Group{}, Repository{}, OldName{}, Permission{}, RepositoryRules{}, RepositoryLock{}, Remote{}, Token{}, SSHKey{}, Plugin{}, Identity{}, Setting{}, Watch{}}
}

// toldTypes finds a told row's type by its name.
type toldTypes map[string]reflect.Type

func newToldTypes() toldTypes {
	types := toldTypes{}
	for _, row := range toldRows() {
		t := reflect.TypeOf(row)
		types[t.Name()] = t
	}
	return types
}

// check fails for a row that other processes could not read.
func (ts toldTypes) check(row any) error {
	if t := reflect.TypeOf(row); ts[t.Name()] != t {
		return fmt.Errorf("a change tells a row of type %T, which the list in told.go lacks", row)
	}
	return nil
}

// changeRow is a row of changes.
type changeRow struct {
	Number  int64 `gorm:"primaryKey;autoIncrement:false"`
	Kind    string
	Deleted bool
	Body    string
	At      time.Time
}

// TableName names the table.
func (changeRow) TableName() string { return "changes" }

// encode makes the row of a change.
func encode(number int64, c Change, at time.Time) (changeRow, error) {
	body, err := json.Marshal(c.Row)
	return changeRow{Number: number, Kind: reflect.TypeOf(c.Row).Name(), Deleted: c.Deleted, Body: string(body), At: stamp(at)}, err
}

// decode reads one that this or another process has written.
func (ts toldTypes) decode(r changeRow) (Change, error) {
	t := ts[r.Kind]
	if t == nil {
		return Change{}, fmt.Errorf("change %d is of a kind that this program does not know: %s", r.Number, r.Kind)
	}
	row := reflect.New(t)
	if err := json.Unmarshal([]byte(r.Body), row.Interface()); err != nil {
		return Change{}, fmt.Errorf("change %d cannot be read: %w", r.Number, err)
	}
	return Change{Row: row.Elem().Interface(), Deleted: r.Deleted}, nil
}
