package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func write(t *testing.T, dir, name, src string) {
	t.Helper()
	if err := os.MkdirAll(filepath.Join(dir, filepath.Dir(name)), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(dir, name), []byte(src), 0o644); err != nil {
		t.Fatal(err)
	}
}

func TestMeasureReportsEachBrokenBound(t *testing.T) {
	for _, c := range []struct{ name, src, want string }{
		{"long file", "// Package x is.\npackage x\n" + strings.Repeat("\n", maxFileLines), "the bound is 400"},
		{"no package comment", "package x\n", "no package comment"},
		{"function", "// Package x is.\npackage x\n\nfunc Exported() {}\n", "Exported is exported"},
		{"method", "// Package x is.\npackage x\n\n// T is.\ntype T struct{}\n\nfunc (t *T) Do() {}\n", "Do is exported"},
		{"type", "// Package x is.\npackage x\n\ntype T struct{}\n", "T is exported"},
		{"constant", "// Package x is.\npackage x\n\nconst C = 1\n", "C is exported"},
	} {
		t.Run(c.name, func(t *testing.T) {
			dir := t.TempDir()
			write(t, dir, "x/x.go", c.src)
			f, err := measure(dir)
			if err != nil {
				t.Fatal(err)
			}
			if len(f.broken) != 1 || !strings.Contains(f.broken[0], c.want) {
				t.Errorf("got %q, want one that says %q", f.broken, c.want)
			}
		})
	}
}

func TestMeasureAcceptsDocumentedCode(t *testing.T) {
	dir := t.TempDir()
	write(t, dir, "x/x.go", "// Package x is.\npackage x\n\n// The colours.\nconst (\n\tRed = 1\n)\n\ntype t struct{}\n\nfunc (t) Do() {}\n\n// T is.\ntype T int\n\nfunc (T) String() string { return \"\" }\n")
	write(t, dir, "x/x_test.go", "package x\n\nfunc Exported() {}\n")
	write(t, dir, ".hidden/y.go", "package y\n")
	f, err := measure(dir)
	if err != nil {
		t.Fatal(err)
	}
	if len(f.broken) != 0 {
		t.Errorf("got %q, want nothing", f.broken)
	}
	if f.testCode != 2 || f.comments != 3 {
		t.Errorf("got %d lines of tests and %d of comments, want 2 and 3", f.testCode, f.comments)
	}
}

func TestCountTellsCodeFromComments(t *testing.T) {
	code, comments := count("a\n\n// b\n/* c\nd */\ne // f\n")
	if code != 2 || comments != 3 {
		t.Errorf("got %d lines of code and %d of comments, want 2 and 3", code, comments)
	}
}

func TestQuantile(t *testing.T) {
	n := []int{5, 1, 4, 2, 3}
	if got := quantile(n, 50); got != 3 {
		t.Errorf("median of %v: got %d, want 3", n, got)
	}
	if got := quantile(n, 100); got != 5 {
		t.Errorf("longest of %v: got %d, want 5", n, got)
	}
	if got := quantile(nil, 50); got != 0 {
		t.Errorf("of nothing: got %d, want 0", got)
	}
}
