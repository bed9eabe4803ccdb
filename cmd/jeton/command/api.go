package command

import (
	"errors"
	"fmt"
	"io"
	"os"
	"strings"
	"time"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"jeton/cmd/jeton/control"
	"jeton/cmd/jeton/remote"
	"jeton/cmd/jeton/secretfile"
	"jeton/cmd/jeton/wire"
	escape "jeton/vcs/wire"
	"jeton/web/api/method"
)

// apiFlags are the flags of `jeton api`. Their names are those of RhodeCode's rhodecode-api.
type apiFlags struct {
	wanted         remote.Wanted
	file, format   string
	timeout        time.Duration
	list, describe bool
	save, show     bool
}

// api calls methods of a server's API; it works on the client's machine and needs no data folder.
func (a *app) api() *cobra.Command {
	f := &apiFlags{}
	c := &cobra.Command{Use: "api METHOD [KEY:VALUE …]", Short: "Call a method of a server's API", Args: cobra.ArbitraryArgs,
		Long: "Calls a method of the API of a Jeton server, or of RhodeCode, and prints its result. The server and the token are those of\n" +
			"~/.jetonrc (of ~/.rhoderc where that alone is there), of JETON_API_HOST and JETON_API_KEY, or of the flags.\n\n" +
			"  key:value   a value, by the argument's type        key:@file   the same, out of a file\n" +
			"  key:-       the same, out of standard input        key:=JSON   JSON as it is\n\n" +
			"See docs/api-client.md, and `jeton exit-codes` for what it ends with.",
		Example: "  jeton api --save-config --instance-name work --apihost https://code.example.com --apikey - < token\n" +
			"  jeton api get_repo repoid:team/app\n  jeton api get_repos --format table\n  jeton api --list\n  jeton api --describe create_repo",
		ValidArgsFunction: completeCall,
		RunE:              func(cmd *cobra.Command, args []string) error { return told(a.runAPI(cmd, f, args)) }}
	f.declare(c)
	return c
}

func (f *apiFlags) declare(c *cobra.Command) {
	flags := c.Flags()
	flags.StringVar(&f.wanted.Instance, "instance-name", "", "the server's name in the file of servers")
	flags.StringVar(&f.wanted.Host, "apihost", "", "the server's address [JETON_API_HOST]")
	flags.StringVar(&f.wanted.Key, "apikey", "", "the token; - reads it from standard input; others on this machine can see it in the list of processes [JETON_API_KEY]")
	flags.StringVar(&f.wanted.CAFile, "ca-file", "", "certificates to trust besides the system's, PEM")
	flags.BoolVar(&f.wanted.PlainHTTP, "plain-http", false, "send the token without TLS to a server that is not this machine")
	// As with rhodecode-api; the server's configuration, which all other commands mean by it, is none of this one's.
	flags.StringVarP(&f.file, "config", "c", "", "the file of servers (default: ~/.jetonrc, or ~/.rhoderc where that alone is there)")
	flags.StringVarP(&f.format, "format", "F", "pretty", "pretty, json (one line), table, or reply (the server's whole answer)")
	flags.DurationVar(&f.timeout, "timeout", 5*time.Minute, "how long to wait for an answer")
	flags.BoolVar(&f.list, "list", false, "list the methods")
	flags.BoolVar(&f.describe, "describe", false, "say what a method takes and answers")
	flags.BoolVar(&f.save, "save-config", false, "keep --apihost and --apikey under --instance-name in the file of servers")
	flags.BoolVar(&f.show, "show-config", false, "show the file of servers, without tokens")
	flags.SetNormalizeFunc(func(_ *pflag.FlagSet, name string) pflag.NormalizedName {
		if own, ok := map[string]string{"api-host": "apihost", "api-key": "apikey", "api-cert": "ca-file"}[name]; ok {
			name = own // as other tools of RhodeCode write them
		}
		return pflag.NormalizedName(name)
	})
	_ = c.RegisterFlagCompletionFunc("format", cobra.FixedCompletions([]cobra.Completion{"pretty", "json", "table", "reply"}, cobra.ShellCompDirectiveNoFileComp))
}

func (a *app) runAPI(cmd *cobra.Command, f *apiFlags, args []string) error {
	file := remote.File{Path: f.file}
	if f.file == "" {
		var err error
		if file, err = remote.DefaultFile(); err != nil {
			return err
		}
	}
	switch {
	case f.list:
		return a.listMethods(cmd)
	case f.describe:
		return a.describeMethod(cmd, args)
	case f.show:
		return a.showServers(cmd, file)
	}
	if err := f.key(cmd); err != nil {
		return err
	}
	if f.save {
		return saveServer(cmd, f, file)
	}
	return a.callMethod(cmd, f, file, args)
}

// key finds the token among flag, standard input and environment.
func (f *apiFlags) key(cmd *cobra.Command) (err error) {
	switch f.wanted.Key {
	case "":
	case "-":
		f.wanted.Key, err = secret(cmd)
		f.wanted.Key = strings.TrimSpace(f.wanted.Key)
	default:
		fmt.Fprintln(cmd.ErrOrStderr(), "jeton: others on this machine can see --apikey in the list of processes: JETON_API_KEY, --apikey - and --save-config keep it from them")
	}
	f.wanted.Environment(os.Getenv, f.save)
	return err
}

func (a *app) listMethods(cmd *cobra.Command) error {
	type listed struct {
		Name    string `json:"name"`
		Summary string `json:"summary"`
	}
	all := []listed{}
	for _, m := range wire.Declared() {
		all = append(all, listed{m.Name, remote.Summary(m)})
	}
	return a.print(cmd.OutOrStdout(), all, func(w io.Writer) { remote.List(w, wire.Declared()) })
}

func (a *app) describeMethod(cmd *cobra.Command, args []string) error {
	if len(args) != 1 {
		return control.Fail(control.Invalid, "usage: jeton api --describe METHOD")
	}
	m := remote.Find(wire.Declared(), args[0])
	if m == nil {
		return control.Fail(control.NotFound, "this program knows no method %s; `jeton api --list` lists those that it does", escape.Escape(args[0]))
	}
	return a.print(cmd.OutOrStdout(), remote.Declaration(*m), func(w io.Writer) { remote.Describe(w, *m) })
}

// shownServer is a server as it is shown.
type shownServer struct {
	Name      string `json:"instance"`
	Host      string `json:"api_host"`
	Hint      string `json:"api_key"`
	CAFile    string `json:"ca_file"`
	PlainHTTP bool   `json:"plain_http"`
}

func (a *app) showServers(cmd *cobra.Command, file remote.File) error {
	servers, err := file.Read()
	if err != nil {
		return err
	}
	list, rows := []shownServer{}, [][]string{}
	for _, s := range servers {
		list = append(list, shownServer{s.Name, s.Host, s.Hint(), s.CAFile, s.PlainHTTP})
		rows = append(rows, []string{escape.Escape(s.Name), escape.Escape(s.Host), escape.Escape(s.Hint()), escape.Escape(s.CAFile)})
	}
	return a.print(cmd.OutOrStdout(), list, func(w io.Writer) {
		fmt.Fprintf(w, "%s\n\n", file.Path)
		table(w, "INSTANCE API_HOST API_KEY CA_FILE", rows)
	})
}

func saveServer(cmd *cobra.Command, f *apiFlags, file remote.File) error {
	i, err := f.wanted.Kept()
	if err != nil {
		return err
	}
	if err := file.Save(i); err != nil {
		return err
	}
	fmt.Fprintf(cmd.OutOrStdout(), "Kept %s as [instance:%s] in %s.\n", i.Host, i.Name, file.Path)
	return nil
}

func (a *app) callMethod(cmd *cobra.Command, f *apiFlags, file remote.File, args []string) error {
	if len(args) == 0 {
		return control.Fail(control.Invalid, "which method? usage: %s; `jeton api --list` lists those that there are", cmd.UseLine())
	}
	format, err := remote.ParseFormat(f.format)
	if err != nil {
		return err
	}
	if a.json {
		format = remote.JSON
	}
	reader := remote.Arguments{Method: remote.Find(wire.Declared(), args[0]), Stdin: cmd.InOrStdin()}
	values, unknown, err := reader.Read(args[1:])
	if err != nil {
		return err
	}
	for _, key := range unknown {
		fmt.Fprintf(cmd.ErrOrStderr(), "jeton: %s has no argument %s that this program knows of; servers pass over such\n", args[0], escape.Escape(key))
	}
	server, err := f.wanted.Choose(file)
	if err != nil {
		return err
	}
	client, err := remote.New(server, f.timeout)
	if err != nil {
		return err
	}
	reply, err := client.Call(cmd.Context(), args[0], values)
	if err != nil {
		if format == remote.Whole && reply.Body != nil {
			return errors.Join(format.Write(cmd.OutOrStdout(), reply), err)
		}
		return err
	}
	return format.Write(cmd.OutOrStdout(), reply)
}

// told gives errors of the client their codes.
func told(err error) error {
	if errors.Is(err, secretfile.ErrOpenToOthers) {
		return control.Fail(control.Refused, "%v", err)
	}
	var e *remote.Error
	if !errors.As(err, &e) {
		return err
	}
	code, ok := map[remote.Class]string{remote.Invalid: control.Invalid, remote.NotFound: control.NotFound, remote.Taken: control.Taken,
		remote.Refused: control.Refused}[e.Class]
	if !ok { // the program's exit status has a place for them that operations have not
		return err
	}
	return control.Fail(code, "%v", err)
}

// completeCall completes methods, then the names of a method's arguments, then what is known of their values.
func completeCall(_ *cobra.Command, args []string, word string) ([]cobra.Completion, cobra.ShellCompDirective) {
	methods := wire.Declared()
	var all []cobra.Completion
	if len(args) == 0 {
		for _, m := range methods {
			all = append(all, cobra.CompletionWithDesc(m.Name, remote.Summary(m)))
		}
		return all, cobra.ShellCompDirectiveNoFileComp
	}
	m := remote.Find(methods, args[0])
	if m == nil {
		return nil, cobra.ShellCompDirectiveNoFileComp
	}
	for _, arg := range m.Args {
		all = append(all, completeArgument(arg, word)...)
	}
	return all, cobra.ShellCompDirectiveNoFileComp | cobra.ShellCompDirectiveNoSpace
}

func completeArgument(arg method.Arg, word string) []cobra.Completion {
	if !strings.HasPrefix(word, arg.Name+":") {
		return []cobra.Completion{cobra.CompletionWithDesc(arg.Name+":", arg.Doc)}
	}
	values := arg.Choices
	if arg.Type == method.Boolean {
		values = []string{"true", "false"}
	}
	var all []cobra.Completion
	for _, v := range values {
		all = append(all, arg.Name+":"+v)
	}
	return all
}
