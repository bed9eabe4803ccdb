package web

import (
	"io"
	"strings"
	"testing"
)

func TestTheGoCommandIsToldWhereARepositoryIs(t *testing.T) {
	for _, c := range []struct {
		base, target string
		content      string // of the meta tag; "" is none, refused as git is
	}{
		{"", "/ada/app?go-get=1", "code.example.com/ada/app git http://code.example.com/ada/app"},
		{"", "/ada/app/sub/pkg?go-get=1", "code.example.com/ada/app git http://code.example.com/ada/app"},
		{"", "/ada/app/archive/tip?go-get=1", "code.example.com/ada/app git http://code.example.com/ada/app"},
		{"", "/ada/app/info?x=y&go-get=1", "code.example.com/ada/app git http://code.example.com/ada/app"},
		{"/git", "/git/ada/app/v2?go-get=1", "code.example.com/git/ada/app git http://code.example.com/git/ada/app"},
		{"", "/ada/%D0%B6/x?go-get=1", "code.example.com/ada/ж git http://code.example.com/ada/%D0%B6"},
		{"", "/ada/none?go-get=1", ""},
		{"", "/ada/secret?go-get=1", ""},
	} {
		h := newRouter(t, c.base, io.Discard)
		w := ask(h, "GET", c.target, "Host", "evil.example")
		tag := `<meta name="go-import" content="` + c.content + `">`
		if c.content == "" {
			if w.Code != 401 || strings.Contains(w.Body.String(), "go-import") {
				t.Errorf("%s answered %d %s", c.target, w.Code, w.Body)
			}
			continue
		}
		if w.Code != 200 || !strings.Contains(w.Body.String(), tag) || !strings.HasPrefix(w.Header().Get("Content-Type"), "text/html") {
			t.Errorf("%s answered %d %s, want the tag %s", c.target, w.Code, w.Body, tag)
		}
	}
}

func TestOnlyTheGoCommandsQuestionIsAnsweredSo(t *testing.T) {
	h := newRouter(t, "", io.Discard)
	for _, c := range []struct {
		method, target string
		status         int
	}{
		{"GET", "/ada/app?go-get=0", 404}, {"GET", "/ada/app?x=go-get=1", 404}, {"GET", "/?go-get=1", 200},
		{"POST", "/ada/app/git-upload-pack?go-get=1", 200}, {"GET", "/_admin/token?go-get=1", 200}, {"GET", "/_admin/none?go-get=1", 404},
	} {
		if w := ask(h, c.method, c.target); w.Code != c.status || strings.Contains(w.Body.String(), "go-import") {
			t.Errorf("%s %s answered %d %s, want %d", c.method, c.target, w.Code, w.Body, c.status)
		}
	}
}
