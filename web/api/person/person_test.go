package person

import (
	"encoding/json"
	"errors"
	"testing"
	"time"

	"jeton/auth/access"
	"jeton/auth/gate"
	"jeton/auth/token"
	"jeton/web/api/method"
)

func ada() access.User {
	return access.User{ID: "a", Name: "ada", Firstname: "Ada", Lastname: "Lovelace", Email: "ada@example.com", Active: true, CreatedAt: time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)}
}

// rights is a gate before which everybody has the rights of an administrator, or nobody.
type rights struct {
	method.Gate
	all bool
}

func (r rights) Has(gate.Identity, token.Right) bool { return r.all }

func TestShowGivesMailToOneselfAndAdministrators(t *testing.T) {
	for id, mail := range map[string]string{"a": "ada@example.com", "b": "", "root": "ada@example.com"} {
		got := Show(&method.Call{Identity: gate.Identity{UserID: id}, Gate: rights{all: id == "root"}}, ada())
		if got.Email != mail || len(got.Emails) == 1 != (mail != "") {
			t.Errorf("%s is shown the addresses %q and %q of ada, want %q", id, got.Email, got.Emails, mail)
		}
		if got.First != "Ada" || got.Last != "Lovelace" || got.Extern != Local || got.ExternName != Local || *got.Created != "2026-01-02T03:04:05" {
			t.Errorf("ada is shown as %+v", got)
		}
	}
}

func TestShowHasNoNullForAList(t *testing.T) {
	raw, err := json.Marshal(Show(&method.Call{}, access.User{Name: "gone"}))
	if err != nil {
		t.Fatal(err)
	}
	var got map[string]any
	if err := json.Unmarshal(raw, &got); err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"emails", "api_keys", "auth_tokens", "ip_addresses"} {
		if list, ok := got[name].([]any); !ok || len(list) != 0 {
			t.Errorf("%s of somebody who is gone is %v, want an empty list", name, got[name])
		}
	}
	if got["user_id"] != "" || got["username"] != "gone" || got["created_on"] != nil {
		t.Errorf("somebody who is gone is %s", raw)
	}
}

type people map[string]access.User

func (p people) Find(ref string) (access.User, bool) { u, ok := p[ref]; return u, ok }

func TestAsTellsNobodyElseWhoIsThere(t *testing.T) {
	c := &method.Call{Identity: gate.Identity{UserID: "a"}}
	all := people{"ada": ada(), "bob": {ID: "b", Name: "bob"}}
	for _, row := range []struct {
		ref    method.Ref
		others bool
		id     string
		code   method.Code
	}{
		{"ada", false, "a", ""}, {"bob", true, "b", ""},
		{"bob", false, "", method.Denied}, {"nobody", false, "", method.Denied}, {"nobody", true, "", method.NotFound},
	} {
		u, err := As(c, all, row.ref, row.others)
		var refused *method.Error
		if errors.As(err, &refused); err == nil && u.ID != row.id || err != nil && (refused == nil || refused.Code != row.code) {
			t.Errorf("as %s (others: %t): %+v, %v; want %q, code %v", row.ref, row.others, u, err, row.id, row.code)
		}
	}
}
