package remote

import (
	"errors"
	"net"
	"net/url"
	"strconv"
	"strings"
)

// Address is where another repository lies. Its credentials are part of it: String is for those who keep it sealed, Masked
// for everybody else. The zero value is nowhere.
type Address struct{ u url.URL }

// What is wrong with an address, for whoever wrote it. None repeats the address, which may hold a password.
var (
	errScheme  = errors.New("the address of a remote must begin with https://, http://, ssh:// or git://")
	errForm    = errors.New("the address of a remote is not well formed; it looks like https://user:password@host:port/path")
	errLong    = errors.New("the address of a remote is longer than 2048 bytes")
	errQuery   = errors.New("the address of a remote can have neither a query (?) nor a fragment (#)")
	errPath    = errors.New("the address of a remote names no repository on the other server")
	errControl = errors.New("the address of a remote holds a control character")
	errSignIn  = errors.New("nobody can sign in over git://; leave user and password out, or use https://")
	errNobody  = errors.New("an address that begins with ssh:// must name a user, as in ssh://git@host/path")
)

// maxAddress is how long an address may be, in bytes.
const maxAddress = 2048

// ports are the schemes that are spoken, and their usual ports.
func port(scheme string) (int, bool) {
	switch scheme {
	case "http":
		return 80, true
	case "https":
		return 443, true
	case "ssh":
		return 22, true
	case "git":
		return 9418, true
	}
	return 0, false
}

// Parse reads the address of a remote. There are no others than those with a scheme: what git reads as a path (/srv/x), as a
// host and a path (host:x) or as a command (ext::x) is none.
func Parse(text string) (Address, error) {
	text = strings.TrimSpace(text)
	scheme, _, ok := strings.Cut(text, "://")
	scheme = strings.ToLower(scheme)
	if _, known := port(scheme); !ok || !known {
		return Address{}, errScheme
	}
	if len(text) > maxAddress {
		return Address{}, errLong
	}
	u, err := url.Parse(text)
	if err != nil || u.Opaque != "" || u.Hostname() == "" {
		return Address{}, errForm
	}
	u.Scheme = scheme
	return Address{*u}, check(u)
}

// check looks at the parts of an address, as they are once they were decoded.
func check(u *url.URL) error {
	password, signs := u.User.Password()
	for _, part := range []string{u.Host, u.Path, u.User.Username(), password} {
		if strings.ContainsFunc(part, func(r rune) bool { return r < ' ' || r == 0x7f }) {
			return errControl
		}
	}
	if p := u.Port(); p != "" {
		if n, err := strconv.ParseUint(p, 10, 16); err != nil || n == 0 {
			return errForm
		}
	}
	switch {
	case strings.HasPrefix(u.Host, "-"), strings.ContainsAny(u.Host, "%\\ \"<>^`{|}"), strings.HasSuffix(u.Host, ":"):
		return errForm
	case u.RawQuery != "" || u.ForceQuery || u.Fragment != "" || strings.HasSuffix(u.String(), "#"):
		return errQuery
	case strings.Trim(u.Path, "/") == "":
		return errPath
	case u.Scheme == "git" && (signs || u.User != nil):
		return errSignIn
	case u.Scheme == "ssh" && u.User.Username() == "":
		return errNobody
	}
	return nil
}

// IsZero tells whether it is nowhere.
func (a Address) IsZero() bool { return a.u.Host == "" }

// Scheme is http, https, ssh or git.
func (a Address) Scheme() string { return a.u.Scheme }

// HostPort is the server as it is dialled, its usual port filled in.
func (a Address) HostPort() string {
	p := a.u.Port()
	if p == "" {
		usual, _ := port(a.u.Scheme)
		p = strconv.Itoa(usual)
	}
	return net.JoinHostPort(a.u.Hostname(), p)
}

// String is the whole address, credentials included.
func (a Address) String() string { return a.u.String() }

// Masked is the address for people: a password is ***** (as RhodeCode shows it), and so is a user name that stands alone over
// HTTP, since tokens are written so.
func (a Address) Masked() string {
	if a.u.User == nil {
		return a.u.String()
	}
	u, mask := a.u, ""
	switch _, signs := u.User.Password(); {
	case signs:
		mask = url.User(u.User.Username()).String() + ":*****@"
	case u.Scheme == "http" || u.Scheme == "https":
		mask = "*****@"
	default:
		return u.String()
	}
	u.User = nil
	return u.Scheme + "://" + mask + strings.TrimPrefix(u.String(), u.Scheme+"://")
}

// signIn is the user name and password; "" where there is none.
func (a Address) signIn() (user, password string) {
	password, _ = a.u.User.Password()
	return a.u.User.Username(), password
}
