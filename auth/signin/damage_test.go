package signin

import (
	"errors"
	"testing"

	"jeton/db"
)

func TestARowThatIsWrongStopsTheStartWithWords(t *testing.T) {
	for name, row := range map[string]db.Plugin{
		"no JSON":          {ID: Password, Enabled: true, Settings: "{"},
		"not a number":     {ID: Password, Enabled: true, Settings: `{"passes":"three"}`},
		"unknown setting":  {ID: Password, Enabled: true, Settings: `{"colour":3}`},
		"beyond its bound": {ID: Password, Enabled: true, Settings: `{"memory_kib":99999999}`},
	} {
		w := newWorld(t)
		ok(t, w.db.Plugins().Save(t.Context(), row))
		if _, err := NewRegistry(t.Context(), w.db, Options{Plugins: []Plugin{NewPassword(w.db, w.users, NewHasher(), nil)}}); !errors.Is(err, ErrBadSetting) {
			t.Errorf("%s: got error %v, want ErrBadSetting", name, err)
		}
		// A running server keeps what it had.
		if !w.registry.Enabled(Password) || w.hasher.Cost() != cheap {
			t.Errorf("%s: the running registry took it over: %+v", name, w.registry.List())
		}
	}
}

func TestARowOfAnotherVersionsPluginIsLeftAlone(t *testing.T) {
	w := newWorld(t)
	ok(t, w.db.Plugins().Save(t.Context(), db.Plugin{ID: "pam", Enabled: true, Settings: `{"host":"x"}`}))
	again := w.open(t, w.password)
	if len(again.List()) != 2 || again.Enabled("pam") {
		t.Errorf("got %+v", again.List())
	}
	_, err := again.Get("pam")
	wants(t, err, ErrNoPlugin)
}

func TestPositionsThatAreEqualOrderByID(t *testing.T) {
	w := newWorld(t)
	ok(t, w.registry.Move(t.Context(), root, Token, 1))
	if list := w.registry.List(); list[0].ID != Password || list[1].ID != Token {
		t.Errorf("got %+v", list)
	}
}

func TestSwitchesAreOnRecord(t *testing.T) {
	w := newWorld(t)
	ok(t, w.registry.Enable(t.Context(), root, Token))
	wants(t, w.registry.Set(t.Context(), root, Password, Settings{"colour": "1"}), ErrBadSetting)
	list, err := w.db.Audit().Since(t.Context(), "", 100)
	ok(t, err)
	last := list[len(list)-1]
	if last.Action != "plugin.enable" || last.Resource != Token || last.UserName != "root" {
		t.Errorf("got %+v", last)
	}
}

func TestADamagedStoredHashIsAFailureAndNoRefusal(t *testing.T) {
	w := newWorld(t)
	ok(t, w.db.Users().SetPassword(t.Context(), w.ada.ID, "$argon2id$broken", noon))
	_, err := w.signIn("ada", good)
	wants(t, err, errHash)
	wants(t, err, ErrUnavailable)
	if errors.Is(err, ErrRefused) {
		t.Error("a server's failure is told as a wrong password")
	}
}

func TestAnotherProcessRemembersNothing(t *testing.T) {
	w := newWorld(t)
	_, err := w.signIn("ada", good)
	ok(t, err)
	other := NewPassword(w.db, w.users, w.hasher, nil)
	defer other.Close()
	stored := w.users.PasswordHash(w.ada.ID)
	if other.memory.mac(w.ada.ID, []string{stored, good}) == w.password.memory.mac(w.ada.ID, []string{stored, good}) {
		t.Error("two processes share a key")
	}
}

func TestMemoryKeepsPartsApart(t *testing.T) {
	w := newWorld(t)
	mac := w.password.memory.mac
	if mac("a", []string{"b", "cd"}) == mac("a", []string{"bc", "d"}) || mac("ab", []string{"", "c"}) == mac("a", []string{"b", "c"}) {
		t.Error("what is remembered runs together")
	}
}

func TestCanonicalFoldsCaseAndKnowsTheAliases(t *testing.T) {
	for given, want := range map[string]string{"password": Password, "Password": Password, "TOKEN": Token,
		"rhodecode.lib.auth_modules.auth_token":     Token,
		"egg:rhodecode-enterprise-ce#token":         Token,
		"rhodecode.lib.auth_modules.auth_rhodecode": Password,
		"egg:rhodecode-enterprise-ce#rhodecode":     Password,
		"egg:rhodecode-enterprise-ce#ldap":          LDAP, "rhodecode.lib.auth_modules.auth_ldap": LDAP, "auth_ldap": LDAP,
		"auth_headers": Headers, "egg:rhodecode-enterprise-ce#headers": Headers, "auth_token": Token, "auth_rhodecode": Password, "auth_pam": "pam"} {
		if got := Canonical(given); got != want {
			t.Errorf("%s: got %s, want %s", given, got, want)
		}
	}
}
