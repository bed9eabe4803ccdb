package command

import (
	"context"
	"crypto/rand"
	"fmt"
	"io"
	"net/url"
	"os"
	"strings"
	"time"

	"github.com/spf13/cobra"
	"golang.org/x/sync/errgroup"

	"jeton/auth/access"
	"jeton/auth/audit"
	"jeton/auth/signin"
	"jeton/auth/token"
	"jeton/cmd/jeton/config"
	"jeton/cmd/jeton/control"
	"jeton/cmd/jeton/operate"
	"jeton/cmd/jeton/sample"
	"jeton/cmd/jeton/wire"
	"jeton/vcs/host"
	"jeton/vcs/storage"
)

// started is what quickstart prints; the secrets on the first run alone.
type started struct {
	URL      string            `json:"url"`
	SSH      string            `json:"ssh_url"`
	User     string            `json:"user"`
	Password string            `json:"password,omitempty"`
	Repo     string            `json:"repo"`
	Tokens   map[string]string `json:"tokens,omitempty"`

	// program and data are this program and the data folder, quoted for lines to paste.
	program, data string
}

const quickUser, quickRepo = "admin", "admin/hello"

func (a *app) quickstart() *cobra.Command {
	c := &cobra.Command{Use: "quickstart", Short: "Serve a new data folder with a sample repository, and print what to paste", Args: exactly(0),
		Long: "Quickstart makes a data folder with an administrator, a sample repository and a token of each kind, prints what to paste, and\n" +
			"serves until interrupted. Over a data folder that is there already it serves that one; secrets are printed once only.",
		Example: "  jeton quickstart\n  jeton quickstart --data /tmp/try --http 127.0.0.1:0 --ssh 127.0.0.1:0 --json",
		RunE: func(cmd *cobra.Command, _ []string) error {
			return a.run(cmd, func(ctx context.Context, s *wire.Store, listen listen) (announce, error) {
				var out started
				var g errgroup.Group
				// Host keys take their time, so they are made beside the rest.
				g.Go(func() error {
					v, err := listen()
					if err == nil {
						out.URL, out.SSH = v.URL, v.SSH
					}
					return err
				})
				var made started
				g.Go(func() (err error) {
					made, err = furnish(ctx, s)
					return err
				})
				err := g.Wait()
				made.URL, made.SSH, made.program, made.data = out.URL, out.SSH, program(), quoted(s.Dir)
				return func(cmd *cobra.Command) error { return a.print(cmd.OutOrStdout(), made, made.show) }, err
			})
		}}
	config.Declare(c.Flags())
	return c
}

// furnish fills a new store, or finds out who and what is in one that was filled before.
func furnish(ctx context.Context, s *wire.Store) (started, error) {
	if people := s.Users.List(); len(people) > 0 {
		return present(s, people), nil
	}
	by := audit.Command(operator())
	out := started{User: quickUser, Password: rand.Text(), Repo: quickRepo, Tokens: map[string]string{}}
	u, err := s.Users.Create(ctx, by, access.NewUser{Name: quickUser, Email: "admin@example.com", Password: out.Password, Admin: true})
	if err != nil {
		return out, err
	}
	if err := s.SignIn.Enable(ctx, by, signin.Token); err != nil {
		return out, err
	}
	if err := fill(ctx, s, u); err != nil {
		return out, err
	}
	ops := control.Local{Registry: operate.Operations(s), Operator: operator()}
	if err := openViews(ctx, s, ops); err != nil {
		return out, err
	}
	for _, kind := range []token.Kind{token.API, token.Feed, token.VCS, token.Web} {
		var t operate.Token
		n := operate.NewToken{User: quickUser, Kind: string(kind), Label: "quickstart"}
		if kind == token.API { // the administrator's, for everything that the API has
			for _, r := range token.AllRights() {
				n.Rights = append(n.Rights, string(r))
			}
		}
		if err := ops.Call(ctx, "token.create", n, &t); err != nil {
			return out, err
		}
		out.Tokens[string(kind)] = t.Secret
	}
	return out, nil
}

// openViews opens archives and diffs to web tokens, so that the lines for them work, unless the settings say which views are.
func openViews(ctx context.Context, s *wire.Store, ops control.Local) error {
	if list, _ := s.Whitelist.InForce(); len(list.Entries()) > 0 {
		return nil
	}
	return ops.Call(ctx, "views.set", operate.ViewEntries{Entries: []string{"archive", "diff"}}, &operate.Views{})
}

// fill makes the sample repository.
func fill(ctx context.Context, s *wire.Store, u access.User) error {
	r, err := s.Host.Create(ctx, host.Repo{Path: quickRepo, OwnerID: u.ID, MakerID: u.ID, Private: true, Description: "A sample"})
	if err != nil {
		return err
	}
	repo, err := s.Host.Open(ctx, r.ID)
	if err != nil {
		return err
	}
	return sample.Fill(ctx, repo, storage.Actor{ID: u.ID, Name: u.Name, Email: u.Email}, time.Now())
}

// present names an administrator and a repository of a store that was filled before.
func present(s *wire.Store, people []access.User) started {
	out := started{User: people[0].Name}
	for _, u := range people {
		if u.Admin && u.Active {
			out.User = u.Name
			if r, ok := s.Access.ByPath(quickRepo); ok {
				out.Repo = r.Path
			} else if all := s.Access.Readable(u); len(all) > 0 {
				out.Repo = all[0].Path
			}
			break
		}
	}
	return out
}

// show prints lines to paste. A token in an address is the shortest way to a first clone, and stays in .git/config; so
// the way with a credential helper stands beside it.
func (s started) show(w io.Writer) {
	var b strings.Builder
	fmt.Fprintf(&b, "Jeton serves %s\n             %s\n\n", s.URL, s.SSH)
	if s.Tokens == nil {
		fmt.Fprintf(&b, "This data folder was there already; passwords and tokens are shown once only.\n"+
			"A new token:\n\n%s token create --data %s --user %s --kind vcs --label laptop\ngit clone %s/%s\n\n", s.program, s.data, s.User, s.URL, s.Repo)
	} else {
		s.secrets(&b)
	}
	b.WriteString("Ctrl-C ends the server.\n")
	_, _ = io.WriteString(w, b.String())
}

func (s started) secrets(b *strings.Builder) {
	fmt.Fprintf(b, "user      %s\npassword  %s\n", s.User, s.Password)
	for _, kind := range []string{"api", "feed", "vcs", "web"} {
		fmt.Fprintf(b, "%-9s %s\n", kind, s.Tokens[kind])
	}
	b.WriteString("\nThey are shown this once. The tokens end in 90 days. Paste:\n\n")
	with, err := url.Parse(s.URL)
	if err == nil {
		with.User = url.UserPassword(s.User, s.Tokens["vcs"])
		fmt.Fprintf(b, "git clone %s/%s\n\n", with, s.Repo)
	}
	fmt.Fprintf(b, "The token then stays in .git/config. To keep it in a credential helper instead:\n\n"+
		"git config --global credential.helper cache\nprintf 'url=%s\\nusername=%s\\npassword=%s\\n\\n' | git credential approve\n"+
		"git clone %s/%s my-hello\n\nOver SSH:\n\n%s key add --data %s --user %s --label laptop ~/.ssh/id_ed25519.pub\ngit clone %s/%s over-ssh\n\n",
		s.URL, s.User, s.Tokens["vcs"], s.URL, s.Repo, s.program, s.data, s.User, s.SSH, s.Repo)
	fmt.Fprintf(b, "An archive and a diff with the web token, a feed with the feed token, and the API with the api token:\n\n"+
		"curl -OJ '%[1]s/archive/tip.zip?auth_token=%[2]s'\ncurl '%[1]s/changeset-diff/tip?auth_token=%[2]s'\n"+
		"curl '%[1]s/feed/atom?auth_token=%[3]s'\ncurl -H 'Authorization: Bearer %[4]s' %[5]s/_admin/rest/repos/%[6]s\n"+
		"JETON_API_HOST=%[5]s JETON_API_KEY=%[4]s %[7]s api get_repo_refs repoid:%[6]s\n\n",
		s.URL+"/"+s.Repo, s.Tokens["web"], s.Tokens["feed"], s.Tokens["api"], s.URL, s.Repo, s.program)
}

// program is how this program is called: by its path, since it need not lie where a shell looks for it.
func program() string {
	path, err := os.Executable()
	if err != nil {
		return "jeton"
	}
	return quoted(path)
}

// quoted is text as one word of a shell.
func quoted(text string) string { return "'" + strings.ReplaceAll(text, "'", `'\''`) + "'" }
