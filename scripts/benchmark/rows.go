package main

import (
	"fmt"
	"path/filepath"
	"slices"
	"time"
)

// rows are the lines of the table, in its order.
func (c *comparison) rows() []row {
	rows := []row{
		{
			name: "full clone, repacked", goal: "<= 1.0", reference: 2 * time.Second,
			work: func(s *server) (int64, error) { return drainClone(s, "admin/bench.git") },
		},
		{
			name: "nothing new (ls-remote by git)", goal: "<= 0.06", reference: time.Second,
			work: func(s *server) (int64, error) {
				return 0, run("", "git", "ls-remote", "--quiet", s.url("admin/bench.git"))
			},
		},
		{
			name: "nothing new (fetch by git)", goal: "<= 0.06", reference: time.Second,
			prepare: func(s *server) error {
				return run("", "git", "clone", "--quiet", "--bare", s.url("admin/bench.git"), c.clone(s))
			},
			work: func(s *server) (int64, error) {
				return 0, run("", "git", "-C", c.clone(s), "fetch", "--quiet", s.url("admin/bench.git"), "+refs/heads/*:refs/heads/*")
			},
		},
		{
			name: "push of one commit", goal: "<= 0.1", reference: time.Second / 2,
			prepare: func(s *server) error {
				return run("", "git", "clone", "--quiet", s.url("admin/bench.git"), c.work(s))
			},
			work: func(s *server) (int64, error) { return 0, c.pushOne(s) },
		},
		{
			name: "push of the whole into an empty one", goal: "<= 0.7", reference: time.Second,
			work: func(s *server) (int64, error) { return 0, c.pushAll(s) },
		},
		{
			name: "diff of a commit that changes 1,000 files", goal: "<= 1.0", reference: time.Second,
			prepare: c.changeMany,
			work:    drainDiff,
		},
	}
	return slices.Concat(rows, archiveRows(), feedRows())
}

func (c *comparison) clone(s *server) string { return filepath.Join(c.dir, s.name+"-mirror.git") }
func (c *comparison) work(s *server) string  { return filepath.Join(c.dir, s.name+"-work") }

// pushOne makes a commit that changes one file, and pushes it.
func (c *comparison) pushOne(s *server) error {
	c.serial++
	dir := c.work(s)
	script := fmt.Sprintf("echo change %d >> change.txt && git add change.txt && git commit -qm 'change %d' && git push -q origin HEAD:refs/heads/one", c.serial, c.serial)
	return run(dir, "sh", "-c", script)
}

// pushAll pushes everything into a repository that did not exist a moment ago.
func (c *comparison) pushAll(s *server) error {
	c.serial++
	repo := fmt.Sprintf("admin/all%d.git", c.serial)
	if s.token == "" {
		if err := emptyReference(filepath.Join(c.dir, "git"), repo); err != nil {
			return err
		}
	}
	return run("", "git", "-C", c.source, "push", "--quiet", "--mirror", s.url(repo))
}
