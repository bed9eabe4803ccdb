package rules

import "slices"

// Writes is what one credential may write, besides what holds for everybody; the zero value narrows nothing.
type Writes struct {
	// Patterns are of full ref names, as Branch.Pattern: a ref that none of them matches is not moved. None: every ref.
	Patterns []string
	// FastForwardOnly refuses to move a ref to what does not descend from it, NoDelete to delete one.
	FastForwardOnly, NoDelete bool
}

// Allows reports whether the credential may write a ref at all.
func (w *Writes) Allows(ref string) bool {
	return len(w.Patterns) == 0 || slices.ContainsFunc(w.Patterns, func(pattern string) bool { return Match(pattern, ref) })
}
