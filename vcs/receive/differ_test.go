package receive

import (
	"bytes"
	"errors"
	"flag"
	"fmt"
	"maps"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"jeton/vcs/oid"
	"jeton/vcs/rules"
)

// The comparison is repeated with another seed, or made longer, by
//
//	go test ./vcs/receive -run TestPushesBesideGit -pushes 1000 -seed 7
var (
	pushes = flag.Int("pushes", 90, "how many pushes are sent to Jeton and to C git")
	seed   = flag.Uint64("seed", 1, "what the pushes are made from")
)

// attempt is one push as it is sent to both, and what is known of it beforehand.
type attempt struct {
	kind  string
	lines []string // commands; capabilities are added
	pack  []byte
	// good are refs that must move at both; bad are refs that must not move at either. Every ref is one of them, or stands in
	// differs.
	good, bad []string
	// differs names the intended difference, and its refs with what Jeton and C git must say: ok or ng.
	differs string
	jeton   map[string]string
	git     map[string]string
	// head stands before the commands: lines of shallow clones.
	head []string
	caps string
}

// intended are the differences between Jeton and C git, each with its reason. The test fails where one does not show, and
// where another one does.
var intended = map[string]string{
	"zero to zero":            "C git answers ok to a move from nothing to nothing; Jeton says that there is nothing to do",
	"delete of nothing":       "C git warns and answers ok where the old value is an object that nobody has; Jeton refuses, as it does for any stale old value",
	"twice in one push":       "C git takes the first of two commands for one ref; Jeton refuses both, since their order means nothing",
	"left behind":             "C git takes a ref to objects that are merely present; Jeton asks whether they can be reached from a visible ref",
	"created where one goes":  "C git takes commands one by one, so that a ref cannot be made where another is deleted later in the same push; Jeton looks at the push as a whole",
	"atomic swap of a folder": "C git 2.39 cannot delete a ref and make one below its name in one transaction; Jeton can",
	"others need not suffer":  "C git with receive.fsckObjects refuses every ref where an object is missing; Jeton refuses those that lack it",
	"tags are no exception":   "receive.denyDeletes and receive.denyNonFastForwards hold for branches alone in C git; Jeton's hold for every ref",
	"faults of old histories": "C git refuses all that fsck warns of; Jeton accepts what old histories contain and does no harm, and notes it",
}

// differ is one pair of repositories, Jeton's and C git's, which are the same before each push.
type differ struct {
	*forge
	s     *stand
	git   string
	rules rules.Rules
}

func newDiffer(t *testing.T, rnd *rand.Rand) *differ {
	d := &differ{forge: newForge(rnd), s: newStand(t, Limits{}), git: filepath.Join(t.TempDir(), "git.git")}
	d.rules = rules.Rules{Hidden: []string{"refs/secret"}, DenyDeletes: rnd.IntN(4) == 0, DenyForce: rnd.IntN(4) == 0}
	d.run(t, "", "init", "-q", "--bare", "-b", "main", "--object-format=sha1", d.git)
	d.set(t, fmt.Sprintf("[receive]\n\tfsckObjects = true\n\tautogc = false\n\tadvertisePushOptions = true\n\tunpackLimit = %d\n"+
		"\tdenyDeletes = %v\n\tdenyNonFastForwards = %v\n[gc]\n\tauto = 0\n[transfer]\n\thideRefs = refs/secret\n\thideRefs = refs/jeton\n",
		1+99*rnd.IntN(2), d.rules.DenyDeletes, d.rules.DenyForce))
	return d
}

// set adds to C git's settings.
func (d *differ) set(t *testing.T, text string) {
	t.Helper()
	f, err := os.OpenFile(filepath.Join(d.git, "config"), os.O_APPEND|os.O_WRONLY, 0)
	if err == nil {
		_, err = f.WriteString(text)
		err = errors.Join(err, f.Close())
	}
	if err != nil {
		t.Fatal(err)
	}
}

// run runs git and returns what it prints.
func (d *differ) run(t *testing.T, dir string, args ...string) string {
	t.Helper()
	cmd := exec.Command("git", args...)
	if dir != "" {
		cmd = exec.Command("git", append([]string{"-C", dir}, args...)...)
	}
	cmd.Env = append(os.Environ(), "GIT_CONFIG_NOSYSTEM=1", "HOME=/nonexistent")
	out, err := cmd.CombinedOutput()
	if err != nil {
		t.Fatalf("git %v: %v\n%s", args, err, out)
	}
	return string(out)
}

// request is an attempt as it goes over the line.
func (a *attempt) request() []byte {
	var b strings.Builder
	for _, l := range a.head {
		b.WriteString(pkt(l))
	}
	for i, l := range a.lines {
		if i == 0 {
			l += "\x00 report-status " + a.caps
		}
		b.WriteString(pkt(l))
	}
	return append([]byte(b.String()+"0000"), a.pack...)
}

// toGit sends a push to C git, as git http-backend does.
func (d *differ) toGit(request []byte) string {
	cmd := exec.Command("git", "receive-pack", "--stateless-rpc", d.git)
	cmd.Env = append(os.Environ(), "GIT_CONFIG_NOSYSTEM=1", "HOME=/nonexistent")
	cmd.Stdin = bytes.NewReader(request)
	var said bytes.Buffer
	cmd.Stderr = &said
	out, _ := cmd.Output() // it fails where it refuses all; what it says and what the refs are is compared
	return string(out) + said.String()
}

// told is what a report says of each ref: ok or ng.
func told(report string) map[string]string {
	all := map[string]string{}
	for l := range strings.Lines(report) {
		for _, word := range []string{"ok ", "ng "} {
			if len(l) > 7 && strings.HasPrefix(l[4:], word) {
				name, _, _ := strings.Cut(strings.TrimSuffix(l[7:], "\n"), " ")
				all[name] = word[:2]
			}
		}
	}
	return all
}

// refsOfGit and refsOfJeton are the refs as lines of id and name.
func (d *differ) refsOfGit(t *testing.T) string {
	return d.run(t, d.git, "for-each-ref", "--format=%(objectname) %(refname)")
}

func (d *differ) refsOfJeton(t *testing.T) string {
	return d.run(t, d.s.repo.Dir(), "for-each-ref", "--format=%(objectname) %(refname)")
}

// try sends one push to both, compares, and reports whether the two are still the same.
func (d *differ) try(t *testing.T, n int, a *attempt) bool {
	t.Helper()
	request := a.request()
	jetonSays, _ := d.s.serve(Session{Stateless: true, Rules: d.rules}, request)
	gitSays := d.toGit(request)
	jeton, git := told(jetonSays), told(gitSays)
	complain := func(format string, args ...any) {
		t.Errorf("push %d (%s): %s\nJeton says %q\nC git says %q\n%q\nagain: go test ./vcs/receive -run TestPushesBesideGit -seed %d -pushes %d",
			n, a.kind, fmt.Sprintf(format, args...), jetonSays, gitSays, a.lines, *seed, n+1)
	}
	if a.differs != "" {
		if !maps.Equal(jeton, a.jeton) || !maps.Equal(git, a.git) {
			complain("the intended difference %q does not show as %v and %v", a.differs, a.jeton, a.git)
		}
		return false
	}
	for _, ref := range a.good {
		if jeton[ref] != "ok" || git[ref] != "ok" {
			complain("%s is good and was refused", ref)
		}
	}
	for _, ref := range a.bad {
		if jeton[ref] == "ok" || git[ref] == "ok" {
			complain("%s is bad and was taken", ref)
		}
	}
	if j, g := d.refsOfJeton(t), d.refsOfGit(t); j != g {
		complain("refs afterwards differ:\n%s\n%s", j, g)
	} else {
		d.take(g)
	}
	d.s.clean()
	return !t.Failed()
}

// take reads the refs of the moment.
func (d *differ) take(list string) {
	d.refs = map[string]oid.ID{}
	for l := range strings.Lines(list) {
		hex, name, _ := strings.Cut(strings.TrimSuffix(l, "\n"), " ")
		d.refs[name], _ = oid.Parse(hex)
	}
}

func TestPushesBesideGit(t *testing.T) {
	rnd := rand.New(rand.NewPCG(*seed, 0))
	kinds := makers()
	names := slices.Sorted(maps.Keys(kinds))
	tried, shown, good, next := map[string]int{}, map[string]int{}, 0, 0
	var d *differ
	for n := 0; n < *pushes && !t.Failed(); n++ {
		var a *attempt
		if d == nil {
			d = newDiffer(t, rnd)
			a = d.begin()
		}
		for ; a == nil; next++ { // some have no sense with these rules, or nothing to work on
			name := names[next%len(names)]
			if a = kinds[name](t, d); a != nil {
				a.kind = name
			}
		}
		tried[a.kind]++
		shown[a.differs]++
		good += min(1, len(a.good))
		if a.differs != "" && intended[a.differs] == "" {
			t.Errorf("%q is no intended difference", a.differs)
		}
		if !d.try(t, n, a) || rnd.IntN(40) == 0 {
			d.end(t, a)
			d = nil
		}
	}
	t.Logf("seed %d: tried %v\n%d of %d with good refs; intended differences %v", *seed, tried, good, *pushes, shown)
	for difference := range intended {
		if shown[difference] == 0 && *pushes >= 90 && !t.Failed() {
			t.Errorf("the intended difference %q was not tried", difference)
		}
	}
}

// end looks at a pair once more before it goes.
func (d *differ) end(t *testing.T, _ *attempt) {
	if t.Failed() {
		return
	}
	d.run(t, d.s.repo.Dir(), "fsck", "--no-dangling")
	if err := d.s.repo.Close(); err != nil {
		t.Error(err)
	}
}
