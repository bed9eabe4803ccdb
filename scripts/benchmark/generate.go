package main

import (
	"bufio"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"os/exec"
	"strings"
)

// The default repository: about 60 MB packed, made of text that compresses and changes as source code does.
const (
	seed        = 20261124
	commits     = 2400
	filesAdded  = 8
	fileEdits   = 4
	linesOfFile = 140
)

// generate writes a bare repository with a history that is the same on every machine.
func generate(dir string) error {
	if err := run("", "git", "init", "--quiet", "--bare", "--object-format=sha1", dir); err != nil {
		return err
	}
	cmd := exec.Command("git", "-C", dir, "fast-import", "--quiet")
	cmd.Stderr = os.Stderr
	in, err := cmd.StdinPipe()
	if err != nil {
		return err
	}
	if err := cmd.Start(); err != nil {
		return fmt.Errorf("start git fast-import: %w", err)
	}
	w := bufio.NewWriterSize(in, 1<<20)
	history(w)
	if err := w.Flush(); err != nil {
		return err
	}
	if err := in.Close(); err != nil {
		return err
	}
	if err := cmd.Wait(); err != nil {
		return fmt.Errorf("git fast-import: %w", err)
	}
	return run("", "git", "-C", dir, "repack", "-adq", "--window=10", "--depth=50")
}

// history writes a fast-import stream: each commit adds files and edits a line of some earlier ones.
func history(w io.Writer) {
	rng := rand.New(rand.NewPCG(seed, seed))
	var files [][]string
	for c := range commits {
		fmt.Fprintf(w, "commit refs/heads/main\ncommitter Bench <bench@example.com> %d +0000\n", 1_600_000_000+c*60)
		message := fmt.Sprintf("Change number %d\n", c)
		fmt.Fprintf(w, "data %d\n%s", len(message), message)
		for range filesAdded {
			files = append(files, text(rng))
			file(w, len(files)-1, files)
		}
		for range fileEdits {
			i := rng.IntN(len(files))
			files[i][rng.IntN(len(files[i]))] = line(rng)
			file(w, i, files)
		}
		if c%100 == 99 {
			fmt.Fprintf(w, "reset refs/heads/topic-%d\nfrom refs/heads/main\n\n", c/100)
		}
	}
}

func file(w io.Writer, i int, files [][]string) {
	body := strings.Join(files[i], "")
	fmt.Fprintf(w, "M 100644 inline dir%02d/sub%02d/file%d.txt\ndata %d\n%s\n", i%37, i/37%41, i, len(body), body)
}

func text(rng *rand.Rand) []string {
	lines := make([]string, linesOfFile/2+rng.IntN(linesOfFile))
	for i := range lines {
		lines[i] = line(rng)
	}
	return lines
}

func line(rng *rand.Rand) string {
	const words = "return if err != nil { } func for range := len append string int byte error ctx the a of and to in is that it"
	all := strings.Fields(words)
	var b strings.Builder
	for range 3 + rng.IntN(7) {
		b.WriteString(all[rng.IntN(len(all))])
		b.WriteByte(' ')
	}
	fmt.Fprintf(&b, "%x\n", rng.Uint32())
	return b.String()
}

func run(dir, name string, args ...string) error {
	cmd := exec.Command(name, args...)
	cmd.Dir = dir
	cmd.Env = gitEnv()
	out, err := cmd.CombinedOutput()
	if err != nil {
		return fmt.Errorf("%s %s: %w\n%s", name, strings.Join(args, " "), err, out)
	}
	return nil
}

// gitEnv keeps the person's own settings out of the measurement.
func gitEnv() []string {
	return append(os.Environ(), "GIT_CONFIG_NOSYSTEM=1", "GIT_CONFIG_GLOBAL=/dev/null", "GIT_TERMINAL_PROMPT=0",
		"GIT_AUTHOR_NAME=Bench", "GIT_AUTHOR_EMAIL=bench@example.com", "GIT_COMMITTER_NAME=Bench", "GIT_COMMITTER_EMAIL=bench@example.com")
}
