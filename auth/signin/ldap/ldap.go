// Package ldap is the sign-in plug-in that asks an LDAP directory (RFC 4511): OpenLDAP, Active Directory, FreeIPA.
//
//	user name, password ──► bind as the service ──► find the entry ──► in the group? ──► bind as the entry ──► attributes
//
// The entry is found first and then bound as, so that people type a name and not a DN. What is typed gets into the filter
// escaped (RFC 4515), an empty password never reaches a directory (RFC 4513 section 5.1.2 would take it for no
// credential and say yes), and no referral is followed. A name that is not found costs a bind too.
//
// The package makes no person and knows no door. It wraps github.com/go-ldap, which nothing else names.
package ldap

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync/atomic"
	"time"
	"unicode"
	"unicode/utf8"

	"jeton/auth/signin"
	"jeton/vcs/name"
)

const (
	// maxLogin and maxSecret bound what somebody types, in bytes.
	maxLogin, maxSecret = 320, 1024
	// maxWaiting bounds who waits for a connection to the directory.
	maxWaiting = 64
)

// Plugin is the plug-in. It is safe for concurrent use.
type Plugin struct {
	memory *signin.Memory
	// config is what is in force; nil until the plug-in is configured.
	config  atomic.Pointer[config]
	waiting atomic.Int64
}

// New makes the plug-in, not yet configured.
func New() *Plugin { return &Plugin{memory: signin.NewMemory(nil)} }

// Check reads settings without asking anybody. signin.ErrBadSetting.
func (p *Plugin) Check(s signin.Settings) error {
	_, err := read(s)
	return err
}

// Configure takes settings in force. signin.ErrBadSetting.
func (p *Plugin) Configure(s signin.Settings) error {
	c, err := read(s)
	if err != nil {
		return err
	}
	p.config.Store(c)
	p.memory.Keep(c.remember)
	return nil
}

// Probe reaches every server: it binds as the service, looks for the base and the group, and tries the filter.
func (p *Plugin) Probe(ctx context.Context, s signin.Settings) error {
	c, err := read(s)
	if err != nil {
		return err
	}
	for _, server := range c.servers {
		err := c.at(ctx, server, func(s *session) error { return s.probe() })
		if err != nil {
			return fmt.Errorf("%s: %w", server, err)
		}
	}
	return nil
}

// Remembered answers for a password that was right a short while ago.
func (p *Plugin) Remembered(user, secret string) (signin.Answer, bool) {
	return p.memory.Get(name.Fold(user), secret)
}

// SignIn judges a user name and a password. Its error is signin.ErrBusy, the context's, or why no server could judge.
func (p *Plugin) SignIn(ctx context.Context, user, secret string) (signin.Answer, error) {
	if secret == "" || len(secret) > maxSecret || !typed(user) {
		return signin.Answer{Reason: "no name or password, or none that a directory can have"}, nil
	}
	a, err := p.ask(ctx, func(s *session) (signin.Answer, error) { return s.signIn(user, secret) })
	if err == nil && a.Verdict == signin.Accept {
		p.memory.Add(name.Fold(user), a, secret)
	}
	return a, err
}

// Find tells what the directory knows of a user name, without a password.
func (p *Plugin) Find(ctx context.Context, user string) (signin.Answer, error) {
	if !typed(user) {
		return signin.Answer{Reason: "no name that a directory can have"}, nil
	}
	return p.ask(ctx, func(s *session) (signin.Answer, error) {
		_, a, err := s.find(user)
		return a, err
	})
}

// typed tells whether a name is one that somebody may have typed. Directories pass over some characters and blanks where
// they compare (RFC 4518, sections 2.2 and 2.6.1): who put such in would be another to whatever slows guessers, and the
// same person to the directory.
func typed(user string) bool {
	if user == "" || len(user) > maxLogin || !utf8.ValidString(user) || strings.TrimSpace(user) != user || strings.Contains(user, "  ") {
		return false
	}
	return !strings.ContainsFunc(user, func(r rune) bool { return !unicode.IsPrint(r) || unicode.In(r, passedOver()...) })
}

// passedOver are the characters that print, and that a directory drops.
func passedOver() []*unicode.RangeTable {
	return []*unicode.RangeTable{unicode.Variation_Selector, unicode.Other_Default_Ignorable_Code_Point,
		{R16: []unicode.Range16{{Lo: 0x1806, Hi: 0x1806, Stride: 1}, {Lo: 0xfffc, Hi: 0xfffd, Stride: 1}}}}
}

// ask goes through the servers until one judges.
func (p *Plugin) ask(ctx context.Context, f func(*session) (signin.Answer, error)) (a signin.Answer, err error) {
	c := p.config.Load()
	if c == nil {
		return a, errors.New("ldap is not configured")
	}
	if p.waiting.Add(1) > maxWaiting {
		p.waiting.Add(-1)
		return a, signin.ErrBusy
	}
	err = c.turns.Acquire(ctx, 1)
	p.waiting.Add(-1)
	if err != nil {
		return a, err
	}
	defer c.turns.Release(1)
	var failed error
	for _, server := range c.servers {
		err := c.at(ctx, server, func(s *session) (err error) {
			a, err = f(s)
			return err
		})
		if err == nil || ctx.Err() != nil {
			return a, err
		}
		failed = errors.Join(failed, fmt.Errorf("%s: %w", server, err))
	}
	return signin.Answer{}, failed
}

// Describe declares the settings.
func (p *Plugin) Describe() signin.Description {
	return signin.Description{ID: signin.LDAP, Title: "LDAP directory", Position: 3, Keys: []signin.Key{
		{Name: "url", Kind: signin.Lines, Needed: true, Meaning: "The servers, ldap:// or ldaps://, asked in this order until one answers."},
		{Name: "starttls", Kind: signin.Switch, Default: "true", Meaning: "Speak TLS on ldap:// addresses; without it passwords can be read on the way."},
		{Name: "ca_file", Kind: signin.Text, Meaning: "File with the authorities (PEM) that sign the servers' certificates; empty: the system's."},
		{Name: "bind_dn", Kind: signin.Text, Meaning: "Who looks for entries; empty: nobody (anonymous)."},
		{Name: "bind_password", Kind: signin.Text, Secret: true, Meaning: "The password of bind_dn."},
		{Name: "bind_password_file", Kind: signin.Text, Meaning: "File with that password in its first line, in place of bind_password."},
		{Name: "base_dn", Kind: signin.Text, Needed: true, Meaning: "Below which people are looked for."},
		{Name: "filter", Kind: signin.Text, Default: "(&(objectClass=person)(uid={login}))",
			Meaning: "How an entry is found; {login} is what was typed, escaped. Active Directory: (&(objectClass=user)(sAMAccountName={login}))."},
		{Name: "attr_name", Kind: signin.Text, Default: "uid", Meaning: "Attribute with the user name that a person gets here."},
		{Name: "attr_email", Kind: signin.Text, Default: "mail", Meaning: "Attribute with the e-mail, kept in step at every sign-in."},
		{Name: "attr_full_name", Kind: signin.Text, Default: "cn", Meaning: "Attribute with the name of the person, shown by `jeton auth test`."},
		{Name: "attr_id", Kind: signin.Text, Default: "entryUUID",
			Meaning: "Attribute that never changes, by which a person is known after a rename; Active Directory: objectGUID; dn: the entry's DN, where there is none."},
		{Name: "group", Kind: signin.Text, Meaning: "DN of a group in which people must be; empty: all that are found."},
		{Name: "group_filter", Kind: signin.Text, Default: "(|(member={dn})(uniqueMember={dn})(memberUid={name}))",
			Meaning: "What the group must match; {dn} and {name} are the person's, escaped. Nested groups of Active Directory: (member:1.2.840.113556.1.4.1941:={dn})."},
		{Name: "timeout_seconds", Kind: signin.Number, Default: "5", Min: 1, Max: 60, Meaning: "How long one server may take for one sign-in."},
		{Name: "max_connections", Kind: signin.Number, Default: "8", Min: 1, Max: 256, Meaning: "Sign-ins that are asked at a time."},
		{Name: "remember_seconds", Kind: signin.Number, Default: "60", Min: 0, Max: 86400,
			Meaning: "How long a good password is known without asking again; so much later a change in the directory may be noticed. 0: not at all."},
	}}
}

// seconds is a setting as a time.
func seconds(s signin.Settings, key string) time.Duration {
	return time.Duration(s.Number(key)) * time.Second
}
