// Command jeton is a self-hosted git server: one static program, one data folder.
//
//	config   every setting, in one table            command  flags and printing
//	control  commands act on a running server       operate  what commands do
//	wire     assembles database, auth, engine, web  sample   the repository of quickstart
package main

import (
	"context"
	"fmt"
	"os"
	"os/signal"
	"syscall"

	"jeton/cmd/jeton/command"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	err := command.New().ExecuteContext(ctx)
	stop()
	if err != nil {
		fmt.Fprintln(os.Stderr, "jeton:", err)
	}
	os.Exit(command.ExitCode(err))
}
