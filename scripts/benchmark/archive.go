package main

import (
	"os"
	"path/filepath"
	"time"
)

// archiveRows measure archives of the main branch beside `git archive`: made anew, and kept from the time before.
func archiveRows() []row {
	var all []row
	for _, format := range []string{"zip", "tar.gz"} {
		all = append(all,
			row{
				name: "archive " + format + ", first", goal: "<= 0.8", reference: 2 * time.Second,
				work: func(s *server) (int64, error) {
					if err := forgetArchives(s); err != nil {
						return 0, err
					}
					return drainArchive(s, format)
				},
			},
			row{
				name: "archive " + format + ", again", goal: "<= 0.02", reference: 2 * time.Second,
				work: func(s *server) (int64, error) { return drainArchive(s, format) },
			})
	}
	return all
}

// drainArchive downloads an archive, and returns how long it is.
func drainArchive(s *server, format string) (int64, error) {
	path := archivePath + "admin/bench.git/main." + format
	if s.token != "" {
		path = "/admin/bench/archive/main." + format
	}
	n, _, err := get(s, path, s.web, 200)
	return n, err
}

// forgetArchives removes what is kept, once nothing is being written there: who asks then would read along.
func forgetArchives(s *server) error {
	if s.data == "" { // C git keeps none
		return nil
	}
	dir := filepath.Join(s.data, "cache", "archives")
	for {
		unfinished, err := filepath.Glob(filepath.Join(dir, "*", "part-*"))
		if err != nil {
			return err
		}
		if len(unfinished) == 0 {
			return os.RemoveAll(dir)
		}
		time.Sleep(5 * time.Millisecond)
	}
}
