package main

import (
	"fmt"
	"os/exec"
	"path/filepath"
	"strings"
)

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
	path := diffPath + "admin/bench.git/" + s.wide
	if s.token != "" {
		path = "/admin/bench/changeset-diff/" + s.wide
	}
	n, _, err := get(s, path, s.web, 200)
	return n, err
}
