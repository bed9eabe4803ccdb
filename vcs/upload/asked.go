package upload

import (
	"crypto/rand"
	"log/slog"

	"jeton/vcs/wire"
)

// NewSessionID makes an id by which a client and the log name the same session (gitprotocol-v2, "session-id"): printable,
// without spaces, not to be guessed, and meaning nothing.
func NewSessionID() string { return rand.Text() }

// asked is what a client said of itself with a request. It changes nothing of the answer; operators find it in the log.
type asked struct {
	agent, session string
	options        []string
}

// maxSaid is how many bytes of each of these are kept.
const maxSaid = 1000

func said(s string) string { return wire.Escape(s[:min(len(s), maxSaid)]) }

// heard tells the operator of a request, where he wants to know.
func (c *conversation) heard(command string) {
	if !c.s.o.Log.Enabled(c.ctx, slog.LevelDebug) {
		return
	}
	c.s.o.Log.DebugContext(c.ctx, "fetch asked", "repository", c.repo, "protocol", int(c.ses.Version), "command", command, "session", c.ses.ID,
		"client_session", c.asked.session, "agent", c.asked.agent, "options", c.asked.options)
}
