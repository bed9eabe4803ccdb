package main

import (
	"bytes"
	"os/exec"
	"strings"
	"testing"
)

func TestOutcome(t *testing.T) {
	const begin = `{"Action":"start","Package":"p"}` + "\n"
	for _, c := range []struct {
		name, in         string
		printed, failed  string // what has to be in it
		notPrinted, slow string
		bad              bool
	}{
		{
			name:    "passed",
			in:      begin + `{"Action":"run","Package":"p","Test":"TestA"}` + "\n" + `{"Action":"output","Package":"p","Test":"TestA","Output":"noise\n"}` + "\n" + `{"Action":"pass","Package":"p","Test":"TestA","Elapsed":2.5}` + "\n" + `{"Action":"output","Package":"p","Output":"ok  \tp\t2.6s\n"}` + "\n" + `{"Action":"pass","Package":"p","Elapsed":2.6}` + "\n",
			printed: "ok  \tp\t2.6s\n", notPrinted: "noise", slow: "   2.5 s  p TestA\n",
		},
		{
			name:    "a subtest failed",
			in:      begin + `{"Action":"run","Package":"p","Test":"TestA"}` + "\n" + `{"Action":"run","Package":"p","Test":"TestA/x"}` + "\n" + `{"Action":"output","Package":"p","Test":"TestA/x","Output":"    a_test.go:1: got 1, want 2\n"}` + "\n" + `{"Action":"output","Package":"p","Test":"TestA/x","Output":"    --- FAIL: TestA/x (0.00s)\n"}` + "\n" + `{"Action":"fail","Package":"p","Test":"TestA/x"}` + "\n" + `{"Action":"fail","Package":"p","Test":"TestA"}` + "\n" + `{"Action":"fail","Package":"p"}` + "\n",
			printed: "got 1, want 2", failed: "FAIL p TestA/x\n     a_test.go:1: got 1, want 2\n", bad: true,
		},
		{
			name:    "ended by a panic",
			in:      begin + `{"Action":"run","Package":"p","Test":"TestHangs"}` + "\n" + `{"Action":"output","Package":"p","Test":"TestHangs","Output":"panic: test timed out after 1s\n"}` + "\n" + `{"Action":"fail","Package":"p"}` + "\n",
			printed: "timed out", failed: "FAIL p TestHangs (had not ended)\n     panic: test timed out after 1s\n", bad: true,
		},
		{
			name:    "not built",
			in:      `{"ImportPath":"p","Action":"build-output","Output":"a.go:1: undefined: x\n"}` + "\n" + `{"ImportPath":"p","Action":"build-fail"}` + "\n" + `{"Action":"fail","Package":"p","FailedBuild":"p"}` + "\n",
			printed: "undefined: x", failed: "FAIL p  (no test of it failed)\n     a.go:1: undefined: x\n", bad: true,
		},
		{name: "no JSON", in: "go: cannot find main module\n", printed: "go: cannot find main module\n"},
	} {
		t.Run(c.name, func(t *testing.T) {
			var out bytes.Buffer
			o := newOutcome(&out)
			if err := o.read(strings.NewReader(c.in)); err != nil {
				t.Fatal(err)
			}
			if !strings.Contains(out.String(), c.printed) || c.notPrinted != "" && strings.Contains(out.String(), c.notPrinted) {
				t.Errorf("printed %q; want %q, and not %q", out.String(), c.printed, c.notPrinted)
			}
			if got := o.failures(); got != c.failed {
				t.Errorf("failures: got %q, want %q", got, c.failed)
			}
			if got := o.slowest(); !strings.Contains(got, c.slow) {
				t.Errorf("slowest: got %q, want %q", got, c.slow)
			}
			if o.bad() != c.bad {
				t.Errorf("failed: got %v, want %v", o.bad(), c.bad)
			}
		})
	}
}

// TestOutcomeOfGoTest reads what this machine's go test really prints.
func TestOutcomeOfGoTest(t *testing.T) {
	cmd := exec.Command("go", "test", "-json", "-run", "TestOutcome$", ".")
	raw, err := cmd.Output()
	if err != nil {
		t.Fatalf("%v\n%s", err, raw)
	}
	var out bytes.Buffer
	o := newOutcome(&out)
	if err := o.read(bytes.NewReader(raw)); err != nil || o.bad() || !strings.Contains(out.String(), "ok  \tjeton/scripts/outcome") {
		t.Errorf("got %q, %v, failed: %v", out.String(), err, o.failed)
	}
}
