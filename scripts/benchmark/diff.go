package main

import (
	"fmt"
	"io"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
)

// diffPath is where the reference answers with what `git diff` prints of a commit: /-/diff/REPO/COMMIT.
const diffPath = "/-/diff/"

// changeMany pushes a commit that changes 1,000 files and is called wide.
func (c *comparison) changeMany(s *server) error {
	dir := filepath.Join(c.dir, s.name+"-wide")
	if err := run("", "git", "clone", "--quiet", s.url("admin/bench.git"), dir); err != nil {
		return err
	}
	script := "git ls-files | head -n 1000 | while read -r f; do sed -i '3s/$/ changed/; 30d' \"$f\"; done && git commit -qam wide && git push -q origin HEAD:refs/heads/wide"
	if err := run(dir, "sh", "-c", script); err != nil {
		return err
	}
	out, err := exec.Command("git", "-C", dir, "rev-parse", "HEAD").Output()
	if err != nil {
		return fmt.Errorf("find the commit: %w", err)
	}
	s.wide = strings.TrimSpace(string(out))
	return nil
}

// drainDiff reads the diff of the commit that changeMany made, and returns how long it is.
func drainDiff(s *server) (int64, error) {
	url := s.base + diffPath + "admin/bench.git/" + s.wide
	if s.token != "" {
		url = s.base + "/admin/bench/changeset-diff/" + s.wide
	}
	req, err := http.NewRequest(http.MethodGet, url, nil)
	if err != nil {
		return 0, err
	}
	if s.token != "" {
		req.Header.Set("Authorization", "Bearer "+s.web)
	}
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		return 0, err
	}
	defer res.Body.Close()
	if res.StatusCode != http.StatusOK {
		text, _ := io.ReadAll(io.LimitReader(res.Body, 500))
		return 0, fmt.Errorf("%s answered %s: %s", s.name, res.Status, text)
	}
	return io.Copy(io.Discard, res.Body)
}

// serveDiff answers with what git prints, a process for each request, as every server on git does.
func serveDiff(root string, w http.ResponseWriter, r *http.Request) {
	repo, commit := filepath.Split(strings.TrimPrefix(r.URL.Path, diffPath))
	cmd := exec.Command("git", "-C", filepath.Join(root, repo), "diff", "--binary", "--full-index", "-C", commit+"~1", commit)
	cmd.Stdout, cmd.Stderr = w, os.Stderr
	if err := cmd.Run(); err != nil {
		fmt.Fprintln(os.Stderr, "git diff:", err)
	}
}
