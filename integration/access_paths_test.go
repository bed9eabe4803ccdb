package integration

import (
	"path/filepath"
	"strings"
	"testing"
)

// TestOldPathsLeadOnForThoseWhoMayRead renames a repository and a group, and uses what git has configured from before.
func TestOldPathsLeadOnForThoseWhoMayRead(t *testing.T) {
	t.Parallel()
	s := start(t)
	for _, name := range []string{"bob", "eve"} {
		s.jeton(t, "user", "create", name)
	}
	_, bob := s.token(t, "--user", "bob", "--kind", "vcs", "--access", "write")
	_, eve := s.token(t, "--user", "eve", "--kind", "vcs", "--access", "write")
	s.jeton(t, "repo", "create", "team/web/app", "--owner", s.User)
	s.jeton(t, "group", "grant", "team", "bob", "write")
	dir := filepath.Join(t.TempDir(), "work")
	git(t, "", "clone", "-q", s.http("team/web/app", "bob", bob), dir)
	commit(t, dir, "a.txt", "one")
	git(t, dir, "push", "-q", "origin", "HEAD:main")

	s.jeton(t, "repo", "rename", "team/web/app", "team/web/site")
	s.jeton(t, "group", "rename", "team", "crew")
	commit(t, dir, "a.txt", "two")
	git(t, dir, "push", "-q", "origin", "HEAD:main") // the address from before, of both
	git(t, "", "clone", "-q", s.http("team/web/app.git", "bob", bob), filepath.Join(t.TempDir(), "old"))
	if got := git(t, "", "ls-remote", s.http("crew/web/site", "bob", bob)); !strings.Contains(got, head(t, dir)) {
		t.Errorf("the push through the old path is not there:\n%s", got)
	}

	// Who may not read it hears the same as about what is nowhere, at old and new paths.
	nowhere := refuse(t, "", nil, []string{"not found"}, "ls-remote", s.http("team/web/none", "eve", eve))
	for _, path := range []string{"team/web/app", "crew/web/site", "team/web/site"} {
		got := refuse(t, "", nil, []string{"not found"}, "ls-remote", s.http(path, "eve", eve))
		if masked(got, path, eve) != masked(nowhere, "team/web/none", eve) {
			t.Errorf("%s: got\n%s\nwant\n%s", path, got, nowhere)
		}
	}

	// Another repository takes the path: from then on it is that one's, also when that one is gone again.
	s.jeton(t, "repo", "create", "team/web/app", "--owner", s.User)
	s.jeton(t, "group", "grant", "team", "bob", "read")
	if got := git(t, "", "ls-remote", s.http("team/web/app", "bob", bob)); strings.TrimSpace(got) != "" {
		t.Errorf("the new repository at the path shows the old one's refs:\n%s", got)
	}
	refuse(t, dir, nil, []string{"read"}, "push", "-q", "origin", "HEAD:other")
	s.jeton(t, "repo", "delete", "team/web/app", "--yes")
	refuse(t, "", nil, []string{"not found"}, "ls-remote", s.http("team/web/app", "bob", bob))
	// The rest of the old group's paths lead on.
	git(t, "", "ls-remote", s.http("team/web/site", "bob", bob))
}

// TestDeletedRepositoryComesBack deletes a repository while a clone of it exists, and restores it with its permissions.
func TestDeletedRepositoryComesBack(t *testing.T) {
	t.Parallel()
	s := start(t)
	s.jeton(t, "user", "create", "bob")
	_, bob := s.token(t, "--user", "bob", "--kind", "vcs", "--access", "write", "--repo", s.Repo)
	s.jeton(t, "usergroup", "create", "devs")
	s.jeton(t, "usergroup", "add", "devs", "bob")
	s.jeton(t, "repo", "grant", s.Repo, "--usergroup", "devs", "write")
	dir := filepath.Join(t.TempDir(), "work")
	git(t, "", "clone", "-q", s.http(s.Repo, "bob", bob), dir)
	s.jeton(t, "repo", "delete", s.Repo, "--yes")
	refuse(t, dir, nil, []string{"not found"}, "fetch")
	s.jeton(t, "repo", "restore", s.Repo)
	commit(t, dir, "back.txt", "again")
	git(t, dir, "push", "-q", "origin", "HEAD:back")
	s.fsck(t, s.Repo)
	s.jeton(t, "usergroup", "remove", "devs", "bob")
	refuse(t, dir, nil, []string{"not found"}, "fetch")
}

// masked takes out of a client's words what was asked for.
func masked(out, path, secret string) string {
	return strings.NewReplacer(path, "PATH", secret, "SECRET").Replace(out)
}
