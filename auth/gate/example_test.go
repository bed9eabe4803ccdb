package gate_test

import (
	"context"
	"fmt"
	"log"
	"os"
	"path/filepath"

	"jeton/auth/access"
	"jeton/auth/audit"
	"jeton/auth/gate"
	"jeton/auth/signin"
	"jeton/auth/sshkey"
	"jeton/auth/token"
	"jeton/db"
)

// must keeps the example readable; a program returns its errors.
func must[T any](v T, err error) T {
	if err != nil {
		log.Fatal(err)
	}
	return v
}

// Example wires all of auth over one database, and has somebody clone with a token.
func Example() {
	ctx := context.Background()
	dir := must(os.MkdirTemp("", "jeton"))
	defer os.RemoveAll(dir)
	d := must(db.Open(ctx, db.Options{Path: filepath.Join(dir, "jeton.db")}))
	defer d.Close()

	hasher := signin.NewHasher()
	users := must(access.NewUsers(ctx, d, access.UserOptions{Hasher: hasher}))
	repos := must(access.NewRepositories(ctx, d))
	tokens := must(token.NewStore(ctx, d, token.Options{}))
	defer tokens.Close() // before the database: it writes when tokens were last used
	keys := must(sshkey.NewStore(ctx, d, nil))
	plugins := must(signin.NewRegistry(ctx, d, signin.Options{People: users, Plugins: []signin.Plugin{signin.NewPassword(d, users, hasher, nil)}}))
	record := audit.New(d, audit.Options{})
	defer record.Close()
	g := gate.New(gate.Options{Users: users, Repositories: repos, Tokens: tokens, Keys: keys, SignIn: plugins,
		Audit: record, Create: access.CreateOwn, PushToCreate: true})

	by := audit.Command("root")
	ada := must(users.Create(ctx, by, access.NewUser{Name: "ada"}))
	_, secret, err := tokens.Mint(ctx, by, token.Request{UserID: ada.ID, Kind: token.VCS, Label: "laptop", Access: token.Write})
	if err != nil {
		log.Fatal(err)
	}
	credential := gate.Credential{User: "ada", Secret: secret.Reveal(), Scheme: "basic"}
	path := gate.Resource{Path: "ada/app"}

	_, err = g.Admit(ctx, credential, gate.Git, path, gate.Write)
	fmt.Println(gate.AsRefused(err).Sentence)
	must("", plugins.Enable(ctx, by, signin.Token))
	grant := must(g.Admit(ctx, credential, gate.Git, path, gate.Write))
	fmt.Println(grant.Identity.UserName, "may create", grant.Repo.Path, "-", grant.Create)
	// Output:
	// VCS tokens are switched off on this server. An administrator can turn them on under Admin → Authentication.
	// ada may create ada/app - true
}
