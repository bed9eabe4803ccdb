package db

import (
	"io/fs"
	"path/filepath"
	"reflect"
	"testing"
	"time"

	"github.com/pressly/goose/v3"
)

// wholeToken has everything set that a token of a person can have.
func wholeToken() Token {
	later := stamp(noon.Add(time.Hour))
	return Token{ID: "t1", UserID: "u-ada", Hash: "hash", Kind: "vcs", Hint: "Ab12", Label: "50% & a+b = c; «x»", Access: "write",
		Bound: true, Repositories: []string{"r-app"}, Groups: []string{"g1", "g2"}, Refs: []string{"refs/heads/a&b", "refs/tags/v\u3000refs/**"},
		FastForwardOnly: true, NoDelete: true, Rights: []string{"admin", "tokens"}, Networks: []string{"192.0.2.0/24", "2001:db8::/32"},
		Decoy: true, Line: "t0", CreatedAt: stamp(noon), CreatedBy: "ada%20", CreatedFrom: "2001:db8::1", CreatedByToken: "t00",
		ExpiresAt: &later, RevokedAt: &later, RevokedBy: "root", FetchedAt: &later,
		TokenRotation: TokenRotation{Successor: "t2", OverlapEndsAt: &later, Sealed: "a+/=", RotationKey: "k"}}
}

func TestATokenKeepsEveryField(t *testing.T) {
	d := peopled(t)
	want := wholeToken()
	v := reflect.ValueOf(want)
	for i := range v.NumField() {
		switch name := v.Type().Field(i).Name; name {
		case "DeployRepositoryID", "DeployGroupID", "LastUsedAt", "LastUsedFrom", "LastUsedDoor", "Uses":
		default:
			if v.Field(i).IsZero() {
				t.Errorf("this test forgets the field %s", name)
			}
		}
	}
	ok(t, d.Tokens().Insert(t.Context(), want))
	got, err := d.Tokens().ByID(t.Context(), "t1")
	ok(t, err)
	if !reflect.DeepEqual(got, want) {
		t.Errorf("by id:\ngot  %+v\nwant %+v", got, want)
	}
	list, err := d.Tokens().List(t.Context())
	ok(t, err)
	if len(list) != 1 || !reflect.DeepEqual(list[0], want) {
		t.Errorf("in a list:\ngot  %+v\nwant %+v", list, want)
	}
}

func TestATokenHasOneOwner(t *testing.T) {
	d := peopled(t)
	for name, c := range map[string]struct {
		t    Token
		good bool
	}{
		"a person's":              {Token{UserID: "u-ada"}, true},
		"a repository's":          {Token{DeployRepositoryID: "r-app"}, true},
		"a group's":               {Token{DeployGroupID: "g"}, true},
		"nobody's":                {Token{}, false},
		"two owners":              {Token{UserID: "u-ada", DeployRepositoryID: "r-app"}, false},
		"a repository's, a group": {Token{DeployRepositoryID: "r-app", DeployGroupID: "g"}, false},
		"of no repository there":  {Token{DeployRepositoryID: "gone"}, false},
	} {
		c.t.ID, c.t.Hash = name, name
		if err := d.Tokens().Insert(t.Context(), c.t); (err == nil) != c.good {
			t.Errorf("%s: got error %v, want it taken: %v", name, err, c.good)
		}
	}
	ok(t, d.Repositories().Delete(t.Context(), "r-app"))
	if _, err := d.Tokens().ByID(t.Context(), "a repository's"); err == nil {
		t.Error("a deploy token outlived its repository")
	}
}

func TestTokensChangeStepByStep(t *testing.T) {
	d := peopled(t)
	ok(t, d.Tokens().Insert(t.Context(), tokenRow("t1", "r-app")))
	later := noon.Add(time.Hour)
	told := heard(d)
	s, ctx := d.Tokens(), t.Context()
	ok(t, s.Rotate(ctx, "t1", TokenRotation{Successor: "t2", OverlapEndsAt: &later, Sealed: "text", RotationKey: "k"}))
	wants(t, s.Rotate(ctx, "t1", TokenRotation{Successor: "t3"}), ErrTaken)
	ok(t, s.Fetched(ctx, "t1", noon))
	ok(t, s.Expire(ctx, "t1", later))
	row, err := s.ByID(ctx, "t1")
	ok(t, err)
	if row.Successor != "t2" || row.Sealed != "text" || row.RotationKey != "k" || !row.OverlapEndsAt.Equal(stamp(later)) ||
		!row.FetchedAt.Equal(stamp(noon)) || !row.ExpiresAt.Equal(stamp(later)) || !row.Bound || len(row.Repositories) != 1 {
		t.Errorf("got %+v", row)
	}
	ok(t, s.Unseal(ctx, "t1"))
	if row, _ = s.ByID(ctx, "t1"); row.Sealed != "" || row.Successor != "t2" {
		t.Errorf("unsealed: got %+v", row)
	}
	if len(*told) != 4 || !reflect.DeepEqual((*told)[3].Row, row) {
		t.Errorf("told %+v", *told)
	}
	for _, err := range []error{s.Rotate(ctx, "t9", TokenRotation{}), s.Fetched(ctx, "t9", noon), s.Expire(ctx, "t9", noon), s.Unseal(ctx, "t9")} {
		wants(t, err, ErrNotFound)
	}
}

// TestTokensOfAnEarlierDatabaseAreKept fills a database as it was before tokens had all their fields.
func TestTokensOfAnEarlierDatabaseAreKept(t *testing.T) {
	path := filepath.Join(t.TempDir(), "jeton.db")
	old, err := openWriter(path)
	ok(t, err)
	pool, err := old.DB()
	ok(t, err)
	steps, err := fs.Sub(migrations, "migrations")
	ok(t, err)
	p, err := goose.NewProvider(goose.DialectSQLite3, pool, steps, goose.WithDisableGlobalRegistry(true))
	ok(t, err)
	_, err = p.UpTo(t.Context(), 11)
	ok(t, err)
	for _, q := range []string{
		`INSERT INTO users VALUES ('u-ada', 'ada', 'ada', '', NULL, '', '2026-11-24 12:00:00+00:00', TRUE, FALSE, '2026-11-24 12:00:00+00:00')`,
		`INSERT INTO repositories VALUES ('r-app', 'app', 'app', 'u-ada', TRUE, FALSE, '', '2026-11-24 12:00:00+00:00')`,
		`INSERT INTO tokens VALUES ('t1', 'u-ada', 'h1', 'vcs', 'Ab12', '50% & a+b = c', 'write', TRUE, '2026-11-24 12:00:00.5+00:00',
			'root', '2026-11-25 12:00:00+00:00', '2026-11-24 13:00:00.123456+00:00', '2026-11-24 12:30:00+00:00', '192.0.2.1', 'git', 7)`,
		`INSERT INTO tokens VALUES ('t2', 'u-ada', 'h2', 'api', 'Cd34', 'x', 'read', FALSE, '2026-11-24 12:00:00+00:00', 'a+b', NULL, NULL, NULL, '', '', 0)`,
		`INSERT INTO token_repositories VALUES ('t1', 'r-app')`,
	} {
		ok(t, old.Exec(q).Error)
	}
	ok(t, closeConn(old))
	d, err := Open(t.Context(), Options{Path: path})
	ok(t, err)
	defer d.Close()
	got, err := d.Tokens().List(t.Context())
	ok(t, err)
	at := func(s string) *time.Time { v, err := time.Parse(time.RFC3339, s); ok(t, err); return &v }
	want := []Token{
		{ID: "t2", UserID: "u-ada", Hash: "h2", Kind: "api", Hint: "Cd34", Label: "x", Access: "read", Line: "t2",
			CreatedAt: *at("2026-11-24T12:00:00Z"), CreatedBy: "a+b"},
		{ID: "t1", UserID: "u-ada", Hash: "h1", Kind: "vcs", Hint: "Ab12", Label: "50% & a+b = c", Access: "write", Bound: true,
			Repositories: []string{"r-app"}, Line: "t1", CreatedAt: *at("2026-11-24T12:00:00.5Z"), CreatedBy: "root",
			ExpiresAt: at("2026-11-25T12:00:00Z"), RevokedAt: at("2026-11-24T13:00:00.123456Z"),
			LastUsedAt: at("2026-11-24T12:30:00Z"), LastUsedFrom: "192.0.2.1", LastUsedDoor: "git", Uses: 7},
	}
	if !reflect.DeepEqual(got, want) {
		t.Errorf("got  %+v\nwant %+v", got, want)
	}
}

// FuzzTokenFields reads anything in place of a row's fields; what was read is written and read alike.
func FuzzTokenFields(f *testing.F) {
	f.Add(fieldsOf(wholeToken()))
	f.Add("kind=vcs&label=50%25 & more&created=2026-11-24 12:00:00%2B00:00")
	f.Add("expires=&created=x")
	f.Fuzz(func(t *testing.T, fields string) {
		var first, second Token
		if first.read(fields) != nil {
			return
		}
		if err := second.read(fieldsOf(first)); err != nil || fieldsOf(first) != fieldsOf(second) {
			t.Errorf("%q: read as %+v, then %+v (%v)", fields, first, second, err)
		}
	})
}
