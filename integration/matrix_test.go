package integration

import (
	"fmt"
	"os/exec"
	"strings"
	"testing"
)

const (
	noSSH     = "isomorphic-git speaks HTTP alone"
	byRule    = `protected branch: the rule "refs/heads/kept/*" allows no force push`
	noFilter  = "this release has no filters"
	noShallow = "this release takes whole histories alone"
	lateForUs = "its SSH is the library's own and cannot be held up between advertisement and push; the race is tried over HTTP"
)

// clients is the table: who is tried over what, what it lacks, and how it tells a person that it was refused.
var clients = []client{
	{
		name: "oldest git", over: []string{"http", "https", "ssh"}, versions: []string{"0", "1", "2"}, words: gitWords,
		make: func(t *testing.T) obey { return gitClient(fetched(t, "git-oldest/git")) }, version: []string{"../bin/clients/git-oldest/git", "version"},
	},
	{
		name: "git", over: []string{"http", "https", "ssh"}, versions: []string{"0", "1", "2"}, words: gitWords,
		make: func(*testing.T) obey { return gitClient("git") }, version: []string{"git", "version"},
	},
	{
		name: "newest git", over: []string{"http", "https", "ssh"}, versions: []string{"0", "1", "2"}, words: gitWords,
		make: func(t *testing.T) obey { return gitClient(fetched(t, "git-newest/git")) }, version: []string{"../bin/clients/git-newest/git", "version"},
	},
	{
		name: "JGit", over: []string{"http", "ssh"}, versions: []string{"0"}, make: jgit,
		version: []string{"dpkg-query", "-W", "libjgit-java", "libjsch-java"},
		cannot:  map[string]string{shallowClone: noShallow, unshallow: noShallow, partialClone: noFilter, racedPush + " over ssh": lateForUs},
		words: map[string]string{
			wrongSecret: "not authorized", wrongSecret + " over ssh": "Auth fail", missing: "not found", missing + " over ssh": "no such repository",
			readerPush: "not permitted", divergedPush: "REJECTED_NONFASTFORWARD", racedPush: "fetch first", protectedPush: byRule,
		},
	},
	{
		name: "libgit2", over: []string{"http", "https", "ssh"}, versions: []string{"0"},
		make:    func(*testing.T) obey { return driver(nil, "/usr/bin/python3", "testdata/clients/libgit2.py") },
		version: []string{"/usr/bin/python3", "-c", "import pygit2; print('libgit2', pygit2.LIBGIT2_VERSION, 'pygit2', pygit2.__version__)"},
		cannot:  map[string]string{shallowClone: noShallow, unshallow: noShallow, partialClone: noFilter, racedPush + " over ssh": lateForUs},
		words: map[string]string{
			wrongSecret: "authentication replays", wrongSecret + " over ssh": "authentication required", missing: "404", missing + " over ssh": "no such repository",
			readerPush: "403", readerPush + " over ssh": "read", divergedPush: "not present locally", racedPush: "fetch first", protectedPush: byRule,
		},
	},
	{
		name: "dulwich", over: []string{"http", "ssh"}, versions: []string{"0"},
		make:    func(*testing.T) obey { return driver(nil, "/usr/bin/python3", "testdata/clients/dulwich_client.py") },
		version: []string{"/usr/bin/python3", "-c", "import dulwich; print('dulwich', dulwich.__version__)"},
		cannot:  map[string]string{partialClone: noFilter},
		words: map[string]string{
			wrongSecret: "Unauthorized", wrongSecret + " over ssh": "Permission denied", missing: "NotGitRepository", missing + " over ssh": "no such repository",
			readerPush: "403", readerPush + " over ssh": "read", divergedPush: "DivergedBranches", racedPush: "fetch first", protectedPush: byRule,
		},
	},
	{
		name: "isomorphic-git", over: []string{"http", "https"}, versions: []string{"1"},
		make: func(t *testing.T) obey {
			return driver([]string{"NODE_PATH=" + fetched(t, "node_modules")}, "node", "testdata/clients/isomorphic.cjs")
		},
		version: []string{"node", "-p", "'isomorphic-git ' + require('../bin/clients/node_modules/isomorphic-git/package.json').version"},
		cannot:  map[string]string{"ssh": noSSH, bareClone: "it has no bare clones", partialClone: noFilter},
		words: map[string]string{
			wrongSecret: "401", missing: "404", readerPush: "403", divergedPush: "not a simple fast-forward", racedPush: "fetch first", protectedPush: byRule,
		},
	},
	{
		name: "go-git", over: []string{"http", "https", "ssh"}, versions: []string{"0"}, make: func(*testing.T) obey { return goGit },
		version: []string{"go", "list", "-m", "github.com/go-git/go-git/v5"},
		cannot:  map[string]string{unshallow: "go-git cannot take the rest of a history that it has cut", partialClone: noFilter, racedPush + " over ssh": lateForUs},
		words: map[string]string{
			wrongSecret: "authentication required", wrongSecret + " over ssh": "unable to authenticate", missing: "repository not found",
			readerPush: "authorization failed", readerPush + " over ssh": "read", divergedPush: "non-fast-forward", racedPush: "fetch first", protectedPush: byRule,
		},
	},
}

// gitWords are C git's, whichever version it is.
var gitWords = map[string]string{
	wrongSecret: "Authentication failed", wrongSecret + " over ssh": "Permission denied", missing: "not found", missing + " over ssh": "no such repository",
	readerPush: "403", readerPush + " over ssh": "read", divergedPush: "[rejected]", racedPush: "fetch first", protectedPush: byRule,
}

// TestEveryClientDoesEveryThing is the matrix: each client over each transport in each version of the protocol does each
// of the features, and each success is judged by C git at both ends.
func TestEveryClientDoesEveryThing(t *testing.T) {
	t.Parallel()
	grounds := newGrounds(t)
	for _, c := range clients {
		out, err := exec.Command(c.version[0], c.version[1:]...).CombinedOutput()
		if err != nil {
			t.Errorf("%s is not there, run scripts/clients: %v %s", c.name, err, out)
			continue
		}
		t.Logf("%s is %s", c.name, strings.Join(strings.Fields(string(out)), " "))
		do := c.make(t)
		for _, scheme := range c.over {
			for _, version := range c.spoken(scheme) {
				t.Run(fmt.Sprintf("%s over %s in protocol %s", c.name, scheme, version), func(t *testing.T) {
					t.Parallel()
					p := grounds.party(t, c, do, scheme, version)
					for _, f := range features {
						if c.tries(f, scheme, version) {
							t.Run(f.name, func(t *testing.T) { p.try(t, f) })
						}
					}
				})
			}
		}
	}
}

// spoken are the versions that are tried over a transport. TLS is the same under each, so the last one does; protocol 1
// over SSH differs from 0 by one line, which git tries in the other tests of this package.
func (c client) spoken(scheme string) []string {
	switch n := len(c.versions); {
	case n == 1 || scheme == "http":
		return c.versions
	case scheme == "https":
		return c.versions[n-1:]
	}
	return []string{c.versions[0], c.versions[len(c.versions)-1]}
}

// tries tells which features are tried in a column.
func (c client) tries(f feature, scheme, version string) bool {
	switch first := version == c.versions[0]; {
	case scheme == "ssh" && f.name == tokenForms: // a key is a key
		return false
	case scheme == "https", version == "1" && !first: // HTTP within; protocol 0 with one line more
		return essentials[f.name]
	case !first: // pushes speak protocol 0 in every version
		return f.verb != verbPush || essentials[f.name]
	}
	return true
}

// try fills one cell of the matrix.
func (p *party) try(t *testing.T, f feature) {
	why := in(p.client.cannot, f.name, p.scheme)
	switch {
	case why == "":
		f.try(t, p)
	case f.name == racedPush:
		t.Logf("not tried: %s", why)
	default:
		p.lacks(t, f.verb, why)
	}
}
