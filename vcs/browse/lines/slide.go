package lines

// group is a run of changed lines, which may be empty, between two lines that are equal in both texts. As many groups
// stand in one text as in the other.
type group struct{ start, end int }

// slider moves through the groups of one text.
type slider struct {
	*side
	group
}

func newSlider(s *side) *slider {
	l := &slider{side: s}
	l.stretch()
	return l
}

// stretch lets the group end where the changed lines do.
func (l *slider) stretch() {
	for l.changed[l.end] {
		l.end++
	}
}

func (l *slider) empty() bool { return l.start == l.end }

func (l *slider) next() bool {
	if l.end == len(l.number) {
		return false
	}
	l.start = l.end + 1
	l.end = l.start
	l.stretch()
	return true
}

func (l *slider) previous() bool {
	if l.start == 0 {
		return false
	}
	l.end = l.start - 1
	l.start = l.end
	l.reach()
	return true
}

// reach lets the group begin where the changed lines do.
func (l *slider) reach() {
	for l.start > 0 && l.changed[l.start-1] {
		l.start--
	}
}

// up moves a group one line up where that says the same, and joins it with one that it meets.
func (l *slider) up() bool {
	if l.start == 0 || l.number[l.start-1] != l.number[l.end-1] {
		return false
	}
	l.start--
	l.end--
	l.changed[l.start], l.changed[l.end] = true, false
	l.reach()
	return true
}

// down is up the other way.
func (l *slider) down() bool {
	if l.end == len(l.number) || l.number[l.start] != l.number[l.end] {
		return false
	}
	l.changed[l.start], l.changed[l.end] = false, true
	l.start++
	l.end++
	l.stretch()
	return true
}

// slideAll moves every group of s to where it reads best: beside a change of the other text where there is one, else by
// the indentation around it. Beyond so many steps the groups stay where they are.
func slideAll(s, other *side, steps int) {
	g, o := newSlider(s), newSlider(other)
	for {
		if !g.empty() {
			steps -= slideOne(g, o, steps)
		}
		if !g.next() {
			return
		}
		o.next()
	}
}

// slideOne moves one group and returns what that cost.
func slideOne(g, o *slider, steps int) (cost int) {
	const none = -1
	earliest, beside := 0, none
	for {
		size := g.end - g.start
		beside = none
		for cost < steps && g.up() {
			o.previous()
			cost++
		}
		earliest = g.end
		if !o.empty() {
			beside = g.end
		}
		for cost < steps && g.down() {
			o.next()
			cost++
			if !o.empty() {
				beside = g.end
			}
		}
		if size == g.end-g.start || cost >= steps {
			break
		}
	}
	if g.end == earliest {
		return cost
	}
	target := beside
	if beside == none {
		target = bestEnd(g.text, g.group, earliest)
	}
	for g.end > target && g.up() {
		o.previous()
		cost++
	}
	return cost
}
