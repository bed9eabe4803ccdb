package name

import "slices"

// maxCompared is how many bytes of a word are compared with names.
const maxCompared = 100

// Nearest are the names that need the fewest changes to become a word, nearest first, at most n: what somebody who has
// mistyped one perhaps meant. Names that are as near as each other stay in their order.
func Nearest(word string, names []string, n int) []string {
	word = word[:min(len(word), maxCompared)]
	far := make(map[string]int, len(names))
	for _, name := range names {
		far[name] = distance(word, name)
	}
	list := slices.Clone(names)
	slices.SortStableFunc(list, func(a, b string) int { return far[a] - far[b] })
	return list[:min(n, len(list))]
}

// distance is Levenshtein's, over bytes.
func distance(a, b string) int {
	row := make([]int, len(b)+1)
	for j := range row {
		row[j] = j
	}
	for i := range len(a) {
		diagonal := row[0]
		row[0] = i + 1
		for j := range len(b) {
			change := diagonal
			if a[i] != b[j] {
				change++
			}
			diagonal = row[j+1]
			row[j+1] = min(change, row[j]+1, row[j+1]+1)
		}
	}
	return row[len(b)]
}
