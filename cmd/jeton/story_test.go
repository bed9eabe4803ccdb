package main

import (
	"os"
	"regexp"
	"testing"

	"github.com/rogpeppe/go-internal/testscript"
)

// TestMain lets the stories run this very program as the command jeton.
func TestMain(m *testing.M) {
	testscript.Main(m, map[string]func(){"jeton": main})
}

func TestStories(t *testing.T) {
	testscript.Run(t, testscript.Params{Dir: "testdata/script", Setup: func(e *testscript.Env) error {
		// A short path: the control socket lies in it.
		dir, err := os.MkdirTemp("", "js")
		if err != nil {
			return err
		}
		e.Defer(func() { _ = os.RemoveAll(dir) })
		e.Setenv("JETON_DATA", dir+"/data")
		return nil
	}, Cmds: map[string]func(*testscript.TestScript, bool, []string){"capture": capture}})
}

// capture NAME PATTERN puts what the pattern's first group matches in the last command's output into a variable.
func capture(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 2 {
		ts.Fatalf("usage: capture NAME PATTERN")
	}
	m := regexp.MustCompile("(?m)" + args[1]).FindStringSubmatch(ts.ReadFile("stdout"))
	if len(m) < 2 {
		ts.Fatalf("nothing in the output matches %s", args[1])
	}
	ts.Setenv(args[0], m[1])
}
