package access

import (
	"testing"

	"jeton/db"
)

func TestFindTakesIDsAndNames(t *testing.T) {
	w := newWorld(t)
	ada := w.user(t, "ada")
	app := w.repo(t, "app", ada, true)
	other := w.repo(t, "other", ada, true)
	namedLikeAnID := db.NewID()
	third := w.repo(t, namedLikeAnID, ada, true)
	shadow := w.repo(t, "team-x", ada, true)
	for ref, want := range map[string]string{"app": app.ID, "APP": app.ID, app.ID: app.ID, other.ID: other.ID,
		namedLikeAnID: third.ID, shadow.ID: shadow.ID, db.NewID(): "", "": "", "nobody": ""} {
		if r, ok := w.repos.Find(ref); r.ID != want || ok != (want != "") {
			t.Errorf("repository %q: got %q, %v; want %q", ref, r.ID, ok, want)
		}
	}
	for ref, want := range map[string]string{"ada": ada.ID, ada.ID: ada.ID, "bob": "", db.NewID(): ""} {
		if u, ok := w.users.Find(ref); u.ID != want || ok != (want != "") {
			t.Errorf("person %q: got %q, %v; want %q", ref, u.ID, ok, want)
		}
	}
	g, err := w.repos.CreateGroup(t.Context(), root, "team", ada.ID)
	ok(t, err)
	for _, ref := range []string{"team", g.ID} {
		if found, ok := w.repos.FindGroup(ref); !ok || found.ID != g.ID {
			t.Errorf("group %q: got %+v, %v", ref, found, ok)
		}
	}
	groups, err := NewUserGroups(t.Context(), w.db)
	ok(t, err)
	t.Cleanup(groups.Close)
	ug, err := groups.Create(t.Context(), root, NewUserGroup{Name: "crew"})
	ok(t, err)
	for _, ref := range []string{"crew", ug.ID} {
		if found, ok := groups.Find(ref); !ok || found.ID != ug.ID {
			t.Errorf("user group %q: got %+v, %v", ref, found, ok)
		}
	}
}

func TestAnIDIsFoundBeforeAName(t *testing.T) {
	w := newWorld(t)
	ada := w.user(t, "ada")
	first := w.repo(t, "first", ada, true)
	w.repo(t, first.ID, ada, true)
	if r, _ := w.repos.Find(first.ID); r.ID != first.ID {
		t.Errorf("the name of another repository was found before the id: %+v", r)
	}
}
