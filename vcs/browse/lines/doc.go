// Package lines finds out which lines of a text became which of another.
//
//	a ─┬─ Split ─┐                 ┌─ lines that the other text has nowhere are changed ─┐
//	b ─┴─ Split ─┴─ number lines ──┤                                                     ├─ slide ── []Change
//	                               └─ the rest: shortest edit script, in bounded cost ───┘
//
// The script is Myers' (An O(ND) Difference Algorithm and Its Variations, 1986), searched from both ends at once in linear
// space. The search is given up where the texts have little in common, as in git and GNU diff: then the script is right,
// and longer than it could be. All of it together costs a bounded number of steps, so that no text makes it quadratic.
//
// Where a change may stand in several places (a function added between two that end alike) it is slid to where people
// expect it, by the rules that git measured ("indent heuristic").
//
// The package knows texts and nothing of git. It imports nothing of ours.
package lines
