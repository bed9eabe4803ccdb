package wire

import (
	"context"

	"jeton/auth/signin"
	"jeton/auth/signin/headers"
	"jeton/auth/signin/ldap"
	"jeton/db"
)

// openSignIn opens the ways of signing in.
func (s *Store) openSignIn(ctx context.Context, d *db.DB, hasher *signin.Hasher) (err error) {
	proxies, err := networksOf(s.settings, "server.trusted_proxies")
	if err != nil {
		return err
	}
	password := signin.NewPassword(d, s.Users, hasher, nil)
	s.SignIn, err = signin.NewRegistry(ctx, d, signin.Options{People: s.Users, Log: s.Log,
		Plugins: []signin.Plugin{password, ldap.New(), headers.New(proxies)},
		Brake: signin.Brake{Free: s.bounded("auth.slow_after"), Most: s.settings.Duration("auth.slow_most"),
			Forget: s.settings.Duration("auth.slow_forget")}})
	return err
}
