package command

import (
	"context"
	"errors"
	"fmt"
	"io"

	"github.com/spf13/cobra"

	"jeton/cmd/jeton/config"
	"jeton/cmd/jeton/operate"
	"jeton/cmd/jeton/wire"
)

func (a *app) settings() *cobra.Command {
	c := &cobra.Command{Use: "config", Short: "Print the settings in force, and where each comes from", Args: exactly(0),
		Example: "  jeton config\n  JETON_LOG_LEVEL=debug jeton config --json",
		RunE: func(cmd *cobra.Command, _ []string) error {
			set, err := a.load(cmd)
			if err != nil {
				return err
			}
			return a.print(cmd.OutOrStdout(), set.All(), func(w io.Writer) {
				var rows [][]string
				for _, v := range set.All() {
					rows = append(rows, []string{v.Name, fmt.Sprintf("%q", v.Value), v.Source})
				}
				table(w, "SETTING VALUE SOURCE", rows)
			})
		}}
	config.Declare(c.Flags())
	return c
}

func (a *app) serve() *cobra.Command {
	c := &cobra.Command{Use: "serve", Short: "Serve a data folder until interrupted", Args: exactly(0),
		Example: "  jeton serve --data /srv/jeton --http 127.0.0.1:8418 --ssh 0.0.0.0:22",
		RunE: func(cmd *cobra.Command, _ []string) error {
			return a.run(cmd, func(_ context.Context, _ *wire.Store, listen listen) (announce, error) {
				v, err := listen()
				return func(cmd *cobra.Command) error {
					return a.print(cmd.OutOrStdout(), map[string]string{"url": v.URL, "ssh_url": v.SSH}, func(w io.Writer) {
						fmt.Fprintf(w, "Serving %s\n        %s\n", v.URL, v.SSH)
					})
				}, err
			})
		}}
	config.Declare(c.Flags())
	return c
}

type (
	// listen opens the ports.
	listen func() (*wire.Server, error)
	// announce prints where the server is.
	announce func(cmd *cobra.Command) error
)

// run opens the data folder, lets prepare open the ports and do what must be done before, serves, announces, and ends
// with the command's context.
func (a *app) run(cmd *cobra.Command, prepare func(context.Context, *wire.Store, listen) (announce, error)) (err error) {
	set, err := a.load(cmd)
	if err != nil {
		return err
	}
	ctx, cancel := context.WithCancel(cmd.Context())
	defer cancel()
	s, err := wire.Open(ctx, a.data, set, Version, logger(set, cmd.ErrOrStderr()))
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, s.Close()) }()
	var server *wire.Server
	say, err := prepare(ctx, s, func() (_ *wire.Server, err error) {
		server, err = wire.Listen(ctx, s, operate.Operations(s), Version)
		return server, err
	})
	if err != nil {
		return err
	}
	ended := make(chan error, 1)
	go func() { ended <- server.Run(ctx) }()
	if err := say(cmd); err != nil {
		cancel()
		return errors.Join(fmt.Errorf("print where the server is: %w", err), <-ended)
	}
	return <-ended
}
