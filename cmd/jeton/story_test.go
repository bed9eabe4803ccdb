package main

import (
	"os"
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
	}})
}
