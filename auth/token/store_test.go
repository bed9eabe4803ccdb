package token

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"jeton/auth/audit"
	"jeton/db"
	"jeton/db/dbtest"
)

// world is a database with ada, bob and two repositories of ada's, and a store over it with a clock that tests move.
type world struct {
	db    *db.DB
	store *Store
	now   atomic.Pointer[time.Time]
}

var admin = audit.Command("root")

func newWorld(t testing.TB) *world {
	t.Helper()
	d := dbtest.New(t)
	return worldOn(t, d)
}

// worldOn fills a new database.
func worldOn(t testing.TB, d *db.DB) *world {
	t.Helper()
	for _, name := range []string{"ada", "bob"} {
		ok(t, d.Users().Insert(context.Background(), db.User{ID: name, Name: name, FoldedName: name, Active: true}))
	}
	for _, path := range []string{"app", "lib"} {
		ok(t, d.Repositories().Insert(context.Background(), db.Repository{ID: path, Path: path, FoldedPath: path, OwnerID: "ada"}))
	}
	w := &world{db: d}
	w.set(noon)
	w.store = w.open(t)
	return w
}

func (w *world) open(t testing.TB) *Store {
	t.Helper()
	s, err := NewStore(context.Background(), w.db, Options{Now: func() time.Time { return *w.now.Load() }})
	ok(t, err)
	t.Cleanup(func() { s.Close() })
	return s
}

func (w *world) set(now time.Time) { w.now.Store(&now) }

func ok(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatalf("got error %v, want none", err)
	}
}

func (w *world) mint(t testing.TB, q Request) (Token, Secret) {
	t.Helper()
	if q.UserID == "" {
		q.UserID = "ada"
	}
	if q.Kind == "" {
		q.Kind = VCS
	}
	if q.Label == "" {
		q.Label = "laptop"
	}
	tok, secret, err := w.store.Mint(context.Background(), admin, q)
	ok(t, err)
	return tok, secret
}

func TestMintedTokenIsFoundAtOnceAndAfterARestart(t *testing.T) {
	w := newWorld(t)
	tok, secret := w.mint(t, Request{Access: Write, Repositories: []string{"lib", "app", "lib"}, ExpiresAt: noon.Add(time.Hour)})
	for name, s := range map[string]*Store{"this store": w.store, "another one": w.open(t)} {
		got, found := s.Find(secret)
		if !found || got.ID != tok.ID || !slices.Equal(got.Repositories, []string{"app", "lib"}) || got.Hint != secret.Hint() {
			t.Errorf("%s: got %+v", name, got)
		}
		if !got.ExpiresAt.Equal(noon.Add(time.Hour)) || got.CreatedBy != "root" || got.Access != Write {
			t.Errorf("%s: got %+v", name, got)
		}
	}
}

func TestMintStoresNoToken(t *testing.T) {
	w := newWorld(t)
	_, secret := w.mint(t, Request{})
	rows, err := w.db.Tokens().List(t.Context())
	ok(t, err)
	entries, err := w.db.Audit().Since(t.Context(), "", 10)
	ok(t, err)
	if text := fmt.Sprintf("%+v %+v", rows, entries); strings.Contains(text, secret.Reveal()[12:]) {
		t.Fatalf("the token is stored: %s", text)
	}
	if len(entries) != 1 || entries[0].Action != "token.mint" || entries[0].UserName != "root" {
		t.Errorf("got audit %+v", entries)
	}
}

func TestMintRefusesWhatCannotBe(t *testing.T) {
	w := newWorld(t)
	for name, q := range map[string]Request{
		"no kind":                  {Label: "x"},
		"a kind that is not":       {Kind: "all", Label: "x"},
		"no label":                 {Kind: VCS},
		"a label of blanks":        {Kind: VCS, Label: "  "},
		"a label too long":         {Kind: VCS, Label: strings.Repeat("ü", 101)},
		"a label with an escape":   {Kind: VCS, Label: "a\x1b[31m"},
		"a label turned round":     {Kind: VCS, Label: "a\u202eb"},
		"a label that is no UTF-8": {Kind: VCS, Label: "a\xff"},
		"an access that is not":    {Kind: VCS, Label: "x", Access: "admin"},
		"a feed that writes":       {Kind: Feed, Label: "x", Access: Write},
		"a web token that writes":  {Kind: Web, Label: "x", Access: Write},
		"an end in the past":       {Kind: VCS, Label: "x", ExpiresAt: noon},
		"nobody's":                 {Kind: VCS, Label: "x", UserID: "nobody"},
		"bound to nothing there":   {Kind: VCS, Label: "x", Repositories: []string{"gone"}},
		"bound to too much":        {Kind: VCS, Label: "x", Repositories: many(1001)},
	} {
		if q.UserID == "" {
			q.UserID = "ada"
		}
		if _, _, err := w.store.Mint(t.Context(), admin, q); !errors.Is(err, ErrBadRequest) {
			t.Errorf("%s: got error %v, want ErrBadRequest", name, err)
		}
	}
	if list := w.store.List(""); len(list) != 0 {
		t.Errorf("got %d tokens all the same", len(list))
	}
	w.mint(t, Request{Label: strings.Repeat("ü", 100)})
}

func many(n int) []string {
	list := make([]string, n)
	for i := range list {
		list[i] = fmt.Sprint(i)
	}
	return list
}

func TestStateTellsHowATokenStands(t *testing.T) {
	w := newWorld(t)
	tok, secret := w.mint(t, Request{ExpiresAt: noon.Add(time.Hour)})
	forever, _ := w.mint(t, Request{})
	if s := tok.State(noon.Add(time.Hour - 1)); s != Live {
		t.Errorf("just before its end: got %s", s)
	}
	if s := tok.State(noon.Add(time.Hour)); s != Expired {
		t.Errorf("at its end: got %s", s)
	}
	if s := forever.State(noon.Add(longest)); s != Live {
		t.Errorf("without an end: got %s", s)
	}
	ok(t, w.store.Revoke(t.Context(), admin, tok.ID))
	got, _ := w.store.Find(secret)
	if s := got.State(noon.Add(2 * time.Hour)); s != Revoked || !got.RevokedAt.Equal(noon) {
		t.Errorf("revoked: got %s at %v", s, got.RevokedAt)
	}
}

func TestRevokeIsInForceWhenItReturns(t *testing.T) {
	w := newWorld(t)
	tok, secret := w.mint(t, Request{})
	other := w.open(t)
	ok(t, w.store.Revoke(t.Context(), admin, tok.ID))
	ok(t, w.store.Revoke(t.Context(), admin, tok.ID))
	for _, s := range []*Store{w.store, other} {
		if got, found := s.Find(secret); !found || got.State(noon) != Revoked {
			t.Errorf("got %+v", got)
		}
	}
	if err := w.store.Revoke(t.Context(), admin, "nothing"); !errors.Is(err, ErrNotFound) {
		t.Errorf("got error %v, want ErrNotFound", err)
	}
}

func TestTokensGoWithTheirOwner(t *testing.T) {
	w := newWorld(t)
	_, secret := w.mint(t, Request{UserID: "bob"})
	mine, _ := w.mint(t, Request{})
	ok(t, w.db.Users().Delete(t.Context(), "bob"))
	if _, found := w.store.Find(secret); found {
		t.Error("a token outlived its owner")
	}
	if list := w.store.List(""); len(list) != 1 || list[0].ID != mine.ID {
		t.Errorf("got %+v", list)
	}
}

func TestBoundTokenNeverWidens(t *testing.T) {
	w := newWorld(t)
	_, secret := w.mint(t, Request{Repositories: []string{"app"}})
	ok(t, w.db.Repositories().Delete(t.Context(), "app"))
	for name, s := range map[string]*Store{"this store": w.store, "after a restart": w.open(t)} {
		got, _ := s.Find(secret)
		if !got.Bound || got.Touches("app", nil) || got.Touches("lib", nil) || len(got.Repositories) != 0 {
			t.Errorf("%s: got %+v", name, got)
		}
	}
}

func TestListIsNewestFirstAndByOwner(t *testing.T) {
	w := newWorld(t)
	first, _ := w.mint(t, Request{})
	w.set(noon.Add(time.Minute))
	second, _ := w.mint(t, Request{})
	w.mint(t, Request{UserID: "bob"})
	got := w.store.List("ada")
	if len(got) != 2 || got[0].ID != second.ID || got[1].ID != first.ID || len(w.store.List("")) != 3 {
		t.Fatalf("got %+v", got)
	}
}

func TestUsesAreWrittenOnceAMinuteAndAtClose(t *testing.T) {
	w := newWorld(t)
	tok, _ := w.mint(t, Request{})
	s := w.open(t)
	for i := range 10 {
		w.set(noon.Add(time.Duration(i) * time.Second))
		s.Used(tok.ID, "git", "192.0.2.7")
	}
	s.Used("unknown", "git", "")
	if got, _ := s.Show(tok.ID); got.Uses != 10 || !got.LastUsedAt.Equal(noon.Add(9*time.Second)) {
		t.Errorf("in memory: got %d uses, last %v", got.Uses, got.LastUsedAt)
	}
	ok(t, s.Close())
	row, err := w.db.Tokens().ByID(t.Context(), tok.ID)
	ok(t, err)
	if row.Uses != 10 || row.LastUsedFrom != "192.0.2.7" || row.LastUsedDoor != "git" {
		t.Errorf("in the database: got %+v", row)
	}
}

func TestUsageAsksForOneWriteAMinute(t *testing.T) {
	u := newUsage(Token{})
	writes := 0
	for i := range 180 {
		if u.note(noon.Add(time.Duration(i)*time.Second), "", "git") {
			writes++
		}
	}
	if writes != 3 {
		t.Fatalf("got %d writes in three minutes, want 3", writes)
	}
}

func TestUsesThatCannotBeWrittenAreKept(t *testing.T) {
	w := newWorld(t)
	tok, _ := w.mint(t, Request{})
	w.store.cancel()
	r := &recorder{db: w.db, log: slog.New(slog.DiscardHandler), later: map[string]*usage{}}
	u := newUsage(tok)
	u.note(noon, "", "git")
	ok(t, w.db.Close())
	r.write(map[string]*usage{tok.ID: u})
	if use, waits := u.take(tok.ID); !waits || use.Times != 1 || r.later[tok.ID] != u {
		t.Fatalf("got %+v, want the use to wait", use)
	}
}

func TestOneTokenThatIsDueDoesNotWriteTheOthers(t *testing.T) {
	r := &recorder{wake: make(chan struct{}, 1), due: map[string]*usage{}, later: map[string]*usage{}}
	first, second := newUsage(Token{}), newUsage(Token{})
	r.hurry("first", first)
	r.remember("second", second)
	r.remember("first", first)
	if due := r.takeDue(); len(due) != 1 || due["first"] != first {
		t.Errorf("got %v due, want the first alone", due)
	}
	r.hurry("first", first)
	if all := r.takeAll(); len(all) != 2 || len(r.takeAll()) != 0 {
		t.Errorf("got %v at the end, want both, once", all)
	}
}

func TestTokensAreForgottenAYearAfterTheirEnd(t *testing.T) {
	w := newWorld(t)
	expired, _ := w.mint(t, Request{ExpiresAt: noon.Add(day)})
	revoked, secret := w.mint(t, Request{})
	live, _ := w.mint(t, Request{})
	w.set(noon.Add(day))
	ok(t, w.store.Revoke(t.Context(), admin, revoked.ID))
	for _, c := range []struct {
		after time.Duration
		gone  int
	}{{day + kept - 1, 0}, {day + kept, 2}, {2 * kept, 0}} {
		w.set(noon.Add(c.after))
		if n, err := w.store.Sweep(t.Context()); err != nil || n.Forgotten != c.gone {
			t.Errorf("after %v: got %+v, %v, want %d gone", c.after, n, err, c.gone)
		}
	}
	if _, found := w.store.Find(secret); found || len(w.store.List("")) != 1 || w.store.List("")[0].ID != live.ID {
		t.Errorf("got %+v, want the live one alone and %s gone", w.store.List(""), expired.ID)
	}
}

func TestStoreIsSharedSafely(t *testing.T) {
	w := newWorld(t)
	tok, secret := w.mint(t, Request{})
	var all sync.WaitGroup
	for range 4 {
		all.Go(func() {
			for range 200 {
				w.store.Find(secret)
				w.store.Used(tok.ID, "git", "")
				w.store.List("ada")
			}
		})
	}
	all.Go(func() {
		for range 5 {
			w.mint(t, Request{})
		}
		if err := w.store.Revoke(context.Background(), admin, tok.ID); err != nil {
			t.Error(err)
		}
	})
	all.Wait()
}
