package gate

import (
	"context"
	"testing"

	"jeton/auth/access"
	"jeton/auth/token"
)

// calls is a world with a group team, which ada owns and bob administers, and a user group crew, which ada owns and bob is
// in. team/app lies in the group; the world's own repositories stand in none.
type calls struct {
	*world
	app   access.Repository
	team  access.Group
	crew  access.UserGroup
	texts map[string]string // of tokens, by who has them
}

func newCalls(t *testing.T) *calls {
	t.Helper()
	ctx := context.Background()
	c := &calls{world: newWorld(t), texts: map[string]string{}}
	groups, err := access.NewUserGroups(ctx, c.db)
	ok(t, err)
	t.Cleanup(groups.Close)
	c.crew, err = groups.Create(ctx, root, access.NewUserGroup{Name: "crew"})
	ok(t, err)
	ok(t, groups.SetOwner(ctx, root, c.crew.ID, c.ada.ID))
	ok(t, groups.Add(ctx, root, c.crew.ID, c.bob.ID))
	c.team, err = c.repos.CreateGroup(ctx, root, "firm", c.ada.ID)
	ok(t, err)
	ok(t, c.repos.Grant(ctx, root, access.Object{GroupID: c.team.ID}, access.Subject{UserID: c.bob.ID}, access.Admin))
	o := c.options(c.gate.o.Now)
	o.UserGroups = groups
	c.gate = New(o)
	c.app, _ = c.repos.ByPath("team/app")
	admin := func(q *token.Request) { q.Rights = []token.Right{token.RightAdmin} }
	for who, mint := range map[string]func() (string, string){
		"ada":        func() (string, string) { return c.mint(c.ada, token.API) },
		"bob":        func() (string, string) { return c.mint(c.bob, token.API) },
		"eve":        func() (string, string) { return c.mint(c.eve, token.API) },
		"chief":      func() (string, string) { return c.mint(c.chief, token.API) },
		"admin":      func() (string, string) { return c.mint(c.chief, token.API, admin) },
		"ada reads":  func() (string, string) { return c.mint(c.ada, token.API, readOnly) },
		"ada bound":  func() (string, string) { return c.mint(c.ada, token.API, boundTo("ada/private")) },
		"ada's feed": func() (string, string) { return c.mint(c.ada, token.Feed) },
		"ada in firm": func() (string, string) {
			return c.mint(c.ada, token.API, func(q *token.Request) { q.Groups = []string{c.team.ID} })
		},
		"ada accounts": func() (string, string) {
			return c.mint(c.ada, token.API, func(q *token.Request) { q.Rights = []token.Right{token.RightAccount} })
		},
	} {
		_, c.texts[who] = mint()
	}
	return c
}

func (c *calls) call(who string, o Object, right token.Right, a Access) (*Grant, error) {
	cred := Credential{Remote: remote}
	if who != "" {
		cred = by("body", c.texts[who])
	}
	return c.gate.Admit(context.Background(), cred, API, Resource{Object: o, Right: right}, a)
}

func TestMethodsAreOpenToWhoMayCallThem(t *testing.T) {
	c := newCalls(t)
	repo := func(name string, l access.Level) Object { return Object{Kind: OnRepository, Name: name, Level: l} }
	group := func(name string, l access.Level) Object { return Object{Kind: OnGroup, Name: name, Level: l} }
	crew := func(name string, l access.Level) Object { return Object{Kind: OnUserGroup, Name: name, Level: l} }
	person := func(name string) Object { return Object{Kind: OnPerson, Name: name} }
	at := func(k Kind, path string) Object { return Object{Kind: k, Name: path} }
	const admin, account = token.RightAdmin, token.RightAccount
	for _, row := range []struct {
		name, who string
		object    Object
		right     token.Right
		access    Access
		want      Code
	}{
		{"a guest", "", repo("ada/public", access.Read), "", Read, NoCredential},
		{"another kind of token", "ada's feed", repo("ada/public", access.Read), "", Read, WrongKind},
		{"the owner", "ada", repo("ada/private", access.Admin), "", Write, ""},
		{"the owner, by id", "ada", repo("id-ada/private", access.Admin), "", Write, NotFound}, // its id has not the form of one
		{"a reader", "bob", repo("ada/private", access.Read), "", Read, ""},
		{"a reader who would administer", "bob", repo("ada/private", access.Admin), "", Write, NotFound},
		{"a stranger", "eve", repo("ada/private", access.Read), "", Read, NotFound},
		{"a stranger at nothing", "eve", repo("ada/nothing", access.Read), "", Read, NotFound},
		{"a stranger at what is public", "eve", repo("ada/public", access.Read), "", Read, ""},
		{"a level below reading is reading", "eve", repo("ada/private", access.None), "", Read, NotFound},
		{"an administrator", "chief", repo("ada/private", access.Admin), "", Write, ""},
		{"a read-only token that reads", "ada reads", repo("ada/private", access.Read), "", Read, ""},
		{"a read-only token that changes", "ada reads", repo("ada/private", access.Admin), "", Write, ReadOnly},
		{"a read-only token that changes nothing", "ada reads", repo("ada/nothing", access.Admin), "", Write, ReadOnly},
		{"a bound token within", "ada bound", repo("ada/private", access.Admin), "", Write, ""},
		{"a bound token elsewhere", "ada bound", repo("team/app", access.Read), "", Read, NotFound},
		{"a bound token at what is public", "ada bound", repo("ada/public", access.Read), "", Read, NotFound},
		{"archived, read", "ada", repo("ada/old", access.Read), "", Read, ""},
		{"archived, administered", "ada", repo("ada/old", access.Admin), "", Write, ""},
		{"archived, written", "ada", repo("ada/old", access.Write), "", Write, Archived},
		{"archived, its content administered", "ada", Object{Kind: OnRepository, Name: "ada/old", Level: access.Admin, Content: true}, "", Write, Archived},
		{"archived, and not seen", "eve", repo("ada/old", access.Write), "", Write, NotFound},

		{"a group's owner", "ada", group("firm", access.Admin), "", Write, ""},
		{"a group's administrator", "bob", group("firm", access.Admin), "", Write, ""},
		{"a group by id", "bob", group(c.team.ID, access.Read), "", Read, ""},
		{"a group's stranger", "eve", group("firm", access.Read), "", Read, NotFound},
		{"no group", "eve", group("nothing", access.Read), "", Read, NotFound},
		{"a bound token at a group", "ada bound", group("firm", access.Read), "", Read, BoundToken},
		{"a bound token at no group", "ada bound", group("nothing", access.Read), "", Read, BoundToken},

		{"a user group's owner", "ada", crew("crew", access.Admin), "", Write, ""},
		{"a member of it", "bob", crew("crew", access.Read), "", Read, ""},
		{"a member who would administer it", "bob", crew("crew", access.Admin), "", Write, NotFound},
		{"a user group's stranger", "eve", crew("crew", access.Read), "", Read, NotFound},
		{"no user group", "ada", crew("nothing", access.Read), "", Read, NotFound},
		{"a bound token at a user group", "ada bound", crew("crew", access.Read), "", Read, BoundToken},

		{"oneself, left out", "eve", person(""), "", Read, ""},
		{"oneself by name", "eve", person("eve"), "", Read, ""},
		{"oneself by id", "eve", person(c.eve.ID), "", Read, ""},
		{"somebody else", "eve", person("ada"), "", Read, NotYourself},
		{"nobody", "eve", person("nobody"), "", Read, NotYourself},
		{"somebody else, by an administrator's token without the right", "chief", person("ada"), "", Read, NotYourself},
		{"somebody else, by an administrator", "admin", person("ada"), "", Read, ""},
		{"nobody, by an administrator", "admin", person("nobody"), "", Read, NotFound},
		{"one's own account", "ada accounts", person(""), account, Write, ""},
		{"one's own account without the right", "ada", person(""), account, Write, NoRight},
		{"another's account", "ada accounts", person("bob"), account, Write, NotYourself},
		{"another's account, by an administrator", "admin", person("bob"), account, Write, ""},
		{"what only an administrator may do to oneself", "ada", person(""), admin, Write, NoRight},
		{"a bound token at its owner", "ada bound", person(""), "", Read, BoundToken},

		{"the server", "eve", at(OnServer, ""), "", Read, ""},
		{"the server, reserved", "eve", at(OnServer, ""), admin, Read, NoRight},
		{"the server, reserved, without the right", "chief", at(OnServer, ""), admin, Read, NoRight},
		{"the server, reserved, with it", "admin", at(OnServer, ""), admin, Write, ""},
		{"the server, by a bound token", "ada bound", at(OnServer, ""), "", Read, BoundToken},
		{"what is open", "ada bound", at(OnOpen, ""), "", Read, ""},
		{"what is open, changed by a read-only token", "ada reads", at(OnOpen, ""), "", Write, ReadOnly},
		{"what is open, with a right", "ada", at(OnOpen, ""), token.RightTokens, Write, NoRight},

		{"a new repository of one's own", "ada", at(OnNewRepository, "ada/new"), "", Write, ""},
		{"a new repository of another's", "eve", at(OnNewRepository, "ada/new"), "", Write, NoRight},
		{"a new repository anywhere", "eve", at(OnNewRepository, "new"), "", Write, NoRight},
		{"a new repository in a group", "bob", at(OnNewRepository, "firm/new"), "", Write, ""},
		{"a new repository in a group that is not seen", "eve", at(OnNewRepository, "firm/new"), "", Write, NoRight},
		{"a new repository by an administrator", "chief", at(OnNewRepository, "new"), "", Write, ""},
		{"a new repository with a name that cannot be", "chief", at(OnNewRepository, "a..b/../c"), "", Write, BadRequest},
		{"a new repository by a bound token", "ada bound", at(OnNewRepository, "ada/new"), "", Write, BoundToken},
		{"a new repository in the token's group", "ada in firm", at(OnNewRepository, "firm/new"), "", Write, ""},
		{"a new repository beside the token's group", "ada in firm", at(OnNewRepository, "ada/new"), "", Write, BoundToken},
		{"a new group in a group", "bob", at(OnNewGroup, "firm/sub"), "", Write, ""},
		{"a new group in a group that is not seen", "eve", at(OnNewGroup, "firm/sub"), "", Write, NoRight},
		{"a new group of one's own name", "eve", at(OnNewGroup, "eve"), "", Write, ""},
		{"a new group anywhere", "eve", at(OnNewGroup, "other"), "", Write, NoRight},
		{"a new group anywhere, without the right", "chief", at(OnNewGroup, "other"), "", Write, NoRight},
		{"a new group anywhere, by an administrator", "admin", at(OnNewGroup, "other"), "", Write, ""},
		{"a new group by a bound token", "ada in firm", at(OnNewGroup, "firm/sub"), "", Write, BoundToken},

		{"a kind that is none", "admin", at("gist", "1"), "", Read, BadRequest},
	} {
		t.Run(row.name, func(t *testing.T) {
			g, err := c.call(row.who, row.object, row.right, row.access)
			if got := code(t, g, err); got != row.want {
				t.Errorf("got %q, want %q", got, row.want)
			}
		})
	}
}

func TestObjectsOpenNoOtherDoor(t *testing.T) {
	c := newCalls(t)
	_, text := c.mint(c.ada, token.VCS)
	g, err := c.gate.Admit(context.Background(), by("bearer", text), Git, Resource{Object: Object{Kind: OnRepository, Name: "ada/private", Level: access.Read}}, Read)
	if got := code(t, g, err); got != BadRequest {
		t.Errorf("git was answered %q", got)
	}
}

func TestAGrantTellsWhatWasFoundAndAsksAgain(t *testing.T) {
	c := newCalls(t)
	ctx := context.Background()
	g, err := c.call("bob", Object{Kind: OnGroup, Name: "firm", Level: access.Admin}, "", Write)
	ok(t, err)
	if g.Found.Group.ID != c.team.ID || g.Found.Repository.ID != "" {
		t.Errorf("it found %+v", g.Found)
	}
	_, err = c.repos.RenameGroup(ctx, root, c.team.ID, "company")
	ok(t, err)
	if err := g.Again(ctx); err != nil {
		t.Errorf("after a rename: %v", err)
	}
	ok(t, c.repos.Revoke(ctx, root, access.Object{GroupID: c.team.ID}, access.Subject{UserID: c.bob.ID}))
	if got := code(t, nil, g.Again(ctx)); got != NotFound {
		t.Errorf("after the permission had ended: %q", got)
	}
}

// TestAReaderWhoMayChangeSomethingMayStill: what a reader may do with a write token, such as saying something of a commit, is
// asked again as that, and not as a push.
func TestAReaderWhoMayChangeSomethingMayStill(t *testing.T) {
	c := newCalls(t)
	g, err := c.call("bob", Object{Kind: OnRepository, Name: "ada/private", Level: access.Read}, "", Write)
	ok(t, err)
	ok(t, g.Again(context.Background()))
	r, _ := c.repos.ByPath("ada/private")
	ok(t, c.repos.Revoke(context.Background(), root, access.Object{RepositoryID: r.ID}, access.Subject{UserID: c.bob.ID}))
	if got := code(t, nil, g.Again(context.Background())); got != NotFound {
		t.Errorf("after the permission had ended: %q", got)
	}
}

func TestListsShowWhatATokenReaches(t *testing.T) {
	c := newCalls(t)
	identity := func(who string) Identity {
		g, err := c.call(who, Object{Kind: OnOpen}, "", Read)
		ok(t, err)
		return g.Identity
	}
	type sight struct{ repo, group, userGroup, admin bool }
	for who, want := range map[string]sight{
		"ada": {true, true, true, false}, "bob": {true, true, true, false}, "eve": {}, "ada bound": {}, "ada in firm": {false, true, false, false},
		"admin": {true, true, true, true}, "chief": {true, true, true, false},
	} {
		id := identity(who)
		got := sight{c.gate.Sees(id, c.app.ID, access.Read), c.gate.SeesGroup(id, c.team.ID, access.Read),
			c.gate.SeesUserGroup(id, c.crew.ID, access.Read), c.gate.Has(id, token.RightAdmin)}
		if got != want {
			t.Errorf("%s sees %+v, want %+v", who, got, want)
		}
	}
	id := identity("ada")
	_, _, err := c.tokens.Rotate(context.Background(), root, id.Proven.TokenID, token.Rotation{})
	ok(t, err)
	c.set(noon.AddDate(1, 0, 0))
	if c.gate.Sees(id, c.app.ID, access.Read) || c.gate.Has(id, token.RightAccount) {
		t.Error("a token that has ended still sees something")
	}
	if c.gate.SeesGroup(Identity{}, c.team.ID, access.Read) || c.gate.SeesUserGroup(Identity{}, c.crew.ID, access.Read) || c.gate.Has(Identity{}, token.RightAdmin) {
		t.Error("a guest sees something")
	}
}
