// Command outcome reads what `go test -json` prints and says what go test would have said without -json: a line for each
// package, and all that a failed test has printed. What matters when it is over goes into a file besides, in a form
// short enough to be printed at the very end of a long run:
//
//	go test -json ./... | outcome -failed FILE -slow FILE
//
// FILE of -failed gets a few lines for each failed test, FILE of -slow the tests and packages that took longest. It
// exits with 1 where something has failed.
package main

import (
	"bufio"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"slices"
	"strings"
	"time"
)

const (
	shownLines = 4  // of each failed test at the end
	slowest    = 12 // tests that are named
	keptLines  = 400
)

func main() {
	failed := flag.String("failed", "", "append the failed tests to this `file`")
	slow := flag.String("slow", "", "append the slowest tests to this `file`")
	flag.Parse()
	o := newOutcome(os.Stdout)
	if err := o.read(os.Stdin); err != nil {
		fmt.Fprintln(os.Stderr, "outcome:", err)
		os.Exit(1)
	}
	for name, text := range map[string]string{*failed: o.failures(), *slow: o.slowest()} {
		if err := appendTo(name, text); err != nil {
			fmt.Fprintln(os.Stderr, "outcome:", err)
			os.Exit(1)
		}
	}
	if o.bad() {
		os.Exit(1)
	}
}

func appendTo(name, text string) error {
	if name == "" || text == "" {
		return nil
	}
	f, err := os.OpenFile(name, os.O_APPEND|os.O_CREATE|os.O_WRONLY, 0o600)
	if err != nil {
		return err
	}
	_, err = f.WriteString(text)
	return errors.Join(err, f.Close())
}

// event is a line of go test -json (go doc test2json).
type event struct {
	Action, Package, Test, Output string
	ImportPath                    string // of a build's output
	FailedBuild                   string
	Elapsed                       float64 // seconds
}

// test is one test of a package, or with no name the package itself.
type test struct{ pkg, name string }

// failure is what has failed, with the last lines that it printed.
type failure struct {
	test
	lines []string
	why   string // "" where the test itself said so
}

type outcome struct {
	out     io.Writer
	printed map[test][]string // by tests that have not ended
	failed  []failure
	took    map[test]time.Duration
	built   []string // what a build that failed has printed
}

func newOutcome(out io.Writer) *outcome {
	return &outcome{out: out, printed: map[test][]string{}, took: map[test]time.Duration{}}
}

func (o *outcome) read(r io.Reader) error {
	in := bufio.NewReader(r)
	for {
		line, err := in.ReadString('\n')
		if line != "" {
			var e event
			if json.Unmarshal([]byte(line), &e) != nil {
				fmt.Fprint(o.out, line)
			} else {
				o.take(e)
			}
		}
		if err == io.EOF {
			return nil
		}
		if err != nil {
			return err
		}
	}
}

func (o *outcome) take(e event) {
	t := test{e.Package, e.Test}
	switch e.Action {
	case "run":
		o.printed[t] = []string{}
	case "build-output":
		fmt.Fprint(o.out, e.Output)
		o.built = append(o.built, e.Output)
	case "output":
		o.say(t, e.Output)
	case "pass", "skip":
		o.took[t] = time.Duration(e.Elapsed * float64(time.Second))
		delete(o.printed, t)
	case "fail":
		o.took[t] = time.Duration(e.Elapsed * float64(time.Second))
		if e.Test == "" {
			o.failPackage(e)
			return
		}
		o.fail(t, "")
	}
}

// say keeps what a test prints until it is known whether it matters; what a package prints is passed on.
func (o *outcome) say(t test, text string) {
	if strings.HasPrefix(text, "=== ") {
		return
	}
	if t.name == "" && !quiet(text) {
		fmt.Fprint(o.out, text)
	}
	if kept := o.printed[t]; len(kept) < keptLines {
		o.printed[t] = append(kept, text)
	}
}

// quiet tells which lines of a package say nothing.
func quiet(text string) bool {
	return text == "PASS\n" || text == "FAIL\n" || strings.Contains(text, "[no test files]")
}

func (o *outcome) fail(t test, why string) {
	lines := o.printed[t]
	delete(o.printed, t)
	fmt.Fprint(o.out, strings.Join(lines, ""))
	o.failed = append(o.failed, failure{t, lines, why})
}

// failPackage names the tests that were still running, which a panic or a timeout has ended, or else the build.
func (o *outcome) failPackage(e event) {
	running := []test{}
	for t := range o.printed {
		if t.pkg == e.Package && t.name != "" {
			running = append(running, t)
		}
	}
	slices.SortFunc(running, func(a, b test) int { return strings.Compare(a.name, b.name) })
	for _, t := range running {
		o.fail(t, "had not ended")
	}
	if !slices.ContainsFunc(o.failed, func(f failure) bool { return f.pkg == e.Package }) {
		lines := o.printed[test{e.Package, ""}]
		if e.FailedBuild != "" {
			lines = o.built
		}
		o.failed = append(o.failed, failure{test{e.Package, ""}, lines, "no test of it failed"})
	}
	delete(o.printed, test{e.Package, ""})
}

func (o *outcome) bad() bool { return len(o.failed) > 0 }

// failures are the failed tests, each with its last words. A test that only failed because one of its subtests did is
// left out.
func (o *outcome) failures() string {
	var b strings.Builder
	for _, f := range o.failed {
		sub := func(g failure) bool { return g.pkg == f.pkg && f.name != "" && strings.HasPrefix(g.name, f.name+"/") }
		if slices.ContainsFunc(o.failed, sub) {
			continue
		}
		fmt.Fprintf(&b, "FAIL %s %s", f.pkg, f.name)
		if f.why != "" {
			fmt.Fprintf(&b, " (%s)", f.why)
		}
		b.WriteByte('\n')
		for _, line := range words(f.lines) {
			fmt.Fprintf(&b, "     %.300s\n", line)
		}
	}
	return b.String()
}

// words are the first lines that a failed test printed: what follows the first error is often its consequence.
func words(lines []string) []string {
	var all []string
	for _, text := range lines {
		if text = strings.TrimSpace(text); text != "" && !strings.HasPrefix(text, "--- ") && len(all) < shownLines {
			all = append(all, text)
		}
	}
	return all
}

// slowest names the tests that took longest, each without its subtests.
func (o *outcome) slowest() string {
	type timed struct {
		test
		took time.Duration
	}
	var all []timed
	for t, took := range o.took {
		if took >= time.Second && !strings.Contains(t.name, "/") {
			all = append(all, timed{t, took})
		}
	}
	slices.SortFunc(all, func(a, b timed) int { return int(b.took - a.took) })
	var b strings.Builder
	for _, t := range all[:min(len(all), slowest)] {
		fmt.Fprintf(&b, "%6.1f s  %s %s\n", t.took.Seconds(), t.pkg, t.name)
	}
	return b.String()
}
