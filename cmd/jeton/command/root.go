// Package command is the command line: one cobra command for each thing that an operator does. Commands read flags and
// print; what they do is done by operations (cmd/jeton/operate), in the running server where there is one.
package command

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"os"
	"os/user"
	"path/filepath"
	"runtime"
	"runtime/debug"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"jeton/cmd/jeton/config"
	"jeton/cmd/jeton/control"
	"jeton/cmd/jeton/operate"
	"jeton/cmd/jeton/remote"
	"jeton/cmd/jeton/wire"
	"jeton/web"
)

// Version is the program's version.
const Version = "0.1"

// app is what all commands share: the flags that every command has.
type app struct {
	data, config string
	json         bool
}

// New makes the program's command with all its subcommands.
func New() *cobra.Command {
	a := &app{}
	root := &cobra.Command{
		Use: "jeton", Short: "A self-hosted git server",
		Long:    "Jeton serves git repositories over HTTP and SSH. `jeton quickstart` shows it with a sample repository.",
		Example: "  jeton quickstart\n  jeton serve --data /srv/jeton --http 127.0.0.1:8418",
		// main prints errors, in one form.
		SilenceUsage: true, SilenceErrors: true, Args: cobra.ArbitraryArgs,
		RunE: func(cmd *cobra.Command, args []string) error {
			if len(args) > 0 {
				return control.Fail(control.Invalid, "there is no command %q; see jeton --help", args[0])
			}
			return cmd.Help()
		},
	}
	folder := os.Getenv("JETON_DATA")
	if folder == "" {
		folder = "jeton-data"
	}
	f := root.PersistentFlags()
	f.StringVar(&a.data, "data", folder, "the data folder [JETON_DATA]")
	f.StringVar(&a.config, "config", "", "the configuration file (default: jeton.toml in the data folder)")
	f.BoolVar(&a.json, "json", false, "print JSON")
	root.SetFlagErrorFunc(func(_ *cobra.Command, err error) error { return control.Fail(control.Invalid, "%v", err) })
	root.AddCommand(a.quickstart(), a.serve(), a.users(), a.userGroups(), a.repos(), a.groups(), a.tokens(), a.keys(), a.signIn(), a.views())
	root.AddCommand(a.auditRecord(), a.notices(), a.gitHelper(), a.api(), a.settings(), a.database(), a.version(), exitCodes())
	return root
}

// ExitCode is what the program ends with; the help topic exit-codes explains them.
func ExitCode(err error) int {
	var coded *control.Error
	var called *remote.Error
	switch {
	case err == nil:
		return 0
	case errors.Is(err, control.ErrInUse):
		return 6
	case errors.As(err, &called) && (called.Class == remote.Busy || called.Class == remote.Unreachable):
		return 7
	case !errors.As(err, &coded):
		return 1
	}
	switch coded.Code {
	case control.Invalid, control.Unknown:
		return 2
	case control.NotFound:
		return 3
	case control.Taken:
		return 4
	case control.Refused:
		return 5
	}
	return 1
}

func exitCodes() *cobra.Command {
	return &cobra.Command{Use: "exit-codes", Short: "What the program's exit codes mean", Example: "  jeton repo path team/app || echo $?", Long: `Jeton's commands end with

  0  done
  1  something failed
  2  the command was not understood, or a value cannot be
  3  what was named is not there
  4  a name is taken
  5  refused: something that destroys was not confirmed, or a rule forbids it
  6  another process works on the data folder and does not answer
  7  the server that was called cannot be reached, or is over a limit: again later

jeton api ends with 2 where a call's arguments are wrong, here or there; 3 where what it names is not
there, or not for this token; 4 where a name is taken; 5 where the token, or a rule, does not allow it.`}
}

func (a *app) version() *cobra.Command {
	return &cobra.Command{Use: "version", Short: "Print the version", Args: cobra.NoArgs, Example: "  jeton version --json",
		RunE: func(cmd *cobra.Command, _ []string) error {
			revision := "unknown"
			if info, ok := debug.ReadBuildInfo(); ok {
				for _, s := range info.Settings {
					if s.Key == "vcs.revision" {
						revision = s.Value
					}
				}
			}
			v := map[string]string{"version": Version, "revision": revision, "go": runtime.Version()}
			return a.print(cmd.OutOrStdout(), v, func(w io.Writer) { fmt.Fprintf(w, "jeton %s (%s, %s)\n", Version, revision, runtime.Version()) })
		}}
}

// print writes a value as JSON where --json was given, else by show.
func (a *app) print(w io.Writer, v any, show func(w io.Writer)) error {
	if !a.json {
		show(w)
		return nil
	}
	e := json.NewEncoder(w)
	e.SetIndent("", "  ")
	e.SetEscapeHTML(false)
	return e.Encode(v)
}

// load reads the settings, with the flags of a command that declares them.
func (a *app) load(cmd *cobra.Command) (*config.Settings, error) {
	s := config.Sources{File: a.config, FileRequired: a.config != "", Environ: os.Environ(), Flags: cmd.Flags()}
	if s.File == "" {
		s.File = filepath.Join(a.data, config.FileName)
	}
	set, err := config.Load(s)
	if err != nil {
		return nil, control.Fail(control.Invalid, "%v", err)
	}
	return set, nil
}

// logger writes to standard error, with secrets masked.
func logger(set *config.Settings, w io.Writer) *slog.Logger {
	var level slog.Level
	_ = level.UnmarshalText([]byte(set.Text("log.level"))) // config has checked it
	o := &slog.HandlerOptions{Level: level, ReplaceAttr: web.MaskAttr}
	if set.Text("log.format") == "json" {
		return slog.New(slog.NewJSONHandler(w, o))
	}
	return slog.New(slog.NewTextHandler(w, o))
}

// operator is who types, for the audit record.
func operator() string {
	if u, err := user.Current(); err == nil && u.Username != "" {
		return u.Username
	}
	return fmt.Sprint("uid ", os.Getuid())
}

// with calls f with the operations on the data folder: the running server's, or of a store that is opened for it.
func (a *app) with(cmd *cobra.Command, f func(c control.Caller) error) error {
	ctx := cmd.Context()
	if _, err := os.Stat(filepath.Join(a.data, "repos")); err != nil && cmd.Name() != "create" {
		return control.Fail(control.NotFound, "there is no data folder at %s: `jeton quickstart` makes one with a sample, `jeton user create` an empty one; --data names another", a.data)
	}
	// A server that is just starting or ending holds the lock and does not answer yet, or no longer.
	for try := 0; ; try++ {
		if client, err := control.Dial(ctx, a.data, operator()); err == nil {
			defer client.Close()
			return f(client)
		}
		err := a.alone(cmd, f)
		if !errors.Is(err, control.ErrInUse) || try == 20 {
			return err
		}
		select {
		case <-time.After(100 * time.Millisecond):
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}

// alone opens the store for one operation.
func (a *app) alone(cmd *cobra.Command, f func(c control.Caller) error) (err error) {
	set, err := a.load(cmd)
	if err != nil {
		return err
	}
	s, err := wire.Open(cmd.Context(), a.data, set, Version, logger(set, cmd.ErrOrStderr()))
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, s.Close()) }()
	return f(control.Local{Registry: operate.Operations(s), Operator: operator()})
}

// call runs one operation, and prints its result.
func call[R any](a *app, cmd *cobra.Command, name string, args any, show func(w io.Writer, r R)) error {
	return a.with(cmd, func(c control.Caller) error {
		var r R
		if err := c.Call(context.WithoutCancel(cmd.Context()), name, args, &r); err != nil {
			return err
		}
		return a.print(cmd.OutOrStdout(), r, func(w io.Writer) { show(w, r) })
	})
}

// done is what is printed where nothing is to be shown.
func done(format string, args ...any) func(io.Writer, operate.Nothing) {
	return func(w io.Writer, _ operate.Nothing) { fmt.Fprintln(w, strings.TrimSpace(fmt.Sprintf(format, args...))) }
}
