// Command style prints the figures by which this project keeps its code readable, and fails where a bound is broken:
// a file over 400 lines, an exported name without a comment, a package without one.
//
// The other figures (medians, 95th percentiles, share of comments, lines of tests for a line of code) are goals:
// they are printed beside the goal and never fail a build, since one honest long function is better than two bad ones.
package main

import (
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"os"
	"path/filepath"
	"sort"
	"strings"
)

const maxFileLines = 400

// figures is what is counted over the whole tree.
type figures struct {
	fileLines, funcLines []int
	code, comments       int
	testCode             int
	broken               []string
}

func main() {
	f, err := measure(".")
	if err != nil {
		fmt.Fprintln(os.Stderr, "style:", err)
		os.Exit(1)
	}
	f.print()
	if len(f.broken) > 0 {
		sort.Strings(f.broken)
		for _, b := range f.broken {
			fmt.Fprintln(os.Stderr, b)
		}
		os.Exit(1)
	}
}

// measure reads every Go file below root.
func measure(root string) (*figures, error) {
	f := &figures{}
	documented := map[string]bool{}
	err := filepath.WalkDir(root, func(path string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if d.IsDir() && strings.HasPrefix(d.Name(), ".") && path != root {
			return filepath.SkipDir
		}
		if d.IsDir() || filepath.Ext(path) != ".go" {
			return nil
		}
		return f.file(path, documented)
	})
	for dir, ok := range documented {
		if !ok {
			f.broken = append(f.broken, dir+": package has no package comment")
		}
	}
	return f, err
}

func (f *figures) file(path string, documented map[string]bool) error {
	src, err := os.ReadFile(path)
	if err != nil {
		return err
	}
	set := token.NewFileSet()
	tree, err := parser.ParseFile(set, path, src, parser.ParseComments)
	if err != nil {
		return err
	}
	lines := strings.Count(string(src), "\n")
	if lines > maxFileLines {
		f.broken = append(f.broken, fmt.Sprintf("%s: %d lines, the bound is %d", path, lines, maxFileLines))
	}
	code, comments := count(string(src))
	if strings.HasSuffix(path, "_test.go") {
		f.testCode += code
		return nil
	}
	f.fileLines = append(f.fileLines, lines)
	f.code += code
	f.comments += comments
	dir := filepath.Dir(path)
	documented[dir] = documented[dir] || tree.Doc != nil
	f.declarations(set, path, tree)
	return nil
}

// count tells lines of code from lines of comment; blank lines are neither.
func count(src string) (code, comments int) {
	block := false
	for line := range strings.Lines(src) {
		line = strings.TrimSpace(line)
		switch {
		case line == "":
		case block:
			comments++
			block = !strings.Contains(line, "*/")
		case strings.HasPrefix(line, "//"):
			comments++
		case strings.HasPrefix(line, "/*"):
			comments++
			block = !strings.Contains(line, "*/")
		default:
			code++
		}
	}
	return code, comments
}

func (f *figures) declarations(set *token.FileSet, path string, tree *ast.File) {
	for _, decl := range tree.Decls {
		switch d := decl.(type) {
		case *ast.FuncDecl:
			f.funcLines = append(f.funcLines, set.Position(d.End()).Line-set.Position(d.Pos()).Line+1)
			if d.Name.IsExported() && d.Doc == nil && exportedReceiver(d) {
				f.undocumented(set, path, d.Pos(), d.Name.Name)
			}
		case *ast.GenDecl:
			f.generic(set, path, d)
		}
	}
}

// generic looks at types, constants and variables: a comment on the group or on the name will do.
func (f *figures) generic(set *token.FileSet, path string, d *ast.GenDecl) {
	for _, spec := range d.Specs {
		switch s := spec.(type) {
		case *ast.TypeSpec:
			if s.Name.IsExported() && d.Doc == nil && s.Doc == nil {
				f.undocumented(set, path, s.Pos(), s.Name.Name)
			}
		case *ast.ValueSpec:
			if s.Names[0].IsExported() && d.Doc == nil && s.Doc == nil && s.Comment == nil {
				f.undocumented(set, path, s.Pos(), s.Names[0].Name)
			}
		}
	}
}

// exportedReceiver is true for functions, and for methods of exported types; the methods that an unexported type has
// to satisfy an interface are documented there. String, Error and Unwrap explain themselves.
func exportedReceiver(d *ast.FuncDecl) bool {
	switch d.Name.Name {
	case "String", "Error", "Unwrap", "Len", "Less", "Swap", "Is":
		return false
	}
	if d.Recv == nil {
		return true
	}
	t := d.Recv.List[0].Type
	if star, ok := t.(*ast.StarExpr); ok {
		t = star.X
	}
	if index, ok := t.(*ast.IndexExpr); ok {
		t = index.X
	}
	id, ok := t.(*ast.Ident)
	return ok && id.IsExported()
}

func (f *figures) undocumented(set *token.FileSet, path string, pos token.Pos, name string) {
	f.broken = append(f.broken, fmt.Sprintf("%s:%d: %s is exported and has no comment", path, set.Position(pos).Line, name))
}

func (f *figures) print() {
	row := func(what string, got any, goal string) { fmt.Printf("style  %-34s %8v   goal %s\n", what, got, goal) }
	row("files", len(f.fileLines), "-")
	row("lines a file, median", quantile(f.fileLines, 50), "<= 130")
	row("lines a file, longest", quantile(f.fileLines, 100), "<= 400 (enforced)")
	row("lines a function, median", quantile(f.funcLines, 50), "<= 10")
	row("lines a function, 95th percentile", quantile(f.funcLines, 95), "<= 45")
	row("comments, % of code and comments", 100*f.comments/max(1, f.code+f.comments), "12-20")
	row("lines of tests for a line of code", fmt.Sprintf("%.2f", float64(f.testCode)/float64(max(1, f.code))), ">= 1.2")
}

// quantile is the p-th percentile of n, 0 for none.
func quantile(n []int, p int) int {
	if len(n) == 0 {
		return 0
	}
	sort.Ints(n)
	return n[min(len(n)-1, len(n)*p/100)]
}
