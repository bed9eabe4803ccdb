package secrets

import (
	"slices"
	"strings"
	"testing"
)

func loaded(t testing.TB) *Book {
	t.Helper()
	b, err := Load()
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func never() bool { return false }

// found are the rules that match in a text, each with its secret.
func foundIn(b *Book, text string) (list []string) {
	b.each([]byte(text), never, func(m *match) { list = append(list, m.rule.id+" "+string(m.secret)) })
	slices.Sort(list)
	return slices.Compact(list)
}

// whole is foundIn without keywords' places: every rule that has a keyword in the text is tried on all of it.
func whole(b *Book, text string) (list []string) {
	s := &search{book: b, text: []byte(text), stop: never}
	for n, r := range b.rules {
		if slices.ContainsFunc(r.keywords, func(k string) bool { return strings.Contains(strings.ToLower(text), k) }) {
			s.windows = make([]window, len(b.rules))
			s.windows[n] = window{0, len(text)}
			s.try(n)
		}
	}
	for i, m := range s.found {
		if s.special(&s.found[i]) {
			continue
		}
		list = append(list, m.rule.id+" "+string(m.secret))
	}
	slices.Sort(list)
	return slices.Compact(list)
}

func TestEveryKeptExpressionCompiles(t *testing.T) {
	b := loaded(t)
	if len(b.rules) < 200 || Version() == "" {
		t.Fatalf("%d rules of version %q", len(b.rules), Version())
	}
	tails := 0
	for _, r := range b.rules {
		r.expr.get()
		if r.form().tail != nil {
			tails++
		}
		if r.path != nil {
			r.path.get()
		}
		for _, a := range append(r.allowed, b.allow) {
			for _, l := range append(a.paths, a.exprs...) {
				l.get()
			}
		}
	}
	if tails < len(b.rules)*9/10 {
		t.Errorf("%d of %d rules are tried only where they can match; the others make pushes slow", tails, len(b.rules))
	}
}

func TestLookingRoundKeywordsFindsWhatLookingEverywhereFinds(t *testing.T) {
	b, m := loaded(t), newMaker(7)
	for i, f := range forms() {
		for _, way := range plants()[i%5 : i%5+1] {
			text := m.code(10) + way.put(m, f, f.make(m)) + m.code(10)
			if got, want := foundIn(b, text), whole(b, text); !slices.Equal(got, want) {
				t.Errorf("%s in %s: got %q, want %q", f.kind, way.where, got, want)
			}
		}
	}
}

func TestWhatIsNoSecretIsNotFound(t *testing.T) {
	b := loaded(t)
	key := "AK" + "IA" + "QYLPMN5HHHFPZAM2"
	for name, row := range map[string]struct {
		text, path string
		want       int
	}{
		"a key":                    {"id = " + key + "\n", "a.txt", 1},
		"the key of examples":      {"id = AK" + "IAIOSFODNN7EXAMPLE\n", "a.txt", 0},
		"a key in a lock file":     {"id = " + key + "\n", "x/package-lock.json", 0},
		"a key in a message":       {"id = " + key + "\n", "", 1},
		"a key of little entropy":  {"id = AK" + "IAAAAAAAAAAAAAAAAA\n", "a.txt", 0},
		"a variable":               {"api_key = ${API_KEY_OF_SERVICE}\n", "a.sh", 0},
		"letters alone":            {"api_key = \"abcdefghijklmnopqrs\"\n", "a.sh", 0},
		"a secret of Kubernetes":   {"kind: Secret\ndata:\n  a: c2VjcmV0LXRoaW5nLTQy\n", "a.yaml", 1},
		"the same in another file": {"kind: Secret\ndata:\n  a: c2VjcmV0LXRoaW5nLTQy\n", "a.txt", 0},
	} {
		n := 0
		b.each([]byte(row.text), never, func(m *match) {
			if b.counts(m.rule, m.unless, row.path) {
				n++
			}
		})
		if min(n, 1) != row.want {
			t.Errorf("%s: %d found, want %d", name, n, row.want)
		}
	}
}

func TestSearchEndsWhenItIsStopped(t *testing.T) {
	b := loaded(t)
	text := strings.Repeat("api_key = "+newMaker(3).of(alnum, 30)+"\n"+strings.Repeat("x", 40<<10)+"\n", 20)
	asked := 0
	if b.each([]byte(text), func() bool { asked++; return asked > 3 }, func(*match) {}) || asked > 4 {
		t.Errorf("it went on: asked %d times", asked)
	}
	if b.each([]byte(strings.Repeat("api_key = 1234567890abcdefXYZ\n", 10)+strings.Repeat("gh"+"p_"+newMaker(4).of(alnum, 36)+"\n", 300)), never, func(*match) {}) {
		t.Error("more matches than count, and it is said that all was looked at")
	}
}

func TestRulesThatCannotBeUsedAreErrors(t *testing.T) {
	for name, text := range map[string]string{
		"no TOML":    "[[rules",
		"no keyword": "[[rules]]\nid = 'x'\nregex = 'x'\n",
	} {
		if _, err := parse([]byte(text)); err == nil {
			t.Errorf("%s: no error", name)
		}
	}
}

func TestWordsFindsWhatStringsFinds(t *testing.T) {
	list := []string{"he", "she", "his", "hers", "key", "api-key", "s.", "ey"}
	w := newWords(list)
	m := newMaker(5)
	for range 300 {
		text := m.of("HhEeSsRrIiKkYy.-pa\x00\xff", 60)
		got := map[string]bool{}
		w.each([]byte(text), func(word, end int) bool {
			if strings.ToLower(text[end-len(list[word]):end]) != list[word] {
				t.Fatalf("%q at %d of %q", list[word], end, text)
			}
			got[list[word]] = true
			return true
		})
		for _, word := range list {
			if want := strings.Contains(strings.ToLower(text), word); got[word] != want {
				t.Fatalf("%q in %q: %v, want %v", word, text, got[word], want)
			}
		}
	}
}

func FuzzSearch(f *testing.F) {
	b, m := loaded(f), newMaker(9)
	for _, form := range forms() {
		f.Add([]byte(form.name + " = '" + form.make(m) + "'\n"))
	}
	f.Add([]byte("api key secret token s.\x00ey"))
	f.Fuzz(func(t *testing.T, text []byte) {
		last := -1
		b.each(text, never, func(m *match) {
			if m.from < last || len(m.secret) == 0 || m.from+len(m.secret) > len(text)+1 {
				t.Errorf("a match of %s at %d, behind one at %d, of %d bytes in %d", m.rule.id, m.from, last, len(m.secret), len(text))
			}
			last = m.from
			b.counts(m.rule, m.unless, "a/b.yaml")
		})
		eachOwn(text, func(token string, at int) {
			if !strings.HasPrefix(token, ownPrefix) || len(token) > ownMax || at < 0 || at >= len(text) {
				t.Errorf("%q at %d", token, at)
			}
		})
	})
}
