package upload

import (
	"bytes"
	"encoding/binary"
	"flag"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/go-git/go-git/v5/plumbing"

	"jeton/vcs/oid"
	"jeton/vcs/wire"
)

var (
	oracleRequests = flag.Int("oracle.requests", 40, "how many random fetches are compared with those of C git")
	oracleFirst    = flag.Int("oracle.first", 0, "at which request the comparison begins, a multiple of 25: to come to a failure at once, or to share the work")
	oracleSeed     = flag.Uint64("oracle.seed", 1, "seed of the comparison; 0 takes another one each time")
)

// TestFetchesBesideCGit asks C git's upload-pack and this package for the same, byte for byte, over random histories, and
// compares what they send. The long run, whose outcome stands in docs/reliability.md:
//
//	go test ./vcs/upload -run TestFetchesBesideCGit -oracle.requests 2000 -timeout 60m -v
func TestFetchesBesideCGit(t *testing.T) {
	seed := *oracleSeed
	for seed == 0 {
		seed = rand.Uint64()
	}
	t.Logf("again with -run %s -oracle.requests %d -oracle.seed %d", t.Name(), *oracleRequests, seed)
	const each = 25 // requests of one history
	var sum tally
	for n := *oracleFirst; n < *oracleRequests && !t.Failed(); n += each {
		rng := rand.New(rand.NewPCG(seed, uint64(n)))
		f := wild(t, rng)
		o := oracle{t: t, f: f, g: read(t, f.dir), rng: rng, sum: &sum, name: fmt.Sprintf("seed %d, history at -oracle.first %d", seed, n)}
		o.learn()
		if n/each%4 == 3 {
			stop := f.pushes(t)
			o.run(min(each, *oracleRequests-n))
			stop()
			continue
		}
		o.run(min(each, *oracleRequests-n))
	}
	t.Logf("%d fetches, %d refused by both; %d objects sent, git sent %d; %d sent that git did not send", sum.fetches, sum.refused, sum.ours, sum.theirs, sum.more)
	if sum.fetches == sum.refused {
		t.Error("nothing was fetched at all")
	}
}

// tally counts what was compared.
type tally struct{ fetches, refused, ours, theirs, more int }

// oracle compares fetches from one repository.
type oracle struct {
	t    *testing.T
	f    *fixture
	g    graph
	rng  *rand.Rand
	sum  *tally
	name string

	refs    []string        // their names
	tips    []oid.ID        // of refs
	all     []oid.ID        // every object that they reach, sorted
	commits []oid.ID        // those of all that are commits
	visible map[oid.ID]bool // all, to look up
	tags    []oid.ID        // annotated tags that refs point to
}

func (o *oracle) learn() {
	for line := range strings.Lines(git(o.t, o.f.dir, "for-each-ref", "--format=%(objectname) %(refname)")) {
		hex, name, _ := strings.Cut(strings.TrimSpace(line), " ")
		id, _ := oid.Parse(hex)
		o.refs, o.tips = append(o.refs, name), append(o.tips, id)
		if o.g[id].kind == plumbing.TagObject {
			o.tags = append(o.tags, id)
		}
	}
	o.visible = o.g.reached(o.tips, nil)
	for id := range o.visible {
		o.all = append(o.all, id)
	}
	o.all = normal(o.all)
	for _, id := range o.all {
		if o.g[id].kind == plumbing.CommitObject {
			o.commits = append(o.commits, id)
		}
	}
}

func (o *oracle) run(n int) {
	for i := range n {
		a := o.draw()
		if !o.compare(a) {
			o.t.Errorf("%s, request %d, protocol %d: %s", o.name, i, a.version, strings.Join(a.lines(), "; "))
			return
		}
	}
}

// question is one request.
type question struct {
	version                 wire.Version
	wants, haves, shallow   []oid.ID
	unknown                 []oid.ID // haves that nobody has
	depth                   []string // lines
	filter                  string
	thin, ofs, tags, noBand bool
	relative                bool
}

func pick[T any](rng *rand.Rand, list []T) T { return list[rng.IntN(len(list))] }

func (o *oracle) draw() question {
	rng := o.rng
	a := question{version: pick(rng, []wire.Version{wire.V0, wire.V2}), thin: rng.IntN(2) == 0, ofs: rng.IntN(4) > 0, tags: rng.IntN(2) == 0, noBand: rng.IntN(8) == 0}
	for range 1 + rng.IntN(3) {
		a.wants = append(a.wants, pick(rng, pick(rng, [][]oid.ID{o.tips, o.tips, o.commits, o.tags, o.all})))
	}
	for range rng.IntN(4) {
		a.haves = append(a.haves, pick(rng, o.commits))
	}
	if rng.IntN(3) == 0 {
		a.unknown = append(a.unknown, oid.ID{1, byte(rng.IntN(250))})
	}
	if len(a.haves) > 0 && rng.IntN(2) == 0 {
		a.shallow = o.g.ends(a.haves, 1+rng.IntN(5))
	}
	if rng.IntN(5) < 3 {
		a.depth, a.relative = o.deepen(len(a.shallow) > 0)
	}
	if rng.IntN(2) == 0 {
		a.filter = o.filter()
	}
	return a
}

// deepen draws how deep to go.
func (o *oracle) deepen(shallow bool) (lines []string, relative bool) {
	rng := o.rng
	for range rng.IntN(3) {
		lines = append(lines, "deepen-not "+strings.TrimPrefix(pick(rng, o.refs), pick(rng, []string{"", "refs/heads/", "refs/tags/", "refs/"})))
	}
	since := fmt.Sprintf("deepen-since %d", 1_000_000_000+rng.IntN(4500))
	switch rng.IntN(5) {
	case 0:
		return append(lines, since), false
	case 1:
		return lines, false
	case 2:
		return []string{"deepen 2147483647"}, false
	}
	return []string{fmt.Sprintf("deepen %d", 1+rng.IntN(8))}, shallow && rng.IntN(2) == 0
}

func (o *oracle) filter() string {
	rng := o.rng
	one := func() string {
		return pick(rng, []string{
			"blob:none", "blob:limit=0", "blob:limit=1k", fmt.Sprintf("blob:limit=%d", rng.IntN(900)), fmt.Sprintf("tree:%d", rng.IntN(6)), "tree:1", "object:type=" + pick(rng, []string{"commit", "tree", "blob", "tag"}),
			"sparse:oid=light-blob", "sparse:oid=refs/tags/light-blob", "sparse:oid=main:alone", "sparse:oid=" + pick(rng, o.all).String(), "tree:x",
		})
	}
	if rng.IntN(4) > 0 {
		return one()
	}
	return "combine:" + one() + "+" + one()
}

// lines is the request without what frames it.
func (a question) lines() []string {
	options := ""
	for name, on := range map[string]bool{"thin-pack": a.thin, "ofs-delta": a.ofs, "include-tag": a.tags, "deepen-relative": a.relative, "side-band-64k": !a.noBand && a.version == wire.V0, "filter": a.filter != "" && a.version == wire.V0} {
		if on {
			options += " " + name
		}
	}
	var lines []string
	for i, id := range a.wants {
		lines = append(lines, "want "+id.String())
		if i == 0 && a.version == wire.V0 {
			lines[0] += options + " no-progress"
		}
	}
	if a.version == wire.V2 {
		lines = append(lines, append(strings.Fields(options), "no-progress")...)
	}
	for _, id := range a.shallow {
		lines = append(lines, "shallow "+id.String())
	}
	lines = append(lines, a.depth...)
	if a.filter != "" {
		lines = append(lines, "filter "+a.filter)
	}
	if a.version == wire.V0 {
		lines = append(lines, "0000")
	}
	for _, id := range slices.Concat(a.unknown, a.haves) {
		lines = append(lines, "have "+id.String())
	}
	return append(lines, "done")
}

func (a question) bytes() string {
	if a.version == wire.V2 {
		return pkt(append(append([]string{"command=fetch", "0001"}, a.lines()...), "0000")...)
	}
	return pkt(a.lines()...)
}

// answered is what came back: whether it was refused, the lines about shallow commits, and the pack.
type answered struct {
	refused bool
	cut     []string
	objects []oid.ID // of the pack, sorted
	bases   []oid.ID // that it leaves to the client
}

func (o *oracle) compare(a question) bool {
	o.sum.fetches++
	request := a.bytes()
	text, err := o.f.ask(a.version, request)
	ours := o.unpack(text, err)
	text, err = o.gits(a.version, request)
	theirs := o.unpack(text, err)
	if ours.refused || theirs.refused {
		o.sum.refused++
		if ours.refused != theirs.refused {
			o.t.Errorf("refused here %v, by git %v: %.300q", ours.refused, theirs.refused, text)
		}
		return ours.refused == theirs.refused
	}
	// git marks a root at the very depth, too, from which nothing is cut off.
	theirs.cut = slices.DeleteFunc(theirs.cut, func(line string) bool {
		id, ok := oid.Parse(strings.TrimPrefix(line, "shallow "))
		return ok && len(o.g[id].parents) == 0
	})
	if !slices.Equal(ours.cut, theirs.cut) {
		o.t.Errorf("the client is told %v, by git %v", ours.cut, theirs.cut)
		return false
	}
	return o.suits(a, ours, theirs)
}

// suits reports whether what is sent here is what git sends, but for what the client has, and nothing that nobody sees.
func (o *oracle) suits(a question, ours, theirs answered) bool {
	has := o.g.reached(a.haves, a.shallow)
	sent := set(ours.objects)
	o.sum.ours, o.sum.theirs = o.sum.ours+len(ours.objects), o.sum.theirs+len(theirs.objects)
	for _, id := range theirs.objects {
		// A tag goes along with what it points to, and git sends more of what the client has.
		along := a.tags && o.g[id].kind == plumbing.TagObject && has[o.g.peeled(id)] && !slices.Contains(a.wants, id)
		if !sent[id] && !has[id] && !along {
			o.t.Errorf("%s %s is not sent, and git sends it", o.g[id].kind, id)
			return false
		}
	}
	git := set(theirs.objects)
	for _, id := range ours.objects {
		if !o.visible[id] {
			o.t.Errorf("%s is sent, which no ref reaches", id)
			return false
		}
		if !git[id] {
			o.sum.more++
		}
	}
	for _, id := range ours.bases {
		if !has[id] {
			o.t.Errorf("a delta stands on %s, which the client lacks", id)
			return false
		}
	}
	return true
}

// gits is the answer of C git to a request over HTTP.
func (o *oracle) gits(v wire.Version, request string) (string, error) {
	cmd := exec.CommandContext(o.t.Context(), "git", "upload-pack", "--stateless-rpc", o.f.dir)
	cmd.Env = append(os.Environ(), "GIT_CONFIG_NOSYSTEM=1", "GIT_CONFIG_GLOBAL=/dev/null", "LC_ALL=C", fmt.Sprintf("GIT_PROTOCOL=version=%d", v))
	cmd.Stdin = strings.NewReader(request)
	out, err := cmd.Output()
	return string(out), err
}

// unpack reads an answer.
func (o *oracle) unpack(text string, err error) answered {
	if err != nil {
		return answered{refused: true}
	}
	var a answered
	packBytes, rest := "", []byte(text)
	for len(rest) > 0 {
		if bytes.HasPrefix(rest, []byte("PACK")) { // without bands
			packBytes = string(rest)
			break
		}
		r := bytes.NewReader(rest)
		p, err := wire.NewReader(r).Next()
		if err != nil {
			o.t.Fatalf("%.100q: %v", rest, err)
		}
		size := 4
		if p.Kind == wire.Data {
			size += len(p.Data)
		}
		rest = rest[size:]
		line := p.Line()
		switch {
		case strings.HasPrefix(line, "shallow ") || strings.HasPrefix(line, "unshallow "):
			a.cut = append(a.cut, line)
		case strings.HasPrefix(line, "ERR ") || strings.HasPrefix(line, "\x03"):
			return answered{refused: true}
		case strings.HasPrefix(line, "\x01"):
			packBytes += string(p.Data[1:])
		}
	}
	slices.Sort(a.cut)
	a.cut = slices.Compact(a.cut) // git says it once for each want that comes to the same commit
	a.objects, a.bases = o.index(packBytes)
	return a
}

// index has C git take a pack beside all objects of the repository, and lists what it brings, and the bases that it leaves
// to the client.
func (o *oracle) index(packBytes string) (objects, bases []oid.ID) {
	t := o.t
	dir := blank(t, map[string]string{"objects/info/alternates": filepath.Join(o.f.dir, "objects") + "\n"})
	raw(t, dir, packBytes, "index-pack", "--stdin", "--fix-thin", "--strict")
	paths, err := filepath.Glob(filepath.Join(dir, "objects/pack/*.idx"))
	if err != nil || len(paths) != 1 {
		t.Fatalf("%d packs, %v", len(paths), err)
	}
	b, err := os.ReadFile(paths[0])
	if err != nil {
		t.Fatal(err)
	}
	// gitformat-pack, "version 2 pack-*.idx files"; what completes a thin pack is put behind it.
	n := int(binary.BigEndian.Uint32(b[8+255*4:]))
	ids, offsets := b[8+256*4:], b[8+256*4+n*(oid.Size+4):]
	order := make([]int, n)
	for i := range order {
		order[i] = i
	}
	slices.SortFunc(order, func(x, y int) int {
		return int(binary.BigEndian.Uint32(offsets[4*x:])) - int(binary.BigEndian.Uint32(offsets[4*y:]))
	})
	for i, at := range order {
		id := oid.FromBytes(ids[at*oid.Size:])
		if i < int(binary.BigEndian.Uint32([]byte(packBytes[8:12]))) {
			objects = append(objects, id)
		} else {
			bases = append(bases, id)
		}
	}
	return normal(objects), bases
}
