package db

import (
	"testing"
	"time"
)

func TestRemotesAreKeptWithTheKeysThatWereMet(t *testing.T) {
	d, ctx := peopled(t), t.Context()
	at := time.Date(2026, 11, 26, 0, 0, 0, 0, time.UTC)
	_, err := d.Remotes().Of(ctx, "r-app")
	wants(t, err, ErrNotFound)
	wants(t, d.Remotes().Save(ctx, Remote{RepositoryID: "none", ChangedAt: at}), ErrInUse)
	wants(t, d.Remotes().AddKey(ctx, RemoteKey{RepositoryID: "none", Host: "h", Key: "k", SeenAt: at}), ErrInUse)
	ok(t, d.Remotes().Save(ctx, Remote{RepositoryID: "r-app", Address: "sealed", Shown: "https://x/y", ChangedAt: at}))
	for range 2 {
		ok(t, d.Remotes().AddKey(ctx, RemoteKey{RepositoryID: "r-app", Host: "h:22", Key: "k", SeenAt: at}))
	}
	row, err := d.Remotes().Of(ctx, "r-app")
	ok(t, err)
	keys, err := d.Remotes().Keys(ctx, "r-app", "h:22")
	ok(t, err)
	if row.Address != "sealed" || row.Shown != "https://x/y" || !row.ChangedAt.Equal(at) || len(keys) != 1 || keys[0] != "k" {
		t.Errorf("%+v, %v", row, keys)
	}
	if keys, _ := d.Remotes().Keys(ctx, "r-app", "other:22"); len(keys) != 0 {
		t.Errorf("another host has %v", keys)
	}
	ok(t, d.Remotes().Save(ctx, Remote{RepositoryID: "r-app", Address: "sealed 2", Shown: "https://x/z", ChangedAt: at}))
	all, err := d.Remotes().List(ctx)
	ok(t, err)
	if keys, _ := d.Remotes().Keys(ctx, "r-app", "h:22"); len(keys) != 0 || len(all) != 1 || all[0].Address != "sealed 2" {
		t.Errorf("after a new address: %v, %+v", keys, all)
	}
	ok(t, d.Remotes().Delete(ctx, "r-app"))
	wants(t, d.Remotes().Delete(ctx, "r-app"), ErrNotFound)
}
