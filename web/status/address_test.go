package status

import (
	"net/url"
	"strings"
	"testing"
)

func TestAddresses(t *testing.T) {
	sha := strings.Repeat("ab", 20)
	for path, want := range map[string]Address{
		"api/v1/repos/team/app/statuses/" + sha:                {Base: "api/v1/repos/", Owner: "team", Repo: "team/app", Ref: sha, Set: true},
		"api/v3/repos/team/app.git/statuses/" + sha:            {Base: "api/v3/repos/", Owner: "team", Repo: "team/app", Ref: sha, Set: true},
		"api/v1/repos/team%2Fweb/app/statuses/main":            {Base: "api/v1/repos/", Owner: "team/web", Repo: "team/web/app", Ref: "main", Set: true},
		"api/v1/repos/team%2fweb%2Fx/app/statuses/feature%2Fx": {Base: "api/v1/repos/", Owner: "team/web/x", Repo: "team/web/x/app", Ref: "feature/x", Set: true},
		"api/v1/repos/-/app/commits/v1/status":                 {Base: "api/v1/repos/", Owner: "-", Repo: "app", Ref: "v1", Combined: true},
		"api/v3/repos/o/r/commits/feature/x/statuses":          {Base: "api/v3/repos/", Owner: "o", Repo: "o/r", Ref: "feature/x"},
		"api/v3/repos/o/r/commits/heads%2Fmain/status":         {Base: "api/v3/repos/", Owner: "o", Repo: "o/r", Ref: "heads/main", Combined: true},
	} {
		if got, ok := Parse(path); !ok || got != want {
			t.Errorf("%s is %+v, %v; want %+v", path, got, ok, want)
		}
	}
	for _, path := range []string{"", "api/v1/repos/", "api/v2/repos/o/r/statuses/x", "api/v1/repos/o/r", "api/v1/repos/o/r/statuses", "api/v1/repos/o/r/statuses/", "api/v1/repos/o/r/commits/status",
		"api/v1/repos/o/r/commits/x/comments", "api/v1/repos//r/statuses/x", "api/v1/repos/o//statuses/x", "api/v1/repos/o/a%2Fb/statuses/x", "api/v1/repos/o/r/statuses/%zz", "api/v1/repos/o/r/statuses/%00",
		// What a repository is asked for that stands there.
		"api/v1/repos/o/r/statuses/git-upload-pack", "api/v1/repos/o/r/statuses/x/info/refs", "api/v1/repos/o/r/statuses/info", "api/v1/repos/o/r/statuses/HEAD"} {
		if got, ok := Parse(path); ok {
			t.Errorf("%q is %+v", path, got)
		}
	}
}

func FuzzParse(f *testing.F) {
	for _, path := range []string{"api/v1/repos/team%2Fweb/app/statuses/main", "api/v3/repos/-/app/commits/a/b/status", "api/v1/repos/%2F/./commits/../status", "api/v1/repos/o/r/statuses/%2e%2e"} {
		f.Add(path)
	}
	f.Fuzz(func(t *testing.T, path string) {
		a, ok := Parse(path)
		if !ok {
			return
		}
		if a.Ref == "" || a.Repo == "" || strings.ContainsRune(a.Repo+a.Ref, 0) || a.Set && a.Combined {
			t.Fatalf("%q is %+v", path, a)
		}
		// The address that is told of the repository leads to it again.
		again, ok := Parse(strings.TrimPrefix(a.repoURL("x"), "x/") + "/statuses/" + url.PathEscape("deadbeef"))
		if !ok || again.Repo != a.Repo && a.Repo == strings.TrimSuffix(a.Repo, ".git") {
			t.Fatalf("%q is %+v, and its address leads to %+v", path, a, again)
		}
	})
}
