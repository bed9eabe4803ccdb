package web

import (
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strings"
)

// Origins are the origins whose pages may speak git to this server (Fetch standard, "CORS protocol"), as isomorphic-git
// does in a browser. A page sends the credential that it was given in a header; cookies are never taken from it.
type Origins struct {
	all  bool
	list []string
}

// ParseOrigins reads origins as browsers write them, such as https://app.example.com:8443; * is all of them.
func ParseOrigins(list []string) (Origins, error) {
	var o Origins
	for _, s := range list {
		if s == "*" {
			o.all = true
			continue
		}
		u, err := url.Parse(s)
		if err != nil || u.Host == "" || strings.Contains(s, "*") || s != u.Scheme+"://"+u.Host || strings.ToLower(s) != s {
			return o, fmt.Errorf("%q is neither an origin such as https://app.example.com nor *", s)
		}
		o.list = append(o.list, s)
	}
	return o, nil
}

// mark tells a browser what the page that asks may read. The header is there also where no page asks: a cache must not
// give one page's answer to another.
func (o Origins) mark(w http.ResponseWriter, r *http.Request) {
	if !o.all && len(o.list) == 0 {
		return
	}
	origin := r.Header.Get("Origin")
	h := w.Header()
	switch {
	case o.all:
		h.Set("Access-Control-Allow-Origin", "*")
	case slices.Contains(o.list, origin):
		h.Add("Vary", "Origin")
		h.Set("Access-Control-Allow-Origin", origin)
	default:
		h.Add("Vary", "Origin")
		return
	}
	h.Set("Access-Control-Expose-Headers", "Content-Type, Jeton-Token-Expiry, Retry-After, WWW-Authenticate, X-Request-Id")
}

// options answers OPTIONS of git's addresses, without a credential, which no browser sends with the question whether it
// may send one.
func (t *router) options(w http.ResponseWriter, r *http.Request, a address) {
	methods := strings.Join(a.route.Methods, ", ")
	h := w.Header()
	h.Set("Allow", methods)
	if h.Get("Access-Control-Allow-Origin") != "" && r.Header.Get("Access-Control-Request-Method") != "" {
		h.Set("Access-Control-Allow-Methods", methods)
		h.Set("Access-Control-Allow-Headers", "Accept, Authorization, Content-Encoding, Content-Type, Git-Protocol")
		h.Set("Access-Control-Max-Age", "3600")
	}
	w.WriteHeader(http.StatusNoContent)
}

// spoken tells whether an address below a repository is one of those at which git is spoken.
func spoken(rest string) bool {
	switch rest {
	case "info/refs", "git-upload-pack", "git-receive-pack", "git-upload-archive":
		return true
	}
	return false
}
