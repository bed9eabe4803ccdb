package web

import (
	"html/template"
	"net/http"
	"net/url"
	"strings"
)

// goPage tells the go command where the repository of an import path is (`go help importpath`, "Remote import paths").
var goPage = template.Must(template.New("go-import").Parse(`<!DOCTYPE html>
<html>
<head>
<meta charset="utf-8">
<meta name="go-import" content="{{.Root}} git {{.URL}}">
<title>{{.Root}}</title>
</head>
<body>
<p>go get {{.Root}}</p>
</body>
</html>
`))

// forGo tells whether the go command asks where the repository of an import path is. It may ask at every address below a
// repository, also where a folder of packages is called as one of our words.
func forGo(r *http.Request, _ address) bool {
	return (r.Method == http.MethodGet || r.Method == http.MethodHead) && strings.Contains(r.URL.RawQuery, "go-get=1") && r.URL.Query().Get("go-get") == "1"
}

// goImport answers the go command. Where a repository ends and its folders begin is seen by what the client may read; the
// root is what it has asked for, so that it fits its import path, in the server's own address: never in the Host header.
func (t *router) goImport(w http.ResponseWriter, r *http.Request, a address) {
	asked, ok := t.o.Gate.PassBelow(w, r, a.repo)
	if !ok {
		return
	}
	at := url.URL{Scheme: t.o.URL.Scheme, Host: t.o.URL.Host, Path: t.base + "/" + asked}
	h := w.Header()
	h.Set("Content-Type", "text/html; charset=utf-8")
	h.Set("X-Content-Type-Options", "nosniff")
	h.Set("Content-Security-Policy", "default-src 'none'")
	h.Set("Cache-Control", "no-store")
	// A client that has gone away needs no page.
	_ = goPage.Execute(w, struct{ Root, URL string }{at.Host + at.Path, at.String()})
}
