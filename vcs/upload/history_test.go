package upload

import (
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/go-git/go-git/v5/plumbing"

	"jeton/vcs/object"
	"jeton/vcs/oid"
	"jeton/vcs/storage/disk"
)

// feed is git with something on its standard input.
func feed(t testing.TB, dir, in string, args ...string) string {
	t.Helper()
	return strings.TrimSpace(raw(t, dir, in, args...))
}

// raw is feed with the output as it comes.
func raw(t testing.TB, dir, in string, args ...string) string {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), "git", args...)
	cmd.Dir = dir
	cmd.Env = append(os.Environ(), "GIT_CONFIG_NOSYSTEM=1", "GIT_CONFIG_GLOBAL=/dev/null", "GIT_AUTHOR_NAME=A", "GIT_AUTHOR_EMAIL=a@example.com", "GIT_COMMITTER_NAME=A",
		"GIT_COMMITTER_EMAIL=a@example.com", "GIT_AUTHOR_DATE=1000004000 +0000", "GIT_COMMITTER_DATE=1000004000 +0000")
	cmd.Stdin = strings.NewReader(in)
	var errs strings.Builder
	cmd.Stderr = &errs
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("git %v: %v\n%s", args, err, errs.String())
	}
	return string(out)
}

// wildCommits is how many commits a wild history has, beside a few odd ones.
const wildCommits = 40

// wild makes a repository with a random history: merges, octopuses and criss-crosses, several roots, clocks that go wrong,
// folders that are moved, copied deeper and emptied, submodules, symbolic links, empty trees, and tags of commits, trees and
// blobs, and of tags. Objects lie in several packs, one of them of what was loose. C git serves it without reserve.
func wild(t testing.TB, rng *rand.Rand) *fixture {
	t.Helper()
	f := &fixture{t: t, dir: filepath.Join(t.TempDir(), "wild.git"), src: t.TempDir(), server: New(Options{})}
	git(t, "", "init", "-q", "--bare", "-b", "main", f.dir)
	for _, set := range []string{"uploadpack.allowFilter", "uploadpack.allowAnySHA1InWant"} {
		git(t, f.dir, "config", set, "true")
	}
	parts := 1 + rng.IntN(3)
	for part := range parts {
		limit := []string{"1", "100000"}[rng.IntN(2)] // up to so many objects become loose
		feed(t, f.dir, stream(rng, part*wildCommits/parts, (part+1)*wildCommits/parts), "-c", "fastimport.unpackLimit="+limit, "fast-import", "--quiet", "--force")
	}
	last := fmt.Sprintf("c%d", wildCommits-1)
	git(t, f.dir, "update-ref", "refs/heads/main", last)
	for i := range 3 {
		git(t, f.dir, "tag", "-a", "-m", "tag", fmt.Sprintf("t%d", i), fmt.Sprintf("c%d", rng.IntN(wildCommits)))
		git(t, f.dir, "tag", "-a", "-m", "tag of a tag", fmt.Sprintf("tt%d", i), fmt.Sprintf("t%d", i))
	}
	tree := odd(t, f.dir, git(t, f.dir, "rev-parse", last+"^{tree}"))
	git(t, f.dir, "tag", "-a", "-m", "tag of a tree", "tree", tree)
	git(t, f.dir, "tag", "-a", "-m", "tag of that", "treetag", "tree")
	git(t, f.dir, "tag", "-a", "-m", "tag of a blob", "blob", feed(t, f.dir, "a blob of its own", "hash-object", "-w", "--stdin"))
	git(t, f.dir, "tag", "light-blob", feed(t, f.dir, "d0/\n!d0/e1/\n", "hash-object", "-w", "--stdin"))
	git(t, f.dir, "update-ref", "refs/heads/odd", feed(t, f.dir, "", "commit-tree", "-m", "odd", "-p", last, "-p", "c3", tree))
	repo, err := disk.Open(t.Context(), f.dir, "1", disk.Options{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = repo.Close() })
	f.repo = repo
	return f
}

// odd makes a tree that holds another one at several depths, empty ones, a submodule and a symbolic link.
func odd(t testing.TB, dir, tree string) string {
	t.Helper()
	empty := feed(t, dir, "", "mktree")
	deep := tree
	for _, name := range []string{"three", "two", "one"} {
		deep = feed(t, dir, fmt.Sprintf("040000 tree %s\tempty\n040000 tree %s\t%s\n040000 tree %s\tsame\n", empty, deep, name, tree), "mktree")
	}
	link := feed(t, dir, "c/d", "hash-object", "-w", "--stdin")
	return feed(t, dir, fmt.Sprintf("120000 blob %s\tlink\n040000 tree %s\todd\n160000 commit %040x\tsub\n", link, deep, 7), "mktree", "--missing")
}

// stream is what git fast-import makes commits from to to of.
func stream(rng *rand.Rand, from, to int) string {
	var b strings.Builder
	name := func(i int) string { return fmt.Sprintf("refs/heads/c%d", i) }
	parent := func(i int) string {
		if i < from { // by an earlier stream
			return name(i) + "^0"
		}
		return fmt.Sprintf(":%d", i+1)
	}
	for i := from; i < to; i++ {
		when := 1_000_000_000 + i*100 - rng.IntN(3)*rng.IntN(2)*rng.IntN(3000)
		fmt.Fprintf(&b, "commit %s\nmark :%d\ncommitter A <a@example.com> %d +0000\ndata 1\nx\n", name(i), i+1, when)
		if i > 0 && rng.IntN(12) != 0 {
			parents := append([]int{i - 1 - rng.IntN(min(i, 4))}, rng.Perm(i)[:min(i, []int{0, 0, 0, 1, 1, 2, 4}[rng.IntN(7)])]...)
			fmt.Fprintf(&b, "from %s\n", parent(parents[0]))
			for _, p := range parents[1:] {
				fmt.Fprintf(&b, "merge %s\n", parent(p))
			}
		}
		for range 1 + rng.IntN(3) {
			body := strings.Repeat(fmt.Sprintf("content %d\n", rng.IntN(60)), 1+rng.IntN(60))
			fmt.Fprintf(&b, "M 100644 inline d%d/e%d/f%d\ndata %d\n%s\n", rng.IntN(3), rng.IntN(3), rng.IntN(4), len(body), body)
		}
		fmt.Fprintf(&b, "M 100755 inline top%d\ndata 1\n%d\n", rng.IntN(3), rng.IntN(10))
		switch rng.IntN(14) {
		case 0:
			fmt.Fprintf(&b, "M 160000 %040x sub\n", i+1)
		case 1:
			b.WriteString("D d0\n")
		case 2:
			b.WriteString("deleteall\nM 100644 inline alone\ndata 5\nalone\n")
		case 3, 4:
			b.WriteString("M 100644 inline d1/e1/f1\ndata 1\nx\nC d1 d2/e0/copy\n")
		case 5:
			b.WriteString("M 100644 inline d2/f\ndata 1\nx\nR d2 d1/moved\n")
		}
		b.WriteByte('\n')
	}
	return b.String()
}

// graph is every object of a repository and what it links to, as C git has them.
type graph map[oid.ID]node

type node struct {
	kind    plumbing.ObjectType
	parents []oid.ID // of a commit
	links   []oid.ID // all else: the tree of a commit, what is in a tree, what a tag points to
}

func read(t testing.TB, dir string) graph {
	t.Helper()
	g := graph{}
	rest := raw(t, dir, "", "cat-file", "--batch-all-objects", "--batch", "--unordered")
	for rest != "" {
		line, after, _ := strings.Cut(rest, "\n")
		var hex, kind string
		var size int
		if n, err := fmt.Sscan(line, &hex, &kind, &size); n != 3 {
			t.Fatalf("git cat-file says %q: %v", line, err)
		}
		id, _ := oid.Parse(hex)
		g[id] = links(t, kind, []byte(after[:size]))
		rest = after[size+1:]
	}
	return g
}

func links(t testing.TB, name string, content []byte) node {
	t.Helper()
	kind, err := plumbing.ParseObjectType(name)
	if err != nil {
		t.Fatal(err)
	}
	n := node{kind: kind}
	switch kind {
	case plumbing.CommitObject:
		c, err := object.ParseCommit(content)
		if err != nil {
			t.Fatal(err)
		}
		n.parents, n.links = c.Parents, []oid.ID{c.Tree}
	case plumbing.TreeObject:
		tree := object.NewTree(content)
		for e, ok := tree.Next(); ok; e, ok = tree.Next() {
			if !e.IsLink() {
				n.links = append(n.links, e.ID)
			}
		}
	case plumbing.TagObject:
		to, _, err := object.ParseTag(content)
		if err != nil {
			t.Fatal(err)
		}
		n.links = []oid.ID{to}
	}
	return n
}

// reached is everything that tips reach, with the parents of commits in ends left out.
func (g graph) reached(tips, ends []oid.ID) map[oid.ID]bool {
	all, end := map[oid.ID]bool{}, set(ends)
	for stack := tips; len(stack) > 0; {
		id := stack[len(stack)-1]
		stack = stack[:len(stack)-1]
		n, ok := g[id]
		if !ok || all[id] {
			continue
		}
		all[id] = true
		stack = append(stack[:len(stack):len(stack)], n.links...)
		if !end[id] {
			stack = append(stack, n.parents...)
		}
	}
	return all
}

// peeled is what a tag finally points to.
func (g graph) peeled(id oid.ID) oid.ID {
	for g[id].kind == plumbing.TagObject {
		id = g[id].links[0]
	}
	return id
}

// ends are where a client's history ends that was cloned to a depth.
func (g graph) ends(tips []oid.ID, depth int) []oid.ID {
	var ends []oid.ID
	seen := map[oid.ID]bool{}
	for level := tips; len(level) > 0; depth-- {
		var next []oid.ID
		for _, id := range level {
			if seen[id] {
				continue
			}
			seen[id] = true
			if depth == 1 && len(g[id].parents) > 0 {
				ends = append(ends, id)
				continue
			}
			next = append(next, g[id].parents...)
		}
		level = next
	}
	return ends
}

// pushes lets real git add branches until it is stopped.
func (f *fixture) pushes(t *testing.T) (stop func()) {
	git(t, f.src, "init", "-q", "-b", "main")
	git(t, f.src, "remote", "add", "origin", f.dir)
	over, ended := make(chan struct{}), make(chan struct{})
	go func() {
		defer close(ended)
		for i := 0; ; i++ {
			select {
			case <-over:
				return
			default:
			}
			for _, args := range [][]string{{"commit", "-q", "--allow-empty", "-m", fmt.Sprint(i)}, {"push", "-q", "origin", fmt.Sprintf("HEAD:refs/heads/pushed-%d", i)}} {
				if out, err := try(t, f.src, args...); err != nil {
					t.Errorf("git %v: %v\n%s", args, err, out)
					return
				}
			}
			if err := f.repo.Rescan(t.Context()); err != nil {
				t.Errorf("rescan: %v", err)
				return
			}
		}
	}()
	return func() { close(over); <-ended }
}
