// Package apitest is for tests of the API's methods: people, tokens and repositories in a real database, and calls as
// clients make them, over HTTP and past the real gate. Nothing else imports it.
package apitest

import (
	"context"
	"encoding/json"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"jeton/auth/access"
	"jeton/auth/audit"
	"jeton/auth/gate"
	"jeton/auth/signin"
	"jeton/auth/sshkey"
	"jeton/auth/token"
	"jeton/db"
	"jeton/db/dbtest"
	"jeton/vcs/name"
	"jeton/web/api"
	"jeton/web/api/method"
	"jeton/web/door"
)

// Root is who makes what tests need.
var Root = audit.Command("test")

// World is a server's auth, and the methods that are tested. Its people are chief (an administrator), ada, bob and eve.
type World struct {
	T *testing.T
	*access.Directory
	DB     *db.DB
	Tokens *token.Store
	Keys   *sshkey.Store
	SignIn *signin.Registry
	Gate   *gate.Gate
	// Secrets are the texts of tokens by the names that Token was given.
	Secrets map[string]string
	// IDs are those tokens' ids.
	IDs     map[string]string
	handler http.Handler
}

// New opens a world. Its four people have api tokens with write access that are called as they are, chief's with all
// rights and the others' with none.
func New(t *testing.T) *World {
	t.Helper()
	w := &World{T: t, DB: dbtest.New(t), Secrets: map[string]string{}, IDs: map[string]string{}}
	ctx := context.Background()
	hasher := signin.NewHasher()
	w.Directory = Must(access.Open(ctx, w.DB, access.UserOptions{Hasher: hasher}))(t)
	t.Cleanup(w.Directory.Close)
	w.Tokens = Must(token.NewStore(ctx, w.DB, token.Options{Places: places{w}}))(t)
	t.Cleanup(func() { _ = w.Tokens.Close() })
	w.Keys = Must(sshkey.NewStore(ctx, w.DB, nil))(t)
	t.Cleanup(w.Keys.Close)
	password := signin.NewPassword(w.DB, w.Users, hasher, nil)
	t.Cleanup(password.Close)
	w.SignIn = Must(signin.NewRegistry(ctx, w.DB, signin.Options{People: w.Users, Plugins: []signin.Plugin{password}}))(t)
	t.Cleanup(w.SignIn.Close)
	w.Gate = gate.New(gate.Options{Users: w.Users, Repositories: w.Repositories, UserGroups: w.UserGroups, Tokens: w.Tokens, Keys: w.Keys,
		SignIn: w.SignIn, RefusalTime: -1})
	for _, who := range []string{"chief", "ada", "bob", "eve"} {
		u := Must(w.Users.Create(ctx, Root, access.NewUser{Name: who, Admin: who == "chief"}))(t)
		q := token.Request{UserID: u.ID, Kind: token.API, Access: token.Write, Label: who}
		if who == "chief" {
			q.Rights = token.AllRights()
		}
		w.Token(who, q)
	}
	return w
}

// Must ends a test where there is an error.
func Must[T any](v T, err error) func(*testing.T) T {
	return func(t *testing.T) T {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
		return v
	}
}

// Serve has the methods called by Call.
func (w *World) Serve(methods []method.Method) {
	w.T.Helper()
	w.handler = Must(api.New(api.Options{Methods: methods, Door: door.New(door.Options{Gate: w.Gate}), Gate: w.Gate, URL: "https://code.example.com",
		Log: slog.New(slog.DiscardHandler), Limits: api.Limits{Request: 1 << 20, ReadTime: time.Minute, CallTime: time.Minute}}))(w.T)
}

// Token makes a token that is called so.
func (w *World) Token(called string, q token.Request) token.Token {
	w.T.Helper()
	if q.Label == "" {
		q.Label = called
	}
	t, secret, err := w.Tokens.Mint(context.Background(), Root, q)
	if err != nil {
		w.T.Fatal(err)
	}
	w.Secrets[called], w.IDs[called] = secret.Reveal(), t.ID
	return t
}

// API makes somebody's api token with write access that is called so.
func (w *World) API(called, who string, change func(*token.Request)) token.Token {
	w.T.Helper()
	q := token.Request{UserID: w.User(who).ID, Kind: token.API, Access: token.Write}
	if change != nil {
		change(&q)
	}
	return w.Token(called, q)
}

// User is somebody who is there.
func (w *World) User(who string) access.User {
	w.T.Helper()
	u, ok := w.Users.ByName(who)
	if !ok {
		w.T.Fatalf("there is nobody called %s", who)
	}
	return u
}

// Group makes a group of repositories and those above it.
func (w *World) Group(path, owner string) access.Group {
	w.T.Helper()
	id := ""
	if owner != "" {
		id = w.User(owner).ID
	}
	return Must(w.Repositories.CreateGroup(context.Background(), Root, path, id))(w.T)
}

// Repo makes a private repository's row.
func (w *World) Repo(path, owner string) access.Repository {
	w.T.Helper()
	err := w.DB.Repositories().Insert(context.Background(), db.Repository{ID: db.NewID(), Path: path, FoldedPath: name.Fold(path),
		OwnerID: w.User(owner).ID, Private: true, CreatedAt: time.Now()})
	if err != nil {
		w.T.Fatal(err)
	}
	r, ok := w.Repositories.ByPath(path)
	if !ok {
		w.T.Fatalf("%s is not there after it was made", path)
	}
	return r
}

// Call calls a method with a token that is called so, with arguments in JSON. It answers the result's JSON, or the error:
// a text, or the JSON of an object.
func (w *World) Call(as, method, args string) (result json.RawMessage, fault string) {
	w.T.Helper()
	secret, ok := w.Secrets[as]
	if !ok {
		w.T.Fatalf("there is no token called %s", as)
	}
	body := `{"id":1,"auth_token":"` + secret + `","method":"` + method + `","args":` + args + `}`
	r := httptest.NewRequest(http.MethodPost, "/_admin/api", strings.NewReader(body))
	r.RemoteAddr = "192.0.2.7:4711"
	answer := httptest.NewRecorder()
	w.handler.ServeHTTP(answer, r)
	var reply struct{ Result, Error json.RawMessage }
	if err := json.Unmarshal(answer.Body.Bytes(), &reply); err != nil || answer.Code != http.StatusOK {
		w.T.Fatalf("%s answered %d %s", method, answer.Code, answer.Body)
	}
	if string(reply.Error) == "null" {
		return reply.Result, ""
	}
	if json.Unmarshal(reply.Error, &fault) != nil {
		fault = string(reply.Error)
	}
	return nil, fault
}

// Into calls a method that must answer, and reads its result.
func (w *World) Into(into any, as, method, args string) {
	w.T.Helper()
	result, fault := w.Call(as, method, args)
	if fault != "" {
		w.T.Fatalf("%s as %s: %s", method, as, fault)
	}
	if err := json.Unmarshal(result, into); err != nil {
		w.T.Fatalf("%s as %s answered %s: %v", method, as, result, err)
	}
}

// Refuses calls a method that must answer an error.
func (w *World) Refuses(as, method, args, want string) {
	w.T.Helper()
	if result, fault := w.Call(as, method, args); fault != want {
		w.T.Errorf("%s %s as %s: got %s, error %q, want the error %q", method, args, as, result, fault, want)
	}
}

// places is token.Places.
type places struct{ w *World }

func (p places) GroupsOf(id string) ([]string, bool) {
	r, ok := p.w.Repositories.ByID(id)
	return r.Groups, ok
}

func (p places) GroupsAbove(id string) ([]string, bool) {
	g, ok := p.w.Repositories.GroupByID(id)
	return g.Groups, ok
}

func (p places) Manages(userID string, d token.Deploy) bool {
	u, _ := p.w.Users.ByID(userID)
	r, ok := p.w.Repositories.ByID(d.RepositoryID)
	return ok && p.w.Repositories.Level(u, r) >= access.Admin
}
