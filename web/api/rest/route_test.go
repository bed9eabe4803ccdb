package rest

import (
	"context"
	"slices"
	"strings"
	"testing"

	"jeton/auth/access"
	"jeton/web/api/method"
)

type args struct {
	Repo method.Ref     `arg:"repoid"`
	Rev  string         `arg:"commit_id,optional"`
	File string         `arg:"file_path,optional"`
	List []string       `arg:"list,optional"`
	Flag bool           `arg:"flag,optional" alias:"old_flag"`
	Rest any            `arg:"rest,optional"`
	Map  map[string]any `arg:"map,optional"`
	Key  string         `arg:"auth_token,optional"`
}

// declare makes a method with a route.
func declare(name, route string, changes bool) method.Method {
	return method.Of(method.Method{Name: name, Doc: "Does.", On: method.On{Kind: method.Repository, Arg: "repoid", Level: access.Read}, Changes: changes, REST: route},
		func(context.Context, *method.Call, args) (any, error) { return nil, nil })
}

func table(t *testing.T) []Route {
	t.Helper()
	routes, err := Routes([]method.Method{
		declare("get_repos", "GET repos", false), declare("create_repo", "POST repos", true), declare("get_repo", "GET repos/{repoid}", false),
		declare("delete_repo", "DELETE repos/{repoid}", true), declare("get_repo_refs", "GET repos/{repoid}/refs", false),
		declare("get_commit", "GET repos/{repoid}/commits/{commit_id}", false), declare("get_file", "GET repos/{repoid}/files/{commit_id}/{file_path}", false),
		declare("no_route", "", false),
	})
	if err != nil {
		t.Fatal(err)
	}
	return routes
}

func TestPathsLeadToMethods(t *testing.T) {
	routes := table(t)
	for _, row := range []struct {
		verb, path, want string
		args             map[string]string
	}{
		{"GET", "repos", "get_repos", nil},
		{"GET", "repos/", "get_repos", nil},
		{"POST", "repos", "create_repo", nil},
		{"GET", "repos/app", "get_repo", map[string]string{"repoid": "app"}},
		{"DELETE", "repos/team/app", "delete_repo", map[string]string{"repoid": "team/app"}},
		{"GET", "repos/team%2Fapp", "get_repo", map[string]string{"repoid": "team/app"}},
		{"GET", "repos/team/app/refs", "get_repo_refs", map[string]string{"repoid": "team/app"}},
		{"GET", "repos/team%2fapp/refs/", "get_repo_refs", map[string]string{"repoid": "team/app"}},
		{"GET", "repos/team%2Frefs", "get_repo", map[string]string{"repoid": "team/refs"}},
		{"GET", "repos/refs", "get_repo", map[string]string{"repoid": "refs"}},
		{"GET", "repos/a/b/c/commits/main", "get_commit", map[string]string{"repoid": "a/b/c", "commit_id": "main"}},
		{"GET", "repos/a/commits/feature/x", "get_commit", map[string]string{"repoid": "a", "commit_id": "feature/x"}},
		{"GET", "repos/a/b/files/main/src/x/y.go", "get_file", map[string]string{"repoid": "a/b", "commit_id": "main", "file_path": "src/x/y.go"}},
		{"GET", "repos/a/files/x%2Fy/%C3%A4%20b", "get_file", map[string]string{"repoid": "a", "commit_id": "x/y", "file_path": "ä b"}},
		{"GET", "", "", nil}, {"GET", "nothing", "", nil}, {"GET", "repos/%zz", "", nil}, {"GET", "repos//x", "", nil}, {"PUT", "repos/app", "", nil},
		{"GET", "repos/" + strings.Repeat("a/", 80), "", nil},
	} {
		r, got, _ := find(routes, row.verb, split(row.path))
		if r.Method.Name != row.want {
			t.Errorf("%s %s: got %q, want %q", row.verb, row.path, r.Method.Name, row.want)
			continue
		}
		for k, v := range row.args {
			if got[k] != v || len(got) != len(row.args) {
				t.Errorf("%s %s: got %v, want %v", row.verb, row.path, got, row.args)
			}
		}
	}
	if _, _, allowed := find(routes, "PUT", split("repos/a/b")); !slices.Equal(allowed, []string{"GET", "DELETE"}) {
		t.Errorf("allowed: %v", allowed)
	}
}

func TestWrongRoutesAreRefused(t *testing.T) {
	for _, row := range []struct {
		want   string
		routes []method.Method
	}{
		{"no verb and path", []method.Method{declare("a", "repos", false)}},
		{"no verb and path", []method.Method{declare("a", "LOCK repos", true)}},
		{"GET is for what changes nothing", []method.Method{declare("a", "GET repos", true)}},
		{"GET is for what changes nothing", []method.Method{declare("a", "POST repos", false)}},
		{"no argument", []method.Method{declare("a", "GET repos/{none}", false)}},
		{"fits into no path", []method.Method{declare("a", "GET repos/{list}", false)}},
		{"neither a word", []method.Method{declare("a", "GET repos/{repoid", false)}},
		{"neither a word", []method.Method{declare("a", "GET repos//x", false)}},
		{"are one", []method.Method{declare("a", "GET repos/{repoid}", false), declare("b", "GET repos/{repoid}", false)}},
		{"are one", []method.Method{declare("a", "GET repos/{repoid}", false), declare("b", "DELETE repos/{commit_id}", true)}},
	} {
		if _, err := Routes(row.routes); err == nil || !strings.Contains(err.Error(), row.want) {
			t.Errorf("%s: got %v, want %q", row.routes[len(row.routes)-1].REST, err, row.want)
		}
	}
}

func FuzzPath(f *testing.F) {
	for _, seed := range []string{"repos", "repos/a/b/refs", "repos/%2F/x", "repos/a%", "//", strings.Repeat("a/", 70), "repos/a/files/b/c/files/d/e"} {
		f.Add(seed)
	}
	routes, err := Routes([]method.Method{declare("get_repo", "GET repos/{repoid}", false), declare("get_repo_refs", "GET repos/{repoid}/refs", false),
		declare("get_file", "GET repos/{repoid}/files/{commit_id}/{file_path}", false)})
	if err != nil {
		f.Fatal(err)
	}
	f.Fuzz(func(t *testing.T, path string) {
		r, got, allowed := find(routes, "GET", split(path))
		if (r.Verb == "") != (len(allowed) == 0) {
			t.Errorf("%q: a route %v, and allowed are %v", path, r, allowed)
		}
		for name, value := range got {
			if value == "" || !r.In(name) {
				t.Errorf("%q: %s is %q", path, name, value)
			}
		}
	})
}
