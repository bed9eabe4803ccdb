package config

import (
	"flag"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/spf13/pflag"
)

var update = flag.Bool("update", false, "write docs/configuration.md")

func written(t *testing.T, content string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), FileName)
	if err := os.WriteFile(path, []byte(content), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

func flags(t *testing.T, args ...string) *pflag.FlagSet {
	t.Helper()
	f := pflag.NewFlagSet("test", pflag.ContinueOnError)
	Declare(f)
	if err := f.Parse(args); err != nil {
		t.Fatal(err)
	}
	return f
}

func TestLaterLayersWinKeyByKey(t *testing.T) {
	path := written(t, "[server]\nhttp = \"file:1\"\n[ssh]\nlisten = \"file:2\"\n[log]\nlevel = \"warn\"\n")
	s, err := Load(Sources{File: path, Environ: []string{"JETON_SSH_LISTEN=env:2", "JETON_LOG_LEVEL=debug", "JETON_DATA=/x"},
		Flags: flags(t, "--log-level", "error")})
	if err != nil {
		t.Fatal(err)
	}
	sources := map[string]string{}
	for _, v := range s.All() {
		sources[v.Name] = v.Value + " from " + v.Source
	}
	for name, want := range map[string]string{
		"server.http":  "file:1 from " + path,
		"ssh.listen":   "env:2 from JETON_SSH_LISTEN",
		"log.level":    "error from --log-level",
		"repos.create": "own from default",
	} {
		if sources[name] != want {
			t.Errorf("%s is %q, want %q", name, sources[name], want)
		}
	}
}

func TestValuesAreReadByType(t *testing.T) {
	s, err := Load(Sources{File: written(t, "[server]\ntrusted_proxies = [\"10.0.0.0/8\", \"::1/128\"]\n[receive]\nmax_blob = 1024\nmax_pack = \"2 gib\"\npatience = \"1m\"\n[ssh]\nenabled = false\n")})
	if err != nil {
		t.Fatal(err)
	}
	if got := s.List("server.trusted_proxies"); len(got) != 2 || got[1] != "::1/128" {
		t.Errorf("the list is %q", got)
	}
	if s.Bytes("receive.max_blob") != 1024 || s.Bytes("receive.max_pack") != 2<<30 {
		t.Errorf("sizes are %d, %d", s.Bytes("receive.max_blob"), s.Bytes("receive.max_pack"))
	}
	if s.Duration("receive.patience") != time.Minute || s.On("ssh.enabled") || !s.On("repos.push_to_create") {
		t.Error("a duration or a switch was read wrongly")
	}
	if s.Number("receive.max_objects") != 20_000_000 || s.Text("server.http") != "127.0.0.1:8418" {
		t.Error("a default was read wrongly")
	}
}

func TestWhatIsWrongIsNamed(t *testing.T) {
	for _, c := range []struct {
		name, file string
		environ    []string
		words      []string
	}{
		{"misspelled", "[server]\nhtpp = \"x\"\n", nil, []string{"server.htpp", "server.http"}},
		{"wrong section", "[sssh]\nlisten = \"x\"\n", nil, []string{"sssh.listen", "ssh.listen"}},
		{"not TOML", "[server\n", nil, []string{FileName}},
		{"bad size", "", []string{"JETON_RECEIVE_MAX_BLOB=much"}, []string{"JETON_RECEIVE_MAX_BLOB", "much", "size"}},
		{"bad switch", "", []string{"JETON_SSH_ENABLED=perhaps"}, []string{"ssh.enabled"}},
		{"bad choice", "", []string{"JETON_REPOS_CREATE=nobody"}, []string{"own, anyone, admins"}},
		{"bad duration", "", []string{"JETON_RECEIVE_PATIENCE=-1s"}, []string{"receive.patience"}},
		{"bad number", "", []string{"JETON_RECEIVE_MAX_OBJECTS=-1"}, []string{"receive.max_objects"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			_, err := Load(Sources{File: written(t, c.file), Environ: c.environ})
			if err == nil {
				t.Fatal("it was taken")
			}
			for _, w := range c.words {
				if !strings.Contains(err.Error(), w) {
					t.Errorf("%q lacks %q", err, w)
				}
			}
		})
	}
}

func TestAFileThatMustBeThereIsMissed(t *testing.T) {
	missing := filepath.Join(t.TempDir(), "none.toml")
	if _, err := Load(Sources{File: missing}); err != nil {
		t.Errorf("an optional file: %v", err)
	}
	if _, err := Load(Sources{File: missing, FileRequired: true}); err == nil || !strings.Contains(err.Error(), missing) {
		t.Errorf("a required file: %v", err)
	}
}

func TestSizes(t *testing.T) {
	for s, want := range map[string]int64{"0": 0, "12": 12, "1KiB": 1024, "3 mib": 3 << 20, "2GB": 2e9, "7B": 7, "8388607TiB": 8388607 << 40} {
		if got, err := ParseSize(s); err != nil || got != want {
			t.Errorf("ParseSize(%q) = %d, %v; want %d", s, got, err, want)
		}
	}
	for _, s := range []string{"", "GiB", "-1", "+1", "1.5GiB", "8388608TiB", "1 2", "99999999999999999999"} {
		if n, err := ParseSize(s); err == nil {
			t.Errorf("ParseSize(%q) = %d, want an error", s, n)
		}
	}
}

func FuzzParseSize(f *testing.F) {
	for _, s := range []string{"1GiB", "0", "-1", "9223372036854775807", "1 kb", "B"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		if n, err := ParseSize(s); err == nil && n < 0 {
			t.Errorf("ParseSize(%q) = %d", s, n)
		}
	})
}

func TestEveryDefaultIsValidAndEveryNameIsItsOwn(t *testing.T) {
	seen := map[string]string{}
	for _, k := range Keys() {
		if err := k.check(k.Default); err != nil {
			t.Error(err)
		}
		for _, n := range []string{"--" + k.FlagName(), k.Variable()} {
			if seen[n] != "" {
				t.Errorf("%s belongs to %s and %s", n, seen[n], k.Name)
			}
			seen[n] = k.Name
		}
	}
}

func TestTheDocumentIsCurrent(t *testing.T) {
	path := filepath.Join("..", "..", "..", "docs", "configuration.md")
	if *update {
		if err := os.WriteFile(path, []byte(Document()), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	got, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if string(got) != Document() {
		t.Error("docs/configuration.md is not current: run go test ./cmd/jeton/config -update")
	}
}

func TestListsTakeKnownWordsOnly(t *testing.T) {
	key := Key{Name: "web.token_views", Type: List, Values: []string{"archive", "diff"}}
	for _, good := range []string{"", "archive", "archive, diff", " diff ,"} {
		if err := key.check(good); err != nil {
			t.Errorf("%q: %v", good, err)
		}
	}
	if err := key.check("archive,nonsense"); err == nil {
		t.Error("a view that nobody knows was taken")
	}
}

func TestAListOfViewsIsCheckedAndKeepsNoSecret(t *testing.T) {
	const secret = "jet_web_0123456789ABCDEFGHIJabcdefghijKL45YjdM"
	file := "[web]\ntoken_views = \"\"\"\narchive\n!ChangesetController:changeset_raw, raw@" + secret + "\n\"\"\"\n"
	s, err := Load(Sources{File: written(t, file)})
	if err != nil {
		t.Fatal(err)
	}
	for _, v := range s.All() {
		if strings.Contains(v.Value, secret) {
			t.Errorf("%s is shown as %q", v.Name, v.Value)
		}
	}
	if !strings.Contains(s.Text("web.token_views"), secret) || !strings.HasSuffix(s.Source("web.token_views"), FileName) {
		t.Error("what was set is not there, or not where it was set")
	}
	_, err = Load(Sources{Environ: []string{"JETON_WEB_TOKEN_VIEWS=archive,rwa@" + secret}})
	if err == nil || !strings.Contains(err.Error(), "entry 2") || !strings.Contains(err.Error(), "nearest are raw") || strings.Contains(err.Error(), secret) {
		t.Errorf("a view that nobody knows: %v", err)
	}
}

func TestTheHelpNamesTheTypeOfAFlagsValue(t *testing.T) {
	f := pflag.NewFlagSet("", pflag.ContinueOnError)
	Declare(f)
	f.VisitAll(func(flag *pflag.Flag) {
		if name, _ := pflag.UnquoteUsage(flag); name != "" && name != "string" {
			t.Errorf("--%s is shown as --%s %s", flag.Name, flag.Name, name)
		}
	})
}
