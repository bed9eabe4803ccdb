// Package given reads and shows permissions as RhodeCode's API writes them: words such as group.read, and lists in which
// administrators and owners stand beside those who were given something. It decides nothing.
//
// Everyone who has signed in is the user `default` there, and so is here where nobody is called so.
package given

import (
	"cmp"
	"slices"
	"strings"

	"jeton/auth/access"
	"jeton/web/api/method"
)

// Object is what sort of thing a permission is on, as its word begins.
type Object string

// The objects.
const (
	Repository Object = "repository"
	Group      Object = "group"
	UserGroup  Object = "usergroup"
)

// Word is a level as RhodeCode writes it, such as group.read.
func (o Object) Word(l access.Level) string { return string(o) + "." + l.String() }

// Words are all levels of an object, for documents.
func (o Object) Words() []string {
	return []string{o.Word(access.None), o.Word(access.Read), o.Word(access.Write), o.Word(access.Admin)}
}

// Level reads a word such as group.read. Its errors are RhodeCode's.
func (o Object) Level(word string) (access.Level, error) {
	kind, level, _ := strings.Cut(word, ".")
	l, err := access.ParseLevel(level)
	if err != nil || !slices.Contains([]Object{Repository, Group, UserGroup}, Object(kind)) || strings.Contains(level, ".") {
		return access.None, method.Fail(method.Invalid, "permission `%s` does not exist", word)
	}
	if Object(kind) != o {
		return access.None, method.Fail(method.Invalid, "permission `%s` is invalid, should start with %s.", word, o)
	}
	return l, nil
}

// everyone is what RhodeCode calls everybody who has signed in.
const everyone = "default"

// People finds and lists persons; *access.Users does.
type People interface {
	Find(ref string) (access.User, bool)
	ByID(id string) (access.User, bool)
	Administrators() []access.User
}

// UserGroups finds user groups; *access.UserGroups does.
type UserGroups interface {
	ByID(id string) (access.UserGroup, bool)
	Find(ref string) (access.UserGroup, bool)
}

// Person is whom something is given to or taken from, with the name that replies call them.
func Person(people People, ref method.Ref) (access.Subject, string, error) {
	u, ok := people.Find(string(ref))
	switch {
	case ok:
		return access.Subject{UserID: u.ID}, u.Name, nil
	case ref == everyone:
		return access.Subject{Everyone: true}, everyone, nil
	}
	return access.Subject{}, "", method.NoUser(ref)
}

// Seen finds a user group that a caller may read; what they may not read does not exist.
func Seen(c *method.Call, groups UserGroups, ref method.Ref) (access.UserGroup, error) {
	g, ok := groups.Find(string(ref))
	if !ok || !c.SeesUserGroup(g.ID, access.Read) {
		return access.UserGroup{}, method.NoUserGroup(ref)
	}
	return g, nil
}

// Row is one line of who may do what with an object.
type Row struct {
	Name       string `json:"name" doc:"User name, or the name of a user group; default is everyone who has signed in."`
	Permission string `json:"permission" doc:"Such as group.read."`
	Origin     string `json:"origin" doc:"super-admin, owner or permission."`
	Type       string `json:"type" doc:"user or user_group."`
}

// Rows are administrators, then the owner ("" for nobody), then what was given: persons, and behind them user groups; of
// each the highest levels first, and everyone before all.
func Rows(o Object, ownerID string, given []access.Permission, people People, groups UserGroups) []Row {
	rows := []Row{}
	for _, u := range people.Administrators() {
		if u.Active && u.ID != ownerID {
			rows = append(rows, Row{u.Name, o.Word(access.Admin), "super-admin", "user"})
		}
	}
	if u, ok := people.ByID(ownerID); ok {
		rows = append(rows, Row{u.Name, o.Word(access.Admin), "owner", "user"})
	}
	lines := make([]line, len(given))
	for i, p := range given {
		lines[i] = lineOf(o, p, people, groups)
	}
	slices.SortFunc(lines, func(a, b line) int {
		return cmp.Or(cmp.Compare(a.part, b.part), cmp.Compare(b.level, a.level), strings.Compare(a.Name, b.Name))
	})
	for _, l := range lines {
		rows = append(rows, l.Row)
	}
	return rows
}

// line is a Row and what it is sorted by: everyone before persons, and those before user groups.
type line struct {
	Row
	part  int
	level access.Level
}

func lineOf(o Object, p access.Permission, people People, groups UserGroups) line {
	l := line{Row: Row{everyone, o.Word(p.Level), "permission", "user"}, level: p.Level}
	switch {
	case p.To.UserID != "":
		u, _ := people.ByID(p.To.UserID)
		l.Name, l.part = u.Name, 1
	case p.To.UserGroupID != "":
		g, _ := groups.ByID(p.To.UserGroupID)
		l.Name, l.Type, l.part = g.Name, "user_group", 2
	}
	return l
}
