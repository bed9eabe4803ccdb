package integration

import (
	"encoding/json"
	"path/filepath"
	"strings"
	"testing"
)

// called is what a method of the API tells, which must succeed.
func (s *server) called(t *testing.T, token, name string, given args) (result map[string]any) {
	t.Helper()
	a, err := s.rpc(token, name, given)
	if err == nil {
		err = json.Unmarshal(a.Result, &result)
	}
	if err != nil || result == nil {
		t.Fatalf("%s%v: %s %v", name, given, a.text(), err)
	}
	return result
}

// TestRepositoriesOfTheAPIAsGitSeesThem makes a repository, forks it, locks it, moves it and deletes it by the API, and looks
// at each step with git.
func TestRepositoriesOfTheAPIAsGitSeesThem(t *testing.T) {
	t.Parallel()
	s := start(t)
	people(t, s)
	tokens := map[string]string{}
	for _, name := range []string{"ada", "bob"} {
		_, tokens[name] = s.token(t, "--user", name, "--kind", "api", "--access", "write")
		_, tokens["git "+name] = s.token(t, "--user", name, "--kind", "vcs")
	}
	mine := func(name, repo string) string { return s.http(repo, name, tokens["git "+name]) }

	s.called(t, tokens["ada"], "create_repo", args{"repo_name": "ada/deep/tool", "repo_type": "git", "private": true, "landing_rev": "branch:trunk"})
	work := sampleHistory(t)
	git(t, work, "push", "-q", mine("ada", "ada/deep/tool"), "HEAD:refs/heads/trunk", "HEAD:refs/heads/next")
	clone := filepath.Join(t.TempDir(), "clone")
	git(t, work, "clone", "-q", mine("ada", "ada/deep/tool"), clone)
	if got := strings.TrimSpace(git(t, clone, "branch", "--show-current")); got != "trunk" {
		t.Errorf("a clone is on %q, want trunk", got)
	}

	// What nobody sees in the one is not reached in its fork, by whatever name.
	secret := commit(t, work, "secret", "not for forks")
	git(t, work, "push", "-q", mine("ada", "ada/deep/tool"), "HEAD:refs/heads/secret")
	s.jeton(t, "repo", "set", "ada/deep/tool", "fetch.hide_refs=refs/heads/secret")
	if a, err := s.rpc(tokens["bob"], "fork_repo", args{"repoid": "ada/deep/tool", "fork_name": "bob/tool"}); err != nil || a.text() != "repository `ada/deep/tool` does not exist" {
		t.Errorf("bob may not see it, and is told %q, %v", a.text(), err)
	}
	s.called(t, tokens["ada"], "grant_user_permission", args{"repoid": "ada/deep/tool", "userid": "bob", "perm": "repository.write"})
	s.called(t, tokens["bob"], "fork_repo", args{"repoid": "ada/deep/tool", "fork_name": "bob/tool"})
	if got := refs(t, s.dir(t, "bob/tool")); strings.Contains(got, "secret") || !strings.Contains(got, "refs/heads/next") {
		t.Errorf("refs of the fork are\n%s", got)
	}
	theirs := filepath.Join(t.TempDir(), "theirs")
	git(t, work, "clone", "-q", mine("bob", "bob/tool"), theirs)
	refuse(t, theirs, nil, []string{"not our ref"}, "fetch", "-q", "origin", secret)
	s.fsck(t, "bob/tool")

	// A lock keeps others from pushing, and nobody from fetching.
	s.called(t, tokens["bob"], "lock", args{"repoid": "ada/deep/tool", "locked": true})
	commit(t, clone, "more", "more")
	refuse(t, clone, nil, []string{`repository locked by user "bob"`}, "push", "origin", "HEAD:refs/heads/trunk")
	git(t, clone, "fetch", "-q", "origin")
	git(t, clone, "push", "-q", mine("bob", "ada/deep/tool"), "HEAD:refs/heads/bobs")
	s.called(t, tokens["bob"], "lock", args{"repoid": "ada/deep/tool", "locked": false})
	git(t, clone, "push", "-q", "origin", "HEAD:refs/heads/trunk")

	// The old path leads on; the fork outlives what it came from.
	s.called(t, tokens["ada"], "update_repo", args{"repoid": "ada/deep/tool", "repo_name": "ada/tool", "landing_rev": "branch:next"})
	git(t, clone, "push", "-q", "origin", "HEAD:refs/heads/again")
	if out := git(t, work, "ls-remote", "--symref", mine("ada", "ada/tool"), "HEAD"); !strings.Contains(out, "ref: refs/heads/next") {
		t.Errorf("HEAD is\n%s", out)
	}
	s.called(t, tokens["ada"], "maintenance", args{"repoid": "ada/tool"})
	if a, err := s.rpc(tokens["bob"], "delete_repo", args{"repoid": "ada/tool"}); err != nil || a.text() != "repository `ada/tool` does not exist" {
		t.Errorf("bob may not delete it, and is told %q, %v", a.text(), err)
	}
	s.called(t, tokens["ada"], "delete_repo", args{"repoid": "ada/tool"}) // ada sees no fork of it
	refuse(t, clone, nil, []string{notFound}, "fetch", "-q", "origin")
	commit(t, theirs, "own", "own")
	git(t, theirs, "push", "-q", "origin", "HEAD")
	s.fsck(t, "bob/tool")
	if got := s.called(t, tokens["bob"], "get_repo", args{"repoid": "bob/tool"}); got["fork_of"] != nil || got["private"] != true || got["owner"] != "bob" {
		t.Errorf("the fork is told as %v", got)
	}
}
