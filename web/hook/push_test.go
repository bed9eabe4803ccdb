package hook_test

import (
	"fmt"
	"strings"
	"testing"

	"jeton/vcs/oid"
	"jeton/vcs/rules"
	"jeton/vcs/storage"
	"jeton/web/hook"
)

// told is what a request says of a push, in a line.
func told(t *testing.T, r got) string {
	t.Helper()
	v := of(t, r.body)
	line := r.header.Get("X-GitHub-Event")
	if line != "push" {
		return fmt.Sprint(line, " ", v["ref_type"], " ", v["ref"])
	}
	for _, flag := range []string{"created", "deleted", "forced"} {
		if v[flag] == true {
			line += " " + flag
		}
	}
	line += fmt.Sprint(" ", v["ref"], ":")
	for _, c := range v["commits"].([]any) {
		c := c.(map[string]any)
		line += fmt.Sprint(" ", c["message"], c["added"], c["removed"], c["modified"])
	}
	if head, is := v["head_commit"].(map[string]any); is {
		line += fmt.Sprint(" at ", head["message"])
	}
	return line
}

func TestPushesAreToldAsTheyCame(t *testing.T) {
	w := newWorld(t, func(o *hook.Options) { o.Commits = 3 })
	w.law = rules.Rules{Hidden: []string{"refs/heads/secret"}}
	w.hook(nil)
	one := w.commit("one", []string{"a=1", "b=1"})
	two := w.commit("two", []string{"a=2", "c=1"}, one)
	side := w.commit("side", []string{"a=1", "b=2"}, one)
	merge := w.commit("merge", []string{"a=2", "b=2", "c=1"}, two, side)
	other := w.commit("other", []string{"a=9"})
	w.git("tag", "-a", "-m", "tagged", "made", two)
	tag := w.git("rev-parse", "made")
	w.git("tag", "-d", "made")
	for _, c := range []struct{ push, want string }{
		{"refs/heads/main " + one, "create branch main|push created refs/heads/main: one[a b] [] [] at one"},
		{"refs/heads/main " + merge, "push refs/heads/main: two[c] [b] [a] side[] [] [b] merge[b] [] [] at merge"},
		{"refs/heads/new " + two, "create branch new|push created refs/heads/new: at two"},
		{"refs/heads/main " + two, "push forced refs/heads/main: at two"},
		{"refs/heads/new " + other, "push forced refs/heads/new: other[a] [] [] at other"},
		{"refs/tags/v1 " + tag, "create tag v1|push created refs/tags/v1: at two"},
		{"refs/tags/v1", "push deleted refs/tags/v1:|delete tag v1"},
		{"refs/heads/new", "push deleted refs/heads/new:|delete branch new"},
		{"refs/heads/secret " + other, ""},
		{"refs/notes/x " + other, ""},
	} {
		w.push(c.push)
		for _, want := range strings.Split(c.want, "|") {
			if want == "" {
				continue
			}
			if line := told(t, w.r.next(t)); line != want {
				t.Errorf("of %s is told\n%q, want\n%q", c.push, line, want)
			}
		}
	}
	w.r.none(t)
}

func TestWhatNoRefLeadsToAnyMoreIsNotTold(t *testing.T) {
	w := newWorld(t, nil)
	h := w.hook(func(h *hook.Hook) { h.Events = []hook.Kind{hook.Push} })
	one := w.commit("one", []string{"a=1"})
	gone := w.commit("s3cret-in-a-message", []string{"s3cret-name=s3cret"}, one)
	w.push("refs/heads/main "+one, "refs/heads/side "+gone)
	w.r.next(t)
	if line := told(t, w.r.next(t)); !strings.Contains(line, "s3cret-in-a-message") {
		t.Fatalf("while a ref leads to it: %s", line)
	}
	// Followed late: no ref leads to it by then.
	w.git("update-ref", "-d", "refs/heads/side")
	late, _ := oid.Parse(gone)
	w.follow(storage.RefUpdate{Name: "refs/heads/late", New: late})
	if r := w.r.next(t); strings.Contains(r.body, "s3cret") || told(t, r) != "push created refs/heads/late:" || of(t, r.body)["after"] != gone {
		t.Errorf("told is %s", r.body)
	}
	w.settled(h)
}

func TestManyCommitsAreToldInPart(t *testing.T) {
	w := newWorld(t, func(o *hook.Options) { o.Commits = 3 })
	w.hook(func(h *hook.Hook) { h.Form, h.Events = hook.Gitea, []hook.Kind{hook.Push} })
	tip := w.commit("0", []string{"f=0"})
	w.push("refs/heads/main " + tip)
	w.r.next(t)
	for i := range 10 {
		tip = w.commit(fmt.Sprint("long ", strings.Repeat("é", 20_000), i), []string{fmt.Sprint("f=", i+1)}, tip)
	}
	w.push("refs/heads/main " + tip)
	v := of(t, w.r.next(t).body)
	commits := v["commits"].([]any)
	if len(commits) != 3 || v["total_commits"] != 10.0 {
		t.Fatalf("%d commits are told, of %v", len(commits), v["total_commits"])
	}
	if c := commits[0].(map[string]any); c["id"] != tip || len(c["message"].(string)) > 17<<10 || !strings.HasSuffix(c["message"].(string), "é…\n") {
		t.Errorf("the newest is %v, with a message of %d bytes", c["id"], len(c["message"].(string)))
	}
}

func TestFiltersOfEventsAndBranches(t *testing.T) {
	w := newWorld(t, nil)
	w.hook(func(h *hook.Hook) { h.Events, h.Branches = []hook.Kind{hook.Create, hook.Tag}, []string{"release/*"} })
	w.hook(func(h *hook.Hook) { h.Active = false })
	one := w.commit("one", []string{"a=1"})
	w.push("refs/heads/main "+one, "refs/heads/release/1 "+one, "refs/tags/v1 "+one)
	var lines []string
	for range 3 {
		lines = append(lines, told(t, w.r.next(t)))
	}
	// In the order in which they came, since the receiver is asked one by one.
	if got, want := strings.Join(lines, "|"), "create branch release/1|create tag v1|push created refs/tags/v1: at one"; got != want {
		t.Errorf("told is %q, want %q", got, want)
	}
	w.r.none(t)
}

func TestHooksOfGroupsAndOfTheServerAreToldToo(t *testing.T) {
	w := newWorld(t, nil)
	for i, place := range []hook.Place{{RepoID: repoID}, {GroupID: groupID}, {}} {
		w.hook(func(h *hook.Hook) {
			h.RepoID, h.GroupID, h.Events, h.URL = place.RepoID, place.GroupID, []hook.Kind{hook.Push}, fmt.Sprint(w.r.URL, "/", i)
		})
	}
	w.push("refs/heads/main " + w.commit("one", nil))
	paths := map[string]string{}
	for range 3 {
		r := w.r.next(t)
		paths[r.path] = r.header.Get("X-GitHub-Hook-Installation-Target-Type")
	}
	if fmt.Sprint(paths) != "map[/0:repository /1:organization /2:system]" {
		t.Errorf("told are %v", paths)
	}
}
