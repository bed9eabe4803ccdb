package operate

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"testing"
	"time"

	"jeton/auth/access"
	"jeton/auth/token"
	"jeton/cmd/jeton/config"
	"jeton/cmd/jeton/control"
	"jeton/cmd/jeton/wire"
	"jeton/vcs/host"
)

func caller(t *testing.T) control.Local {
	t.Helper()
	set, err := config.Load(config.Sources{})
	if err != nil {
		t.Fatal(err)
	}
	s, err := wire.Open(t.Context(), t.TempDir(), set, "test", slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = s.Close() })
	return control.Local{Registry: Operations(s), Operator: "test"}
}

func TestErrorsHaveTheirCodes(t *testing.T) {
	for err, code := range map[error]string{
		access.ErrNoUser: control.NotFound, host.ErrNotFound: control.NotFound, host.ErrTaken: control.Taken, host.ErrBadPath: control.Invalid,
		token.ErrBadExpiry: control.Invalid, token.ErrWhich: control.Invalid, access.ErrOwns: control.Refused, errors.New("disk full"): control.Internal,
		control.Fail(control.Taken, "x"): control.Taken,
	} {
		if got := control.AsError(coded(fmt.Errorf("do it: %w", err))).Code; got != code {
			t.Errorf("%v has the code %s, want %s", err, got, code)
		}
	}
	if coded(nil) != nil {
		t.Error("nothing became an error")
	}
}

func TestEveryOperationRefusesWhatIsNotThere(t *testing.T) {
	c := caller(t)
	for _, name := range c.Registry.Names() {
		var args any = Named{Name: "nobody/nothing"}
		switch name {
		case "user.list", "usergroup.list", "group.list", "repo.list", "repo.deleted", "auth.list", "views.list", "views.reset":
			continue // they are about nothing in particular
		case "user.create":
			args = NewUser{Name: "not/a/name"}
		case "user.password":
			args = NewPassword{Name: "nobody"}
		case "repo.create":
			args = NewRepo{Path: "nobody/nothing"}
		case "group.create":
			args = Owning{Name: "nobody/nothing", Owner: "nobody"}
		case "repo.rename", "group.rename", "usergroup.rename":
			args = Renaming{Path: "nobody/nothing", To: "x"}
		case "repo.grant", "repo.revoke", "group.grant", "group.revoke", "usergroup.grant", "usergroup.revoke":
			args = Giving{Path: "nobody/nothing", Subject: Subject{User: "nobody"}, Level: "read"}
		case "repo.protect":
			args = Protecting{Path: "nobody/nothing", Pattern: "main"}
		case "repo.watch", "repo.unwatch", "repo.watching":
			args = Watching{Path: "nobody/nothing", User: "nobody"}
		case "repo.log":
			args = Log{Path: "nobody/nothing"}
		case "repo.unprotect":
			args = Unprotecting{Path: "nobody/nothing", Pattern: "main"}
		case "repo.set":
			args = Setting{Path: "nobody/nothing", Values: []string{"receive.deny_force=true"}}
		case "token.create":
			args = NewToken{User: "nobody", Kind: "vcs"}
		case "views.set", "views.add", "views.remove":
			args = ViewEntries{Entries: []string{"nonsense"}}
		case "key.add":
			args = NewKey{User: "nobody"}
		case "key.list":
			args = KeysOf{Repository: "nobody/nothing"}
		}
		err := c.Call(t.Context(), name, args, nil)
		if e := new(control.Error); !errors.As(err, &e) || e.Code != control.NotFound && e.Code != control.Invalid {
			t.Errorf("%s answered %v", name, err)
		}
	}
}

func TestTokensWriteWhereTheirKindCanAndAreShownOnce(t *testing.T) {
	c, ctx := caller(t), context.Background()
	if err := c.Call(ctx, "user.create", NewUser{Name: "ada"}, nil); err != nil {
		t.Fatal(err)
	}
	for kind, want := range map[string]string{"api": "write", "vcs": "write", "feed": "read", "web": "read"} {
		var made, shown Token
		if err := c.Call(ctx, "token.create", NewToken{User: "ada", Kind: kind, Label: "test"}, &made); err != nil {
			t.Fatal(err)
		}
		if made.Access != want || made.ExpiresAt == nil || made.ExpiresAt.Before(time.Now().Add(89*24*time.Hour)) {
			t.Errorf("%s: %+v", kind, made)
		}
		if err := c.Call(ctx, "token.show", Named{Name: made.ID}, &shown); err != nil || shown.Secret != "" || shown.State != "live" {
			t.Errorf("%s is shown as %+v, %v", kind, shown, err)
		}
		if err := c.Call(ctx, "token.revoke", Named{Name: made.ID}, nil); err != nil {
			t.Error(err)
		}
		if err := c.Call(ctx, "token.show", Named{Name: made.ID}, &shown); err != nil || shown.State != "revoked" {
			t.Errorf("revoked, %s is shown as %+v, %v", kind, shown, err)
		}
	}
}

func TestExpiriesAreChoicesOrDurations(t *testing.T) {
	c := caller(t)
	if err := c.Call(t.Context(), "user.create", NewUser{Name: "ada"}, nil); err != nil {
		t.Fatal(err)
	}
	n := NewToken{User: "ada", Kind: "vcs", Label: "x"}
	for choice, want := range map[string]time.Duration{"1s": time.Second, "1h30m": 90 * time.Minute, "30d": 720 * time.Hour, "": 90 * 24 * time.Hour} {
		var got Token
		n.Expires = choice
		err := c.Call(t.Context(), "token.create", n, &got)
		if err != nil || got.ExpiresAt == nil || time.Until(*got.ExpiresAt)-want > time.Second || time.Until(*got.ExpiresAt)-want < -time.Minute {
			t.Errorf("%q ends at %v, %v", choice, got.ExpiresAt, err)
		}
	}
	for _, choice := range []string{"-1s", "0s", "soon"} {
		n.Expires = choice
		if err := c.Call(t.Context(), "token.create", n, nil); err == nil {
			t.Errorf("took %q", choice)
		}
	}
}

func TestAKeyIsAPersonsOrARepositorysAndNeverBoth(t *testing.T) {
	c := caller(t)
	line := "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIOMqqnkVzrm0SdG6UOoqKLsabgH5C9okWi0dh2l9GKJl ci"
	err := c.Call(t.Context(), "user.create", NewUser{Name: "ada"}, nil)
	if err := errors.Join(err, c.Call(t.Context(), "repo.create", NewRepo{Path: "ada/app"}, nil)); err != nil {
		t.Fatal(err)
	}
	for name, k := range map[string]NewKey{
		"both":                 {User: "ada", Repository: "ada/app", Line: line},
		"neither":              {Line: line},
		"access of a person's": {User: "ada", Access: "read", Line: line},
		"no such access":       {Repository: "ada/app", Access: "admin", Line: line},
		"no such repository":   {Repository: "ada/none", Line: line},
	} {
		if err := c.Call(t.Context(), "key.add", k, nil); err == nil {
			t.Errorf("%s: a key was added", name)
		}
	}
	var made Key
	if err := c.Call(t.Context(), "key.add", NewKey{Repository: "ada/app", Label: "build", Line: line}, &made); err != nil {
		t.Fatal(err)
	}
	if made.User != "" || made.Repository != "ada/app" || made.Access != "read" || made.Label != "build" || made.Owner() != "ada/app (read)" {
		t.Errorf("made %+v", made)
	}
	err = c.Call(t.Context(), "key.add", NewKey{User: "ada", Line: line}, nil)
	if e := new(control.Error); !errors.As(err, &e) || e.Code != control.Taken || !strings.Contains(e.Message, "deploy key") {
		t.Errorf("a deploy key given to a person: %v", err)
	}
	for of, want := range map[KeysOf]int{{}: 1, {User: "ada"}: 0, {Repository: "ada/app"}: 1} {
		var list []Key
		if err := c.Call(t.Context(), "key.list", of, &list); err != nil || len(list) != want {
			t.Errorf("%+v: %+v, %v", of, list, err)
		}
	}
	if err := c.Call(t.Context(), "key.list", KeysOf{User: "ada", Repository: "ada/app"}, nil); err == nil {
		t.Error("keys of both were listed")
	}
	if err := c.Call(t.Context(), "key.remove", Named{Name: made.ID}, nil); err != nil {
		t.Error(err)
	}
}
