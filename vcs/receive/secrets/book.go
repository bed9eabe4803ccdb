package secrets

import (
	_ "embed" // the rules
	"fmt"
	"regexp"
	"strings"
	"sync"

	"github.com/pelletier/go-toml/v2"
)

var (
	//go:embed gitleaks/gitleaks.toml
	kept []byte
	//go:embed gitleaks/VERSION
	version string
)

// Version is which release of gitleaks the rules are of.
func Version() string { return strings.TrimSpace(version) }

// Book is the rules. It may be shared.
type Book struct {
	rules    []*rule
	keywords *words
	list     []string // of keywords
	// of are, by keyword, the rules that it leads to.
	of    [][]int
	allow *allow
}

// rule is one form of secrets. Its expressions are compiled when they are first needed: of most rules no keyword is ever seen.
type rule struct {
	id, what string
	expr     lazy
	path     *lazy
	group    int
	entropy  float64
	allowed  []*allow
	// generic rules know no form: a secret without a digit is none, nor what another rule has found.
	generic  bool
	keywords []string
	shaped   sync.Once // guards shape
	shape    shape
}

// lazy is an expression that is compiled when it is first used.
type lazy struct {
	text string
	once sync.Once
	re   *regexp.Regexp
}

func (l *lazy) get() *regexp.Regexp {
	l.once.Do(func() { l.re = regexp.MustCompile(l.text) }) // a test compiles all that are kept
	return l.re
}

// file is gitleaks' own form of rules.
type file struct {
	Allowlist allowText
	Rules     []struct {
		ID, Description, Regex, Path string
		SecretGroup                  int
		Entropy                      float64
		Keywords                     []string
		Allowlists                   []allowText
	}
}

// Load reads the kept rules; an error is a fault of the program.
func Load() (*Book, error) { return parse(kept) }

// parse reads rules in gitleaks' form. It is an error where a rule has no keyword and would have to be tried everywhere.
func parse(text []byte) (*Book, error) {
	var f file
	if err := toml.Unmarshal(text, &f); err != nil {
		return nil, fmt.Errorf("read the rules for secrets: %w", err)
	}
	b := &Book{}
	b.allow = f.Allowlist.read()
	number := map[string]int{}
	for _, t := range f.Rules {
		if t.Regex == "" {
			continue
		}
		r := &rule{id: t.ID, what: t.Description, group: t.SecretGroup, entropy: t.Entropy, generic: strings.HasPrefix(t.ID, "generic"), expr: lazy{text: t.Regex}}
		if len(t.Keywords) == 0 {
			return nil, fmt.Errorf("read the rules for secrets: %s has no keyword", t.ID)
		}
		if t.Path != "" {
			r.path = &lazy{text: t.Path}
		}
		for _, a := range t.Allowlists {
			r.allowed = append(r.allowed, a.read())
		}
		for _, k := range t.Keywords {
			k = strings.ToLower(k)
			r.keywords = append(r.keywords, k)
			n, ok := number[k]
			if !ok {
				n = len(b.list)
				number[k], b.list, b.of = n, append(b.list, k), append(b.of, nil)
			}
			b.of[n] = append(b.of[n], len(b.rules))
		}
		b.rules = append(b.rules, r)
	}
	b.keywords = newWords(b.list)
	return b, nil
}
