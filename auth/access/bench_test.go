package access

import (
	"context"
	"fmt"
	"math/rand/v2"
	"path/filepath"
	"testing"

	"jeton/db"
)

// sizes of the server that the benchmarks are about.
const (
	manyPeople     = 20_000
	manyUserGroups = 500
	manyRepos      = 10_000
)

// crowd fills a database with 20,000 people in 500 user groups (five each) and 10,000 repositories in nested groups four
// deep, each group with a word for two user groups and each repository with one for a person.
func crowd(b *testing.B) *db.DB {
	b.Helper()
	ctx := b.Context()
	d, err := db.Open(ctx, db.Options{Path: filepath.Join(b.TempDir(), "jeton.db")})
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() { d.Close() })
	rng := rand.New(rand.NewPCG(1, 2))
	err = d.Write(ctx, func(tx *db.Tx) error { return fillCrowd(ctx, tx, rng) })
	if err != nil {
		b.Fatal(err)
	}
	return d
}

func fillCrowd(ctx context.Context, tx *db.Tx, rng *rand.Rand) (err error) {
	do := func(e error) {
		if err == nil {
			err = e
		}
	}
	userGroup := func() string { return fmt.Sprintf("ug%03d", rng.IntN(manyUserGroups)) }
	for i := range manyUserGroups {
		id := fmt.Sprintf("ug%03d", i)
		do(tx.UserGroups().Insert(ctx, db.UserGroup{ID: id, Name: id, FoldedName: id}))
	}
	for i := range manyPeople {
		id := fmt.Sprintf("user%05d", i)
		do(tx.Users().Insert(ctx, db.User{ID: id, Name: id, FoldedName: id, Active: true}))
		for range 5 {
			if e := tx.UserGroups().Add(ctx, db.UserGroupMember{UserGroupID: userGroup(), UserID: id}); e != db.ErrTaken {
				do(e)
			}
		}
	}
	for i := range manyRepos {
		path := fmt.Sprintf("org%02d/unit%d/team%d/sub%d/repo%05d", i%20, i%7, i%5, i%2, i)
		id := fmt.Sprintf("repo%05d", i)
		do(tx.Repositories().Insert(ctx, db.Repository{ID: id, Path: path, FoldedPath: path, OwnerID: "user00000", Private: true}))
		userID := fmt.Sprintf("user%05d", rng.IntN(manyPeople))
		do(tx.Permissions().Set(ctx, db.Permission{RepositoryID: &id, UserID: &userID, Level: "write"}))
	}
	if err != nil {
		return err
	}
	groups, err := tx.Groups().List(ctx)
	for _, g := range groups {
		for range 2 {
			who := userGroup()
			do(tx.Permissions().Set(ctx, db.Permission{GroupID: &g.ID, UserGroupID: &who, Level: "read"}))
		}
	}
	return err
}

// BenchmarkLoad reads all people, user groups, repositories and permissions, as a start does.
func BenchmarkLoad(b *testing.B) {
	d := crowd(b)
	for b.Loop() {
		users, err := NewUsers(b.Context(), d, UserOptions{Hasher: plain{}})
		if err != nil {
			b.Fatal(err)
		}
		repos, err := NewRepositories(b.Context(), d)
		if err != nil {
			b.Fatal(err)
		}
		groups, err := NewUserGroups(b.Context(), d)
		if err != nil {
			b.Fatal(err)
		}
		users.Close()
		repos.Close()
		groups.Close()
	}
}

// BenchmarkDecision finds a repository by its path and decides what somebody may do with it. The database is closed, so
// that none of it can be asked.
func BenchmarkDecision(b *testing.B) {
	d := crowd(b)
	repos, err := NewRepositories(b.Context(), d)
	if err != nil {
		b.Fatal(err)
	}
	if err := d.Close(); err != nil {
		b.Fatal(err)
	}
	all := repos.Readable(User{ID: "chief", Admin: true})
	if len(all) != manyRepos {
		b.Fatalf("%d repositories, want %d", len(all), manyRepos)
	}
	i, may := 0, 0
	for b.Loop() {
		i++
		r, found := repos.ByPath(all[i*7919%manyRepos].Path)
		if !found {
			b.Fatal("a repository is not there")
		}
		if repos.Level(User{ID: fmt.Sprintf("user%05d", i*31%manyPeople)}, r) >= Read {
			may++
		}
	}
	if i > 1000 && (may == 0 || may == i) {
		b.Fatalf("%d of %d may read", may, i)
	}
}
