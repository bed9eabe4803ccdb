package signin

import (
	"errors"
	"testing"

	"jeton/db"
)

func TestARowThatIsWrongStopsTheStartWithWords(t *testing.T) {
	for name, row := range map[string]db.Plugin{
		"no JSON":          {ID: Password, Settings: "{"},
		"not a number":     {ID: Password, Settings: `{"passes":"three"}`},
		"unknown setting":  {ID: Password, Settings: `{"colour":3}`},
		"beyond its bound": {ID: Password, Settings: `{"memory_kib":99999999}`},
	} {
		w := newWorld(t)
		ok(t, w.db.Plugins().Save(t.Context(), row))
		if _, err := NewRegistry(t.Context(), w.db, NewPassword(w.db, w.users, NewHasher(), nil)); !errors.Is(err, ErrBadSetting) {
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
	ok(t, w.db.Plugins().Save(t.Context(), db.Plugin{ID: "ldap", Enabled: true, Settings: `{"host":"x"}`}))
	again := w.open(t, w.password)
	if len(again.List()) != 2 || again.Enabled("ldap") {
		t.Errorf("got %+v", again.List())
	}
	_, err := again.Get("ldap")
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
	wants(t, w.registry.Set(t.Context(), root, Password, map[string]int{"colour": 1}), ErrBadSetting)
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
	_, err := w.registry.SignIn(t.Context(), "ada", good)
	wants(t, err, errHash)
	if errors.Is(err, ErrRefused) {
		t.Error("a server's failure is told as a wrong password")
	}
}

func TestAnotherProcessRemembersNothing(t *testing.T) {
	w := newWorld(t)
	_, err := w.registry.SignIn(t.Context(), "ada", good)
	ok(t, err)
	other := NewPassword(w.db, w.users, w.hasher, nil)
	defer other.Close()
	stored := w.users.PasswordHash(w.ada.ID)
	if other.mac(w.ada.ID, stored, good) == w.password.mac(w.ada.ID, stored, good) {
		t.Error("two processes share a key")
	}
}

func TestMemoryKeepsPartsApart(t *testing.T) {
	w := newWorld(t)
	if w.password.mac("a", "b", "cd") == w.password.mac("a", "bc", "d") || w.password.mac("ab", "", "c") == w.password.mac("a", "b", "c") {
		t.Error("what is remembered runs together")
	}
}

func TestCanonicalFoldsCaseAndKnowsTheAliases(t *testing.T) {
	for given, want := range map[string]string{"password": Password, "Password": Password, "TOKEN": Token,
		"rhodecode.lib.auth_modules.auth_token":     Token,
		"egg:rhodecode-enterprise-ce#token":         Token,
		"rhodecode.lib.auth_modules.auth_rhodecode": Password,
		"egg:rhodecode-enterprise-ce#rhodecode":     Password,
		"egg:rhodecode-enterprise-ce#ldap":          "egg:rhodecode-enterprise-ce#ldap"} {
		if got := Canonical(given); got != want {
			t.Errorf("%s: got %s, want %s", given, got, want)
		}
	}
}
