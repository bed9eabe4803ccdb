package door

import (
	"strings"
	"testing"
	"time"

	"jeton/auth/gate"
)

func TestUsersAreToldWhenTheirTokenEndsSoon(t *testing.T) {
	now := time.Date(2026, 11, 24, 12, 0, 0, 0, time.UTC)
	n := Notices{URL: "https://git.example.com", Now: func() time.Time { return now }}
	const day = 24 * time.Hour
	for _, c := range []struct {
		name string
		n    Notices
		line string
		left time.Duration // 0: never
		want string        // "" for no line
	}{
		{"in seven days", n, "x", 7 * day, "ends in 7 days, on 2026-12-01 12:00 UTC. Renew it: https://git.example.com/_admin/my_account/auth_tokens"},
		{"later", n, "x", 7*day + time.Second, ""},
		{"tomorrow", n, "x", day + 3*time.Hour, "in 1 day 3 hours,"},
		{"today", n, "x", 2*time.Hour + 59*time.Second, "in 2 hours,"},
		{"soon", n, "x", 61 * time.Second, "in 1 minute,"},
		{"now", n, "x", time.Second, "in less than a minute,"},
		{"over", n, "x", -time.Second, ""},
		{"never", n, "x", 0, ""},
		{"a certificate", n, "", day, ""},
		{"switched off", Notices{}, "x", day, ""},
	} {
		id := gate.Identity{TokenLine: c.line, TokenLabel: "ci"}
		if c.left != 0 {
			id.TokenExpiry = now.Add(c.left)
		}
		got := c.n.Of(id)
		if c.want == "" && got != "" || !strings.Contains(got, c.want) || got != "" && !strings.HasPrefix(got, "Jeton: your token «ci» ") {
			t.Errorf("%s: got %q, want %q", c.name, got, c.want)
		}
	}
}
