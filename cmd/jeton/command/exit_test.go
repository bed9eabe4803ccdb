package command

import (
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/spf13/cobra"

	"jeton/cmd/jeton/control"
)

func TestExitCodesTellFailuresApart(t *testing.T) {
	for code, err := range map[int]error{0: nil, 1: errors.New("x"), 2: control.Fail(control.Invalid, "x"), 3: control.Fail(control.NotFound, "x"),
		4: control.Fail(control.Taken, "x"), 5: control.Fail(control.Refused, "x"), 6: fmt.Errorf("lock: %w", control.ErrInUse)} {
		if got := ExitCode(err); got != code {
			t.Errorf("%v ends with %d, want %d", err, got, code)
		}
		if !strings.Contains(exitCodes().Long, fmt.Sprintf("\n  %d  ", code)) {
			t.Errorf("the help topic lacks %d", code)
		}
	}
	if ExitCode(control.Fail(control.Internal, "x")) != 1 {
		t.Error("an internal error must end with 1")
	}
}

func TestEveryCommandHasAnExample(t *testing.T) {
	var walk func(c *cobra.Command)
	walk = func(c *cobra.Command) {
		if c.Example == "" || c.Short == "" {
			t.Errorf("%s has no example, or no short text", c.CommandPath())
		}
		for _, sub := range c.Commands() {
			walk(sub)
		}
	}
	walk(New())
}
