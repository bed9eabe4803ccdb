package operate

import (
	"errors"
	"strings"
	"testing"

	"jeton/cmd/jeton/control"
)

func TestTokensMayBeNamedAmongThoseWhoPush(t *testing.T) {
	c, ctx := caller(t), t.Context()
	must := func(name string, args, answer any) {
		t.Helper()
		if err := c.Call(ctx, name, args, answer); err != nil {
			t.Fatalf("%s: %v", name, err)
		}
	}
	var first, second, readOnly, feed, deploy Token
	must("user.create", NewUser{Name: "ada"}, nil)
	must("repo.create", NewRepo{Path: "ada/app", Owner: "ada"}, nil)
	must("token.create", NewToken{User: "ada", Kind: "vcs", Label: "bot"}, &first)
	must("token.rotate", RotateToken{ID: first.ID}, &second)
	must("token.create", NewToken{User: "ada", Kind: "vcs", Label: "reader", Access: "read"}, &readOnly)
	must("token.create", NewToken{User: "ada", Kind: "feed", Label: "news"}, &feed)
	must("token.create", NewToken{DeployRepo: "ada/app", Kind: "vcs", Label: "ci"}, &deploy)

	var shown Protected
	who := []string{"token:" + second.ID, "token:" + first.ID, "token:" + deploy.ID, "ada"}
	must("repo.protect", Protecting{Path: "ada/app", Pattern: "main", Who: who}, &shown)
	var names, ids []string
	for _, p := range shown.Who {
		names, ids = append(names, p.Name), append(ids, p.ID)
	}
	if got := strings.Join(names, ", "); got != "token bot of ada, token ci of deploy:ada/app, ada" || ids[0] != "token:"+first.ID || ids[1] != "token:"+deploy.ID {
		t.Errorf("who may push: %s; %q", got, ids)
	}

	for name, want := range map[string]string{"token:nothing": control.NotFound, "token:" + readOnly.ID: control.Invalid, "token:" + feed.ID: control.Invalid} {
		err := c.Call(ctx, "repo.protect", Protecting{Path: "ada/app", Pattern: "main", Who: []string{name}}, nil)
		if e := new(control.Error); !errors.As(err, &e) || e.Code != want {
			t.Errorf("%s: %v, want %s", name, err, want)
		}
	}
}
