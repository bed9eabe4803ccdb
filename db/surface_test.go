package db

import (
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"reflect"
	"strings"
	"testing"
)

// TestNoTypeOfTheLibrariesLeavesThePackage looks at every exported function and field for gorm's, the dialect's and the
// migrations' names.
func TestNoTypeOfTheLibrariesLeavesThePackage(t *testing.T) {
	notTest := func(f fs.FileInfo) bool { return !strings.HasSuffix(f.Name(), "_test.go") }
	//lint:ignore SA1019 one package without build tags
	packages, err := parser.ParseDir(token.NewFileSet(), ".", notTest, 0)
	ok(t, err)
	seen := 0
	ast.Inspect(packages["db"], func(n ast.Node) bool {
		switch d := n.(type) {
		case *ast.FuncDecl:
			if d.Name.IsExported() {
				seen++
				alien(t, d.Name.Name, d.Type)
			}
		case *ast.Field:
			if len(d.Names) > 0 && d.Names[0].IsExported() {
				seen++
				alien(t, d.Names[0].Name, d.Type)
			}
		}
		return true
	})
	if seen < 100 {
		t.Fatalf("looked at %d names only", seen)
	}
}

func alien(t *testing.T, name string, typ ast.Node) {
	t.Helper()
	ast.Inspect(typ, func(n ast.Node) bool {
		if s, is := n.(*ast.SelectorExpr); is {
			switch x, _ := s.X.(*ast.Ident); x.Name {
			case "gorm", "clause", "sqlite", "postgres", "pgx", "goose", "sql":
				t.Errorf("%s shows %s.%s", name, x.Name, s.Sel.Name)
			}
		}
		return true
	})
}

// TestAllRowsAreLearnt looks for the types of which rows are read and written.
func TestAllRowsAreLearnt(t *testing.T) {
	learnt := map[string]bool{}
	for _, row := range rowTypes() {
		learnt[reflect.TypeOf(row).Name()] = true
	}
	//lint:ignore SA1019 one package without build tags
	packages, err := parser.ParseDir(token.NewFileSet(), ".", func(f fs.FileInfo) bool { return !strings.HasSuffix(f.Name(), "_test.go") }, 0)
	ok(t, err)
	methods, used := map[string]bool{}, map[string]bool{}
	ast.Inspect(packages["db"], func(n ast.Node) bool {
		switch n := n.(type) {
		case *ast.FuncDecl: // func (X) TableName() string
			if n.Name.Name == "TableName" {
				used[n.Recv.List[0].Type.(*ast.Ident).Name] = true
			}
		case *ast.ValueSpec: // var rows []X
			if list, is := n.Type.(*ast.ArrayType); is && n.Names[0].Name == "rows" {
				if x, is := list.Elt.(*ast.Ident); is {
					used[x.Name] = true
				}
			}
		case *ast.CallExpr: // Model(&X{}), Delete(&X{})
			f, is := n.Fun.(*ast.SelectorExpr)
			if !is || len(n.Args) == 0 {
				return true
			}
			methods[f.Sel.Name] = true
			if u, is := n.Args[0].(*ast.UnaryExpr); is {
				if c, is := u.X.(*ast.CompositeLit); is {
					if x, is := c.Type.(*ast.Ident); is {
						used[x.Name] = true
					}
				}
			}
		}
		return true
	})
	if len(used) < 15 || !methods["Model"] {
		t.Fatalf("found %v only", used)
	}
	for name := range used {
		if !learnt[name] {
			t.Errorf("%s is not among rowTypes", name)
		}
	}
}

func BenchmarkWrite(b *testing.B) {
	d := fresh(b)
	for b.Loop() {
		if err := d.Audit().Append(b.Context(), AuditEntry{Action: "x"}); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkRead(b *testing.B) {
	d := fresh(b)
	if err := d.Users().Insert(b.Context(), user("ada")); err != nil {
		b.Fatal(err)
	}
	for b.Loop() {
		if _, err := d.Users().ByID(b.Context(), "u-ada"); err != nil {
			b.Fatal(err)
		}
	}
}
