package integration

import (
	"fmt"
	"io"
	"net/http"
	"strings"
	"testing"

	"jeton/auth/gate"
	"jeton/web"
)

// credentials are who asks in the matrix, in its columns' order. All are presented by HTTP Basic.
var doorColumns = []string{"none", "password", "api", "feed", "vcs", "web", "deploy-vcs", "deploy-feed", "deploy-web", "service-feed", "service-vcs", "service-web"}

// matrix is what each column is answered at each door, for a private repository, a public one, and one that is not there.
// "in" is let in; else the status, and after a blank what the sentence says. A deploy token belongs to the private one.
var matrix = map[string]map[string][3]string{
	"git": {
		"none":         {"401 Sign in", "in", "401 Sign in"},
		"password":     {"in", "in", "404 no such repository"},
		"api":          {"401 needs a vcs token", "401 needs a vcs token", "401 needs a vcs token"},
		"feed":         {"401 needs a vcs token", "401 needs a vcs token", "401 needs a vcs token"},
		"vcs":          {"in", "in", "404 no such repository"},
		"web":          {"401 needs a vcs token", "401 needs a vcs token", "401 needs a vcs token"},
		"deploy-vcs":   {"in", "404 no such repository", "404 no such repository"},
		"deploy-feed":  {"401 needs a vcs token", "401 needs a vcs token", "401 needs a vcs token"},
		"deploy-web":   {"401 needs a vcs token", "401 needs a vcs token", "401 needs a vcs token"},
		"service-feed": {"401 needs a vcs token", "401 needs a vcs token", "401 needs a vcs token"},
		"service-vcs":  {"in", "in", "404 no such repository"},
		"service-web":  {"401 needs a vcs token", "401 needs a vcs token", "401 needs a vcs token"},
	},
	"view": {
		"none":         {"404 no such repository", "in", "404 no such repository"},
		"password":     {"401 Wrong", "401 Wrong", "401 Wrong"},
		"api":          {"401 needs a web token", "401 needs a web token", "401 needs a web token"},
		"feed":         {"401 needs a web token", "401 needs a web token", "401 needs a web token"},
		"vcs":          {"401 needs a web token", "401 needs a web token", "401 needs a web token"},
		"web":          {"in", "in", "404 no such repository"},
		"deploy-vcs":   {"401 needs a web token", "401 needs a web token", "401 needs a web token"},
		"deploy-feed":  {"401 needs a web token", "401 needs a web token", "401 needs a web token"},
		"deploy-web":   {"in", "404 no such repository", "404 no such repository"},
		"service-feed": {"401 needs a web token", "401 needs a web token", "401 needs a web token"},
		"service-vcs":  {"401 needs a web token", "401 needs a web token", "401 needs a web token"},
		"service-web":  {"in", "in", "404 no such repository"},
	},
	"view off": { // as above, but where a web token would be let in or told that there is nothing
		"none":        {"404 no such repository", "in", "404 no such repository"},
		"vcs":         {"401 needs a web token", "401 needs a web token", "401 needs a web token"},
		"web":         {"403 setting web.token_views", "403 setting web.token_views", "403 setting web.token_views"},
		"deploy-web":  {"403 setting web.token_views", "403 setting web.token_views", "403 setting web.token_views"},
		"service-web": {"403 setting web.token_views", "403 setting web.token_views", "403 setting web.token_views"},
	},
	"feed": {
		"none":         {"404 no such repository", "in", "404 no such repository"},
		"password":     {"401 Wrong", "401 Wrong", "401 Wrong"},
		"api":          {"401 needs a feed token", "401 needs a feed token", "401 needs a feed token"},
		"feed":         {"in", "in", "404 no such repository"},
		"vcs":          {"401 needs a feed token", "401 needs a feed token", "401 needs a feed token"},
		"web":          {"401 needs a feed token", "401 needs a feed token", "401 needs a feed token"},
		"deploy-vcs":   {"401 needs a feed token", "401 needs a feed token", "401 needs a feed token"},
		"deploy-feed":  {"in", "404 no such repository", "404 no such repository"},
		"deploy-web":   {"401 needs a feed token", "401 needs a feed token", "401 needs a feed token"},
		"service-feed": {"in", "in", "404 no such repository"},
		"service-vcs":  {"401 needs a feed token", "401 needs a feed token", "401 needs a feed token"},
		"service-web":  {"401 needs a feed token", "401 needs a feed token", "401 needs a feed token"},
	},
	"journal": { // it is somebody's own, and no repository's
		"none": {"401 Sign in"}, "password": {"401 Wrong"}, "api": {"401 needs a feed token"}, "feed": {"in"}, "vcs": {"401 needs a feed token"}, "web": {"401 needs a feed token"},
		"deploy-vcs": {"401 needs a feed token"}, "deploy-feed": {"404"}, "deploy-web": {"401 needs a feed token"},
		"service-feed": {"in"}, "service-vcs": {"401 needs a feed token"}, "service-web": {"401 needs a feed token"},
	},
	"public-journal": {
		"none": {"in"}, "password": {"401 Wrong"}, "api": {"401 needs a feed token"}, "feed": {"in"}, "vcs": {"401 needs a feed token"}, "web": {"401 needs a feed token"},
		"deploy-vcs": {"401 needs a feed token"}, "deploy-feed": {"in"}, "deploy-web": {"401 needs a feed token"},
		"service-feed": {"in"}, "service-vcs": {"401 needs a feed token"}, "service-web": {"401 needs a feed token"},
	},
	"self": {
		"none": {"401"}, "password": {"401"}, "api": {"in"}, "feed": {"in"}, "vcs": {"in"}, "web": {"in"},
		"deploy-vcs": {"in"}, "deploy-feed": {"in"}, "deploy-web": {"in"}, "service-feed": {"in"}, "service-vcs": {"in"}, "service-web": {"in"},
	},
	"push": { // at git's door, where more than reading is asked for: a reader is told so in git's own words
		"none":        {"401 Sign in", "401 Sign in", "401 Sign in"},
		"vcs":         {"in", "in", "in"}, // a free path below the own name may be pushed to
		"service-vcs": {"403 may read", "403 may read", "404 no such repository"},
		"deploy-vcs":  {"403 may only read", "404 no such repository", "404 no such repository"},
		"password":    {"in", "in", "in"},
	},
}

// asker is a server with ada's repositories, and everybody's credentials.
type asker struct {
	*server
	secrets map[string][2]string // user name and secret, by column
}

func newAsker(t *testing.T, env ...string) asker {
	t.Helper()
	a := asker{start(t, append(env, "JETON_SERVER_WRONG_PASSWORDS=0", "JETON_AUTH_SLOW_AFTER=0", "JETON_LOG_LEVEL=debug")...), map[string][2]string{"none": {}}}
	a.withInput(t, "correct horse\n", "user", "create", "ada", "--password-stdin")
	a.jeton(t, "user", "create", "robot", "--service")
	a.secrets["password"] = [2]string{"ada", "correct horse"}
	work := t.TempDir()
	git(t, "", "init", "-q", "-b", "main", work)
	commit(t, work, "a.txt", "one\n")
	commit(t, work, "sub/b.txt", "two\n")
	a.jeton(t, "repo", "create", "ada/open", "--owner", "ada", "--public")
	a.jeton(t, "repo", "create", "ada/app", "--owner", "ada")
	a.jeton(t, "repo", "grant", "ada/app", "robot", "read")
	for _, kind := range []string{"api", "feed", "vcs", "web"} {
		_, own := a.token(t, "--user", "ada", "--kind", kind)
		a.secrets[kind] = [2]string{"ada", own}
		if kind != "api" {
			_, deploy := a.token(t, "--deploy-repo", "ada/app", "--kind", kind, "--access", "read")
			_, service := a.token(t, "--user", "robot", "--kind", kind)
			a.secrets["deploy-"+kind], a.secrets["service-"+kind] = [2]string{"token", deploy}, [2]string{"robot", service}
		}
	}
	for _, repo := range []string{"ada/open", "ada/app"} {
		git(t, work, "push", "-q", a.http(repo, "ada", a.secrets["vcs"][1]), "main")
	}
	a.jeton(t, "views", "set", "*", "!compare")
	return a
}

// send makes a request with a column's credential.
func (a asker) send(t *testing.T, method, target, body string, change func(*http.Request)) (status int, text string, h http.Header) {
	t.Helper()
	r, err := http.NewRequest(method, a.URL+target, strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	if change != nil {
		change(r)
	}
	client := http.Client{CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
	answer, err := client.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	defer answer.Body.Close()
	all, err := io.ReadAll(answer.Body)
	if err != nil {
		t.Fatalf("%s %s: %v", method, target, err)
	}
	return answer.StatusCode, string(all), answer.Header
}

// rowOf is the matrix's row for a route.
func rowOf(r web.Route) string {
	switch {
	case r.Name == "push", r.Name == "journal", r.Name == "public-journal":
		return r.Name
	case r.View == "compare":
		return "view off"
	}
	return string(r.Door)
}

// example is an address of a route that something is behind, and how it is asked.
func example(r web.Route, word, repo string) (method, target, body string) {
	behind := map[string]string{"archive": "main.zip", "diff": "main", "file-diff": "a.txt?diff1=main&diff2=main", "patch": "main", "diff-download": "main", "raw": "main/a.txt",
		"raw-download": "main/a.txt", "compare": "main...main.diff", "commit-page": "main", "files-page": "main/a.txt", "feed": "rss", "journal": "atom", "public-journal": "json", "go-import": "?go-get=1", "other-systems": "?cmd=capabilities"}[r.Name]
	method, target = http.MethodGet, strings.Replace(string(r.At), "{repo}", repo, 1)+strings.TrimSuffix("/"+strings.ReplaceAll(word, "…", behind), "/")
	switch r.Name {
	case "go-import", "other-systems":
		target = "/" + repo + behind
	case "refs":
		target += "?service=git-upload-pack"
	case "fetch", "git-archive":
		method, body = http.MethodPost, "0000"
	case "push":
		command := strings.Repeat("0", 40) + " " + strings.Repeat("1", 40) + " refs/heads/x\x00report-status"
		method, body = http.MethodPost, fmt.Sprintf("%04x%s0000", len(command)+4, command)
	}
	if strings.HasSuffix(word, "/successor") {
		method = http.MethodPost
	}
	return method, target, body
}

// TestEachDoorIsOpenedByItsOwnKindAlone asks at every address of the router's table with every credential.
func TestEachDoorIsOpenedByItsOwnKindAlone(t *testing.T) {
	t.Run("sqlite", func(t *testing.T) {
		newAsker(t).all(t, func(r web.Route) []string { return r.Words }, "ada/app", "ada/open", "ada/none")
	})
	t.Run("postgres", func(t *testing.T) {
		env, _ := overPostgres(t)
		newAsker(t, env).all(t, func(r web.Route) []string { return r.Words[:1] }, "ada/app")
	})
}

// all asks at every route, at those of its addresses that which picks, in some repositories in the order of the matrix.
func (a asker) all(t *testing.T, which func(web.Route) []string, repos ...string) {
	asked := 0
	for _, r := range web.Routes() {
		for _, word := range which(r) {
			for p, repo := range repos {
				if p > 0 && (r.At != web.Repository || word != r.Words[0]) {
					continue
				}
				a.everybody(t, r, word, repo, p)
				asked++
			}
		}
	}
	if asked < len(web.Routes()) {
		t.Fatalf("asked at %d addresses only: is the table still there?", asked)
	}
}

// everybody asks at one address, with each column's credential.
func (a asker) everybody(t *testing.T, r web.Route, word, repo string, place int) {
	t.Helper()
	if r.Door == gate.API {
		a.atTheAPI(t, r, word)
		return
	}
	method, target, body := example(r, word, repo)
	first := ""
	for _, column := range doorColumns {
		if column == "password" && r.Door == gate.Git && place > 0 && r.Name != "refs" {
			continue // a password takes long to check, and so does not stand at every address
		}
		status, text, h := a.send(t, method, target, body, func(q *http.Request) {
			if c := a.secrets[column]; c[1] != "" {
				q.SetBasicAuth(c[0], c[1])
			}
			if r.At == web.Repository && method == http.MethodPost {
				q.Header.Set("Content-Type", "application/x-"+word+"-request")
			}
		})
		got := fmt.Sprint(status, " ", text)
		if r.Door == "" { // it answers everybody alike
			if first == "" {
				first = got
			} else if got != first {
				t.Errorf("%s %s answers %s with %.200q, and others with %.200q", method, target, column, got, first)
			}
			continue
		}
		row := matrix[rowOf(r)]
		want, ok := row[column]
		switch {
		case !ok && rowOf(r) == "push":
			want = matrix["git"][column]
		case !ok:
			want = matrix["view"][column]
		}
		if problem := judge(want[place], status, text, h, r); problem != "" {
			t.Errorf("%s %s with %s: %s, want %q: %.300q", method, target, column, problem, want[place], got)
		}
	}
}

// atTheAPI calls a method, or its like at an address of its own, with each column's secret as Bearer, since nothing there
// reads Basic: an api token is answered, and everything else opens it as little as none does.
func (a asker) atTheAPI(t *testing.T, r web.Route, word string) {
	t.Helper()
	method, body, said := http.MethodGet, "", "ada/app"
	target := string(r.At) + "/" + word
	switch r.Name {
	case "rest":
		target = "/_admin/rest/repos/ada/app"
	case "statuses":
		target, said = string(r.At)+"/"+strings.TrimSuffix(word, "…")+"ada/app/commits/main/status", `"statuses"`
	default:
		method, body = http.MethodPost, `{"id":1,"method":"get_repo","args":{"repoid":"ada/app"}}`
	}
	for _, column := range doorColumns {
		status, text, _ := a.send(t, method, target, body, func(q *http.Request) {
			if c := a.secrets[column]; c[1] != "" {
				q.Header.Set("Authorization", "Bearer "+c[1])
			}
		})
		in := status == http.StatusOK && strings.Contains(text, said) && !strings.Contains(text, `"result":null`)
		refused := status == http.StatusUnauthorized || status == http.StatusOK && strings.Contains(text, `"result":null`)
		if column == "api" && !in || column != "api" && !refused {
			t.Errorf("%s %s with %s: %d %.300q", method, target, column, status, text)
		}
	}
}

// judge compares an answer with a cell of the matrix.
func judge(want string, status int, text string, h http.Header, r web.Route) string {
	if h.Get("Location") != "" {
		return "redirected"
	}
	if want == "in" {
		// What a handler alone can say: whoever is told so was let in.
		handler := status == 501
		for _, words := range []string{"not served", "no such format of feeds", "no_successor"} {
			handler = handler || status == 404 && strings.Contains(text, words)
		}
		refused := status >= 400 && !(r.Door == gate.Git && status != 401 && status != 403 && status != 404)
		if strings.Contains(text, "no such repository") || strings.Contains(text, "Sign in") || refused && !handler {
			return "refused"
		}
		return ""
	}
	code, words, _ := strings.Cut(want, " ")
	if code == "403" && r.Name == "push" && status == 200 { // said in git's own protocol
		code = "200"
	}
	switch {
	case fmt.Sprint(status) != code:
		return fmt.Sprintf("status %d", status)
	case !strings.Contains(text, words):
		return "other words"
	case status == 401 && h.Get("WWW-Authenticate") == "":
		return "no challenge"
	}
	return ""
}
