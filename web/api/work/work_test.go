package work

import (
	"context"
	"encoding/json"
	"errors"
	"slices"
	"strings"
	"testing"
	"time"

	"jeton/auth/access"
	"jeton/auth/gate"
	"jeton/auth/token"
	"jeton/web/api/method"
	"jeton/web/work"
)

// jobs is a queue of which nothing runs.
type jobs map[string]work.Job

func (q jobs) Get(_ context.Context, id string) (work.Job, error) {
	if j, there := q[id]; there {
		return j, nil
	}
	return work.Job{}, work.ErrNotFound
}

func (q jobs) List(_ context.Context, f work.Filter) ([]work.Job, error) {
	var list []work.Job
	for _, j := range q {
		if (f.OwnerID == "" || f.OwnerID == j.OwnerID) && (f.RepoID == "" || f.RepoID == j.RepoID) && (f.State == "" || f.State == j.State) &&
			(f.Kind == "" || f.Kind == j.Kind) && (f.Before == "" || j.ID < f.Before) {
			list = append(list, j)
		}
	}
	slices.SortFunc(list, func(a, b work.Job) int { return strings.Compare(b.ID, a.ID) })
	return list[:min(f.Limit, len(list))], nil
}

func (q jobs) Cancel(_ context.Context, id string) (work.Job, error) {
	j := q[id]
	j.State = work.Cancelled
	q[id] = j
	return j, nil
}

// repositories are r1, which everybody reads, and r2, which nobody does.
type repositories struct{}

func (repositories) ByID(id string) (access.Repository, bool) {
	if id != "r1" && id != "r2" {
		return access.Repository{}, false
	}
	return access.Repository{ID: id, Path: "team/" + id}, true
}

func (s repositories) Find(ref string) (access.Repository, bool) {
	return s.ByID(strings.TrimPrefix(ref, "team/"))
}

type tokens bool

func (bound tokens) ByID(id string) (token.Token, bool) {
	return token.Token{ID: id, Bound: bool(bound)}, true
}

// doors is a gate that lets an administrator do everything, and everybody read r1.
type doors bool

func (admin doors) Sees(_ gate.Identity, id string, _ access.Level) bool {
	return bool(admin) || id == "r1"
}
func (admin doors) SeesGroup(gate.Identity, string, access.Level) bool     { return bool(admin) }
func (admin doors) SeesUserGroup(gate.Identity, string, access.Level) bool { return bool(admin) }
func (admin doors) Has(gate.Identity, token.Right) bool                    { return bool(admin) }

func call(t *testing.T, name, args, user string, bound bool) (string, error) {
	t.Helper()
	at := time.Date(2026, 11, 26, 1, 2, 3, 0, time.UTC)
	q := jobs{
		"j1": {ID: "j1", Kind: "fork_repo", State: work.Done, OwnerID: "ada", RepoID: "r1", Result: json.RawMessage(`{"a":1}`), Created: at, Started: at, Ended: at, Attempt: 1, Progress: "all"},
		"j2": {ID: "j2", Kind: "pull", State: work.Failed, OwnerID: "ada", RepoID: "r2", Created: at, Error: "No."},
		"j3": {ID: "j3", Kind: "rescan", State: work.Queued, OwnerID: "ada", Created: at},
		"j4": {ID: "j4", Kind: "pull", State: work.Running, OwnerID: "bob", RepoID: "r1", Created: at},
	}
	var v method.Values
	if err := json.Unmarshal([]byte(args), &v); err != nil {
		t.Fatal(err)
	}
	for _, m := range Methods(Options{Jobs: q, Repositories: repositories{}, Tokens: tokens(bound)}) {
		if m.Name != name {
			continue
		}
		ready, err := m.Prepare(v)
		if err != nil {
			return "", err
		}
		result, err := ready.Run(t.Context(), &method.Call{Identity: gate.Identity{UserID: user}, Gate: doors(user == "root")})
		if err != nil {
			return "", err
		}
		text, err := json.Marshal(result)
		return string(text), err
	}
	t.Fatalf("there is no method %s", name)
	return "", nil
}

func TestGetJobShowsAJobToItsOwner(t *testing.T) {
	got, err := call(t, "get_job", `{"jobid":"j1"}`, "ada", false)
	want := `{"job_id":"j1","kind":"fork_repo","state":"done","repo_name":"team/r1","owner_id":"ada","progress":"all","result":{"a":1},"error":null,"attempt":1,` +
		`"created_on":"2026-11-26T01:02:03Z","started_on":"2026-11-26T01:02:03Z","ended_on":"2026-11-26T01:02:03Z"}`
	if err != nil || got != want {
		t.Errorf("got %s, %v\nwant %s", got, err, want)
	}
	got, err = call(t, "get_job", `{"jobid":"j3"}`, "ada", false)
	want = `{"job_id":"j3","kind":"rescan","state":"queued","repo_name":null,"owner_id":"ada","progress":"","result":null,"error":null,"attempt":0,` +
		`"created_on":"2026-11-26T01:02:03Z","started_on":null,"ended_on":null}`
	if err != nil || got != want {
		t.Errorf("got %s, %v\nwant %s", got, err, want)
	}
}

func TestJobsOfOthersDoNotExist(t *testing.T) {
	for _, row := range []struct {
		user, id string
		bound    bool
		shown    bool
	}{
		{"ada", "j1", false, true}, {"ada", "j1", true, true}, {"bob", "j1", false, false}, {"root", "j1", false, true}, {"", "j1", false, false},
		{"ada", "j2", false, false}, // a repository that she may not read any more
		{"ada", "j3", false, true}, {"ada", "j3", true, false}, {"root", "j2", false, true}, {"root", "none", false, false},
		{"root", "j4", true, false}, {"root", "j3", true, false}, // whose token is bound, whatever its rights
	} {
		for _, name := range []string{"get_job", "cancel_job"} {
			got, err := call(t, name, `{"jobid":"`+row.id+`"}`, row.user, row.bound)
			var e *method.Error
			if errors.As(err, &e); row.shown != (err == nil) || err != nil && (e == nil || e.Code != method.NotFound || e.Text != "job `"+row.id+"` does not exist") {
				t.Errorf("%s %s for %q, bound %v: %s, %v", name, row.id, row.user, row.bound, got, err)
			}
			if row.shown && name == "cancel_job" && !strings.Contains(got, `"state":"cancelled"`) {
				t.Errorf("cancelled: %s", got)
			}
		}
	}
}

func TestGetJobsListsOnesOwnAndForAdministratorsAll(t *testing.T) {
	for _, row := range []struct{ user, args, want string }{
		{"ada", `{}`, "j3 j1"},
		{"bob", `{}`, "j4"},
		{"ada", `{"state":"done"}`, "j1"},
		{"ada", `{"kind":"pull"}`, ""},
		{"ada", `{"repoid":"team/r1"}`, "j1"},
		{"ada", `{"before":"j3"}`, "j1"},
		{"root", `{}`, ""},
		{"root", `{"all":true}`, "j4 j3 j2 j1"},
		{"root", `{"all":true,"limit":2}`, "j4 j3"},
		{"root", `{"all":true,"repoid":"r2"}`, "j2"},
		{"ada", `{"all":true}`, "Access was denied to this resource. Administrators alone may list everybody's jobs."},
		{"ada", `{"repoid":"r2"}`, "repository `r2` does not exist"},
		{"ada", `{"repoid":"none"}`, "repository `none` does not exist"},
		{"ada", `{"before":"j4"}`, "job `j4` does not exist"},
		{"ada", `{"state":"x"}`, "Invalid `state` arg in JSON DATA: it must be one of queued, running, done, failed, cancelled"},
	} {
		text, err := call(t, "get_jobs", row.args, row.user, false)
		got := ""
		if err != nil {
			got = err.Error()
		} else {
			var list []Reply
			if err := json.Unmarshal([]byte(text), &list); err != nil {
				t.Fatal(err)
			}
			for _, j := range list {
				got = strings.TrimSpace(got + " " + j.ID)
			}
		}
		if got != row.want {
			t.Errorf("%s %s: got %q, want %q", row.user, row.args, got, row.want)
		}
	}
}
