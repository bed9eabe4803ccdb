package db

import (
	"context"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/pressly/goose/v3"
)

// ok fails the test where a step that must work does not.
func ok(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatalf("got error %v, want none", err)
	}
}

func wants(t testing.TB, err, want error) {
	t.Helper()
	if !errors.Is(err, want) {
		t.Fatalf("got error %v, want %v", err, want)
	}
}

var noon = time.Date(2026, 11, 24, 12, 0, 0, 123456789, time.FixedZone("CET", 3600))

func user(name string) User {
	return User{ID: "u-" + name, Name: name, FoldedName: name, Active: true, CreatedAt: noon, PasswordChangedAt: noon}
}

func repository(path, owner string) Repository {
	return Repository{ID: "r-" + path, Path: path, FoldedPath: path, OwnerID: owner, Private: true, CreatedAt: noon}
}

func TestOpenMakesAPrivateFileWhateverItsName(t *testing.T) {
	path := filepath.Join(t.TempDir(), "a ?mode=memory&x=%41#b.db")
	d, err := Open(t.Context(), Options{Path: path})
	ok(t, err)
	t.Cleanup(func() { d.Close() })
	ok(t, d.Users().Insert(t.Context(), user("ada")))
	for _, name := range []string{path, path + "-wal"} {
		info, err := os.Stat(name)
		ok(t, err)
		if info.Mode().Perm() != 0o600 {
			t.Errorf("%s: got mode %v, want 0600", name, info.Mode().Perm())
		}
	}
}

func TestOpenSetsWhatDurabilityNeeds(t *testing.T) {
	d, err := Open(t.Context(), Options{Path: filepath.Join(t.TempDir(), "jeton.db")})
	ok(t, err)
	t.Cleanup(func() { d.Close() })
	for pragma, want := range map[string]string{"journal_mode": "wal", "foreign_keys": "1", "synchronous": "2"} {
		var got string
		ok(t, d.write.Raw("PRAGMA "+pragma).Scan(&got).Error)
		if got != want {
			t.Errorf("%s: got %s, want %s", pragma, got, want)
		}
	}
}

func TestReadersCannotWrite(t *testing.T) {
	d := fresh(t)
	if err := d.read.Exec("DELETE FROM users").Error; err == nil {
		t.Fatal("a read-only connection deleted")
	}
}

func TestOpenKeepsWhatIsThere(t *testing.T) {
	path := filepath.Join(t.TempDir(), "jeton.db")
	d := reopen(t, path)
	ok(t, d.Users().Insert(t.Context(), user("ada")))
	ok(t, d.Close())
	got, err := reopen(t, path).Users().ByFoldedName(t.Context(), "ada")
	ok(t, err)
	if got.ID != "u-ada" || !got.CreatedAt.Equal(noon.Truncate(time.Microsecond)) {
		t.Fatalf("got %+v", got)
	}
}

func TestOpenRefusesADatabaseNewerThanTheProgram(t *testing.T) {
	path := filepath.Join(t.TempDir(), "jeton.db")
	d := reopen(t, path)
	ok(t, d.write.Exec("INSERT INTO goose_db_version (version_id, is_applied) VALUES (99, TRUE)").Error)
	ok(t, d.Close())
	_, err := Open(context.Background(), at(t, path))
	wants(t, err, ErrNewer)
	if !strings.Contains(err.Error(), "version 99") || !strings.Contains(err.Error(), "later one") {
		t.Errorf("the sentence does not help: %v", err)
	}
}

func TestOpenRefusesAFileThatIsNoDatabase(t *testing.T) {
	path := filepath.Join(t.TempDir(), "jeton.db")
	ok(t, os.WriteFile(path, []byte(strings.Repeat("not a database ", 100)), 0o600))
	if _, err := Open(context.Background(), Options{Path: path}); err == nil {
		t.Fatal("opened a text as a database")
	}
	if _, err := Open(context.Background(), Options{Path: filepath.Join(path, "below")}); err == nil {
		t.Fatal("opened a file below a file")
	}
}

// TestOpenCompletesMigrationsThatWereInterrupted begins at each version that a stop between two steps leaves behind.
func TestOpenCompletesMigrationsThatWereInterrupted(t *testing.T) {
	files, err := migrations.ReadDir("migrations")
	ok(t, err)
	if onPostgres {
		files = []fs.DirEntry{files[0], files[len(files)-2]} // each takes long there, and all are the same SQL
	}
	for _, last := range files {
		version, err := goose.NumericComponent(last.Name())
		ok(t, err)
		d := reopen(t, older(t, version))
		_, err = d.Audit().Since(t.Context(), "", 1)
		ok(t, err)
		_, err = d.Rules().List(t.Context())
		ok(t, err)
		_, err = d.Journal().Ended(t.Context(), "", "", 1)
		ok(t, err)
	}
}

func TestMigrationsUseNothingThatPostgreSQLCannotDo(t *testing.T) {
	alien := regexp.MustCompile(`(?i)autoincrement|without rowid|\bstrict\b|pragma|datetime|\bblob\b|insert or|` + "`")
	files, err := migrations.ReadDir("migrations")
	ok(t, err)
	if len(files) < 5 {
		t.Fatalf("got %d migrations, want all that there are", len(files))
	}
	for _, f := range files {
		text, err := migrations.ReadFile("migrations/" + f.Name())
		ok(t, err)
		if word := alien.Find(text); word != nil {
			t.Errorf("%s says %q", f.Name(), word)
		}
	}
}

func TestNewIDIsNeverTheSame(t *testing.T) {
	seen := map[string]bool{}
	for range 10000 {
		id := NewID()
		if seen[id] || !regexp.MustCompile(`^[a-z2-7]{26}$`).MatchString(id) {
			t.Fatalf("got id %q", id)
		}
		seen[id] = true
	}
}

func TestOrderedIDsSortAsTheyWereMade(t *testing.T) {
	var c clock
	last := ""
	for i := range 1000 {
		id := c.next(noon.Add(-time.Duration(i) * time.Second)) // a clock that is set back
		if id <= last {
			t.Fatalf("got %s after %s", id, last)
		}
		last = id
	}
}

// TestNothingRunsOnAfterClose opens databases one after the other: each leaves as many goroutines as were there before.
func TestNothingRunsOnAfterClose(t *testing.T) {
	dir := t.TempDir()
	cycle := func() {
		d, err := Open(t.Context(), Options{Path: filepath.Join(dir, "jeton.db")})
		ok(t, err)
		_, err = d.Users().List(t.Context())
		ok(t, err)
		ok(t, d.Close())
	}
	cycle()
	before := runtime.NumGoroutine()
	for range 5 {
		cycle()
	}
	for range 500 { // what ends with the connections takes a moment
		if runtime.NumGoroutine() <= before {
			return
		}
		time.Sleep(10 * time.Millisecond)
	}
	t.Errorf("%d goroutines run, %d did after the first", runtime.NumGoroutine(), before)
}
