package dbtest

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"strings"
	"time"

	"jeton/db"
)

// Crowd is how many of each a full server has. Ids are as long as those of a server.
type Crowd struct {
	// People are in Memberships user groups each, of UserGroups.
	People, UserGroups, Memberships int
	// Repositories lie in groups four deep, each of which has a word for two user groups; each repository has one for a
	// person.
	Repositories int
	// Tokens belong to people; a tenth of them are bound to groups and to networks, half have been used.
	Tokens int
}

// Thousands is the size at which a start is measured.
var Thousands = Crowd{People: 20_000, UserGroups: 500, Memberships: 5, Repositories: 10_000, Tokens: 100_000}

// Filled is the ids of what Fill has made.
type Filled struct{ People, UserGroups, Repositories, Tokens []string }

// Fill writes a crowd into an empty database, the same for the same size but for ids. User group i is named ug000…, person
// i user00000…, repository i repo00000… in org/unit/team/sub.
func Fill(ctx context.Context, d *db.DB, c Crowd) (Filled, error) {
	f := &filler{ctx: ctx, rng: rand.New(rand.NewPCG(1, 2)), at: time.Date(2026, 11, 24, 12, 0, 0, 123456000, time.UTC)}
	err := d.Write(ctx, func(tx *db.Tx) error {
		f.tx = tx
		f.people(c)
		f.repositories(c)
		return f.err
	})
	for at := 0; err == nil && at < c.Tokens; at += 10_000 {
		err = d.Write(ctx, func(tx *db.Tx) error {
			f.tx = tx
			f.tokens(at, min(at+10_000, c.Tokens))
			return f.err
		})
	}
	return f.Filled, err
}

// filler remembers the first error, after which it writes nothing.
type filler struct {
	Filled
	ctx context.Context
	tx  *db.Tx
	rng *rand.Rand
	at  time.Time
	err error
}

func (f *filler) do(write func() error) {
	if f.err == nil {
		f.err = write()
	}
}

func (f *filler) any(ids []string) string { return ids[f.rng.IntN(len(ids))] }

func (f *filler) people(c Crowd) {
	for i := range c.UserGroups {
		id, name := db.NewID(), fmt.Sprintf("ug%03d", i)
		f.UserGroups = append(f.UserGroups, id)
		f.do(func() error {
			return f.tx.UserGroups().Insert(f.ctx, db.UserGroup{ID: id, Name: name, FoldedName: name, CreatedAt: f.at})
		})
	}
	for i := range c.People {
		id, name := db.NewID(), fmt.Sprintf("user%05d", i)
		f.People = append(f.People, id)
		email := name + "@example.com"
		f.do(func() error {
			return f.tx.Users().Insert(f.ctx, db.User{ID: id, Name: name, FoldedName: name, Email: email, FoldedEmail: &email,
				PasswordHash: "$argon2id$v=19$m=65536,t=3,p=4$" + strings.Repeat("c2FsdA", 11), Active: true, CreatedAt: f.at, PasswordChangedAt: f.at})
		})
		for range c.Memberships {
			f.do(func() error {
				err := f.tx.UserGroups().Add(f.ctx, db.UserGroupMember{UserGroupID: f.any(f.UserGroups), UserID: id, CreatedAt: f.at})
				if errors.Is(err, db.ErrTaken) {
					return nil
				}
				return err
			})
		}
	}
}

func (f *filler) repositories(c Crowd) {
	for i := range c.Repositories {
		id, path := db.NewID(), fmt.Sprintf("org%02d/unit%d/team%d/sub%d/repo%05d", i%20, i%7, i%5, i%2, i)
		f.Repositories = append(f.Repositories, id)
		f.do(func() error {
			return f.tx.Repositories().Insert(f.ctx, db.Repository{ID: id, Path: path, FoldedPath: path, OwnerID: f.People[0], Private: true, CreatedAt: f.at})
		})
		person := f.any(f.People)
		f.do(func() error {
			return f.tx.Permissions().Set(f.ctx, db.Permission{RepositoryID: &id, UserID: &person, Level: "write", CreatedAt: f.at})
		})
	}
	var groups []db.Group
	f.do(func() (err error) { groups, err = f.tx.Groups().List(f.ctx); return err })
	for _, g := range groups {
		for range 2 {
			who := f.any(f.UserGroups)
			f.do(func() error {
				return f.tx.Permissions().Set(f.ctx, db.Permission{GroupID: &g.ID, UserGroupID: &who, Level: "read", CreatedAt: f.at})
			})
		}
	}
}

func (f *filler) tokens(from, to int) {
	end := f.at.AddDate(1, 0, 0)
	var uses []db.TokenUse
	for i := from; i < to; i++ {
		t := db.Token{ID: db.NewID(), UserID: f.People[i%len(f.People)], Hash: fmt.Sprintf("%016x%016x%016x%016x", f.rng.Uint64(), f.rng.Uint64(), f.rng.Uint64(), i),
			Kind: "vcs", Hint: "Ab12", Label: "laptop of somebody", Access: "write", CreatedAt: f.at, CreatedBy: "somebody",
			CreatedFrom: "192.0.2.1", ExpiresAt: &end}
		if i%10 == 0 {
			t.Bound, t.Groups, t.Networks = true, []string{db.NewID(), db.NewID()}, []string{"192.0.2.0/24"}
		}
		if i%2 == 0 {
			uses = append(uses, db.TokenUse{ID: t.ID, At: f.at, From: "192.0.2.1", Door: "git", Times: 7})
		}
		f.Tokens = append(f.Tokens, t.ID)
		f.do(func() error { return f.tx.Tokens().Insert(f.ctx, t) })
	}
	f.do(func() error { return f.tx.Tokens().RecordUses(f.ctx, uses) })
}
