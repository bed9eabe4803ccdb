package remote

import (
	"errors"
	"slices"
	"strings"

	"jeton/cmd/jeton/credential"
	"jeton/vcs/wire"
)

// Wanted is what was said of a server on the command line and in the environment; "" where nothing was.
type Wanted struct {
	Instance, Host, Key, CAFile string
	PlainHTTP                   bool
}

// Choose finds the server that is meant, and its token: what was said, then what the file has. A token of the file goes
// to the address that stands with it, and to no other.
func (w Wanted) Choose(f File) (Instance, error) {
	i := Instance{Name: w.Instance}
	if w.Host == "" || w.Key == "" || w.Instance != "" {
		var err error
		if i, err = w.kept(f); err != nil {
			return Instance{}, err
		}
	}
	if w.Host != "" {
		if !same(i.Host, w.Host) { // what was kept for another server does not hold for this one
			i = Instance{Name: i.Name}
		}
		i.Host = w.Host
	}
	if w.Key != "" {
		i.Key = w.Key
	}
	if w.CAFile != "" {
		i.CAFile = w.CAFile
	}
	i.PlainHTTP = i.PlainHTTP || w.PlainHTTP
	var err error
	if i.Host, err = address(i.Host); err != nil {
		return Instance{}, err
	}
	if i.Key == "" {
		return Instance{}, fail(Invalid, "no token is known for %s: set JETON_API_KEY, or keep one with --save-config", i.Host)
	}
	return i, nil
}

// The variables of the environment that say where, and with which token.
const (
	hostVariable = "JETON_API_HOST"
	keyVariable  = "JETON_API_KEY"
)

// Environment fills in what the environment says and nobody else has. A server that was named is used as it is kept; and
// a token that stands beside an address goes to no other. keeping is for what is to be written into the file.
func (w *Wanted) Environment(get func(string) string, keeping bool) {
	if w.Instance != "" && !keeping {
		return
	}
	host := get(hostVariable)
	if w.Host == "" {
		w.Host = host
	}
	if w.Key == "" && (host == "" || same(host, w.Host)) {
		w.Key = get(keyVariable)
	}
}

// Kept is what was said, as it goes into the file of servers.
func (w Wanted) Kept() (Instance, error) {
	at, err := address(w.Host)
	if w.Host == "" || w.Key == "" || w.Instance == "" {
		return Instance{}, errNotWhole
	}
	return Instance{w.Instance, at, w.Key, w.CAFile, w.PlainHTTP}, err
}

var errNotWhole = fail(Invalid, "to keep a server takes its name, its address and a token: --instance-name, --apihost, and --apikey or JETON_API_KEY")

// kept is the server of the file that is meant; the zero value where none has to be.
func (w Wanted) kept(f File) (Instance, error) {
	all, err := f.Read()
	if err != nil {
		return Instance{}, err
	}
	fits := slices.DeleteFunc(slices.Clone(all), func(i Instance) bool {
		return w.Instance != "" && i.Name != w.Instance || w.Instance == "" && w.Host != "" && !same(i.Host, w.Host)
	})
	switch {
	case len(fits) == 1 && w.Host != "" && w.Key == "" && !same(fits[0].Host, w.Host):
		return Instance{}, fail(Refused, "the token of [instance:%s] is for %s, and is not sent to %s: say which token with --apikey or JETON_API_KEY",
			wire.Escape(fits[0].Name), wire.Escape(fits[0].Host), wire.Escape(w.Host))
	case len(fits) == 1:
		return fits[0], nil
	case len(fits) > 1:
		return Instance{}, fail(Invalid, "%s has several servers that may be meant: say --instance-name %s", f.Path, names(fits, " or "))
	case w.Host != "": // it needs no place in the file, where there is a token for it
		return Instance{Name: w.Instance}, nil
	case w.Instance != "" && len(all) > 0:
		return Instance{}, fail(NotFound, "%s has no [instance:%s]; it has %s", f.Path, wire.Escape(w.Instance), names(all, ", "))
	}
	return Instance{}, fail(Invalid, "no server is known, because %s has none: keep one with --save-config, or say --apihost and set JETON_API_KEY", f.Path)
}

func names(list []Instance, between string) string {
	var all []string
	for _, i := range list {
		all = append(all, wire.Escape(i.Name))
	}
	return strings.Join(all, between)
}

// address is a server's address in one form. People write down that of the API as well, and RhodeCode's documentation
// both /_admin and /_admin/api.
func address(host string) (string, error) {
	host = strings.TrimRight(host, "/")
	if at, ok := strings.CutSuffix(host, "/_admin/api"); ok {
		host = at
	}
	host = strings.TrimSuffix(host, "/_admin")
	at, err := credential.ParseServer(host)
	if err != nil {
		return "", fail(Invalid, "the server's address: %v", err)
	}
	return at, nil
}

// same tells whether two addresses are one server's.
func same(a, b string) bool {
	one, err := address(a)
	other, err2 := address(b)
	return errors.Join(err, err2) == nil && one == other
}
