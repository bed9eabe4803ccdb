package integration

import (
	"strings"
	"testing"

	"jeton/db/pgtest"
)

// overPostgres is the environment of a server whose database is a new one on PostgreSQL.
func overPostgres(t *testing.T) (env, url string) {
	t.Helper()
	url = pgtest.Empty(t, "TEMPLATE template0")
	return "JETON_DB_URL=" + url, url
}

// TestPostgresTwoNodesAreOneServerForPeopleAndTokens has two nodes, each with a data folder of its own, over one database:
// what is changed through one holds for the very next request to the other.
func TestPostgresTwoNodesAreOneServerForPeopleAndTokens(t *testing.T) {
	t.Parallel()
	env, _ := overPostgres(t)
	a := start(t, env)
	work := t.TempDir()
	git(t, "", "clone", "-q", a.mine(a.Repo), work)
	commit(t, work, "one", "1")
	git(t, work, "push", "-q", a.mine(a.Repo), "HEAD:refs/heads/main")

	b := start(t, env)
	if len(b.Tokens) != 0 {
		t.Fatalf("the second node made people and tokens of its own: %+v", b)
	}
	b.jeton(t, "repo", "create", "team/second", "--owner", a.User)
	a.jeton(t, "user", "create", "bob")
	id, secret := a.token(t, "--user", "bob", "--kind", "vcs", "--access", "write")
	at := b.http("team/second", "git", secret)
	git(t, work, "push", "-q", b.http("team/second", "git", a.Tokens["vcs"]), "HEAD:refs/heads/main")

	ls := func() (string, error) { return tryGit("", gitEnv(), "ls-remote", at) }
	for _, step := range []struct {
		through *server
		do      string
		let     bool
	}{
		{a, "repo list", false},
		{a, "repo grant team/second bob read", true},
		{a, "repo grant team/second bob none", false},
		{b, "repo grant team/second bob read", true},
		{a, "user deactivate bob --yes", false},
		{a, "user activate bob", true},
		{a, "token revoke " + id + " --yes", false},
	} {
		step.through.jeton(t, strings.Fields(step.do)...)
		if out, err := ls(); (err == nil) != step.let {
			t.Fatalf("behind `jeton %s`: let in is %v, want %v: %s", step.do, err == nil, step.let, out)
		}
	}

	// What lies on the other node is not served, not mended and not swept.
	refuse(t, "", gitEnv(), []string{"lies on another node"}, "ls-remote", b.mineOf(a, a.Repo))
	b.stop(t)
	b.run(t)
	a.stop(t)
	a.run(t)
	git(t, work, "fetch", "-q", a.http(a.Repo, "git", firstVCS(t, a)), "main")
	a.fsck(t, a.Repo)
	if strings.Contains(b.log.String(), "has no folder") || strings.Contains(a.log.String(), "trash") {
		t.Fatalf("a node took the other's repositories for damage:\n%s\n%s", a.log, b.log)
	}
}

// mineOf is an address on this node with the first token of another's quickstart.
func (s *server) mineOf(of *server, repo string) string { return s.http(repo, "git", of.Tokens["vcs"]) }

// firstVCS makes another token, since a second run of quickstart shows none.
func firstVCS(t *testing.T, s *server) string {
	t.Helper()
	_, secret := s.token(t, "--user", s.User, "--kind", "vcs")
	return secret
}

func TestPostgresThatDoesNotAnswerLetsNobodyInUntilItDoes(t *testing.T) {
	t.Parallel()
	env, url := overPostgres(t)
	s := start(t, env)
	git(t, "", "ls-remote", s.mine(s.Repo))
	database := url[strings.LastIndex(strings.SplitN(url, "?", 2)[0], "/")+1 : strings.Index(url, "?")]
	admin := strings.Replace(url, "/"+database+"?", "/postgres?", 1)
	pgtest.Do(t, admin, "ALTER DATABASE "+database+" ALLOW_CONNECTIONS false",
		"SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity WHERE datname = '"+database+"'")
	refuse(t, "", gitEnv(), []string{"503", "database does not answer"}, "ls-remote", s.mine(s.Repo))
	pgtest.Do(t, admin, "ALTER DATABASE "+database+" ALLOW_CONNECTIONS true")
	git(t, "", "ls-remote", s.mine(s.Repo))
}
