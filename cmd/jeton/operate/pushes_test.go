package operate

import (
	"errors"
	"log/slog"
	"reflect"
	"testing"
	"time"

	"jeton/cmd/jeton/config"
	"jeton/cmd/jeton/control"
	"jeton/cmd/jeton/wire"
	"jeton/vcs/oid"
	"jeton/vcs/receive"
	"jeton/vcs/receive/follow"
	"jeton/vcs/storage"
)

func TestAPushIsShownWithTodaysNameAndAllThatWasSaid(t *testing.T) {
	set, err := config.Load(config.Sources{})
	if err != nil {
		t.Fatal(err)
	}
	s, err := wire.Open(t.Context(), t.TempDir(), set, "test", slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = s.Close() }()
	var ada User
	c := control.Local{Registry: Operations(s), Operator: "test"}
	if err := c.Call(t.Context(), "user.create", NewUser{Name: "ada"}, &ada); err != nil {
		t.Fatal(err)
	}
	id, err := oid.Of(3, []byte("x"))
	if err != nil {
		t.Fatal(err)
	}
	at := time.Date(2026, 11, 25, 12, 0, 0, 0, time.UTC)
	p := follow.Push{EndedAt: at, Entry: receive.Entry{ID: "e1", At: at, Actor: storage.Actor{ID: ada.ID, Name: "as she was called", Credential: "key:1"},
		Updates:     []storage.RefUpdate{{Name: "refs/heads/main", New: id}, {Name: "HEAD", Symref: "refs/heads/main"}, {Name: "refs/heads/x", Old: id}},
		Certificate: &receive.Certificate{Text: "certificate", Signer: "Ada", NonceStatus: "SLOP"}},
		Results: []storage.RefResult{{}, {Err: errors.New("no")}}}
	want := Push{ID: "e1", At: at, EndedAt: &at, User: "ada", UserID: ada.ID, Credential: "key:1", Options: []string{}, Notes: []string{},
		SignedBy: "Ada", NonceStatus: "SLOP", Certificate: "certificate", Refs: []Moved{
			{Ref: "refs/heads/main", Old: oid.Zero.String(), New: id.String()}, {Ref: "HEAD", To: "refs/heads/main", Error: "no"},
			{Ref: "refs/heads/x", Old: id.String(), New: oid.Zero.String()}}}
	if got := (operator{s}).shownPush(p); !reflect.DeepEqual(got, want) {
		t.Errorf("got  %+v\nwant %+v", got, want)
	}
	p.Actor.ID, p.EndedAt, p.Certificate = "nobody any more", time.Time{}, nil
	if got := (operator{s}).shownPush(p); got.User != "as she was called" || got.EndedAt != nil || got.SignedBy != "" {
		t.Errorf("got %+v", got)
	}
	if err := c.Call(t.Context(), "repo.create", NewRepo{Path: "ada/app"}, nil); err != nil {
		t.Fatal(err)
	}
	for limit, code := range map[int]string{-1: control.Invalid, 1001: control.Invalid, 0: "", 1000: ""} {
		var list []Push
		err := c.Call(t.Context(), "repo.log", Log{Path: "ada/app", Limit: limit}, &list)
		if code == "" && (err != nil || list == nil || len(list) != 0) || code != "" && (err == nil || control.AsError(err).Code != code) {
			t.Errorf("limit %d: %v, %v", limit, list, err)
		}
	}
}
