package wire

import (
	"context"
	"fmt"
	"net"
	"strconv"
	"time"

	"jeton/auth/audit"
	"jeton/auth/gate"
	"jeton/auth/notice"
	"jeton/auth/sshkey"
	"jeton/auth/token"
	"jeton/vcs/wire"
)

// openNotices starts the sender of mail and web hooks.
func (s *Store) openNotices() (err error) {
	mail, err := s.mailSettings()
	if err != nil {
		return err
	}
	s.notices, err = notice.New(notice.Options{Mail: mail, Log: s.Log, Server: s.settings.Text("server.url"),
		Hook: s.noticeHook(),
		Address: func(userID string) string {
			u, _ := s.Users.ByID(userID)
			return u.Email
		}})
	if err != nil {
		return fmt.Errorf("settings notice.*: %w", err)
	}
	s.closers = append(s.closers, s.notices.Close)
	return nil
}

func (s *Store) mailSettings() (notice.Mail, error) {
	m := notice.Mail{Host: s.settings.Text("notice.smtp_host"), Security: notice.Security(s.settings.Text("notice.smtp_security")),
		User: s.settings.Text("notice.smtp_user"), Password: s.settings.Text("notice.smtp_password"),
		From: s.settings.Text("notice.mail_from"), Operators: s.settings.List("notice.mail_to")}
	if host, port, err := net.SplitHostPort(m.Host); err == nil {
		n, err := strconv.ParseUint(port, 10, 16)
		if err != nil {
			return m, fmt.Errorf("setting notice.smtp_host = %q: %q is no port", m.Host, port)
		}
		m.Host, m.Port = host, int(n)
	}
	return m, nil
}

// Try sends a notice now, by all ways that are set up, and says what went wrong.
func (s *Store) Try(ctx context.Context, operator string) error {
	return s.notices.SendNow(ctx, notice.Message{Kind: "test", Subject: "Jeton: this is a test",
		Text: "Notices of this server arrive. " + wire.Escape(operator) + " asked for this one with `jeton notice test`.\n", Fields: map[string]string{"by": operator}})
}

// alarmed tells that somebody uses a token which nobody should.
func (s *Store) alarmed(_ context.Context, a gate.Alarm) {
	m := notice.Message{Kind: "token." + string(a.Kind), UserID: a.UserID, At: a.At, Like: string(a.Kind) + " " + a.TokenID, Fields: map[string]string{
		"token_id": a.TokenID, "label": a.Label, "door": string(a.Door), "resource": a.Resource, "address": ""}}
	from := "an address that is not known"
	if a.Remote.IsValid() {
		m.Fields["address"] = a.Remote.String()
		from = a.Remote.String()
	}
	tried := fmt.Sprintf("%s, from %s, at the door %s, for «%s»", when(a.At), from, a.Door, wire.Escape(a.Resource))
	switch a.Kind {
	case gate.DecoyTried:
		m.Subject = "Jeton: somebody tried the decoy «" + a.Label + "»"
		m.Text = "A decoy token was tried: " + tried + ".\n\nIt opens nothing. Whoever tried it has read the place where it was laid: " +
			"look at who can read that place, and change the real secrets that lie there.\n"
	default:
		m.Subject = "Jeton: an old token is still in use: «" + a.Label + "»"
		m.Text = "A token that was rotated away was used after its overlap: " + tried + ".\n\nIt was refused. Either a place was " +
			"forgotten where the successor must be set, or somebody else has the old one.\n"
	}
	m.Text += "\nToken: " + a.TokenID + " («" + a.Label + "»)\n"
	s.notices.Send(m)
	s.hookAlarm(a)
}

// tokenEvent tells a token's owner what has happened to it without them.
func (s *Store) tokenEvent(e token.Event) {
	t := e.Token
	m := notice.Message{Kind: "token." + string(e.Why), UserID: t.UserID, Fields: map[string]string{"token_id": t.ID, "label": t.Label, "kind": string(t.Kind)}}
	name := "«" + t.Label + "»"
	switch e.Why {
	case token.Found:
		m.Subject = "Jeton: your token " + name + " was found and revoked"
		m.Text = "Somebody found the text of this token and handed it in, and it was revoked. Make a new one where it was used, and " +
			"find out how it came out.\n"
	case token.Shortened:
		m.Subject = "Jeton: your token " + name + " ends earlier"
		m.Text = "The administrator has shortened the longest life of tokens. This one ends on " + when(t.ExpiresAt) + ".\n"
		m.Fields["expires"] = t.ExpiresAt.UTC().Format(time.RFC3339)
	case token.Unused:
		m.Subject = "Jeton: your token " + name + " was revoked because nobody used it"
		m.Text = "This token was not used for longer than this server allows. Make a new one where you need it.\n"
	default:
		m.Subject, m.Text = "Jeton: your token "+name+": "+string(e.Why), "Something has happened to this token.\n"
	}
	m.Text += "\nToken: " + t.ID + " (" + name + ")\n"
	s.notices.Send(m)
}

// keyAdded tells somebody that a program has added an SSH key to their account: a key has no end, and opens all of git.
func (s *Store) keyAdded(k sshkey.Entry, by audit.Actor) {
	from := "an address that is not known"
	if by.Remote.IsValid() {
		from = by.Remote.String()
	}
	s.notices.Send(notice.Message{Kind: "key.added", UserID: k.UserID, Subject: "Jeton: an SSH key was added to your account: «" + k.Label + "»",
		Text: "An SSH key was added to your account through the API, by " + wire.Escape(by.Name) + " with " + by.Credential + ", from " + from + ".\n\n" +
			"If that was not you, remove the key and revoke that token at once.\n\nKey: " + k.Fingerprint + " («" + k.Label + "»)\n",
		Fields: map[string]string{"key_id": k.ID, "label": k.Label, "fingerprint": k.Fingerprint, "by": by.Name, "credential": by.Credential}})
}

// when is a moment as people read it.
func when(t time.Time) string { return t.UTC().Format("2006-01-02 15:04 MST") }
