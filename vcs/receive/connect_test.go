package receive

import (
	"fmt"
	"strings"
	"testing"

	"github.com/go-git/go-git/v5/plumbing"

	"jeton/vcs/oid"
)

// refs are commands for many new branches; the first line carries the capabilities.
func refs(n int, to func(i int) oid.ID) []string {
	lines := []string{line(oid.Zero, to(0), "refs/heads/b0", "report-status")}
	for i := 1; i < n; i++ {
		lines = append(lines, line(oid.Zero, to(i), fmt.Sprintf("refs/heads/b%d", i)))
	}
	return lines
}

// The boundary that a client names costs one look at each commit, however often and for how many refs it is asked about.
func TestABoundaryIsReadOnce(t *testing.T) {
	s := newStand(t, Limits{})
	large := entry{plumbing.CommitObject, "tree " + oid.ID{7}.String() + "\n" + strings.Repeat("parent "+oid.ID{9}.String()+"\n", 20_000) +
		"author " + person + "\ncommitter " + person + "\n\nx\n"}
	cut := change(oid.ID{5}, "cut")
	broken := change(oid.ID{6}, "broken")
	var lines []string
	for range 2000 {
		lines = append(lines, pkt("shallow "+large.id().String()))
	}
	lines = append(lines, pkt("shallow "+cut[0].id().String()))
	lines = append(lines, refs(2000, func(i int) oid.ID { return []oid.ID{cut[0].id(), broken[0].id()}[i%2] })...)
	out, err := s.push(request(packOf(append(append(cut, broken...), large)...), lines...))
	if n := strings.Count(out, "shallow update not allowed"); err != nil || n != 1000 {
		t.Errorf("%d refs are told to be shallow, %v; want 1000", n, err)
	}
	if n := strings.Count(out, "missing necessary objects"); n != 1000 {
		t.Errorf("%d refs are told to lack objects; want 1000", n)
	}
}

// One broken ref costs the others one more walk, and not one for each of them.
func TestOneBrokenRefAmongMany(t *testing.T) {
	const commits, many = 500, 2000
	s := newStand(t, Limits{Walk: 1})
	var all []entry
	var ids []oid.ID
	tip := oid.Zero
	for i := range commits {
		c := change(tip, fmt.Sprint(i))
		tip = c[0].id()
		ids = append(ids, tip)
		all = append(all, c...)
	}
	lines := refs(many, func(i int) oid.ID { return ids[len(ids)-1-i%len(ids)] })
	out, err := s.push(request(packOf(all...), append(lines, line(oid.Zero, oid.ID{3}, "refs/heads/broken"))...))
	if n := strings.Count(out, "ok refs/heads/b"); err != nil || n != many || !strings.Contains(out, "ng refs/heads/broken missing necessary objects") {
		t.Errorf("%d of %d refs moved, %v", n, many, err)
	}
}

// Where it cannot be told which refs are broken within the budget, all are refused with what to do about it.
func TestTooManyBrokenRefs(t *testing.T) {
	s := newStand(t, Limits{Walk: 1})
	to, kind := oid.ID{3}, "commit"
	var all []entry
	for range 50 {
		tag := entry{plumbing.TagObject, "object " + to.String() + "\ntype " + kind + "\ntag x\ntagger " + person + "\n\nx\n"}
		to, kind = tag.id(), "tag"
		all = append(all, tag)
	}
	tips := make([]string, len(all))
	for i, tag := range all {
		tips[i] = line(oid.Zero, tag.id(), fmt.Sprintf("refs/tags/t%d", i), []string{"report-status"}[:max(0, 1-i)]...)
	}
	out, err := s.push(request(packOf(all...), tips...))
	if err == nil || strings.Count(out, "push fewer at a time") == 0 || strings.Contains(out, "ok refs/") {
		t.Errorf("answered %.300q, %v", out, err)
	}
}
