package integration

import (
	"encoding/base64"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// places are all ways in which a token can come, good and bad.
var places = map[string]func(r *http.Request, user, secret string){
	"auth_token": func(r *http.Request, _, secret string) { query(r, "auth_token", secret) },
	"api_key":    func(r *http.Request, _, secret string) { query(r, "api_key", secret) },
	"twice": func(r *http.Request, user, secret string) {
		query(r, "auth_token", secret)
		r.SetBasicAuth(user, secret)
	},
	"X-Auth-Token":  func(r *http.Request, _, secret string) { r.Header.Set("X-Auth-Token", secret) },
	"Bearer":        func(r *http.Request, _, secret string) { r.Header.Set("Authorization", "Bearer "+secret) },
	"Basic":         func(r *http.Request, user, secret string) { r.SetBasicAuth(user, secret) },
	"user name":     func(r *http.Request, _, secret string) { r.SetBasicAuth(secret, "x-oauth-basic") },
	"in the path":   func(r *http.Request, _, secret string) { r.URL.Path += "/" + secret },
	"another query": func(r *http.Request, _, secret string) { query(r, "branch", secret) },
	"bad query":     func(r *http.Request, _, secret string) { r.URL.RawQuery = "auth_token=" + secret + ";x" },
	"Referer": func(r *http.Request, _, secret string) {
		r.Header.Set("Referer", "https://x.example/?auth_token="+secret)
	},
}

func query(r *http.Request, name, value string) {
	q := r.URL.Query()
	q.Set(name, value)
	r.URL.RawQuery = q.Encode()
}

// TestTokensShowNowhere sends tokens of each kind to all doors, in all places, and then looks for their texts in all that
// was answered, in the log, in the audit record, and in the data folder.
func TestTokensShowNowhere(t *testing.T) {
	a := newAsker(t)
	a.jeton(t, "repo", "rename", "ada/app", "ada/renamed") // so that the addresses below are old ones
	var answers strings.Builder
	for _, target := range []string{"/ada/app/archive/main.zip", "/ada/app/raw/main/a.txt", "/ada/app/changeset-diff/main", "/ada/app/changeset-patch/main", "/ada/app/compare/main...main.diff",
		"/ada/open/raw/none/x", "/ada/none/raw/main/x", "/ada/app/files/main", "/ada/app", "/ada/app/feed/rss", "/ada/app/feed-atom", "/ada/open/feed/json", "/ada/app//raw/main/x", "/_admin/journal/rss",
		"/_admin/public_journal/atom", "/_admin/token", "/_admin/none", "/ada/app/info/refs?service=git-upload-pack", "/ada/app?go-get=1", "/ada/app.git/info/lfs/x", "/ada/app?cmd=heads"} {
		for place, put := range places {
			for _, column := range []string{"api", "feed", "vcs", "web"} {
				c := a.secrets[column]
				status, text, h := a.send(t, http.MethodGet, target, "", func(r *http.Request) { put(r, c[0], c[1]) })
				if h.Get("Location") != "" || status >= 300 && status < 400 {
					t.Errorf("%s, %s %s: %d, sent on to %q", target, column, place, status, h.Get("Location"))
				}
				answers.WriteString(text)
				_ = h.Write(&answers)
			}
		}
	}
	if status, _, h := a.send(t, http.MethodGet, "/ada/app/raw/main/a.txt?auth_token="+a.secrets["web"][1], "", nil); status != 200 || h.Get("Referrer-Policy") != "no-referrer" || !strings.Contains(h.Get("Cache-Control"), "private") {
		t.Errorf("an old path is answered %d with %v, want it in place and private", status, h)
	}
	a.shows(t, "an answer", answers.String())
	a.shows(t, "the audit record", a.jeton(t, "audit", "log", "--limit", "1000", "--json"))
	a.stop(t)
	if log := a.log.String(); !strings.Contains(log, "auth_token=jet_web_"+a.secrets["web"][1][8:12]+"…") {
		t.Errorf("the log does not show a token's hint: was anything logged at all?\n%s", tail(log))
	} else {
		a.shows(t, "the log", log)
	}
	files, err := filepath.Glob(filepath.Join(a.data, "*"))
	if err != nil || len(files) == 0 {
		t.Fatalf("the data folder is empty: %v", err)
	}
	for _, f := range files {
		if content, err := os.ReadFile(f); err == nil { // a folder is none
			a.shows(t, f, string(content))
		}
	}
}

// shows looks for every secret in a text, as it is and as it is encoded on the way.
func (a asker) shows(t *testing.T, where, text string) {
	t.Helper()
	for column, c := range a.secrets {
		if c[1] == "" || column == "password" {
			continue
		}
		for what, form := range map[string]string{"its text": c[1], "a part of it": c[1][14:40], "Basic": base64.StdEncoding.EncodeToString([]byte(c[0] + ":" + c[1])),
			"base64": base64.StdEncoding.EncodeToString([]byte(c[1]))[:40], "an address": url.QueryEscape("=" + c[1])} {
			if at := strings.Index(text, form); at >= 0 {
				t.Errorf("%s shows %s of the %s token: …%.120q…", where, what, column, text[max(0, at-60):min(len(text), at+60)])
			}
		}
	}
}
