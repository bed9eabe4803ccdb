// Command benchmark measures Jeton beside C git's http-backend on the same data in the same run, interleaved A B A B,
// and prints the table of docs/performance.md: server CPU first, then wall time, peak memory and bytes.
//
// It is run by scripts/bench, which builds the server. With the argument "cgi DIR" it is the reference itself.
package main

import (
	"flag"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"time"
)

func main() {
	if len(os.Args) == 3 && os.Args[1] == "cgi" {
		exit(serveCGI(os.Args[2]))
	}
	repo := flag.String("repo", "", "measure this repository (default: one that is generated, about 60 MB packed)")
	binary := flag.String("jeton", "bin/jeton", "the server's binary")
	rounds := flag.Int("rounds", 5, "rounds A B; the median counts")
	only := flag.String("only", "", "only rows whose name contains this")
	flag.Parse()
	exit(bench(*repo, *binary, *rounds, *only))
}

func exit(err error) {
	if err != nil {
		fmt.Fprintln(os.Stderr, "benchmark:", err)
		os.Exit(1)
	}
	os.Exit(0)
}

// comparison holds both sides and the data for one run.
type comparison struct {
	dir            string
	source         string
	jeton, git     *server
	rounds, serial int
	binary         string
}

// row is one line of the table: prepare readies a side once, work does it once.
type row struct {
	name string
	goal string
	// reference is how long C git must have worked in each round, since /proc counts in steps of 10 ms.
	reference time.Duration
	// least is how often the work is done in each round at least, where one time costs next to nothing.
	least   int
	prepare func(*server) error
	work    func(*server) (int64, error)
}

func bench(source, binary string, rounds int, only string) error {
	dir, err := os.MkdirTemp("", "jeton-bench-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(dir)
	c := &comparison{dir: dir, source: source, rounds: rounds, binary: binary}
	if err := c.start(); err != nil {
		return err
	}
	defer c.git.stop()
	defer c.jeton.stop()
	c.heading()
	for _, r := range c.rows() {
		if !strings.Contains(r.name, only) {
			continue
		}
		if err := c.measure(r); err != nil {
			return fmt.Errorf("%s: %w", r.name, err)
		}
	}
	return nil
}

// start makes the data and both servers, each with the repository at admin/bench.git, repacked.
func (c *comparison) start() error {
	if c.source == "" {
		c.source = filepath.Join(c.dir, "source.git")
		if err := generate(c.source); err != nil {
			return fmt.Errorf("generate a repository: %w", err)
		}
	}
	root := filepath.Join(c.dir, "git")
	if err := prepareReference(root, "admin/bench.git", c.source); err != nil {
		return fmt.Errorf("prepare C git's copy: %w", err)
	}
	var err error
	if c.git, err = startReference(root); err != nil {
		return err
	}
	if c.jeton, err = startJeton(c.binary, filepath.Join(c.dir, "jeton")); err != nil {
		return err
	}
	if err := run("", "git", "-C", c.source, "push", "--quiet", "--mirror", c.jeton.url("admin/bench.git")); err != nil {
		return fmt.Errorf("push to Jeton: %w", err)
	}
	return run("", c.binary, "repo", "maintain", "admin/bench", "--data", c.jeton.data)
}

func (c *comparison) heading() {
	version, _ := exec.Command("git", "--version").Output()
	fmt.Printf("Jeton beside %s, %d rounds\n\n", strings.TrimSpace(string(version)), c.rounds)
	fmt.Println("| work | goal | CPU Jeton : git | CPU ms Jeton | CPU ms git | wall ms Jeton | wall ms git | memory MiB Jeton | memory MiB git | bytes Jeton : git |")
	fmt.Println("|---|---|---|---|---|---|---|---|---|---|")
}

// measure finds out how often the work must be repeated and then takes turns.
func (c *comparison) measure(r row) error {
	for _, s := range []*server{c.git, c.jeton} {
		if r.prepare != nil {
			if err := r.prepare(s); err != nil {
				return err
			}
		}
		if _, err := r.work(s); err != nil { // warms both
			return err
		}
	}
	times, err := c.repeats(c.git, r, r.reference)
	if err != nil {
		return err
	}
	more, err := c.repeats(c.jeton, r, leastJeton)
	if err != nil {
		return err
	}
	more = max(times, more)
	var git, jeton []cost
	for range c.rounds {
		for _, side := range []struct {
			s     *server
			times int
			all   *[]cost
		}{{c.jeton, more, &jeton}, {c.git, times, &git}} {
			got, err := measure(side.s, side.times, func() (int64, error) { return r.work(side.s) })
			if err != nil {
				return err
			}
			*side.all = append(*side.all, got)
		}
	}
	count := fmt.Sprint("×", times)
	if more != times {
		count += fmt.Sprint(", Jeton ×", more)
	}
	print(r, count, median(jeton), median(git))
	return nil
}

// leastJeton is how long Jeton must have worked in each round.
const leastJeton = 100 * time.Millisecond

// repeats finds out how often a side must do the work of a row to have worked for so long. Little work is tried more often,
// until what /proc counts can tell.
func (c *comparison) repeats(s *server, r row, long time.Duration) (int, error) {
	for n := 1; ; n *= 8 {
		probe, err := measure(s, n, func() (int64, error) { return r.work(s) })
		if total := probe.cpu * time.Duration(n); err != nil || total >= 3*tick || n >= 512 {
			return max(r.least, int(long*time.Duration(n)/max(total, tick))+1), err
		}
	}
}

func print(r row, count string, jeton, git cost) {
	ms := func(d time.Duration) string { return fmt.Sprintf("%.2f", float64(d.Microseconds())/1000) }
	mib := func(n int64) string { return fmt.Sprintf("%.1f", float64(n)/(1<<20)) }
	bytes := "-"
	if git.bytes > 0 {
		bytes = fmt.Sprintf("%.3f", float64(jeton.bytes)/float64(git.bytes))
	}
	fmt.Printf("| %s (%s) | %s | %.3f | %s | %s | %s | %s | %s | %s | %s |\n", r.name, count, r.goal,
		float64(jeton.cpu)/float64(max(git.cpu, 1)), ms(jeton.cpu), ms(git.cpu), ms(jeton.wall), ms(git.wall),
		mib(jeton.memory), mib(git.memory), bytes)
}
