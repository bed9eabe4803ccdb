package rules

import (
	"regexp"
	"strings"
	"testing"
)

func TestPatternsOfRefs(t *testing.T) {
	for _, row := range []struct {
		pattern, ref string
		want         bool
	}{
		{"refs/heads/main", "refs/heads/main", true},
		{"refs/heads/main", "refs/heads/mainly", false},
		{"refs/heads/main", "refs/heads/mai", false},
		{"refs/heads/main", "xrefs/heads/main", false},
		{"", "", true},
		{"", "a", false},
		{"refs/heads/release/*", "refs/heads/release/1.0", true},
		{"refs/heads/release/*", "refs/heads/release/", true},
		{"refs/heads/release/*", "refs/heads/release", false},
		{"refs/heads/release/*", "refs/heads/release/1/0", false},
		{"refs/heads/release/**", "refs/heads/release/1/0", true},
		{"refs/**", "refs/tags/v1", true},
		{"**", "refs/tags/v1", true},
		{"*", "refs/tags/v1", false},
		{"refs/*/v?", "refs/tags/v1", true},
		{"refs/*/v?", "refs/tags/v", false},
		{"refs/*/v?", "refs/tags/v12", false},
		{"refs/heads/a?b", "refs/heads/a/b", false},
		{"refs/heads/a?b", "refs/heads/aäb", true},
		{"refs/heads/a?b", "refs/heads/a\xffb", true},
		{"refs/heads/a?b", "refs/heads/a\ufffdb", true},
		{"refs/heads/\ufffd?", "refs/heads/\ufffd\ufffd", true},
		{"refs/heads/\xc3?", "refs/heads/ä", false},
		{"refs/heads/ä*", "refs/heads/äx", true},
		{"refs/heads/\xff", "refs/heads/\xfe", false},
		{"refs/heads/***x", "refs/heads/a/b/x", true},
		{"refs/heads/*-*-*", "refs/heads/a-b-c-d", true},
		{"refs/heads/*-*-*", "refs/heads/a-b", false},
		{"refs/heads/[ab].+", "refs/heads/[ab].+", true},
		{"refs/heads/.", "refs/heads/x", false},
		{"refs/heads/Main", "refs/heads/main", false},
	} {
		if got := Match(row.pattern, row.ref); got != row.want {
			t.Errorf("Match(%q, %q) = %v, want %v", row.pattern, row.ref, got, row.want)
		}
	}
}

func TestFirstPatternThatMatchesHolds(t *testing.T) {
	r := Rules{Branches: []Branch{{Pattern: "refs/heads/release/old-*", Force: true}, {Pattern: "refs/heads/release/*"}, {Pattern: "refs/heads/**", Delete: true}}}
	for ref, want := range map[string]string{"refs/heads/release/old-1": "refs/heads/release/old-*", "refs/heads/release/2": "refs/heads/release/*", "refs/heads/main": "refs/heads/**"} {
		if b := r.Protects(ref); b == nil || b.Pattern != want {
			t.Errorf("%s is protected by %+v, want %s", ref, b, want)
		}
	}
	if b := r.Protects("refs/tags/v1"); b != nil {
		t.Errorf("a tag is protected by %+v", b)
	}
}

func TestMatchingTakesNoLongerForManyStars(t *testing.T) {
	if Match(strings.Repeat("*a", 200), strings.Repeat("a", 1000)+"b") {
		t.Error("matched")
	}
}

func TestMatchingReadsNoFurtherThanItMust(t *testing.T) {
	long := "refs/heads/" + strings.Repeat("x", 1000)
	for pattern, want := range map[string]bool{"refs/tags/*": false, "refs/heads/main": false, "refs/heads/*": true, "refs/heads/**": true, "refs/heads/v*": false} {
		if got := Match(pattern, long); got != want {
			t.Errorf("Match(%q, a long name) = %v", pattern, got)
		}
	}
	if n := testing.AllocsPerRun(100, func() { Match("refs/tags/v*", long) }); n != 0 {
		t.Errorf("a name that begins otherwise costs %v allocations", n)
	}
	if n := testing.AllocsPerRun(100, func() { Match("refs/heads/*x*y", long) }); n > 10 {
		t.Errorf("a long name costs %v allocations", n)
	}
}

// asRegexp is the pattern as Go's own matcher has it.
func asRegexp(pattern string) *regexp.Regexp {
	var b strings.Builder
	b.WriteString(`(?s)\A`)
	for i := 0; i < len(pattern); i++ {
		switch {
		case strings.HasPrefix(pattern[i:], "**"):
			b.WriteString(".*")
			i++
		case pattern[i] == '*':
			b.WriteString("[^/]*")
		case pattern[i] == '?':
			b.WriteString("[^/]")
		default:
			b.WriteString(regexp.QuoteMeta(pattern[i : i+1]))
		}
	}
	return regexp.MustCompile(b.String() + `\z`)
}

func FuzzMatch(f *testing.F) {
	for _, s := range [][2]string{{"refs/heads/*", "refs/heads/main"}, {"**/x?", "a/b/xy"}, {"***", "a/"}, {"a*b**c?", "aXbY/Zcd"}} {
		f.Add(s[0], s[1])
	}
	f.Fuzz(func(t *testing.T, pattern, ref string) {
		if len(pattern) > 100 || len(ref) > 100 || strings.ContainsFunc(pattern+ref, func(r rune) bool { return r >= 0x7f }) {
			return
		}
		if got, want := Match(pattern, ref), asRegexp(pattern).MatchString(ref); got != want {
			t.Errorf("Match(%q, %q) = %v, a regular expression says %v", pattern, ref, got, want)
		}
	})
}

func FuzzHides(f *testing.F) {
	f.Add("refs/pull\n!refs/pull/1", "refs/pull/1/head")
	f.Fuzz(func(t *testing.T, hidden, ref string) {
		r := Rules{Hidden: strings.Split(hidden, "\n")}
		got := r.Hides(ref)
		if strings.HasPrefix(ref, "refs/jeton/") && !got {
			t.Errorf("%q shows %q, which is the server's own", hidden, ref)
		}
		r.Hidden = append(r.Hidden, ref)
		if ref != "" && !strings.HasPrefix(ref, "!") && !strings.HasPrefix(ref, "^") && !strings.HasSuffix(ref, "/") && !r.Hides(ref) {
			t.Errorf("%q is not hidden by itself", ref)
		}
	})
}
