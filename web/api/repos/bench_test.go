package repos_test

import (
	"fmt"
	"testing"

	"jeton/auth/access"
	"jeton/auth/audit"
	"jeton/auth/gate"
	"jeton/web/api/method"
	"jeton/web/api/repos"
)

// BenchmarkGetRepo is what get_repo costs behind the gate, on a server with a thousand people.
func BenchmarkGetRepo(b *testing.B) {
	w := newWorld(b)
	for i := range 1000 {
		_, err := w.s.Users.Create(b.Context(), root, access.NewUser{Name: fmt.Sprint("user", i)})
		ok(b, err)
	}
	w.push(w.app.ID, "one", "refs/heads/main")
	u := w.people["bob"]
	c := &method.Call{Identity: gate.Identity{UserID: u.ID}, Actor: audit.Actor{}, URL: "https://jeton.example", Gate: sight{w, u}, Repo: w.repo("team/app")}
	for _, m := range repos.Methods(w.o) {
		if m.Name != "get_repo" {
			continue
		}
		ready, err := m.Prepare(method.Values{"repoid": []byte(`"team/app"`)})
		ok(b, err)
		for b.Loop() {
			if _, err := ready.Run(b.Context(), c); err != nil {
				b.Fatal(err)
			}
		}
	}
}
