package people

import (
	"errors"
	"strings"
	"testing"
	"time"

	"jeton/auth/audit"
	"jeton/auth/gate"
	"jeton/auth/token"
	"jeton/db"
	"jeton/db/dbtest"
	"jeton/web/api/method"
)

func TestGetUserShowsAPersonInRhodeCodesShape(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, open func() *db.DB) {
		w := newWorld(t, open())
		w.repo("app", "ada")
		w.group("crew", "ada")
		_, secret, err := w.o.Tokens.Mint(t.Context(), audit.Command("test"), token.Request{UserID: w.id("ada"), Kind: token.VCS, Label: "laptop"})
		w.ok(err)
		w.as("ada").wants("get_user", `{}`, `{"user_id":"<ada>","username":"ada","firstname":"Ada","lastname":"Lovelace","description":"","email":"ada@example.com",
			"emails":["ada@example.com"],"active":true,"admin":false,"extern_type":"rhodecode","extern_name":"rhodecode","ip_addresses":[],"language":null,"last_login":null,
			"last_activity":null,"permissions":{"repositories":{"app":"repository.admin"},"repositories_groups":{},"user_groups":{"crew":"usergroup.admin"}},
			"permissions_summary":{"repositories":{"app":"repository.admin"}}}`)
		got, err := w.as("root").call("get_user", `{"userid":"ADA"}`)
		w.ok(err)
		if strings.Contains(got, secret.Reveal()) || !strings.Contains(got, `"auth_tokens":["jet_vcs_`+secret.Reveal()[8:12]+`…"]`) {
			t.Errorf("tokens in %s", got)
		}
		w.as("root").wants("get_user", `{}`, `{"username":"root","emails":[],"permissions":{"global":["hg.admin","hg.create.repository","hg.fork.repository","hg.repogroup.create.true","hg.usergroup.create.true"],
			"repositories":{"app":"repository.admin"}}}`)
		w.ok(audit.Append(t.Context(), w.d, audit.Event{Actor: audit.Actor{UserID: w.id("bob"), Name: "bob"}, Action: "sign-in", Outcome: "done", At: time.Date(2026, 11, 26, 1, 2, 3, 456789e3, time.UTC)}))
		w.as("bob").wants("get_user", `{}`, `{"last_login":"2026-11-26T01:02:03.456","permissions":{"repositories":{},"user_groups":{}}}`)
	})
}

func TestGetUsersListsEverybody(t *testing.T) {
	w := newWorld(t, dbtest.New(t))
	w.as("root").wants("get_users", `{}`, `[{"username":"ada","email":"ada@example.com","auth_tokens":[]},{"username":"bob","last_activity":null},{"username":"root","admin":true}]`)
}

func TestCreateUserMakesWhatItIsGiven(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, open func() *db.DB) {
		w := newWorld(t, open())
		root := w.as("root")
		root.wants("create_user", `{"username":"eve","email":"eve@example.com","password":"long enough","firstname":"Eve","lastname":"E","description":"x","active":"False","admin":1,"create_personal_repo_group":true}`,
			`{"msg":"created new user `+"`eve`"+`","user":{"username":"eve","email":"eve@example.com","firstname":"Eve","lastname":"E","description":"x","active":false,"admin":true,"extern_type":"rhodecode"}}`)
		if hash := w.o.Users.PasswordHash(w.id("eve")); hash != "plain:long enough" {
			t.Errorf("password is %q", hash)
		}
		if g, found := w.o.Repositories.Group("eve"); !found || g.OwnerID != w.id("eve") {
			t.Errorf("her group is %+v", g)
		}
		root.wants("create_user", `{"username":"robot","email":"","service":true}`, `{"user":{"username":"robot","service":true,"active":true,"admin":false}}`)
		for args, want := range map[string]string{
			`{"username":"ADA","email":"a@example.com"}`:                                        "user `ADA` already exist",
			`{"username":"x","email":"ADA@example.com"}`:                                        "email `ADA@example.com` already exist",
			`{"username":"crew","email":"","create_personal_repo_group":true}`:                  "failed to create user `crew`: there is a repository group of this name already",
			`{"username":"a/b","email":""}`:                                                     `map[username:Not a name that can be used: "a/b" holds '/'; letters a-z, digits, dash, underscore and dot are allowed.]`,
			`{"username":"x","email":"y"}`:                                                      `map[email:Not an e-mail address: "y".]`,
			`{"username":"x","email":"","password":"y"}`:                                        `map[password:Not a password that can be used: it has fewer than 8 characters.]`,
			`{"username":"x","email":"","firstname":"` + strings.Repeat("y", 256) + `"}`:        "failed to create user `x`: not a text that can be used: a first or last name is longer than 255 bytes",
			`{"username":"x","email":"","extern_type":"ldap"}`:                                  `map[extern_type:People of other sign-in methods get their accounts when they sign in first. Leave extern_type and extern_name out.]`,
			`{"username":"x","email":"","force_password_change":true}`:                          `map[force_password_change:This server cannot make anybody change a password. Leave it out.]`,
			`{"username":"x","email":"","service":true,"password":"long enough, and no use"}`:   `map[password:Not a password that can be used: a service account has none; tokens and SSH keys are its ways in.]`,
			`{"username":"x","email":"","extern_name":"cn=x","create_personal_repo_group":"1"}`: `map[extern_type:People of other sign-in methods get their accounts when they sign in first. Leave extern_type and extern_name out.]`,
		} {
			if args == `{"username":"crew","email":"","create_personal_repo_group":true}` {
				_, err := w.o.Repositories.CreateGroup(t.Context(), audit.Command("test"), "crew", "")
				w.ok(err)
			}
			code := method.Invalid
			if strings.Contains(want, "already") {
				code = method.Conflict
			}
			root.fails("create_user", args, code, want)
		}
		if _, there := w.o.Users.ByName("x"); there {
			t.Error("x was made all the same")
		}
	})
}

func TestUpdateUserChangesWhatTheTokenMay(t *testing.T) {
	w := newWorld(t, dbtest.New(t))
	account := w.as("ada", token.RightAccount)
	account.wants("update_user", `{"userid":"ada","email":"new@example.com","password":"long enough","lastname":""}`,
		`{"msg":"updated user ID:<ada> ada","user":{"email":"new@example.com","firstname":"Ada","lastname":""}}`)
	for args, want := range map[string]string{
		`{"userid":"ada","admin":true}`:      "Access was denied to this resource. User names, active and admin are for administrators to change.",
		`{"userid":"ada","active":false}`:    "Access was denied to this resource. User names, active and admin are for administrators to change.",
		`{"userid":"ada","username":"root"}`: "Access was denied to this resource. User names, active and admin are for administrators to change.",
	} {
		account.fails("update_user", args, method.Denied, want)
	}
	for _, weak := range []caller{w.as("ada"), w.as("ada", token.RightTokens), w.as("root", token.RightTokens)} {
		weak.fails("update_user", `{"userid":"`+weak.user.Name+`","password":"long enough"}`, method.Denied,
			"Access was denied to this resource. Changing one's own account needs a token with the right account.")
	}
	root := w.as("root")
	root.wants("update_user", `{"userid":"`+w.id("ada")+`","username":"countess","active":false,"admin":"true","extern_type":"rhodecode"}`,
		`{"msg":"updated user ID:<countess> countess","user":{"username":"countess","active":false,"admin":true,"email":"new@example.com"}}`)
	for args, want := range map[string]string{
		`{"userid":"bob","username":"ROOT"}`:         "failed to update user `bob`: the name, path or e-mail is taken: ROOT",
		`{"userid":"bob","email":"NEW@example.com"}`: "failed to update user `bob`: the name, path or e-mail is taken: bob",
		`{"userid":"root","admin":false}`:            "failed to update user `root`: it is the last administrator who is let in",
		`{"userid":"root","active":0}`:               "failed to update user `root`: it is the last administrator who is let in",
	} {
		root.fails("update_user", args, method.Conflict, want)
	}
	root.fails("update_user", `{"userid":"bob","password":"x"}`, method.Invalid, "failed to update user `bob`: not a password that can be used: it has fewer than 8 characters")
	root.fails("update_user", `{"userid":"bob","extern_type":"ldap"}`, method.Invalid, "failed to update user `bob`: extern_type and extern_name cannot be changed. Leave them out")
}

func TestDeleteUserAsksWhatBecomesOfWhatSomebodyOwns(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, open func() *db.DB) {
		w := newWorld(t, open())
		root := w.as("root")
		_, err := w.o.Repositories.CreateGroup(t.Context(), audit.Command("test"), "team", w.id("ada"))
		w.ok(err)
		_, err = w.o.Repositories.CreateGroup(t.Context(), audit.Command("test"), "team/inner", w.id("ada"))
		w.ok(err)
		app, crew := w.repo("app", "ada"), w.group("crew", "ada")
		root.fails("delete_user", `{"userid":"ada"}`, method.Conflict, "failed to delete user ID:<ada> ada: still owns repositories (app), repository groups (team, team/inner), user groups (crew), deleted ones that can still come back included. "+
			"Give them to somebody else, or say what becomes of them: handle_repos, handle_repo_groups, handle_user_groups")
		root.fails("delete_user", `{"userid":"ada","handle_repos":"detach","handle_repo_groups":"delete"}`, method.Conflict, "failed to delete user ID:<ada> ada: still owns user groups (crew), deleted ones that can still come back included. "+
			"Give them to somebody else, or say what becomes of them: handle_repos, handle_repo_groups, handle_user_groups")
		root.fails("delete_user", `{"userid":"root"}`, method.Conflict, "failed to delete user ID:<root> root: nobody deletes themselves")
		id := w.id("ada")
		root.wants("delete_user", `{"userid":"ada","handle_repos":"detach","handle_repo_groups":"delete","handle_user_groups":"detach"}`, `{"msg":"deleted user ID:`+id+` ada","user":null}`)
		if r, _ := w.o.Repositories.ByID(app.ID); r.OwnerID != w.id("root") {
			t.Errorf("the repository is %+v", r)
		}
		if g, _ := w.o.UserGroups.ByID(crew.ID); g.OwnerID != w.id("root") {
			t.Errorf("the user group is %+v", g)
		}
		if _, there := w.o.Repositories.Group("team"); there {
			t.Error("the group is still there")
		}

		gone, ops := w.repo("gone", "bob"), w.group("ops", "bob")
		root.wants("delete_user", `{"userid":"bob","handle_repos":"delete","handle_user_groups":"delete"}`, `{"user":null}`)
		if _, there := w.o.Repositories.ByID(gone.ID); there {
			t.Error("the repository is still there")
		}
		if row, err := w.d.Repositories().DeletedByID(t.Context(), gone.ID); err != nil || row.OwnerID != w.id("root") {
			t.Errorf("in the trash: %+v, %v", row, err)
		}
		if _, there := w.o.UserGroups.ByID(ops.ID); there {
			t.Error("the user group is still there")
		}
	})
}

func TestAGroupThatHoldsSomethingKeepsItsOwner(t *testing.T) {
	w := newWorld(t, dbtest.New(t))
	_, err := w.o.Repositories.CreateGroup(t.Context(), audit.Command("test"), "team", w.id("ada"))
	w.ok(err)
	w.repo("team/app", "root")
	_, err = w.as("root").call("delete_user", `{"userid":"ada","handle_repo_groups":"delete"}`)
	var e *method.Error
	if !errors.As(err, &e) || e.Code != method.Conflict || !strings.HasPrefix(e.Text, "failed to delete user ID:"+w.id("ada")+" ada: repository group team: ") {
		t.Errorf("got %v", err)
	}
}

func TestGetUserLocksListsWhatTheCallerSees(t *testing.T) {
	w := newWorld(t, dbtest.New(t))
	r := w.repo("app", "ada")
	w.ok(w.o.Repositories.Lock(t.Context(), audit.Command("test"), r.ID, w.id("ada"), "lock_api"))
	w.as("ada").wants("get_user_locks", `{}`, `[{"repo_id":"`+r.ID+`","repo_name":"app","repo_type":"git","private":true,"owner":"ada","fork_of":null,"locked_by":{"username":"ada"},"lock_reason":"lock_api"}]`)
	w.as("root").wants("get_user_locks", `{"userid":"ada"}`, `[{"repo_name":"app"}]`)
	w.as("root").wants("get_user_locks", `{}`, `[]`)
	w.ok(w.o.Repositories.SetOwner(t.Context(), audit.Command("test"), r.ID, w.id("root")))
	w.as("ada").wants("get_user_locks", `{}`, `[]`)
}

func TestGetUserAuditLogsTellsWhatSomebodyDid(t *testing.T) {
	w := newWorld(t, dbtest.New(t))
	app := w.repo("app", "ada")
	ada := audit.Actor{UserID: w.id("ada"), Name: "ada"}
	for _, resource := range []string{"app", "ada"} {
		w.ok(w.o.Note(t.Context(), ada, "x.y", resource, "secret detail"))
	}
	w.ok(w.o.Note(t.Context(), audit.Actor{UserID: w.id("bob"), Name: "bob"}, "x.z", "app", ""))
	w.as("ada").wants("get_user_audit_logs", `{}`, `[{"user_id":"<ada>","username":"ada","action":"x.y","resource":"ada","repository_id":null,"repository_name":null,"outcome":"done","user_ip":""},
		{"repository_id":"`+app.ID+`","repository_name":"app"}]`)
	w.as("root").wants("get_user_audit_logs", `{"userid":"bob","limit":1}`, `[{"action":"x.z"}]`)
}

// TestGetUserAuditLogsTellsNobodyWhatARefusalHid: the record knows how a repository is called that somebody was refused, and
// that a token is a decoy.
func TestGetUserAuditLogsTellsNobodyWhatARefusalHid(t *testing.T) {
	w := newWorld(t, dbtest.New(t))
	decoy, _, err := w.o.Tokens.Mint(t.Context(), audit.Command("test"), token.Request{UserID: w.id("ada"), Kind: token.VCS, Label: "bait", Decoy: true})
	w.ok(err)
	refused := func(credential, resource, outcome string) audit.Event {
		return audit.Event{At: time.Now(), Actor: audit.Actor{UserID: w.id("ada"), Name: "ada", Credential: credential}, Action: "repository.read", Resource: resource, Outcome: outcome}
	}
	w.ok(audit.Append(t.Context(), w.d, refused("token:1", "renamed/secret", string(gate.NotFound)), refused("token:"+decoy.ID, "lib", string(gate.BadCredential))))
	w.as("ada").wants("get_user_audit_logs", `{}`, `[{"action":"repository.read","resource":"","outcome":"not_found"}]`)
	w.as("root").wants("get_user_audit_logs", `{"userid":"ada"}`, `[{"resource":"lib"},{"resource":"renamed/secret"}]`)
}
