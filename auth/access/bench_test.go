package access

import (
	"testing"

	"jeton/db"
	"jeton/db/dbtest"
)

// crowd fills a database with 20,000 people in 500 user groups (five each) and 10,000 repositories in nested groups four
// deep.
func crowd(b *testing.B) (*db.DB, dbtest.Filled) {
	b.Helper()
	size := dbtest.Thousands
	size.Tokens = 0
	d := dbtest.New(b)
	made, err := dbtest.Fill(b.Context(), d, size)
	if err != nil {
		b.Fatal(err)
	}
	return d, made
}

// BenchmarkLoad reads all people, user groups, repositories and permissions, as a start does.
func BenchmarkLoad(b *testing.B) {
	d, _ := crowd(b)
	for b.Loop() {
		all, err := Open(b.Context(), d, UserOptions{Hasher: plain{}})
		if err != nil {
			b.Fatal(err)
		}
		all.Close()
	}
}

// BenchmarkDecision finds a repository by its path and decides what somebody may do with it. The database is closed, so
// that none of it can be asked.
func BenchmarkDecision(b *testing.B) {
	d, made := crowd(b)
	repos, err := NewRepositories(b.Context(), d)
	if err != nil {
		b.Fatal(err)
	}
	if err := d.Close(); err != nil {
		b.Fatal(err)
	}
	all := repos.Readable(User{ID: "chief", Admin: true})
	if len(all) != len(made.Repositories) {
		b.Fatalf("%d repositories, want %d", len(all), len(made.Repositories))
	}
	i, may := 0, 0
	for b.Loop() {
		i++
		r, found := repos.ByPath(all[i*7919%len(all)].Path)
		if !found {
			b.Fatal("a repository is not there")
		}
		if repos.Level(User{ID: made.People[i*31%len(made.People)]}, r) >= Read {
			may++
		}
	}
	if i > 1000 && (may == 0 || may == i) {
		b.Fatalf("%d of %d may read", may, i)
	}
}
