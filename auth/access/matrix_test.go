package access_test

import (
	"context"
	"fmt"
	"strings"
	"testing"
	"time"

	"jeton/auth/access"
	"jeton/auth/audit"
	"jeton/auth/gate"
	"jeton/auth/signin"
	"jeton/auth/sshkey"
	"jeton/auth/token"
	"jeton/db"
	"jeton/db/dbtest"
)

// word is what was said about one subject on one object; "" is nothing.
type word string

// person is one row of the matrix: what was said for this person alone, and whether they are in the user group.
type person struct {
	outer, inner, repo word
	member             bool
	// is what the person is besides: "", guest, owner, group-owner, admin.
	is string

	user access.User
	cred gate.Credential
}

// repository is one column: what was said on it for the user group and for everyone.
type repository struct {
	group, everyone   word
	private, archived bool
	id                string
}

// levels are the words as numbers.
func (w word) level() int { return strings.Index("none read write admin", string(w)) / 5 }

// nearest is what counts of the words about one subject, nearest first.
func nearest(words ...word) int {
	for _, w := range words {
		if w != "" {
			return w.level()
		}
	}
	return 0
}

// expected is the rule as docs/permissions.md has it, written down once more. The user group was given read on the outer
// group, everyone nothing there.
func expected(p person, r repository) int {
	level := 0
	switch p.is {
	case "owner", "group-owner", "admin":
		return 3
	case "guest":
	default:
		level = max(nearest(p.repo, p.inner, p.outer), nearest(r.everyone))
		if p.member {
			level = max(level, nearest(r.group, "read"))
		}
	}
	if !r.private {
		level = max(level, 1)
	}
	return level
}

// outcome is what the gate must say to somebody of a level.
func outcome(p person, r repository, level int, a gate.Access) gate.Code {
	switch {
	case level == 0 && p.is == "guest", p.is == "guest" && a == gate.Write:
		return gate.NoCredential
	case level == 0:
		return gate.NotFound
	case a == gate.Write && level < 2:
		return gate.ReadOnly
	case a == gate.Write && r.archived:
		return gate.Archived
	}
	return ""
}

func people() (all []person) {
	for _, outer := range []word{"", "read", "admin"} {
		for _, inner := range []word{"", "none", "write"} {
			for _, repo := range []word{"", "none", "read", "admin"} {
				for _, member := range []bool{false, true} {
					all = append(all, person{outer: outer, inner: inner, repo: repo, member: member})
				}
			}
		}
	}
	for _, is := range []string{"guest", "owner", "group-owner", "admin"} {
		all = append(all, person{is: is})
	}
	return all
}

func repositories() (all []repository) {
	for _, group := range []word{"", "none", "read", "write", "admin"} {
		for _, everyone := range []word{"", "none", "read", "write"} {
			for _, private := range []bool{true, false} {
				for _, archived := range []bool{false, true} {
					all = append(all, repository{group: group, everyone: everyone, private: private, archived: archived})
				}
			}
		}
	}
	return all
}

// TestMatrix asks for every person × words on outer group, inner group and repository × user group × everyone × visibility
// × archived × action, in memory and at the gate, on both databases.
func TestMatrix(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, open func() *db.DB) {
		d := open()
		all, repos := people(), repositories()
		fill(t, d, all, repos)
		g, store := doors(t, d, all)
		asked := 0
		for _, r := range repos {
			row, found := store.ByID(r.id)
			if !found {
				t.Fatalf("%+v is not there", r)
			}
			for _, p := range all {
				want := expected(p, r)
				if got := store.Level(p.user, row); int(got) != want {
					t.Errorf("%+v on %+v: got %s, want %s", p, r, got, access.Level(want))
				}
				for _, a := range []gate.Access{gate.Read, gate.Write} {
					_, err := g.Admit(t.Context(), p.cred, gate.Git, gate.Resource{Path: "outer/inner/" + r.id}, a)
					if got, want := codeOf(err), outcome(p, r, want, a); got != want {
						t.Errorf("%+v, %s of %+v: got %q, want %q", p, a, r, got, want)
					}
					asked++
				}
			}
		}
		if asked < 10000 {
			t.Fatalf("asked only %d times", asked)
		}
	})
}

func codeOf(err error) gate.Code {
	if err == nil {
		return ""
	}
	if r := gate.AsRefused(err); r != nil {
		return r.Code
	}
	return gate.Code(err.Error())
}

// fill writes everybody and everything in one transaction.
func fill(t *testing.T, d *db.DB, all []person, repos []repository) {
	t.Helper()
	ctx := t.Context()
	err := d.Write(ctx, func(tx *db.Tx) error {
		w := writer{ctx: ctx, tx: tx}
		w.do(tx.UserGroups().Insert(ctx, db.UserGroup{ID: "devs", Name: "devs", FoldedName: "devs"}))
		w.user("nobody-in-particular", false)
		for i := range all {
			p := &all[i]
			if p.is == "guest" {
				continue
			}
			id := fmt.Sprintf("u%02d", i)
			w.user(id, p.is == "admin")
			p.user = access.User{ID: id, Name: id, Active: true, Admin: p.is == "admin"}
			if p.member {
				w.do(tx.UserGroups().Add(ctx, db.UserGroupMember{UserGroupID: "devs", UserID: id}))
			}
		}
		outer := db.Group{ID: "outer", ParentID: db.RootGroup, Name: "outer", FoldedName: "outer"}
		for _, p := range all {
			if p.is == "group-owner" {
				outer.OwnerID = &p.user.ID
			}
		}
		w.do(tx.Groups().Insert(ctx, outer))
		w.do(tx.Groups().Insert(ctx, db.Group{ID: "inner", ParentID: "outer", Name: "inner", FoldedName: "inner"}))
		devs, outerID, innerID := "devs", "outer", "inner"
		w.say("read", db.Permission{GroupID: &outerID, UserGroupID: &devs})
		for _, p := range all {
			w.say(p.outer, db.Permission{GroupID: &outerID, UserID: &p.user.ID})
			w.say(p.inner, db.Permission{GroupID: &innerID, UserID: &p.user.ID})
		}
		for i := range repos {
			r := &repos[i]
			r.id = fmt.Sprintf("r%02d", i)
			w.repository(*r, all)
			w.say(r.group, db.Permission{RepositoryID: &r.id, UserGroupID: &devs})
			w.say(r.everyone, db.Permission{RepositoryID: &r.id})
			for _, p := range all {
				w.say(p.repo, db.Permission{RepositoryID: &r.id, UserID: &p.user.ID})
			}
		}
		return w.err
	})
	if err != nil {
		t.Fatal(err)
	}
}

// writer keeps the first error.
type writer struct {
	ctx context.Context
	tx  *db.Tx
	err error
}

func (w *writer) do(err error) {
	if w.err == nil {
		w.err = err
	}
}

func (w *writer) user(id string, admin bool) {
	w.do(w.tx.Users().Insert(w.ctx, db.User{ID: id, Name: id, FoldedName: id, Active: true, Admin: admin}))
}

func (w *writer) say(what word, p db.Permission) {
	if what != "" && w.err == nil {
		p.Level = string(what)
		w.do(w.tx.Permissions().Set(w.ctx, p))
	}
}

func (w *writer) repository(r repository, all []person) {
	owner := "nobody-in-particular"
	for _, p := range all {
		if p.is == "owner" {
			owner = p.user.ID
		}
	}
	path := "outer/inner/" + r.id
	w.do(w.tx.Repositories().Insert(w.ctx, db.Repository{ID: r.id, Path: path, FoldedPath: path, OwnerID: owner, Private: r.private,
		Archived: r.archived}))
}

// doors opens everything over the rows, and gives everybody a token.
func doors(t *testing.T, d *db.DB, all []person) (*gate.Gate, *access.Repositories) {
	t.Helper()
	ctx := t.Context()
	hasher := signin.NewHasher()
	users := must(access.NewUsers(ctx, d, access.UserOptions{Hasher: hasher}))
	repos := must(access.NewRepositories(ctx, d))
	tokens := must(token.NewStore(ctx, d, token.Options{}))
	t.Cleanup(func() { _ = tokens.Close() })
	methods := must(signin.NewRegistry(ctx, d, signin.Options{People: users, Plugins: []signin.Plugin{signin.NewPassword(d, users, hasher, nil)}}))
	if err := methods.Enable(ctx, audit.Command("root"), signin.Token); err != nil {
		t.Fatal(err)
	}
	for i := range all {
		p := &all[i]
		if p.is == "guest" {
			continue
		}
		made, _, err := tokens.Mint(ctx, audit.Command("root"), token.Request{UserID: p.user.ID, Kind: token.VCS, Access: token.Write, Label: "test",
			ExpiresAt: time.Now().Add(time.Hour)})
		if err != nil {
			t.Fatal(err)
		}
		p.cred = gate.Credential{Proven: gate.Proven{TokenID: made.ID}}
	}
	return gate.New(gate.Options{Users: users, Repositories: repos, Tokens: tokens, Keys: must(sshkey.NewStore(ctx, d, nil)), SignIn: methods,
		RefusalTime: -1}), repos
}

func must[T any](v T, err error) T {
	if err != nil {
		panic(err)
	}
	return v
}
