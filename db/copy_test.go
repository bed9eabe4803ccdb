package db

import (
	"path/filepath"
	"reflect"
	"strings"
	"testing"
	"time"

	"jeton/db/pgtest"
)

// TestSharedCopyMovesEveryRow fills tables of each kind in SQLite, copies, and reads the same through the stores.
func TestSharedCopyMovesEveryRow(t *testing.T) {
	path := filepath.Join(t.TempDir(), "jeton.db")
	from, err := Open(t.Context(), Options{Path: path})
	ok(t, err)
	mail := "ada@example.com"
	for _, name := range []string{"ada", "bob"} {
		u := user(name)
		if u.Admin = name == "ada"; u.Admin {
			u.Email, u.FoldedEmail = mail, &mail
		}
		ok(t, from.Users().Insert(t.Context(), u))
	}
	ok(t, from.Repositories().Insert(t.Context(), repository("team/deep/app", "u-ada")))
	ok(t, from.Rules().Save(t.Context(), RepositoryRules{RepositoryID: "r-team/deep/app", Rules: `{"a":"ä\u0000"}`, ChangedAt: noon}))
	ok(t, from.Remotes().Save(t.Context(), Remote{RepositoryID: "r-team/deep/app", Address: "sealed", Shown: "https://code.example/x", ChangedAt: noon}))
	ok(t, from.Remotes().AddKey(t.Context(), RemoteKey{RepositoryID: "r-team/deep/app", Host: "code.example:22", Key: "ssh-ed25519 AAAA", SeenAt: noon}))
	ok(t, from.Locks().Set(t.Context(), RepositoryLock{RepositoryID: "r-team/deep/app", UserID: "u-bob", Reason: "lock_api", LockedAt: noon}))
	app, fork := "r-team/deep/app", repository("fork", "u-ada")
	fork.ForkOf = &app
	ok(t, from.Repositories().Insert(t.Context(), fork))
	end := noon.Add(time.Hour)
	ok(t, from.Tokens().Insert(t.Context(), Token{ID: "t1", UserID: "u-bob", Hash: "h", Kind: "vcs", Bound: true,
		Repositories: []string{"r-team/deep/app"}, CreatedAt: noon, ExpiresAt: &end}))
	for range page + 1 {
		ok(t, from.Audit().Append(t.Context(), AuditEntry{At: noon, Action: "x", Detail: "'\"\\\n"}))
	}
	_, err = from.Journal().Begin(t.Context(), JournalEntry{RepositoryID: "r-team/deep/app", BegunAt: noon})
	ok(t, err)
	ada := "u-ada"
	_, err = from.CommitComments().Add(t.Context(), CommitComment{RepositoryID: "r-team/deep/app", CommitID: "c1", AuthorID: &ada, Author: "ada", Kind: "todo", Body: "ü\n", CreatedAt: noon}, 1)
	ok(t, err)
	_, err = from.CommitStatuses().Add(t.Context(), CommitStatus{RepositoryID: "r-team/deep/app", CommitID: "c1", Context: "ci", State: "success", Creator: "bot", CreatedAt: noon}, 1)
	ok(t, err)
	want := contents(t, from)
	ok(t, from.Close())

	url := pgtest.Empty(t, "TEMPLATE template0")
	early, anew := node(t, url), 0
	t.Cleanup(early.Subscribe(func(c Change) {
		if _, is := c.Row.(Reloaded); is {
			anew++
		}
	}))
	n, err := Copy(t.Context(), path, url)
	ok(t, err)
	if ok(t, early.Fresh(t.Context())); anew != 1 {
		t.Errorf("a process that had the empty database open has read everything anew %d times, want once", anew)
	}
	if n < page+10 {
		t.Fatalf("%d rows were copied", n)
	}
	to := node(t, url)
	if got := contents(t, to); !reflect.DeepEqual(got, want) {
		t.Fatalf("got\n%+v\nwant\n%+v", got, want)
	}
	wants(t, to.Rules().Save(t.Context(), RepositoryRules{RepositoryID: "r-none"}), ErrInUse) // references are back
	_, err = Copy(t.Context(), path, url)
	wants(t, err, ErrNotEmpty)
}

// contents is what the stores tell of a database.
func contents(t *testing.T, d *DB) []any {
	t.Helper()
	users, err := d.Users().List(t.Context())
	ok(t, err)
	repos, err := d.Repositories().List(t.Context())
	ok(t, err)
	tokens, err := d.Tokens().List(t.Context())
	ok(t, err)
	rules, err := d.Rules().List(t.Context())
	ok(t, err)
	entries, err := d.Audit().Since(t.Context(), "", 10*page)
	ok(t, err)
	open, err := d.Journal().Open(t.Context())
	ok(t, err)
	locks, err := d.Locks().List(t.Context())
	ok(t, err)
	comments, err := d.CommitComments().Find(t.Context(), "r-team/deep/app", CommentFilter{}, 10)
	ok(t, err)
	statuses, err := d.CommitStatuses().Latest(t.Context(), "r-team/deep/app", "c1")
	ok(t, err)
	remotes, err := d.Remotes().List(t.Context())
	ok(t, err)
	return []any{users, repos, tokens, rules, entries, open, locks, comments, statuses, remotes}
}

// TestSharedCopyIsAllOrNothing has a row that PostgreSQL cannot hold.
func TestSharedCopyIsAllOrNothing(t *testing.T) {
	path := filepath.Join(t.TempDir(), "jeton.db")
	from, err := Open(t.Context(), Options{Path: path})
	ok(t, err)
	ok(t, from.Users().Insert(t.Context(), user("ada")))
	ok(t, from.write.Exec("UPDATE users SET email = 'a' || char(0)").Error)
	ok(t, from.Close())
	url := pgtest.Empty(t, "TEMPLATE template0")
	if _, err := Copy(t.Context(), path, url); err == nil || !strings.Contains(err.Error(), "copy table users") {
		t.Fatalf("got %v, want the table that cannot be copied", err)
	}
	list, err := node(t, url).Users().List(t.Context())
	ok(t, err)
	if len(list) != 0 {
		t.Fatalf("%d rows are left of a copying that failed", len(list))
	}
}
