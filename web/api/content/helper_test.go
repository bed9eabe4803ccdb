package content

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"jeton/auth/access"
	"jeton/auth/gate"
	"jeton/vcs/rules"
	"jeton/vcs/storage"
	"jeton/vcs/storage/disk"
	"jeton/web/api/method"
)

// repository is a real one, read by the methods.
type repository struct {
	t     testing.TB
	dir   string
	rules rules.Rules
	all   map[string]method.Method
}

func newRepository(t testing.TB, l Limits) *repository {
	t.Helper()
	p := &repository{t: t, dir: filepath.Join(t.TempDir(), "app.git"), rules: rules.Rules{Hidden: []string{"refs/hidden", "refs/heads/secret"}}, all: map[string]method.Method{}}
	p.git("", "init", "-q", "--bare", "-b", "main", p.dir)
	for _, m := range Methods(Options{Repos: p, Limits: l}) {
		p.all[m.Name] = m
	}
	return p
}

// Open implements Repositories; each call sees what git did before.
func (p *repository) Open(ctx context.Context, _ string) (storage.Repository, error) {
	r, err := disk.Open(ctx, p.dir, "1", disk.Options{})
	if err == nil {
		p.t.Cleanup(func() { _ = r.Close() })
	}
	return r, err
}

// Rules implements Repositories.
func (p *repository) Rules(context.Context, string) (rules.Rules, error) { return p.rules, nil }

// git runs the real git with an input.
func (p *repository) git(in string, args ...string) string {
	p.t.Helper()
	cmd := exec.CommandContext(p.t.Context(), "git", args...)
	if _, err := os.Stat(p.dir); err == nil {
		cmd.Dir = p.dir
	}
	cmd.Env = append(os.Environ(), "GIT_CONFIG_NOSYSTEM=1", "GIT_CONFIG_GLOBAL=/dev/null", "LC_ALL=C", "TZ=UTC", "GIT_AUTHOR_NAME=Ada", "GIT_AUTHOR_EMAIL=ada@example.com",
		"GIT_COMMITTER_NAME=C", "GIT_COMMITTER_EMAIL=c@example.com", "GIT_AUTHOR_DATE=1700000000 +0100", "GIT_COMMITTER_DATE=1700000001 +0100")
	cmd.Stdin = strings.NewReader(in)
	var out, errs bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &errs
	if err := cmd.Run(); err != nil {
		p.t.Fatalf("git %s: %v\n%s", strings.Join(args, " "), err, errs.String())
	}
	return strings.TrimSpace(out.String())
}

// imported reads a history as git fast-import does.
func (p *repository) imported(stream string) { p.git(stream, "fast-import", "--quiet") }

// call calls a method and returns its reply as JSON; the code and the text where it fails.
func (p *repository) call(name, args string) (reply string, code method.Code, text string) {
	p.t.Helper()
	var values method.Values
	if err := json.Unmarshal([]byte(args), &values); err != nil {
		p.t.Fatal(err)
	}
	values["repoid"] = json.RawMessage(`"team/app"`)
	ready, err := p.all[name].Prepare(values)
	var out any
	if err == nil {
		out, err = ready.Run(p.t.Context(), &method.Call{Repo: access.Repository{ID: "1", Path: "team/app"}, Identity: gate.Identity{UserID: "u1", UserName: "ada"}})
	}
	var no *method.Error
	if errors.As(err, &no) {
		return "", no.Code, no.Text
	}
	if err != nil {
		return "", method.Failed, err.Error()
	}
	b, err := json.Marshal(out)
	if err != nil {
		p.t.Fatal(err)
	}
	return string(b), "", ""
}

// reply calls a method that succeeds, and reads its reply.
func reply[T any](p *repository, name, format string, a ...any) (out T) {
	p.t.Helper()
	text, _, failed := p.call(name, fmt.Sprintf(format, a...))
	if failed != "" {
		p.t.Fatalf("%s %s: %s", name, fmt.Sprintf(format, a...), failed)
	}
	if err := json.Unmarshal([]byte(text), &out); err != nil {
		p.t.Fatalf("%s: %v in %s", name, err, text)
	}
	return out
}

// refused calls a method that must fail.
func (p *repository) refused(name, args string, code method.Code, want string) {
	p.t.Helper()
	got, c, text := p.call(name, args)
	if c != code || !strings.Contains(text, want) {
		p.t.Errorf("%s %s: %q %s %q; want %s %q", name, args, got, c, text, code, want)
	}
}

// example is a history of three commits on main, with a tag, a second branch, a hidden one, and odd files.
func example(t testing.TB, l Limits) *repository {
	p := newRepository(t, l)
	p.imported("commit refs/heads/main\nmark :1\nauthor Ada L <ada@example.com> 1600000000 +0200\ncommitter C <c@example.com> 1600000000 +0000\ndata 6\nfirst\n" +
		"M 100644 inline README.md\ndata 4\na\nb\nM 100644 inline src/a.py\ndata 7\nimport\n\nM 100644 inline src/deep/bin.dat\ndata 3\n\x00\xff\x01\nM 100644 inline \"src/l\\344tin\"\ndata 3\n\xe4\xf6\n\nM 120000 inline link\ndata 9\nREADME.md\n" +
		"M 160000 1234567890123456789012345678901234567890 module\n" +
		"commit refs/heads/main\nmark :2\nauthor Ada L <ada@example.com> 1600000100 +0200\ncommitter C <c@example.com> 1600000100 +0000\ndata 15\nsecond\n\nbody ü\nfrom :1\n" +
		"M 100644 inline README.md\ndata 6\na\nB\nc\nD src/a.py\nM 100755 inline run\ndata 2\nx\n\n" +
		"commit refs/heads/feature/x\nmark :3\ncommitter C <c@example.com> 1600000200 +0000\ndata 6\nthird\nfrom :2\nR README.md docs/README.md\n" +
		"commit refs/heads/secret\nmark :4\ncommitter C <c@example.com> 1600000300 +0000\ndata 7\nhidden\nfrom :1\nM 100644 inline key\ndata 2\nk\n\n" +
		"tag v1\nfrom :2\ntagger C <c@example.com> 1600000400 +0000\ndata 3\nv1\n")
	p.git("", "update-ref", "refs/tags/light", "main~1")
	return p
}
