package signin

import (
	"errors"
	"strings"
	"testing"

	"golang.org/x/crypto/bcrypt"

	"jeton/auth/access"
)

// old are hashes as other programs store them, of the password "tiger". The PBKDF2 ones were made with Python's
// hashlib.pbkdf2_hmac("sha256", b"tiger", salt, iterations, length), which is what each of the programs calculates.
func old(t testing.TB) map[string]string {
	t.Helper()
	h, err := bcrypt.GenerateFromPassword([]byte("tiger"), bcrypt.MinCost)
	ok(t, err)
	b := string(h)
	return map[string]string{
		"RhodeCode, $2a$":       b,
		"RhodeCode, $2b$":       strings.Replace(b, "$2a$", "$2b$", 1),
		"htpasswd":              strings.Replace(b, "$2a$", "$2y$", 1),
		"Gitea, today's salt":   "pbkdf2$sha256$50000$50$000102030405060708090a0b0c0d0e0f$af3b1763f6f1ede97980dd6fb519e136a749cc70a8680399c98d4df0ba026ab6d95a1738c9419daa0072e8267381308757dc",
		"Gitea, ten characters": "pbkdf2$sha256$10000$50$abcdefghij$785585d11d935cab2f330315100de0b6f2bda9edbd456c7dc750c42f3e34516c27ca975fce276d048798fbc4a4a89ab9872f",
		"Django":                "pbkdf2_sha256$26000$NaCl$ZZXVF+a+Imn51aYlgjrPnlmlaDejm0k9YahXzA7tkfk=",
		"Werkzeug":              "pbkdf2:sha256:26000$NaCl$6595d517e6be2269f9d5a625823acf9e59a56837a39b493d61a857cc0eed91f9",
	}
}

func TestOldHashesAreTakenAndHashedAnew(t *testing.T) {
	w := newWorld(t)
	for name, stored := range old(t) {
		ok(t, CheckHash(stored))
		ok(t, w.users.SetHash(t.Context(), root, w.ada.ID, stored))
		_, err := w.signIn("ada", "lion")
		if !errors.Is(err, ErrRefused) || w.users.PasswordHash(w.ada.ID) != stored {
			t.Errorf("%s: a wrong password: got %v, stored %s", name, err, w.users.PasswordHash(w.ada.ID))
		}
		changed := func() access.User { u, _ := w.users.ByID(w.ada.ID); return u }().PasswordChangedAt
		got, err := w.signIn("ada", "tiger")
		now := w.users.PasswordHash(w.ada.ID)
		if err != nil || got.UserID != w.ada.ID || !strings.HasPrefix(now, "$argon2id$") || got.Stamp != Stamp(now) {
			t.Errorf("%s: got %+v, %v, stored %s", name, got, err, now)
		}
		if u, _ := w.users.ByID(w.ada.ID); !u.PasswordChangedAt.Equal(changed) {
			t.Errorf("%s: the time of the password was changed", name)
		}
		_, err = w.signIn("ada", "tiger")
		ok(t, err)
	}
}

func TestAnotherCostIsTakenOverAtTheNextSignIn(t *testing.T) {
	w := newWorld(t)
	ok(t, w.registry.Set(t.Context(), root, Password, Settings{"memory_kib": "8192", "passes": "3"}))
	_, err := w.signIn("ada", good)
	ok(t, err)
	if now := w.users.PasswordHash(w.ada.ID); !strings.Contains(now, "$m=8192,t=3,p=1$") {
		t.Errorf("stored %s", now)
	}
}

func TestAPasswordThatWasChangedMeanwhileIsNotOverwritten(t *testing.T) {
	w := newWorld(t)
	was := w.users.PasswordHash(w.ada.ID)
	ok(t, w.users.SetPassword(t.Context(), root, w.ada.ID, "battery staple"))
	replaced, err := w.users.Rehash(t.Context(), w.ada.ID, was, "x")
	if err != nil || replaced || w.users.PasswordHash(w.ada.ID) == "x" {
		t.Errorf("got %v, %v", replaced, err)
	}
}

// TestCostlyHashesAreNotCalculated plants what would take from seconds to years.
func TestCostlyHashesAreNotCalculated(t *testing.T) {
	b64 := strings.Repeat("A", 43)
	for name, stored := range map[string]string{
		"bcrypt of cost 15":      "$2b$15$" + strings.Repeat("a", 53),
		"bcrypt of cost 31":      "$2b$31$" + strings.Repeat("a", 53),
		"bcrypt cut off":         "$2b$10$" + strings.Repeat("a", 20),
		"bcrypt of other signs":  "$2b$10$" + strings.Repeat("!", 53),
		"pbkdf2 of 2^31":         "pbkdf2$sha256$2147483647$32$" + strings.Repeat("0", 32) + "$" + strings.Repeat("0", 64),
		"pbkdf2 of none":         "pbkdf2$sha256$0$32$" + strings.Repeat("0", 32) + "$" + strings.Repeat("0", 64),
		"pbkdf2 of another key":  "pbkdf2$sha256$1000$50$" + strings.Repeat("0", 32) + "$" + strings.Repeat("0", 64),
		"pbkdf2 of a long key":   "pbkdf2$sha256$1000$400$" + strings.Repeat("0", 32) + "$" + strings.Repeat("0", 800),
		"pbkdf2 without a salt":  "pbkdf2$sha256$1000$32$$" + strings.Repeat("0", 64),
		"pbkdf2 of MD5":          "pbkdf2$md5$1000$32$" + strings.Repeat("0", 32) + "$" + strings.Repeat("0", 64),
		"argon2id gone through":  "$argon2id$v=19$m=1048576,t=20,p=1$" + b64 + "$" + b64,
		"argon2id of 300 lanes":  "$argon2id$v=19$m=19456,t=2,p=300$" + b64 + "$" + b64,
		"argon2id with a tail":   "$argon2id$v=19$m=19456,t=2,p=1,x=1$" + b64 + "$" + b64,
		"the password as it is":  "tiger",
		"md5":                    "5f4dcc3b5aa765d61d8327deb882cf99",
		"more than a kibibyte":   "$argon2id$" + strings.Repeat("A", 2000),
		"Gitea's without a name": "$50000$50$aa$bb",
	} {
		if err := CheckHash(stored); !errors.Is(err, errHash) {
			t.Errorf("%s: got %v, want errHash", name, err)
		}
	}
}

func FuzzParseHash(f *testing.F) {
	for _, s := range old(f) {
		f.Add(s)
	}
	f.Add("$argon2id$v=19$m=19456,t=2,p=1$AAAAAAAAAAAAAAAAAAAAAA$AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA")
	f.Add("$argon2id$v=19$m=0,t=0,p=0$$")
	f.Add("$2b$31$")
	f.Fuzz(func(t *testing.T, stored string) {
		if matches, err := parseHash(stored); (err == nil) != (matches != nil) || err != nil && !errors.Is(err, errHash) {
			t.Errorf("%q: got %v", stored, err)
		}
		if c, salt, key, err := parsePHC(stored); err == nil && (c.check() != nil || len(salt) > 64 || len(key) > 64) {
			t.Errorf("took %q", stored)
		}
		if d, err := parsePBKDF2(stored); err == nil && (d.iterations < 1 || d.iterations > maxIterations || len(d.key) > maxDerived) {
			t.Errorf("took %q", stored)
		}
	})
}

// FuzzSettings reads rows as anybody may have left them in the database.
func FuzzSettings(f *testing.F) {
	for _, s := range []string{"", "{}", `{"passes":3}`, `{"passes":"3"}`, `{"passes":[1]}`, `{"remember_seconds":1e3}`, "[", `{"x":null}`} {
		f.Add(s)
	}
	keys := (&PasswordPlugin{}).Describe().Keys
	f.Fuzz(func(t *testing.T, text string) {
		given, err := decode(text)
		if err != nil {
			return
		}
		all, err := complete(keys, given)
		if err != nil {
			if !errors.Is(err, ErrBadSetting) {
				t.Errorf("%q: got %v", text, err)
			}
			return
		}
		row, err := encode(keys, all)
		ok(t, err)
		again, err := decode(row)
		ok(t, err)
		if again, err = complete(keys, again); err != nil || len(again) != len(keys) {
			t.Errorf("%q comes back as %v, %v", text, again, err)
		}
		for _, k := range keys {
			if again[k.Name] != all[k.Name] || all.Number(k.Name) < k.Min || all.Number(k.Name) > k.Max {
				t.Errorf("%q: %s is %q, then %q", text, k.Name, all[k.Name], again[k.Name])
			}
		}
	})
}
