// Package headers is the sign-in plug-in that takes a proxy's word for who has come: the proxy has signed somebody in (by
// Kerberos, say, or by a company's single sign-on) and writes the user name into a header of the request that it passes on.
//
// Only the word of a proxy in server.trusted_proxies counts, by the address of the connection itself. From anybody else
// such headers are passed over as if they were not there: whoever can connect could write them.
package headers

import (
	"context"
	"net/http"
	"net/netip"
	"regexp"
	"strings"
	"sync/atomic"
	"unicode/utf8"

	"jeton/auth/signin"
)

// maxValue bounds what a header may hold, in bytes.
const maxValue = 320

// field is a name of a header as proxies pass them on; underscores are dropped by many.
var field = regexp.MustCompile(`^[A-Za-z0-9-]{1,100}$`)

// Plugin is the plug-in. It is safe for concurrent use.
type Plugin struct {
	proxies []netip.Prefix
	// settings are those in force, complete; nil until the plug-in is configured.
	settings atomic.Pointer[signin.Settings]
}

// New makes the plug-in; proxies are the networks of server.trusted_proxies.
func New(proxies []netip.Prefix) *Plugin { return &Plugin{proxies: proxies} }

// Describe declares the settings.
func (p *Plugin) Describe() signin.Description {
	return signin.Description{ID: signin.Headers, Title: "Header of a trusted proxy", Position: 4, Keys: []signin.Key{
		{Name: "header", Kind: signin.Text, Default: "X-Forwarded-User", Meaning: "Header with the user name; the proxy must overwrite or drop what its clients send in it."},
		{Name: "header_email", Kind: signin.Text, Meaning: "Header with the e-mail, kept in step; empty: none."},
		{Name: "strip_domain", Kind: signin.Switch, Default: "false", Meaning: "Cut the name at its first @ or behind its first backslash: ada@EXAMPLE.COM and EXAMPLE\\ada are ada."},
		{Name: "create", Kind: signin.Switch, Default: "true", Meaning: "Make the person at the first request; false: take those alone who have come before or were linked."},
		{Name: "git", Kind: signin.Switch, Default: "false", Meaning: "Take the header for git over HTTP too, where a request brings no credential of its own."},
	}}
}

// SignIn knows no password.
func (p *Plugin) SignIn(context.Context, string, string) (signin.Answer, error) {
	return signin.Answer{Reason: "headers knows no passwords"}, nil
}

// Check looks at the names of headers.
func (p *Plugin) Check(s signin.Settings) error {
	for _, key := range []string{"header", "header_email"} {
		value := s[key]
		if key == "header_email" && value == "" {
			continue
		}
		if !field.MatchString(value) || reserved(value) {
			return badHeader(key, value)
		}
	}
	return nil
}

// reserved tells whether a header means something else, so that clients may send it.
func reserved(header string) bool {
	switch http.CanonicalHeaderKey(header) {
	case "Authorization", "Cookie", "Host", "X-Forwarded-For", "X-Forwarded-Host", "X-Forwarded-Proto", "X-Real-Ip", "Forwarded", "User-Agent", "X-Auth-Token":
		return true
	}
	return false
}

// Probe wants a proxy that could be trusted: without one no header would ever be taken.
func (p *Plugin) Probe(context.Context, signin.Settings) error {
	if len(p.proxies) == 0 {
		return errNoProxies
	}
	return nil
}

// Configure takes settings in force. signin.ErrBadSetting.
func (p *Plugin) Configure(s signin.Settings) error {
	if err := p.Check(s); err != nil {
		return err
	}
	p.settings.Store(&s)
	return nil
}

// Listens tells whether the header would be taken for a request.
func (p *Plugin) Listens(git bool) bool { return listens(p.settings.Load(), git) }

func listens(set *signin.Settings, git bool) bool { return set != nil && (!git || set.On("git")) }

// Vouch reads what a trusted proxy says.
func (p *Plugin) Vouch(c signin.Claim) signin.Answer {
	set := p.settings.Load()
	if !p.trusted(c.Peer) || !listens(set, c.Git) {
		return signin.Answer{}
	}
	user, given, ok := one(c.Header, (*set)["header"])
	if !given {
		return signin.Answer{}
	}
	email, _, okEmail := one(c.Header, (*set)["header_email"])
	if set.On("strip_domain") {
		user = bare(user)
	}
	if !ok || !okEmail || user == "" {
		return signin.Answer{Verdict: signin.Refuse, Reason: "the header came twice, or holds what no name can be"}
	}
	return signin.Answer{Verdict: signin.Accept, Person: signin.Attributes{Subject: subject(user), Name: user, Email: email, KnownOnly: !set.On("create")}}
}

// one is the value of a header; given tells that it came and is not empty, ok that it came once and can be a name.
func one(h http.Header, name string) (value string, given, ok bool) {
	values := h.Values(name)
	if name == "" || len(values) == 0 {
		return "", false, true
	}
	value = values[0]
	given = len(values) > 1 || value != ""
	ok = len(values) == 1 && len(value) <= maxValue && utf8.ValidString(value) && !strings.Contains(value, ",")
	return value, given, ok
}

// bare is a name without the domain of an e-mail, a Kerberos principal or Windows.
func bare(user string) string {
	if _, after, ok := strings.Cut(user, `\`); ok {
		user = after
	}
	user, _, _ = strings.Cut(user, "@")
	return user
}

func (p *Plugin) trusted(a netip.Addr) bool {
	a = a.Unmap()
	for _, n := range p.proxies {
		if n.Contains(a) {
			return true
		}
	}
	return false
}
