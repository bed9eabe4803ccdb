package integration

import (
	"maps"
	"path/filepath"
	"strings"
	"testing"
)

// The names of the features are what the table of clients speaks of.
const (
	plainClone    = "clone"
	bareClone     = "bare clone"
	shallowClone  = "shallow clone"
	unshallow     = "the rest of a shallow clone"
	partialClone  = "partial clone"
	fetchForward  = "fetch new commits"
	fetchForced   = "fetch after a force push, and new tags"
	pushForward   = "push commits"
	pushBranch    = "push a new branch"
	pushTag       = "push a tag"
	pushForced    = "push by force"
	pushDelete    = "delete a branch"
	pushLarge     = "push 3 MB"
	pushToNothing = "push to where no repository is"
	divergedPush  = "push without having fetched"
	racedPush     = "push when somebody else was faster"
	protectedPush = "push by force to a protected branch"
	readerPush    = "push with a credential for reading"
	wrongSecret   = "clone with a wrong credential"
	missing       = "clone what is not there"
	tokenForms    = "a token in every form"
)

// feature is one row of the matrix.
type feature struct {
	name string
	try  func(t *testing.T, p *party)
	// verb is what it is about; a client that cannot do this has to decline it.
	verb string
}

// essentials are the features that are tried where the rest has been tried with the same client in another way.
var essentials = map[string]bool{plainClone: true, shallowClone: true, fetchForward: true, pushForward: true, pushLarge: true, wrongSecret: true}

// features are tried in this order; those after clone go on in its work tree.
var features = []feature{
	{plainClone, clones, verbClone},
	{bareClone, clonesBare, verbBare},
	{shallowClone, clonesShallow, verbShallow},
	{unshallow, fetchesTheRest, verbUnshallow},
	{partialClone, clonesPartly, verbPartial},
	{fetchForward, fetchesForward, verbFetch},
	{fetchForced, fetchesForced, verbFetch},
	{pushForward, pushesForward, verbPush},
	{pushBranch, pushesABranch, verbPush},
	{pushTag, pushesATag, verbPush},
	{pushForced, pushesByForce, verbPush},
	{pushDelete, deletesABranch, verbPush},
	{pushLarge, pushesMuch, verbPush},
	{pushToNothing, pushesToNothing, verbPush},
	{divergedPush, pushesUnfetched, verbPush},
	{racedPush, losesARace, verbPush},
	{protectedPush, pushesAgainstARule, verbPush},
	{readerPush, pushesAsReader, verbPush},
	{wrongSecret, isAStranger, verbClone},
	{missing, clonesNothing, verbClone},
	{tokenForms, signsInByEveryForm, verbList},
}

func clones(t *testing.T, p *party) {
	p.must(t, verbClone, p.work)
	p.like(t, p.work)
	if !maps.Equal(files(t, p.work), files(t, p.g.source)) {
		t.Error("the work tree is not the one that was pushed")
	}
}

func clonesBare(t *testing.T, p *party) {
	dir := filepath.Join(t.TempDir(), "bare")
	p.must(t, verbBare, dir)
	p.like(t, dir)
	if got := strings.TrimSpace(git(t, dir, "rev-parse", "--is-bare-repository")); got != "true" {
		t.Errorf("the clone has a work tree")
	}
}

func clonesShallow(t *testing.T, p *party) {
	p.must(t, verbShallow, p.shallow)
	p.like(t, p.shallow)
	if n := strings.TrimSpace(git(t, p.shallow, "rev-list", "--count", "HEAD")); n != "1" {
		t.Errorf("one commit was asked for, %s came", n)
	}
}

func fetchesTheRest(t *testing.T, p *party) {
	p.must(t, verbUnshallow, p.shallow)
	p.like(t, p.shallow)
	if got, want := git(t, p.shallow, "rev-list", "HEAD"), git(t, p.stored, "rev-list", "HEAD"); got != want {
		t.Errorf("the rest is missing: got\n%swant\n%s", got, want)
	}
}

func clonesPartly(t *testing.T, p *party) {
	dir := filepath.Join(t.TempDir(), "partial")
	p.must(t, verbPartial, dir)
	if !strings.Contains(git(t, dir, "rev-list", "--objects", "--all", "--missing=print"), "?") {
		t.Error("nothing is missing in a clone without blobs")
	}
	p.must(t, verbCheckout, dir)
	p.like(t, dir)
	if !maps.Equal(files(t, dir), files(t, p.g.source)) {
		t.Error("the work tree is not the one that was pushed")
	}
}

// other is a clone of somebody else's.
func (p *party) other(t *testing.T) string {
	t.Helper()
	dir := t.TempDir()
	p.host(t, "", "clone", "-q", p.s.mine(p.repo), dir)
	return dir
}

// upToDate fails the test unless the client has each branch and tag of the server.
func (p *party) upToDate(t *testing.T) {
	t.Helper()
	have := refs(t, p.work)
	for line := range strings.Lines(refs(t, p.stored)) {
		if line = strings.Replace(line, "refs/heads/", "refs/remotes/origin/", 1); !strings.Contains(have, line) {
			t.Errorf("after a fetch %q is not there:\n%s", line, have)
		}
	}
	fsck(t, p.work)
}

func fetchesForward(t *testing.T, p *party) {
	dir := p.other(t)
	for range 3 {
		commit(t, dir, "theirs.txt", noise(t, 40))
	}
	p.host(t, dir, "push", "-q", "origin", "main")
	p.must(t, verbFetch, p.work)
	p.upToDate(t)
	p.must(t, verbFetch, p.work) // nothing is new
	git(t, p.work, "reset", "-q", "--hard", "origin/main")
	p.like(t, p.work)
}

func fetchesForced(t *testing.T, p *party) {
	dir := p.other(t)
	git(t, dir, "checkout", "-q", "-B", "topic", "main~2")
	commit(t, dir, "topic.txt", noise(t, 40))
	git(t, dir, "tag", "light")
	git(t, dir, "tag", "-a", "-m", "Annotated", "annotated")
	p.host(t, dir, "push", "-q", "--force", "origin", "topic", "light", "annotated")
	p.must(t, verbFetch, p.work)
	p.upToDate(t)
	if got, want := treeOf(t, p.work, "origin/topic"), treeOf(t, p.stored, "topic"); got != want {
		t.Errorf("the tree of the forced branch is %s, at the server %s", got, want)
	}
}

// pushed fails the test unless a ref of the server is what a revision of the client's work tree is.
func (p *party) pushed(t *testing.T, ref, revision string) {
	t.Helper()
	if got, want := git(t, p.stored, "rev-parse", ref), git(t, p.work, "rev-parse", revision); got != want {
		t.Errorf("%s is %s at the server, pushed was %s", ref, got, want)
	}
	if got, want := treeOf(t, p.stored, ref), treeOf(t, p.work, revision); got != want {
		t.Errorf("the tree of %s is %s at the server, pushed was %s", ref, got, want)
	}
	fsck(t, p.stored)
	fsck(t, p.work)
}

func pushesForward(t *testing.T, p *party) {
	commit(t, p.work, "mine.txt", noise(t, 40))
	commit(t, p.work, "deep/er/mine.txt", noise(t, 40))
	p.must(t, verbPush, p.work, "refs/heads/main:refs/heads/main")
	p.pushed(t, "refs/heads/main", "HEAD")
	p.must(t, verbPush, p.work, "refs/heads/main:refs/heads/main") // nothing is new
}

func pushesABranch(t *testing.T, p *party) {
	p.must(t, verbPush, p.work, "refs/heads/main:refs/heads/new/branch")
	p.pushed(t, "refs/heads/new/branch", "HEAD")
}

func pushesATag(t *testing.T, p *party) {
	git(t, p.work, "tag", "-a", "-m", "Mine", "mine")
	p.must(t, verbPush, p.work, "refs/tags/mine:refs/tags/mine")
	p.pushed(t, "refs/tags/mine", "mine")
}

func pushesByForce(t *testing.T, p *party) {
	git(t, p.work, "commit", "-q", "--amend", "-m", "Amended")
	p.must(t, verbPush, p.work, "+refs/heads/main:refs/heads/main")
	p.pushed(t, "refs/heads/main", "HEAD")
}

func deletesABranch(t *testing.T, p *party) {
	p.must(t, verbPush, p.work, ":refs/heads/new/branch")
	if got := refs(t, p.stored); strings.Contains(got, "new/branch") {
		t.Errorf("the deleted branch is still there:\n%s", got)
	}
	fsck(t, p.stored)
}

func pushesMuch(t *testing.T, p *party) {
	commit(t, p.work, "large.txt", noise(t, 6<<20)) // hexadecimal: half of it once compressed
	p.must(t, verbPush, p.work, "refs/heads/main:refs/heads/main")
	p.pushed(t, "refs/heads/main", "HEAD")
}

func pushesToNothing(t *testing.T, p *party) {
	o := p.order(verbPush, p.work, "refs/heads/main:refs/heads/main")
	o.address = p.address(p.repo + "-new")
	if out, err := p.do(o); err != nil {
		t.Fatalf("%s: %v\n%s", p.client.name, err, out)
	}
	made := p.s.dir(t, p.repo+"-new")
	fsck(t, made)
	if got, want := treeOf(t, made, "HEAD"), treeOf(t, p.work, "HEAD"); got != want {
		t.Errorf("the tree of HEAD is %s in the new repository, pushed was %s", got, want)
	}
}

// unmoved fails the test when something moves main of the server.
func (p *party) unmoved(t *testing.T, during func()) {
	t.Helper()
	before := refs(t, p.stored)
	during()
	if after := refs(t, p.stored); after != before {
		t.Errorf("a refused push moved something: before\n%safter\n%s", before, after)
	}
	fsck(t, p.stored)
}

func pushesUnfetched(t *testing.T, p *party) {
	dir := p.other(t)
	commit(t, dir, "theirs.txt", noise(t, 40))
	p.host(t, dir, "push", "-q", "origin", "main")
	commit(t, p.work, "mine.txt", noise(t, 40))
	p.unmoved(t, func() { p.refused(t, divergedPush, p.order(verbPush, p.work, "refs/heads/main:refs/heads/main")) })
	p.must(t, verbFetch, p.work)
	git(t, p.work, "rebase", "-q", "origin/main")
	p.must(t, verbPush, p.work, "refs/heads/main:refs/heads/main")
	p.pushed(t, "refs/heads/main", "HEAD")
}

func losesARace(t *testing.T, p *party) {
	commit(t, p.work, "mine.txt", noise(t, 40))
	o := p.rival(t, p.order(verbPush, p.work, "refs/heads/main:refs/heads/main"))
	p.refused(t, racedPush, o)
	if got := git(t, p.stored, "log", "-1", "--format=%s", "main"); !strings.Contains(got, "rival.txt") {
		t.Errorf("the faster push is not what main shows, but %s", got)
	}
	fsck(t, p.stored)
	p.must(t, verbFetch, p.work)
	git(t, p.work, "rebase", "-q", "origin/main")
	p.must(t, verbPush, p.work, "refs/heads/main:refs/heads/main")
	p.pushed(t, "refs/heads/main", "HEAD")
}

func pushesAgainstARule(t *testing.T, p *party) {
	p.s.jeton(t, "repo", "protect", p.repo, "kept/*")
	p.must(t, verbPush, p.work, "refs/heads/main:refs/heads/kept/one")
	p.pushed(t, "refs/heads/kept/one", "HEAD")
	commit(t, p.work, "more.txt", noise(t, 40))
	p.must(t, verbPush, p.work, "refs/heads/main:refs/heads/kept/one")
	p.pushed(t, "refs/heads/kept/one", "HEAD")
	git(t, p.work, "commit", "-q", "--amend", "-m", "Amended")
	p.unmoved(t, func() { p.refused(t, protectedPush, p.order(verbPush, p.work, "+refs/heads/main:refs/heads/kept/one")) })
}

func pushesAsReader(t *testing.T, p *party) {
	o := p.order(verbClone, filepath.Join(t.TempDir(), "clone"))
	if o.as = p.g.reader; p.scheme != "ssh" {
		o.as = login{"admin", p.g.readTokens[p.s]}
	}
	if out, err := p.do(o); err != nil {
		t.Fatalf("%s: clone with a credential for reading: %v\n%s", p.client.name, err, out)
	}
	p.like(t, o.dir)
	commit(t, o.dir, "refused.txt", "refused\n")
	o.verb, o.refspecs = verbPush, []string{"refs/heads/main:refs/heads/main"}
	p.unmoved(t, func() { p.refused(t, readerPush, o) })
}

func isAStranger(t *testing.T, p *party) {
	o := p.order(verbClone, filepath.Join(t.TempDir(), "clone"))
	if o.as.secret = "jet_vcs_0123456789ABCDEFGHIJabcdefghijKL45YjdM"; p.scheme == "ssh" {
		o.as.secret = p.g.stranger
	}
	p.refused(t, wrongSecret, o)
}

func clonesNothing(t *testing.T, p *party) {
	o := p.order(verbClone, filepath.Join(t.TempDir(), "clone"))
	o.address = p.address("admin/nothing")
	p.refused(t, missing, o)
}

func signsInByEveryForm(t *testing.T, p *party) {
	token, main := p.me.secret, strings.TrimSpace(git(t, p.stored, "rev-parse", "main"))
	forms := []login{{"admin", token}, {"x-access-token", token}, {"oauth2", token}, {token, "x-oauth-basic"}, {token, ""}}
	for _, form := range forms {
		o := p.order(verbList, filepath.Join(t.TempDir(), "list"))
		o.as = form
		if out, err := p.do(o); err != nil || !strings.Contains(out, main) {
			t.Errorf("%s as %s: %v, want %s in\n%s", p.client.name, strings.ReplaceAll(form.user+":"+form.secret, token, "TOKEN"), err, main, out)
		}
	}
}
