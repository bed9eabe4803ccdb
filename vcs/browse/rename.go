package browse

import (
	"path"
	"slices"
	"sort"

	"jeton/vcs/oid"
)

const (
	// maxScore is how alike two equal files are; leastScore is how alike files must be to count as renamed or copied (50 %).
	maxScore   = 60000
	leastScore = maxScore / 2
	// renameLimit bounds how many files are compared with how many for renames with changes: its square (diff.renameLimit).
	renameLimit = 1000
	// bestOf is how many origins are thought of for one new file.
	bestOf = 4
	// maxAlike is how many files with the same content are looked at for one new file.
	maxAlike = 100
)

func percent(score int) int { return score * 100 / maxScore }

// source is a file that another may come from: one that went, or the old content of one that changed.
type source struct {
	file
	at int // of its pair
	// uses counts who needs it: its own pair where it stays, and every new file that comes from it.
	uses int
}

// target is a new file, and where it comes from once that is known (nil: from nowhere).
type target struct {
	file
	at    int
	from  *source
	score int
}

// detection pairs files that came with files that went or changed.
type detection struct {
	*comparison
	sources []*source
	targets []*target
}

// detect turns files that came into renames and copies of files that changed (git diff -C): first those with the same
// content, then the most alike.
func (c *comparison) detect() error {
	d := &detection{comparison: c}
	for i, q := range c.pairs {
		switch {
		case !q.from.there():
			d.targets = append(d.targets, &target{file: q.to, at: i})
		case !q.to.there():
			d.sources = append(d.sources, &source{file: q.from, at: i})
		default:
			d.sources = append(d.sources, &source{file: q.from, at: i, uses: 1})
		}
	}
	if len(d.targets) == 0 || len(d.sources) == 0 {
		return nil
	}
	d.exact()
	if err := d.alike(); err != nil {
		return err
	}
	d.settle()
	return nil
}

// exact finds files with the same content: rather one that went than one that stayed, rather one with the same name in
// another folder.
func (d *detection) exact() {
	byID := map[oid.ID][]*source{}
	for _, s := range d.sources {
		byID[s.id] = append(byID[s.id], s)
	}
	for _, t := range d.targets {
		best, bestScore := (*source)(nil), -1
		for i, s := range byID[t.id] {
			if i > maxAlike {
				break
			}
			if (!s.regular() || !t.regular()) && s.mode != t.mode {
				continue
			}
			score := sameName(s.path, t.path)
			if s.uses == 0 {
				score++
			}
			if score > bestScore {
				best, bestScore = s, score
			}
		}
		if best != nil {
			t.take(best, maxScore)
		}
	}
}

func (t *target) take(s *source, score int) {
	t.from, t.score = s, score
	s.uses++
}

// sameName is 1 for the same name, in whatever folders.
func sameName(a, b string) int {
	if path.Base(a) == path.Base(b) {
		return 1
	}
	return 0
}

// candidate is a target with a source that it may come from.
type candidate struct {
	t     *target
	s     *source
	score int
	named int
}

// alike finds files that are alike enough, the most alike first; a file that went is renamed before one that stays, or
// that was renamed already, is copied.
func (d *detection) alike() error {
	open := slices.DeleteFunc(slices.Clone(d.targets), func(t *target) bool { return t.from != nil })
	if len(open) == 0 || len(open)*len(d.sources) > renameLimit*renameLimit {
		return nil
	}
	m := newMeasure(d.comparison)
	var all []candidate
	for _, t := range open {
		if err := d.ctx.Err(); err != nil || d.late() {
			return err
		}
		best, err := d.best(m, t)
		if err != nil {
			return err
		}
		all = append(all, best...)
	}
	sort.SliceStable(all, func(i, j int) bool {
		if all[i].score != all[j].score {
			return all[i].score > all[j].score
		}
		return all[i].named > all[j].named
	})
	for _, c := range all {
		if c.t.from == nil && c.s.uses == 0 {
			c.t.take(c.s, c.score)
		}
	}
	for _, c := range all {
		if c.t.from == nil {
			c.t.take(c.s, c.score)
		}
	}
	return nil
}

// best lists the sources that a target is most like.
func (d *detection) best(m *measure, t *target) ([]candidate, error) {
	var best []candidate
	for _, s := range d.sources {
		score, err := m.score(s.file, t.file)
		if err != nil {
			return nil, err
		}
		if score < leastScore {
			continue
		}
		c := candidate{t, s, score, sameName(s.path, t.path)}
		if len(best) < bestOf {
			best = append(best, c)
			continue
		}
		worst := 0
		for i := range best {
			if best[i].less(best[worst]) {
				worst = i
			}
		}
		if best[worst].less(c) {
			best[worst] = c
		}
	}
	return best, nil
}

func (c candidate) less(other candidate) bool {
	if c.score != other.score {
		return c.score < other.score
	}
	return c.named < other.named
}

// settle rewrites the pairs: a source that went goes with the last target that came from it, the others are copies.
func (d *detection) settle() {
	gone := map[int]bool{}
	for _, t := range d.targets {
		if t.from == nil {
			continue
		}
		q := pair{from: t.from.file, to: t.file, origin: copied, score: t.score}
		if t.from.uses--; t.from.uses == 0 {
			q.origin = renamed
		}
		gone[t.from.at] = gone[t.from.at] || !d.pairs[t.from.at].to.there()
		d.pairs[t.at] = q
	}
	kept := d.pairs[:0]
	for i, q := range d.pairs {
		if !gone[i] {
			kept = append(kept, q)
		}
	}
	d.pairs = kept
}
