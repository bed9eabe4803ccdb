package wire

import (
	"path/filepath"
	"time"

	"jeton/auth/notice"
	"jeton/auth/seal"
	"jeton/web/outgoing"
)

// noticeTime is how long one try to post a notice may take.
const noticeTime = 10 * time.Second

// openOutgoing makes the one dialer by which the server speaks to whatever others have named, and the box that keeps what it
// must know for that: passwords of remotes, secrets of web hooks.
func (s *Store) openOutgoing() error {
	allow, err := networksOf(s.settings, "outgoing.allow")
	if err != nil {
		return err
	}
	s.Outgoing = outgoing.New(outgoing.Policy{Allow: allow, Timeout: s.settings.Duration("outgoing.timeout"), Log: s.Log})
	key, err := secret(filepath.Join(s.Dir, "secrets.key"))
	if err != nil {
		return err
	}
	s.Seal = seal.New([seal.KeySize]byte(key))
	return nil
}

// noticeHook is where notices are posted. The operator alone names the address, so that it may be inside where the operator
// says so too.
func (s *Store) noticeHook() notice.Hook {
	h := notice.Hook{URL: s.settings.Text("notice.hook_url"), Secret: s.settings.Text("notice.hook_secret")}
	if !s.settings.On("notice.hook_inside") {
		h.Client = s.Outgoing.Client(outgoing.ClientOptions{Timeout: noticeTime})
	}
	return h
}
