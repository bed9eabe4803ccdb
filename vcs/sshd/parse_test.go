package sshd

import (
	"strings"
	"testing"
)

// known are the services of a whole server.
func known(service string) bool {
	return service == uploadPack || service == receivePack || service == "git-upload-archive"
}

func TestFormsOfACommandLine(t *testing.T) {
	for line, want := range map[string][2]string{
		"git-upload-pack '/team/app.git'": {"git-upload-pack", "team/app"},
		"git-upload-pack 'team/app.git'":  {"git-upload-pack", "team/app"},
		"git-upload-pack team/app.git":    {"git-upload-pack", "team/app"},
		"git-upload-pack /team/app":       {"git-upload-pack", "team/app"},
		"git upload-pack 'team/app.git'":  {"git-upload-pack", "team/app"},
		"git-receive-pack 'app/'":         {"git-receive-pack", "app"},
		"git receive-pack  app":           {"git-receive-pack", "app"},
		`git-upload-pack 'it'\''s'`:       {"git-upload-pack", "it's"},
		`git-upload-pack 'wow'\!`:         {"git-upload-pack", "wow!"},
		"git-upload-pack 'with space'":    {"git-upload-pack", "with space"},
		"git-upload-pack ''team'/'app''":  {"git-upload-pack", "team/app"},
		"git-upload-archive '/p.git'":     {"git-upload-archive", "p"},
		"git upload-archive p.git":        {"git-upload-archive", "p"},
	} {
		service, path, err := parse(line, known)
		if err != nil || service != want[0] || path != want[1] {
			t.Errorf("%s: got %q %q, %v; want %q", line, service, path, err, want)
		}
	}
}

func TestNothingElseIsRun(t *testing.T) {
	for _, line := range []string{
		"id", "sh", "bash -c id", "git", "git-shell", "git-upload-pack", "git upload-pack", "git-upload-pack a b", "git-upload-pack 'x'; id", "git-upload-pack x;id",
		"git-upload-pack $(id)", "git-upload-pack `id`", "$(id)", "git-upload-pack x | id", "git-upload-pack x && id", "git-upload-pack x > y", "git-upload-pack < x", "git-upload-pack 'open",
		"git-upload-pack \"x\"", "git-upload-pack *", "git-upload-pack {a,b}", "git-upload-pack x\nid", "git-upload-pack x\x00id", "git-upload-pack ~ada/x", "git-upload-pack '~/x'", "scp -t /", "rsync --server",
		"git-upload-pack " + strings.Repeat("x", 5000), "GIT-UPLOAD-PACK 'x'", "/usr/bin/git-upload-pack 'x'", "git-upload-pack --strict 'x'", "git-upload-pack #x", `git-upload-pack x\`,
	} {
		if service, path, err := parse(line, known); err == nil {
			t.Errorf("%.60q was taken for %s of %q", line, service, path)
		}
	}
}

func FuzzParse(f *testing.F) {
	f.Add("git-upload-pack '/team/app.git'")
	f.Add(`git receive-pack 'it'\''s'`)
	f.Add("$(id)")
	f.Fuzz(func(t *testing.T, line string) {
		service, path, err := parse(line, known)
		if err == nil && !known(service) {
			t.Errorf("%q runs %q", line, service)
		}
		if err == nil && (strings.ContainsAny(path, "\x00\n") && !strings.Contains(line, "'") || strings.HasPrefix(path, "~")) {
			t.Errorf("%q names %q", line, path)
		}
		if _, _, err := parse(line, func(string) bool { return false }); err == nil {
			t.Errorf("%q runs although there are no services", line)
		}
	})
}
