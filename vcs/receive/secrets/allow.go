package secrets

// allowText is a list of what is no secret, in gitleaks' form.
type allowText struct {
	Paths, Regexes, Stopwords []string
	RegexTarget, Condition    string
}

// allow is a list of what is no secret.
type allow struct {
	paths, exprs []*lazy
	stop         *words
	target       string // what exprs look at: "" the secret, "match" all that the rule matched, "line" the whole line
	// every says that all kinds of conditions have to be met, not one of them.
	every bool
}

func (t allowText) read() *allow {
	a := &allow{target: t.RegexTarget, every: t.Condition == "AND", paths: lazies(t.Paths), exprs: lazies(t.Regexes)}
	if len(t.Stopwords) > 0 {
		a.stop = newWords(t.Stopwords)
	}
	return a
}

func lazies(texts []string) []*lazy {
	list := make([]*lazy, len(texts))
	for i, text := range texts {
		list[i] = &lazy{text: text}
	}
	return list
}

// text reports whether what is known without a path meets the list; then, where every condition has to be met, its paths
// are still to be asked.
func (a *allow) text(m *match) bool {
	look := m.secret
	switch a.target {
	case "match":
		look = m.whole
	case "line":
		look = m.line
	}
	met, had := a.every, false
	for kind, ask := range []func() bool{func() bool { return matches(a.exprs, look) }, func() bool { return a.stop.in(m.secret) }} {
		if kind == 0 && len(a.exprs) == 0 || kind == 1 && a.stop == nil {
			continue
		}
		had = true
		if ask() != a.every {
			met = !a.every
			break
		}
	}
	return had && met
}

// path reports whether a path is one of the list's.
func (a *allow) path(path string) bool { return matches(a.paths, []byte(path)) }

func matches(list []*lazy, text []byte) bool {
	for _, l := range list {
		if l.get().Match(text) {
			return true
		}
	}
	return false
}
