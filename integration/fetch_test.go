package integration

import (
	"bufio"
	"bytes"
	"flag"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// grow adds n commits to main of a repository with git fast-import, each changing one of a hundred files.
func grow(t *testing.T, dir string, n int) {
	t.Helper()
	cmd := exec.Command("git", "-C", dir, "fast-import", "--quiet", "--force")
	cmd.Env = gitEnv()
	in, err := cmd.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	base := strings.TrimSpace(git(t, dir, "rev-parse", "main"))
	w := bufio.NewWriter(in)
	for i := range n {
		fmt.Fprintf(w, "commit refs/heads/main\ncommitter Ada <ada@example.com> %d +0000\ndata 6\nchange\n", 2_000_000_000+i)
		if i == 0 {
			fmt.Fprintf(w, "from %s\n", base)
		}
		body := fmt.Sprintf("%s %d\n", base, i)
		fmt.Fprintf(w, "M 100644 inline grown/%d/%d.txt\ndata %d\n%s\n", i%10, i%100, len(body), body)
	}
	if err := w.Flush(); err != nil {
		t.Fatal(err)
	}
	_ = in.Close()
	if err := cmd.Wait(); err != nil {
		t.Fatal(err)
	}
	git(t, dir, "reset", "-q", "--hard", "main")
}

var fetchBehind = flag.Int("fetch.behind", 2000, "how many new commits the largest of the fetches by every transport brings")

func TestFetchAfterNewCommits(t *testing.T) {
	t.Parallel()
	s := start(t)
	source := sampleHistory(t)
	git(t, source, "push", "-q", "--mirror", s.mine("admin/sample"))
	all := transports(t, s)
	clones := map[string]string{}
	for _, tr := range all {
		clones[tr.name] = t.TempDir()
		tr.git(t, "", "clone", "-q", "--mirror", tr.address(s, "admin/sample"), clones[tr.name])
	}
	for _, n := range []int{1, 100, *fetchBehind} {
		grow(t, source, n)
		git(t, source, "push", "-q", s.mine("admin/sample"), "main")
		s.fsck(t, "admin/sample")
		for _, tr := range all {
			t.Run(fmt.Sprintf("%s %d commits", tr.name, n), func(t *testing.T) {
				out := tr.git(t, clones[tr.name], "fetch", "--progress", "origin")
				if !strings.Contains(out, "main") {
					t.Errorf("nothing was fetched: %s", out)
				}
				same(t, "after the fetch", s.dir(t, "admin/sample"), clones[tr.name])
				if out := tr.git(t, clones[tr.name], "fetch", "origin"); strings.TrimSpace(out) != "" {
					t.Errorf("a second fetch found something: %s", out)
				}
			})
		}
	}
	s.jeton(t, "repo", "maintain", "admin/sample")
	s.fsck(t, "admin/sample")
	for _, tr := range all {
		dir := t.TempDir()
		tr.git(t, "", "clone", "-q", "--mirror", tr.address(s, "admin/sample"), dir)
		same(t, tr.name+" after maintenance", s.dir(t, "admin/sample"), dir)
	}
}

func TestFetchIntoADivergedClone(t *testing.T) {
	t.Parallel()
	s := start(t)
	source := sampleHistory(t)
	git(t, source, "push", "-q", "--mirror", s.mine("admin/sample"))
	for _, tr := range transports(t, s) {
		t.Run(tr.name, func(t *testing.T) {
			dir := t.TempDir()
			tr.git(t, "", "clone", "-q", tr.address(s, "admin/sample"), dir)
			grow(t, dir, 40) // commits that the server has never seen: negotiation must get past them
			theirs := commit(t, source, "theirs-"+tr.name+".txt", "theirs\n")
			git(t, source, "push", "-q", s.mine("admin/sample"), "main")
			tr.git(t, dir, "fetch", "-q", "origin")
			if got := strings.TrimSpace(git(t, dir, "rev-parse", "origin/main")); got != theirs {
				t.Errorf("origin/main is %s, want %s", got, theirs)
			}
			fsck(t, dir)
		})
	}
}

func TestFiftyThousandRefsAreListed(t *testing.T) {
	t.Parallel()
	s := start(t)
	source := sampleHistory(t)
	id := head(t, source)
	git(t, source, "pack-refs", "--all")
	packed := filepath.Join(source, ".git", "packed-refs")
	list, err := os.ReadFile(packed)
	if err != nil {
		t.Fatal(err)
	}
	_, list, _ = bytes.Cut(list, []byte("\n"))
	list = append([]byte("# pack-refs with: peeled fully-peeled \n"), list...) // not "sorted", so that git sorts
	for i := range 50_000 {
		list = fmt.Appendf(list, "%s refs/tags/many/%05d\n", id, i)
	}
	if err := os.WriteFile(packed, list, 0o600); err != nil {
		t.Fatal(err)
	}
	all := transports(t, s)
	// Over SSH, because git hands the refs of a push over HTTP on one by one, and then matches each with each.
	all[1].git(t, source, "push", "-q", "--mirror", all[1].address(s, "admin/many"))
	want := strings.Count(git(t, source, "for-each-ref"), "\n")
	for _, tr := range all {
		t.Run(tr.name, func(t *testing.T) {
			out := tr.git(t, "", "ls-remote", "--refs", tr.address(s, "admin/many"))
			if got := strings.Count(out, "refs/"); got != want {
				t.Errorf("ls-remote lists %d refs, want %d", got, want)
			}
			if got := tr.git(t, "", "ls-remote", tr.address(s, "admin/many"), "refs/tags/v2", "refs/tags/v2^{}"); strings.Count(got, "\n") != 2 {
				t.Errorf("a tag and what it points to: %s", got)
			}
		})
	}
	s.fsck(t, "admin/many")
}
