package integration

import (
	"os/exec"
	"slices"
	"strings"
	"testing"
)

// imports is who may import whom, as docs/architecture.md draws it. Each part may import itself and what stands here;
// nothing else of ours. vcs/name is a leaf without imports: names of people and of repositories follow one table.
var imports = map[string][]string{
	"cmd":         {"vcs", "auth", "web", "db"},
	"web":         {"vcs", "auth"},
	"auth":        {"db", "vcs/name"},
	"vcs":         {},
	"db":          {},
	"integration": {},
	"scripts":     {},
}

// technologies are named in the packages that wrap them, and nowhere above.
var technologies = map[string][]string{
	"gorm.io/gorm":                                          {"jeton/db"},
	"gorm.io/driver/postgres":                               {"jeton/db"},
	"github.com/jackc/pgx/v5":                               {"jeton/db"},
	"github.com/libtnb/sqlite":                              {"jeton/db"},
	"github.com/pressly/goose/v3":                           {"jeton/db"},
	"maragu.dev/goqite":                                     {"jeton/db"},
	"github.com/gorilla/mux":                                {"jeton/web"},
	"github.com/gliderlabs/ssh":                             {"jeton/vcs/sshd"},
	"github.com/skeema/knownhosts":                          {"jeton/vcs/remote"},
	"github.com/go-git/go-git/v5/plumbing/transport":        {"jeton/vcs/remote"},
	"github.com/pires/go-proxyproto":                        {"jeton/cmd"},
	"github.com/wneessen/go-mail":                           {"jeton/auth/notice"},
	"github.com/emersion/go-smtp":                           {},
	"github.com/mmcdole/gofeed":                             {},
	"github.com/standard-webhooks/standard-webhooks":        {},
	"github.com/spf13/cobra":                                {"jeton/cmd"},
	"github.com/knadh/koanf/v2":                             {"jeton/cmd"},
	"golang.org/x/time":                                     {"jeton/web/door"},
	"golang.org/x/crypto/argon2":                            {"jeton/auth"},
	"golang.org/x/crypto/bcrypt":                            {"jeton/auth/signin"},
	"github.com/go-ldap/ldap/v3":                            {"jeton/auth/signin/ldap"},
	"github.com/pelletier/go-toml/v2":                       {"jeton/vcs/receive/secrets"},
	"github.com/go-json-experiment/json":                    {"jeton/web/api"},
	"github.com/klauspost/compress/":                        {"jeton/vcs"},
	"github.com/go-git/go-git/v5/plumbing/transport/server": {},
	"github.com/go-git/go-git/v5/plumbing/format/packfile":  {},
	"github.com/go-git/go-git/v5/plumbing/format/idxfile":   {},
}

func TestEachPartImportsOnlyWhatTheTableAllows(t *testing.T) {
	seen := 0
	for pkg, imported := range packages(t) {
		part := partOf(pkg)
		allowed, ok := imports[part]
		if !ok {
			t.Errorf("%s: %q is not a part of the house (cmd vcs auth web db scripts integration)", pkg, part)
			continue
		}
		if strings.HasSuffix(pkg, "test") { // for tests alone, which make rows
			allowed = append(slices.Clone(allowed), "db")
		}
		for _, path := range imported {
			if !strings.HasPrefix(path, "jeton/") {
				continue
			}
			seen++
			if strings.HasSuffix(path, "/apitest") {
				t.Errorf("%s imports %s, which is for tests alone", pkg, path)
			}
			if partOf(path) != part && !within(strings.TrimPrefix(path, "jeton/"), allowed) {
				t.Errorf("%s imports %s: %s may import %v only", pkg, path, part, allowed)
			}
		}
	}
	if seen < 20 {
		t.Fatalf("only %d imports of our own were looked at: is the module still called jeton?", seen)
	}
}

func TestTechnologiesAreNamedOnlyWhereTheyAreWrapped(t *testing.T) {
	for pkg, imported := range packages(t) {
		for _, path := range imported {
			for technology, homes := range technologies {
				if strings.HasPrefix(path+"/", strings.TrimSuffix(technology, "/")+"/") && !within(pkg, homes) {
					t.Errorf("%s imports %s, which belongs in %v", pkg, path, homes)
				}
			}
		}
	}
}

// packages lists every package of the module with what it imports, tests left out.
func packages(t *testing.T) map[string][]string {
	t.Helper()
	cmd := exec.Command("go", "list", "-f", `{{.ImportPath}} {{join .Imports " "}}`, "./...")
	cmd.Dir = ".."
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("go list: %v", err)
	}
	all := map[string][]string{}
	for line := range strings.Lines(string(out)) {
		f := strings.Fields(line)
		all[f[0]] = f[1:]
	}
	return all
}

func partOf(path string) string {
	part, _, _ := strings.Cut(strings.TrimPrefix(path, "jeton/"), "/")
	return part
}

// within reports whether path is one of homes or below one.
func within(path string, homes []string) bool {
	for _, home := range homes {
		if path == home || strings.HasPrefix(path, home+"/") {
			return true
		}
	}
	return false
}
