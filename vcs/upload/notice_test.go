package upload

import (
	"strings"
	"testing"

	"jeton/vcs/wire"
)

// TestNoticeFollowsThePack: a line for people, where the client listens, escaped as whatever somebody else has chosen.
func TestNoticeFollowsThePack(t *testing.T) {
	f := history(t, 4, Options{})
	const notice, said = "your token «c\x1bi» ends in 3 days", "\x02your token «c\\x1bi» ends in 3 days\n"
	for _, row := range []struct {
		name    string
		version wire.Version
		say     string
		want    bool
	}{
		{"protocol 2", wire.V2, "command=fetch; 0001; want MAIN; done; 0000", true},
		{"everything in bands", wire.V2, "command=fetch; 0001; sideband-all; want MAIN; done; 0000", true},
		{"who wants no progress takes no lines for people", wire.V2, "command=fetch; 0001; no-progress; want MAIN; done; 0000", false},
		{"no pack, no notice", wire.V2, "command=ls-refs; 0000", false},
		{"protocol 0", wire.V0, "want MAIN side-band-64k; 0000; done", true},
		{"protocol 0 without bands", wire.V0, "want MAIN; 0000; done", false},
	} {
		got, err := f.talk(Session{Version: row.version, Stateless: true, Notice: notice}, f.script(row.say))
		if err != nil || strings.Contains(got, said) != row.want {
			t.Errorf("%s: told the user %t, %v; want %t\n%q", row.name, strings.Contains(got, said), err, row.want, got)
		}
	}
}
