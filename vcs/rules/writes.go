package rules

// Writes is what one credential may write, besides what holds for everybody; the zero value narrows nothing.
type Writes struct {
	// Patterns are of full ref names, as Branch.Pattern: a ref that none of them matches is not moved. None: every ref.
	Patterns []string
	// FastForwardOnly refuses to move a ref to what does not descend from it, NoDelete to delete one.
	FastForwardOnly, NoDelete bool
}
