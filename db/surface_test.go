package db

import (
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
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
